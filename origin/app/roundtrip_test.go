package app

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"encora/origin/apitest"
)

// What an editor reads can be put back: the fields that are for reading alone taken away, it changes nothing.
func TestWhatIsReadCanBePutBack(t *testing.T) {
	t.Parallel()
	o := startOrigin(t)
	doc := spec{t, description(t, o.domains.entries())}
	f := func(pattern, create string, body object) string {
		t.Helper()
		var made object
		if err := json.Unmarshal(o.edit("POST", create, body).Want(201).Body, &made); err != nil {
			t.Fatal(err)
		}
		created := o.edit("POST", create, body) // its address, or 409 where names are unique
		path := created.Header.Get("Location")
		if created.Status != 201 {
			path = create + "/" + made["id"].(string)
		}
		o.putBack(doc, pattern, path)
		return path
	}
	f("/v2/admin/movies/{movie_id}", "/v2/admin/movies", object{"title": "Heat", "status": "draft", "drm_required": false})
	f("/v2/admin/channels/{channel_id}", "/v2/admin/channels", object{"name": "One", "status": "live", "drm_required": false, "is_premium": false, "is_catchup_enabled": false})
	f("/v2/admin/collections/{collection_id}", "/v2/admin/collections", object{"slug": "all", "title": "All", "type": "dynamic", "status": "published", "query": "release_year > 0"})
	show := f("/v2/admin/shows/{show_id}", "/v2/admin/shows", object{"title": "Dark", "status": "draft", "drm_required": false})
	o.edit("POST", show+"/seasons", object{"season_number": 1, "status": "draft"}).Want(201)
	o.putBack(doc, "/v2/admin/shows/{show_id}/seasons/{season_number}", show+"/seasons/1")
	o.edit("POST", show+"/seasons/1/episodes", object{"season_number": 1, "episode_number": 0, "title": "Secrets", "status": "draft"}).Want(201)
	o.putBack(doc, "/v2/admin/shows/{show_id}/seasons/{season_number}/episodes/{episode_number}", show+"/seasons/1/episodes/0")
	o.edit("PUT", "/v2/admin/home-layout", object{"rails": []object{{"type": "trending", "title": "Now"}, {"type": "watchlist", "title": "Yours"}}}).Want(200)
	o.putBack(doc, "/v2/admin/home-layout", "/v2/admin/home-layout")
}

func (o *origin) putBack(doc spec, pattern, path string) {
	doc.t.Helper()
	read := o.Do(apitest.Request{Method: "GET", Path: path, Access: editing}).Want(200)
	var resource object
	if err := json.Unmarshal(read.Body, &resource); err != nil {
		doc.t.Fatal(err)
	}
	put := doc.doc["paths"].(object)[pattern].(object)["put"].(object)
	taken := doc.resolve(jsonContent(put["requestBody"].(object)))["properties"].(object)
	maps.DeleteFunc(resource, func(name string, _ any) bool { return taken[name] == nil })
	again := o.edit("PUT", path, resource).Want(200)
	if strings.TrimSpace(string(again.Body)) != strings.TrimSpace(string(read.Body)) || again.Header.Get("ETag") != read.Header.Get("ETag") {
		doc.t.Errorf("%s: read %s, put back %s", path, read.Body, again.Body)
	}
}
