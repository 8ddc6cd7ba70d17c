package e2e

import (
	"flag"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"encora/loadtest/beats"
	"encora/loadtest/process"
)

// away is how long origin and Postgres are gone. What takes a slot's life of 80 s needs longer than a test should: give
// -args -away 10m, and go test's -timeout more than that.
var away = flag.Duration("away", 5*time.Second, "how long origin and Postgres are gone")

// An edge that is killed takes no session with it, and of what its players told it at most the last second.
func TestEdgeKilledUnderBeats(t *testing.T) {
	t.Parallel()
	s := start(t, 2)
	h := s.household(20, 20)
	w := h.watch(0, 10)
	pause(t, 2*time.Second)
	w.turn(-1) // before the cut, so that what is under way then is no refusal
	cut := time.Now()
	s.cut(s.running[0])
	kept := h.positions()
	for _, session := range w.sessions {
		if told := w.taken(session, cut.Add(-time.Second)); told == 0 || kept[session] < told {
			t.Errorf("the origin has position %d, %d was taken a second before the cut", kept[session], told)
		}
	}
	w.turn(1)
	eventually(t, 5*time.Second, "every session goes on over the other edge", func() bool {
		for _, session := range w.sessions {
			if w.taken(session, time.Now()) <= w.taken(session, cut) {
				return false
			}
		}
		return true
	})
	pause(t, time.Second) // what was held up comes at once, and of two beats in one millisecond the first counts
	w.stop()
	w.arrive(3 * time.Second)
}

// Players go on without the origin, and it frees no slot of theirs when it is back.
func TestOriginKilledUnderBeats(t *testing.T) {
	t.Parallel()
	s := start(t, 1)
	survive(t, s, func() { s.kill() }, s.startOrigin)
}

// The same without the database. It is given a moment to end, so that what was committed is there again.
func TestPostgresGoneUnderBeats(t *testing.T) {
	t.Parallel()
	s := start(t, 1)
	survive(t, s, func() { s.database.Stop() }, s.startPostgres)
}

// maxGrowth is what an edge may grow by meanwhile: with its race detector, which never gives memory back, but whatever the time.
const maxGrowth = 64 << 20

func survive(t *testing.T, s *stack, stop, restart func()) {
	t.Helper()
	h := s.household(5, 6)
	w := h.watch(0, 5)
	other, film := h.device(0, "One more"), s.film("One more")
	if r := h.start(0, other, film); r.status != 409 {
		t.Fatalf("one more than the plan has: %d %s", r.status, r.body)
	}
	pause(t, time.Second)
	before := resident(t, s)
	stop()
	pause(t, *away/2)
	if r := h.start(0, other, film); r.status != 503 || r.header.Get("Retry-After") == "" {
		t.Errorf("a start meanwhile: %d %s", r.status, r.body)
	}
	pause(t, *away/2)
	if grown := resident(t, s) - before; grown > maxGrowth {
		t.Errorf("the edge has grown by %d MiB", grown>>20)
	}
	restart()
	began := time.Now()
	for time.Since(began) < 6*time.Second { // until it may believe that who is silent has gone
		if r := h.start(0, other, film); r.status != 409 && r.status != 503 {
			t.Fatalf("one more than the plan has, %v after the return: %d %s", time.Since(began), r.status, r.body)
		}
		pause(t, 50*time.Millisecond)
	}
	w.stop()
	w.arrive(3 * time.Second)
	if r := h.start(0, other, film); r.status != 409 || strings.Count(r.body, `"session_id"`) != 5 {
		t.Errorf("one more in the end: %d %s", r.status, r.body)
	}
}

func resident(t *testing.T, s *stack) int64 {
	t.Helper()
	bytes, err := process.RSS(s.running[0].PID())
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

// A device that is removed plays nowhere a second later, whichever edge it asks.
func TestRemovedDevicePlaysNowhere(t *testing.T) {
	t.Parallel()
	s := start(t, 3)
	h := s.household(2, 2)
	gone, stays := h.device(0, "Gone"), h.device(1, "Stays")
	film := s.film("Watched")
	playing, other := h.play(0, gone, film), h.play(1, stays, film)
	for edge := range s.edges { // so that every edge holds both
		for _, st := range []stream{playing, other} {
			if r := h.beat(edge, st.SessionID, 1); r.status != 200 {
				t.Fatalf("edge %d: %d %s", edge, r.status, r.body)
			}
		}
	}
	if r := call(t.Context(), "DELETE", s.edges[2]+"/v2/devices/"+gone, h.token, ""); r.status != 204 {
		t.Fatalf("remove: %d %s", r.status, r.body)
	}
	removed := time.Now()
	for edge := range s.edges {
		eventually(t, time.Second-time.Since(removed), fmt.Sprintf("edge %d ends the session", edge), func() bool {
			r := h.beat(edge, playing.SessionID, 2)
			return r.status == 410 && strings.Contains(r.body, "SESSION_ENDED") && strings.Contains(r.body, "device_removed")
		})
		if r := h.beat(edge, other.SessionID, 2); r.status != 200 {
			t.Errorf("edge %d: the other device's session: %d %s", edge, r.status, r.body)
		}
	}
	if r := h.start(0, gone, film); r.status != 403 || !strings.Contains(r.body, "DEVICE_NOT_REGISTERED") {
		t.Errorf("a start of the removed device: %d %s", r.status, r.body)
	}
}

// The URLs of a session play until it ends, at every edge that serves media.
func TestURLsEndWithTheirSession(t *testing.T) {
	t.Parallel()
	s := start(t, 2)
	h := s.household(2, 1)
	st := h.play(0, h.device(0, "Screen"), s.film("Watched"))
	signed, err := url.Parse(st.HLSURL)
	if err != nil {
		t.Fatal(err)
	}
	for edge := range s.edges {
		if r := call(t.Context(), "GET", s.edges[edge]+signed.RequestURI(), "", ""); r.status != 200 || !strings.HasPrefix(r.body, "#EXTM3U") {
			t.Errorf("edge %d: %s: %d %s", edge, signed.RequestURI(), r.status, r.body)
		}
	}
	if r := call(t.Context(), "DELETE", s.edges[0]+"/v2/playback/sessions/"+st.SessionID, h.token, ""); r.status != 204 {
		t.Fatalf("end: %d %s", r.status, r.body)
	}
	ended := time.Now()
	for edge := range s.edges {
		eventually(t, time.Second-time.Since(ended), fmt.Sprintf("edge %d serves it no more", edge), func() bool {
			return call(t.Context(), "GET", s.edges[edge]+signed.RequestURI(), "", "").status == 403
		})
	}
}

// The tool that measures beats finds its own where it looks for them, and leaves nothing behind.
func TestBeatsByTheThousand(t *testing.T) {
	t.Parallel()
	s := start(t, 0)
	c := &beats.Command{DatabaseURL: s.url, Sessions: 2000, Edges: 2, Batch: 100, Duration: time.Second}
	c.InternalAddr, c.EdgeKey = s.internal, edgeKey
	for range 2 {
		if err := c.Run(t.Context(), t.Output()); err != nil {
			t.Fatal(err)
		}
	}
}
