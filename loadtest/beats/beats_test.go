package beats

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/uuid"

	"encora/shared/wire"
)

// origin remembers which sessions beat at which caller, and may know nothing of any.
type origin struct {
	mu     sync.Mutex
	gone   bool
	beaten map[string]map[string]int // caller, session
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in wire.Sync
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.URL.Path != wire.SyncPath || r.Header.Get("Authorization") != "Bearer one" {
		w.WriteHeader(400)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.beaten[in.Edge] == nil {
		o.beaten[in.Edge] = map[string]int{}
	}
	for _, b := range in.Beats {
		o.beaten[in.Edge][b.SessionID]++
	}
	out := wire.Synced{Ends: make([]uint64, wire.EndShards)}
	if o.gone {
		out.Gone = []wire.End{{SessionID: in.Beats[0].SessionID}}
	}
	json.NewEncoder(w).Encode(out)
}

func beat(t *testing.T, o *origin, n int) (*Command, *result) {
	o.beaten = map[string]map[string]int{}
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	c := &Command{Edges: 3, Batch: 10, Duration: 200 * time.Millisecond}
	c.InternalAddr, c.EdgeKey = strings.TrimPrefix(server.URL, "http://"), "one,two"
	sessions := make([]session, n)
	for i := range sessions {
		sessions[i] = session{uuid.New(), uuid.New()}
	}
	r, err := c.run(t.Context(), sessions)
	if err != nil {
		t.Fatal(err)
	}
	return c, r
}

func TestEverySessionBeatsAtOneCaller(t *testing.T) {
	o := &origin{}
	c, r := beat(t, o, 90)
	seen, beats := map[string]bool{}, 0
	for _, own := range o.beaten {
		least, most := 1<<30, 0
		for id, n := range own {
			if seen[id] {
				t.Errorf("%s beats at two callers", id)
			}
			seen[id], beats, least, most = true, beats+n, min(least, n), max(most, n)
		}
		if most-least > 1 {
			t.Errorf("sessions beat %d to %d times", least, most)
		}
	}
	if len(o.beaten) != 3 || len(seen) != 90 || r.distinct.Load() != 90 || r.beats.Load() != int64(beats) {
		t.Errorf("%d callers, %d sessions, %d counted distinct, %d beats, %d counted", len(o.beaten), len(seen), r.distinct.Load(), beats, r.beats.Load())
	}
	var out bytes.Buffer
	r.stored = 90
	if err := c.report(&out, r); err != nil || !strings.Contains(out.String(), "batch of 10") {
		t.Errorf("%v\n%s", err, &out)
	}
	r.stored = 89
	if c.report(&out, r) == nil {
		t.Error("a beat that the database lost passed")
	}
}

func TestSessionsThatAreGoneAreErrors(t *testing.T) {
	c, r := beat(t, &origin{gone: true}, 90)
	if rows := r.recorder.Rows(c.Duration); rows[len(rows)-1].Errors == 0 || r.beats.Load() != 0 {
		t.Errorf("%+v, %d beats counted", rows, r.beats.Load())
	}
}

func TestDefaultsAreValid(t *testing.T) {
	var c Command
	if _, err := kong.Must(&c).Parse([]string{"--database-url", "x"}); err != nil || c.validate() != nil {
		t.Fatalf("%v, %v", err, c.validate())
	}
	c.Sessions = 100
	if c.validate() == nil {
		t.Error("fewer sessions than a batch passed")
	}
}
