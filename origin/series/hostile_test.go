package series

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"encora/origin/apitest"
)

// Every operation is refused without a token, with a bad one, and without its scope.
func TestDenials(t *testing.T) {
	t.Parallel()
	b := setup(t)
	numbers := strings.NewReplacer("{show_id}", apitest.AccountID, "{season_number}", "1", "{episode_number}", "1")
	for _, e := range b.domain.Entries() {
		b.Denied(t, apitest.Request{Method: e.Method, Path: numbers.Replace(e.Path), Access: e.Access})
	}
}

func TestHostileShows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.genre("crime")
	valid := showBody(object{"original_title": "DARK", "synopsis": "Winden.", "genres": []string{"crime"}, "network": "Netflix", "country_of_origin": []string{"DE"},
		"language": "de", "first_air_date": "2017-12-01", "last_air_date": "2020-06-27", "images": object{"poster_url": "https://cdn.example.com/p.jpg"},
		"cast":             []object{{"name": "A", "role": "actor", "character_name": "B", "image_url": "https://cdn.example.com/a.jpg", "sort_order": 1}},
		"geo_restrictions": nil})
	s := b.show(nil)
	b.Hostile(t, apitest.Request{Method: "POST", Path: adminShows, Access: editor}, valid)
	b.Hostile(t, apitest.Request{Method: "PUT", Path: s.Location(), Access: editor}, valid)
	b.HostileQuery(t, apitest.Request{Path: shows, Access: "viewer"}, "cursor", "limit", "sort", "q", "genre", "status", "content_rating", "fields")
	b.HostileQuery(t, apitest.Request{Path: adminShows, Access: editor}, "cursor", "limit", "sort", "q", "status", "fields")
	on := b.onAir(nil)
	b.HostileQuery(t, apitest.Request{Path: forViewers(on) + "/related", Access: "viewer"}, "limit", "fields")
	for _, bad := range []string{"x", "%00", s.ID.String() + "x", "%F0%9F%91%A9"} {
		b.see(viewer, shows+"/"+bad).Want(http.StatusBadRequest).Refused()
		b.see(editor, adminShows+"/"+bad+"/seasons").Want(http.StatusBadRequest).Refused()
	}
}

func TestHostileSeasonsAndEpisodes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.onAir(nil)
	season := b.season(s, 1, nil)
	e := b.published(season, 1, nil)
	valid := seasonBody(1, object{"title": "One", "synopsis": "First.", "images": object{"poster_url": "https://cdn.example.com/p.jpg"},
		"air_date": "2017-12-01", "end_date": "2017-12-01", "status": "completed"})
	b.Hostile(t, apitest.Request{Method: "PUT", Path: season.Location(), Access: editor}, valid)
	b.Hostile(t, apitest.Request{Method: "POST", Path: s.Location() + "/seasons", Access: editor}, with(valid, object{"season_number": 2}))
	b.edit("PUT", season.Location(), valid).Want(http.StatusOK)
	draft := b.episode(season, 2, nil)
	body := episodeBody(1, 2, object{"synopsis": "Second.", "content_rating": "TV-14", "images": object{"poster_url": "https://cdn.example.com/p.jpg"}, "air_date": "2017-12-01",
		"available_from": b.Now(), "available_until": b.Now().Add(time.Hour)})
	b.Hostile(t, apitest.Request{Method: "PUT", Path: draft.Location(), Access: editor}, body)
	b.Hostile(t, apitest.Request{Method: "POST", Path: season.Location() + "/episodes", Access: editor}, with(body, object{"episode_number": 3}))
	for body, want := range map[string]int{`{"available_from": 5}`: 400, `{"available_from": null}`: 400, `{"from": "x"}`: 400, `[]`: 400, `{`: 400, `{"available_from": "soon"}`: 422} {
		b.edit("POST", draft.Location()+"/publish", body).Want(want).Refused()
	}
	b.HostileQuery(t, apitest.Request{Path: forViewers(s) + "/seasons", Access: "viewer"}, "fields")
	b.HostileQuery(t, apitest.Request{Path: forViewers(season) + "/episodes", Access: "viewer"}, "cursor", "limit", "sort", "fields")
	b.HostileQuery(t, apitest.Request{Path: season.Location() + "/episodes", Access: editor}, "cursor", "limit", "fields")
	b.HostileQuery(t, apitest.Request{Path: forViewers(e), Access: "viewer"}, "fields")
	for _, bad := range []string{"x", "0", "-1", "1.5", "1e2", "99999999999999999999", "%00", "01", "+1"} {
		b.see(viewer, forViewers(s)+"/seasons/"+bad).Want(http.StatusBadRequest).Refused()
		b.see(editor, s.Location()+"/seasons/"+bad+"/episodes/1").Want(http.StatusBadRequest).Refused()
	}
	b.see(viewer, forViewers(season)+"/episodes/-1").Want(http.StatusBadRequest).Refused()
}
