package proxy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"encora/edge/fill/filltest"
	"encora/shared/token"
	"encora/shared/wire"
)

func TestAStreamStarts(t *testing.T) {
	s := setupStage(t)
	s.movie(1)
	s.channel(2)
	a := s.play(movieStream(1), asAnn)
	got := s.started(a)
	if h := a.Header; h.Get("Cache-Control") != "no-store" || h.Get("Content-Type") != "application/json" || h.Get("ETag") != "" || h.Get("Age") != "" || h.Get("X-Request-Id") == "" {
		t.Errorf("%v", h)
	}
	for _, u := range []*string{got.DASH, got.HLS} {
		target, ok := strings.CutPrefix(*u, "https://cdn.example.com")
		claims, name, err := s.cdns.Verifier().Verify(target, "", time.Now(), netip.Addr{})
		if !ok || err != nil || claims.Session != got.Session || !strings.HasPrefix(name, "/vod/a/") {
			t.Errorf("%s: %+v %s %v", *u, claims, name, err)
		}
	}
	if d := got.Expires.Sub(got.Refresh); d != 150*time.Second || time.Until(got.Expires) > 10*time.Minute {
		t.Errorf("the URLs end at %v, renewed from %v", got.Expires, got.Refresh)
	}
	want := wire.Start{Edge: s.proxy.Playback.Edge(), AccountID: ann.String(), DeviceID: device[len("X-Device-Id: "):], ContentType: "movie", ContentID: testID(1), Title: "Film 1", Seconds: 5400,
		Media: wire.Media{DASHPath: "/vod/a/manifest.mpd", HLSPath: "/vod/a/master.m3u8"}}
	starts := s.origin.Sessions.Starts()
	if len(starts) != 1 || time.UnixMilli(starts[0].RefreshAt).Sub(got.Refresh).Abs() > time.Second { // other edges are to know
		t.Fatalf("%+v, to be renewed from %v", starts, got.Refresh)
	}
	if want.RefreshAt = starts[0].RefreshAt; starts[0] != want {
		t.Errorf("%+v\nwant %+v", starts, want)
	}
	live := s.started(s.play("/v2/channels/"+testID(2)+"/stream", asAnn))
	if live.DASH != nil || live.HLS == nil || live.Session == got.Session {
		t.Errorf("%+v", live)
	}
	if a := s.play("/v2/channels/"+testID(2)+"/stream", asAnn); !strings.Contains(a.body, `"dash_url":null`) {
		t.Errorf("%s", a.body)
	}
}

// Every start is the origin's to decide: none is answered from what another got, though titles are known.
func TestStartsAreNeitherCachedNorJoined(t *testing.T) {
	s := setupStage(t)
	s.movie(1)
	s.started(s.play(movieStream(1), asAnn))
	var running sync.WaitGroup
	var mu sync.Mutex
	seen := map[string]bool{}
	for range 20 {
		running.Go(func() {
			id := s.started(s.play(movieStream(1), asAnn)).Session.String()
			mu.Lock()
			defer mu.Unlock()
			seen[id] = true
		})
	}
	running.Wait()
	if n := len(s.origin.Sessions.Starts()); n != 21 || len(seen) != 20 {
		t.Errorf("%d starts reached the origin, of 20 there are %d sessions", n, len(seen))
	}
	if n := s.origin.Fills("/internal/playable/movie/" + testID(1)); n != 1 {
		t.Errorf("the title was asked for %d times", n)
	}
}

