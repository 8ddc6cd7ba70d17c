package media

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/origin/record"
	"encora/shared/wire"
)

const editor = "media:read media:write"

type object = map[string]any

// bundle is the domain with films.
type bundle struct {
	*apitest.Bundle
	domain *Domain
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{domain: &Domain{CDNBaseURL: "https://cdn.example.com"}}
	b.Bundle = apitest.New(t, func(*apitest.Bundle) []api.Entry { return b.domain.Entries() })
	return b
}

func (b *bundle) film(visible bool) uuid.UUID {
	state := "unpublished"
	if visible {
		state = "published"
	}
	return b.Movies(1, state)[0]
}

func (b *bundle) register(film uuid.UUID, assetType string, more object) Asset {
	body := object{"asset_type": assetType, "target": object{"content_type": "movie", "content_id": film}, "hls_path": "/f/" + film.String() + "/master.m3u8"}
	maps.Copy(body, more)
	if body["dash_path"] != nil && more["hls_path"] == nil {
		delete(body, "hls_path")
	}
	var a Asset
	b.Do(apitest.Request{Method: "POST", Path: assets, Access: editor, Body: body}).Want(201).Decode(&a)
	return a
}

func (b *bundle) remove(a Asset) *apitest.Answer {
	return b.Do(apitest.Request{Method: "DELETE", Path: a.Location(), Access: editor})
}

func (b *bundle) during(fn func()) string {
	head := b.Head()
	fn()
	return apitest.TitleTags(b.TagsSince(head))
}

func TestRegister(t *testing.T) {
	t.Parallel()
	b := setup(t)
	film := b.film(false)
	key := uuid.Must(uuid.NewV7())
	answer := b.Do(apitest.Request{Method: "POST", Path: assets, Access: editor, Body: object{"asset_type": "video_master",
		"target": object{"content_type": "movie", "content_id": film}, "dash_path": "/f/1/manifest.mpd", "hls_path": "/f/1/master.m3u8",
		"duration_seconds": 5400, "key_ids": []uuid.UUID{key}, "language": "en-GB", "kind": "main", "title": "Feature"}}).Want(201)
	var a Asset
	answer.Decode(&a)
	want := Asset{ID: a.ID, AssetType: "video_master", Target: AssetTarget{"movie", film}, DASHPath: "/f/1/manifest.mpd", HLSPath: "/f/1/master.m3u8",
		DurationSeconds: 5400, KeyIDs: []uuid.UUID{key}, Language: "en-GB", Kind: "main", Title: "Feature", Status: "ready", CreatedAt: a.CreatedAt}
	var page api.Counted[Asset]
	listed := b.Do(apitest.Request{Method: "GET", Path: assets, Access: "media:read"}).Want(200)
	listed.Decode(&page)
	if !strings.Contains(string(listed.Body), string(answer.Body)) || len(page.Data) != 1 || !same(page.Data[0], want) {
		t.Errorf("registered %s, listed %s", answer.Body, listed.Body)
	}
	if answer.Header.Get("Location") != assets+"/"+a.ID.String() || a.ID.Version() != 7 || time.Since(a.CreatedAt).Abs() > time.Minute {
		t.Errorf("Location %q of %+v", answer.Header.Get("Location"), a)
	}
	b.remove(a).Want(204)
	b.remove(a).Want(404)
	if want := []string{"media.asset_registered", "media.asset_deleted"}; !slices.Equal(b.Actions(), want) {
		t.Errorf("audit has %q, want %q", b.Actions(), want)
	}
}

func same(a, b Asset) bool {
	return a.ID == b.ID && a.AssetType == b.AssetType && a.Target == b.Target && a.DASHPath == b.DASHPath && a.HLSPath == b.HLSPath &&
		a.DurationSeconds == b.DurationSeconds && slices.Equal(a.KeyIDs, b.KeyIDs) && a.Language == b.Language && a.Kind == b.Kind &&
		a.Title == b.Title && a.Status == b.Status
}

func TestEveryFaultIsNamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	film := b.film(false)
	f := func(body object, want ...string) {
		t.Helper()
		got := slices.Sorted(slices.Values(b.Do(apitest.Request{Method: "POST", Path: assets, Access: editor, Body: body}).Want(422).Refused().Fields()))
		if !slices.Equal(got, want) {
			t.Errorf("422 names %q, want %q", got, want)
		}
	}
	target := object{"content_type": "movie", "content_id": film}
	f(object{}, "asset_type", "dash_path", "hls_path", "target")
	f(object{"asset_type": "video", "target": object{"content_type": "film", "content_id": film}, "hls_path": "x"}, "asset_type", "hls_path", "target.content_id", "target.content_type")
	f(object{"asset_type": "trailer", "target": target}, "dash_path", "hls_path")
	f(object{"asset_type": "trailer", "target": object{"content_type": "show", "content_id": film}, "hls_path": "/a"}, "target.content_id")
	f(object{"asset_type": "trailer", "target": object{"content_type": "movie", "content_id": uuid.Nil}, "hls_path": "/a"}, "target.content_id")
	for _, path := range []string{"a", "//a", "/a//b", "/a/../b", "/..", "/a/.", "/a/", "/", "https://evil.example/a", "//evil.example/a", "/a b", "/a?b=c",
		"/a#b", "/a%2e%2e/b", `/a\b`, "/é", "/a\nb", "/" + strings.Repeat("a", 1024)} {
		f(object{"asset_type": "trailer", "target": target, "hls_path": path, "dash_path": "/ok.mpd"}, "hls_path")
		f(object{"asset_type": "trailer", "target": target, "dash_path": path, "hls_path": "/ok.m3u8"}, "dash_path")
	}
	for _, language := range []string{"english!", "e", "en_US", "xx-yy-zz-toolongsubtag", "qq-"} {
		f(object{"asset_type": "subtitle", "target": target, "hls_path": "/a", "language": language}, "language")
	}
	f(object{"asset_type": "subtitle", "target": target, "hls_path": "/a", "duration_seconds": 0, "kind": "Main!", "title": strings.Repeat("x", 256)}, "duration_seconds", "kind", "title")
	if len(b.Actions()) != 0 {
		t.Errorf("audit has %q", b.Actions())
	}
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := b.film(false), b.film(false)
	b.register(one, "video_master", nil)
	b.register(one, "trailer", nil)
	b.register(two, "trailer", nil)
	f := func(query string, total int) {
		t.Helper()
		var page api.Counted[Asset]
		b.Do(apitest.Request{Method: "GET", Path: assets + query, Access: "media:read"}).Want(200).Decode(&page)
		if page.Meta.TotalCount != total {
			t.Errorf("%s: %d in all, want %d", query, page.Meta.TotalCount, total)
		}
		for page.Meta.HasMore {
			n := len(page.Data)
			cursor := *page.Meta.NextCursor
			page = api.Counted[Asset]{}
			b.Do(apitest.Request{Method: "GET", Path: assets + query + "&cursor=" + cursor, Access: "media:read"}).Want(200).Decode(&page)
			total -= n
		}
		if len(page.Data) != total {
			t.Errorf("%s: %d on the last page, want %d", query, len(page.Data), total)
		}
	}
	f("", 3)
	f("?limit=1", 3)
	f("?asset_type=trailer&limit=1", 2)
	f("?content_id="+one.String(), 2)
	f("?content_id="+one.String()+"&asset_type=trailer", 1)
	f("?content_type=movie", 3)
	f("?content_type=show", 0)
}

func TestLastVideoOfPublishedTitleStays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	published, draft := b.film(true), b.film(false)
	first, second, clip := b.register(published, "video_master", nil), b.register(published, "video_master", nil), b.register(published, "trailer", nil)
	b.remove(b.register(draft, "video_master", nil)).Want(204)
	b.remove(second).Want(204)
	b.remove(first).Want(409).Refused()
	b.remove(clip).Want(204)
	b.Exec(`UPDATE movies SET state = 'unpublished'`)
	b.remove(first).Want(204)
}

// TestDeleteMeetsPublish has a publish, which locks the film and looks for a video, meet the deletion of the only one:
// one of them must lose.
func TestDeleteMeetsPublish(t *testing.T) {
	t.Parallel()
	b := setup(t)
	film := b.film(false)
	a := b.register(film, "video_master", nil)
	tx, err := b.DB.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	if _, err := tx.Exec(t.Context(), `UPDATE movies SET state = 'published' WHERE id = $1`, film); err != nil {
		t.Fatal(err)
	}
	answer := make(chan *apitest.Answer, 1)
	go func() { answer <- b.remove(a) }()
	for waiting := false; !waiting && len(answer) == 0; {
		const q = `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`
		if err := b.DB.Pool().QueryRow(t.Context(), q).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	(<-answer).Want(409)
}

func TestTagsOfChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	seen, hidden := b.film(true), b.film(false)
	var a Asset
	if got := b.during(func() { a = b.register(seen, "trailer", nil) }); got != "movie:"+seen.String() {
		t.Errorf("registering emits %q", got)
	}
	if got := b.during(func() { b.remove(a).Want(204) }); got != "!movie:"+seen.String() {
		t.Errorf("deleting emits %q", got)
	}
	if got := b.during(func() { b.remove(b.register(hidden, "trailer", nil)).Want(204) }); got != "" {
		t.Errorf("what nobody sees emits %q", got)
	}
}

