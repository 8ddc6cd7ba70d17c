package series

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/origin/apitest"
	"encora/shared/wire"
)

func TestShowLifecycle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.genre("thriller")
	answer := b.edit("POST", adminShows, showBody(object{"content_rating": "", "original_title": "DARK", "genres": []string{"thriller"}, "network": "Netflix",
		"country_of_origin": []string{"DE"}, "language": "de", "first_air_date": "2017-12-01", "last_air_date": "2020-06-27",
		"cast": []object{{"name": "Louis Hofmann", "role": "actor"}}, "images": object{"poster_url": "https://cdn.example.com/p.jpg"}}))
	answer.Want(422) // a rating is one of the enum's, or left out
	body := showBody(object{"original_title": "DARK", "genres": []string{"thriller"}, "network": "Netflix",
		"country_of_origin": []string{"DE"}, "language": "de", "first_air_date": "2017-12-01", "last_air_date": "2020-06-27",
		"cast": []object{{"name": "Louis Hofmann", "role": "actor"}}, "images": object{"poster_url": "https://cdn.example.com/p.jpg"}})
	delete(body, "content_rating")
	var s AdminShow
	answer = b.edit("POST", adminShows, body).Want(201)
	answer.Decode(&s)
	at := s.Location()
	if answer.Header.Get("Location") != at || s.Slug != "dark" || s.Status != "draft" || s.ExternalID == 0 || s.FirstAirDate != "2017-12-01" || s.LastAirDate != "2020-06-27" {
		t.Errorf("created %s at %s", answer.Body, answer.Header.Get("Location"))
	}
	if got := b.see(editor, at).Want(200); got.Header.Get("ETag") != answer.Header.Get("ETag") || string(got.Body) != string(answer.Body) {
		t.Errorf("created %s, read %s", answer.Body, got.Body)
	}
	b.see(viewer, forViewers(s)).Want(404)
	if fields := b.edit("POST", at+"/publish", nil).Want(422).Refused().Fields(); !slices.Equal(fields, []string{"content_rating"}) {
		t.Errorf("publishing without a rating names %q", fields)
	}
	body["status"] = "ongoing"
	b.edit("PUT", at, body).Want(422)
	body["status"], body["content_rating"] = "draft", "TV-MA"
	b.edit("PUT", at, body).Want(200)
	b.edit("POST", at+"/unpublish", nil).Want(409) // it never was
	b.edit("POST", at+"/publish", nil).Want(200)
	seen := b.one(viewer, forViewers(s))
	if seen["status"] != "published" || seen["external_id"] != nil || seen["geo_restrictions"] != nil || seen["total_seasons"] != 0.0 {
		t.Errorf("viewers see %v", seen)
	}
	b.edit("DELETE", at, nil).Want(409)
	b.edit("POST", at+"/unpublish", nil).Want(200)
	b.edit("POST", at+"/unpublish", nil).Want(200)
	b.see(viewer, forViewers(s)).Want(404)
	b.edit("DELETE", at, nil).Want(204)
	b.see(editor, at).Want(404)
	if got, want := b.actions(s.ID), []string{"content.created", "content.updated", "content.published", "content.unpublished", "content.deleted"}; !slices.Equal(got, want) {
		t.Errorf("audit %q, want %q", got, want)
	}
	if got := b.events(); !slices.Equal(got, []string{"show content.published", "show content.unpublished"}) {
		t.Errorf("events %q", got)
	}
}

