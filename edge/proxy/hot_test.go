package proxy

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"encora/edge/fill/filltest"
	"encora/shared/wire"
)

func TestHitIsTheSameOnBothWays(t *testing.T) {
	b := setup(t)
	b.docs["/v2/movies/1"] = long
	b.docs["/v2/config"] = long
	f := func(target string, headers ...string) {
		t.Helper()
		b.get(target) // the miss
		fast, general := b.get(target, headers...), b.get(target, append(headers, slow)...)
		if fast.StatusCode != general.StatusCode || fast.body != general.body && fast.StatusCode < 400 {
			t.Errorf("%s %v: %d %q and %d %q", target, headers, fast.StatusCode, fast.body, general.StatusCode, general.body)
		}
		for _, h := range []http.Header{fast.Header, general.Header} {
			for _, own := range []string{"X-Request-Id", "Date"} {
				if h.Get(own) == "" {
					t.Errorf("%s: no %s", target, own)
				}
				h.Del(own)
			}
		}
		if !maps.EqualFunc(fast.Header, general.Header, slices.Equal) {
			t.Errorf("%s %v:\n%v\n%v", target, headers, fast.Header, general.Header)
		}
		if fast.ContentLength != general.ContentLength {
			t.Errorf("%s: lengths %d and %d", target, fast.ContentLength, general.ContentLength)
		}
	}
	f("/v2/movies/1")
	f("/v2/movies/1", "Accept-Encoding: gzip, br")
	f("/v2/movies/1", "Accept-Encoding: zstd")
	f("/v2/movies/1", "Accept-Encoding: gzip", "If-None-Match: *")
	f("/v2/movies/1", `If-None-Match: "x"`)
	f("/v2/movies/1?fields=title,id")
	f("/v2/config", "If-None-Match: *")
	f("/v2/movies/none")
	if got := b.count("getMovie", hit) + b.count("getMovie", hitNotModified); got < 10 {
		t.Errorf("only %d hits were counted", got)
	}
}

func TestTheLaneTakesPlainHits(t *testing.T) {
	b := setup(t, withOrigins("https://tv.example"))
	b.docs["/v2/movies/1"], b.docs["/v2/movies"], b.docs["/v2/config"] = long, "list", "config"
	b.docs["/v2/shows/1/seasons/2"], b.docs["/v2/shows/1/seasons/2/episodes/3"] = "season", "episode"
	f := func(lane bool, target string, headers ...string) {
		t.Helper()
		if lane { // a busy cache takes an entry in a little later
			b.until("a hit", func() bool { return b.get(target).Header.Get("Cache-Status") == "Encora; hit" })
		}
		before := b.general.Load()
		if a := b.get(target, headers...); a.StatusCode != 200 && a.StatusCode != 304 {
			t.Errorf("%s: %d", target, a.StatusCode)
		}
		if took := b.general.Load() == before; took != lane {
			t.Errorf("%s %v: taken by the lane: %v", target, headers, took)
		}
	}
	f(true, "/v2/movies/1")
	f(true, "/v2/movies/1?fields=id,title")
	f(true, "/v2/movies?genre=b&genre=a&unknown=%20")
	f(true, "/v2/shows/1/seasons/2")
	f(true, "/v2/shows/1/seasons/2/episodes/3")
	f(true, "/v2/config", "If-None-Match: *", "Origin: https://tv.example", "Accept: */*", "User-Agent: test", "Cookie: a=b")
	f(true, "/v2/movies/1", "connection: Keep-Alive", "accept-encoding:gzip")
	f(false, "/v2/movies/1", slow)
	f(false, "/v2/movies/1", "Connection: close")
	f(false, "/v2/movies/1", "Content-Length: 0")
	f(false, "/v2/movies/1", "Accept-Encoding: gzip", "Accept-Encoding: br")
	f(false, "/v2/movies/1", "X-Note: \u00e9")
	f(false, "/v2/health")
}

func (b *bundle) count(op string, m meter) uint64 {
	for _, rt := range b.proxy.routes {
		if rt.op.ID == op {
			return rt.meters.counters[m].Get()
		}
	}
	b.t.Fatalf("no operation %s", op)
	return 0
}

