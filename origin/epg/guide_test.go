package epg

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/apitest"
)

const (
	guideEditor = "epg:read epg:write"
	programPath = "/v2/epg/programs/"
	adminPath   = "/v2/admin/epg/programs/"
)

type object = map[string]any

// noon is when these tests take place, a little after it.
var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// guideBundle is the operations on programmes, on a database of their own. Viewers from XX are denied by rule.
type guideBundle struct {
	*apitest.Bundle
	t    testing.TB
	d    *Domain
	rule uuid.UUID
}

func setupGuide(t testing.TB) *guideBundle {
	t.Helper()
	b := &guideBundle{t: t, rule: uuid.Must(uuid.NewV7())}
	b.Bundle = apitest.New(t, func(a *apitest.Bundle) []api.Entry {
		b.d = &Domain{DB: a.DB}
		return b.d.Entries()
	})
	b.Server.DenyRules = func(_ context.Context, _ pgx.Tx, country string) ([]uuid.UUID, error) {
		if country == "XX" {
			return []uuid.UUID{b.rule}, nil
		}
		return nil, nil
	}
	b.Exec(`INSERT INTO geo_rules VALUES ($1, 'rule', '', 'block_list', '{XX}', now(), now())`, b.rule)
	b.Set(noon.Add(30*time.Second + 500*time.Millisecond))
	return b
}

// channel makes one, with days of catch-up if that is more than none.
func (b *guideBundle) channel(published bool, days int) uuid.UUID {
	b.t.Helper()
	id := uuid.Must(uuid.NewV7())
	b.Exec(`INSERT INTO channels (id, slug, name, number, description, category, language, website_url, images, status, drm_required, is_premium,
			is_catchup_enabled, catchup_days, sort_order, epg_ids, is_published, created_at, updated_at)
		VALUES ($1, $2, 'Channel', 0, '', '', '', '', '{}', 'live', false, false, $3, nullif($4, 0), 0, '{}', $5, now(), now())`,
		id, id.String(), days > 0, days, published)
	return id
}

// deny hides a channel from viewers in XX.
func (b *guideBundle) deny(channel uuid.UUID) {
	b.t.Helper()
	b.Exec(`INSERT INTO geo_attachments (rule_id, content_type, content_id) VALUES ($1, 'channel', $2)`, b.rule, channel)
}

// program stores one.
func (b *guideBundle) program(channel uuid.UUID, title string, start, end time.Time) uuid.UUID {
	b.t.Helper()
	p := &program{}
	p.ID, p.ChannelID, p.Title, p.StartTime, p.EndTime, p.Categories = uuid.Must(uuid.NewV7()), channel, title, start, end, []string{}
	err := b.DB.Write(b.t.Context(), func(tx pgx.Tx) error {
		if err := insertProgram(b.t.Context(), tx, p); err != nil {
			return err
		}
		return tx.Commit(b.t.Context())
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return p.ID
}

// view is a viewer's read, admin an editor's call.
func (b *guideBundle) view(path string) *apitest.Answer {
	b.t.Helper()
	return b.Do(apitest.Request{Method: "GET", Path: path, Access: "viewer"})
}

func (b *guideBundle) admin(method, path string, body any, header ...string) *apitest.Answer {
	b.t.Helper()
	r := apitest.Request{Method: method, Path: path, Access: guideEditor, Body: body}
	if len(header) == 2 {
		r.Header = map[string]string{header[0]: header[1]}
	}
	return b.Do(r)
}

// during lists the tags that fn's writes emit.
func (b *guideBundle) during(fn func()) string {
	b.t.Helper()
	head := b.Head()
	fn()
	return strings.Join(b.TagsSince(head), " ")
}

// encoded is a value as answers are encoded.
func encoded(t testing.TB, v any) string {
	t.Helper()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
