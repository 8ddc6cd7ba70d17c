package curation_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/origin/curation"
)

func TestCollectionLifecycle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ids := b.movies(2)
	body := picked("best", object{"status": "draft", "subtitle": "Of all", "item_refs": films(ids...), "sort_order": 3,
		"images": object{"poster_url": "https://cdn.example.com/p.jpg"}})
	created := b.edit("POST", adminCollections, body).Want(201)
	var c curation.AdminCollection
	created.Decode(&c)
	at := adminCollections + "/" + c.ID.String()
	if created.Header.Get("Location") != at || c.Status != "draft" || *c.Subtitle != "Of all" || c.ItemCount != 2 || c.CreatedBy.String() != apitest.AccountID {
		t.Errorf("created %s at %s", created.Body, created.Header.Get("Location"))
	}
	if got := b.edit("GET", at, nil).Want(200); string(got.Body) != string(created.Body) || got.Header.Get("ETag") != created.Header.Get("ETag") {
		t.Errorf("GET answers %s", got.Body)
	}
	seen := "/v2/collections/" + c.ID.String()
	b.as("viewer", "GET", seen, nil).Want(404)
	own, all := "collection:"+c.ID.String(), "collections"
	for _, step := range []struct {
		status string
		answer int // of the PUT
		seen   int // by viewers, then
		tags   []string
	}{
		{"draft", 200, 404, nil},
		{"published", 200, 200, []string{own, all}},
		{"published", 200, 200, nil},
		{"draft", 409, 200, nil},
		{"archived", 200, 404, []string{"!" + own, "!" + all}},
		{"draft", 409, 404, nil},
		{"published", 200, 200, []string{own, all}},
	} {
		tags := b.during(func() { b.edit("PUT", at, with(body, object{"status": step.status})).Want(step.answer) })
		if !slices.Equal(tags, step.tags) {
			t.Errorf("to %s: emitted %q, want %q", step.status, tags, step.tags)
		}
		b.as("viewer", "GET", seen, nil).Want(step.seen)
	}
	if tags := b.during(func() { b.edit("DELETE", at, nil).Want(204) }); !slices.Equal(tags, []string{"!" + own, "!" + all}) {
		t.Errorf("deleting emits %q", tags)
	}
	b.edit("GET", at, nil).Want(404)
	b.as("viewer", "GET", seen, nil).Want(404)
	if list := b.list("viewer", ""); len(list.Data) != 0 {
		t.Errorf("the list still has %v", list.Data)
	}
	want := []string{"content.created", "content.published", "content.archived", "content.published", "content.deleted"}
	if got := b.Actions(); !slices.Equal(got, want) {
		t.Errorf("audit %q, want %q", got, want)
	}
	if got := apitest.Column[string](b.Bundle, `SELECT type FROM events ORDER BY id`); !slices.Equal(got, []string{"content.published", "content.unpublished", "content.published"}) {
		t.Errorf("events %q", got)
	}
}

func (b *bundle) list(access, query string) api.Paged[curation.Collection] {
	b.t.Helper()
	var l api.Paged[curation.Collection]
	b.as(access, "GET", "/v2/collections?"+query, nil).Want(200).Decode(&l)
	return l
}

// A body made of what GET shows changes nothing, and leaves nothing.
func TestCollectionRoundTrip(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ids := b.movies(3)
	rule := b.Rule("FR")
	for _, c := range []curation.AdminCollection{
		b.create(picked("a", object{"item_refs": []object{{"content_type": "movie", "content_id": ids[0], "sort_order": 7}, ref("movie", ids[1])}, "geo_restrictions": object{"rule_id": rule}})),
		b.create(selected("b", "release_year >= 2000", object{"available_from": b.Now(), "available_until": b.Now().Add(time.Hour), "subtitle": "S"})),
		b.create(picked("c", object{"type": "franchise"})),
	} {
		before := b.edit("GET", c.Location(), nil).Want(200)
		var body object
		before.Decode(&body)
		for _, name := range []string{"id", "item_count", "created_by", "created_at", "updated_at"} {
			delete(body, name)
		}
		tags := b.during(func() {
			after := b.Do(apitest.Request{Method: "PUT", Path: c.Location(), Access: editor, Body: body, Header: map[string]string{"If-Match": before.Header.Get("ETag")}}).Want(200)
			if string(after.Body) != string(before.Body) || after.Header.Get("ETag") != before.Header.Get("ETag") {
				t.Errorf("PUT answers %s, GET %s", after.Body, before.Body)
			}
		})
		if len(tags) > 0 {
			t.Errorf("emitted %q", tags)
		}
	}
	if got := b.Actions(); slices.Contains(got, "content.updated") {
		t.Errorf("audit %q", got)
	}
}

