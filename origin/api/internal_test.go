package api_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"encora/origin/apitest"
	"encora/shared/wire"
)

// internal sends a request to the internal listener with just the headers given.
func (b *bundle) internal(method, path string, header map[string]string) *apitest.Answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.Internal+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return &apitest.Answer{Status: res.StatusCode, Header: res.Header, Body: body}
}

func TestInternalListenerIsForEdges(t *testing.T) {
	b := setup(t)
	b.Server.EdgeKeys = append(b.Server.EdgeKeys, "the-next-key")
	f := func(path string, header map[string]string, status int) {
		t.Helper()
		a := b.internal("GET", path, header)
		if a.Status != status {
			t.Errorf("%s %v: %d %s", path, header, a.Status, a.Body)
		}
		if id := a.Header.Get("X-Request-Id"); id == "" || status == 401 && !strings.Contains(string(a.Body), `"request_id":"`+id+`"`) {
			t.Errorf("%s %v: request id %q in %s", path, header, id, a.Body)
		}
	}
	for _, path := range []string{"/internal/notes", "/internal/fill/v2/notes", "/internal/feed", "/internal/nothing", "/"} {
		for _, key := range []string{"", "Bearer", "Bearer ", "Bearer wrong", "Bearer " + apitest.EdgeKey + "x", "Bearer viewer", "Basic x"} {
			f(path, map[string]string{"Authorization": key}, 401)
		}
		f(path, map[string]string{wire.EdgeKey: apitest.EdgeKey}, 401)
	}
	f("/internal/pass/v2/passed/"+idA, map[string]string{"Authorization": "Bearer " + apitest.EdgeKey}, 401)
	f("/internal/pass/v2/passed/"+idA, map[string]string{"Authorization": "Bearer viewer", wire.EdgeKey: "wrong"}, 401)
	f("/internal/pass/v2/passed/"+idA, map[string]string{"Authorization": "Bearer viewer"}, 401)
	for _, key := range []string{apitest.EdgeKey, "the-next-key"} {
		f("/internal/notes", map[string]string{"Authorization": "Bearer " + key, wire.AsOf: time.Now().UTC().Format(time.RFC3339Nano)}, 200)
		f("/internal/nothing", map[string]string{"Authorization": "Bearer " + key}, 404)
		f("/internal/pass/v2/passed/"+idA, map[string]string{"Authorization": "Bearer viewer", wire.EdgeKey: key}, 404)
	}
	f("/internal/pass/../feed", map[string]string{wire.EdgeKey: apitest.EdgeKey}, 400)
	f("/internal/pass/%2e%2e/feed", map[string]string{wire.EdgeKey: apitest.EdgeKey}, 404)
	b.Do(apitest.Request{Method: "GET", Path: "/internal/notes", Access: apitest.EdgeKey}).Want(404)
	b.Do(apitest.Request{Method: "GET", Path: "/internal/fill/v2/notes", Access: apitest.EdgeKey}).Want(404)
}

