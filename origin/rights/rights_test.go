package rights

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/shared/fault"
)

func TestRuleFromBirthToDeath(t *testing.T) {
	t.Parallel()
	b := setup(t)
	films := b.films(2)
	a := b.Do(apitest.Request{Method: "POST", Path: rules, Access: editor, Body: object{"name": "Nordics", "policy": "allow_list",
		"territories": []string{"SE", "NO", "SE", "DK"}, "applies_to": []uuid.UUID{films[1], films[0], films[1]}}}).Want(201)
	var r GeoRule
	a.Decode(&r)
	if want := []string{"DK", "NO", "SE"}; !slices.Equal(r.Territories, want) {
		t.Errorf("territories %q, want %q", r.Territories, want)
	}
	if !slices.Equal(r.AppliesTo, films) {
		t.Errorf("applies_to %v, want %v", r.AppliesTo, films)
	}
	if r.ID.Version() != 7 || a.Header.Get("Location") != rules+"/"+r.ID.String() {
		t.Errorf("id %v, Location %q", r.ID, a.Header.Get("Location"))
	}
	if strings.Contains(string(a.Body), "description") {
		t.Errorf("a description that was not given: %s", a.Body)
	}
	got := b.Do(apitest.Request{Method: "GET", Path: a.Header.Get("Location"), Access: "content:read"}).Want(200)
	if string(got.Body) != string(a.Body) || got.Header.Get("ETag") != a.Header.Get("ETag") {
		t.Errorf("GET answers %s %s, POST %s %s", got.Header.Get("ETag"), got.Body, a.Header.Get("ETag"), a.Body)
	}
	if !strings.Contains(string(a.Body), `Z"`) {
		t.Errorf("times are not in UTC: %s", a.Body)
	}

	changed := b.put(r.ID, object{"name": "Nordics", "description": "One", "policy": "block_list", "territories": []string{"SE"}})
	if len(changed.AppliesTo) != 0 || changed.AppliesTo == nil || changed.Description != "One" || !changed.CreatedAt.Equal(r.CreatedAt) {
		t.Errorf("PUT answers %+v", changed)
	}
	stale := b.Do(apitest.Request{Method: "PUT", Path: rules + "/" + r.ID.String(), Access: editor, Header: map[string]string{"If-Match": a.Header.Get("ETag")},
		Body: object{"name": "N", "policy": "block_list", "territories": []string{"SE"}}}).Want(412)
	if want := []string{"description", "policy", "territories", "applies_to"}; !slices.Equal(stale.Refused().Fields(), want) {
		t.Errorf("412 names %q, want %q", stale.Refused().Fields(), want)
	}
	b.Do(apitest.Request{Method: "DELETE", Path: rules + "/" + r.ID.String(), Access: editor}).Want(204)
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		body := any(nil)
		if method == "PUT" {
			body = object{"name": "", "policy": "block_list", "territories": []string{"SE"}}
		}
		b.Do(apitest.Request{Method: method, Path: rules + "/" + r.ID.String(), Access: editor, Body: body}).Want(404).Refused()
	}
	if want := []string{"geo.rule_created", "geo.rule_updated", "geo.rule_deleted"}; !slices.Equal(b.Actions(), want) {
		t.Errorf("audit has %q, want %q", b.Actions(), want)
	}
}

func TestDeleteRefusesWhileAttached(t *testing.T) {
	t.Parallel()
	b := setup(t)
	films := b.films(1)
	r := b.create(object{"name": "R", "policy": "block_list", "territories": []string{"SE"}, "applies_to": films})
	if code := b.Do(apitest.Request{Method: "DELETE", Path: rules + "/" + r.ID.String(), Access: editor}).Want(409).Refused().Code; code != string(fault.Conflict) {
		t.Errorf("code %s", code)
	}
}