func TestHeadersOfHitAndMiss(t *testing.T) {
	b := setup(t)
	b.docs["/v2/movies/1"] = long
	f := func(a answer, want map[string]string) {
		t.Helper()
		for name, value := range want {
			if got := a.Header.Get(name); got != value {
				t.Errorf("%s: %q, want %q", name, got, value)
			}
		}
	}
	common := map[string]string{"Age": "0", "Cache-Control": "private, no-cache", "Vary": "Authorization, Accept-Encoding", "Content-Type": "application/json"}
	a := b.get("/v2/movies/1")
	f(a, common)
	f(a, map[string]string{"Cache-Status": "Encora; fwd=uri-miss; stored", "ETag": a.Header.Get("ETag")})
	both(func(headers ...string) {
		h := b.get("/v2/movies/1", headers...)
		f(h, common)
		f(h, map[string]string{"Cache-Status": "Encora; hit", "ETag": a.Header.Get("ETag")})
		n := b.get("/v2/movies/1", append(headers, "If-None-Match: "+a.Header.Get("ETag"))...)
		b.want(n, 304, "")
		f(n, map[string]string{"Age": "0", "Cache-Control": "private, no-cache", "Vary": "Authorization, Accept-Encoding", "ETag": a.Header.Get("ETag"), "Cache-Status": "Encora; hit"})
		id := b.get("/v2/movies/1", append(headers, "X-Request-Id: mine-1")...)
		f(id, map[string]string{"X-Request-Id": "mine-1"})
		if got := b.get("/v2/movies/1", append(headers, "X-Request-Id: not mine!")...).Header.Get("X-Request-Id"); len(got) != 36 {
			t.Errorf("request id %q", got)
		}
	})
	b.write(nil, "/v2/movies/1")
	f(b.get("/v2/movies/1"), map[string]string{"Cache-Status": "Encora; fwd=stale; stored"})
	f(b.do("GET", "/v2/config"), map[string]string{"Cache-Control": "public, max-age=10", "Vary": "Accept-Encoding"})
}

func TestHeadIsGetWithoutBody(t *testing.T) {
	b := setup(t)
	b.docs["/v2/movies/1"] = long
	get := b.get("/v2/movies/1")
	head := b.do("HEAD", "/v2/movies/1", viewer)
	if head.StatusCode != 200 || head.body != "" || head.ContentLength != int64(len(long)) || head.Header.Get("ETag") != get.Header.Get("ETag") {
		t.Errorf("HEAD: %d, body %q, length %d, ETag %s", head.StatusCode, head.body, head.ContentLength, head.Header.Get("ETag"))
	}
}

func TestVariants(t *testing.T) {
	b := setup(t)
	b.docs["/v2/movies/1"] = long
	b.get("/v2/movies/1")
	f := func(accept, want string) {
		t.Helper()
		both(func(headers ...string) {
			a := b.get("/v2/movies/1", append(headers, "Accept-Encoding: "+accept)...)
			if got := a.Header.Get("Content-Encoding"); got != want || a.StatusCode != 200 {
				t.Errorf("%q: %d %q, want %q", accept, a.StatusCode, got, want)
			}
		})
	}
	f("gzip", "gzip")
	f("gzip, deflate, br, zstd", "br")
	f("gzip;q=1.0, br;q=0.5", "gzip")
	f("br;q=0, zstd;q=0.001", "zstd")
	f("*", "br")
	f("*;q=0", "")
	f("*;q=0.1, identity", "")
	f("identity;q=0, gzip;q=0", "")
	f("deflate", "")
	f("GZIP", "gzip")
	f("gzip;q=nonsense", "")
	f("br;q=1.5", "")
}

func TestEntityTags(t *testing.T) {
	b := setup(t)
	b.docs["/v2/movies/1"] = long
	etag := b.get("/v2/movies/1", "Accept-Encoding: gzip").Header.Get("ETag")
	if !strings.HasSuffix(etag, `-gz"`) {
		t.Fatalf("ETag %s", etag)
	}
	plain := strings.Replace(etag, "-gz", "", 1)
	f := func(value string, status int) {
		t.Helper()
		both(func(headers ...string) {
			if a := b.get("/v2/movies/1", append(headers, "If-None-Match: "+value)...); a.StatusCode != status {
				t.Errorf("%s: %d, want %d", value, a.StatusCode, status)
			}
		})
	}
	f(etag, 304)
	f(plain, 304)
	f("W/"+plain, 304)
	f(`"a", "b-br",`+plain, 304)
	f("*", 304)
	f(`"a"`, 200)
	f(strings.Trim(plain, `"`), 200)
	f(`"", W/, "`, 200)
	b.write(func() { b.docs["/v2/movies/1"] = long + "!" }, "/v2/movies/1")
	f(plain, 200)
}