// One enum stands for publication and for how the show airs.
func TestShowStatuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.show(nil)
	at := s.Location()
	step := func(what string, do func() *apitest.Answer, emitted, state, airing string, events ...string) {
		t.Helper()
		before := len(b.events())
		var got AdminShow
		do().Want(200).Decode(&got)
		stored := apitest.Column[string](b.Bundle, `SELECT state || ' ' || airing FROM shows WHERE id = $1`, s.ID)[0]
		if got.Status != emitted || stored != state+" "+airing || !slices.Equal(b.events()[before:], events) {
			t.Errorf("%s: %s, stored %s, events %q; want %s, %s %s, %q", what, got.Status, stored, b.events()[before:], emitted, state, airing, events)
		}
	}
	put := func(status string) func() *apitest.Answer {
		return func() *apitest.Answer { return b.edit("PUT", at, showBody(object{"status": status})) }
	}
	act := func(name string) func() *apitest.Answer {
		return func() *apitest.Answer { return b.edit("POST", at+"/"+name, nil) }
	}
	const on, off = "show content.published", "show content.unpublished"
	step("draft of a draft", put("draft"), "draft", "draft", "")
	step("ongoing", put("ongoing"), "ongoing", "published", "ongoing", on)
	step("ended", put("ended"), "ended", "published", "ended")
	step("draft", put("draft"), "draft", "unpublished", "ended", off)
	step("draft again", put("draft"), "draft", "unpublished", "ended")
	step("publish", act("publish"), "ended", "published", "ended", on)
	step("publish again", act("publish"), "ended", "published", "ended")
	step("canceled", put("canceled"), "canceled", "published", "canceled")
	step("unpublish", act("unpublish"), "draft", "unpublished", "canceled", off)
	step("published", put("published"), "published", "published", "", on)
	if got := b.actions(s.ID); !slices.Contains(got, "content.updated") || len(got) != 8 {
		t.Errorf("audit %q: how a show airs is an edit", got)
	}
	b.edit("POST", adminShows, with(showBody(nil), object{"status": "unpublished"})).Want(422)
}

func TestShowFilters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.genre("crime")
	b.show(object{"title": "A draft"})
	b.onAir(object{"title": "An ongoing", "genres": []string{"crime"}, "content_rating": "TV-14", "cast": []object{{"name": "Ana Torv", "role": "actor"}}})
	b.show(object{"title": "Ended", "status": "ended"})
	b.show(object{"title": "Canceled", "status": "canceled"})
	b.show(object{"title": "Published", "status": "published"})
	hidden := b.onAir(object{"title": "Hidden"})
	b.edit("POST", hidden.Location()+"/unpublish", nil).Want(200)
	f := func(access, query, want string) {
		t.Helper()
		path := "/v2/shows"
		if access == editor {
			path = adminShows
		}
		if got := values(b.list(access, path+"?sort=title&"+query), "title"); got != want {
			t.Errorf("%s finds %q, want %q", query, got, want)
		}
	}
	f(viewer, "", "An ongoing Canceled Ended Published")
	f(viewer, "status=ongoing", "An ongoing")
	f(viewer, "status=ended", "Ended")
	f(viewer, "status=canceled", "Canceled")
	f(viewer, "genre=crime", "An ongoing")
	f(viewer, "genre=nope", "")
	f(viewer, "content_rating=TV-14", "An ongoing")
	f(viewer, "q=torv", "An ongoing")
	f(viewer, "q=torv&status=ended", "")
	f(editor, "", "A draft An ongoing Canceled Ended Hidden Published")
	f(editor, "status=draft", "A draft Hidden")
	f(editor, "status=published", "Published")
	f(editor, "status=ongoing", "An ongoing")
	f(editor, "status=canceled&q=canc", "Canceled")
	b.see(viewer, "/v2/shows?status=draft").Want(400)
	b.see(viewer, "/v2/shows?sort=release_year").Want(400)
	b.see(editor, adminShows+"?status=unpublished").Want(400)
	if got := values(b.list(viewer, "/v2/shows"), "title"); got != "Published Canceled Ended An ongoing" {
		t.Errorf("without an order: %q", got)
	}
	if got := b.list(viewer, "/v2/shows?fields=id,total_episodes"); len(got[0]) != 2 || got[0]["total_episodes"] != 0.0 {
		t.Errorf("sparse: %v", got[0])
	}
}

func TestShowPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i, day := range []string{"2017-12-01", "", "2019-01-01", "2017-12-01", ""} {
		s := b.onAir(object{"title": fmt.Sprintf("Show %d", i%2)})
		if day != "" {
			b.edit("PUT", s.Location(), showBody(object{"title": s.Title, "status": "ongoing", "first_air_date": day})).Want(200)
		}
		b.advance(time.Second)
	}
	for _, sort := range []string{"", "title", "-title", "first_air_date", "-first_air_date", "average_rating", "created_at", "-updated_at"} {
		var seen []string
		for path := "/v2/shows?limit=2&sort=" + sort; path != ""; {
			var page struct {
				Data []object
				Meta struct {
					NextCursor *string `json:"next_cursor"`
					HasMore    bool    `json:"has_more"`
					Limit      int
				}
			}
			b.see(viewer, path).Want(200).Decode(&page)
			for _, s := range page.Data {
				seen = append(seen, s["id"].(string))
			}
			if path = ""; page.Meta.HasMore {
				path = "/v2/shows?limit=2&sort=" + sort + "&cursor=" + *page.Meta.NextCursor
			}
		}
		slices.Sort(seen)
		if len(slices.Compact(seen)) != 5 {
			t.Errorf("sort %q shows %d of 5", sort, len(seen))
		}
	}
}