func TestStartsThatCantBeRead(t *testing.T) {
	s := setupStage(t)
	s.movie(1)
	f := func(target string, want []string, headers ...string) {
		t.Helper()
		a := s.do("GET", target, append(headers, asAnn)...)
		s.wantFault(a, 400, badRequest)
		slices.Sort(want)
		if got := a.fields(); !slices.Equal(got, want) {
			t.Errorf("%s %v: %q, want %q", target, headers, got, want)
		}
	}
	long := strings.Repeat("x", 129)
	f(movieStream(1), []string{"X-Device-Id required"})
	f(movieStream(1), []string{"X-Device-Id required"}, "X-Device-Id:")
	f(movieStream(1), []string{"X-Device-Id too_long"}, "X-Device-Id: "+long)
	f(movieStream(1), []string{"X-Device-Id repeated"}, device, device)
	f(movieStream(1), []string{"X-Profile-Id invalid_format"}, device, "X-Profile-Id: me")
	f(movieStream(1), []string{"X-Profile-Id repeated"}, device, "X-Profile-Id: "+testID(7), "X-Profile-Id: "+testID(7))
	f(movieStream(1), []string{"X-Replace-Session too_long"}, device, "X-Replace-Session: "+long)
	f("/v2/movies/one/stream", []string{"movie_id invalid_format"}, device)
	f("/v2/movies/urn:uuid:"+testID(1)+"/stream", []string{"movie_id invalid_format"}, device)
	catchup := "/v2/channels/" + testID(2) + "/catchup"
	f(catchup, []string{"program_id required"}, device)
	f(catchup+"?program_id=", []string{"program_id required"}, device)
	f(catchup+"?program_id=x", []string{"program_id invalid_format"}, device)
	f(catchup+"?program_id="+testID(3)+"&program_id="+testID(3), []string{"program_id repeated"}, device)
	f(catchup+"?program_id=%zz", []string{"query malformed"}, device)
	f("/v2/channels/two/catchup?program_id=x", []string{"channel_id invalid_format", "program_id invalid_format", "X-Device-Id required", "X-Profile-Id invalid_format", "X-Replace-Session repeated"},
		"X-Profile-Id: me", "X-Replace-Session: a", "X-Replace-Session: b")
	if n := len(s.origin.Sessions.Starts()); n != 0 {
		t.Errorf("%d of them reached the origin", n)
	}
	s.started(s.do("GET", movieStream(1)+"?program_id=x&unknown=%zz", device, asAnn)) // what viewers send beside is ignored
	s.started(s.play("/v2/movies/"+strings.ToUpper(testID(1))+"/stream", asAnn))
}

func TestWhoMayStart(t *testing.T) {
	s := setupStage(t)
	s.movie(1)
	s.wantFault(s.do("GET", "/v2/movies/x/stream"), 401, "UNAUTHORIZED")
	s.wantFault(s.do("GET", "/v2/movies/x/stream", "Authorization: Bearer nobody"), 401, "UNAUTHORIZED")
	s.wantFault(s.do("GET", "/v2/movies/x/stream", "Authorization: Bearer scope:content:read"), 403, "FORBIDDEN")
	s.wantFault(s.play(movieStream(9), asAnn), 404, "NOT_FOUND")
	s.wantFault(s.play("/v2/channels/"+testID(1)+"/stream", asAnn), 404, "NOT_FOUND") // a movie is no channel
	s.wantFault(s.play("/v2/channels/"+testID(9)+"/start-over", asAnn), 404, "NOT_FOUND")
	for _, method := range []string{"HEAD", "POST", "DELETE", "OPTIONS"} {
		a := s.do(method, movieStream(1), asAnn, device, "Content-Length: 0")
		if a.StatusCode != 405 || a.Header.Get("Allow") != "GET" {
			t.Errorf("%s: %d, Allow %q", method, a.StatusCode, a.Header.Get("Allow"))
		}
	}
	if n := len(s.origin.Sessions.Starts()); n != 0 {
		t.Errorf("%d of them reached the origin", n)
	}
}

// The contract's order: territory, window, then what the origin knows of device and slots.
func TestTheOrderOfRefusals(t *testing.T) {
	s := setupStage(t)
	later, past := s.now().Add(time.Hour), s.now().Add(-time.Hour)
	s.origin.Set(func() {
		s.origin.Audiences = wire.Audiences{Deny: map[string][]string{"GB": {"r1"}}}
		s.origin.Sessions.Refuse = func(wire.Start) *filltest.Refusal {
			return &filltest.Refusal{Status: 403, Body: `{"code":"DEVICE_NOT_REGISTERED","message":"m","request_id":"origin","details":[]}`}
		}
	})
	s.movie(1, func(p *wire.Playable) { p.Rules, p.From = []string{"r0", "r1"}, &later })
	s.movie(2, func(p *wire.Playable) { p.Until = &past })
	s.movie(3, func(p *wire.Playable) { p.From, p.Until, p.IsPremium = &past, &later, true })
	s.wantFault(s.play(movieStream(1), asAnn), 403, "GEO_BLOCKED")
	s.wantFault(s.play(movieStream(1), asFrench), 403, "NOT_YET_AVAILABLE")
	s.wantFault(s.play(movieStream(2), asAnn), 403, "NO_LONGER_AVAILABLE")
	s.wantFault(s.play(movieStream(3), asAnn), 403, "DEVICE_NOT_REGISTERED")
	if starts := s.origin.Sessions.Starts(); len(starts) != 1 || !starts[0].IsPremium {
		t.Errorf("%+v", starts)
	}
}