func TestTrailers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	film := b.film(true)
	b.register(film, "video_master", nil)
	first := b.register(film, "trailer", object{"title": "Teaser", "duration_seconds": 30, "language": "sv", "dash_path": "/t/1.mpd", "hls_path": "/t/1.m3u8"})
	second := b.register(film, "trailer", object{"hls_path": "/t/2.m3u8"})
	path := "/v2/movies/" + film.String() + "/trailers"
	want := `{"data":[{"id":"` + first.ID.String() + `","title":"Teaser","hls_url":"https://cdn.example.com/t/1.m3u8","dash_url":"https://cdn.example.com/t/1.mpd","duration_seconds":30,"language":"sv"},` +
		`{"id":"` + second.ID.String() + `","hls_url":"https://cdn.example.com/t/2.m3u8"}]}`
	if a := b.Do(apitest.Request{Method: "GET", Path: path, Access: "viewer"}).Want(200); string(a.Body) != want {
		t.Errorf("answered %s, want %s", a.Body, want)
	}
	a := b.Do(apitest.Request{Method: "GET", Path: path + "?fields=id", Access: "viewer"}).Want(200)
	if want := `{"data":[{"id":"` + first.ID.String() + `"},{"id":"` + second.ID.String() + `"}]}`; string(a.Body) != want {
		t.Errorf("sparse answer %s, want %s", a.Body, want)
	}
	if fields := b.Do(apitest.Request{Method: "GET", Path: path + "?fields=nope", Access: "viewer"}).Want(400).Refused().Fields(); !slices.Equal(fields, []string{"fields"}) {
		t.Errorf("400 names %q", fields)
	}
	if tags := b.Ask(wire.FillPrefix+path, nil).Want(200).Header.Get(wire.Tags); tags != "movie:"+film.String() {
		t.Errorf("tags %q", tags)
	}
	b.Exec(`UPDATE movies SET state = 'unpublished'`)
	gone := b.Do(apitest.Request{Method: "GET", Path: path, Access: "viewer"}).Want(404)
	never := b.Do(apitest.Request{Method: "GET", Path: "/v2/movies/" + uuid.Must(uuid.NewV7()).String() + "/trailers", Access: "viewer"}).Want(404)
	if gone.Refused().Message != never.Refused().Message {
		t.Errorf("a hidden film answers %s, an absent one %s", gone.Body, never.Body)
	}
}

func TestTracks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	film := b.film(true)
	path := "/v2/movies/" + film.String() + "/tracks"
	if a := b.Do(apitest.Request{Method: "GET", Path: path, Access: "viewer"}).Want(200); string(a.Body) != `{"subtitles":[],"audio":[]}` {
		t.Errorf("a film without tracks answers %s", a.Body)
	}
	b.register(film, "subtitle", object{"language": "fr-CA", "hls_path": "/s/fr.vtt"})
	b.register(film, "subtitle", object{"language": "sv", "kind": "captions", "title": "Svenska (SDH)", "dash_path": "/s/sv.TTML"})
	b.register(film, "audio_track", object{"language": "ja"})
	b.register(film, "audio_track", object{"kind": "commentary"})
	want := `{"subtitles":[{"language":"fr-CA","label":"français canadien","kind":"subtitles","format":"vtt","url":"https://cdn.example.com/s/fr.vtt","is_default":true},` +
		`{"language":"sv","label":"Svenska (SDH)","kind":"captions","format":"ttml","url":"https://cdn.example.com/s/sv.TTML","is_default":false}],` +
		`"audio":[{"language":"ja","label":"日本語","kind":"main","is_default":true},{"language":"und","label":"und","kind":"commentary","is_default":false}]}`
	a := b.Do(apitest.Request{Method: "GET", Path: path, Access: "viewer"}).Want(200)
	if string(a.Body) != want {
		t.Errorf("answered %s, want %s", a.Body, want)
	}
	if again := b.Do(apitest.Request{Method: "GET", Path: path, Access: "viewer", Header: map[string]string{"If-None-Match": a.Header.Get("ETag")}}); again.Status != http.StatusNotModified || len(again.Body) != 0 {
		t.Errorf("If-None-Match: status %d", again.Status)
	}
}

