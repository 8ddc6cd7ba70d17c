package devices

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"encora/loadtest/device"
	"encora/loadtest/fleet"
)

func command() *Command {
	return &Command{Devices: 12, Connections: 5, RampUp: 100 * time.Millisecond, Playing: 300 * time.Millisecond, BeatEvery: 100 * time.Millisecond,
		RampDown: 100 * time.Millisecond, Films: 10, Skew: 1.1, Timeout: 5 * time.Second, Seed: 1}
}

func TestPlanIsALifeForEachDevice(t *testing.T) {
	c := &Command{RampUp: time.Minute, Playing: 5 * time.Minute, BeatEvery: 30 * time.Second, RampDown: 30 * time.Second, Seed: 1}
	plan := c.plan(200)
	last := make([]due, 200)
	beats := make([]int, 200)
	at := time.Duration(0)
	for _, d := range plan {
		before := last[d.device]
		if d.at < at || d.at < before.at || d.step < before.step {
			t.Fatalf("%+v after %+v, at %v", d, before, at)
		}
		if d.step == config && d.at >= c.RampUp || d.step == heartbeat && d.at-before.at != c.BeatEvery {
			t.Fatalf("%+v after %+v", d, before)
		}
		if d.step == heartbeat {
			beats[d.device]++
		}
		at, last[d.device] = d.at, d
	}
	for i, d := range last {
		if d.step != stop || beats[i] < 9 || beats[i] > 12 {
			t.Errorf("device %d ends with %+v after %d beats", i, d, beats[i])
		}
	}
	if end := plan[len(plan)-1].at; end > 7*time.Minute {
		t.Errorf("the plan takes %v", end)
	}
}

// edge knows its sessions; a broken one starts none.
type edge struct {
	mu      sync.Mutex
	broken  bool
	started int
	playing map[string]bool
	strange []string
}

func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case strings.HasSuffix(r.URL.Path, "/stream") && e.broken:
		w.WriteHeader(503)
	case strings.HasSuffix(r.URL.Path, "/stream"):
		e.started++
		id := fmt.Sprintf("s%d", e.started)
		e.playing[id] = true
		fmt.Fprintf(w, `{"session_id":%q,"hls_url":"x"}`, id)
	case r.Method == "DELETE":
		delete(e.playing, r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])
		w.WriteHeader(204)
	case r.Method == "POST" && r.URL.Path != "/v2/playback/heartbeat":
		e.strange = append(e.strange, r.URL.Path)
	}
}

func drive(t *testing.T, e *edge) (*Command, *fleetOf, outcome, int) {
	e.playing = map[string]bool{}
	opened := map[string]bool{}
	server := httptest.NewUnstartedServer(e)
	server.Config.ConnState = func(c net.Conn, s http.ConnState) {
		e.mu.Lock()
		defer e.mu.Unlock()
		if s == http.StateNew {
			opened[c.RemoteAddr().String()] = true
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	c := command()
	c.EdgeAddr = strings.TrimPrefix(server.URL, "http://")
	f, err := c.fleet(make([]device.Player, c.Devices), fleet.Catalogue{Films: []string{"a", "b"}, Channels: []string{"x", "y"}})
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	plan := c.plan(c.Devices)
	for i := range plan { // people are quicker here
		plan[i].at /= 10
	}
	o := f.run(t.Context(), plan)
	e.mu.Lock()
	defer e.mu.Unlock()
	return c, f, o, len(opened)
}

func TestDevicesDoWhatIsPlanned(t *testing.T) {
	e := &edge{}
	c, f, o, opened := drive(t, e)
	rows := f.recorder.Rows(o.Elapsed)
	if e.started != 12 || len(e.playing) != 0 || e.strange != nil || opened != 5 || o.Dropped > 0 || f.skipped.Load() > 0 || o.Offered != uint64(rows[len(rows)-1].Count) {
		t.Errorf("%d started, %d left, %v, %d connections: %+v", e.started, len(e.playing), e.strange, opened, o)
	}
	var out bytes.Buffer
	c.MaxP99 = map[string]time.Duration{play: 10 * time.Second}
	if err := c.report(&out, f, o); err != nil || !strings.Contains(out.String(), "| home ") {
		t.Errorf("%v\n%s", err, &out)
	}
	c.MaxP99 = map[string]time.Duration{play: time.Nanosecond}
	if err := c.report(&out, f, o); err == nil || !strings.Contains(err.Error(), "p99 of play") {
		t.Errorf("a limit that is broken: %v", err)
	}
}

// Beats that can't be sent are no beats: they are told of, and the start is the error.
func TestWithoutASessionNothingBeats(t *testing.T) {
	c, f, o, _ := drive(t, &edge{broken: true})
	rows := f.recorder.Rows(o.Elapsed)
	if all := rows[len(rows)-1]; all.Errors != 12 || f.skipped.Load() < 12 || uint64(all.Count+f.skipped.Load()) != o.Offered {
		t.Errorf("%+v, %d skipped of %d", all, f.skipped.Load(), o.Offered)
	}
	if c.report(&bytes.Buffer{}, f, o) == nil {
		t.Error("starts that failed passed")
	}
}

func TestDefaultsAreValid(t *testing.T) {
	var c Command
	if _, err := kong.Must(&c).Parse([]string{"--max-p99", "play=50ms;beat=10ms"}); err != nil || c.validate() != nil || len(c.MaxP99) != 2 {
		t.Fatalf("%v, %v, %v", err, c.validate(), c.MaxP99)
	}
	c.MaxP99["x"] = 1
	if c.validate() == nil {
		t.Error("a limit of no phase passed")
	}
}
