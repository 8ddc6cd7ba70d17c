package catalog_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/shared/wire"
)

func TestMovieLifecycle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.genre("crime")
	created := b.must(201, b.call("editor", "POST", "/v2/admin/movies", film(map[string]any{
		"original_title": "Heat", "synopsis": "Los Angeles.", "release_year": 1995, "genres": []string{"crime"}, "country_of_origin": []string{"US"},
		"audio_languages": []string{"en"}, "cast": []any{map[string]any{"name": "Al Pacino", "role": "actor", "character_name": "Vincent Hanna"}},
		"images": map[string]any{"poster_url": "https://cdn.example.com/p.jpg"},
	})))
	movie := created.json(t)
	id := movie["id"].(string)
	at := "/v2/admin/movies/" + id
	if got := created.header.Get("Location"); got != at {
		t.Errorf("Location %q, want %q", got, at)
	}
	if movie["slug"] != "heat" || movie["status"] != "draft" || movie["external_id"] == nil || movie["available_until"] != nil {
		t.Errorf("created %v", movie)
	}
	if got := b.must(200, b.call("editor", "GET", at, "")); got.header.Get("ETag") != created.header.Get("ETag") {
		t.Errorf("the ETag of create and get differ: %s %s", created.header.Get("ETag"), got.header.Get("ETag"))
	}
	b.must(404, b.call("viewer-FR", "GET", "/v2/movies/"+id, ""))

	refused := b.must(422, b.call("editor", "POST", at+"/publish", "")).json(t)
	if details := refused["details"].([]any); len(details) != 1 || details[0].(map[string]any)["field"] != "video_asset" {
		t.Errorf("publishing without a video says %v", details)
	}
	b.video(uuid.MustParse(id))
	b.must(200, b.call("editor", "POST", at+"/publish", ""))
	seen := b.must(200, b.call("viewer-FR", "GET", "/v2/movies/"+id, "")).json(t)
	if seen["status"] != "published" || seen["external_id"] != nil {
		t.Errorf("viewers see %v", seen)
	}
	b.must(409, b.call("editor", "DELETE", at, ""))
	b.must(409, b.call("editor", "PUT", at, film(nil))) // back to draft
	b.must(200, b.call("editor", "POST", at+"/unpublish", ""))
	b.must(404, b.call("viewer-FR", "GET", "/v2/movies/"+id, ""))
	b.must(204, b.call("editor", "DELETE", at, ""))
	b.must(404, b.call("editor", "GET", at, ""))

	actions := oneOf[[]string](b, `SELECT array_agg(action ORDER BY id) FROM audit_log WHERE resource_id = $1`, id)
	if want := []string{"content.created", "content.published", "content.unpublished", "content.deleted"}; !slices.Equal(actions, want) {
		t.Errorf("audit %v, want %v", actions, want)
	}
	if last := oneOf[string](b, `SELECT metadata->'object'->>'title' FROM audit_log WHERE action = 'content.deleted'`); last != "Heat" {
		t.Errorf("the audit keeps %q as the last version's title", last)
	}
	events := oneOf[[]string](b, `SELECT array_agg(type ORDER BY id) FROM events`)
	if want := []string{"content.published", "content.unpublished"}; !slices.Equal(events, want) {
		t.Errorf("events %v, want %v", events, want)
	}
}

func TestPublishAgainLeavesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.published(nil)
	pos, events := b.head(), oneOf[int](b, `SELECT count(*) FROM events`)
	b.must(200, b.call("editor", "POST", fmt.Sprintf("/v2/admin/movies/%s/publish", id), ""))
	if got := b.head(); got != pos {
		t.Errorf("publishing again moved the feed from %d to %d", pos, got)
	}
	if got := oneOf[int](b, `SELECT count(*) FROM events`); got != events {
		t.Errorf("publishing again made %d events", got-events)
	}
}

