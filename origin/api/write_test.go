package api_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"encora/origin/api"
	"encora/origin/apitest"
)

// create posts a note under a key.
func (b *bundle) create(access, key, body string) *apitest.Answer {
	b.t.Helper()
	return b.Do(apitest.Request{Method: "POST", Path: "/v2/admin/notes", Access: access, Body: body, Header: map[string]string{"Idempotency-Key": key}})
}

func replayed(a *apitest.Answer) bool { return a.Header.Get("Idempotent-Replayed") == "true" }

func TestReplay(t *testing.T) {
	b := setup(t)
	first := b.create(writer, "k", `{"title": "a", "rating": 1}`).Want(201)
	if replayed(first) {
		t.Error("the first answer says that it is replayed")
	}
	for _, body := range []string{`{"title": "a", "rating": 1}`, ` {"rating":1,"title":"\u0061"} `} {
		again := b.create(writer, "k", body).Want(201)
		if string(again.Body) != string(first.Body) || !replayed(again) {
			t.Errorf("%s: %v %s", body, again.Header, again.Body)
		}
		for _, name := range []string{"ETag", "Location", "Content-Type", "Cache-Control"} {
			if again.Header.Get(name) != first.Header.Get(name) || first.Header.Get(name) == "" {
				t.Errorf("%s: %q, then %q", name, first.Header.Get(name), again.Header.Get(name))
			}
		}
	}
	if actions := b.Actions(); b.rows() != 1 || len(actions) != 1 || b.Head() != 1 {
		t.Errorf("%d rows, audit %q, feed at %d", b.rows(), actions, b.Head())
	}
}

func TestKeyOfAnotherRequest(t *testing.T) {
	b := setup(t)
	b.create(writer, "k", `{"title": "a", "views": 9007199254740992}`).Want(201)
	for _, body := range []string{`{"title": "b"}`, `{"title": "a", "views": 9007199254740993}`, `{"title": "a", "rating": 0}`, `{"title": ""}`} {
		if a := b.create(writer, "k", body).Want(422); a.Refused().Code != "IDEMPOTENCY_KEY_REUSED" || replayed(a) {
			t.Errorf("%s: %s", body, a.Body)
		}
	}
	b.create(writer, "K", `{"title": "b"}`).Want(201)
	b.create("someone/"+writer, "k", `{"title": "c"}`).Want(201)
	b.Do(apitest.Request{Method: "POST", Path: "/v2/admin/careless", Access: writer, Body: `{"title": "d"}`, Header: map[string]string{"Idempotency-Key": "k"}}).Want(201)
	b.create(reader, "k", `{"title": "a"}`).Want(403)
	if b.rows() != 4 {
		t.Errorf("%d rows", b.rows())
	}
}

// The query is part of the request: what it says is done, too.
func TestKeyOfAnotherQuery(t *testing.T) {
	b := setup(t)
	f := func(query string) *apitest.Answer {
		return b.Do(apitest.Request{Method: "POST", Path: "/v2/admin/rehearse" + query, Access: writer, Body: `{"title": "a"}`, Header: map[string]string{"Idempotency-Key": "k"}})
	}
	f("?dry_run=true&tags=x,y").Want(201)
	for _, same := range []string{"?tags=y&dry_run=true&tags=x", "?dry_run=%74rue&tags=y,x"} {
		if !replayed(f(same).Want(201)) {
			t.Errorf("%s: not replayed", same)
		}
	}
	for _, other := range []string{"", "?dry_run=false", "?dry_run=true", "?dry_run=true&tags=x"} {
		if a := f(other).Want(422); a.Refused().Code != "IDEMPOTENCY_KEY_REUSED" {
			t.Errorf("%s: %s", other, a.Body)
		}
	}
	if b.rows() != 1 {
		t.Errorf("%d rows", b.rows())
	}
}

// A body of a write that takes none would not be done, and is refused as any other unknown field.
func TestBodiesWhereNoneIsTaken(t *testing.T) {
	b := setup(t)
	n, _ := b.created(`{"title": "a"}`)
	path := "/v2/admin/notes/" + n.ID.String()
	for body, want := range map[string]string{`{"foo": 1}`: "foo unknown_field", `[]`: " wrong_type", `{`: "body malformed", `1`: " wrong_type"} {
		for _, r := range []apitest.Request{{Method: "POST", Path: path + "/pin"}, {Method: "DELETE", Path: path}} {
			r.Access, r.Body = writer, body
			if d := b.Do(r).Want(400).Refused().Details; len(d) != 1 || d[0].Field+" "+d[0].Code != want {
				t.Errorf("%s %s: %v", r.Method, body, d)
			}
		}
	}
	b.Do(apitest.Request{Method: "POST", Path: path + "/pin", Access: writer, Body: `{"foo": "` + strings.Repeat("x", 1<<20) + `"}`}).Want(413)
	b.Do(apitest.Request{Method: "POST", Path: path + "/pin", Access: writer, Body: `{}`}).Want(200)
	b.Do(apitest.Request{Method: "POST", Path: path + "/pin", Access: writer}).Want(200)
	b.Do(apitest.Request{Method: "DELETE", Path: path, Access: writer}).Want(204)
}

