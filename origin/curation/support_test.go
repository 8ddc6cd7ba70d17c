package curation_test

import (
	"bytes"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/origin/curation"
	"encora/shared/wire"
)

const (
	editor           = "content:read content:write"
	adminCollections = "/v2/admin/collections"
	adminLayout      = "/v2/admin/home-layout"
)

type object = map[string]any

// bundle is the domain behind real sockets and a real database, with stand-ins for what other domains own. Its clock stands.
type bundle struct {
	*apitest.Bundle
	t      testing.TB
	domain *curation.Domain
	log    lines
}

func setup(t testing.TB) *bundle {
	t.Helper()
	b := &bundle{t: t}
	b.Bundle = apitest.New(t, func(a *apitest.Bundle) []api.Entry {
		b.domain = &curation.Domain{DB: a.DB, Upkeep: apitest.Upkeep, Log: slog.New(slog.NewTextHandler(&b.log, nil))}
		return b.domain.Entries()
	})
	b.Server.DenyRules = apitest.DenyRules
	b.Set(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	return b
}

// lines is a log.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// all are the lines until now.
func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(strings.Lines(l.text.String()))
}

type absence struct{}

// absent takes a field out of a body.
var absent = absence{}

func with(body, fields object) object {
	body = maps.Clone(body)
	maps.Copy(body, fields)
	maps.DeleteFunc(body, func(_ string, v any) bool { return v == absent })
	return body
}

// picked is a legal body of a published manual collection with fields replaced.
func picked(slug string, fields object) object {
	return with(object{"slug": slug, "title": "Picked", "type": "manual", "status": "published"}, fields)
}

// selected is picked for a dynamic one.
func selected(slug, query string, fields object) object {
	return picked(slug, with(object{"type": "dynamic", "query": query}, fields))
}

func ref(kind string, id uuid.UUID) object { return object{"content_type": kind, "content_id": id} }

func films(ids ...uuid.UUID) []object {
	refs := []object{}
	for _, id := range ids {
		refs = append(refs, ref("movie", id))
	}
	return refs
}

func (b *bundle) as(access, method, path string, body any) *apitest.Answer {
	b.t.Helper()
	return b.Do(apitest.Request{Method: method, Path: path, Access: access, Body: body})
}

func (b *bundle) edit(method, path string, body any) *apitest.Answer {
	b.t.Helper()
	return b.as(editor, method, path, body)
}

func (b *bundle) create(body object) curation.AdminCollection {
	b.t.Helper()
	var c curation.AdminCollection
	b.edit("POST", adminCollections, body).Want(http.StatusCreated).Decode(&c)
	return c
}

// page reads a page of a collection as a viewer.
func (b *bundle) page(access string, id uuid.UUID, query string) curation.CollectionPage {
	b.t.Helper()
	var p curation.CollectionPage
	b.as(access, "GET", "/v2/collections/"+id.String()+"?"+query, nil).Want(http.StatusOK).Decode(&p)
	return p
}

func contents(refs []curation.ItemRef) []uuid.UUID {
	ids := []uuid.UUID{}
	for _, r := range refs {
		ids = append(ids, r.ContentID)
	}
	return ids
}

// fill asks as an edge does, for an instant and a class.
func (b *bundle) fill(path string, at time.Time, deny ...uuid.UUID) *apitest.Answer {
	b.t.Helper()
	ids := []string{}
	for _, id := range deny {
		ids = append(ids, id.String())
	}
	return b.Ask(wire.FillPrefix+path, map[string]string{wire.AsOf: at.Format(time.RFC3339Nano), wire.Deny: strings.Join(ids, ",")})
}

func (b *bundle) attach(rule uuid.UUID, kind string, id uuid.UUID) {
	b.t.Helper()
	b.Exec(`INSERT INTO geo_attachments (rule_id, content_type, content_id) VALUES ($1, $2, $3)`, rule, kind, id)
}

// movies stores published films, each a second newer than the one before it.
func (b *bundle) movies(n int) []uuid.UUID {
	b.t.Helper()
	ids := b.Movies(n, "published")
	for i, id := range ids {
		b.Exec(`UPDATE movies SET created_at = $2, updated_at = $2 WHERE id = $1`, id, b.Now().Add(time.Duration(i-n)*time.Second))
		b.Exec(`UPDATE titles SET created_at = $2 WHERE id = $1`, id, b.Now().Add(time.Duration(i-n)*time.Second))
	}
	return ids
}

// window gives a film a window.
func (b *bundle) window(id uuid.UUID, from, until any) {
	b.t.Helper()
	b.Exec(`UPDATE movies SET available_from = $2, available_until = $3 WHERE id = $1`, id, from, until)
}

// show stores a published show of a slug with one published episode, and returns both.
func (b *bundle) show(slug string) (show, episode uuid.UUID) {
	b.t.Helper()
	show, season, episode := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	b.Exec(`INSERT INTO shows (id, slug, title, original_title, synopsis, content_rating, network, country_of_origin, language, cast_members, images,
			state, announced, airing, drm_required, created_at, updated_at)
		VALUES ($1, $2, 'Show', '', '', 'PG', '', '{}', '', '[]', '{}', 'published', 'published', '', false, $3, $3)`, show, slug, b.Now())
	b.Exec(`INSERT INTO seasons (id, show_id, season_number, synopsis, images, status, created_at, updated_at)
		VALUES ($1, $2, 1, '', '{}', 'published', $3, $3)`, season, show, b.Now())
	b.Exec(`INSERT INTO episodes (id, show_id, season_id, episode_number, title, synopsis, runtime_minutes, content_rating, images, state, announced,
			created_at, updated_at)
		VALUES ($1, $2, $3, 1, 'Pilot', '', 40, '', '{}', 'published', 'published', $4, $4)`, episode, show, season, b.Now())
	return show, episode
}

// channel stores a published channel.
func (b *bundle) channel(slug, status string, order int) uuid.UUID {
	b.t.Helper()
	id := uuid.Must(uuid.NewV7())
	b.Exec(`INSERT INTO channels (id, slug, name, number, description, category, language, images, status, drm_required, is_premium, is_catchup_enabled,
			sort_order, website_url, epg_ids, is_published, created_at, updated_at)
		VALUES ($1, $2, $2, 0, '', '', '', '{}', $3, false, false, false, $4, '', '{}', true, $5, $5)`, id, slug, status, order, b.Now())
	return id
}

// genre stores a genre and gives it to titles.
func (b *bundle) genre(slug string, titles ...uuid.UUID) {
	b.t.Helper()
	id := uuid.Must(uuid.NewV7())
	b.Exec(`INSERT INTO genres (id, name, slug, content_types, image_url, created_at, updated_at) VALUES ($1, $2, $2, '{movie,show}', '', now(), now())`, id, slug)
	b.Exec(`INSERT INTO title_genres (content_id, genre_id, position) SELECT t, $1, 1 FROM unnest($2::uuid[]) t`, id, titles)
}

// during lists the distinct tags that fn's writes emitted, sorted.
func (b *bundle) during(fn func()) []string {
	b.t.Helper()
	head := b.Head()
	fn()
	tags := b.TagsSince(head)
	slices.Sort(tags)
	return slices.Compact(tags)
}

// until is the instant at which a fill says that the clock changes it, relative to another.
func until(a *apitest.Answer, from time.Time) time.Duration {
	at, err := time.Parse(time.RFC3339Nano, a.Header.Get(wire.Until))
	if err != nil {
		return 0
	}
	return at.Sub(from)
}
