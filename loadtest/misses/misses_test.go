package misses

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/singleflight"

	"encora/loadtest/fakeorigin"
	"encora/shared/token"
	"encora/shared/wire"
)

// cache is a stand-in for the edge: it coalesces fills, or does not.
type cache struct {
	origin   string
	coalesce bool
	group    singleflight.Group
}

func (c *cache) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fill := func() (any, error) {
		req, _ := http.NewRequest("GET", "http://"+c.origin+wire.FillPrefix+r.URL.Path, nil)
		req.Header.Set("Authorization", "Bearer misses")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		var b bytes.Buffer
		_, err = b.ReadFrom(resp.Body)
		return b.Bytes(), err
	}
	var body any
	var err error
	if c.coalesce {
		body, err, _ = c.group.Do(r.URL.Path, fill)
	} else {
		body, err = fill()
	}
	if err != nil {
		w.WriteHeader(503)
		return
	}
	w.Header().Set("Cache-Status", "edge; fwd=miss")
	w.Write(body.([]byte))
}

func run(t *testing.T, coalesce bool) (string, error) {
	issuer, err := token.OpenIssuer(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	origin := fakeorigin.New("misses", issuer)
	origin.FillDelay = 400 * time.Millisecond
	addr, err := origin.Serve(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	edge := httptest.NewServer(&cache{origin: addr, coalesce: coalesce})
	t.Cleanup(edge.Close)
	var out bytes.Buffer
	c := &Command{Requests: 100, Writes: 200}
	err = c.crowds(context.Background(), &out, origin, strings.TrimPrefix(edge.URL, "http://"), "viewer")
	return out.String(), err
}

func TestCoalescedCrowdPasses(t *testing.T) {
	out, err := run(t, true)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"| at rest", "| 200 unrelated writes a second", "100 × edge; fwd=miss"} {
		if !strings.Contains(out, want) {
			t.Errorf("report lacks %q:\n%s", want, out)
		}
	}
}

func TestUncoalescedCrowdFails(t *testing.T) {
	out, err := run(t, false)
	if err == nil || !strings.Contains(err.Error(), "100 origin requests (want 1)") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestIsHit(t *testing.T) {
	f := func(want bool, field string) {
		t.Helper()
		if isHit(field) != want {
			t.Errorf("isHit(%q) = %v", field, !want)
		}
	}
	f(true, "encora; hit")
	f(true, `encora;hit; detail="x"`)
	f(true, "origin; fwd=miss, encora; hit")
	f(false, "encora; fwd=uri-miss; stored")
	f(false, "encora; hit, outer; fwd=stale")
	f(false, "encora; fwd=hitless")
	f(false, "")
}

// shop is an origin that takes drafts, and an edge whose lists are hits until a save, if saves spoil them.
type shop struct {
	mu     sync.Mutex
	spoils bool
	held   map[string]bool
	films  map[string]bool
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.Method == "POST":
		id := fmt.Sprint(len(s.films))
		s.films[id] = true
		w.WriteHeader(201)
		json.NewEncoder(w).Encode(map[string]string{"id": id})
	case r.Method == "PUT":
		if s.spoils {
			s.held = map[string]bool{}
		}
	case r.Method == "DELETE":
		s.films[strings.TrimPrefix(r.URL.Path, "/v2/admin/movies/")] = false
		w.WriteHeader(204)
	case s.held[r.URL.String()]:
		w.Header().Set("Cache-Status", "edge; hit")
	default:
		s.held[r.URL.String()] = true
		w.Header().Set("Cache-Status", "edge; fwd=stale")
	}
}

func TestDrafts(t *testing.T) {
	for _, spoils := range []bool{false, true} {
		s := &shop{spoils: spoils, held: map[string]bool{}, films: map[string]bool{}}
		server := httptest.NewServer(s)
		tokens := filepath.Join(t.TempDir(), "tokens")
		if err := os.WriteFile(tokens, []byte("viewer\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c := &DraftsCommand{Origin: server.URL, Edge: server.URL, AdminToken: "a", Tokens: tokens, Saves: 100, Reads: 500,
			Duration: 400 * time.Millisecond, MinRatio: 0.99}
		var out bytes.Buffer
		err := c.Run(context.Background(), &out)
		server.Close()
		if spoils != (err != nil) || spoils && !strings.Contains(err.Error(), "hit ratio") {
			t.Errorf("saves spoil lists: %v; got %v\n%s", spoils, err, out.String())
		}
		deleted := 0
		for _, there := range s.films {
			if !there {
				deleted++
			}
		}
		if deleted != drafts {
			t.Errorf("%d of %d drafts deleted", deleted, drafts)
		}
	}
}
