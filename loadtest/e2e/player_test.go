package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// setUpMedia writes the configuration by which edges sign URLs, and a clip for all titles.
func (s *stack) setUpMedia() {
	s.t.Helper()
	const cdns = `{"cdns": [{"name": "own", "paths": ["/"], "base_url": "http://media.test/media", "signer": "hmac",
		"keys": [{"id": "own", "secret": "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"}]}]}`
	clip := filepath.Join(s.state, "media", "clip")
	if err := os.MkdirAll(clip, 0o755); err != nil {
		s.t.Fatal(err)
	}
	for name, text := range map[string]string{filepath.Join(s.state, "cdn.json"): cdns, filepath.Join(clip, "v.m3u8"): "#EXTM3U\n"} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			s.t.Fatal(err)
		}
	}
}

// household is an account with a subscription.
type household struct {
	*stack
	id, plan, token string
	screen          string // its device, once it has one
}

// household makes one whose plan has so many streams and devices.
func (s *stack) household(streams, devices int) *household {
	s.t.Helper()
	return s.subscribe(s.plan(object{"max_concurrent_streams": streams, "max_devices": devices}))
}

// planBody is a plan on offer, with fields replaced.
func planBody(fields object) object {
	return with(object{"name": "Plan", "price": 1, "currency": "EUR", "billing_cycle": "monthly", "max_profiles": 1, "max_concurrent_streams": 2,
		"max_devices": 2, "max_quality": "HD", "is_active": true}, fields)
}

func (s *stack) plan(fields object) string {
	s.t.Helper()
	return s.manage("POST", "/v2/admin/plans", text(planBody(fields))).id()
}

// subscribe makes a household with a plan; the claims are more of its token.
func (s *stack) subscribe(plan string, claims ...string) *household {
	s.t.Helper()
	h := &household{stack: s, id: uuid.Must(uuid.NewV7()).String(), plan: plan}
	s.manage("PUT", "/v2/admin/accounts/"+h.id, text(object{"version": 1, "status": "active", "plan_id": plan, "subscription_status": "active",
		"current_period_end": "2100-01-01T00:00:00Z"}))
	h.token = s.token(append(claims, "--account", h.id, "--profile", uuid.Must(uuid.NewV7()).String())...)
	return h
}

// manage is an admin's request that must succeed.
func (s *stack) manage(method, path, body string) reply {
	s.t.Helper()
	r := call(s.t.Context(), method, "http://"+s.addr+path, s.admin, body)
	if r.err != nil || r.status > 299 {
		s.t.Fatalf("%s %s: %d %s %v", method, path, r.status, r.body, r.err)
	}
	return r
}

// device registers one and returns its id.
func (h *household) device(edge int, name string) string {
	h.t.Helper()
	body := fmt.Sprintf(`{"name": %q, "device_type": "smart_tv", "fingerprint": %[1]q}`, name)
	r := call(h.t.Context(), "POST", h.edges[edge]+"/v2/devices", h.token, body)
	if r.status != 201 {
		h.t.Fatalf("register a device: %d %s %v", r.status, r.body, r.err)
	}
	return r.id()
}

// stream is a start's answer.
type stream struct {
	SessionID string `json:"session_id"`
	HLSURL    string `json:"hls_url"`
}

// start asks an edge for a film's stream.
func (h *household) start(edge int, device, film string) reply {
	return call(h.t.Context(), "GET", h.edges[edge]+"/v2/movies/"+film+"/stream", h.token, "", "X-Device-Id", device)
}

// play is a start that must succeed.
func (h *household) play(edge int, device, film string) stream {
	h.t.Helper()
	r := h.start(edge, device, film)
	var st stream
	if err := json.Unmarshal([]byte(r.body), &st); err != nil || r.status != 200 || st.SessionID == "" {
		h.t.Fatalf("start: %d %s %v", r.status, r.body, r.err)
	}
	return st
}

// beat tells an edge of a position.
func (h *household) beat(edge int, session string, position int) reply {
	body := fmt.Sprintf(`{"session_id":%q,"position_seconds":%d,"is_paused":false}`, session, position)
	return call(h.t.Context(), "POST", h.edges[edge]+"/v2/playback/heartbeat", h.token, body)
}

