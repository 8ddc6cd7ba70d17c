package proxy

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"encora/edge/fill/filltest"
	"encora/shared/wire"
)

func TestStartsWhileTheOriginIsAway(t *testing.T) {
	s := setupStage(t)
	s.movie(1)
	s.started(s.play(movieStream(1), asAnn))
	s.origin.Down(true)
	for range 5 {
		a := s.play(movieStream(1), asAnn)
		s.wantFault(a, 503, "UNAVAILABLE")
		if a.Header.Get("Retry-After") == "" {
			t.Errorf("%v", a.Header)
		}
		s.wantFault(s.play(movieStream(2), asAnn), 503, "UNAVAILABLE")
	}
	s.origin.Down(false)
	s.until("the origin's return", func() bool { return s.play(movieStream(1), asAnn).StatusCode == 200 })
}

// By what was known a minute ago nobody is let in, though the origin would still start sessions.
func TestStartsNeedTheFeed(t *testing.T) {
	s := setupStage(t)
	s.movie(1)
	s.started(s.play(movieStream(1), asAnn))
	s.origin.Lag(true)
	s.pass(30 * time.Second)
	s.started(s.play(movieStream(1), asAnn))
	s.pass(31 * time.Second)
	a := s.play(movieStream(1), asAnn)
	s.wantFault(a, 503, "UNAVAILABLE")
	if a.Header.Get("Retry-After") == "" {
		t.Errorf("%v", a.Header)
	}
}

func TestStartsWithoutACDN(t *testing.T) {
	s := setupStage(t)
	s.movie(1)
	s.movie(2, func(p *wire.Playable) { p.DASHPath = "/elsewhere/a/m.mpd" })
	a := s.play(movieStream(2), asAnn)
	s.wantFault(a, 503, "UNAVAILABLE")
	s.proxy.Playback.URLs.Set(nil)
	s.wantFault(s.play(movieStream(1), asAnn), 503, "UNAVAILABLE")
	if n := len(s.origin.Sessions.Starts()); n != 0 {
		t.Errorf("%d took slots", n)
	}
}