func TestQueries(t *testing.T) {
	b := setup(t)
	b.docs["/v2/movies"] = "list"
	f := func(query, body string, fills int) {
		t.Helper()
		both(func(headers ...string) { b.want(b.get("/v2/movies"+query, headers...), 200, body) })
		target := "/v2/movies"
		if _, q, ok := strings.Cut(body, " by "); ok {
			target += "?" + q
		}
		if got := b.origin.Fills(target); got != fills {
			t.Errorf("%s: %d fills of %s, want %d", query, got, target, fills)
		}
	}
	f("", "list", 1)
	f("?limit=20", "list", 1)
	f("?utm=x&limit=20", "list", 1)
	f("?genre=b,a", "list by genre=a&genre=b", 1)
	f("?genre=a&genre=b&utm=2", "list by genre=a&genre=b", 1)
	f("?limit=5&genre=%61&genre=b", "list by genre=a&genre=b&limit=5", 1)
	f("?limit=1&limit=2", "list by limit=1&limit=2", 1) // the origin's to refuse
	f("?cursor=good-listMovies", "list by cursor=good-listMovies", 1)
	f("?cursor=", "list by cursor=", 1) // none
	for _, bad := range []string{"?cursor=made-up", "?cursor=good-listMovies&genre=x", "?cursor=good-listMovies&cursor=x"} {
		both(func(headers ...string) {
			a := b.get("/v2/movies"+bad, headers...)
			b.wantFault(a, 400, "BAD_REQUEST")
			if !strings.Contains(a.body, `"field":"cursor"`) {
				t.Errorf("%s: %s does not name the field", bad, a.body)
			}
		})
	}
	b.origin.Down(true)
	both(func(headers ...string) {
		b.wantFault(b.get("/v2/movies?cursor=made-up", headers...), 400, "BAD_REQUEST")
	})
	b.origin.Down(false)
	both(func(headers ...string) { b.wantFault(b.get("/v2/movies?limit=%zz", headers...), 400, "BAD_REQUEST") })
}

// What is wrong beside a cursor is the origin's to tell, in the same answer; nothing of that is kept.
func TestFaultsBesideACursor(t *testing.T) {
	b := setup(t)
	const refusal = `{"code":"BAD_REQUEST","message":"no","request_id":"origin","details":[{"field":"cursor"},{"field":"limit"}]}`
	b.origin.Set(func() {
		b.origin.Render = func(a filltest.Ask) filltest.Answer { return filltest.Answer{Status: 400, Body: refusal} }
	})
	for i := range 3 {
		a := b.get("/v2/movies?limit=0&cursor=made-up")
		b.wantFault(a, 400, "BAD_REQUEST")
		if !strings.Contains(a.body, `"details":[{"field":"cursor"},{"field":"limit"}]`) {
			t.Errorf("got %s", a.body)
		}
		if got := b.origin.Fills("/v2/movies?cursor=made-up&limit=0"); got != i+1 {
			t.Errorf("%d questions after %d requests", got, i+1)
		}
	}
}

func TestWhoMayRead(t *testing.T) {
	b := setup(t)
	b.docs["/v2/movies/1"] = "film"
	b.get("/v2/movies/1")
	both(func(headers ...string) {
		f := func(target, auth string, status int, code string) {
			t.Helper()
			h := headers
			if auth != "" {
				h = append(slices.Clone(headers), "Authorization: "+auth)
			}
			a := b.do("GET", target, h...)
			b.wantFault(a, status, code)
			if challenge := a.Header.Get("WWW-Authenticate"); (status == 401) != strings.HasPrefix(challenge, "Bearer") {
				t.Errorf("%d with challenge %q", status, challenge)
			}
		}
		f("/v2/movies/1", "", 401, "UNAUTHORIZED")
		f("/v2/movies/1", "Bearer wrong", 401, "UNAUTHORIZED")
		f("/v2/movies/1", "Basic viewer", 401, "UNAUTHORIZED")
		f("/v2/movies/1", "Bearer", 401, "UNAUTHORIZED")
		f("/v2/movies/1", "Bearer scope:content:read", 403, "FORBIDDEN")
		f("/v2/reports", "Bearer viewer", 403, "FORBIDDEN")
		f("/v2/movies?cursor=bad", "", 401, "UNAUTHORIZED") // 401 comes before 400
		f("/v2/nothing", "", 404, "NOT_FOUND")              // and 404 before 401
		b.want(b.do("GET", "/v2/movies/1", append(headers, "authorization: bearer viewer")...), 200, "film")
	})
	b.tokens.none = true
	a := b.do("GET", "/v2/movies/1", "Authorization: Bearer viewer-FR")
	b.wantFault(a, 503, "UNAVAILABLE")
	if a.Header.Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
}