func TestKeysThatAreNone(t *testing.T) {
	b := setup(t)
	f := func(status int, keys ...string) {
		t.Helper()
		lines := ""
		for _, key := range keys {
			lines += "\r\nIdempotency-Key: " + key
		}
		res, body := b.raw("POST", "POST /v2/admin/notes HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n"+
			"Content-Length: 14\r\nAuthorization: Bearer "+writer+lines+"\r\n\r\n{\"title\": \"a\"}")
		if res.StatusCode != status || !strings.Contains(body, `"field":"Idempotency-Key"`) {
			t.Errorf("%.20q: %d %s", keys, res.StatusCode, body)
		}
	}
	for _, key := range []string{strings.Repeat("x", 256), "\xff", "a\xc3", "tab\tstop", "\u0085", "\ufffd"} {
		f(400, key)
	}
	f(400, "a", "b")
	b.create(writer, strings.Repeat("x", 255), `{"title": "c"}`).Want(201)
	b.create(writer, "ключ 😀 '; --", `{"title": "d"}`).Want(201)
	if !replayed(b.create(writer, "ключ 😀 '; --", `{"title": "d"}`).Want(201)) {
		t.Error("not replayed")
	}
}

// Refusals are answers; what can't be read, and failures of ours, leave the key free.
func TestWhatIsStored(t *testing.T) {
	b := setup(t)
	b.created(`{"title": "taken"}`)
	b.create(writer, "conflict", `{"title": "taken"}`).Want(409)
	b.create(writer, "invalid", `{"title": ""}`).Want(422)
	b.Exec(`DELETE FROM notes`)
	for key, body := range map[string]string{"conflict": `{"title": "taken"}`, "invalid": `{"title": ""}`} {
		if a := b.create(writer, key, body); !replayed(a) || a.Status/100 != 4 || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s %v", key, a.Status, a.Body, a.Header)
		}
	}
	if b.rows() != 0 || len(b.Actions()) != 1 {
		t.Errorf("%d rows, audit %q", b.rows(), b.Actions())
	}

	b.create(writer, "unreadable", `{"title": 1}`).Want(400)
	if a := b.create(writer, "unreadable", `{"title": "a"}`).Want(201); replayed(a) {
		t.Error("what can't be read was stored")
	}
	b.hook(func(context.Context, *api.Write) error { return errors.New("broken") })
	b.create(writer, "broken", `{"title": "b"}`).Want(500)
	b.hook(func(ctx context.Context, w *api.Write) error {
		_, err := w.Exec(ctx, `SELECT pg_terminate_backend(pg_backend_pid())`)
		return err
	})
	if a := b.create(writer, "broken", `{"title": "b"}`).Want(503); a.Header.Get("Retry-After") != "1" || a.Refused().Code != "UNAVAILABLE" {
		t.Errorf("%v %s", a.Header, a.Body)
	}
	b.notes.before.Store(nil)
	b.eventually("the key is not free", func() bool {
		a := b.create(writer, "broken", `{"title": "b"}`)
		return a.Status != 409 && !replayed(a.Want(201)) // 409 as long as the server's process is ending
	})
}

func TestKeyIsKeptForADay(t *testing.T) {
	b := setup(t)
	start := time.Now()
	b.Set(start)
	first := b.create(writer, "k", `{"title": "a"}`).Want(201)
	b.Set(start.Add(24*time.Hour - time.Second))
	if a := b.create(writer, "k", `{"title": "a"}`).Want(201); !replayed(a) || string(a.Body) != string(first.Body) {
		t.Errorf("before a day is over: %s", a.Body)
	}
	b.Set(start.Add(24 * time.Hour))
	if a := b.create(writer, "k", `{"title": "b"}`).Want(201); replayed(a) {
		t.Error("replayed after a day")
	}
}

// While a request is under way, others of its key are told so at once; then they get its answer.
func TestKeyInFlight(t *testing.T) {
	b := setup(t)
	began, finish := make(chan struct{}), make(chan struct{})
	b.hook(func(context.Context, *api.Write) error {
		close(began)
		<-finish
		return nil
	})
	first := make(chan *apitest.Answer)
	go func() { first <- b.create(writer, "k", `{"title": "a"}`) }()
	<-began
	for _, body := range []string{`{"title": "a"}`, `{"title": "b"}`} {
		if a := b.create(writer, "k", body).Want(409); a.Refused().Code != "IDEMPOTENCY_IN_PROGRESS" || replayed(a) {
			t.Errorf("%s", a.Body)
		}
	}
	close(finish)
	answer := (<-first).Want(201)
	if a := b.create(writer, "k", `{"title": "a"}`).Want(201); !replayed(a) || string(a.Body) != string(answer.Body) {
		t.Errorf("%s", a.Body)
	}
}

