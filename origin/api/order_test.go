package api_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"encora/origin/apitest"
)

// Each fault that a PUT can have, in the order in which the contract answers them: whatever else is wrong with a request,
// the first one of these that applies is its answer.
var faults = []struct {
	name   string
	status int
	code   string
	add    func(*apitest.Request)
}{
	{"no such route", 404, "NOT_FOUND", func(r *apitest.Request) { r.Path = strings.Replace(r.Path, "/notes/", "/nothing/", 1) }},
	{"wrong method", 405, "METHOD_NOT_ALLOWED", func(r *apitest.Request) { r.Method = "PATCH" }},
	{"no token", 401, "UNAUTHORIZED", func(r *apitest.Request) { r.Access = "" }},
	{"no scope", 403, "FORBIDDEN", func(r *apitest.Request) {
		if r.Access != "" {
			r.Access = reader
		}
	}},
	{"bad parameter", 400, "BAD_REQUEST", func(r *apitest.Request) { r.Path += "?check=maybe" }},
	{"unknown field", 400, "BAD_REQUEST", func(r *apitest.Request) { set(r, "nothing", 1) }},
	{"absent", 404, "NOT_FOUND", func(r *apitest.Request) {
		r.Path = strings.Replace(r.Path, "/notes/", "/notes/0190a6e0-0000-7000-8000-0000000000", 1)
		id, query, _ := strings.Cut(r.Path, "?")
		r.Path = id[:len("/v2/admin/notes/0190a6e0-0000-7000-8000-000000000000")]
		if query != "" {
			r.Path += "?" + query
		}
	}},
	{"old version", 412, "PRECONDITION_FAILED", func(r *apitest.Request) { r.Header = map[string]string{"If-Match": `"old"`} }},
	{"out of limits", 422, "VALIDATION_FAILED", func(r *apitest.Request) { set(r, "rating", 6) }},
	{"the domain's own rule", 422, "VALIDATION_FAILED", func(r *apitest.Request) { set(r, "id", "0190a6e0-0000-7000-8000-000000000099") }},
	{"conflict", 409, "CONFLICT", func(r *apitest.Request) { set(r, "title", "taken") }},
}

func set(r *apitest.Request, name string, value any) { r.Body.(map[string]any)[name] = value }

// TestOrderOfChecks sends every combination of the faults.
func TestOrderOfChecks(t *testing.T) {
	b := setup(t)
	n, _ := b.created(`{"title": "a"}`)
	b.created(`{"title": "taken"}`)
	for mask := range 1 << len(faults) {
		r := apitest.Request{Method: "PUT", Path: "/v2/admin/notes/" + n.ID.String(), Access: writer, Body: map[string]any{"title": "a"}}
		var names []string
		status, code := 200, ""
		for i := range slices.Backward(faults) {
			f := faults[i]
			if mask&(1<<i) != 0 {
				f.add(&r)
				status, code = f.status, f.code
				names = append(names, f.name)
			}
		}
		a := b.Do(r)
		if a.Status != status || code != "" && a.Refused().Code != code {
			t.Errorf("%q: %d %s", names, a.Status, a.Body)
		}
	}
	if rows, actions := b.rows(), b.Actions(); rows != 2 || len(actions) != 3 {
		t.Errorf("%d rows, audit %q", rows, actions)
	}
}

// All that is wrong is named at once: parameters and body, unreadable and out of limits; the domain's own faults join those
// of the schema, but not where the schema has already found fault with the value.
func TestAllFaultsInOneAnswer(t *testing.T) {
	b := setup(t)
	n, _ := b.created(`{"title": "a"}`)
	f := func(query, body string, status int, want map[string]string) {
		t.Helper()
		a := b.Do(apitest.Request{Method: "PUT", Path: "/v2/admin/notes/" + n.ID.String() + query, Access: writer, Body: body})
		got := map[string]string{}
		for _, d := range a.Refused().Details {
			if got[d.Field] != "" {
				t.Errorf("%s is named twice in %s", d.Field, a.Body)
			}
			got[d.Field] = d.Code
		}
		if a.Status != status || !maps.Equal(got, want) {
			t.Errorf("%s %s: %d, got %v", query, body, a.Status, got)
		}
	}
	f("?check=maybe&more=1", `{"title": "", "rating": "x", "extra": 1, "tags": ["a", "b", "c", "d"], "parts": [{"size": 1.5}]}`, 400, map[string]string{
		"check": "wrong_type", "more": "unknown_parameter", "title": "too_short", "rating": "wrong_type", "extra": "unknown_field",
		"tags": "too_many", "parts[0].size": "wrong_type", "parts[0].name": "required"})
	f("", `{"title": "SHOUTED", "rating": 9, "id": "0190a6e0-0000-7000-8000-000000000099", "kind": "odd", "starts_at": "today", "parent_id": "x"}`, 422, map[string]string{
		"title": "shouted", "rating": "out_of_range", "id": "mismatch", "kind": "not_allowed", "starts_at": "invalid_format", "parent_id": "invalid_format"})
	f("", `{"title": "SHOUTED", "tags": ["bad", "good", "bad"], "text": "bad"}`, 422, map[string]string{
		"title": "shouted", "tags[0]": "rude", "tags[2]": "rude", "text": "rude"})
	f("", `{"title": "a", "text": "bad", "extra": 1}`, 400, map[string]string{"text": "rude", "extra": "unknown_field"})
	f("?check=maybe", `{"title": "a", "text": "bad"}`, 400, map[string]string{"text": "rude", "check": "wrong_type"})
	f("", `{"title": 1, "rating": 9, "tags": ["bad", 1, "toolong"], "parts": [{"name": 1, "size": 1.5}, {"name": "bad", "id": 1}], "parent_id": "x", "score": 1e999}`, 400,
		map[string]string{"title": "wrong_type", "rating": "out_of_range", "tags[0]": "rude", "tags[1]": "wrong_type", "tags[2]": "too_long",
			"parts[0].name": "wrong_type", "parts[0].size": "wrong_type", "parts[1].name": "rude", "parts[1].id": "unknown_field",
			"parent_id": "invalid_format", "score": "out_of_range"})
	f("", `{"title": "a", "pinned": true, "kind": 1}`, 400, map[string]string{"kind": "wrong_type"}) // given, though not as a text
	f("", `{"title": "a", "views": 123456789012345678901234567890, "text": "bad"}`, 400, map[string]string{"views": "wrong_type", "text": "rude"})
	f("", `[{"text": "bad"}]`, 400, map[string]string{"": "wrong_type"})
	f("", `{"title": "FAR TOO LONG"}`, 422, map[string]string{"title": "too_long"})
	f("", `{}`, 422, map[string]string{"title": "required"})
	f("", `{"title": "a", "score": 0.3, "rating": -1}`, 422, map[string]string{"score": "out_of_range", "rating": "out_of_range"})
	f("", `{"title": "a", "score": -1}`, 422, map[string]string{"score": "out_of_range"})
}
