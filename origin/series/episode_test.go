package series

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/shared/wire"
)

func TestEpisodeLifecycle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.onAir(nil)
	season := b.season(s, 1, nil)
	at := season.Location() + "/episodes"
	var e AdminEpisode
	created := b.edit("POST", at, episodeBody(1, 0, object{"title": "Special", "synopsis": "Before.", "air_date": "2017-12-01", "images": object{"thumbnail_url": "https://cdn.example.com/t.jpg"}})).Want(201)
	created.Decode(&e)
	if created.Header.Get("Location") != at+"/0" || e.ShowID != s.ID || e.SeasonID != season.ID || e.SeasonNumber != 1 || e.EpisodeNumber != 0 || e.ExternalID == 0 || e.Status != "draft" {
		t.Errorf("created %s at %s", created.Body, created.Header.Get("Location"))
	}
	if got := b.see(editor, at+"/0").Want(200); got.Header.Get("ETag") != created.Header.Get("ETag") || string(got.Body) != string(created.Body) {
		t.Errorf("created %s, read %s", created.Body, got.Body)
	}
	b.see(viewer, forViewers(e)).Want(404)
	b.edit("POST", at+"/0/unpublish", nil).Want(409)
	if got := b.edit("POST", at+"/0/publish", nil).Want(422).Refused().Fields(); !slices.Equal(got, []string{"video_asset"}) {
		t.Errorf("publishing without a video names %q", got)
	}
	b.video(e)
	b.edit("POST", at+"/0/publish", nil).Want(200)
	head := b.Head()
	b.edit("POST", at+"/0/publish", nil).Want(200)
	if b.Head() != head {
		t.Error("publishing again is a change")
	}
	seen := b.one(viewer, forViewers(e))
	if seen["status"] != "published" || seen["external_id"] != nil || seen["available_until"] != nil || seen["content_rating"] != "TV-MA" {
		t.Errorf("viewers see %v", seen)
	}
	b.edit("DELETE", at+"/0", nil).Want(409)
	b.edit("PUT", at+"/0", episodeBody(1, 0, nil)).Want(409) // back to draft
	b.edit("POST", at+"/0/unpublish", nil).Want(200)
	b.see(viewer, forViewers(e)).Want(404)
	b.edit("DELETE", at+"/0", nil).Want(204)
	b.see(editor, at+"/0").Want(404)
	if got, want := b.actions(e.ID), []string{"content.created", "content.published", "content.unpublished", "content.deleted"}; !slices.Equal(got, want) {
		t.Errorf("audit %q, want %q", got, want)
	}
	if got := b.events(); !slices.Equal(got, []string{"show content.published", "episode content.published", "episode content.unpublished"}) {
		t.Errorf("events %q", got)
	}
	if n := b.count(`SELECT count(*) FROM media_assets`); n != 0 {
		t.Error("its video is left")
	}
}

// An episode without a rating has its show's: for viewers, and for the gate. Editors see its own.
func TestEpisodesInheritTheRating(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.show(nil)
	season := b.season(s, 1, nil)
	inherits, own := b.published(season, 1, nil), b.published(season, 2, object{"content_rating": "TV-14"})
	b.edit("PUT", s.Location(), showBody(object{"status": "ended", "content_rating": "TV-PG"})).Want(200)
	if got := values(b.list(viewer, forViewers(season)+"/episodes"), "content_rating"); got != "TV-PG TV-14" {
		t.Errorf("viewers see %s", got)
	}
	if got := b.one(viewer, forViewers(inherits))["content_rating"]; got != "TV-PG" {
		t.Errorf("viewers see %s", got)
	}
	if got := values(b.list(editor, season.Location()+"/episodes"), "content_rating"); got != "<nil> TV-14" {
		t.Errorf("editors see %s", got)
	}
	if got := b.one(editor, own.Location())["content_rating"]; got != "TV-14" {
		t.Errorf("editors see %s", got)
	}

	unrated := showBody(nil)
	delete(unrated, "content_rating")
	other := b.season(made[AdminShow](b, adminShows, unrated), 1, nil)
	e := b.episode(other, 1, object{"runtime_minutes": 1})
	body := episodeBody(1, 1, object{"status": "published"})
	delete(body, "runtime_minutes")
	for _, c := range []struct{ method, path string }{{"PUT", e.Location()}, {"POST", other.Location() + "/episodes"}} {
		if c.method == "POST" {
			body["episode_number"] = 2
		}
		got := b.edit(c.method, c.path, body).Want(422).Refused().Fields()
		if slices.Sort(got); !slices.Equal(got, []string{"content_rating", "runtime_minutes", "video_asset"}) {
			t.Errorf("%s names %q", c.method, got)
		}
	}
}