func TestCollectionIfMatch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ids := b.movies(1)
	c := b.create(picked("a", nil))
	tag := b.edit("GET", c.Location(), nil).Header.Get("ETag")
	put := func(body object) *apitest.Answer {
		return b.Do(apitest.Request{Method: "PUT", Path: c.Location(), Access: editor, Body: body, Header: map[string]string{"If-Match": tag}})
	}
	put(picked("a", object{"item_refs": films(ids...)})).Want(200)
	stale := put(picked("a", object{"title": ""})).Want(412) // before what is wrong with the body
	if fields := stale.Refused().Fields(); !slices.Equal(fields, []string{"item_count", "item_refs"}) {
		t.Errorf("412 names %q", fields)
	}
}

func TestSlugsOfCollections(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(picked("best", nil))
	other := b.create(picked("other", object{"status": "draft"}))
	for _, a := range []*apitest.Answer{b.edit("POST", adminCollections, picked("best", nil)), b.edit("PUT", other.Location(), picked("best", nil))} {
		if f := a.Want(409).Refused(); !slices.Equal(f.Fields(), []string{"slug"}) || f.Details[0].Code != "taken" {
			t.Errorf("409 with %v", f.Details)
		}
	}
	b.edit("PUT", other.Location(), picked("another", nil)).Want(200)
	if got := b.page("viewer", other.ID, "").Slug; got != "another" {
		t.Errorf("the slug is %q", got)
	}
}

func TestFaultsOfCollections(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.movies(1)
	show, _ := b.show("show")
	other := b.create(picked("other", nil))
	past := b.Now().Add(-time.Hour)
	for name, c := range map[string]struct {
		body object
		want []string
	}{
		"dangling and mistyped": {picked("x", object{"item_refs": []object{ref("movie", m[0]), ref("movie", show), ref("show", uuid.Must(uuid.NewV7())), ref("movie", other.ID)}}),
			[]string{"item_refs[1].content_id", "item_refs[2].content_id", "item_refs[3].content_id"}},
		"repeated":                {picked("x", object{"item_refs": films(m[0], m[0])}), []string{"item_refs[1].content_id"}},
		"too many":                {picked("x", object{"item_refs": slices.Repeat(films(m[0]), 501)}), []string{"item_refs"}},
		"a manual with a query":   {picked("x", object{"query": "true"}), []string{"query"}},
		"a dynamic without":       {selected("x", "", nil), []string{"query"}},
		"a dynamic with null":     {selected("x", "", object{"query": nil}), []string{"query"}},
		"a dynamic with items":    {selected("x", "true", object{"item_refs": films(m[0])}), []string{"item_refs"}},
		"an editorial with both":  {selected("x", "true", object{"type": "editorial", "item_refs": films(m[0])}), []string{"item_refs"}},
		"a bad filter":            {selected("x", "true &&\n release_yaer > 1", nil), []string{"query"}},
		"a window that ends":      {picked("x", object{"available_until": past}), []string{"available_until"}},
		"a window in reverse":     {picked("x", object{"status": "draft", "available_from": b.Now(), "available_until": past}), []string{"available_until"}},
		"scheduled without":       {picked("x", object{"status": "scheduled"}), []string{"available_from"}},
		"a slug in capitals":      {picked("X", nil), []string{"slug"}},
		"a long slug":             {picked(strings.Repeat("x", 121), nil), []string{"slug"}},
		"a blank title":           {picked("x", object{"title": " "}), []string{"title"}},
		"a status of other kinds": {picked("x", object{"status": "unpublished"}), []string{"status"}},
		"a bad picture":           {picked("x", object{"images": object{"logo_url": "javascript:alert(1)"}}), []string{"images.logo_url"}},
	} {
		f := b.edit("POST", adminCollections, c.body).Want(422).Refused()
		if got := slices.Sorted(slices.Values(f.Fields())); !slices.Equal(got, c.want) {
			t.Errorf("%s names %q, want %q", name, got, c.want)
		}
		if name == "a bad filter" && (!strings.Contains(f.Details[0].Message, "line 2, column 2") || f.Details[0].Code != "invalid_filter") {
			t.Errorf("the filter's fault is %+v", f.Details[0])
		}
	}
	if len(b.list("viewer", "").Data) != 1 {
		t.Error("a refused body was stored")
	}
}