func TestAddAndRemove(t *testing.T) {
	t.Parallel()
	b := setup(t)
	film, other := b.film(true), b.film(true)
	b.register(other, "trailer", nil)
	write := func(fn func(ctx context.Context, w *record.Tx) error) {
		t.Helper()
		if err := b.DB.Write(t.Context(), func(tx pgx.Tx) error {
			w := record.Begin(tx, record.System("test"), b.Now())
			if err := fn(t.Context(), w); err != nil {
				return err
			}
			return w.Commit(t.Context())
		}); err != nil {
			t.Fatal(err)
		}
	}
	count := func() int {
		var page api.Counted[Asset]
		b.Do(apitest.Request{Method: "GET", Path: assets, Access: editor}).Want(200).Decode(&page)
		return page.Meta.TotalCount
	}
	write(func(ctx context.Context, w *record.Tx) error {
		return b.domain.Add(ctx, w, []Asset{{AssetType: "video_master", Target: AssetTarget{"movie", film}, HLSPath: "/a"}, {AssetType: "trailer", Target: AssetTarget{"movie", film}, HLSPath: "/b"}})
	})
	if n := count(); n != 3 {
		t.Errorf("%d assets after Add, want 3", n)
	}
	write(func(ctx context.Context, w *record.Tx) error {
		return b.domain.Remove(ctx, &api.Write{Tx: w}, film)
	})
	if n := count(); n != 1 {
		t.Errorf("%d assets after Remove, want 1", n)
	}
}

func TestAddMissing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bare, owning, clipped, hidden, gone := b.film(true), b.film(true), b.film(true), b.film(false), uuid.Must(uuid.NewV7())
	b.register(owning, "video_master", nil)
	b.register(clipped, "trailer", nil)
	audited := len(b.Actions())
	add := func() (added int) {
		t.Helper()
		var assets []Asset
		for _, id := range []uuid.UUID{bare, owning, clipped, hidden, gone} {
			assets = append(assets, Asset{AssetType: "video_master", Target: AssetTarget{"movie", id}, HLSPath: "/added"})
		}
		assets = append(assets, Asset{AssetType: "video_master", Target: AssetTarget{"channel", bare}, HLSPath: "/added"})
		if err := b.DB.Write(t.Context(), func(tx pgx.Tx) error {
			w := &api.Write{Tx: record.Begin(tx, record.System("test"), b.Now())}
			var err error
			if added, err = b.domain.AddMissing(t.Context(), w, assets); err != nil || added == 0 {
				return err
			}
			return w.Commit(t.Context())
		}); err != nil {
			t.Fatal(err)
		}
		return added
	}
	if tags := b.during(func() {
		if n := add(); n != 3 {
			t.Errorf("%d added, want 3", n)
		}
	}); tags != "movie:"+bare.String()+" movie:"+clipped.String() {
		t.Errorf("it emits %q", tags)
	}
	var page api.Counted[Asset]
	b.Do(apitest.Request{Method: "GET", Path: assets + "?asset_type=video_master", Access: editor}).Want(200).Decode(&page)
	for i, id := range []uuid.UUID{owning, bare, clipped, hidden} {
		if len(page.Data) != 4 || page.Data[i].Target != (AssetTarget{"movie", id}) || (page.Data[i].HLSPath == "/added") != (i > 0) {
			t.Fatalf("listed are %+v", page.Data)
		}
	}
	if n := add(); n != 0 {
		t.Errorf("again: %d added", n)
	}
	if got := b.Actions()[audited:]; !slices.Equal(got, []string{"media.assets_imported"}) {
		t.Errorf("audit has %q", got)
	}
}

func TestWhoMay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := uuid.Must(uuid.NewV7()).String()
	for _, r := range []apitest.Request{{Method: "GET", Path: assets}, {Method: "POST", Path: assets}, {Method: "DELETE", Path: assets + "/" + id}} {
		b.Denied(t, r)
	}
	b.Do(apitest.Request{Method: "POST", Path: assets, Access: "media:read"}).Want(403)
	b.Do(apitest.Request{Method: "DELETE", Path: assets + "/" + id, Access: "media:read"}).Want(403)
	b.Do(apitest.Request{Method: "GET", Path: "/v2/movies/" + id + "/trailers"}).Want(401)
	b.Do(apitest.Request{Method: "GET", Path: "/v2/movies/" + id + "/tracks", Access: editor}).Want(403)
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	b := setup(t)
	film := b.film(false)
	b.Hostile(t, apitest.Request{Method: "POST", Path: assets, Access: editor}, object{"asset_type": "video_master",
		"target": object{"content_type": "movie", "content_id": film}, "dash_path": "/f/1/manifest.mpd", "hls_path": "/f/1/master.m3u8",
		"duration_seconds": 5400, "key_ids": []uuid.UUID{film}, "language": "en-GB", "kind": "main", "title": "Feature"})
	b.HostileQuery(t, apitest.Request{Path: assets, Access: editor}, "content_type", "content_id", "asset_type", "cursor", "limit")
}