func TestEpisodesFollowTheClock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.onAir(nil)
	season := b.season(s, 1, nil)
	opens, closes := b.Now().Add(time.Hour), b.Now().Add(2*time.Hour)
	e := b.published(season, 1, object{"available_from": opens, "available_until": closes})
	list, detail := forViewers(season)+"/episodes", forViewers(e)
	look := func(status string, listed bool, until time.Time) {
		t.Helper()
		if got := b.one(editor, e.Location())["status"]; got != status {
			t.Errorf("editors see %v, want %s", got, status)
		}
		if got := len(b.list(viewer, list)) == 1; got != listed {
			t.Errorf("listed: %v, want %v", got, listed)
		}
		answer := b.fill(list).Want(200)
		if got := answer.Header.Get(wire.Until); until.IsZero() && got != "" || !until.IsZero() && got != until.Format(time.RFC3339Nano) {
			t.Errorf("the list holds until %q, want %v", got, until)
		}
		if tags := answer.Header.Get(wire.Tags); !strings.Contains(tags, "show:"+s.ID.String()) || strings.Contains(tags, "episodes") {
			t.Errorf("the list carries %s", tags)
		}
	}
	look("scheduled", false, opens)
	if got := b.one(viewer, detail)["status"]; got != "scheduled" {
		t.Errorf("viewers see upcoming as %v", got)
	}
	b.advance(time.Hour)
	look("published", true, closes)
	if got := b.one(viewer, detail)["status"]; got != "published" {
		t.Errorf("viewers see %v", got)
	}
	told := func() int {
		n, err := b.domain.AnnounceDue(t.Context(), b.Now())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if told() != 1 || told() != 0 {
		t.Error("an opening is announced once")
	}
	b.advance(time.Hour)
	look("unpublished", false, time.Time{})
	absent := b.fill(detail).Want(404).Header.Get(wire.Tags)
	for _, tag := range []string{"show:" + s.ID.String(), "episode:" + e.ID.String()} {
		if !strings.Contains(absent, tag) {
			t.Errorf("the absent episode carries %s", absent)
		}
	}
	if told() != 1 || told() != 0 {
		t.Error("a closing is announced once")
	}
	if got := b.events()[1:]; !slices.Equal(got, []string{"episode content.published", "episode content.unpublished"}) {
		t.Errorf("events %q", got)
	}
	b.edit("POST", e.Location()+"/publish", nil).Want(422) // the window has ended
	b.edit("DELETE", e.Location(), nil).Want(204)
}

func TestPublishingAnEpisodeWithADate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	e := b.episode(b.season(b.show(nil), 1, nil), 1, nil)
	b.video(e)
	at := e.Location() + "/publish"
	b.edit("POST", at, object{"available_from": b.Now().Add(time.Hour)}).Want(200).Decode(&e)
	if e.Status != "scheduled" {
		t.Errorf("published for later: %+v", e)
	}
	e = AdminEpisode{}
	b.edit("POST", at, nil).Want(200).Decode(&e)
	if e.Status != "published" || e.AvailableFrom != nil {
		t.Errorf("published now: %+v", e)
	}
}

