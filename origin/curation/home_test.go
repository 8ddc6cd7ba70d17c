package curation_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/origin/content"
	"encora/origin/curation"
	"encora/shared/wire"
)

func (b *bundle) home(access, query string) curation.Home {
	b.t.Helper()
	var h curation.Home
	b.as(access, "GET", "/v2/home?"+query, nil).Want(200).Decode(&h)
	return h
}

func itemsOf(r curation.HomeRail) []uuid.UUID {
	ids := []uuid.UUID{}
	for _, s := range r.Items {
		ids = append(ids, s.ID)
	}
	return ids
}

func titles(h curation.Home) string {
	var all []string
	for _, r := range h.Rails {
		all = append(all, r.Title)
	}
	return strings.Join(all, " ")
}

func TestHomeScreen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.movies(8)
	show, _ := b.show("show")
	two, one := b.channel("two", "live", 2), b.channel("one", "live", 1)
	b.channel("off", "offline", 0)
	hand := b.create(picked("hand", object{"item_refs": films(m[3], m[1], m[0], m[2], m[4], m[5], m[6])}))
	dynamic := b.create(selected("dynamic", `content_type == "show"`, nil))
	b.domain.Trending = func(ctx context.Context, r *api.Read, contentType, window string, limit int) ([]content.Summary, error) {
		if contentType != "movie" || window != "today" || limit != 3 {
			t.Errorf("asked for %s %s %d", contentType, window, limit)
		}
		return content.Listed(r, content.Movie).Summaries(ctx, r, "t.id", limit)
	}
	b.lay(rail("hero", object{"collection_id": hand.ID, "subtitle": "Sub", "display": "hero"}), rail("continue_watching", nil),
		rail("collection", object{"collection_id": dynamic.ID}), rail("live_now", nil), rail("trending", object{"content_type": "movie", "window": "today", "limit": 3}),
		rail("new_releases", object{"limit": 2}), rail("new_releases", object{"content_type": "movie", "limit": 2, "title": "films"}), rail("recommendations", nil), rail("watchlist", nil))
	h := b.home("viewer", "")
	const collections, profile = "/v2/collections/", "/v2/profiles/{profile_id}/"
	for i, want := range []struct {
		kind  string
		items []uuid.UUID
		url   string
	}{
		{"hero", []uuid.UUID{m[3], m[1], m[0], m[2], m[4]}, collections + hand.ID.String()},
		{"continue_watching", nil, profile + "history"},
		{"collection", []uuid.UUID{show}, collections + dynamic.ID.String()},
		{"live_now", []uuid.UUID{one, two}, "/v2/channels?status=live"},
		{"trending", m[:3], "/v2/recommendations/trending?content_type=movie&window=today"},
		{"new_releases", []uuid.UUID{show, m[7]}, ""},
		{"new_releases", []uuid.UUID{m[7], m[6]}, "/v2/movies?sort=-created_at"},
		{"recommendations", nil, profile + "recommendations"},
		{"watchlist", nil, profile + "watchlist"},
	} {
		r := h.Rails[i]
		if r.Type != want.kind || !slices.Equal(itemsOf(r), append([]uuid.UUID{}, want.items...)) || r.Items == nil || r.IsPersonalized != (want.items == nil) {
			t.Errorf("rail %d is %+v, want %+v", i, r, want)
		}
		if url := r.ItemsURL; url == nil && want.url != "" || url != nil && *url != want.url {
			t.Errorf("rail %d leads to %v, want %q", i, url, want.url)
		}
	}
	if r := h.Rails[0]; *r.Subtitle != "Sub" || *r.Display != "hero" || *r.CollectionID != hand.ID || r.Items[0].Title != "Film" {
		t.Errorf("hero %+v", r)
	}
	if h.LayoutVersion != 1 || len(h.Rails) != 9 {
		t.Errorf("version %d, %d rails", h.LayoutVersion, len(h.Rails))
	}
	a := b.Do(apitest.Request{Method: "GET", Path: "/v2/home?fields=layout_version", Access: "viewer", Header: map[string]string{"X-Profile-Id": apitest.AccountID}}).Want(200)
	if string(a.Body) != `{"layout_version":1}` {
		t.Errorf("sparse: %s", a.Body)
	}
	b.Do(apitest.Request{Method: "GET", Path: "/v2/home?fields=layout_version", Access: "viewer", Header: map[string]string{"If-None-Match": a.Header.Get("ETag")}}).Want(304)
}

