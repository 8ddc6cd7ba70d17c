package fill_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"encora/edge/cache"
	"encora/edge/fill"
	"encora/edge/fill/filltest"
	"encora/shared/wire"
)

const pollWait = 2 * time.Second

var quiet = slog.New(slog.DiscardHandler)

// counting answers every path with a number that Write may raise.
func counting(t *testing.T) (*filltest.Origin, *int) {
	o := filltest.New(t)
	n := new(int)
	o.Render = func(a filltest.Ask) filltest.Answer {
		return filltest.Answer{Body: fmt.Sprintf("%s is %d", a.Path, *n), Tags: []string{"doc:" + a.Path}}
	}
	return o, n
}

func TestStoredUntilItChanges(t *testing.T) {
	o, n := counting(t)
	b := setup(t, o, pollWait)
	b.want("/a", "/a is 0")
	b.want("/a", "/a is 0")
	b.applied(o.Write(nil, "doc:/b"))
	b.want("/a", "/a is 0")
	if got := o.Fills("/a"); got != 1 {
		t.Errorf("%d fills while nothing changed, want 1", got)
	}
	b.applied(o.Write(func() { *n = 1 }, "doc:/a"))
	b.want("/a", "/a is 1")
	if got := o.Fills("/a"); got != 2 {
		t.Errorf("%d fills after a change, want 2", got)
	}
}

func TestTenThousandMissesOneFill(t *testing.T) {
	o, _ := counting(t)
	arrived := make(chan struct{})
	o.BeforeFill = func(filltest.Ask) { <-arrived }
	b := setupWithin(t, o, pollWait, 30*time.Second) // a busy machine takes its time to start that many
	const readers = 10_000
	var started, ended sync.WaitGroup
	var wrong atomic.Int64
	started.Add(readers)
	for range readers {
		ended.Go(func() {
			q := query("/a")
			started.Done()
			if r := b.filler.Fill(q, time.Now().Add(time.Minute)); r.Err != nil || string(r.Answer.IdentityBody()) != "/a is 0" {
				wrong.Add(1)
			}
		})
	}
	started.Wait()
	for range 20 { // unrelated changes land while they wait
		b.applied(o.Write(nil, "doc:/other"))
	}
	time.AfterFunc(100*time.Millisecond, func() { close(arrived) })
	ended.Wait()
	if got := o.Fills("/a"); got != 1 || wrong.Load() != 0 {
		t.Errorf("%d fills, want 1; %d readers got something else", got, wrong.Load())
	}
}

// A request must not be given the answer of a flight whose snapshot is older than what was applied when it came.
func TestJoinedAnswerIsNewEnough(t *testing.T) {
	o, n := counting(t)
	release := make(chan struct{})
	var once sync.Once
	looked := make(chan struct{})
	o.AfterSnapshot = func(filltest.Ask) {
		first := false
		once.Do(func() { first = true; close(looked) })
		if first {
			<-release
		}
	}
	b := setup(t, o, pollWait)
	early := make(chan fill.Result, 1)
	go func() { early <- b.read("/a") }()
	<-looked
	b.applied(o.Write(func() { *n = 1 }, "doc:/a"))
	late := make(chan fill.Result, 1)
	go func() { late <- b.read("/a") }()
	time.AfterFunc(50*time.Millisecond, func() { close(release) })
	if r := <-early; r.Err != nil || string(r.Answer.IdentityBody()) != "/a is 0" {
		t.Errorf("the one who asked before the change got %v", r)
	}
	if r := <-late; r.Err != nil || string(r.Answer.IdentityBody()) != "/a is 1" {
		t.Errorf("the one who asked after the change was applied got %q", r.Answer.IdentityBody())
	}
	b.want("/a", "/a is 1")
	if got := o.Fills("/a"); got != 2 {
		t.Errorf("%d fills, want 2", got)
	}
}

func TestWhatIsStored(t *testing.T) {
	f := func(name string, a filltest.Answer, stored, passed bool) {
		t.Helper()
		o := filltest.New(t)
		o.Render = func(filltest.Ask) filltest.Answer { return a }
		b := setup(t, o, pollWait)
		r := b.read("/a")
		if r.Err != nil {
			t.Fatalf("%s: %v", name, r.Err)
		}
		b.read("/a")
		want := 2
		if stored {
			want = 1
		}
		if got := o.Fills("/a"); got != want || r.Passed != passed || r.Answer.Status() != max(a.Status, 200) {
			t.Errorf("%s: %d fills, want %d; passed %v, status %d", name, got, want, r.Passed, r.Answer.Status())
		}
	}
	f("200 with tags", filltest.Answer{Body: "x", Tags: []string{"a"}}, true, false)
	f("200 that nothing changes", filltest.Answer{Body: "x"}, true, false)
	f("200 without tags", filltest.Answer{Body: "x", Untagged: true}, false, true)
	f("404 with tags", filltest.Answer{Status: 404, Body: "x", Tags: []string{"a"}}, true, false)
	f("404 without tags", filltest.Answer{Status: 404, Body: "x", Untagged: true}, false, true)
	f("400 with tags", filltest.Answer{Status: 400, Body: "x", Tags: []string{"a"}}, false, true)
	f("500", filltest.Answer{Status: 500, Body: "x"}, false, true)
}

