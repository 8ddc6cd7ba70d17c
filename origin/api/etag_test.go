package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"encora/origin/apitest"
)

func TestIfNoneMatch(t *testing.T) {
	b := setup(t)
	n, version := b.created(`{"title": "a"}`)
	for path, access := range map[string]string{"/v2/notes": "viewer", "/v2/notes/" + n.ID.String(): "viewer", "/v2/notes/" + n.ID.String() + "?fields=id": "viewer",
		"/v2/admin/notes": reader, "/v2/admin/notes/" + n.ID.String(): reader, "/v2/public/notes": ""} {
		whole := b.Do(apitest.Request{Method: "GET", Path: path, Access: access}).Want(200)
		tag := whole.Header.Get("ETag")
		if !strings.HasPrefix(tag, `"`) || !strings.HasSuffix(tag, `"`) || len(tag) < 18 {
			t.Fatalf("%s: ETag %q", path, tag)
		}
		for condition, status := range map[string]int{tag: 304, "W/" + tag: 304, `"x", ` + tag + ` ,"y"`: 304, `"x",W/` + tag: 304, "*": 304, " * ": 304,
			`"x"`: 200, tag + "x": 200, strings.Trim(tag, `"`): 200, "": 200, ",": 200, "**": 200, `"`: 200, strings.ToUpper(`W/` + tag + `"`): 200} {
			for _, method := range []string{"GET", "HEAD"} {
				a := b.Do(apitest.Request{Method: method, Path: path, Access: access, Header: map[string]string{"If-None-Match": condition}})
				if a.Status != status {
					t.Errorf("%s %s If-None-Match: %s is %d", method, path, condition, a.Status)
					continue
				}
				for _, name := range []string{"ETag", "Cache-Control", "Vary"} {
					if got := a.Header.Get(name); got != whole.Header.Get(name) {
						t.Errorf("%s If-None-Match: %s: %s is %q", path, condition, name, got)
					}
				}
				if status == 304 && (len(a.Body) > 0 || a.Header.Get("Content-Type") != "" || a.Header.Get("Content-Length") != "" || a.Header.Get("X-Request-Id") == "") {
					t.Errorf("304 with %q and %v", a.Body, a.Header)
				}
			}
		}
		res, _ := b.raw("GET", "GET "+path+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer "+access+"\r\nIf-None-Match: \"x\"\r\nIf-None-Match: "+tag+"\r\n\r\n")
		if res.StatusCode != 304 {
			t.Errorf("%s: two lines of If-None-Match: %d", path, res.StatusCode)
		}
	}
	b.Do(apitest.Request{Method: "GET", Path: "/v2/notes/" + idA, Access: "viewer", Header: map[string]string{"If-None-Match": "*"}}).Want(404)
	b.Do(apitest.Request{Method: "POST", Path: "/v2/notes/ask", Access: "viewer", Header: map[string]string{"If-None-Match": "*"}}).Want(200)
	b.Do(apitest.Request{Method: "PUT", Path: "/v2/admin/notes/" + n.ID.String(), Access: writer, Body: `{"title": "a"}`, Header: map[string]string{"If-None-Match": version}}).Want(200)
}

