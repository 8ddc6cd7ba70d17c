package proxy

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/edge/fill/filltest"
	"encora/edge/playback"
	"encora/shared/wire"
)

func TestEndsArriveWithinASecond(t *testing.T) {
	s := setupStage(t)
	for _, reason := range []string{wire.ReasonEnded, wire.ReasonReplaced, wire.ReasonExpired, wire.ReasonDeviceRemoved, wire.ReasonAccountClosed} {
		id := s.playing()
		s.wantBeaten(s.beat(id, 1))
		s.origin.Sessions.End(id, reason)
		began := time.Now()
		s.until("the end", func() bool { return s.proxy.Playback.Ended(id) })
		if took := time.Since(began); took > time.Second+500*time.Millisecond { // on a busy machine
			t.Errorf("%s took %v", reason, took)
		}
		both(func(headers ...string) {
			a := s.beat(id, 2, append([]string{asAnn}, headers...)...)
			s.wantFault(a, 410, "SESSION_ENDED")
			if !strings.Contains(a.body, `"details":[{"field":"session_id","code":"ended","message":"Start the stream again to go on.","reason":"`+reason+`"}]`) {
				t.Errorf("%s: %s", reason, a.body)
			}
		})
	}
}

// Whoever ends a session, or removes a device, and beats at the same edge learns of it at once.
func TestAnEndHereIsKnownAtOnce(t *testing.T) {
	s := setupStage(t)
	s.origin.Pass = func(w http.ResponseWriter, p filltest.Passed) {
		s.origin.Sessions.End(uuid.MustParse(p.Target[strings.LastIndexByte(p.Target, '/')+1:]), wire.ReasonEnded)
		w.WriteHeader(http.StatusNoContent)
	}
	for range 10 {
		id := s.playing()
		s.wantBeaten(s.beat(id, 1))
		if a := s.do("DELETE", "/v2/playback/sessions/"+id.String(), asAnn); a.StatusCode != 204 {
			t.Fatalf("%d %s", a.StatusCode, a.body)
		}
		s.wantFault(s.beat(id, 2), 410, "SESSION_ENDED")
	}
	s.origin.Sessions.Before = func(path string) {
		if path == wire.SyncPath {
			time.Sleep(2 * time.Second)
		}
	}
	id := s.playing()
	began := time.Now()
	if a := s.do("DELETE", "/v2/playback/sessions/"+id.String(), asAnn); a.StatusCode != 204 || time.Since(began) > time.Second {
		t.Errorf("%d after %v: the answer waits for what may wait", a.StatusCode, time.Since(began))
	}
}

func TestStreamsGoOnWhileTheOriginIsAway(t *testing.T) {
	s := setupStage(t)
	id, unknown := s.playing(), s.origin.Sessions.Begin(ann, wire.Media{})
	s.origin.Down(true)
	for i := range 5 {
		s.wantBeaten(s.beat(id, i))
		s.pass(30 * time.Second)
		a := s.beat(unknown, 1)
		s.wantFault(a, 503, "UNAVAILABLE")
		if a.Header.Get("Retry-After") == "" {
			t.Errorf("%v", a.Header)
		}
	}
	s.pass(2 * wire.SessionFor) // over by all that is known here, but who would say so
	s.wantFault(s.beat(id, -1), 422, "VALIDATION_FAILED")
	a := s.beat(id, 77)
	if got := s.wantBeaten(a); got.Expires.Before(s.now()) {
		t.Errorf("%s at %v", a.body, s.now())
	}
	last := s.now().UnixMilli()
	s.origin.Down(false)
	s.until("the last beat", func() bool {
		b, _ := s.origin.Sessions.Beat(id)
		return b.Position == 77 && b.At < last+5000 && b.At > last-5000
	})
	s.until("the unknown one", func() bool { return s.beat(unknown, 1).StatusCode == 200 })
}

// A session that seems over is asked for: another edge may have had its beats.
func TestLateBeats(t *testing.T) {
	s := setupStage(t, func(_ *bundle, c *Config, _ *Timeouts) { c.LostAfter = 24 * time.Hour })
	lives, over := s.playing(), s.playing()
	s.origin.Sessions.Before = func(path string) { // ends come by the question, not by an exchange
		if path == wire.SyncPath {
			time.Sleep(time.Second)
		}
	}
	s.pass(wire.SessionFor)
	s.origin.Sessions.End(over, wire.ReasonExpired)
	s.wantBeaten(s.beat(lives, 1))
	a := s.beat(over, 1)
	s.wantFault(a, 410, "SESSION_ENDED")
	if !strings.Contains(a.body, `"reason":"expired"`) || s.origin.Sessions.Finds(lives) != 1 {
		t.Errorf("%s; %d", a.body, s.origin.Sessions.Finds(lives))
	}
}

