package discovery_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/origin/discovery"
)

// noon is when these tests take place.
var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const hour = time.Hour

// bundle is discovery behind real sockets and a real database. Viewers from XX are denied by rule.
type bundle struct {
	*apitest.Bundle
	t    testing.TB
	d    *discovery.Domain
	rule uuid.UUID
}

func setup(t testing.TB) *bundle {
	t.Helper()
	b := &bundle{t: t, rule: newID()}
	b.Bundle = apitest.New(t, func(a *apitest.Bundle) []api.Entry {
		b.d = &discovery.Domain{DB: a.DB}
		return b.d.Entries()
	})
	b.Server.DenyRules = func(_ context.Context, _ pgx.Tx, country string) ([]uuid.UUID, error) {
		if country == "XX" {
			return []uuid.UUID{b.rule}, nil
		}
		return nil, nil
	}
	b.Exec(`INSERT INTO geo_rules VALUES ($1, 'rule', '', 'block_list', '{XX}', now(), now())`, b.rule)
	b.Set(noon)
	return b
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// title is a film, a show, an episode or a channel to be stored. It is published unless it says otherwise.
type title struct {
	name, other, synopsis, rating, state string
	cast, languages                      []string
	year, ratings                        int // with 5 stars each
	from, until                          *time.Time
	genre                                string
}

// publicly is the state of a title that says nothing.
func (t *title) publicly() string {
	if t.state == "" {
		return "published"
	}
	return t.state
}

func (t *title) members() []map[string]string {
	all := []map[string]string{}
	for _, name := range t.cast {
		all = append(all, map[string]string{"name": name, "role": "actor"})
	}
	return all
}

// film stores one.
func (b *bundle) film(t title) uuid.UUID {
	b.t.Helper()
	id := newID()
	b.Exec(`
		INSERT INTO movies (id, slug, title, original_title, synopsis, tagline, release_year, runtime_minutes, content_rating, studio,
			country_of_origin, audio_languages, subtitle_languages, cast_members, images, average_rating, rating_count, state, announced,
			drm_required, available_from, available_until, created_at, updated_at)
		VALUES ($1::uuid, $1::uuid::text, $2, $3, $4, '', $5, 90, $6, '', '{}', $7, '{}', $8, '{}', 5, $9, $10, $10, false, $11, $12, $13, $13)`,
		id, t.name, t.other, t.synopsis, t.year, t.rating, append([]string{}, t.languages...), t.members(), t.ratings, t.publicly(), t.from, t.until, noon)
	b.is(id, t.genre)
	return id
}

// show stores one.
func (b *bundle) show(t title) uuid.UUID {
	b.t.Helper()
	id, language := newID(), ""
	if len(t.languages) > 0 {
		language = t.languages[0]
	}
	b.Exec(`
		INSERT INTO shows (id, slug, title, original_title, synopsis, content_rating, network, country_of_origin, language, first_air_date, cast_members,
			images, average_rating, rating_count, state, announced, airing, drm_required, created_at, updated_at)
		VALUES ($1::uuid, $1::uuid::text, $2, $3, $4, $5, '', '{}', $6, make_date(nullif($7, 0), 1, 1), $8, '{}', 5, $9, $10, $10, '', false, $11, $11)`,
		id, t.name, t.other, t.synopsis, t.rating, language, t.year, t.members(), t.ratings, t.publicly(), noon)
	b.is(id, t.genre)
	return id
}

// episode stores one of a show, in a season of its own.
func (b *bundle) episode(show uuid.UUID, t title) uuid.UUID {
	b.t.Helper()
	id, season := newID(), newID()
	b.Exec(`INSERT INTO seasons (id, show_id, season_number, synopsis, images, status, created_at, updated_at)
		SELECT $1, $2, 1 + count(*), '', '{}', 'published', $3, $3 FROM seasons WHERE show_id = $2`, season, show, noon)
	b.Exec(`
		INSERT INTO episodes (id, show_id, season_id, episode_number, title, synopsis, runtime_minutes, content_rating, images, state, announced,
			available_from, available_until, created_at, updated_at)
		VALUES ($1, $2, $3, 1, $4, $5, 45, $6, '{}', $7, $7, $8, $9, $10, $10)`,
		id, show, season, t.name, t.synopsis, t.rating, t.publicly(), t.from, t.until, noon)
	return id
}

// channel stores one.
func (b *bundle) channel(t title) uuid.UUID {
	b.t.Helper()
	id := newID()
	b.Exec(`INSERT INTO channels (id, slug, name, number, description, category, language, website_url, images, status, drm_required, is_premium,
			is_catchup_enabled, sort_order, epg_ids, is_published, created_at, updated_at)
		VALUES ($1::uuid, $1::uuid::text, $2, 0, $3, '', '', '', '{}', 'live', false, false, false, 0, '{}', $4, $5, $5)`,
		id, t.name, t.synopsis, t.publicly() == "published", noon)
	return id
}

// is gives a title its genre, if it has one.
func (b *bundle) is(id uuid.UUID, genre string) {
	b.t.Helper()
	if genre == "" {
		return
	}
	b.Exec(`INSERT INTO genres (id, name, slug, content_types, image_url, created_at, updated_at) VALUES ($1, $2, $2, '{movie,show}', '', $3, $3)
		ON CONFLICT DO NOTHING`, newID(), genre, noon)
	b.Exec(`INSERT INTO title_genres (content_id, genre_id, position) SELECT $1, id, 0 FROM genres WHERE slug = $2`, id, genre)
}

// deny hides a title from viewers in XX.
func (b *bundle) deny(kind string, id uuid.UUID) {
	b.t.Helper()
	b.Exec(`INSERT INTO geo_attachments (rule_id, content_type, content_id) VALUES ($1, $2, $3)`, b.rule, kind, id)
}

// summary is a title as answers show it.
type summary struct {
	ContentType string `json:"content_type"`
	ID          string
	Title, Slug string
	Images      json.RawMessage
	Rating      string `json:"content_rating"`
	Year        int    `json:"release_year"`
	Minutes     int    `json:"runtime_minutes"`
	Rank        int
}

type page struct {
	Data []summary
	Meta struct {
		NextCursor *string `json:"next_cursor"`
		HasMore    bool    `json:"has_more"`
		Limit      int
	}
}

// viewers ask as they would through an edge, but for the token.
type viewer struct {
	b      *bundle
	access string
}

func (b *bundle) viewer() viewer             { return viewer{b, "viewer"} }
func (b *bundle) from(country string) viewer { return viewer{b, "viewer@" + country} }
func (b *bundle) of(country string) viewer   { return viewer{b, "viewer@" + country + "+" + planID} }

// planID is the plan of those who have one.
const planID = "0190a6e0-0000-7000-8000-0000000000aa"

// plan gives it a filter.
func (b *bundle) plan(filter string) {
	b.Server.PlanFilter = func(_ context.Context, _ pgx.Tx, plan uuid.UUID) (string, error) {
		if plan.String() == planID {
			return filter, nil
		}
		return "", nil
	}
	b.d.Plans = func(context.Context, pgx.Tx) (map[string]string, error) {
		return map[string]string{planID: filter}, nil
	}
}

// get asks a path with parameters, of which each is a name and a value.
func (v viewer) get(path string, parameters ...string) *apitest.Answer {
	v.b.t.Helper()
	q := url.Values{}
	for i := 0; i < len(parameters); i += 2 {
		q.Set(parameters[i], parameters[i+1])
	}
	return v.b.Do(apitest.Request{Method: "GET", Path: path + "?" + q.Encode(), Access: v.access})
}

// search asks for a page.
func (v viewer) search(q string, more ...string) page {
	v.b.t.Helper()
	var p page
	v.get("/v2/search", append([]string{"q", q}, more...)...).Want(200).Decode(&p)
	return p
}

// names are the titles of a page.
func (p page) names() string {
	var all []string
	for _, t := range p.Data {
		all = append(all, t.Title)
	}
	return strings.Join(all, " | ")
}

// finds wants a search to find titles in this order, joined by " | ".
func (v viewer) finds(q, want string, more ...string) {
	v.b.t.Helper()
	if got := v.search(q, append([]string{"limit", "100"}, more...)...).names(); got != want {
		v.b.t.Errorf("%q %q finds %q, want %q", q, more, got, want)
	}
}

// all walks through a search by its cursors, and says what went by.
func (v viewer) all(q string, limit int, between func(page int), more ...string) []string {
	v.b.t.Helper()
	var ids []string
	parameters := append([]string{"limit", fmt.Sprint(limit)}, more...)
	for n := 1; ; n++ {
		p := v.search(q, parameters...)
		for _, t := range p.Data {
			ids = append(ids, t.ID)
		}
		if p.Meta.HasMore != (p.Meta.NextCursor != nil) || p.Meta.Limit != limit || p.Meta.HasMore && len(p.Data) != limit {
			v.b.t.Fatalf("page %d has %d of %d, more: %v", n, len(p.Data), limit, p.Meta.HasMore)
		}
		if !p.Meta.HasMore {
			return ids
		}
		if between != nil {
			between(n)
		}
		parameters = append(slices.Clone(more), "limit", fmt.Sprint(limit), "cursor", *p.Meta.NextCursor)
	}
}
