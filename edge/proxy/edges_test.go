package proxy

import (
	"net/http"
	"strings"
	"testing"

	"encora/edge/fill/filltest"
	"encora/shared/territory"
	"encora/shared/wire"
)

func TestPassThrough(t *testing.T) {
	b := setup(t)
	b.origin.Pass = func(w http.ResponseWriter, p filltest.Passed) {
		h := w.Header()
		for name, value := range map[string]string{"Content-Type": "application/json", "ETag": `"7"`, "Location": "/v2/devices/7", "Set-Cookie": "a=b", "X-Internal": "x",
			wire.Epoch: "e", "Cache-Control": "public, max-age=1000", "Idempotent-Replayed": "true", "Server": "origin"} {
			h.Set(name, value)
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"echo":` + p.Body + `}`))
	}
	a := b.send("POST /v2/devices?x=1&y=%20 HTTP/1.1\r\nHost: edge\r\n" + viewer + "\r\nContent-Type: application/json\r\nIdempotency-Key: k1\r\nX-Device-Id: d1\r\n" +
		"X-Forwarded-For: 1.2.3.4\r\nX-Country: FR\r\nCookie: secret\r\nConnection: X-Device-Id\r\nEncora-Country: DE\r\nEncora-Client-IP: 9.9.9.9\r\nEncora-As-Of: x\r\nX-Request-Id: r-1\r\nContent-Length: 2\r\n\r\n{}")
	if a.StatusCode != 201 || a.body != `{"echo":{}}` {
		t.Errorf("%d %q", a.StatusCode, a.body)
	}
	for name, want := range map[string]string{"ETag": `"7"`, "Location": "/v2/devices/7", "Idempotent-Replayed": "true", "Cache-Control": "no-store", "X-Request-Id": "r-1",
		"Set-Cookie": "", "X-Internal": "", wire.Epoch: "", "Server": "", "Content-Type": "application/json"} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("answer's %s: %q, want %q", name, got, want)
		}
	}
	p := b.origin.PassedThrough()[0]
	if p.Method != "POST" || p.Target != "/v2/devices?x=1&y=%20" || p.Body != "{}" {
		t.Errorf("%s %s %q", p.Method, p.Target, p.Body)
	}
	for name, want := range map[string]string{"Content-Type": "application/json", "Idempotency-Key": "k1", "X-Device-Id": "d1", "X-Request-Id": "r-1", wire.Country: "GB", wire.ClientAddr: "127.0.0.1",
		"X-Forwarded-For": "", "X-Country": "", "Cookie": "", wire.AsOf: ""} {
		if got := p.Header.Get(name); got != want {
			t.Errorf("request's %s: %q, want %q", name, got, want)
		}
	}
	if got := p.Header.Get("Authorization"); got != "Bearer viewer" {
		t.Errorf("the origin is not told who the viewer is: %q", got)
	}
}

// A body that is compressed goes on as it is, and says so: without that the origin would take it for a document that is broken.
func TestPassThroughOfCompressedBodies(t *testing.T) {
	b := setup(t)
	b.send(request("POST", "/v2/devices", viewer, "Content-Type: application/json", "Content-Encoding: gzip", "Content-Length: 3") + "\x1f\x8b\x08")
	passed := b.origin.PassedThrough()
	if len(passed) != 1 || passed[0].Header.Get("Content-Encoding") != "gzip" || passed[0].Body != "\x1f\x8b\x08" {
		t.Errorf("passed on: %+v", passed)
	}
}

func TestPassThroughIsNeitherCachedNorJoined(t *testing.T) {
	b := setup(t)
	for range 3 {
		if a := b.get("/v2/devices"); a.StatusCode != 200 || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d %s", a.StatusCode, a.Header.Get("Cache-Control"))
		}
	}
	if got := len(b.origin.PassedThrough()); got != 3 {
		t.Errorf("%d requests reached the origin, want 3", got)
	}
	b.origin.Down(true)
	b.wantFault(b.get("/v2/devices"), 503, "UNAVAILABLE")
}

func TestPublicPassNeedsNoToken(t *testing.T) {
	b := setup(t)
	if a := b.do("GET", "/docs"); a.StatusCode != 200 {
		t.Errorf("%d", a.StatusCode)
	}
	b.wantFault(b.do("GET", "/v2/devices"), 401, "UNAUTHORIZED")
	if got := len(b.origin.PassedThrough()); got != 1 {
		t.Errorf("%d requests reached the origin, want 1", got)
	}
}

func TestCORS(t *testing.T) {
	const origin = "https://tv.example"
	f := func(configured []string, from, allow, vary string, preflight int) {
		t.Helper()
		b := setup(t, withOrigins(configured...))
		b.docs["/v2/movies/1"] = "film"
		b.get("/v2/movies/1")
		both(func(headers ...string) {
			a := b.get("/v2/movies/1", append(headers, "Origin: "+from)...)
			if got := a.Header.Get("Access-Control-Allow-Origin"); got != allow {
				t.Errorf("%v, from %s: allows %q, want %q", configured, from, got, allow)
			}
			if got := a.Header.Get("Vary"); got != vary {
				t.Errorf("%v: Vary %q, want %q", configured, got, vary)
			}
			if got := a.Header.Get("Access-Control-Expose-Headers"); (got != "") != (allow != "") {
				t.Errorf("%v: exposes %q", configured, got)
			}
		})
		if a := b.do("GET", "/v2/movies/1", "Origin: "+from); a.StatusCode != 401 || a.Header.Get("Access-Control-Allow-Origin") != allow {
			t.Errorf("an error can't be read: %d %v", a.StatusCode, a.Header)
		}
		a := b.do("OPTIONS", "/v2/movies/1", "Origin: "+from, "Access-Control-Request-Method: GET", "Access-Control-Request-Headers: authorization")
		if a.StatusCode != preflight {
			t.Errorf("%v, from %s: preflight %d, want %d", configured, from, a.StatusCode, preflight)
		}
		if a := b.do("OPTIONS", "/v2/version", "Origin: "+from, "Access-Control-Request-Method: GET"); a.StatusCode != preflight {
			t.Errorf("%v, from %s: preflight of a public operation %d, want %d", configured, from, a.StatusCode, preflight)
		}
		if preflight == 204 && (!strings.Contains(a.Header.Get("Access-Control-Allow-Headers"), "Authorization") || a.Header.Get("Access-Control-Allow-Methods") != "GET, HEAD, OPTIONS" || a.Header.Get("Access-Control-Allow-Origin") != allow) {
			t.Errorf("preflight: %v", a.Header)
		}
	}
	f(nil, origin, "", "Authorization, Accept-Encoding", 405)
	f([]string{origin, "https://b.example"}, origin, origin, "Authorization, Accept-Encoding, Origin", 204)
	f([]string{"https://b.example"}, origin, "", "Authorization, Accept-Encoding, Origin", 403)
	f([]string{"*"}, origin, "*", "Authorization, Accept-Encoding", 204)
}

func TestOwnAnswers(t *testing.T) {
	b := setup(t)
	if a := b.do("GET", "/v2/ready"); a.StatusCode != 200 {
		t.Errorf("ready: %d", a.StatusCode)
	}
	a := b.do("GET", "/v2/health")
	if a.StatusCode != 200 || !strings.Contains(a.body, `"status":"ok"`) || strings.Contains(a.body, "degraded") {
		t.Errorf("health: %d %s", a.StatusCode, a.body)
	}
	for _, field := range []string{`"version":"2.0.0"`, `"timestamp":"20`} {
		if !strings.Contains(a.body, field) {
			t.Errorf("health lacks %s: %s", field, a.body)
		}
	}
	for _, part := range []string{"feed", "origin", "cache", "keys"} {
		if !strings.Contains(a.body, `"`+part+`":{"status":"ok","latency_ms":`) {
			t.Errorf("health of %s: %s", part, a.body)
		}
	}
	if a := b.do("GET", "/v2/version"); a.StatusCode != 200 || !strings.Contains(a.body, `"api_version":"2.0.0"`) {
		t.Errorf("version: %d %s", a.StatusCode, a.body)
	}
	b.docs["/v2/movies/1"] = "film"
	b.get("/v2/movies/1")
	b.get("/v2/movies/1")
	b.do("GET", "/v2/movies/1")
	a = b.do("GET", "/metrics")
	for _, line := range []string{`encora_edge_requests_total{op="getMovie",outcome="hit"} 1`, `encora_edge_requests_total{op="getMovie",outcome="miss"} 1`, `encora_edge_refusals_total{status="401"} 1`, "encora_edge_feed_behind_seconds", `encora_edge_request_seconds_count{kind="other"} `, "process_resident_memory_bytes"} {
		if !strings.Contains(a.body, line) {
			t.Errorf("metrics lack %s", line)
		}
	}
	b.tokens.none = true
	if a := b.do("GET", "/v2/health"); a.StatusCode != 503 || !strings.Contains(a.body, `"keys":{"status":"down"`) {
		t.Errorf("health without keys: %d %s", a.StatusCode, a.body)
	}
	if a := b.do("GET", "/v2/ready"); a.StatusCode != 503 || a.Header.Get("Retry-After") == "" {
		t.Errorf("ready without keys: %d", a.StatusCode)
	}
}