// The tags of each kind of write: drafts none, what takes something away hard ones.
func TestChangesOfMovies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.published(nil)
	movie, hardMovie := "movie:"+id.String(), "!movie:"+id.String()
	at := "/v2/admin/movies/" + id.String()
	for _, step := range []struct {
		name, method, path, body string
		want                     []string
	}{
		{"a draft", "POST", "/v2/admin/movies", film(nil), nil},
		{"an edit", "PUT", at, film(map[string]any{"status": "published", "title": "Heat 2"}), []string{movie, "movies"}},
		{"an edit that changes nothing", "PUT", at, film(map[string]any{"status": "published", "title": "Heat 2"}), nil},
		{"a window that closes", "PUT", at, film(map[string]any{"status": "published", "title": "Heat 2", "available_until": b.clock().Add(time.Hour)}), []string{"!movies", hardMovie, "genres"}},
		{"a window that opens", "PUT", at, film(map[string]any{"status": "published", "title": "Heat 2"}), []string{"genres", movie, "movies"}},
		{"a rule", "PUT", at, film(map[string]any{"status": "published", "title": "Heat 2", "geo_restrictions": map[string]any{"rule_id": b.rule("DE")}}),
			[]string{"!movies", hardMovie, "genres"}},
		{"no rule", "PUT", at, strings.Replace(film(map[string]any{"status": "published", "title": "Heat 2"}), "{", `{"geo_restrictions": null,`, 1), []string{"genres", movie, "movies"}},
		{"unpublishing", "POST", at + "/unpublish", "", []string{"!movies", hardMovie, "genres"}},
		{"an edit of the unpublished", "PUT", at, film(map[string]any{"status": "unpublished", "title": "Heat 3"}), nil},
		{"deleting the unpublished", "DELETE", at, "", nil},
	} {
		pos := b.head()
		if r := b.call("editor", step.method, step.path, step.body); r.status > 299 {
			t.Fatalf("%s: %d %s", step.name, r.status, r.body)
		}
		got, want := b.tagsSince(pos), slices.Clone(step.want)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s emits %v, want %v", step.name, got, want)
		}
	}
}

func TestWindowsFollowTheClock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.draft(nil)
	b.video(id)
	at := "/v2/admin/movies/" + id.String()
	opens, closes := b.clock().Add(time.Hour), b.clock().Add(2*time.Hour)
	b.must(422, b.call("editor", "PUT", at, film(map[string]any{"status": "scheduled"})))
	b.must(200, b.call("editor", "PUT", at, film(map[string]any{"status": "scheduled", "available_from": opens, "available_until": closes})))

	look := func(want string, listed bool) {
		t.Helper()
		if got := b.must(200, b.call("editor", "GET", at, "")).json(t)["status"]; got != want {
			t.Errorf("editors see %v, want %s", got, want)
		}
		if got := len(ids(t, b.must(200, b.call("editor", "GET", "/v2/admin/movies?status="+want, "")))); got != 1 {
			t.Errorf("the filter %s finds %d", want, got)
		}
		if got := len(ids(t, b.must(200, b.call("viewer-FR", "GET", "/v2/movies", "")))) == 1; got != listed {
			t.Errorf("listed for viewers: %v, want %v", got, listed)
		}
	}
	look("scheduled", false)
	if got := b.must(200, b.call("viewer-FR", "GET", "/v2/movies/"+id.String(), "")).json(t)["status"]; got != "scheduled" {
		t.Errorf("viewers see upcoming as %v", got)
	}
	for _, path := range []string{"/v2/movies", "/v2/movies/" + id.String(), "/v2/genres"} {
		if got := b.must(200, b.fill(path)).header.Get(wire.Until); got != opens.Format(time.RFC3339Nano) {
			t.Errorf("%s holds until %q, want %s", path, got, opens)
		}
	}
	b.advance(time.Hour)
	look("published", true)
	if got := b.must(200, b.fill("/v2/movies")).header.Get(wire.Until); got != closes.Format(time.RFC3339Nano) {
		t.Errorf("the list holds until %q, want %s", got, closes)
	}
	told := func() int {
		n, err := b.domain.AnnounceDue(t.Context(), b.clock())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if told() != 1 || told() != 0 {
		t.Error("an opening is announced once")
	}
	b.advance(time.Hour)
	look("unpublished", false)
	b.must(404, b.call("viewer-FR", "GET", "/v2/movies/"+id.String(), ""))
	if told() != 1 || told() != 0 {
		t.Error("a closing is announced once")
	}
	if events := oneOf[[]string](b, `SELECT array_agg(type ORDER BY id) FROM events`); !slices.Equal(events, []string{"content.published", "content.unpublished"}) {
		t.Errorf("events %v", events)
	}
	b.must(422, b.call("editor", "POST", at+"/publish", "")) // the window has ended
	b.must(204, b.call("editor", "DELETE", at, ""))
}