// Scheduled collections open and end by the clock; the job tells of it afterwards.
func TestCollectionWindow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	now := b.Now()
	c := b.create(picked("window", object{"status": "scheduled", "available_from": now.Add(time.Hour), "available_until": now.Add(2 * time.Hour)}))
	if c.Status != "scheduled" {
		t.Errorf("created as %s", c.Status)
	}
	detail := "/v2/collections/" + c.ID.String()
	f := func(at time.Time, listed int, status string, next time.Duration) {
		t.Helper()
		list := b.fill("/v2/collections", at).Want(200)
		var l api.Paged[curation.Collection]
		list.Decode(&l)
		if len(l.Data) != listed || until(list, now) != next {
			t.Errorf("at %v: %d listed until %v, want %d until %v", at, len(l.Data), until(list, now), listed, next)
		}
		one := b.fill(detail, at)
		if status == "" {
			one.Want(404)
			return
		}
		var p curation.CollectionPage
		one.Want(200).Decode(&p)
		if p.Status != status || until(one, now) != next {
			t.Errorf("at %v: %s until %v, want %s", at, p.Status, until(one, now), status)
		}
	}
	f(now, 0, "scheduled", time.Hour)
	f(now.Add(time.Hour-time.Nanosecond), 0, "scheduled", time.Hour)
	f(now.Add(time.Hour), 1, "published", 2*time.Hour)
	f(now.Add(2*time.Hour), 0, "", 0)

	announce := func(at time.Time, want int) {
		t.Helper()
		b.Set(at)
		if n, err := b.domain.AnnounceDue(t.Context(), at); err != nil || n != want {
			t.Errorf("announced %d, want %d: %v", n, want, err)
		}
	}
	announce(now.Add(time.Hour), 1)
	announce(now.Add(time.Hour), 0)
	announce(now.Add(2*time.Hour), 1)
	announce(now.Add(3*time.Hour), 0)
	if got := b.Actions(); !slices.Equal(got, []string{"content.created", "content.scheduled", "content.published", "content.archived"}) {
		t.Errorf("audit %q", got)
	}
	var ended curation.AdminCollection
	b.edit("GET", c.Location(), nil).Want(200).Decode(&ended)
	if ended.Status != "archived" {
		t.Errorf("after its window it is %s", ended.Status)
	}
	for status, want := range map[string]int{"archived": 1, "published": 0, "scheduled": 0, "draft": 0} {
		var list api.Counted[curation.Collection]
		b.edit("GET", adminCollections+"?status="+status, nil).Want(200).Decode(&list)
		if len(list.Data) != want || list.Meta.TotalCount != want {
			t.Errorf("%d are %s, want %d", len(list.Data), status, want)
		}
	}
}

func TestTerritoriesOfCollections(t *testing.T) {
	t.Parallel()
	b := setup(t)
	rule := b.Rule("FR")
	c := b.create(picked("a", object{"geo_restrictions": object{"rule_id": rule}}))
	detail := "/v2/collections/" + c.ID.String()
	b.as("viewer@FR", "GET", detail, nil).Want(404)
	seen := b.page("viewer@DE", c.ID, "")
	if seen.GeoRestrictions == nil || seen.GeoRestrictions.RuleID != rule {
		t.Errorf("shows the rule %v", seen.GeoRestrictions)
	}
	if len(b.list("viewer@FR", "").Data) != 0 || len(b.list("viewer@DE", "").Data) != 1 {
		t.Error("the list is not the territory's")
	}
	tags := b.during(func() { b.edit("PUT", c.Location(), picked("a", object{"geo_restrictions": nil})).Want(200) })
	if !slices.Contains(tags, "collection:"+c.ID.String()) {
		t.Errorf("emitted %q", tags)
	}
	b.as("viewer@FR", "GET", detail, nil).Want(200)
}

