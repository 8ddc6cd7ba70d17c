package curation_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/origin/apitest"
	"encora/origin/curation"
)

func rail(kind string, fields object) object {
	return with(object{"type": kind, "title": kind}, fields)
}

func (b *bundle) lay(rails ...object) curation.HomeLayout {
	b.t.Helper()
	var l curation.HomeLayout
	b.edit("PUT", adminLayout, object{"rails": append([]object{}, rails...)}).Want(http.StatusOK).Decode(&l)
	return l
}

func TestLayout(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.create(picked("a", nil))
	var empty curation.HomeLayout
	first := b.edit("GET", adminLayout, nil).Want(200)
	first.Decode(&empty)
	if empty.LayoutVersion != 0 || empty.Rails == nil || len(empty.Rails) != 0 {
		t.Errorf("at first %s", first.Body)
	}
	from := b.Now().Add(time.Hour)
	l := b.lay(rail("hero", object{"collection_id": c.ID}),
		rail("trending", object{"platforms": []string{"web", "ios", "web"}, "display": "poster", "subtitle": "S", "available_from": from, "limit": 7}),
		rail("new_releases", object{"content_type": "show"}), rail("watchlist", nil))
	if l.LayoutVersion != 1 || !l.UpdatedAt.Equal(b.Now()) || len(l.Rails) != 4 {
		t.Fatalf("laid out %+v", l)
	}
	h, tr, nr, w := l.Rails[0], l.Rails[1], l.Rails[2], l.Rails[3]
	if h.ID == uuid.Nil || h.Limit != 5 || *h.CollectionID != c.ID || h.ContentType != nil || h.Window != nil || len(h.Platforms) != 0 {
		t.Errorf("hero %+v", h)
	}
	if tr.Limit != 7 || *tr.ContentType != "mixed" || *tr.Window != "this_week" || !slices.Equal(tr.Platforms, []string{"ios", "web"}) || !tr.AvailableFrom.Equal(from) {
		t.Errorf("trending %+v", tr)
	}
	if nr.Limit != 20 || *nr.ContentType != "show" || nr.Window != nil || w.Limit != 20 || w.ContentType != nil {
		t.Errorf("new releases %+v, watchlist %+v", nr, w)
	}
	if got := b.Actions(); !slices.Contains(got, "home.updated") {
		t.Errorf("audit %q", got)
	}
}

// What GET shows is taken back as it is, and leaves nothing; a real change is a version, whoever does not know it is told.
func TestLayoutRoundTrip(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.create(picked("a", nil))
	b.lay(rail("collection", object{"collection_id": c.ID, "available_from": b.Now(), "available_until": b.Now().Add(time.Hour)}), rail("trending", object{"display": "circle"}), rail("live_now", nil))
	before := b.edit("GET", adminLayout, nil).Want(200)
	var body object
	before.Decode(&body)
	rails := body["rails"].([]any)
	put := func(rails []any, tag string) *apitest.Answer {
		return b.Do(apitest.Request{Method: "PUT", Path: adminLayout, Access: editor, Body: object{"rails": rails}, Header: map[string]string{"If-Match": tag}})
	}
	audits := len(b.Actions())
	tags := b.during(func() {
		again := put(rails, before.Header.Get("ETag")).Want(200)
		if string(again.Body) != string(before.Body) || again.Header.Get("ETag") != before.Header.Get("ETag") {
			t.Errorf("PUT answers %s, GET %s", again.Body, before.Body)
		}
	})
	if len(tags) > 0 || len(b.Actions()) != audits {
		t.Errorf("no change emits %q, and leaves %q", tags, b.Actions()[audits:])
	}
	changed := put([]any{rails[1], rails[0], rails[2]}, before.Header.Get("ETag")).Want(200)
	if !strings.Contains(string(changed.Body), `"layout_version":2`) {
		t.Errorf("changed to %s", changed.Body)
	}
	stale := put(rails, before.Header.Get("ETag")).Want(412)
	if fields := stale.Refused().Fields(); !slices.Equal(fields, []string{"layout_version", "rails"}) && !slices.Equal(fields, []string{"rails", "layout_version"}) {
		t.Errorf("412 names %q", fields)
	}
}

// What takes a rail from someone at some time is hard.
func TestChangesOfTheLayout(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, other := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	now := b.Now()
	for _, step := range []struct {
		name  string
		rails []object
		want  string
	}{
		{"a rail comes", []object{rail("live_now", object{"id": id})}, "home"},
		{"one more", []object{rail("watchlist", object{"id": other}), rail("live_now", object{"id": id})}, "home"},
		{"another order", []object{rail("live_now", object{"id": id}), rail("watchlist", object{"id": other})}, "home"},
		{"one goes", []object{rail("live_now", object{"id": id})}, "!home"},
		{"only some platforms", []object{rail("live_now", object{"id": id, "platforms": []string{"ios", "web"}})}, "!home"},
		{"more of them", []object{rail("live_now", object{"id": id, "platforms": []string{"ios", "tvos", "web"}})}, "home"},
		{"fewer", []object{rail("live_now", object{"id": id, "platforms": []string{"ios", "tvos"}})}, "!home"},
		{"all", []object{rail("live_now", object{"id": id})}, "home"},
		{"with an end", []object{rail("live_now", object{"id": id, "available_until": now.Add(time.Hour)})}, "!home"},
		{"a later one", []object{rail("live_now", object{"id": id, "available_until": now.Add(2 * time.Hour)})}, "home"},
		{"another title", []object{rail("live_now", object{"id": id, "available_until": now.Add(2 * time.Hour), "title": "Now"})}, "home"},
		{"nothing new", []object{rail("live_now", object{"id": id, "available_until": now.Add(2 * time.Hour), "title": "Now"})}, ""},
	} {
		if tags := strings.Join(b.during(func() { b.lay(step.rails...) }), " "); tags != step.want {
			t.Errorf("%s: emitted %q, want %q", step.name, tags, step.want)
		}
	}
}

