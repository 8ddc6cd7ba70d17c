package proxy

import (
	"net/http"
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

// An edge whose feed is late must not judge a title of today by the territories of yesterday, nor the other way round: an
// exchange of a rule for another that denies the same country would let that country in for a moment.
func TestAnExchangedRuleLetsNobodyIn(t *testing.T) {
	f := func(name string, forget func(s *stage), feedLost time.Duration) {
		t.Helper()
		s := setupStage(t)
		s.movie(1, func(p *wire.Playable) { p.Rules = []string{"old"} })
		s.origin.Set(func() { s.origin.Territories = wire.Territories{Deny: map[string][]string{"GB": {"old"}}} })
		s.wantFault(s.play(movieStream(1), asAnn), 403, "GEO_BLOCKED")
		s.started(s.play(movieStream(1), asFrench)) // title and map are held
		s.origin.Lag(true)
		s.origin.Write(func() {
			s.titles["movie/"+testID(1)].Rules = []string{"new"}
			s.origin.Territories = wire.Territories{Deny: map[string][]string{"GB": {"new"}}}
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
		s.proxy.geo.current.Store(nil)
		if _, err := s.proxy.geo.get("", 0, s.now().Add(time.Second)); err != nil {
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
	s.origin.Set(func() { s.origin.Territories = wire.Territories{Deny: map[string][]string{"GB": {"old"}}} })
	s.started(s.play(movieStream(1), asFrench))
	s.origin.Lag(true)
	s.origin.Write(func() { s.origin.Territories = wire.Territories{Deny: map[string][]string{"GB": {"new"}}} }, "!geo")
	s.proxy.geo.current.Store(nil)
	if _, err := s.proxy.geo.get("", 0, s.now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	s.origin.Set(func() { s.origin.BeforeFill = func(filltest.Ask) { panic(http.ErrAbortHandler) } })
	s.pass(10 * time.Second)
	for range 2 {
		s.wantFault(s.play(movieStream(1), asAnn), 503, "UNAVAILABLE")
	}
}