// A fill is the answer that viewers get, with what it was made from and what can change it.
func TestFill(t *testing.T) {
	b := setup(t)
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	b.Set(now)
	n, _ := b.created(`{"title": "a", "starts_at": "2026-03-04T06:00:00.5Z"}`)
	for _, path := range []string{"/v2/notes", "/v2/notes?limit=1&kinds=short&fields=title", "/v2/notes/" + n.ID.String()} {
		want := b.Do(apitest.Request{Method: "GET", Path: path, Access: "viewer"}).Want(200)
		a := b.Ask("/internal/fill"+path, nil).Want(200)
		if string(a.Body) != string(want.Body) || a.Header.Get("ETag") != want.Header.Get("ETag") || a.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %v %s", path, a.Header, a.Body)
		}
		tag := "notes"
		if strings.Contains(path, n.ID.String()) {
			tag = "note:" + n.ID.String()
		}
		if got := [3]string{a.Header.Get(wire.Pos), a.Header.Get(wire.Tags), a.Header.Get(wire.Until)}; got != [3]string{"1", tag, "2026-03-04T06:00:00.5Z"} {
			t.Errorf("%s: provenance %q", path, got)
		}
	}
	f := func(path string, header map[string]string, status int, wantHeader ...string) *apitest.Answer {
		t.Helper()
		a := b.Ask(path, header).Want(status)
		for i := 0; i < len(wantHeader); i += 2 {
			if got := a.Header.Get(wantHeader[i]); got != wantHeader[i+1] {
				t.Errorf("%s %v: %s %q", path, header, wantHeader[i], got)
			}
		}
		return a
	}
	later := map[string]string{wire.AsOf: "2026-03-04T06:00:00.5Z"}
	f("/internal/fill/v2/notes", later, 200, wire.Until, "", wire.Pos, "1")
	f("/internal/fill/v2/notes/"+idA, nil, 404, wire.Tags, "note:"+idA, wire.Pos, "1", wire.Until, "")
	f("/internal/fill/v2/notes", map[string]string{wire.MinPos: "1"}, 200)
	if a := f("/internal/fill/v2/notes", map[string]string{wire.MinPos: "2"}, 503, wire.Tags, ""); a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	f("/internal/fill/v2/notes/"+idA, map[string]string{wire.MinPos: "2"}, 503, wire.Tags, "")
	f("/internal/fill/v2/untagged", nil, 200, wire.Pos, "1")
	if a := b.Ask("/internal/fill/v2/untagged", nil); a.Header.Values(wire.Tags) != nil {
		t.Errorf("an answer that says nothing can change it may be kept: %v", a.Header)
	}
	for _, asOf := range []string{"now", "2026-03-05T05:06:08Z", "2026-03-03T05:06:06Z", "2026-03-04"} {
		f("/internal/fill/v2/notes", map[string]string{wire.AsOf: asOf}, 400, wire.Tags, "")
	}
	f("/internal/fill/v2/notes", map[string]string{wire.Deny: idA + ",x"}, 400)
	f("/internal/fill/v2/notes", map[string]string{wire.Deny: idA + "," + idB}, 200)
	f("/internal/fill/v2/notes?limit=0", nil, 400, wire.Tags, "")
	f("/internal/fill/v2/notes?unknown=1", nil, 200)
	for _, path := range []string{"/v2/admin/notes", "/v2/hello", "/v2/passed/" + idA, "/v2/nothing", "/internal/notes"} {
		f("/internal/fill"+path, nil, 404, wire.Tags, "")
	}
	f("/internal/fill/v2/panic", nil, 500, wire.Tags, "")
	f("/internal/notes", nil, 200, wire.Tags, "notes", wire.Pos, "1")
}

// An answer that was read before the feed became another one must not count as the new feed's: its position means
// something else there.
func TestFillAcrossAnEpoch(t *testing.T) {
	b := setup(t)
	b.follow()
	n, _ := b.created(`{"title": "a"}`)
	before := b.Server.Hub.Epoch()
	during := func() {
		b.notes.during.Store(nil)
		b.Exec(`ALTER TABLE changes RENAME TO restored`)
		b.Exec(`CREATE TABLE changes (LIKE restored)`)
		b.eventually("the hub does not notice", func() bool { return b.Server.Hub.Epoch() != before && b.Server.Hub.Check(t.Context()) == nil })
	}
	b.notes.during.Store(&during)
	if got := b.Ask("/internal/fill/v2/notes/"+n.ID.String(), nil).Want(200).Header.Get(wire.Epoch); got != before {
		t.Errorf("epoch %s, was %s", got, before)
	}
	if got := b.Ask("/internal/fill/v2/notes/"+n.ID.String(), nil).Want(200).Header.Get(wire.Epoch); got != b.Server.Hub.Epoch() || got == before {
		t.Errorf("then epoch %s", got)
	}
}

// follow runs the hub until the test ends.
func (b *bundle) follow() {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); b.Server.Hub.Run(ctx) }()
	b.t.Cleanup(func() { cancel(); <-ended })
	b.eventually("the hub does not vouch for a head", func() bool { return b.Server.Hub.Check(ctx) == nil })
}

func TestPass(t *testing.T) {
	b := setup(t)
	n, _ := b.created(`{"title": "a"}`)
	pass := func(method, path, token string) *apitest.Answer {
		t.Helper()
		return b.internal(method, "/internal/pass"+path, map[string]string{wire.EdgeKey: apitest.EdgeKey, "Authorization": token, "X-Request-Id": "edge-1"})
	}
	if a := pass("GET", "/v2/passed/"+n.ID.String(), "Bearer viewer"); a.Status != 200 || a.Header.Get("X-Request-Id") != "edge-1" || !strings.Contains(string(a.Body), `"title":"a"`) {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	for path, want := range map[string]int{"/v2/passed/" + idA: 404, "/v2/passed/x": 400, "/v2/notes": 404, "/v2/admin/notes": 404, "/v2/hello": 404} {
		if a := pass("GET", path, "Bearer viewer"); a.Status != want {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
	}
	if a := pass("GET", "/v2/passed/"+n.ID.String(), "Bearer bad"); a.Status != 401 || a.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if a := pass("POST", "/v2/passed/"+n.ID.String(), "Bearer viewer"); a.Status != 405 || a.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("%d %v", a.Status, a.Header)
	}
}