// What plan the token names is nothing to a start: the origin judges by the account's.
func TestStartsAreNotJudgedByTheTokensPlan(t *testing.T) {
	s := setupStage(t)
	s.movie(1, func(p *wire.Playable) { p.Rules = []string{testID(71)} })
	s.channel(2)
	s.program(21, 2, -time.Hour, time.Hour)
	s.tokens.claims["kids"] = &token.Claims{AccountID: ann.String(), Country: "GB", PlanID: testID(71), Expires: never}
	s.write(s.filters(filter("kids", 71)), "!filters")
	for path, channel := range map[string]string{movieStream(1): "", "/v2/channels/" + testID(2) + "/stream": "", "/v2/channels/" + testID(2) + "/start-over": testID(2)} {
		s.started(s.play(path, "Authorization: Bearer kids"))
		if starts := s.origin.Sessions.Starts(); starts[len(starts)-1].ChannelID != channel {
			t.Errorf("%s: %+v", path, starts[len(starts)-1])
		}
	}
}

// A window opens and closes by the clock, with the origin asked for nothing but the start.
func TestWindowsOpenByTheClock(t *testing.T) {
	s := setupStage(t, func(_ *bundle, c *Config, _ *Timeouts) { c.LostAfter = 24 * time.Hour })
	from, until := s.now().Add(20*time.Second), s.now().Add(40*time.Second)
	s.movie(1, func(p *wire.Playable) { p.From, p.Until = &from, &until })
	s.wantFault(s.play(movieStream(1), asAnn), 403, "NOT_YET_AVAILABLE")
	s.pass(20 * time.Second)
	s.started(s.play(movieStream(1), asAnn))
	s.pass(20 * time.Second)
	s.wantFault(s.play(movieStream(1), asAnn), 403, "NO_LONGER_AVAILABLE")
	if n := s.origin.Fills("/internal/playable/movie/" + testID(1)); n != 1 {
		t.Errorf("the title was asked for %d times", n)
	}
}

// A film that is unpublished or blocked can't be started once the edge knows, and one that is changed is played as it is now.
func TestStartsFollowTheFeed(t *testing.T) {
	s := setupStage(t)
	s.movie(1)
	s.started(s.play(movieStream(1), asAnn))
	s.write(func() { s.titles["movie/"+testID(1)].HLSPath = "/vod/b/master.m3u8" }, "movie:"+testID(1))
	if got := s.started(s.play(movieStream(1), asAnn)); !strings.Contains(*got.HLS, "/vod/b/") {
		t.Errorf("%s", *got.HLS)
	}
	s.write(func() { delete(s.titles, "movie/"+testID(1)) }, "!movie:"+testID(1))
	s.wantFault(s.play(movieStream(1), asAnn), 404, "NOT_FOUND")
}

