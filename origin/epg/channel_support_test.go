package epg_test

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/origin/content"
	"encora/origin/epg"
	"encora/shared/wire"
)

const (
	channelEditor = "content:read content:write content:publish"
	adminChannels = "/v2/admin/channels"
)

// channelBundle is the guide behind real sockets and a real database, with stand-ins for what other domains own.
type channelBundle struct {
	*apitest.Bundle
	t      testing.TB
	domain *epg.Domain
}

func setupChannels(t testing.TB) *channelBundle {
	t.Helper()
	b := &channelBundle{t: t}
	b.Bundle = apitest.New(t, func(a *apitest.Bundle) []api.Entry {
		b.domain = &epg.Domain{DB: a.DB, Upkeep: content.Upkeep{Attach: attachRule, Detach: detachRules, RemoveMedia: removeMedia}}
		return b.domain.Entries()
	})
	b.Server.DenyRules = rulesThatDeny
	return b
}

func attachRule(ctx context.Context, w *api.Write, contentType string, id, rule uuid.UUID) (bool, error) {
	tag, err := w.Exec(ctx, `INSERT INTO geo_attachments (rule_id, content_type, content_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, rule, contentType, id)
	return tag.RowsAffected() > 0, err
}

func detachRules(ctx context.Context, w *api.Write, ids ...uuid.UUID) (bool, error) {
	tag, err := w.Exec(ctx, `DELETE FROM geo_attachments WHERE content_id = ANY($1)`, ids)
	return tag.RowsAffected() > 0, err
}

func removeMedia(ctx context.Context, w *api.Write, ids ...uuid.UUID) error {
	_, err := w.Exec(ctx, `DELETE FROM media_assets WHERE content_id = ANY($1)`, ids)
	return err
}

func rulesThatDeny(ctx context.Context, tx pgx.Tx, country string) ([]uuid.UUID, error) {
	rows, err := tx.Query(ctx, `SELECT id FROM geo_rules WHERE (policy = 'block_list') = ($1 = ANY(territories)) ORDER BY id`, country)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

// channelBody is a legal body with fields replaced; absent takes one out.
func channelBody(fields map[string]any) map[string]any {
	body := map[string]any{"name": "North One", "status": "live", "drm_required": false, "is_premium": false, "is_catchup_enabled": false}
	maps.Copy(body, fields)
	maps.DeleteFunc(body, func(_ string, v any) bool { return v == absent })
	return body
}

type absence struct{}

var absent = absence{}

func (b *channelBundle) as(access, method, path string, body any) *apitest.Answer {
	b.t.Helper()
	return b.Do(apitest.Request{Method: method, Path: path, Access: access, Body: body})
}

func (b *channelBundle) edit(method, path string, body any) *apitest.Answer {
	b.t.Helper()
	return b.as(channelEditor, method, path, body)
}

// create makes a channel that is not published, publish shows it.
func (b *channelBundle) create(fields map[string]any) epg.AdminChannel {
	b.t.Helper()
	var c epg.AdminChannel
	b.edit("POST", adminChannels, channelBody(fields)).Want(http.StatusCreated).Decode(&c)
	return c
}

func (b *channelBundle) publish(c epg.AdminChannel) epg.AdminChannel {
	b.t.Helper()
	b.edit("POST", c.Location()+"/publish", nil).Want(http.StatusOK).Decode(&c)
	return c
}

func (b *channelBundle) published(fields map[string]any) epg.AdminChannel {
	b.t.Helper()
	return b.publish(b.create(fields))
}

// names lists the names of a viewers' list.
func (b *channelBundle) names(access, query string) []string {
	b.t.Helper()
	var page api.Paged[epg.Channel]
	b.as(access, "GET", "/v2/channels?"+query, nil).Want(http.StatusOK).Decode(&page)
	names := []string{}
	for _, c := range page.Data {
		names = append(names, c.Name)
	}
	return names
}

// rule stores a geo rule that blocks the countries.
func (b *channelBundle) rule(countries ...string) uuid.UUID {
	b.t.Helper()
	id := uuid.Must(uuid.NewV7())
	b.Exec(`INSERT INTO geo_rules VALUES ($1, 'rule', '', 'block_list', $2, now(), now())`, id, countries)
	return id
}

// program stores a programme of the channel.
func (b *channelBundle) program(c epg.AdminChannel) {
	b.t.Helper()
	b.Exec(`INSERT INTO programs (channel_id, id, title, description, content_rating, language, start_time, end_time, categories, images, catchup_blocked)
		VALUES ($1, $2, 'News', '', '', '', '2026-03-01 20:00Z', '2026-03-01 20:15Z', '{}', '{}', false)`, c.ID, uuid.Must(uuid.NewV7()))
}

func (b *channelBundle) lineup() []wire.LineupChannel {
	b.t.Helper()
	var l wire.Lineup
	b.Ask(wire.LineupPath, nil).Want(http.StatusOK).Decode(&l)
	return l.Channels
}

// during lists the distinct tags that fn's writes emitted, sorted.
func (b *channelBundle) during(fn func()) []string {
	b.t.Helper()
	head := b.Head()
	fn()
	tags := b.TagsSince(head)
	slices.Sort(tags)
	return slices.Compact(tags)
}