// The tags of each kind of write: drafts none, what takes something away hard ones.
func TestChangesOfShows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.onAir(nil)
	e := b.published(b.season(s, 1, nil), 1, nil)
	own := "show:" + s.ID.String()
	put := func(fields object) func() {
		return func() { b.edit("PUT", s.Location(), showBody(with(object{"status": "ongoing"}, fields))).Want(200) }
	}
	b.wantTags("a draft", func() { b.show(nil) })
	b.wantTags("an edit", put(object{"title": "Dark 2"}), own, "shows", "episodes")
	b.wantTags("an edit that changes nothing", put(object{"title": "Dark 2"}))
	b.wantTags("how it airs", put(object{"title": "Dark 2", "status": "ended"}), own, "shows", "episodes")
	b.wantTags("a rule", put(object{"title": "Dark 2", "status": "ended", "geo_restrictions": object{"rule_id": b.Rule("DE")}}), "!"+own, "!shows", "!episodes", "genres")
	b.wantTags("no rule", put(object{"title": "Dark 2", "status": "ended", "geo_restrictions": nil}), own, "shows", "episodes", "genres")
	b.wantTags("unpublishing", func() { b.edit("POST", s.Location()+"/unpublish", nil).Want(200) }, "!"+own, "!shows", "!episodes", "genres")
	b.wantTags("an edit of an episode that nobody sees", func() {
		b.edit("PUT", e.Location(), episodeBody(1, 1, object{"status": "published", "title": "Secrets"})).Want(200)
	})
	b.wantTags("publishing", func() { b.edit("POST", s.Location()+"/publish", nil).Want(200) }, own, "shows", "episodes", "genres")
	b.edit("POST", s.Location()+"/unpublish", nil).Want(200)
	b.wantTags("deleting", func() { b.edit("DELETE", s.Location(), nil).Want(204) })
}

// What is counted is what the caller may see now.
func TestCounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.onAir(nil)
	other := b.onAir(object{"title": "Another"})
	one, two := b.season(s, 1, nil), b.season(s, 2, object{"status": "draft"})
	opens, closes := b.Now().Add(time.Hour), b.Now().Add(2*time.Hour)
	b.published(one, 1, nil)
	b.published(one, 2, object{"available_from": opens, "available_until": closes})
	b.episode(one, 3, nil)
	blocked := b.published(one, 4, nil)
	b.published(two, 1, nil)
	b.Exec(`INSERT INTO geo_attachments (rule_id, content_type, content_id) VALUES ($1, 'episode', $2)`, b.Rule("DE"), blocked.ID)
	look := func(access string, seasons, episodes, first float64) {
		t.Helper()
		path, listed := forViewers(s), "/v2/shows?sort=title"
		if access == editor {
			path, listed = s.Location(), adminShows+"?sort=title"
		}
		for _, got := range []object{b.one(access, path), b.list(access, listed)[1]} {
			if got["total_seasons"] != seasons || got["total_episodes"] != episodes {
				t.Errorf("%s: %v seasons, %v episodes; want %v and %v", access, got["total_seasons"], got["total_episodes"], seasons, episodes)
			}
		}
		if got := b.list(access, listed)[0]; got["id"] != other.ID.String() || got["total_seasons"] != 0.0 || got["total_episodes"] != 0.0 {
			t.Errorf("%s: a show without parts has %v", access, got)
		}
		list := b.list(access, path+"/seasons")
		if len(list) != int(seasons) || list[0]["episode_count"] != first || b.one(access, path+"/seasons/1")["episode_count"] != first {
			t.Errorf("%s: seasons %v, want %v episodes in the first", access, list, first)
		}
	}
	holds := func(until time.Time) {
		t.Helper()
		for _, path := range []string{"/v2/shows", forViewers(s), forViewers(s) + "/seasons", forViewers(one), forViewers(one) + "/episodes"} {
			answer := b.fill(path).Want(200)
			if got := answer.Header.Get(wire.Until); until.IsZero() && got != "" || !until.IsZero() && got != until.Format(time.RFC3339Nano) {
				t.Errorf("%s holds until %q, want %v", path, got, until)
			}
			if tags := answer.Header.Get(wire.Tags); path != "/v2/shows" && !strings.Contains(tags, "show:"+s.ID.String()) || path == "/v2/shows" && !strings.Contains(tags, "shows") {
				t.Errorf("%s carries %s", path, tags)
			}
		}
	}
	look(viewer, 1, 2, 2)
	look("viewer@DE", 1, 1, 1)
	look(editor, 2, 5, 4)
	holds(opens)
	b.advance(time.Hour)
	look(viewer, 1, 3, 3)
	look("viewer@DE", 1, 2, 2)
	holds(closes)
	b.advance(time.Hour)
	look(viewer, 1, 2, 2)
	holds(time.Time{})
	b.edit("PUT", two.Location(), seasonBody(2, object{"status": "completed"})).Want(200)
	look(viewer, 2, 3, 2)
}

