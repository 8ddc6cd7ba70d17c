package api_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/apitest"
)

// raw writes a request's bytes to the public listener and reads the answer.
func (b *bundle) raw(method, request string) (*http.Response, string) {
	b.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(b.Public, "http://"))
	if err != nil {
		b.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		b.t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		b.t.Fatalf("%q: %v", request, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res, string(body)
}

func TestRoutes(t *testing.T) {
	b := setup(t)
	f := func(method, path string, status int, allow string) {
		t.Helper()
		for _, access := range []string{"", writer} { // before the token is looked at
			a := b.Do(apitest.Request{Method: method, Path: path, Access: access}).Want(status)
			if got := a.Header.Get("Allow"); got != allow {
				t.Errorf("%s %s: Allow %q", method, path, got)
			}
			if a.Header.Get("Content-Type") != "application/json" || a.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s %s: %v", method, path, a.Header)
			}
			if method != "HEAD" {
				a.Refused()
			}
		}
	}
	for _, path := range []string{"/", "/v2", "/v2/notes/", "/v2/notes/" + idA + "/more", "/V2/notes", "/v2/admin", "/internal/feed", "/internal/notes", "/favicon.ico"} {
		f("GET", path, 404, "")
	}
	f("POST", "/v2/nothing", 404, "")
	f("HEAD", "/v2/nothing", 404, "")
	f("POST", "/v2/notes", 405, "GET, HEAD")
	f("OPTIONS", "/v2/notes", 405, "GET, HEAD")
	f("PATCH", "/v2/admin/notes", 405, "GET, HEAD, POST")
	f("POST", "/v2/admin/notes/"+idA, 405, "DELETE, GET, HEAD, PUT")
	f("GET", "/v2/admin/notes/"+idA+"/pin", 405, "POST")
	f("HEAD", "/v2/admin/notes/"+idA+"/pin", 405, "POST")
	f("FROBNICATE", "/v2/notes", 405, "GET, HEAD")
}

// Paths that mean another path once they are cleaned are refused, not redirected: what was checked is what is served.
func TestUncleanPaths(t *testing.T) {
	b := setup(t)
	for _, path := range []string{"//v2/notes", "/v2//notes", "/v2/./notes", "/v2/x/../notes", "/v2/notes/..", "/v2/notes%2f" + idA, "/v2/notes%2F" + idA,
		"/v2/notes/%00", "/v2/notes;x=1", `/v2\notes`, "/v2%5cnotes", "*", "http://example.com", "http://example.com?x"} {
		res, body := b.raw("GET", "GET "+path+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		if res.StatusCode != 400 || !strings.Contains(body, `"code":"BAD_REQUEST"`) || res.Header.Get("X-Request-Id") == "" || res.Header.Get("Location") != "" {
			t.Errorf("%s: %d %s %v", path, res.StatusCode, body, res.Header)
		}
	}
	for _, path := range []string{"/v2/notes/%2e%2e/hello", "/v2/notes/%2e", "/v2/%6eotes/" + idA + "x"} {
		if res, body := b.raw("GET", "GET "+path+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); res.StatusCode/100 != 4 || !strings.HasPrefix(body, "{") {
			t.Errorf("%s: %d %s", path, res.StatusCode, body)
		}
	}
	if res, body := b.raw("GET", "GET http://example.com/v2/hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); res.StatusCode != 200 || body != `"hello"` {
		t.Errorf("an address with its host: %d %s", res.StatusCode, body)
	}
	if res, _ := b.raw("CONNECT", "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\nConnection: close\r\n\r\n"); res.StatusCode/100 != 4 {
		t.Errorf("CONNECT: %d", res.StatusCode)
	}
}

func TestHead(t *testing.T) {
	b := setup(t)
	n, _ := b.created(`{"title": "a"}`)
	for path, access := range map[string]string{"/v2/notes": "viewer", "/v2/notes/" + n.ID.String(): "viewer", "/v2/admin/notes/" + n.ID.String(): reader,
		"/v2/hello": "", "/v2/notes/" + idA: "viewer", "/v2/admin/notes?x=1": reader} {
		get := b.Do(apitest.Request{Method: "GET", Path: path, Access: access})
		head := b.Do(apitest.Request{Method: "HEAD", Path: path, Access: access}).Want(get.Status)
		if len(head.Body) != 0 {
			t.Errorf("%s: a body %s", path, head.Body)
		}
		for _, name := range []string{"Content-Length", "Content-Type", "Etag", "Cache-Control", "Vary"} {
			if head.Header.Get(name) != get.Header.Get(name) && !(name == "Content-Length" && get.Status != 200) {
				t.Errorf("%s %s: HEAD %q, GET %q", path, name, head.Header.Get(name), get.Header.Get(name))
			}
		}
	}
}

func TestRequestID(t *testing.T) {
	b := setup(t)
	f := func(given string, kept bool) {
		t.Helper()
		for _, path := range []string{"/v2/hello", "/v2/nothing", "/v2/panic", "/v2/notes"} {
			a := b.Do(apitest.Request{Method: "GET", Path: path, Header: map[string]string{"X-Request-Id": given}})
			got := a.Header.Get("X-Request-Id")
			if kept && got != given || !kept && (uuid.Validate(got) != nil || got == given) {
				t.Errorf("%s: given %q, got %q", path, given, got)
			}
			if a.Status != 200 {
				a.Refused() // checks that it says the same id
			}
		}
	}
	f("a-B_9.z", true)
	f(strings.Repeat("x", 128), true)
	for _, bad := range []string{"", strings.Repeat("x", 129), "a b", "<script>", `"`, "é", "a,b"} {
		f(bad, false)
	}
	b.Do(apitest.Request{Method: "POST", Path: "/v2/admin/notes", Access: writer, Body: `{"title": "a"}`, Header: map[string]string{"X-Request-Id": "kept-1"}}).Want(201)
	var id string
	if err := b.DB.Pool().QueryRow(t.Context(), `SELECT request_id FROM audit_log`).Scan(&id); err != nil || id != "kept-1" {
		t.Errorf("the audit log has %q, %v", id, err)
	}
}

func TestUnexpectedErrorsTellNothing(t *testing.T) {
	b := setup(t)
	for path, inner := range map[string]string{"/v2/panic": "inner text", "/v2/broken": "secret_column"} {
		a := b.Do(apitest.Request{Method: "GET", Path: path, Header: map[string]string{"X-Request-Id": "broken-" + path[4:]}}).Want(500)
		if f := a.Refused(); f.Code != "INTERNAL" || len(f.Details) != 0 || strings.Contains(string(a.Body), inner) || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s", path, a.Body)
		}
		if log := b.log.String(); strings.Count(log, inner) < 1 || !strings.Contains(log, "broken-"+path[4:]) {
			t.Errorf("%s: the log says %s", path, log)
		}
	}
	b.hook(func(context.Context, *api.Write) error { panic("inner text") })
	b.Do(apitest.Request{Method: "POST", Path: "/v2/admin/notes", Access: writer, Body: `{"title": "a"}`}).Want(500)
	if stat := b.DB.Pool().Stat(); b.rows() != 0 || stat.AcquiredConns() != 0 {
		t.Errorf("a panic left %d rows and %d connections", b.rows(), stat.AcquiredConns())
	}
}