func TestPublishNowClearsAFutureBeginning(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.draft(nil)
	b.video(id)
	at := fmt.Sprintf("/v2/admin/movies/%s/publish", id)
	future := fmt.Sprintf(`{"available_from": %q}`, b.clock().Add(time.Hour).Format(time.RFC3339))
	if got := b.must(200, b.call("editor", "POST", at, future)).json(t); got["status"] != "scheduled" {
		t.Errorf("status %v, want scheduled", got["status"])
	}
	if got := b.must(200, b.call("editor", "POST", at, "")).json(t); got["status"] != "published" || got["available_from"] != nil {
		t.Errorf("published now: %v, from %v", got["status"], got["available_from"])
	}
}

func TestTerritories(t *testing.T) {
	t.Parallel()
	b := setup(t)
	blocked, free := b.published(map[string]any{"title": "Blocked"}), b.published(map[string]any{"title": "Free"})
	rule := b.rule("DE")
	b.must(200, b.call("editor", "PUT", "/v2/admin/movies/"+blocked.String(), film(map[string]any{
		"title": "Blocked", "status": "published", "geo_restrictions": map[string]any{"rule_id": rule}})))

	if got := ids(t, b.call("viewer-DE", "GET", "/v2/movies", "")); !slices.Equal(got, []string{free.String()}) {
		t.Errorf("Germany's list: %v", got)
	}
	if got := len(ids(t, b.call("viewer-FR", "GET", "/v2/movies", ""))); got != 2 {
		t.Errorf("France's list has %d", got)
	}
	absent := b.must(404, b.call("viewer-DE", "GET", "/v2/movies/"+uuid.NewString(), "", "X-Request-Id", "r"))
	hidden := b.must(404, b.call("viewer-DE", "GET", "/v2/movies/"+blocked.String(), "", "X-Request-Id", "r"))
	if string(absent.body) != string(hidden.body) {
		t.Errorf("blocked and absent differ: %s %s", hidden.body, absent.body)
	}
	seen := b.must(200, b.call("viewer-FR", "GET", "/v2/movies/"+blocked.String(), "")).json(t)
	if ref := seen["geo_restrictions"].(map[string]any); ref["rule_id"] != rule.String() || ref["policy"] != "block_list" {
		t.Errorf("geo_restrictions %v", ref)
	}
	filled := b.must(200, b.fill("/v2/movies/"+blocked.String()))
	if tags := filled.header.Get(wire.Tags); !strings.Contains(tags, "geo:"+rule.String()) {
		t.Errorf("an answer that prints the rule has tags %s", tags)
	}
	b.must(404, b.fill("/v2/movies/"+blocked.String(), wire.Deny, rule.String()))
}

func TestListPagesThroughEdits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	titles := []string{"Émile", "apple", "Banana", "ähre", "Zebra", "émile"}
	for i, title := range titles {
		b.published(map[string]any{"title": title, "release_year": 2000 + i/2})
		b.advance(time.Second)
	}
	for _, sort := range []string{"", "title", "-title", "release_year", "-release_date", "average_rating", "-available_from", "created_at", "-updated_at"} {
		var seen []string
		path := "/v2/movies?limit=2&fields=id&sort=" + sort
		for page := path; page != ""; {
			r := b.must(200, b.call("viewer-FR", "GET", page, ""))
			seen = append(seen, ids(t, r)...)
			meta := r.json(t)["meta"].(map[string]any)
			if page = ""; meta["has_more"] == true {
				page = path + "&cursor=" + meta["next_cursor"].(string)
			} else if meta["next_cursor"] != nil {
				t.Errorf("sort %q: the last page has a cursor", sort)
			}
		}
		slices.Sort(seen)
		if len(slices.Compact(seen)) != len(titles) {
			t.Errorf("sort %q shows %d of %d", sort, len(seen), len(titles))
		}
	}
	var got []string
	for _, m := range b.must(200, b.call("viewer-FR", "GET", "/v2/movies?sort=title", "")).json(t)["data"].([]any) {
		got = append(got, m.(map[string]any)["title"].(string))
	}
	if want := []string{"ähre", "apple", "Banana", "Émile", "émile", "Zebra"}; !slices.Equal(got, want) {
		t.Errorf("by title: %v, want %v", got, want)
	}
	b.must(400, b.call("viewer-FR", "GET", "/v2/movies?sort=budget", ""))
	b.must(400, b.call("editor", "GET", "/v2/admin/movies?sort=budget", ""))
}

