package series

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/shared/wire"
)

const (
	editor = "content:read content:write content:publish"
	viewer = "viewer@FR"
)

// object is JSON without a type.
type object = map[string]any

// bundle is the domain behind real sockets and a real database, with stand-ins for what other domains own.
type bundle struct {
	*apitest.Bundle
	t      *testing.T
	domain *Domain
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{t: t}
	b.Bundle = apitest.New(t, func(a *apitest.Bundle) []api.Entry {
		b.domain = &Domain{DB: a.DB, Upkeep: apitest.Upkeep, AddVideos: apitest.AddVideos}
		return b.domain.Entries()
	})
	b.Server.DenyRules = apitest.DenyRules
	b.Set(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	return b
}

func (b *bundle) advance(d time.Duration) { b.Set(b.Now().Add(d)) }

func (b *bundle) edit(method, path string, body any, header ...string) *apitest.Answer {
	b.t.Helper()
	r := apitest.Request{Method: method, Path: path, Access: editor, Body: body, Header: map[string]string{}}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header[header[i]] = header[i+1]
	}
	return b.Do(r)
}

func (b *bundle) see(access, path string) *apitest.Answer {
	b.t.Helper()
	return b.Do(apitest.Request{Method: "GET", Path: path, Access: access, Header: map[string]string{"X-Request-Id": "r"}})
}

// fill asks as an edge does.
func (b *bundle) fill(path string) *apitest.Answer {
	b.t.Helper()
	return b.Ask(wire.FillPrefix+path, nil)
}

func with(body, fields object) object {
	body = maps.Clone(body)
	maps.Copy(body, fields)
	return body
}

// showBody is a legal body, with fields replaced.
func showBody(fields object) object {
	return with(object{"title": "Dark", "content_rating": "TV-MA", "status": "draft", "drm_required": false}, fields)
}

func seasonBody(number int, fields object) object {
	return with(object{"season_number": number, "status": "published"}, fields)
}

func episodeBody(season, number int, fields object) object {
	return with(object{"season_number": season, "episode_number": number, "title": fmt.Sprintf("Episode %d", number), "runtime_minutes": 50, "status": "draft"}, fields)
}

func made[T any](b *bundle, path string, body any) T {
	b.t.Helper()
	var v T
	b.edit("POST", path, body).Want(http.StatusCreated).Decode(&v)
	return v
}

func (b *bundle) show(fields object) AdminShow {
	b.t.Helper()
	return made[AdminShow](b, adminShows, showBody(fields))
}

// onAir is a show that viewers see.
func (b *bundle) onAir(fields object) AdminShow {
	b.t.Helper()
	return b.show(with(object{"status": "ongoing"}, fields))
}

func (b *bundle) season(of AdminShow, number int, fields object) AdminSeason {
	b.t.Helper()
	return made[AdminSeason](b, of.Location()+"/seasons", seasonBody(number, fields))
}

func (b *bundle) episode(of AdminSeason, number int, fields object) AdminEpisode {
	b.t.Helper()
	return made[AdminEpisode](b, of.Location()+"/episodes", episodeBody(of.SeasonNumber, number, fields))
}

func (b *bundle) video(e AdminEpisode) {
	b.t.Helper()
	if err := apitest.AddVideo(b.t.Context(), b.DB.Pool(), "episode", e.ID); err != nil {
		b.t.Fatal(err)
	}
}

// published is an episode that is published, in the window that fields may have.
func (b *bundle) published(of AdminSeason, number int, fields object) AdminEpisode {
	b.t.Helper()
	e := b.episode(of, number, fields)
	b.video(e)
	status := "published"
	if fields["available_from"] != nil {
		status = "scheduled"
	}
	b.edit("PUT", e.Location(), episodeBody(of.SeasonNumber, number, with(object{"status": status}, fields))).Want(http.StatusOK).Decode(&e)
	return e
}

// forViewers is the viewers' address of what editors have an address for.
func forViewers(l api.Located) string { return strings.Replace(l.Location(), "/admin", "", 1) }

// during lists the distinct tags that fn's writes emitted, sorted, without those of suggestions.
func (b *bundle) during(fn func()) []string {
	b.t.Helper()
	head := b.Head()
	fn()
	tags := slices.DeleteFunc(b.TagsSince(head), func(tag string) bool { return strings.HasPrefix(tag, "suggest:") })
	slices.Sort(tags)
	return slices.Compact(tags)
}

func (b *bundle) wantTags(what string, fn func(), want ...string) {
	b.t.Helper()
	slices.Sort(want)
	if got := b.during(fn); !slices.Equal(got, want) {
		b.t.Errorf("%s emits %q, want %q", what, got, want)
	}
}

func (b *bundle) events() []string {
	return apitest.Column[string](b.Bundle, `SELECT payload->>'content_type' || ' ' || type FROM events ORDER BY id`)
}

// actions lists those that the audit has of a resource.
func (b *bundle) actions(id uuid.UUID) []string {
	return apitest.Column[string](b.Bundle, `SELECT action FROM audit_log WHERE resource_id = $1 ORDER BY id`, id)
}

func (b *bundle) count(q string, args ...any) int {
	return apitest.Column[int](b.Bundle, q, args...)[0]
}

// list reads the items of a list.
func (b *bundle) list(access, path string) []object {
	b.t.Helper()
	var v struct {
		Data []object
		Meta object
	}
	b.see(access, path).Want(http.StatusOK).Decode(&v)
	return v.Data
}

// each value of a field of a list's items.
func values(items []object, field string) string {
	texts := make([]string, len(items))
	for i := range items {
		texts[i] = fmt.Sprint(items[i][field])
	}
	return strings.Join(texts, " ")
}

func (b *bundle) one(access, path string) object {
	b.t.Helper()
	var v object
	b.see(access, path).Want(http.StatusOK).Decode(&v)
	return v
}

func (b *bundle) genre(slug string) uuid.UUID {
	id := uuid.Must(uuid.NewV7())
	b.Exec(`INSERT INTO genres (id, name, slug, content_types, image_url, created_at, updated_at) VALUES ($1, $2, $2, '{show}', '', now(), now())`, id, slug)
	return id
}