func TestAway(t *testing.T) {
	o, _ := counting(t)
	b := setup(t, o, pollWait)
	b.want("/a", "/a is 0")
	f := func(name string) {
		t.Helper()
		for range 10 { // the first ones find it out, the others are told
			began := time.Now()
			if r := b.read("/cold" + name); !errors.Is(r.Err, fill.ErrAway) {
				t.Errorf("%s: %v, want ErrAway", name, r.Err)
			}
			if took := time.Since(began); took > 1500*time.Millisecond {
				t.Errorf("%s: it took %v", name, took)
			}
		}
		b.want("/a", "/a is 0") // what is held and valid needs no origin
	}
	o.Fail(http.StatusServiceUnavailable)
	f("503")
	o.Fail(0)
	o.Down(true)
	f("down")
	o.Down(false)
	b.until("the origin", func() bool { return b.read("/b").Err == nil })
}

func TestSlowOriginCostsFewAttempts(t *testing.T) {
	o, _ := counting(t)
	var asked atomic.Int64
	hold := make(chan struct{})
	t.Cleanup(func() { close(hold) })
	o.BeforeFill = func(filltest.Ask) { asked.Add(1); <-hold }
	o.Mangle = func(*wire.FeedPage) bool { return asked.Load() == 0 } // else the feed's answers would open the gate
	b := setup(t, o, 50*time.Millisecond)
	began := time.Now()
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() { b.read(fmt.Sprint("/", i)) })
	}
	wg.Wait()
	if took := time.Since(began); took > 1200*time.Millisecond {
		t.Errorf("three attempts took %v with a timeout of 900 ms", took)
	}
	began = time.Now()
	for i := range 50 {
		if r := b.read(fmt.Sprint("/later/", i)); !errors.Is(r.Err, fill.ErrAway) {
			t.Fatalf("%v", r.Err)
		}
		if time.Since(began) > 300*time.Millisecond {
			t.Fatalf("request %d still waits for an origin that does not answer", i)
		}
	}
}

func TestFullQueueIsBusy(t *testing.T) {
	o, _ := counting(t)
	hold := make(chan struct{})
	o.BeforeFill = func(filltest.Ask) { <-hold }
	b := setup(t, o, pollWait)
	b.filler.Prepare(fill.Limits{Concurrent: 2, Queue: 3})
	var busy, good atomic.Int64
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			switch r := b.read(fmt.Sprint("/", i)); {
			case errors.Is(r.Err, fill.ErrBusy):
				busy.Add(1)
			case r.Err == nil:
				good.Add(1)
			}
		})
	}
	b.until("refusals", func() bool { return busy.Load() == 15 })
	close(hold)
	wg.Wait()
	if good.Load() != 5 {
		t.Errorf("%d of the 5 that had a place were answered", good.Load())
	}
}

func TestDeadlineOfTheOneWhoWaits(t *testing.T) {
	o, _ := counting(t)
	hold := make(chan struct{})
	defer close(hold)
	o.BeforeFill = func(filltest.Ask) { <-hold }
	b := setup(t, o, pollWait)
	began := time.Now()
	if r := b.filler.Fill(query("/a"), began.Add(50*time.Millisecond)); !errors.Is(r.Err, fill.ErrLate) {
		t.Errorf("%v, want ErrLate", r.Err)
	}
	if took := time.Since(began); took > 500*time.Millisecond {
		t.Errorf("it waited %v", took)
	}
}

// An origin that was restarted has closed every kept connection. Fills go out again, once; nothing else does.
func TestStaleConnections(t *testing.T) {
	o, _ := counting(t)
	b := setup(t, o, pollWait)
	b.want("/a", "/a is 0")
	target, conns := closing(t)
	client := fill.NewOrigin(fill.Config{URL: target, Key: "k", Timeout: time.Second, Now: time.Now, Log: quiet})
	b.filler.Origin = client
	for i := range 5 { // each answer is followed by a close that the client may not have seen yet
		if r := b.read(fmt.Sprint("/stale/", i)); r.Err != nil {
			t.Errorf("fill %d: %v", i, r.Err)
		}
	}
	if conns.Load() < 5 {
		t.Errorf("only %d connections: nothing was stale", conns.Load())
	}
}

