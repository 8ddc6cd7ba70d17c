package catalog_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/origin/catalog"
	"encora/shared/op"
)

// object is JSON without a type.
type object = map[string]any

// catalogue serves the domain's entries on a database of its own.
func catalogue(t *testing.T) *apitest.Bundle {
	t.Helper()
	return apitest.New(t, func(b *apitest.Bundle) []api.Entry { return newDomain(b.DB).Entries() })
}

const editor = "content:read content:write content:publish"

func created(b *apitest.Bundle, path string, body any) string {
	var v object
	b.Do(apitest.Request{Method: "POST", Path: path, Access: editor, Body: body}).Want(http.StatusCreated).Decode(&v)
	return v["id"].(string)
}

// Every operation is refused without a token, with a bad one, and without its scope.
func TestDenials(t *testing.T) {
	t.Parallel()
	b := catalogue(t)
	for _, e := range (&catalog.Domain{}).Entries() {
		if e.Access != op.Public {
			path := strings.NewReplacer("{movie_id}", apitest.AccountID, "{genre_id}", apitest.AccountID).Replace(e.Path)
			b.Denied(t, apitest.Request{Method: e.Method, Path: path, Access: e.Access})
		}
	}
}

func TestHostileMovies(t *testing.T) {
	t.Parallel()
	b := catalogue(t)
	created(b, "/v2/admin/genres", object{"name": "Crime", "slug": "crime", "content_types": []string{"movie"}})
	valid := object{
		"title": "Heat", "original_title": "Heat", "synopsis": "Los Angeles.", "tagline": "A tagline.", "release_year": 1995, "runtime_minutes": 170,
		"content_rating": "R", "genres": []string{"crime"}, "country_of_origin": []string{"US"}, "studio": "Studio", "audio_languages": []string{"en"},
		"subtitle_languages": []string{"pt-BR"}, "cast": []object{{"name": "A", "role": "actor", "character_name": "B", "image_url": "https://cdn.example.com/a.jpg", "sort_order": 1}},
		"images": object{"poster_url": "https://cdn.example.com/p.jpg"}, "status": "draft", "geo_restrictions": nil, "drm_required": true,
		"available_from": time.Now().Add(time.Hour).Format(time.RFC3339), "available_until": nil,
	}
	id := created(b, "/v2/admin/movies", valid)
	b.Hostile(t, apitest.Request{Method: "POST", Path: "/v2/admin/movies", Access: editor}, valid)
	b.Hostile(t, apitest.Request{Method: "PUT", Path: "/v2/admin/movies/" + id, Access: editor}, valid)
	for body, want := range map[string]int{`{"available_from": 5}`: 400, `{"available_from": null}`: 400, `{"from": "x"}`: 400, `[]`: 400, `{`: 400, `{"available_from": "soon"}`: 422} {
		b.Do(apitest.Request{Method: "POST", Path: "/v2/admin/movies/" + id + "/publish", Access: editor, Body: body}).Want(want).Refused()
	}
	b.HostileQuery(t, apitest.Request{Path: "/v2/movies", Access: "viewer"}, "cursor", "limit", "sort", "q", "genre", "release_year", "content_rating", "language", "fields")
	b.HostileQuery(t, apitest.Request{Path: "/v2/admin/movies", Access: editor}, "cursor", "limit", "sort", "q", "genre", "status", "fields")
	b.Exec(`INSERT INTO media_assets (id, asset_type, content_type, content_id, key_ids, status, created_at)
		VALUES ($1, 'video_master', 'movie', $1, '{}', 'ready', now())`, id)
	b.Do(apitest.Request{Method: "POST", Path: "/v2/admin/movies/" + id + "/publish", Access: editor}).Want(http.StatusOK)
	b.HostileQuery(t, apitest.Request{Path: "/v2/movies/" + id + "/related", Access: "viewer"}, "limit", "fields")
	for _, path := range []string{"/v2/movies/", "/v2/admin/movies/"} {
		for _, bad := range []string{"x", "%00", id + "x", "%F0%9F%91%A9", strings.ToUpper(id) + "%20"} {
			b.Do(apitest.Request{Method: "GET", Path: path + bad, Access: map[bool]string{true: editor, false: "viewer"}[strings.Contains(path, "admin")]}).Want(http.StatusBadRequest).Refused()
		}
	}
}

func TestHostileGenres(t *testing.T) {
	t.Parallel()
	b := catalogue(t)
	parent := created(b, "/v2/admin/genres", object{"name": "Crime", "slug": "crime", "content_types": []string{"movie"}})
	id := created(b, "/v2/admin/genres", object{"name": "Heist", "slug": "heist", "content_types": []string{"movie"}})
	valid := object{"name": "Heist", "slug": "heist", "content_types": []string{"movie", "show"}, "parent_id": parent, "image_url": "https://cdn.example.com/g.jpg"}
	fresh := maps.Clone(valid)
	fresh["slug"] = "superhero" // the first request, which is valid, takes it
	b.Hostile(t, apitest.Request{Method: "POST", Path: "/v2/admin/genres", Access: editor}, fresh)
	b.Hostile(t, apitest.Request{Method: "PUT", Path: "/v2/admin/genres/" + id, Access: editor}, valid)
	b.HostileQuery(t, apitest.Request{Path: "/v2/genres", Access: "viewer"}, "content_type", "fields")
}
