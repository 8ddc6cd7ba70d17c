package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
)

// object is JSON without a type.
type object = map[string]any

// text is the object's JSON.
func text(o any) string {
	raw, err := json.Marshal(o)
	if err != nil {
		panic(err) // bodies are of literals
	}
	return string(raw)
}

// make is an editor's POST; it returns the new id.
func (s *stack) make(path string, body object) string {
	s.t.Helper()
	return s.edit("POST", path, text(body)).id()
}

// act is an editor's POST without a body.
func (s *stack) act(path string) {
	s.t.Helper()
	s.edit("POST", path, "")
}

// asset registers something that is packaged already, in German.
func (s *stack) asset(kind, contentType, id string) {
	s.t.Helper()
	s.make("/v2/admin/media/assets", object{"asset_type": kind, "target": object{"content_type": contentType, "content_id": id},
		"hls_path": "/film/v.m3u8", "language": "de"})
}

func genreBody(slug string) object {
	return object{"name": strings.ToUpper(slug[:1]) + slug[1:], "slug": slug, "content_types": []string{"movie", "show"}}
}

// movieBody is a film that lacks nothing but its video, with fields replaced.
func movieBody(title string, fields object) object {
	return with(object{"title": title, "status": "draft", "drm_required": false, "runtime_minutes": 90, "content_rating": "PG"}, fields)
}

// filmOf creates a film with a video and publishes it; its window may open later.
func (s *stack) filmOf(title string, fields object) string {
	s.t.Helper()
	id := s.make("/v2/admin/movies", movieBody(title, fields))
	s.asset("video_master", "movie", id)
	s.publish("/v2/admin/movies/"+id, fields)
	return id
}

// publish publishes from the instant on that fields may name.
func (s *stack) publish(at string, fields object) {
	s.t.Helper()
	s.edit("POST", at+"/publish", text(with(object{"available_from": fields["available_from"]}, nil)))
}

func showBody(title string, fields object) object {
	return with(object{"title": title, "status": "draft", "drm_required": false, "content_rating": "TV-14"}, fields)
}

func seasonBody(number int, status string) object {
	return object{"season_number": number, "status": status}
}

func episodeBody(number int, fields object) object {
	return with(object{"season_number": 1, "episode_number": number, "title": fmt.Sprint("Episode ", number), "runtime_minutes": 40, "status": "draft"}, fields)
}

// show creates one that is ongoing, with a season that viewers see.
func (s *stack) show(title string, fields object) string {
	s.t.Helper()
	id := s.make("/v2/admin/shows", showBody(title, with(object{"status": "ongoing"}, fields)))
	s.make("/v2/admin/shows/"+id+"/seasons", seasonBody(1, "published"))
	return id
}

const firstSeason = "/seasons/1/episodes"

// episode creates one with a video in a show's first season.
func (s *stack) episode(show string, number int, fields object) string {
	s.t.Helper()
	id := s.make("/v2/admin/shows/"+show+firstSeason, episodeBody(number, fields))
	s.asset("video_master", "episode", id)
	return id
}

// aired is an episode that is published.
func (s *stack) aired(show string, number int, fields object) string {
	s.t.Helper()
	id := s.episode(show, number, fields)
	s.publish(fmt.Sprint("/v2/admin/shows/", show, firstSeason, "/", number), fields)
	return id
}

// ref names a title in a collection.
func ref(contentType, id string) object { return object{"content_type": contentType, "content_id": id} }

// collectionBody is a manual collection that is published, with fields replaced.
func collectionBody(slug string, fields object) object {
	return with(object{"slug": slug, "title": "Collection " + slug, "type": "manual", "status": "published"}, fields)
}

func (s *stack) collection(slug string, fields object) string {
	s.t.Helper()
	return s.make("/v2/admin/collections", collectionBody(slug, fields))
}

// selection is a collection of what a filter selects.
func (s *stack) selection(slug, query string) string {
	s.t.Helper()
	return s.collection(slug, object{"type": "dynamic", "query": query})
}

// layOut makes the rails the home screen.
func (s *stack) layOut(rails ...object) {
	s.t.Helper()
	s.edit("PUT", "/v2/admin/home-layout", text(object{"rails": rails}))
}

// railOf shows a collection.
func railOf(collection string) object {
	return object{"type": "collection", "title": "Rail", "collection_id": collection}
}

// block attaches a rule that denies a country.
func (s *stack) block(country string, content ...string) string {
	s.t.Helper()
	return s.make("/v2/admin/geo-restrictions", object{"name": "Not in " + country, "policy": "block_list", "territories": []string{country}, "applies_to": content})
}

// with is a body with fields replaced; nil takes one out.
func with(body, fields object) object {
	all := object{}
	maps.Copy(all, body)
	maps.Copy(all, fields)
	maps.DeleteFunc(all, func(_ string, value any) bool { return value == nil })
	return all
}

// told is what a reply tells a player: all of it but where it comes from, when, and which request it answers.
func (r reply) told() string {
	var b strings.Builder
	header := r.header.Clone()
	for _, name := range []string{"Date", "Age", "Cache-Status"} {
		header.Del(name)
	}
	fmt.Fprintln(&b, r.status, r.body)
	_ = header.Write(&b) // in the order of names; a builder takes everything
	return b.String()
}

// plainly asks an edge under an id that is always the same, so that answers can be compared byte for byte.
func (s *stack) plainly(edge int, path, token string, header ...string) reply {
	s.t.Helper()
	return call(s.t.Context(), http.MethodGet, s.edges[edge]+path, token, "", append(header, "X-Request-Id", "same")...)
}