func TestEpisodeNumbers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.show(nil)
	one, two := b.season(s, 1, nil), b.season(s, 2, nil)
	b.episode(one, 1, nil)
	b.episode(two, 1, nil)
	f := func(method, path string, body object, status int, fields ...string) {
		t.Helper()
		got := b.edit(method, path, body).Want(status).Refused().Fields()
		if slices.Sort(got); !slices.Equal(got, fields) {
			t.Errorf("%s %s %v names %q, want %q", method, path, body, got, fields)
		}
	}
	at := one.Location() + "/episodes"
	f("POST", at, episodeBody(1, 1, nil), 409, "episode_number")
	f("POST", at, episodeBody(2, 2, nil), 422, "season_number")
	f("POST", at, episodeBody(1, -1, nil), 422, "episode_number")
	f("POST", at, episodeBody(1, 100000, nil), 422, "episode_number")
	f("PUT", at+"/1", episodeBody(2, 3, nil), 422, "episode_number", "season_number")
	f("PUT", at+"/2", episodeBody(1, 2, nil), 404)
	f("PUT", at+"/-1", episodeBody(1, 2, nil), 400, "episode_number")
	f("POST", s.Location()+"/seasons/3/episodes", episodeBody(3, 1, nil), 404)
	f("POST", adminShows+"/"+uuid.NewString()+"/seasons/1/episodes", episodeBody(1, 1, nil), 404)
	f("POST", at, episodeBody(1, 2, object{"status": "unpublished"}), 422, "status")
	f("POST", at, episodeBody(1, 2, object{"status": "scheduled"}), 422, "available_from", "video_asset")
	f("POST", at, episodeBody(1, 2, object{"available_from": b.Now().Add(time.Hour), "available_until": b.Now()}), 422, "available_until")
	f("POST", at, episodeBody(1, 2, object{"air_date": "0000-01-01", "images": object{"logo_url": "x"}, "synopsis": strings.Repeat("x", 2001)}), 422, "air_date", "images.logo_url", "synopsis")
	for _, path := range []string{at + "/2/publish", at + "/2/unpublish", s.Location() + "/seasons/3/episodes/1/publish"} {
		b.edit("POST", path, nil).Want(404)
	}
	b.edit("DELETE", at+"/2", nil).Want(404)
	b.see(editor, s.Location()+"/seasons/3/episodes").Want(404)
}

func TestEpisodeLists(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.onAir(nil)
	season := b.season(s, 1, nil)
	b.published(season, 2, object{"air_date": "2017-01-03"})
	b.published(season, 0, object{"air_date": "2018-01-01"})
	b.published(season, 10, nil)
	b.published(season, 1, object{"air_date": "2017-01-02"})
	b.episode(season, 3, nil)
	f := func(query, want string) {
		t.Helper()
		var got []string
		for path := forViewers(season) + "/episodes?limit=2&" + query; path != ""; {
			var page struct {
				Data []object
				Meta struct {
					NextCursor *string `json:"next_cursor"`
					HasMore    bool    `json:"has_more"`
					Limit      int
				}
			}
			b.see(viewer, path).Want(200).Decode(&page)
			got = append(got, values(page.Data, "episode_number"))
			if path = ""; page.Meta.HasMore {
				path = forViewers(season) + "/episodes?limit=2&" + query + "&cursor=" + *page.Meta.NextCursor
			}
		}
		if joined := strings.Join(got, " "); joined != want {
			t.Errorf("%s lists %s, want %s", query, joined, want)
		}
	}
	f("", "0 1 2 10")
	f("sort=episode_number", "0 1 2 10")
	f("sort=-episode_number", "10 2 1 0")
	f("sort=air_date", "10 1 2 0")
	f("sort=-air_date", "0 2 1 10")
	var page struct {
		Data []object
		Meta struct {
			TotalCount int `json:"total_count"`
			Limit      int
			NextCursor *string `json:"next_cursor"`
			HasMore    bool    `json:"has_more"`
		}
	}
	b.see(editor, season.Location()+"/episodes?limit=3").Want(200).Decode(&page)
	if values(page.Data, "episode_number") != "0 1 2" || page.Meta.TotalCount != 5 || !page.Meta.HasMore {
		t.Errorf("editors see %v", page)
	}
	b.see(viewer, forViewers(season)+"/episodes?sort=title").Want(400)
	b.see(editor, season.Location()+"/episodes?sort=air_date").Want(400) // which the contract has for viewers
}

