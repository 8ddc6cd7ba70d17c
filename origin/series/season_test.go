package series

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestSeasonLifecycle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.onAir(nil)
	at := s.Location() + "/seasons"
	var season AdminSeason
	created := b.edit("POST", at, seasonBody(2, object{"status": "draft", "synopsis": "More.", "air_date": "2019-06-21"})).Want(201)
	created.Decode(&season)
	if created.Header.Get("Location") != at+"/2" || season.Title != nil || season.EndDate != nil || season.ShowID != s.ID || season.ExternalID == 0 {
		t.Errorf("created %s at %s", created.Body, created.Header.Get("Location"))
	}
	if got := b.see(editor, at+"/2").Want(200); got.Header.Get("ETag") != created.Header.Get("ETag") || string(got.Body) != string(created.Body) {
		t.Errorf("created %s, read %s", created.Body, got.Body)
	}
	b.see(viewer, forViewers(season)).Want(404)
	b.season(s, 1, object{"title": "Chapter One"})
	b.edit("PUT", at+"/2", seasonBody(2, object{"title": nil, "end_date": "2019-06-21", "air_date": "2019-06-21", "status": "completed"})).Want(200)
	seen := b.one(viewer, forViewers(season))
	if title, given := seen["title"]; title != nil || !given || seen["end_date"] != "2019-06-21" || seen["status"] != "completed" || seen["external_id"] != nil {
		t.Errorf("viewers see %v", seen)
	}
	for access, path := range map[string]string{viewer: forViewers(s) + "/seasons", editor: at} {
		list := b.list(access, path)
		if got := values(list, "season_number") + values(list, "title"); got != "1 2Chapter One <nil>" {
			t.Errorf("%s lists %s", access, got)
		}
		if got := b.list(access, path+"?fields=season_number"); len(got[0]) != 1 {
			t.Errorf("sparse: %v", got[0])
		}
	}
	b.edit("DELETE", at+"/2", nil).Want(204)
	b.edit("DELETE", at+"/2", nil).Want(404)
	b.see(viewer, forViewers(season)).Want(404)
	b.see(editor, at+"/2").Want(404)
	if got := values(b.list(editor, at), "season_number"); got != "1" {
		t.Errorf("left are %s", got)
	}
	if got := b.actions(season.ID); !slices.Equal(got, []string{"content.created", "content.updated", "content.deleted"}) {
		t.Errorf("audit %q", got)
	}
	if n := b.count(`SELECT count(*) FROM seasons WHERE id = $1 AND deleted_at IS NOT NULL`, season.ID); n != 1 {
		t.Error("a season is deleted softly")
	}
	if again := b.season(s, 2, nil); again.ID == season.ID {
		t.Error("a number that is free again is another season's")
	}
}

func TestSeasonBodies(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.show(nil)
	at := s.Location() + "/seasons"
	b.season(s, 1, nil)
	f := func(method, path string, body object, status int, fields ...string) {
		t.Helper()
		if got := b.edit(method, path, body).Want(status).Refused().Fields(); !slices.Equal(got, fields) {
			t.Errorf("%s %v names %q, want %q", method, body, got, fields)
		}
	}
	f("POST", at, seasonBody(1, nil), 409, "season_number")
	f("POST", at, seasonBody(0, nil), 422, "season_number")
	f("POST", at, seasonBody(100000, nil), 422, "season_number")
	f("POST", at, seasonBody(2, object{"status": "ongoing", "title": " ", "synopsis": strings.Repeat("x", 2001)}), 422, "status", "synopsis", "title")
	f("POST", at, seasonBody(2, object{"air_date": "2020-01-02", "end_date": "2020-01-01"}), 422, "end_date")
	f("POST", at, seasonBody(2, object{"end_date": "2020-13-01"}), 422, "end_date")
	f("POST", at, seasonBody(2, object{"air_date": nil}), 400, "air_date")
	f("PUT", at+"/1", seasonBody(2, nil), 422, "season_number")
	f("PUT", at+"/0", seasonBody(2, nil), 400, "season_number")
	f("PUT", at+"/99999999999", seasonBody(2, nil), 400, "season_number")
	f("PUT", at+"/3", seasonBody(3, nil), 404)
	f("POST", adminShows+"/"+uuid.NewString()+"/seasons", seasonBody(1, nil), 404)
	f("POST", adminShows+"/"+uuid.NewString()+"/seasons", seasonBody(0, nil), 404) // before 422
	b.see(editor, adminShows+"/"+uuid.NewString()+"/seasons").Want(404)
	b.Exec(`INSERT INTO seasons (id, show_id, season_number, synopsis, images, status, created_at, updated_at)
		SELECT gen_random_uuid(), $1, n, '', '{}', 'draft', now(), now() FROM generate_series(2, $2) n`, s.ID, maxSeasons)
	f("POST", at, seasonBody(maxSeasons+1, nil), 409)
}