// What the origin refuses goes out as it is, with this request's id.
func TestTheOriginsRefusalsAreRelayed(t *testing.T) {
	s := setupStage(t)
	s.movie(1)
	const session = `{"session_id":"0190a6e0-0000-7000-8000-000000000001","content_type":"movie","content_id":"x","title":"<&>","device_id":"d","device_name":"TV","profile_id":null,` +
		`"started_at":"2026-01-01T00:00:00.000Z","position_seconds":9007199254740993,"is_paused":false,"a_later_field":{"z":1,"a":2}}`
	escaped := strings.NewReplacer("<", `\u003c`, "&", `\u0026`, ">", `\u003e`).Replace(session)
	f := func(status int, code, details string) {
		t.Helper()
		body := func(id string) string {
			return `{"code":"` + code + `","message":"The plan's streams are all in use.","request_id":"` + id + `","details":[` + details + `]}`
		}
		s.origin.Set(func() {
			s.origin.Sessions.Refuse = func(wire.Start) *filltest.Refusal { return &filltest.Refusal{Status: status, Body: body("origin")} }
		})
		a := s.play(movieStream(1), asAnn, "X-Request-Id: mine-7")
		s.want(a, status, body("mine-7"))
		if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("X-Request-Id") != "mine-7" || a.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%v", a.Header)
		}
	}
	f(409, "CONCURRENCY_LIMIT_EXCEEDED", `{"field":"session","code":"active","message":"This session holds a stream.","session":`+escaped+`},{"field":"session","code":"active","message":"m","session":{}}`)
	f(403, "SUBSCRIPTION_REQUIRED", "")
	f(403, "PLAN_UPGRADE_REQUIRED", "")
	f(404, "NOT_FOUND", "")
	f(500, "INTERNAL", "")
	no := func(status int, body string) {
		s.origin.Set(func() {
			s.origin.Sessions.Refuse = func(wire.Start) *filltest.Refusal { return &filltest.Refusal{Status: status, Body: body} }
		})
	}
	no(401, `{"code":"UNAUTHORIZED","message":"The edge's key is not valid.","request_id":"origin","details":[]}`)
	s.wantFault(s.play(movieStream(1), asAnn), 500, "INTERNAL") // of the edge's key, not of the viewer's token
	no(404, `not ours`)
	s.wantFault(s.play(movieStream(1), asAnn), 500, "INTERNAL")
	no(503, ``)
	a := s.play(movieStream(1), asAnn)
	s.wantFault(a, 503, "UNAVAILABLE")
	if a.Header.Get("Retry-After") == "" {
		t.Errorf("%v", a.Header)
	}
}

func TestWhatAStartIsTold(t *testing.T) {
	s := setupStage(t)
	s.movie(1)
	f := func(want wire.Start, headers ...string) {
		t.Helper()
		s.started(s.play(movieStream(1), headers...))
		starts := s.origin.Sessions.Starts()
		got := starts[len(starts)-1]
		if got.ProfileID != want.ProfileID || got.ProfileVouched != want.ProfileVouched || got.Replace != want.Replace {
			t.Errorf("%v: %+v", headers, got)
		}
	}
	mine, yours := testID(71), testID(79)
	f(wire.Start{}, asAnn)
	f(wire.Start{ProfileID: yours}, asAnn, "X-Profile-Id: "+strings.ToUpper(yours))
	f(wire.Start{ProfileID: mine, ProfileVouched: true}, "Authorization: Bearer one")
	f(wire.Start{ProfileID: mine, ProfileVouched: true}, "Authorization: Bearer one", "X-Profile-Id: "+mine)
	f(wire.Start{ProfileID: yours}, "Authorization: Bearer one", "X-Profile-Id: "+yours)
	f(wire.Start{}, "Authorization: Bearer two") // of several none is meant
	f(wire.Start{ProfileID: testID(72), ProfileVouched: true}, "Authorization: Bearer two", "X-Profile-Id: "+testID(72))
	f(wire.Start{Replace: "not an id"}, asAnn, "X-Replace-Session: Not an ID")
}

func TestAReplacedSessionEndsAtOnce(t *testing.T) {
	s := setupStage(t)
	s.movie(1)
	one := s.started(s.play(movieStream(1), asAnn)).Session
	s.wantBeaten(s.beat(one, 1))
	s.started(s.play(movieStream(1), asAnn, "X-Replace-Session: "+strings.ToUpper(one.String())))
	both(func(headers ...string) {
		a := s.beat(one, 2, append([]string{asAnn}, headers...)...)
		s.wantFault(a, 410, "SESSION_ENDED")
		if !strings.Contains(a.body, `"reason":"replaced"`) {
			t.Error(a.body)
		}
	})
}

