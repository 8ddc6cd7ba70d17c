package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"encora/loadtest/fakeorigin"
	"encora/loadtest/subject"
)

func TestHeartbeatsAreOfSessionsOfTheirOwn(t *testing.T) {
	r := newTestRig(t, Command{Keys: 50})
	requests, err := r.heartbeats()
	if err != nil {
		t.Fatal(err)
	}
	bodies, tokens := map[string]bool{}, map[string]bool{}
	for _, q := range requests {
		bodies[q.Body], tokens[q.Token] = true, true
		var b struct {
			SessionID string `json:"session_id"`
			Position  int    `json:"position_seconds"`
			IsPaused  bool   `json:"is_paused"`
		}
		if err := json.Unmarshal([]byte(q.Body), &b); err != nil || b.IsPaused || q.Path != beatPath {
			t.Fatalf("%+v: %v", q, err)
		}
	}
	if len(bodies) != 50 || len(tokens) != 50 || !strings.Contains(heartbeat(7, true), fakeorigin.SessionID(7)) {
		t.Errorf("%d bodies, %d tokens", len(bodies), len(tokens))
	}
}

// A server that answers beats stands in for the edge: the other one must send the same.
func TestBeatingDoublesTheAnswer(t *testing.T) {
	r := newTestRig(t, Command{Keys: 40, Connections: 2, Port: ports(12)})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != "POST" || r.Header.Get("Content-Type") != "application/json" {
			w.WriteHeader(400)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"refreshed_urls":null}`))
	}))
	defer server.Close()
	edge := &subject.Subject{Name: edgeName, Addr: strings.TrimPrefix(server.URL, "http://")}
	plan, peer, err := r.beating(t.Context(), edge)
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Stop()
	result, err := r.generator.Run(t.Context(), plan, peer.Addr, 100*time.Millisecond)
	if err != nil || result.Requests == 0 || result.Errors > 0 {
		t.Errorf("%+v, %v", result, err)
	}
}

// A count that is not what was asked for would make each session look cheap.
func TestSessionTableWantsEverySession(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte(sessionsHeld + " 3000\n"))
	}))
	defer server.Close()
	edge := &subject.Subject{Addr: strings.TrimPrefix(server.URL, "http://")}
	var out bytes.Buffer
	r := &rig{Command: &Command{Sessions: 2000}}
	if err := r.sessionTable(t.Context(), &out, edge, "x", 1000, 1000+500*2000); err != nil || !strings.Contains(out.String(), "| 500 ") && !strings.Contains(out.String(), " 500 |") || !strings.Contains(out.String(), "MISSED") {
		t.Errorf("%v\n%s", err, &out)
	}
	r.Sessions = 2001
	if r.sessionTable(t.Context(), &out, edge, "x", 0, 0) == nil {
		t.Error("a session that is not held passed")
	}
}

func TestEverySignerSigns(t *testing.T) {
	all, err := signers()
	if err != nil || len(all) != 6 {
		t.Fatalf("%d signers, %v", len(all), err)
	}
	for _, s := range all {
		signer, err := s.signer()
		if err != nil {
			t.Fatal(err)
		}
		if perSecond, length, err := signing(t.Context(), signer, 10*time.Millisecond); err != nil || perSecond <= 0 || length < len(signedPath) {
			t.Errorf("%s: %.0f a second, %d bytes, %v", s.name, perSecond, length, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if signer, _ := all[0].signer(); signer != nil {
		if _, _, err := signing(ended, signer, time.Minute); err == nil {
			t.Error("an ended run has no error")
		}
	}
}