// closing is a server that closes each connection after its second request came, without answering that.
func closing(t *testing.T) (*url.URL, *atomic.Int64) {
	var conns atomic.Int64
	var served sync.Map
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, again := served.LoadOrStore(r.RemoteAddr, true); again {
			c, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = c.(*net.TCPConn).Close()
			}
			return
		}
		conns.Add(1)
		w.Header().Set(wire.Epoch, "epoch-1")
		w.Header().Set(wire.Pos, "1000")
		w.Header().Set(wire.Tags, "x")
		fmt.Fprint(w, "ok")
	}))
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u, &conns
}

func TestOlderSnapshotThanAskedForIsRefused(t *testing.T) {
	o, _ := counting(t)
	b := setup(t, o, pollWait)
	b.applied(o.Write(nil, "x"))
	target, _ := lagging(t)
	b.filler.Origin = fill.NewOrigin(fill.Config{URL: target, Key: "k", Timeout: time.Second, Now: time.Now, Log: quiet})
	if r := b.read("/a"); !errors.Is(r.Err, fill.ErrAway) {
		t.Errorf("a replica's old snapshot was taken: %v", r.Answer)
	}
}

// lagging answers from a position that lies before every edge's.
func lagging(t *testing.T) (*url.URL, *httptest.Server) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(wire.Epoch, "epoch-1")
		w.Header().Set(wire.Pos, "1")
		w.Header().Set(wire.Tags, "x")
	}))
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u, s
}

func TestSuccessor(t *testing.T) {
	o := filltest.New(t)
	turn := time.Now().Add(1500 * time.Millisecond)
	title := "film"
	o.Render = func(a filltest.Ask) filltest.Answer {
		if a.AsOf.Before(turn) {
			return filltest.Answer{Body: title + " to come", Tags: []string{"a"}, Until: turn}
		}
		return filltest.Answer{Body: title + " is on", Tags: []string{"a"}}
	}
	b := setup(t, o, 100*time.Millisecond)
	b.want("/a", "film to come")
	b.applied(o.Write(func() { title = "renamed" }, "a"))
	b.want("/a", "renamed to come") // and gets a successor of its own
	b.until("the successor", func() bool {
		a := b.filler.Store.Newest(query("/a").Key)
		return a != nil && a.Next() != nil
	})
	o.Down(true)
	b.want("/a", "renamed to come")
	b.until("the instant", func() bool { return b.filler.Clock.Now().After(turn) })
	b.want("/a", "renamed is on")
	if r := b.read("/a"); r.Answer.Until() != cache.Never {
		t.Errorf("the successor is itself due at %d", r.Answer.Until())
	}
}

// Of what is not due soon, a sweep fetches the successor: an answer that was just stored costs one question.
func TestSuccessorsThatCanWait(t *testing.T) {
	o := filltest.New(t)
	o.Render = func(filltest.Ask) filltest.Answer {
		return filltest.Answer{Body: "on", Tags: []string{"a"}, Until: time.Now().Add(50 * time.Minute)}
	}
	b := setup(t, o, 100*time.Millisecond)
	b.want("/a", "on")
	time.Sleep(100 * time.Millisecond)
	if n := b.filler.Fills(); n != 1 {
		t.Errorf("%d fills, want 1", n)
	}
	b.next.Offer(b.filler.Store.Newest(query("/a").Key)) // as a sweep does
	b.until("the successor", func() bool { return b.filler.Store.Newest(query("/a").Key).Next() != nil })
}

func TestNoAnswerPastItsInstant(t *testing.T) {
	o := filltest.New(t)
	turn := time.Now().Add(300 * time.Millisecond)
	o.Render = func(a filltest.Ask) filltest.Answer {
		if !a.AsOf.Before(turn) {
			return filltest.Answer{Status: 503}
		}
		return filltest.Answer{Body: "on", Tags: []string{"a"}, Until: turn}
	}
	b := setup(t, o, 100*time.Millisecond)
	b.want("/a", "on")
	b.until("the instant", func() bool { return b.filler.Clock.Now().After(turn) })
	if r := b.read("/a"); !errors.Is(r.Err, fill.ErrAway) {
		t.Errorf("served past its instant: %q", r.Answer.IdentityBody())
	}
}