func TestFaultsOfTheLayout(t *testing.T) {
	t.Parallel()
	b := setup(t)
	film := b.movies(1)[0]
	id := uuid.Must(uuid.NewV7())
	f := b.edit("PUT", adminLayout, object{"rails": []object{
		rail("hero", nil), rail("collection", object{"collection_id": uuid.Must(uuid.NewV7())}), rail("collection", object{"collection_id": film}),
		rail("trending", object{"collection_id": film, "window": "today"}), rail("live_now", object{"content_type": "movie", "window": "today"}),
		rail("new_releases", object{"window": "today", "id": id}), rail("watchlist", object{"id": id}),
		rail("live_now", object{"available_from": b.Now(), "available_until": b.Now()}), rail("recent", nil), rail("live_now", object{"limit": 51, "platforms": []string{"symbian"}, "display": "round"})}}).
		Want(422).Refused()
	want := []string{"rails[0].collection_id", "rails[1].collection_id", "rails[2].collection_id", "rails[3].collection_id", "rails[4].content_type", "rails[4].window",
		"rails[5].window", "rails[6].id", "rails[7].available_until", "rails[8].type", "rails[9].display", "rails[9].limit", "rails[9].platforms[0]"}
	if got := slices.Sorted(slices.Values(f.Fields())); !slices.Equal(got, want) {
		t.Errorf("422 names\n%q, want\n%q", got, want)
	}
	fifty := slices.Repeat([]object{rail("live_now", nil)}, 50)
	b.lay(fifty...)
	if got := b.edit("PUT", adminLayout, object{"rails": append(fifty, rail("live_now", nil))}).Want(422).Refused().Fields(); !slices.Equal(got, []string{"rails"}) {
		t.Errorf("51 rails: %q", got)
	}
}

// A collection on the home screen can't be deleted, only be archived.
func TestCollectionOnTheHomeScreen(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.create(picked("a", nil))
	b.lay(rail("live_now", nil), rail("collection", object{"collection_id": c.ID, "title": "Best of"}))
	f := b.edit("DELETE", c.Location(), nil).Want(409).Refused()
	if !strings.Contains(f.Message, `"Best of"`) || !slices.Equal(f.Fields(), []string{"rails[1].collection_id"}) {
		t.Errorf("409 with %+v", f)
	}
	b.edit("PUT", c.Location(), picked("a", object{"status": "archived"})).Want(200)
	b.edit("DELETE", c.Location(), nil).Want(409)
	b.lay(rail("live_now", nil))
	b.edit("DELETE", c.Location(), nil).Want(204)
}

// No rail is ever left of a collection that is deleted meanwhile.
func TestDeletingRacesTheLayout(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 10 {
		c := b.create(picked(fmt.Sprint("c", i), nil))
		var laid, deleted int
		var wg sync.WaitGroup
		wg.Go(func() {
			laid = b.edit("PUT", adminLayout, object{"rails": []object{rail("hero", object{"collection_id": c.ID})}}).Status
		})
		wg.Go(func() { deleted = b.edit("DELETE", c.Location(), nil).Status })
		wg.Wait()
		if !(laid == 200 && deleted == 409) && !(laid == 422 && deleted == 204) {
			t.Errorf("laid out: %d, deleted: %d", laid, deleted)
		}
		b.lay()
	}
}

func TestHostileLayout(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.create(picked("a", nil))
	full := object{"id": uuid.Must(uuid.NewV7()), "subtitle": "S", "display": "poster", "limit": 3, "platforms": []string{"ios"}, "available_from": "2026-01-01T00:00:00Z", "available_until": "2030-01-01T00:00:00Z"}
	b.Hostile(t, apitest.Request{Method: "PUT", Path: adminLayout, Access: editor}, object{"rails": []object{rail("collection", with(full, object{"collection_id": c.ID}))}})
	b.Hostile(t, apitest.Request{Method: "PUT", Path: adminLayout, Access: editor}, object{"rails": []object{rail("trending", with(full, object{"content_type": "movie", "window": "today"}))}})
	b.HostileQuery(t, apitest.Request{Path: "/v2/home", Access: "viewer"}, "platform", "fields")
	b.as("viewer", "GET", "/v2/home", nil).Want(200)
}