func TestCatchup(t *testing.T) {
	s := setupStage(t)
	s.channel(1)
	s.channel(2)
	s.channel(3, func(p *wire.Playable) { p.CatchupFor = 0 })
	begin, end := -3*time.Hour, -2*time.Hour
	over := s.program(11, 1, begin, end)
	onAir := s.program(12, 1, -time.Hour, time.Hour)
	next := s.program(13, 1, time.Hour, 2*time.Hour)
	old := s.program(14, 1, -170*time.Hour, -168*time.Hour)
	just := s.program(15, 1, -170*time.Hour, -168*time.Hour+time.Minute)
	blocked := s.program(16, 1, begin, end, func(p *wire.Playable) { p.CatchupBlocked = true })
	elsewhere := s.program(17, 2, begin, end)
	never := s.program(18, 3, begin, end)
	f := func(channel int, program string) answer {
		return s.play("/v2/channels/"+testID(channel)+"/catchup?program_id="+program, asAnn)
	}
	got := s.started(f(1, over))
	p := s.titles["program/"+over]
	part := "?begin=" + p.Begin.Format(time.RFC3339) + "&end=" + p.End.Format(time.RFC3339)
	if got.DASH != nil || !strings.HasSuffix(*got.HLS, "/live/c/master.m3u8"+part) {
		t.Errorf("%v, want %s", *got.HLS, part)
	}
	target, query, _ := strings.Cut(strings.TrimPrefix(*got.HLS, "https://cdn.example.com"), "?")
	if _, _, err := s.cdns.Verifier().Verify(target, query, time.Now(), netip.Addr{}); err != nil {
		t.Error(err)
	}
	if _, _, err := s.cdns.Verifier().Verify(target, strings.Replace(query, "begin=2", "begin=1", 1), time.Now(), netip.Addr{}); err == nil {
		t.Error("another part may be played")
	}
	start := s.origin.Sessions.Starts()[0]
	if start.ContentType != "program" || start.ContentID != over || start.ChannelID != testID(1) || start.Title != "Programme 11" || start.Seconds != 3600 || !start.Media.Begin.Equal(p.Begin) || !start.Media.End.Equal(p.End) {
		t.Errorf("%+v", start)
	}
	s.started(f(1, just))
	s.wantFault(f(1, elsewhere), 404, "NOT_FOUND")
	s.wantFault(f(1, testID(99)), 404, "NOT_FOUND")
	s.wantFault(f(9, over), 404, "NOT_FOUND")
	s.wantFault(f(1, onAir), 403, "NOT_YET_AVAILABLE")
	s.wantFault(f(1, next), 403, "NOT_YET_AVAILABLE")
	s.wantFault(f(1, old), 403, "NO_LONGER_AVAILABLE")
	s.wantFault(f(1, blocked), 403, "FORBIDDEN")
	s.wantFault(f(3, never), 403, "FORBIDDEN")
	s.origin.Write(func() { s.titles["channel/"+testID(1)].Rules = []string{"r"} }, "channel:"+testID(1))
	s.write(func() { s.origin.Audiences = wire.Audiences{Deny: map[string][]string{"GB": {"r"}}} }, "!geo")
	s.wantFault(f(1, onAir), 403, "GEO_BLOCKED")
}

func TestStartOver(t *testing.T) {
	s := setupStage(t, func(_ *bundle, c *Config, _ *Timeouts) { c.LostAfter = 24 * time.Hour })
	s.channel(1)
	s.program(11, 1, -time.Hour, 30*time.Second)
	s.program(12, 1, 40*time.Second, time.Hour)
	path := "/v2/channels/" + testID(1) + "/start-over"
	f := func(n int) {
		t.Helper()
		got := s.started(s.play(path, asAnn))
		p := s.titles["program/"+testID(n)]
		if !strings.HasSuffix(*got.HLS, fmt.Sprintf("?begin=%s&end=%s", p.Begin.Format(time.RFC3339), p.End.Format(time.RFC3339))) {
			t.Errorf("%s", *got.HLS)
		}
		starts := s.origin.Sessions.Starts()
		if start := starts[len(starts)-1]; start.ContentID != testID(n) || start.ContentType != "program" {
			t.Errorf("%+v", start)
		}
	}
	f(11)
	f(11)
	s.pass(32 * time.Second)
	s.wantFault(s.play(path, asAnn), 404, "NOT_FOUND")
	s.write(nil, "onair:"+testID(1)) // the fake does not know when the next begins
	s.pass(10 * time.Second)
	s.write(nil, "onair:"+testID(1))
	f(12)
}