func TestSearchAndFilters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.genre("drama")
	leon := b.published(map[string]any{"title": "Léon: The Professional", "original_title": "Léon", "genres": []string{"drama"}, "release_year": 1994,
		"content_rating": "R", "audio_languages": []string{"en-US", "fr"}, "synopsis": "Straße und Geld.",
		"cast": []any{map[string]any{"name": "Jean Réno", "role": "actor"}}}).String()
	b.published(map[string]any{"title": "Other", "content_rating": "PG", "release_year": 1980})
	for _, c := range []struct {
		query string
		found bool
	}{
		{"q=professional", true}, {"q=leon%3A+the", true}, {"q=leon", true}, {"q=LEON+prof", true}, {"q=reno", true}, {"q=strasse", true}, {"q=leon+x", false}, {"q=!!!", false}, {"q=%C5%89", false},
		{"q='a'|b", false}, {"genre=drama", true}, {"genre=nope", false}, {"release_year=1994", true}, {"release_year=1995", false},
		{"content_rating=R", true}, {"language=en", true}, {"language=EN-us", true}, {"language=de", false}, {"unknown=1&q=leon", true},
	} {
		got := ids(t, b.must(200, b.call("viewer-FR", "GET", "/v2/movies?"+c.query, "")))
		if slices.Contains(got, leon) != c.found || len(got) > 1 {
			t.Errorf("%s finds %v", c.query, got)
		}
	}
	for _, bad := range []string{"limit=0", "limit=101", "limit=x", "release_year=x", "content_rating=X", "fields=budget", "cursor=junk", "q=" + strings.Repeat("é", 201), "q=%00", "q=%FF"} {
		b.must(400, b.call("viewer-FR", "GET", "/v2/movies?"+bad, ""))
	}
	b.must(200, b.call("viewer-FR", "GET", "/v2/movies?q="+strings.Repeat("%C3%A9", 200), ""))
	admin := b.must(200, b.call("editor", "GET", "/v2/admin/movies?q=leon&genre=drama&status=published", "")).json(t)
	if total := admin["meta"].(map[string]any)["total_count"]; total != 1.0 {
		t.Errorf("total_count %v", total)
	}
	b.must(400, b.call("editor", "GET", "/v2/admin/movies?unknown=1", ""))
}

func TestRelated(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.genre("crime")
	b.genre("war")
	cast := []any{map[string]any{"name": "Al Pacino", "role": "actor"}}
	heat := b.published(map[string]any{"genres": []string{"crime"}, "cast": cast})
	byCast := b.published(map[string]any{"title": "By cast", "cast": []any{map[string]any{"name": "AL PACINO", "role": "actor"}}})
	byGenre := b.published(map[string]any{"title": "By genre", "genres": []string{"crime", "war"}})
	b.published(map[string]any{"title": "Neither", "genres": []string{"war"}})
	b.draft(map[string]any{"title": "Hidden", "cast": cast})
	got := ids(t, b.must(200, b.call("viewer-FR", "GET", fmt.Sprintf("/v2/movies/%s/related", heat), "")))
	if want := []string{byCast.String(), byGenre.String()}; !slices.Equal(got, want) {
		t.Errorf("related %v, want %v", got, want)
	}
	b.must(404, b.call("viewer-FR", "GET", fmt.Sprintf("/v2/movies/%s/related", uuid.New()), ""))
}