// What can't be signed for a viewer takes no slot, and is said once in ten seconds, not once a viewer.
func TestStartsThatCantBeSigned(t *testing.T) {
	var log lines
	s := setupStage(t, func(_ *bundle, c *Config, _ *Timeouts) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	front := `{"name":"front","paths":["/vod"],"base_url":"https://front.example.com","signer":"cloudfront","policy":"custom","bind_ip":true,"keys":[{"key_pair_id":"K1","private_key_file":"../../shared/sign/testdata/rsa.pem"}]}`
	akamai := `{"name":"akamai","paths":["/live"],"base_url":"https://ak.example.com","signer":"akamai","keys":[{"id":"a","secret":"` + strings.Repeat("0a", 32) + `"}]}`
	s.configure(`{"cdns":[` + front + `,` + akamai + `]}`)
	s.movie(1)
	s.movie(2, func(p *wire.Playable) { p.HLSPath = "/vod/a*b/master.m3u8" })
	s.channel(3, func(p *wire.Playable) { p.HLSPath = "/live/~c/master.m3u8" })
	channel := "/v2/channels/" + testID(3) + "/stream"
	f := func(target, address string) {
		t.Helper()
		a := s.playFrom(target, address)
		s.wantFault(a, 503, "UNAVAILABLE")
		if a.Header.Get("Retry-After") == "" || !strings.Contains(a.body, "This title can't be played at the moment.") {
			t.Errorf("%v %s", a.Header, a.body)
		}
	}
	for range 3 {
		f(movieStream(1), "2001:db8::7")
		f(movieStream(2), "192.0.2.7")
		f(channel, "192.0.2.7")
	}
	if n := len(s.origin.Sessions.Starts()); n != 0 || s.proxy.Playback.Count() != 0 {
		t.Errorf("%d took slots, %d are held", n, s.proxy.Playback.Count())
	}
	if n := log.count("a stream can't be signed"); n != 1 {
		t.Errorf("it was said %d times", n)
	}
	s.pass(10 * time.Second)
	f(channel, "192.0.2.7")
	if n := log.count("a stream can't be signed"); n != 2 {
		t.Errorf("it was said %d times after ten seconds", n)
	}
	if a := s.playFrom(movieStream(1), "192.0.2.7"); a.StatusCode != 200 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

// playFrom is play of a viewer behind the proxy that is trusted.
func (s *stage) playFrom(target, address string) answer {
	s.t.Helper()
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	c, err := from.DialContext(s.t.Context(), "tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = io.WriteString(c, request("GET", target, asAnn, device, "X-Forwarded-For: "+address))
	a, err := readAnswer(bufio.NewReader(c), "GET")
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// lines is a log.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, string(line))
	return len(line), nil
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(strings.Join(l.all, ""), text)
}

// An edge whose feed is late must not judge a title of today by the territories of yesterday, nor the other way round: an
// exchange of a rule for another that denies the same country would let that country in for a moment.
func TestAnExchangedRuleLetsNobodyIn(t *testing.T) {
	f := func(name string, forget func(s *stage), feedLost time.Duration) {
		t.Helper()
		s := setupStage(t)
		s.movie(1, func(p *wire.Playable) { p.Rules = []string{"old"} })
		s.origin.Set(func() { s.origin.Audiences = wire.Audiences{Deny: map[string][]string{"GB": {"old"}}} })
		s.wantFault(s.play(movieStream(1), asAnn), 403, "GEO_BLOCKED")
		s.started(s.play(movieStream(1), asFrench)) // title and map are held
		s.origin.Lag(true)
		s.origin.Write(func() {
			s.titles["movie/"+testID(1)].Rules = []string{"new"}
			s.origin.Audiences = wire.Audiences{Deny: map[string][]string{"GB": {"new"}}}
		}, "!geo", "!movie:"+testID(1))
		s.pass(feedLost)
		forget(s)
		for range 3 {
			if a := s.play(movieStream(1), asAnn); a.fault() != "GEO_BLOCKED" {
				t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
			}
			if a := s.play(movieStream(1), asFrench); a.StatusCode != 200 {
				t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
			}
		}
		s.origin.Lag(false)
		s.until("the change", func() bool { return s.proxy.applied() >= s.origin.Head() })
		s.wantFault(s.play(movieStream(1), asAnn), 403, "GEO_BLOCKED")
	}
	none := func(*stage) {}
	newMap := func(s *stage) {
		s.proxy.audiences.current.Store(nil)
		if _, err := s.proxy.audiences.get("", 0, s.now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	f("both old", none, 0)
	f("both old, feed lost", none, 10*time.Second)
	f("new map", newMap, 0)
	f("new map, feed lost", newMap, 10*time.Second)
}

// The same, when the title can't be read anew.
func TestAnExchangedRuleLetsNobodyInWhileFillsFail(t *testing.T) {
	s := setupStage(t)
	s.movie(1, func(p *wire.Playable) { p.Rules = []string{"old"} })
	s.origin.Set(func() { s.origin.Audiences = wire.Audiences{Deny: map[string][]string{"GB": {"old"}}} })
	s.started(s.play(movieStream(1), asFrench))
	s.origin.Lag(true)
	s.origin.Write(func() { s.origin.Audiences = wire.Audiences{Deny: map[string][]string{"GB": {"new"}}} }, "!geo")
	s.proxy.audiences.current.Store(nil)
	if _, err := s.proxy.audiences.get("", 0, s.now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	s.origin.Set(func() { s.origin.BeforeFill = func(filltest.Ask) { panic(http.ErrAbortHandler) } })
	s.pass(10 * time.Second)
	for range 2 {
		s.wantFault(s.play(movieStream(1), asAnn), 503, "UNAVAILABLE")
	}
}