func TestUnknownTerritoriesAndContentsAreAllNamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	films := b.films(1)
	body := object{"policy": "deny", "territories": []string{"SE", "UK", "se", "XXX", "ZZ"}, "applies_to": []uuid.UUID{films[0], uuid.Nil}}
	want := []string{"applies_to[1]", "name", "policy", "territories[1]", "territories[2]", "territories[3]", "territories[4]"}
	f := b.Do(apitest.Request{Method: "POST", Path: rules, Access: editor, Body: body}).Want(422).Refused()
	got := slices.Sorted(slices.Values(f.Fields()))
	if !slices.Equal(got, want) {
		t.Errorf("422 names %q, want %q", got, want)
	}
	body = object{"name": "R", "policy": "block_list", "territories": []string{"SE"}, "applies_to": slices.Repeat([]uuid.UUID{films[0]}, maxAttached+1)}
	if fields := b.Do(apitest.Request{Method: "POST", Path: rules, Access: editor, Body: body}).Want(422).Refused().Fields(); !slices.Equal(fields, []string{"applies_to"}) {
		t.Errorf("422 names %q", fields)
	}
	if n := len(b.Actions()); n != 0 {
		t.Errorf("%d audit entries of refused writes", n)
	}
}

func TestListPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var want []uuid.UUID
	for i := range 5 {
		want = append(want, b.create(object{"name": fmt.Sprint(i), "policy": "block_list", "territories": []string{"SE"}}).ID)
	}
	var got []uuid.UUID
	path := rules + "?limit=2"
	for path != "" {
		var page api.Counted[GeoRule]
		b.Do(apitest.Request{Method: "GET", Path: path, Access: "content:read"}).Want(200).Decode(&page)
		if page.Meta.TotalCount != 5 || page.Meta.Limit != 2 || page.Meta.HasMore != (page.Meta.NextCursor != nil) {
			t.Fatalf("meta %+v", page.Meta)
		}
		for _, r := range page.Data {
			got = append(got, r.ID)
		}
		if path = ""; page.Meta.HasMore {
			path = rules + "?limit=2&cursor=" + *page.Meta.NextCursor
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
}

func TestIdempotentCreate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := apitest.Request{Method: "POST", Path: rules, Access: editor, Header: map[string]string{"Idempotency-Key": "k1"},
		Body: object{"name": "R", "policy": "block_list", "territories": []string{"SE"}}}
	first, second := b.Do(r).Want(201), b.Do(r).Want(201)
	if string(first.Body) != string(second.Body) || second.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("replayed as %v %s", second.Header, second.Body)
	}
	r.Body = object{"name": "S", "policy": "block_list", "territories": []string{"SE"}}
	b.Do(r).Want(422)
}

func TestWhoMay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one := rules + "/" + uuid.Must(uuid.NewV7()).String()
	for _, r := range []apitest.Request{{Method: "GET", Path: rules}, {Method: "POST", Path: rules}, {Method: "GET", Path: one},
		{Method: "PUT", Path: one}, {Method: "DELETE", Path: one}, {Method: "POST", Path: rules + "/check"}} {
		b.Denied(t, r)
	}
	b.Do(apitest.Request{Method: "POST", Path: rules, Access: "content:read"}).Want(403)
	b.Do(apitest.Request{Method: "PUT", Path: one, Access: "content:read"}).Want(403)
	b.Do(apitest.Request{Method: "DELETE", Path: one, Access: "content:read"}).Want(403)
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	b := setup(t)
	films := b.films(1)
	valid := object{"name": "R", "description": "d", "policy": "block_list", "territories": []string{"SE"}, "applies_to": films}
	r := b.create(valid)
	b.Hostile(t, apitest.Request{Method: "POST", Path: rules, Access: editor}, valid)
	b.Hostile(t, apitest.Request{Method: "PUT", Path: rules + "/" + r.ID.String(), Access: editor}, valid)
	b.Hostile(t, apitest.Request{Method: "POST", Path: rules + "/check", Access: editor},
		object{"content_id": films[0], "content_type": "movie", "country_code": "SE"})
	b.HostileQuery(t, apitest.Request{Path: rules, Access: editor}, "cursor", "limit")
	for _, id := range []string{"x", "%00", "0190a6e0-0000-7000-8000-00000000acc0x", "%F0%9F%91%A9", "..%2f"} {
		b.Do(apitest.Request{Method: "GET", Path: rules + "/" + id, Access: editor}).Want(400).Refused()
	}
}