func TestTokens(t *testing.T) {
	b := setup(t)
	f := func(status int, path string, headers ...string) {
		t.Helper()
		res, body := b.raw("GET", "GET "+path+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"+strings.Join(append(headers, "\r\n"), "\r\n"))
		if res.StatusCode != status {
			t.Errorf("%q: %d %s", headers, res.StatusCode, body)
		}
		if challenge := res.Header.Get("WWW-Authenticate"); (challenge != "") != (status == 401) {
			t.Errorf("%q: WWW-Authenticate %q", headers, challenge)
		}
		if busy := res.Header.Get("Retry-After"); (busy != "") != (status == 503) {
			t.Errorf("%q: Retry-After %q", headers, busy)
		}
	}
	f(200, "/v2/notes", "Authorization: Bearer viewer")
	f(200, "/v2/notes", "authorization: bearer   viewer ")
	f(200, "/v2/public/notes", "Authorization: Bearer bad")
	f(401, "/v2/notes", "X: y")
	for _, header := range []string{"", "Bearer", "Bearer ", "Bearer bad", "Basic viewer", "viewer", "Bearer viewer, Bearer viewer"} {
		if header == "Bearer viewer, Bearer viewer" {
			f(401, "/v2/notes", "Authorization: Bearer viewer", "Authorization: Bearer viewer")
			continue
		}
		f(401, "/v2/notes", "Authorization: "+header)
	}
	f(403, "/v2/notes", "Authorization: Bearer "+writer)
	f(403, "/v2/admin/notes", "Authorization: Bearer viewer")
	f(403, "/v2/admin/notes", "Authorization: Bearer content:readx content:rea")
	f(503, "/v2/notes", "Authorization: Bearer nokeys")
}

// A client that leaves while its request runs is no failure of ours: it frees what it held, and nobody is alarmed.
func TestClientThatLeaves(t *testing.T) {
	b := setup(t)
	began := make(chan struct{})
	ended := make(chan error, 1)
	b.hook(func(ctx context.Context, w *api.Write) error {
		close(began)
		_, err := w.Exec(ctx, `SELECT pg_sleep(4)`)
		ended <- err
		return err
	})
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "POST", b.Public+"/v2/admin/notes", strings.NewReader(`{"title": "a"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+writer)
	r.Header.Set("Idempotency-Key", "k")
	go func() { <-began; leave() }()
	if _, err := http.DefaultClient.Do(r); err == nil {
		t.Fatal("answered")
	}
	if err := <-ended; err == nil {
		t.Error("the statement went on")
	}
	b.notes.before.Store(nil)
	b.eventually("its connection is not free", func() bool { return b.DB.Pool().Stat().AcquiredConns() == 0 })
	b.Do(apitest.Request{Method: "POST", Path: "/v2/admin/notes", Access: writer, Body: `{"title": "b"}`, Header: map[string]string{"Idempotency-Key": "k"}}).Want(201)
	if b.rows() != 1 || strings.Contains(b.log.String(), "level=ERROR") {
		t.Errorf("%d rows; the log says %s", b.rows(), b.log)
	}
}
