package starts

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"encora/loadtest/device"
	"encora/loadtest/openloop"
)

// edge counts what starts and ends; every tenth start is refused when it is full.
type edge struct {
	mu      sync.Mutex
	full    bool
	started int
	playing map[string]time.Time
	early   int // ends before the hold
}

const hold = 30 * time.Millisecond

func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.Method == "DELETE" {
		id := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
		if time.Since(e.playing[id]) < hold {
			e.early++
		}
		delete(e.playing, id)
		w.WriteHeader(204)
		return
	}
	if e.started++; e.full && e.started%10 == 0 || r.Header.Get("X-Device-Id") == "" {
		w.WriteHeader(503)
		return
	}
	id := fmt.Sprintf("s%d", e.started)
	e.playing[id] = time.Now()
	fmt.Fprintf(w, `{"session_id":%q,"hls_url":"x"}`, id)
}

func newStage(t *testing.T, e *edge) *stage {
	e.playing = map[string]time.Time{}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	s := &stage{players: make([]device.Player, 7), films: []string{"a", "b"}, hold: hold}
	for i := range s.players {
		s.players[i].Device = fmt.Sprint("d", i)
	}
	var err error
	if s.edge, err = device.NewClient(server.URL, 4, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if s.ends, err = device.NewClient(server.URL, 4, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s
}

var load = openloop.Load{Rate: 200, Arrivals: openloop.Constant, Duration: 300 * time.Millisecond, Workers: 4, Backlog: 200}

func TestEveryStartEnds(t *testing.T) {
	e := &edge{}
	r := newStage(t, e).run(t.Context(), load)
	all := r.rows[len(r.rows)-1]
	if e.started == 0 || all.Count != int64(e.started) || r.ended != all.Count || r.endFaults > 0 || all.Errors > 0 || len(e.playing) > 0 || e.early > 0 {
		t.Errorf("%d started, %d recorded, %d ended, %d left, %d early: %v", e.started, all.Count, r.ended, len(e.playing), e.early, r.faults)
	}
	var out bytes.Buffer
	if err := (&Command{}).report(&out, r); err != nil || !strings.Contains(out.String(), "getMovieStream") {
		t.Errorf("%v\n%s", err, &out)
	}
}

func TestRefusedStartsAreErrors(t *testing.T) {
	e := &edge{full: true}
	r := newStage(t, e).run(t.Context(), load)
	all := r.rows[len(r.rows)-1]
	if all.Errors != int64(e.started/10) || r.ended != all.Count-all.Errors {
		t.Errorf("%+v of %d started, %d ended", all, e.started, r.ended)
	}
	var out bytes.Buffer
	if (&Command{}).report(&out, r) == nil || (&Command{MaxErrors: -1}).report(&out, r) != nil {
		t.Error("errors are not judged by their limit")
	}
}

func TestDefaultsAreValid(t *testing.T) {
	var c Command
	if _, err := kong.Must(&c).Parse(nil); err != nil || c.validate() != nil {
		t.Fatalf("%v, %v", err, c.validate())
	}
	c.Accounts = maxAccounts + 1
	if c.validate() == nil {
		t.Error("too many accounts passed")
	}
}