func TestCacheHeaders(t *testing.T) {
	b := setup(t)
	n, _ := b.created(`{"title": "a"}`)
	for path, want := range map[string]string{"/v2/notes": "private, no-cache|Authorization", "/v2/notes/" + n.ID.String(): "private, no-cache|Authorization",
		"/v2/admin/notes": "private, no-cache|Authorization", "/v2/public/notes": "public, max-age=10|", "/v2/hello": "no-store|"} {
		access := map[bool]string{true: reader, false: "viewer"}[strings.Contains(path, "admin")]
		a := b.Do(apitest.Request{Method: "GET", Path: path, Access: access}).Want(200)
		if got := a.Header.Get("Cache-Control") + "|" + a.Header.Get("Vary"); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}

// ETags depend on the data alone.
func TestETagsFollowTheData(t *testing.T) {
	b := setup(t)
	n, created := b.created(`{"title": "a"}`)
	one := "/v2/admin/notes/" + n.ID.String()
	tag := func(path, access string) string {
		t.Helper()
		return b.Do(apitest.Request{Method: "GET", Path: path, Access: access}).Want(200).Header.Get("ETag")
	}
	if got := tag(one, reader); got != created {
		t.Errorf("the POST said %s, the GET %s", created, got)
	}
	if got := tag(one+"?fields=title", reader); got != created {
		t.Errorf("part of it has the ETag %s", got)
	}
	b.created(`{"title": "b"}`)
	if got := tag(one, reader); got != created {
		t.Errorf("another note changed it to %s", got)
	}
	part, all := tag("/v2/notes/"+n.ID.String()+"?fields=title", "viewer"), tag("/v2/notes/"+n.ID.String(), "viewer")
	if part == all {
		t.Error("different bytes have the same ETag")
	}
	put := b.Do(apitest.Request{Method: "PUT", Path: one, Access: writer, Body: `{"title": "a", "rating": 1}`}).Want(200).Header.Get("ETag")
	if got := tag(one, reader); got != put || got == created {
		t.Errorf("the PUT said %s, the GET %s", put, got)
	}
	if got := tag("/v2/notes/"+n.ID.String()+"?fields=title", "viewer"); got != part {
		t.Errorf("what did not change has another ETag")
	}
}

func TestIfMatch(t *testing.T) {
	b := setup(t)
	n, version := b.created(`{"title": "a"}`)
	path := "/v2/admin/notes/" + n.ID.String()
	f := func(condition string, status int) {
		t.Helper()
		for _, r := range []apitest.Request{{Method: "PUT", Path: path, Body: `{"title": "a"}`}, {Method: "POST", Path: path + "/pin"}} {
			r.Access, r.Header = writer, map[string]string{"If-Match": strings.ReplaceAll(condition, "CURRENT", version)}
			a := b.Do(r)
			if a.Status != status {
				t.Errorf("%s If-Match: %s is %d", r.Method, condition, a.Status)
			}
			if a.Header.Get("ETag") == "" || status == 412 && a.Header.Get("ETag") != version {
				t.Errorf("%s If-Match: %s answers ETag %q", r.Method, condition, a.Header.Get("ETag"))
			}
			version = a.Header.Get("ETag")
		}
	}
	for _, ok := range []string{"CURRENT", " CURRENT ", `"x",CURRENT`, "*", `CURRENT, "x"`} {
		f(ok, 200)
	}
	for _, no := range []string{`"x"`, `W/CURRENT`, "CURRENTx", `"x", "y"`, `"`, ",", "x"} {
		f(no, 412)
	}
	request := "PUT " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 14\r\nAuthorization: Bearer " + writer
	if res, body := b.raw("PUT", request+"\r\nIf-Match: \"x\"\r\nIf-Match: "+version+"\r\n\r\n{\"title\": \"a\"}"); res.StatusCode != 200 {
		t.Errorf("two lines of If-Match: %d %s", res.StatusCode, body)
	}
	b.Do(apitest.Request{Method: "DELETE", Path: path, Access: writer, Header: map[string]string{"If-Match": `"x"`}}).Want(412)
	b.Do(apitest.Request{Method: "DELETE", Path: path, Access: writer, Header: map[string]string{"If-Match": "*"}}).Want(204)
	b.Do(apitest.Request{Method: "DELETE", Path: path, Access: writer, Header: map[string]string{"If-Match": "*"}}).Want(404)
}

// Two editors read the same version. The second one to write learns what the first one changed.
func TestLostUpdate(t *testing.T) {
	b := setup(t)
	n, version := b.created(`{"title": "a", "rating": 1}`)
	r := apitest.Request{Method: "PUT", Path: "/v2/admin/notes/" + n.ID.String(), Access: writer, Header: map[string]string{"If-Match": version},
		Body: `{"title": "a", "rating": 2, "tags": ["x"], "text": "new"}`}
	current := b.Do(r).Want(200).Header.Get("ETag")
	r.Body = `{"title": "mine", "rating": 1}`
	for _, condition := range []string{version, "W/" + version, `"x", ` + version, version + `, "x.y"`} {
		r.Header["If-Match"] = condition
		a := b.Do(r).Want(412)
		refusal := a.Refused()
		if fields := refusal.Fields(); refusal.Code != "PRECONDITION_FAILED" || a.Header.Get("ETag") != current || !slices.Equal(fields, []string{"text", "rating", "tags"}) {
			t.Errorf("If-Match: %s: ETag %s, %s", condition, a.Header.Get("ETag"), a.Body)
		}
	}
	r.Header["If-Match"] = current
	b.Do(r).Want(200)
}

func TestLocation(t *testing.T) {
	b := setup(t)
	a := b.Do(apitest.Request{Method: "POST", Path: "/v2/admin/notes", Access: writer, Body: `{"title": "a"}`}).Want(201)
	var n Note
	a.Decode(&n)
	if got := a.Header.Get("Location"); got != "/v2/notes/"+n.ID.String() || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("Location %q, %v", got, a.Header)
	}
	put := b.Do(apitest.Request{Method: "PUT", Path: "/v2/admin/notes/" + n.ID.String(), Access: writer, Body: `{"title": "a"}`}).Want(200)
	if put.Header.Get("Location") != "" {
		t.Error("PUT answers a Location")
	}
	gone := b.Do(apitest.Request{Method: "DELETE", Path: "/v2/admin/notes/" + n.ID.String(), Access: writer}).Want(http.StatusNoContent)
	if len(gone.Body) != 0 || gone.Header.Get("Content-Type") != "" || gone.Header.Get("ETag") != "" {
		t.Errorf("DELETE answers %q, %v", gone.Body, gone.Header)
	}
}