// positions are what the origin knows of the account's sessions.
func (h *household) positions() map[string]int {
	h.t.Helper()
	r := call(h.t.Context(), "GET", "http://"+h.addr+"/v2/playback/sessions", h.token, "")
	var list struct {
		Data []struct {
			SessionID string `json:"session_id"`
			Position  int    `json:"position_seconds"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(r.body), &list); err != nil || r.status != 200 {
		h.t.Fatalf("sessions: %d %s %v", r.status, r.body, r.err)
	}
	all := map[string]int{}
	for _, s := range list.Data {
		all[s.SessionID] = s.Position
	}
	return all
}

// watching is players that beat often, each with a position that counts its beats, until they are stopped.
type watching struct {
	h        *household
	sessions []string
	repeats  bool // who is told to come back does, which is no refusal
	stopped  chan struct{}
	all      sync.WaitGroup

	mu       sync.Mutex
	edge     int
	acked    map[string][]acked
	refusals []string
}

// acked is a position that an edge has taken.
type acked struct {
	at       time.Time
	position int
}

// beatsEvery is how often they beat, which is a thousand times as often as players do.
const beatsEvery = 30 * time.Millisecond

// watch lets so many devices play a film each over an edge.
func (h *household) watch(edge, n int) *watching {
	h.t.Helper()
	w := &watching{h: h, edge: edge, stopped: make(chan struct{}), acked: map[string][]acked{}}
	for i := range n {
		film := h.film(fmt.Sprint("Watched ", i))
		w.sessions = append(w.sessions, h.play(edge, h.device(edge, fmt.Sprint("Screen ", i)), film).SessionID)
	}
	for _, session := range w.sessions {
		w.all.Go(func() { w.run(session) })
	}
	return w
}

func (w *watching) run(session string) {
	tick := time.NewTicker(beatsEvery)
	defer tick.Stop()
	for position := 1; ; position++ {
		select {
		case <-w.stopped:
			return
		case <-tick.C:
		}
		w.mu.Lock()
		edge := w.edge
		w.mu.Unlock()
		if edge >= 0 {
			w.note(session, position, w.h.beat(edge, session, position))
		}
	}
}

func (w *watching) note(session string, position int, r reply) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case r.status == http.StatusOK:
		w.acked[session] = append(w.acked[session], acked{time.Now(), position})
	case r.status == http.StatusServiceUnavailable && w.repeats:
	case w.edge >= 0: // else it was under way while its edge was cut off
		w.refusals = append(w.refusals, fmt.Sprintf("%s at %d: %d %s %v", session, position, r.status, r.body, r.err))
	}
}

// turn sends the players to another edge, which has to ask for their sessions, or to none by -1.
func (w *watching) turn(edge int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.edge, w.repeats = edge, true
}

// stop ends the beats and fails the test for each that was refused.
func (w *watching) stop() {
	w.h.t.Helper()
	close(w.stopped)
	w.all.Wait()
	if len(w.refusals) > 0 {
		w.h.t.Errorf("%d beats were refused:\n%s", len(w.refusals), strings.Join(w.refusals[:min(3, len(w.refusals))], "\n"))
	}
}

// taken is the newest position of a session that was acknowledged before an instant.
func (w *watching) taken(session string, before time.Time) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	newest := 0
	for _, a := range w.acked[session] {
		if a.at.Before(before) {
			newest = a.position
		}
	}
	return newest
}

// arrive waits until the origin has the last position of every session, and knows of no other.
func (w *watching) arrive(patience time.Duration) {
	w.h.t.Helper()
	var kept map[string]int
	missing := func() []string {
		var all []string
		kept = w.h.positions()
		for _, session := range w.sessions {
			if taken := w.taken(session, time.Now()); kept[session] != taken {
				all = append(all, fmt.Sprintf("%s: %d, taken was %d", session, kept[session], taken))
			}
		}
		return all
	}
	for end := time.Now().Add(patience); len(missing()) > 0 && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
	if all := missing(); len(all) > 0 || len(kept) != len(w.sessions) {
		w.h.t.Errorf("%d sessions of %d; positions at the origin:\n%s", len(kept), len(w.sessions), strings.Join(all, "\n"))
	}
}

// pause waits.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	<-ctx.Done()
}