func TestPausedStreamsHoldTheirSlots(t *testing.T) {
	s := setupStage(t, func(_ *bundle, c *Config, _ *Timeouts) { c.LostAfter = 24 * time.Hour })
	id := s.playing()
	paused := func(v bool) string {
		return fmt.Sprintf(`{"session_id":"%s","position_seconds":9,"is_paused":%v}`, id, v)
	}
	var until time.Time
	s.pass(time.Second)
	both(func(headers ...string) {
		got := s.wantBeaten(s.send(beatRequest(paused(true), append(headers, asAnn)...)))
		if left := got.Expires.Sub(s.now()); left > 30*time.Minute+time.Second || left < 29*time.Minute {
			t.Errorf("held for %v", left)
		}
		if !until.IsZero() && !until.Equal(got.Expires) {
			t.Error("a pause grows by beats")
		}
		until = got.Expires
		s.pass(20 * time.Second)
	})
	if got := s.wantBeaten(s.send(beatRequest(paused(false), asAnn))); got.Expires.Sub(s.now()) > wire.SessionFor+time.Second {
		t.Errorf("plays on until %v", got.Expires)
	}
	s.until("the beat at the origin", func() bool { b, _ := s.origin.Sessions.Beat(id); return b.Position == 9 && b.PausedSince == 0 })
}

func TestAStoppedEdgeHasDeliveredAll(t *testing.T) {
	s := setupStage(t)
	var ids []uuid.UUID
	for range 20 {
		ids = append(ids, s.playing())
	}
	for i, id := range ids {
		s.wantBeaten(s.beat(id, 100+i))
	}
	s.stop()
	for i, id := range ids {
		if b, ok := s.origin.Sessions.Beat(id); !ok || b.Position != 100+i || b.AccountID != ann.String() {
			t.Errorf("session %d: %+v", i, b)
		}
	}
}

func TestAFullEdge(t *testing.T) {
	s := setupStage(t, func(b *bundle, _ *Config, _ *Timeouts) { b.plays = &playback.Settings{PausedFor: time.Hour} })
	id, over := s.origin.Sessions.Begin(ann, wire.Media{}), s.origin.Sessions.Begin(ann, wire.Media{})
	s.origin.Sessions.End(over, wire.ReasonEnded)
	s.wantFault(s.beat(id, 1), 503, "UNAVAILABLE")
	s.wantFault(s.beat(over, 1), 410, "SESSION_ENDED") // what the origin says needs no place
	s.wantFault(s.beat(uuid.New(), 1), 404, "NOT_FOUND")
	s.movie(1)
	s.started(s.play(movieStream(1), asAnn))
}

func TestPlaybackIsForAllowedOrigins(t *testing.T) {
	s := setupStage(t, withOrigins("https://tv.example"))
	f := func(path, methods string) {
		t.Helper()
		a := s.do("OPTIONS", path, "Origin: https://tv.example", "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization,content-type,x-device-id")
		if a.StatusCode != 204 || a.Header.Get("Access-Control-Allow-Methods") != methods || a.Header.Get("Access-Control-Allow-Origin") != "https://tv.example" {
			t.Errorf("%s: %d %v", path, a.StatusCode, a.Header)
		}
		for _, name := range []string{"Authorization", "Content-Type", "X-Device-Id", "X-Profile-Id", "X-Replace-Session", "X-Request-Id"} {
			if !slices.Contains(strings.Split(a.Header.Get("Access-Control-Allow-Headers"), ", "), name) {
				t.Errorf("%s: without %s", path, name)
			}
		}
		s.wantFault(s.do("OPTIONS", path, "Origin: https://evil.example"), 403, "FORBIDDEN")
	}
	f(beatPath, "OPTIONS, POST")
	f(movieStream(1), "GET, OPTIONS")
	f("/v2/channels/"+testID(1)+"/catchup", "GET, OPTIONS")
	id := s.playing()
	both(func(headers ...string) {
		a := s.beat(id, 1, append([]string{asAnn, "Origin: https://tv.example"}, headers...)...)
		if a.Header.Get("Access-Control-Allow-Origin") != "https://tv.example" || !slices.Equal(a.Header.Values("Vary"), []string{"Origin"}) {
			t.Errorf("%v", a.Header)
		}
		if a := s.beat(id, 1, append([]string{asAnn}, headers...)...); a.Header.Get("Access-Control-Allow-Origin") != "" || a.Header.Get("Vary") != "Origin" {
			t.Errorf("%v", a.Header)
		}
	})
}

// A crowd on thousands of connections, for the race detector: starts, beats on both ways, ends and foreign beats at once.
func TestPlaybackUnderLoad(t *testing.T) {
	s := setupStage(t)
	s.movie(1)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var running sync.WaitGroup
	for g := range 8 {
		running.Go(func() {
			for i := 0; i < 30 && ctx.Err() == nil; i++ {
				id := s.started(s.play(movieStream(1), asAnn)).Session
				both(func(headers ...string) { s.wantBeaten(s.beat(id, i, append([]string{asAnn}, headers...)...)) })
				if a := s.beat(id, i, asBob); a.StatusCode != 404 {
					t.Errorf("%d %s", a.StatusCode, a.body)
				}
				if (i+g)%3 == 0 {
					s.origin.Sessions.End(id, wire.ReasonEnded)
				}
			}
		})
	}
	running.Wait()
}