// A show's rule hides all that is below it, an episode's only that.
func TestTerritories(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rule := b.Rule("DE")
	s := b.onAir(object{"geo_restrictions": object{"rule_id": rule}})
	season := b.season(s, 1, nil)
	e := b.published(season, 1, nil)
	free := b.onAir(object{"title": "Free"})
	for _, path := range []string{forViewers(s), forViewers(s) + "/related", forViewers(s) + "/seasons", forViewers(season), forViewers(season) + "/episodes", forViewers(e)} {
		b.see(viewer, path).Want(200)
		absent := b.see("viewer@DE", strings.Replace(path, s.ID.String(), uuid.NewString(), 1)).Want(404)
		if got := b.see("viewer@DE", path).Want(404); string(got.Body) != string(absent.Body) {
			t.Errorf("%s: blocked and absent differ: %s %s", path, got.Body, absent.Body)
		}
	}
	if got := values(b.list("viewer@DE", "/v2/shows"), "id"); got != free.ID.String() {
		t.Errorf("Germany's list: %s", got)
	}
	if got := b.one(viewer, forViewers(s))["geo_restrictions"].(object); got["rule_id"] != rule.String() {
		t.Errorf("geo_restrictions %v", got)
	}
	if tags := b.fill(forViewers(s)).Want(200).Header.Get(wire.Tags); !strings.Contains(tags, "geo:"+rule.String()) {
		t.Errorf("an answer that prints the rule has tags %s", tags)
	}
}

func TestShowPrintsGenres(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.genre("crime")
	s := b.onAir(object{"genres": []string{"crime", "crime"}})
	if got := b.one(viewer, forViewers(s))["genres"]; fmt.Sprint(got) != "[crime]" {
		t.Errorf("genres %v", got)
	}
	if tags := b.fill(forViewers(s)).Want(200).Header.Get(wire.Tags); !strings.Contains(tags, "genre:"+id.String()) {
		t.Errorf("tags %s", tags)
	}
	if fields := b.edit("POST", adminShows, showBody(object{"genres": []string{"nope", "crime", "neither"}})).Want(422).Refused().Fields(); !slices.Equal(fields, []string{"genres[0]", "genres[2]"}) {
		t.Errorf("unknown genres name %q", fields)
	}
}

func TestRelatedShows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.genre("crime")
	cast := []object{{"name": "Ana Torv", "role": "actor"}}
	s := b.onAir(object{"genres": []string{"crime"}, "cast": cast})
	byGenre := b.onAir(object{"title": "By genre", "genres": []string{"crime"}})
	byCast := b.onAir(object{"title": "By cast", "cast": cast})
	b.show(object{"title": "Draft", "cast": cast})
	b.onAir(object{"title": "Neither"})
	if got, want := values(b.list(viewer, forViewers(s)+"/related"), "id"), byCast.ID.String()+" "+byGenre.ID.String(); got != want {
		t.Errorf("related %s, want %s", got, want)
	}
	if got := b.list(viewer, forViewers(s)+"/related?limit=1"); len(got) != 1 || got[0]["content_type"] != "show" {
		t.Errorf("the first: %v", got)
	}
}

func TestDeletingAShowTakesAllOfIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.onAir(nil)
	season := b.season(s, 1, nil)
	e := b.published(season, 1, nil)
	rule := b.Rule("DE")
	b.Exec(`INSERT INTO geo_attachments (rule_id, content_type, content_id) VALUES ($1, 'episode', $2), ($1, 'show', $3)`, rule, e.ID, s.ID)
	b.edit("POST", s.Location()+"/unpublish", nil).Want(200)
	b.edit("DELETE", s.Location(), nil).Want(204)
	for _, q := range []string{`shows`, `seasons`, `episodes`, `titles`, `geo_attachments`, `media_assets`} {
		if n := b.count(`SELECT count(*) FROM ` + q); n != 0 {
			t.Errorf("%d rows are left of %s", n, q)
		}
	}
	for _, id := range []uuid.UUID{s.ID, season.ID, e.ID} {
		if n := b.count(`SELECT count(*) FROM audit_log WHERE action = 'content.deleted' AND resource_id = $1 AND metadata->'object'->>'id' = $1::text`, id); n != 1 {
			t.Errorf("the audit keeps %d last versions of %s", n, id)
		}
	}
	b.see(editor, season.Location()).Want(404)
	b.see(editor, e.Location()).Want(404)
}

// If-Match protects an editor from another; Idempotency-Key from themselves.
func TestShowPreconditions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.show(nil)
	tag := b.see(editor, s.Location()).Want(200).Header.Get("ETag")
	b.edit("PUT", s.Location(), showBody(object{"title": "Dark 2"}), "If-Match", tag).Want(200)
	refused := b.edit("PUT", s.Location(), showBody(object{"title": "Dark 3"}), "If-Match", tag).Want(412)
	if got := refused.Refused().Fields(); !slices.Equal(got, []string{"title"}) || refused.Header.Get("ETag") == tag {
		t.Errorf("412 names %q", got)
	}
	b.edit("POST", s.Location()+"/publish", nil, "If-Match", tag).Want(412)
	b.edit("DELETE", s.Location(), nil, "If-Match", tag).Want(412)

	first := b.edit("POST", adminShows, showBody(object{"title": "Once"}), "Idempotency-Key", "k").Want(http.StatusCreated)
	again := b.edit("POST", adminShows, showBody(object{"title": "Once"}), "Idempotency-Key", "k").Want(http.StatusCreated)
	if string(first.Body) != string(again.Body) || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("replayed %s after %s", again.Body, first.Body)
	}
	b.edit("POST", adminShows, showBody(object{"title": "Twice"}), "Idempotency-Key", "k").Want(422)
}

// Every field that can be wrong is named, and nothing is ever the server's fault.
func TestShowBodies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct {
		field string
		value any
		want  int
	}{
		{"title", nil, 400}, {"title", "", 422}, {"title", strings.Repeat("é", 255), 201}, {"title", strings.Repeat("é", 256), 422}, {"status", "scheduled", 422},
		{"content_rating", "XXX", 422}, {"network", strings.Repeat("x", 201), 422}, {"country_of_origin", []string{"UK"}, 422}, {"language", "english!", 422},
		{"first_air_date", "2019-02-30", 422}, {"first_air_date", "0000-01-01", 422}, {"first_air_date", "0001-01-01", 201}, {"first_air_date", "2019", 422}, {"first_air_date", 2019, 400},
		{"last_air_date", "9999-12-31", 201}, {"last_air_date", "10000-01-01", 422}, {"cast", []object{{"name": "A", "role": "stunt"}}, 422},
		{"cast", []object{{"name": "A", "role": "actor", "image_url": "javascript:x"}}, 422}, {"images", object{"banner_url": "x"}, 422}, {"geo_restrictions", object{}, 422},
		{"total_seasons", 1, 400}, {"slug", "x", 400},
	} {
		r := b.edit("POST", adminShows, showBody(object{c.field: c.value}))
		if r.Status != c.want || r.Status >= 400 && !strings.Contains(string(r.Body), `"field":"`+c.field) {
			t.Errorf("%s = %v: %d, want %d: %s", c.field, c.value, r.Status, c.want, r.Body)
		}
	}
	late := showBody(object{"first_air_date": "2020-01-02", "last_air_date": "2020-01-01"})
	if got := b.edit("POST", adminShows, late).Want(422).Refused().Fields(); !slices.Equal(got, []string{"last_air_date"}) {
		t.Errorf("an end before the beginning names %q", got)
	}
}