// Collections are listed by their weight, then by id, page by page, without their items.
func TestListOfCollections(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var want []string
	for i, order := range []int{2, 1, 1, -5} {
		c := b.create(picked(fmt.Sprint("c", i), object{"sort_order": order}))
		want = append(want, c.ID.String())
	}
	want = []string{want[3], want[1], want[2], want[0]}
	b.create(picked("draft", object{"status": "draft", "sort_order": -9}))
	for limit := 1; limit <= 4; limit++ {
		var got []string
		for cursor, more := "", true; more; {
			l := b.list("viewer", fmt.Sprintf("limit=%d&cursor=%s", limit, cursor))
			for _, c := range l.Data {
				got = append(got, c.ID.String())
			}
			if more = l.Meta.HasMore; more {
				cursor = *l.Meta.NextCursor
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("by %d: %v, want %v", limit, got, want)
		}
	}
	sparse := b.as("viewer", "GET", "/v2/collections?fields=id&limit=1", nil).Want(200)
	if !strings.HasPrefix(string(sparse.Body), `{"data":[{"id":"`+want[0]+`"}],"meta":{"next_cursor":"`) {
		t.Errorf("sparse: %s", sparse.Body)
	}
	one := b.as("viewer", "GET", "/v2/collections/"+want[0]+"?fields=title,item_refs", nil).Want(200)
	if string(one.Body) != `{"item_refs":[],"title":"Picked"}` {
		t.Errorf("sparse: %s", one.Body)
	}
}

func TestHostileCollections(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.movies(2)
	valid := picked("hostile", object{"subtitle": "S", "query": nil, "item_refs": []object{{"content_type": "movie", "content_id": m[0], "sort_order": 1}, ref("movie", m[1])}, "sort_order": 1,
		"geo_restrictions": nil, "images": object{"poster_url": "https://cdn.example.com/p.jpg"}, "available_from": "2026-01-01T00:00:00Z", "available_until": "2030-01-01T00:00:00Z"})
	c := b.create(with(valid, object{"slug": "existing"}))
	b.Hostile(t, apitest.Request{Method: "POST", Path: adminCollections, Access: editor}, valid)
	b.Hostile(t, apitest.Request{Method: "PUT", Path: c.Location(), Access: editor}, with(valid, object{"slug": "existing"}))
	d := b.create(selected("dynamic", "true", nil))
	b.Hostile(t, apitest.Request{Method: "PUT", Path: d.Location(), Access: editor}, selected("dynamic", "release_year > 1", nil))
	b.HostileQuery(t, apitest.Request{Path: "/v2/collections", Access: "viewer"}, "cursor", "limit", "fields")
	b.HostileQuery(t, apitest.Request{Path: "/v2/collections/" + d.ID.String(), Access: "viewer"}, "cursor", "limit", "fields")
	b.HostileQuery(t, apitest.Request{Path: adminCollections, Access: editor}, "cursor", "limit", "status", "fields")
	for _, bad := range []string{"x", "%00", c.ID.String() + "x"} {
		b.as("viewer", "GET", "/v2/collections/"+bad, nil).Want(http.StatusBadRequest).Refused()
		b.edit("DELETE", adminCollections+"/"+bad, nil).Want(http.StatusBadRequest).Refused()
	}
	unknown := "/" + uuid.Must(uuid.NewV7()).String()
	b.as("viewer", "GET", "/v2/collections"+unknown, nil).Want(404).Refused()
	b.edit("PUT", adminCollections+unknown, picked("x", object{"title": ""})).Want(404).Refused()
	b.edit("DELETE", adminCollections+unknown, nil).Want(404).Refused()
	b.as("viewer", "GET", "/v2/collections/"+m[0].String(), nil).Want(404).Refused() // a film is none
}

// Every operation is refused without a token, with a bad one, and without its scope.
func TestDenials(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, e := range b.domain.Entries() {
		b.Denied(t, apitest.Request{Method: e.Method, Path: strings.ReplaceAll(e.Path, "{collection_id}", apitest.AccountID), Access: e.Access})
	}
}