func TestEdgeWithoutOriginFromTheStart(t *testing.T) {
	b := setup(t, func(b *bundle, _ *Config, _ *Timeouts) {
		b.origin.Mangle = func(*wire.FeedPage) bool { return b.ready.Load() }
	})
	b.docs["/v2/movies/1"] = "film"
	for _, target := range []string{"/v2/ready", "/v2/movies/1", "/v2/health"} {
		if a := b.get(target); a.StatusCode != 503 {
			t.Errorf("%s before the head was reached: %d", target, a.StatusCode)
		}
	}
	b.ready.Store(true)
	b.until("readiness", func() bool { return b.get("/v2/ready").StatusCode == 200 })
	b.want(b.get("/v2/movies/1"), 200, "film")
}

func TestQueryOfAKey(t *testing.T) {
	b := setup(t)
	b.docs["/v2/movies/1"] = "film"
	b.origin.Set(func() { b.origin.Audiences = wire.Audiences{Deny: map[string][]string{"GB": {"r1"}}} })
	b.write(nil, "geo")
	b.get("/v2/movies/1?fields=a")
	t1 := b.proxy.audiences.current.Load().value
	c := t1.of(b.country("GB"), "")
	key := string(b.proxy.appendKey(nil, b.proxy.routes[0], c, "/v2/movies/1", "fields=a"))
	q, ok := b.proxy.Query(key)
	if !ok || q.Path != "/internal/fill/v2/movies/1?fields=a" || q.Deny != "r1" || q.Key.String() != key || q.Headers != b.proxy.routes[0].headers {
		t.Errorf("%v %+v", ok, q)
	}
	b.write(func() { b.origin.Audiences = wire.Audiences{} }, "geo")
	b.get("/v2/movies/1")
	if _, ok := b.proxy.Query(key); ok {
		t.Error("a class of yesterday still gets successors")
	}
	if _, ok := b.proxy.Query(wire.AudiencesPath); ok {
		t.Error("the audience map was taken for an answer to viewers")
	}
}

func (b *bundle) country(code string) int {
	i, ok := territory.Index(code)
	if !ok {
		b.t.Fatalf("no country %s", code)
	}
	return i
}

func TestOperationsTheEdgeCantRoute(t *testing.T) {
	b := setup(t)
	f := func(name string, change func(*Config)) {
		t.Helper()
		c := b.proxy.Config
		c.Ops = append(c.Ops[:len(c.Ops):len(c.Ops)], testOps[0])
		last := &c.Ops[len(c.Ops)-1]
		last.ID, last.Path = "other", "/other"
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	f("path twice", func(c *Config) { c.Ops[len(c.Ops)-1].Path = testOps[0].Path })
	f("unknown tier", func(c *Config) { c.Ops[len(c.Ops)-1].Serve = "nobody" })
	f("no own answer", func(c *Config) { c.Ops[len(c.Ops)-1].Serve = "both" })
}