func TestManyRetriesMakeOneRow(t *testing.T) {
	b := setup(t)
	var made, again, busy atomic.Int32
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			switch a := b.create(writer, "k", `{"title": "a"}`); {
			case a.Status == 201 && !replayed(a):
				made.Add(1)
			case a.Status == 201:
				again.Add(1)
			case a.Status == 409 || a.Status == 503:
				busy.Add(1)
			default:
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 || b.rows() != 1 {
		t.Errorf("%d made, %d replayed, %d busy; %d rows", made.Load(), again.Load(), busy.Load(), b.rows())
	}
}

// A write whose commit fails has not happened, and says so.
func TestFailingCommitLeavesNothing(t *testing.T) {
	b := setup(t)
	b.Exec(`ALTER TABLE notes ADD FOREIGN KEY (parent_id) REFERENCES notes DEFERRABLE INITIALLY DEFERRED`)
	b.create(writer, "k", `{"title": "a", "parent_id": "`+idA+`"}`).Want(500)
	if b.rows() != 0 || b.Head() != 0 || len(b.Actions()) != 0 {
		t.Errorf("%d rows, feed at %d, audit %q", b.rows(), b.Head(), b.Actions())
	}
	b.Do(apitest.Request{Method: "POST", Path: "/v2/admin/notes", Access: writer, Body: `{"title": "a", "parent_id": "` + idA + `"}`}).Want(500)
	if a := b.create(writer, "k", `{"title": "b"}`).Want(201); replayed(a) {
		t.Error("the key was taken")
	}
	if b.rows() != 1 || b.Head() != 1 || !slices.Equal(b.Actions(), []string{"note.created"}) {
		t.Errorf("%d rows, feed at %d, audit %q", b.rows(), b.Head(), b.Actions())
	}
}

// A handler that forgets Check must not write what its schema refuses.
func TestForgottenCheck(t *testing.T) {
	b := setup(t)
	b.Do(apitest.Request{Method: "POST", Path: "/v2/admin/careless", Access: writer, Body: `{"title": "toolongbyfar"}`}).Want(422)
	if b.rows() != 0 {
		t.Error("it was written")
	}
}

// Only creates take keys: the rest may be repeated as it is.
func TestKeyOnOtherWrites(t *testing.T) {
	b := setup(t)
	n, _ := b.created(`{"title": "a"}`)
	r := apitest.Request{Method: "PUT", Path: "/v2/admin/notes/" + n.ID.String(), Access: writer, Header: map[string]string{"Idempotency-Key": "k"}}
	for _, body := range []string{`{"title": "b"}`, `{"title": "c"}`} {
		r.Body = body
		if a := b.Do(r).Want(200); replayed(a) {
			t.Errorf("%s", a.Body)
		}
	}
}

func TestExhaustedPool(t *testing.T) {
	b := setup(t)
	most := int(b.DB.Pool().Config().MaxConns)
	done := make(chan struct{})
	finish := sync.OnceFunc(func() { close(done) })
	defer finish()
	b.hook(func(context.Context, *api.Write) error { <-done; return nil })
	var wg sync.WaitGroup
	for i := range most {
		wg.Go(func() {
			for b.create(writer, "", fmt.Sprintf(`{"title": "n%d"}`, i)).Status == http.StatusServiceUnavailable {
				continue // a new connection may take longer than a request waits
			}
		})
	}
	b.eventually("the pool is not exhausted", func() bool { return int(b.DB.Pool().Stat().AcquiredConns()) == most })
	for _, r := range []apitest.Request{{Method: "GET", Path: "/v2/notes", Access: "viewer"}, {Method: "POST", Path: "/v2/admin/notes", Access: writer, Body: `{"title": "z"}`}} {
		began := time.Now()
		a := b.Do(r).Want(http.StatusServiceUnavailable)
		if took := time.Since(began); took > 700*time.Millisecond || a.Header.Get("Retry-After") != "1" || a.Refused().Code != "UNAVAILABLE" {
			t.Errorf("after %v: %v %s", took, a.Header, a.Body)
		}
	}
	finish()
	wg.Wait()
	b.Do(apitest.Request{Method: "GET", Path: "/v2/notes", Access: "viewer"}).Want(200)
	if b.rows() != most {
		t.Errorf("%d rows", b.rows())
	}
}

// The audit log names who wrote, whatever the token's subject looks like.
func TestActors(t *testing.T) {
	b := setup(t)
	for i, subject := range []string{idB, "auth0|someone", strings.ToUpper(idB), "auth0|someone"} {
		b.create(subject+"/"+writer, "", fmt.Sprintf(`{"title": "n%d"}`, i)).Want(201)
	}
	rows, err := b.DB.Pool().Query(t.Context(), `SELECT actor_id::text, actor_role || ' ' || ip_address || ' ' || user_agent FROM audit_log`)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for rows.Next() {
		var id, rest string
		if err := rows.Scan(&id, &rest); err != nil {
			t.Fatal(err)
		}
		if found[id]++; rest != "editor 203.0.113.9 Go-http-client/1.1" {
			t.Errorf("%s is %q", id, rest)
		}
	}
	if found[idB] != 2 || len(found) != 2 {
		t.Errorf("actors %v", slices.Collect(maps.Keys(found)))
	}
}