func TestSeasonPreconditions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.show(nil)
	season := b.season(s, 1, nil)
	tag := b.see(editor, season.Location()).Want(200).Header.Get("ETag")
	b.edit("PUT", season.Location(), seasonBody(1, object{"title": "One"}), "If-Match", tag).Want(200)
	if got := b.edit("PUT", season.Location(), seasonBody(1, object{"title": "Two"}), "If-Match", tag).Want(412).Refused().Fields(); !slices.Equal(got, []string{"title"}) {
		t.Errorf("412 names %q", got)
	}
	b.edit("DELETE", season.Location(), nil, "If-Match", tag).Want(412)
	first := b.edit("POST", s.Location()+"/seasons", seasonBody(2, nil), "Idempotency-Key", "k").Want(201)
	again := b.edit("POST", s.Location()+"/seasons", seasonBody(2, nil), "Idempotency-Key", "k").Want(201)
	if string(first.Body) != string(again.Body) {
		t.Errorf("replayed %s after %s", again.Body, first.Body)
	}
	b.edit("POST", s.Location()+"/seasons", seasonBody(2, nil), "Idempotency-Key", "other").Want(409)
	b.edit("POST", s.Location()+"/seasons", seasonBody(2, nil), "Idempotency-Key", "other").Want(409) // a refusal is an answer, too
}

// A season can't be deleted once one of its episodes was published, or was to be, whatever became of the episode.
func TestSeasonsThatWerePublishedStay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.show(nil)
	for i, fields := range []object{nil, {"available_from": b.Now().Add(time.Hour)}} {
		season := b.season(s, i+1, nil)
		e := b.published(season, 1, fields)
		b.edit("DELETE", season.Location(), nil).Want(409)
		b.edit("POST", e.Location()+"/unpublish", nil).Want(200)
		b.edit("DELETE", season.Location(), nil).Want(409)
		b.edit("DELETE", e.Location(), nil).Want(204)
		b.edit("DELETE", season.Location(), nil).Want(409).Refused()
	}
}

// With a season go its episodes, and what hangs on them.
func TestDeletingASeasonTakesItsEpisodes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.onAir(nil)
	season, other := b.season(s, 1, nil), b.season(s, 2, nil)
	e, stays := b.episode(season, 1, nil), b.episode(other, 1, nil)
	b.video(e)
	b.video(stays)
	b.Exec(`INSERT INTO geo_attachments (rule_id, content_type, content_id) VALUES ($1, 'episode', $2)`, b.Rule("DE"), e.ID)
	own := "show:" + s.ID.String()
	b.wantTags("deleting", func() { b.edit("DELETE", season.Location(), nil).Want(204) }, "!"+own, "!shows", "!episodes")
	b.see(editor, e.Location()).Want(404)
	b.see(editor, stays.Location()).Want(200)
	if n := b.count(`SELECT (SELECT count(*) FROM titles WHERE content_type = 'episode') + (SELECT count(*) FROM media_assets) + (SELECT count(*) FROM geo_attachments)`); n != 2 {
		t.Errorf("%d rows are left, want the other season's episode and its video", n)
	}
	if got := b.actions(e.ID); !slices.Equal(got, []string{"content.created", "content.deleted"}) {
		t.Errorf("audit of the episode %q", got)
	}
	got := b.one(editor, s.Location())
	if got["total_seasons"] != 1.0 || got["total_episodes"] != 1.0 {
		t.Errorf("left of the show: %v", got)
	}
	again := b.season(s, 1, nil)
	b.episode(again, 1, nil)
}