// Every field that can be wrong is named, and nothing is ever the server's fault.
func TestMovieBodies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, c := range []struct {
		field string
		value any
		want  int
	}{
		{"title", nil, 422}, {"title", "", 422}, {"title", "  ", 422}, {"title", strings.Repeat("é", 255), 201}, {"title", strings.Repeat("é", 256), 422},
		{"title", 5, 400}, {"title", "a\x00b", 422}, {"title", "a\u200fb 👩‍👩‍👧", 201}, {"status", nil, 422}, {"status", "live", 422}, {"drm_required", nil, 422},
		{"drm_required", "yes", 400}, {"synopsis", strings.Repeat("x", 5001), 422}, {"tagline", strings.Repeat("x", 301), 422},
		{"release_year", 1887, 422}, {"release_year", 2101, 422}, {"release_year", 1999.5, 400}, {"release_year", "1999", 400}, {"release_year", 1e300, 422},
		{"runtime_minutes", 0, 422}, {"runtime_minutes", -1, 422}, {"runtime_minutes", 1e18, 422}, {"content_rating", "XXX", 422},
		{"genres", []string{"nope"}, 422}, {"genres", "drama", 400}, {"country_of_origin", []string{"UK"}, 422}, {"country_of_origin", []string{"USA"}, 422},
		{"audio_languages", []string{"not a language"}, 422}, {"subtitle_languages", []string{"pt-BR"}, 201}, {"studio", strings.Repeat("x", 201), 422},
		{"cast", []any{map[string]any{"role": "actor"}}, 422}, {"cast", []any{map[string]any{"name": "A", "role": "stunt"}}, 422}, {"cast", "A", 400},
		{"images", map[string]any{"poster_url": "not a url"}, 422}, {"images", map[string]any{"poster": "x"}, 400}, {"images", map[string]any{"poster_url": "javascript:alert(1)"}, 422},
		{"geo_restrictions", "x", 400}, {"geo_restrictions", map[string]any{}, 422}, {"available_from", "yesterday", 422}, {"available_from", 5, 400},
		{"available_until", "0001-01-01T00:00:00+23:00", 422}, {"id", "x", 400}, {"budget", 1, 400},
	} {
		r := b.call("editor", "POST", "/v2/admin/movies", film(map[string]any{c.field: c.value}))
		if r.status != c.want {
			t.Errorf("%s = %v: %d, want %d: %s", c.field, c.value, r.status, c.want, r.body)
		}
		if r.status >= 400 && !strings.Contains(string(r.body), `"field":"`+c.field) {
			t.Errorf("%s = %v is not named: %s", c.field, c.value, r.body)
		}
	}
}

func TestSearchFindsTitlesByTheirOwnText(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, title := range []string{"Face/Off", "Fahrenheit 9/11", "Catch-22", "U-571", "K-19: The Widowmaker", "V/H/S", "3.14 Pi", "foo@bar.com", "M*A*S*H", "2:37",
		"Don't Look Now", "Amélie – Le Fabuleux", "七人の侍", "Kill Bill: Vol. 1", "[REC]²", "What?!"} {
		id := b.draft(map[string]any{"title": title}).String()
		if got := ids(t, b.must(200, b.call("editor", "GET", "/v2/admin/movies?q="+url.QueryEscape(title), ""))); !slices.Contains(got, id) {
			t.Errorf("%q is not found by itself", title)
		}
	}
	if got := ids(t, b.must(200, b.call("editor", "GET", "/v2/admin/movies?q=22", ""))); len(got) != 1 {
		t.Errorf("22 finds %d", len(got))
	}
}

// Editors never choose slugs, so no number of them at once may collide.
func TestSameTitleAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	statuses := make([]int, 20)
	var wg sync.WaitGroup
	for i := range statuses {
		wg.Go(func() {
			for statuses[i] = 503; statuses[i] == 503; { // twenty want one of a few connections: some are told to come back
				statuses[i] = b.call("editor", "POST", "/v2/admin/movies", film(map[string]any{"release_year": 1999})).status
			}
		})
	}
	wg.Wait()
	for _, status := range statuses {
		if status != 201 {
			t.Fatalf("twenty at once: %v", statuses)
		}
	}
}