// A rail without items is no rail: of an empty, a hidden or an archived collection, without a live channel, without plays.
func TestRailsWithoutItems(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.movies(1)
	empty, draft := b.create(picked("empty", nil)), b.create(picked("draft", object{"status": "draft", "item_refs": films(m...)}))
	blocked, whole := b.create(picked("blocked", object{"item_refs": films(m...)})), b.create(picked("whole", object{"item_refs": films(m...)}))
	b.attach(b.Rule("FR"), "collection", blocked.ID)
	b.attach(b.Rule("DE"), "movie", m[0])
	var rails []object
	for _, c := range []curation.AdminCollection{empty, draft, blocked, whole} {
		rails = append(rails, rail("collection", object{"collection_id": c.ID, "title": c.Slug}))
	}
	b.lay(append(rails, rail("live_now", nil), rail("trending", nil), rail("new_releases", object{"content_type": "show"}), rail("watchlist", nil))...)
	for access, want := range map[string]string{"viewer": "blocked whole watchlist", "viewer@FR": "whole watchlist", "viewer@DE": "watchlist"} {
		if got := titles(b.home(access, "")); got != want {
			t.Errorf("%s sees %q, want %q", access, got, want)
		}
	}
}

func TestRailsByPlatform(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.lay(rail("watchlist", object{"title": "all"}), rail("watchlist", object{"title": "mobile", "platforms": []string{"ios", "android"}}), rail("watchlist", object{"title": "web", "platforms": []string{"web"}}))
	for query, want := range map[string]string{"": "all", "platform=web": "all web", "platform=ios": "all mobile", "platform=roku": "all"} {
		if got := titles(b.home("viewer", query)); got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
}

// Rails and their items come and go by the clock, and the answer says when.
func TestHomeByTheClock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	now := b.Now()
	m := b.movies(2)
	b.window(m[1], now.Add(3*time.Hour), now.Add(4*time.Hour))
	early := b.create(picked("early", object{"item_refs": films(m...), "available_until": now.Add(5 * time.Hour)}))
	later := b.create(picked("later", object{"status": "scheduled", "item_refs": films(m[0]), "available_from": now.Add(6 * time.Hour)}))
	b.lay(rail("collection", object{"collection_id": early.ID, "title": "early", "available_from": now.Add(time.Hour)}),
		rail("collection", object{"collection_id": later.ID, "title": "later"}),
		rail("watchlist", object{"title": "mine", "available_until": now.Add(7 * time.Hour), "platforms": []string{"ios"}}))
	for _, step := range []struct {
		at        time.Duration
		want      string
		items     int
		generated time.Duration
		next      time.Duration
	}{
		{0, "mine", 0, 0, time.Hour},
		{time.Hour - 1, "mine", 0, 0, time.Hour},
		{time.Hour, "early mine", 1, time.Hour, 3 * time.Hour},
		{3 * time.Hour, "early mine", 2, 3 * time.Hour, 4 * time.Hour},
		{4 * time.Hour, "early mine", 1, time.Hour, 5 * time.Hour},
		{5 * time.Hour, "mine", 0, 0, 6 * time.Hour},
		{6 * time.Hour, "later mine", 1, 6 * time.Hour, 7 * time.Hour},
		{7 * time.Hour, "later", 1, 6 * time.Hour, 0},
	} {
		a := b.fill("/v2/home?platform=ios", now.Add(step.at)).Want(200)
		var h curation.Home
		a.Decode(&h)
		items := 0
		for _, r := range h.Rails {
			items += len(r.Items)
		}
		if titles(h) != step.want || items != step.items || !h.GeneratedAt.Equal(now.Add(step.generated)) || until(a, now) != step.next {
			t.Errorf("at %v: %q with %d items of %v until %v, want %+v", step.at, titles(h), items, h.GeneratedAt.Sub(now), until(a, now), step)
		}
	}
}

// generated_at is the time of the newest change that shows.
func TestGeneratedAt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.movies(2)
	c := b.create(picked("a", object{"item_refs": films(m[0])}))
	layout := b.Now()
	b.lay(rail("collection", object{"collection_id": c.ID}))
	f := func(want time.Time) {
		t.Helper()
		b.Set(b.Now().Add(time.Hour))
		if got := b.home("viewer", "").GeneratedAt; !got.Equal(want) {
			t.Errorf("generated at %v, want %v", got, want)
		}
	}
	f(layout)
	b.Exec(`UPDATE movies SET updated_at = $2 WHERE id = $1`, m[1], b.Now()) // is not there
	f(layout)
	edited := b.Now()
	b.Exec(`UPDATE movies SET updated_at = $2 WHERE id = $1`, m[0], edited)
	f(edited)
	ahead := b.Now().Add(2 * time.Hour) // of the clock that asks
	b.Exec(`UPDATE movies SET updated_at = $2 WHERE id = $1`, m[0], ahead)
	f(ahead)
	b.Exec(`UPDATE movies SET updated_at = $2 WHERE id = $1`, m[0], edited)
	edited = b.Now()
	b.edit("PUT", c.Location(), picked("a", object{"item_refs": films(m[0]), "title": "Other"})).Want(200)
	f(edited)
}