// Episodes come and go with their season.
func TestSeasonsHideTheirEpisodes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.onAir(nil)
	own := "show:" + s.ID.String()
	b.wantTags("a draft", func() { b.season(s, 2, object{"status": "draft"}) })
	b.wantTags("an edit of a draft", func() {
		b.edit("PUT", s.Location()+"/seasons/2", seasonBody(2, object{"status": "draft", "title": "Two"})).Want(200)
	})
	b.wantTags("deleting a draft", func() { b.edit("DELETE", s.Location()+"/seasons/2", nil).Want(204) })
	var season AdminSeason
	b.wantTags("a season", func() { season = b.season(s, 1, nil) }, own, "shows")
	e := b.published(season, 1, nil)
	paths := []string{forViewers(season), forViewers(season) + "/episodes", forViewers(e)}
	look := func(status int) {
		t.Helper()
		for _, path := range paths {
			b.see(viewer, path).Want(status)
		}
		if got := b.list(viewer, forViewers(s)+"/seasons"); len(got) == 1 != (status == 200) {
			t.Errorf("seasons %v", got)
		}
	}
	put := func(fields object) func() {
		return func() { b.edit("PUT", season.Location(), seasonBody(1, fields)).Want(200) }
	}
	look(200)
	b.wantTags("an edit", put(object{"title": "One"}), own)
	b.wantTags("an edit that changes nothing", put(object{"title": "One"}))
	b.wantTags("completed", put(object{"title": "One", "status": "completed"}), own)
	b.wantTags("a draft again", put(object{"title": "One", "status": "draft"}), "!"+own, "!shows", "!episodes")
	look(404)
	b.wantTags("published again", put(object{"title": "One"}), own, "shows", "episodes")
	look(200)
	b.edit("POST", s.Location()+"/unpublish", nil).Want(200)
	b.wantTags("a draft of a hidden show", put(object{"title": "One", "status": "draft"}))
	look404 := append(paths, forViewers(s)+"/seasons")
	for _, path := range look404 {
		b.see(viewer, path).Want(404)
	}
}

// Two editors take one number at once: one of them has it.
func TestSameNumberAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.show(nil)
	season := b.season(s, 1, nil)
	race := func(path string, body object) {
		t.Helper()
		statuses := make([]int, 4)
		var wg sync.WaitGroup
		for i := range statuses {
			wg.Go(func() {
				for statuses[i] = 503; statuses[i] == 503; { // some may be told to come back
					statuses[i] = b.edit("POST", path, body).Status
				}
			})
		}
		wg.Wait()
		slices.Sort(statuses)
		if want := []int{http.StatusCreated, 409, 409, 409}; !slices.Equal(statuses, want) {
			t.Errorf("%s: %v, want %v", path, statuses, want)
		}
	}
	for n := range 5 {
		race(s.Location()+"/seasons", seasonBody(n+2, nil))
		race(season.Location()+"/episodes", episodeBody(1, n, nil))
	}
}

// A season that is deleted while an episode of it is published: one of them loses.
func TestDeletingMeetsPublishing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.onAir(nil)
	for n := 1; n <= 10; n++ {
		season := b.season(s, n, nil)
		e := b.episode(season, 1, nil)
		b.video(e)
		var deleted, published int
		var wg sync.WaitGroup
		wg.Go(func() { deleted = b.edit("DELETE", season.Location(), nil).Status })
		wg.Go(func() { published = b.edit("POST", e.Location()+"/publish", nil).Status })
		wg.Wait()
		if got := fmt.Sprint(deleted, published); got != "204 404" && got != "409 200" {
			t.Errorf("deleting and publishing: %s", got)
		}
	}
}