func TestTerritories(t *testing.T) {
	b := setup(t)
	b.docs["/v2/movies/1"] = "film"
	b.origin.Set(func() {
		b.origin.Audiences = wire.Audiences{Deny: map[string][]string{"DE": {"r2", "r1"}, "AT": {"r1", "r2"}, "FR": {"r3"}, "ZZ": {"r1"}}}
	})
	b.write(nil, "geo")
	f := func(country, body string, headers ...string) {
		t.Helper()
		both(func(more ...string) {
			b.want(b.do("GET", "/v2/movies/1", append(append(headers, more...), "Authorization: Bearer viewer-"+country)...), 200, body)
		})
	}
	f("GB", "film")
	f("DE", "film without r1+r2")
	f("AT", "film without r1+r2")
	f("FR", "film without r3")
	f("", "film without r1")
	f("XX", "film without r1")
	f("FR", "film without r3", "X-Country: GB") // a client's own word
	if got := b.origin.Fills("/v2/movies/1"); got != 4 {
		t.Errorf("%d fills for four classes", got)
	}
	if got := b.origin.Fills(wire.AudiencesPath); got > 2 {
		t.Errorf("%d fills of the map", got)
	}
	b.write(func() { b.origin.Audiences.Deny["GB"] = []string{"r9"} }, "!geo")
	f("GB", "film without r9")
	b.write(func() { b.origin.Audiences.Deny["UK"] = []string{"r9"} }, "!geo") // no country: who is meant can't be told
	b.wantFault(b.get("/v2/movies/1"), 500, "INTERNAL")
}

func TestNotFoundIsCached(t *testing.T) {
	b := setup(t)
	both(func(headers ...string) {
		a := b.get("/v2/movies/none", headers...)
		b.wantFault(a, 404, "NOT_FOUND") // the body names this request, not the one that filled
	})
	if got := b.origin.Fills("/v2/movies/none"); got != 1 {
		t.Errorf("%d fills", got)
	}
	b.write(func() { b.docs["/v2/movies/none"] = "now" }, "/v2/movies/none")
	b.want(b.get("/v2/movies/none"), 200, "now")
}

func TestOriginsErrorsAreNotCached(t *testing.T) {
	b := setup(t)
	b.origin.Set(func() {
		b.origin.Render = func(filltest.Ask) filltest.Answer {
			return filltest.Answer{Status: 400, Body: `{"code":"BAD_REQUEST","message":"no","request_id":"x","details":[{"field":"limit","code":"max","message":"too many"}]}`, Untagged: true}
		}
	})
	for range 2 {
		a := b.get("/v2/movies?limit=5000")
		b.wantFault(a, 400, "BAD_REQUEST")
		if !strings.Contains(a.body, `"field":"limit"`) || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%q, %s", a.body, a.Header.Get("Cache-Control"))
		}
	}
	if got := b.origin.Fills("/v2/movies?limit=5000"); got != 2 {
		t.Errorf("%d fills", got)
	}
}

func TestWithoutOrigin(t *testing.T) {
	b := setup(t, func(_ *bundle, c *Config, _ *Timeouts) { c.LostAfter = 1500 * time.Millisecond })
	b.docs["/v2/movies/valid"], b.docs["/v2/movies/edited"], b.docs["/v2/movies/gone"] = "valid", "edited", "gone"
	for _, id := range []string{"valid", "edited", "gone"} {
		b.get("/v2/movies/" + id)
	}
	b.write(nil, "/v2/movies/edited")
	b.write(nil, "!/v2/movies/gone")
	b.origin.Down(true)
	b.want(b.get("/v2/movies/valid"), 200, "valid")
	a := b.get("/v2/movies/edited")
	b.want(a, 200, "edited")
	if s := a.Header.Get("Cache-Status"); !strings.Contains(s, "ttl=-") || !strings.Contains(s, "origin-away") {
		t.Errorf("an edited answer is served as %q", s)
	}
	refused := func(target string) {
		t.Helper()
		began := time.Now()
		a := b.get(target)
		b.wantFault(a, 503, "UNAVAILABLE")
		if took := time.Since(began); a.Header.Get("Retry-After") == "" || took > time.Second {
			t.Errorf("%s: Retry-After %q after %v", target, a.Header.Get("Retry-After"), took)
		}
	}
	refused("/v2/movies/gone")
	refused("/v2/movies/cold")
	b.until("the loss of the feed", func() bool { return b.get("/v2/movies/valid").Header.Get("Age") != "0" })
	both(func(headers ...string) {
		a := b.get("/v2/movies/valid", headers...)
		if age, s := a.Header.Get("Age"), a.Header.Get("Cache-Status"); a.body != "valid" || age == "0" || s != "Encora; hit; detail=origin-away" {
			t.Errorf("served with Age %s and %q", age, s)
		}
	})
	refused("/v2/movies/gone")
	if a := b.do("GET", "/v2/ready"); a.StatusCode != 200 {
		t.Errorf("not ready while the origin is away: %d", a.StatusCode)
	}
	if a := b.do("GET", "/v2/health"); a.StatusCode != 200 || !strings.Contains(a.body, `"status":"degraded"`) {
		t.Errorf("health: %d %s", a.StatusCode, a.body)
	}
	b.origin.Down(false)
	b.until("the origin", func() bool { return b.get("/v2/movies/cold").StatusCode == 404 })
	b.want(b.get("/v2/movies/edited"), 200, "edited")
	b.until("the feed", func() bool { return b.get("/v2/movies/valid").Header.Get("Cache-Status") == "Encora; hit" })
}