func TestChangesOfEpisodes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.onAir(nil)
	season := b.season(s, 1, nil)
	e := b.published(season, 1, nil)
	own, whole := "episode:"+e.ID.String(), "show:"+s.ID.String()
	put := func(fields object) func() {
		return func() {
			b.edit("PUT", e.Location(), episodeBody(1, 1, with(object{"status": "published"}, fields))).Want(200)
		}
	}
	b.wantTags("a draft", func() { b.episode(season, 2, nil) })
	b.wantTags("an edit of a draft", func() {
		b.edit("PUT", season.Location()+"/episodes/2", episodeBody(1, 2, object{"title": "Two"})).Want(200)
	})
	b.wantTags("an edit", put(object{"title": "Secrets"}), own, "episodes", whole, "shows")
	b.wantTags("an edit that changes nothing", put(object{"title": "Secrets"}))
	b.wantTags("a window that closes", put(object{"available_until": b.Now().Add(time.Hour)}), "!"+own, "!episodes", "!"+whole, "shows")
	b.wantTags("unpublishing", func() { b.edit("POST", e.Location()+"/unpublish", nil).Want(200) }, "!"+own, "!episodes", "!"+whole, "shows")
	b.wantTags("an edit of the unpublished", put(object{"status": "unpublished", "title": "Lies"}))
	b.wantTags("publishing", func() { b.edit("POST", e.Location()+"/publish", nil).Want(200) }, own, "episodes", whole, "shows")
	b.edit("POST", e.Location()+"/unpublish", nil).Want(200)
	b.wantTags("deleting", func() { b.edit("DELETE", e.Location(), nil).Want(204) })
}

func TestEpisodePreconditions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	season := b.season(b.show(nil), 1, nil)
	e := b.episode(season, 1, nil)
	tag := b.see(editor, e.Location()).Want(200).Header.Get("ETag")
	b.edit("PUT", e.Location(), episodeBody(1, 1, object{"title": "Secrets"}), "If-Match", tag).Want(200)
	if got := b.edit("PUT", e.Location(), episodeBody(1, 1, nil), "If-Match", tag).Want(412).Refused().Fields(); !slices.Equal(got, []string{"title"}) {
		t.Errorf("412 names %q", got)
	}
	b.edit("POST", e.Location()+"/publish", nil, "If-Match", tag).Want(412)
	b.edit("DELETE", e.Location(), nil, "If-Match", tag).Want(412)
	at := season.Location() + "/episodes"
	first := b.edit("POST", at, episodeBody(1, 2, nil), "Idempotency-Key", "k").Want(http.StatusCreated)
	again := b.edit("POST", at, episodeBody(1, 2, nil), "Idempotency-Key", "k").Want(http.StatusCreated)
	if string(first.Body) != string(again.Body) {
		t.Errorf("replayed %s after %s", again.Body, first.Body)
	}
}

// Blocking one episode leaves the others.
func TestEpisodeTerritories(t *testing.T) {
	t.Parallel()
	b := setup(t)
	season := b.season(b.onAir(nil), 1, nil)
	blocked, free := b.published(season, 1, nil), b.published(season, 2, nil)
	b.Exec(`INSERT INTO geo_attachments (rule_id, content_type, content_id) VALUES ($1, 'episode', $2)`, b.Rule("DE"), blocked.ID)
	b.see("viewer@DE", forViewers(blocked)).Want(404)
	b.see("viewer@DE", forViewers(free)).Want(200)
	if got := values(b.list("viewer@DE", forViewers(season)+"/episodes"), "episode_number"); got != "2" {
		t.Errorf("Germany's list: %s", got)
	}
	if got := values(b.list(viewer, forViewers(season)+"/episodes"), "episode_number"); got != "1 2" {
		t.Errorf("France's list: %s", got)
	}
}