func TestTagsOfHome(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.movies(1)
	c := b.create(selected("a", "release_year > 1", object{"item_refs": absent}))
	f := func(want string, rails ...object) {
		t.Helper()
		b.lay(rails...)
		if got := b.fill("/v2/home", b.Now()).Want(200).Header.Get(wire.Tags); got != want {
			t.Errorf("carries %q, want %q", got, want)
		}
	}
	f("home")
	f("home", rail("watchlist", nil))
	f("channels,home", rail("live_now", nil))
	f("home,movies,shows", rail("new_releases", nil))
	f("channels,collections,episodes,home,movies,shows,slugs", rail("collection", object{"collection_id": c.ID}))
	b.domain.Trending = func(_ context.Context, r *api.Read, _, _ string, _ int) ([]content.Summary, error) {
		r.Tag(content.TagPopularity)
		return []content.Summary{{ID: m[0]}}, nil
	}
	f("home,popularity", rail("trending", nil))
}

// A rail that fails is left out, told of once, and tried again soon; the others are there.
func TestBrokenRail(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.movies(3)
	b.genre("noir", m...)
	broken, whole := b.create(selected("broken", `"noir" in genres`, nil)), b.create(picked("whole", object{"item_refs": films(m...)}))
	b.lay(rail("collection", object{"collection_id": broken.ID, "title": "broken"}), rail("collection", object{"collection_id": whole.ID, "title": "whole"}),
		rail("trending", object{"title": "hot"}), rail("new_releases", object{"title": "new"}))
	b.domain.Trending = func(context.Context, *api.Read, string, string, int) ([]content.Summary, error) {
		return []content.Summary{{}}, errors.New("no plays today")
	}
	f := func(want string, again time.Duration, logged int) {
		t.Helper()
		a := b.fill("/v2/home", b.Now()).Want(200)
		var h curation.Home
		a.Decode(&h)
		if titles(h) != want || until(a, b.Now()) != again {
			t.Errorf("shows %q until %v, want %q until %v", titles(h), until(a, b.Now()), want, again)
		}
		if lines := b.log.all(); len(lines) != logged {
			t.Errorf("%d lines logged, want %d: %v", len(lines), logged, lines)
		}
	}
	b.Exec(`ALTER TABLE genres RENAME TO elsewhere`)
	f("whole new", 5*time.Second, 2)
	f("whole new", 5*time.Second, 2)
	for i, want := range []string{`type=collection error="ERROR: relation \"genres\" does not exist`, `type=trending error="no plays today"`} {
		if line := b.log.all()[i]; !strings.Contains(line, want) || !strings.Contains(line, "level=ERROR") {
			t.Errorf("logged %s", line)
		}
	}
	b.Exec(`ALTER TABLE elsewhere RENAME TO genres`)
	b.domain.Trending = nil
	f("broken whole new", 0, 2)
	b.Exec(`ALTER TABLE genres RENAME TO elsewhere`)
	f("whole new", 5*time.Second, 3)
	b.Exec(`ALTER TABLE elsewhere RENAME TO genres`)
	b.Exec(`ALTER TABLE collections RENAME TO elsewhere`)
	f("new", 5*time.Second, 4)
}

// A rail may take two seconds, all together five: a slow one is left out like a broken one.
func TestSlowRails(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.movies(1)
	b.domain.Trending = func(ctx context.Context, r *api.Read, _, _ string, _ int) ([]content.Summary, error) {
		_, err := r.Exec(ctx, `SELECT pg_sleep(60)`)
		return nil, err
	}
	b.lay(rail("new_releases", object{"title": "new"}), rail("trending", nil), rail("trending", nil), rail("trending", nil), rail("trending", nil), rail("new_releases", object{"title": "late"}), rail("watchlist", object{"title": "mine"}))
	began := time.Now()
	if got := titles(b.home("viewer", "")); got != "new mine" {
		t.Errorf("shows %q", got)
	}
	if took := time.Since(began); took < 4*time.Second || took > 8*time.Second {
		t.Errorf("took %v", took)
	}
	if lines := b.log.all(); len(lines) != 5 || !strings.Contains(lines[0], "statement timeout") || !strings.Contains(lines[4], "took too long") {
		t.Errorf("logged %v", lines)
	}
}

// A plan's filter is for titles: it hides no collections, only what of them it leaves out.
func TestPlansAndCollections(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(selected("a", "true", nil))
	b.movies(2)
	_, _ = b.show("show")
	count := func(plan string, kinds ...string) (n int) {
		err := b.DB.Snapshot(t.Context(), func(tx pgx.Tx) error {
			r := &api.Read{Tx: tx, AsOf: b.Now(), Filter: plan}
			var err error
			n, err = content.Listed(r, kinds...).Count(t.Context(), r)
			return err
		})
		if err != nil {
			t.Error(err)
		}
		return n
	}
	if n := count(`content_type == "movie"`, content.Collection); n != 1 {
		t.Errorf("a plan of films shows %d collections", n)
	}
	if n := count(`content_type == "movie"`, content.Movie, content.Show, content.Episode); n != 2 {
		t.Errorf("a plan of films shows %d titles", n)
	}
}