// An origin that takes longer than one question may is asked again while the viewer waits, if there is nothing else to show.
func TestViewersWaitForASlowOrigin(t *testing.T) {
	b := setup(t)
	b.docs["/v2/movies/edited"], b.docs["/v2/movies/gone"] = "edited", "gone"
	for _, id := range []string{"edited", "gone"} {
		b.get("/v2/movies/" + id)
	}
	b.write(func() { b.docs["/v2/movies/edited"], b.docs["/v2/movies/gone"] = "new", "back" }, "/v2/movies/edited", "!/v2/movies/gone")
	var asked sync.Map
	b.origin.Set(func() {
		b.origin.BeforeFill = func(a filltest.Ask) {
			if _, again := asked.LoadOrStore(a.Path, true); !again {
				time.Sleep(1200 * time.Millisecond)
			}
		}
	})
	b.want(b.get("/v2/movies/edited"), 200, "edited") // what was only edited is shown meanwhile
	b.want(b.get("/v2/movies/gone"), 200, "back")
}

func TestNothingIsServedBeyondTheStaleLimit(t *testing.T) {
	b := setup(t, func(_ *bundle, c *Config, _ *Timeouts) { c.LostAfter, c.StaleFor = time.Second, 1500*time.Millisecond })
	b.docs["/v2/movies/1"] = "film"
	b.get("/v2/movies/1")
	b.origin.Down(true)
	b.want(b.get("/v2/movies/1"), 200, "film")
	b.until("the limit", func() bool { return b.get("/v2/movies/1").StatusCode == 503 })
	both(func(headers ...string) { b.wantFault(b.get("/v2/movies/1", headers...), 503, "UNAVAILABLE") })
}

func TestOldWorldIsNotServed(t *testing.T) {
	b := setup(t)
	b.docs["/v2/movies/1"] = "before"
	b.get("/v2/movies/1")
	b.origin.Set(func() { b.docs["/v2/movies/1"] = "after" })
	b.origin.Restore("epoch-2", 7)
	b.until("the new world", func() bool { return b.proxy.versions.State().Epoch == "epoch-2" })
	both(func(headers ...string) { b.want(b.get("/v2/movies/1", headers...), 200, "after") })
}

func TestScheduledChangeNeedsNoOrigin(t *testing.T) {
	b := setup(t)
	turn := time.Now().Add(time.Second)
	b.origin.Set(func() {
		b.origin.Render = func(a filltest.Ask) filltest.Answer {
			if a.AsOf.Before(turn) {
				return filltest.Answer{Body: "upcoming without " + strings.Join(a.Deny, ""), Tags: []string{"a"}, Until: turn}
			}
			return filltest.Answer{Body: "on without " + strings.Join(a.Deny, ""), Tags: []string{"a"}}
		}
		b.origin.Audiences = wire.Audiences{Deny: map[string][]string{"GB": {"r1"}}}
	})
	b.want(b.get("/v2/movies/1"), 200, "upcoming without r1")
	b.until("the successor", func() bool { return b.origin.Fills("/v2/movies/1") == 2 })
	time.Sleep(20 * time.Millisecond) // its answer is on the way
	b.origin.Down(true)
	b.until("the instant", func() bool { return b.proxy.clock.Now().After(turn) })
	both(func(headers ...string) { b.want(b.get("/v2/movies/1", headers...), 200, "on without r1") })
}
