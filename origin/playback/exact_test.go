package playback

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/shared/fault"
	"encora/shared/wire"
)

// However many starts race, over two origins with one database, so many streams play as the plan has.
func TestExactly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	origins := []*Domain{b.d, {DB: b.DB, Now: b.d.Now}}
	for round := range 20 {
		v := b.viewer(2)
		var began, refused atomic.Int32
		var all sync.WaitGroup
		for n := range 50 {
			in := v.film()
			all.Go(func() {
				_, err := origins[n%2].start(t.Context(), &in)
				switch {
				case err == nil:
					began.Add(1)
				case fault.Of(err).Code == fault.ConcurrencyLimit:
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if began.Load() != 2 || refused.Load() != 48 || len(b.held(v)) != 2 {
			t.Errorf("round %d: %d began, %d were refused, %d are held", round, began.Load(), refused.Load(), len(b.held(v)))
		}
	}
	if n := len(b.events()); n != 20*50 {
		t.Errorf("%d events", n)
	}
}

// Starts of one device and title that race are one session; so are those that all replace the same one.
func TestRacingForOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	origins := []*Domain{b.d, {DB: b.DB, Now: b.d.Now}}
	f := func(in wire.Start) {
		t.Helper()
		ids := make([]string, 20)
		var all sync.WaitGroup
		for n := range ids {
			all.Go(func() {
				s, err := origins[n%2].start(t.Context(), &in)
				ids[n] = s.SessionID
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Errorf("sessions %s and %s", id, ids[0])
			}
		}
	}
	v := b.viewer(1)
	f(v.film())
	f(v.film(func(in *wire.Start) { in.Replace = b.held(v)[0] }))
	if ends, events := b.ended(), b.events(); len(ends) != 1 || len(events) != 3 {
		t.Errorf("ends %v, events %q", ends, events)
	}
}

// Sweeps, starts and viewers that all end the same session at once end it once.
func TestRacingEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := &Domain{DB: b.DB, Now: b.d.Now}
	b.sync("a")
	v := b.viewer(4)
	for range 4 {
		b.began(v.film())
	}
	b.run(80*time.Second, "a")
	var all sync.WaitGroup
	f := func(do func() error) {
		for range 3 {
			all.Go(func() {
				if err := do(); err != nil {
					t.Error(err)
				}
			})
		}
	}
	in := v.film()
	f(func() error { _, err := b.d.start(t.Context(), &in); return err })
	f(func() error { _, err := other.start(t.Context(), &in); return err })
	f(func() error { _, err := b.d.Sweep(t.Context()); return err })
	f(func() error { _, err := other.Sweep(t.Context()); return err })
	all.Wait()
	if ends, events := b.ended(), b.events(); len(ends) != 4 || len(events) != 9 || len(b.held(v)) != 1 || b.head(v.account) != 4 {
		t.Errorf("ends %v, events %q, held %q, head %d", ends, events, b.held(v), b.head(v.account))
	}
}

func TestQueues(t *testing.T) {
	t.Parallel()
	var q queues
	account := newID()
	var inside, most, entered int
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			leave, err := q.enter(t.Context(), account)
			if err != nil {
				t.Error(err)
				return
			}
			inside++ // the race detector would see two at once
			most, entered = max(most, inside), entered+1
			inside--
			leave()
		})
	}
	all.Wait()
	if most != 1 || entered != 50 || len(q.open) != 0 {
		t.Errorf("%d at once, %d in all, %d queues are left", most, entered, len(q.open))
	}
}

func TestQueuesDoNotHoldUpOthers(t *testing.T) {
	t.Parallel()
	var q queues
	first, account := context.Background(), newID()
	leave, err := q.enter(first, account)
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []uuid.UUID{newID(), newID()} {
		own, err := q.enter(first, other)
		if err != nil {
			t.Fatal(err)
		}
		own()
	}
	waiting, cancel := context.WithCancel(first)
	gave := make(chan error)
	go func() {
		_, err := q.enter(waiting, account)
		gave <- err
	}()
	select {
	case err := <-gave:
		t.Fatalf("did not wait: %v", err)
	case <-time.After(10 * time.Millisecond):
	}
	cancel()
	if err := <-gave; fault.Of(err).Code != fault.Unavailable || fault.Of(err).RetryAfter == 0 {
		t.Errorf("gave up with %v", err)
	}
	leave()
	if leave, err = q.enter(first, account); err != nil {
		t.Fatal(err)
	}
	leave()
	if len(q.open) != 0 {
		t.Errorf("%d queues are left", len(q.open))
	}
}

// What a start leaves behind is all or nothing.
func TestFailedWritesLeaveNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(1)
	in := v.film()
	first := b.began(in)
	before := fmt.Sprint(b.events(), b.held(v), b.ended(), b.head(v.account))
	f := func(breakIt, mend string, in wire.Start) {
		t.Helper()
		b.Exec(breakIt)
		if a := b.start(in); a.Status != 500 {
			t.Errorf("%s: %d", breakIt, a.Status)
		}
		b.Exec(mend)
		if got := fmt.Sprint(b.events(), b.held(v), b.ended(), b.head(v.account)); got != before {
			t.Errorf("%s: left %s, want %s", breakIt, got, before)
		}
	}
	in.Replace = first.SessionID
	const noSessions, sessions = `ALTER TABLE stream_sessions ADD CONSTRAINT none CHECK (false) NOT VALID`, `ALTER TABLE stream_sessions DROP CONSTRAINT none`
	const noEvents, events = `ALTER TABLE events ADD CONSTRAINT none CHECK (false) NOT VALID`, `ALTER TABLE events DROP CONSTRAINT none`
	const noEnds, ends = `ALTER TABLE session_ends ADD CONSTRAINT none CHECK (false) NOT VALID`, `ALTER TABLE session_ends DROP CONSTRAINT none`
	f(noSessions, sessions, in)
	f(noEvents, events, in)
	f(noEnds, ends, in)
	f(noEvents, events, v.film())
}
