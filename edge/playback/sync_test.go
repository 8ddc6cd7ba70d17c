package playback

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"encora/shared/wire"
)

// exchanges is an origin of a syncer that notes what it is told.
type exchanges struct {
	err   atomic.Pointer[error]
	takes atomic.Int64 // nanoseconds

	mu     sync.Mutex
	all    []*wire.Sync
	newest map[string]wire.Beat
	answer func(in *wire.Sync) *wire.Synced
}

func (e *exchanges) exchange(_ context.Context, in *wire.Sync) (*wire.Synced, error) {
	e.note(in)
	time.Sleep(time.Duration(e.takes.Load()))
	if err := e.err.Load(); err != nil {
		return nil, *err
	}
	return e.reply(in), nil
}

func (e *exchanges) note(in *wire.Sync) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err.Load() != nil {
		in = &wire.Sync{Edge: in.Edge} // so that a long absence fills no test's memory
	}
	e.all = append(e.all, in)
}

func (e *exchanges) reply(in *wire.Sync) *wire.Synced {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, b := range in.Beats {
		e.newest[b.SessionID] = b
	}
	if e.answer != nil {
		return e.answer(in)
	}
	return &wire.Synced{Ends: make([]uint64, wire.EndShards)}
}

var errAway = errors.New("away")

// away says whether the origin can be told, and slow how long that takes.
func (e *exchanges) away(away bool) {
	if e.err.Store(nil); away {
		e.err.Store(&errAway)
	}
}

func (e *exchanges) slow(takes time.Duration) { e.takes.Store(int64(takes)) }

func (e *exchanges) answers(f func(in *wire.Sync) *wire.Synced) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answer = f
}

// since are the exchanges after the first n.
func (e *exchanges) since(n int) []*wire.Sync {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.all[n:])
}

func (e *exchanges) count() int { return len(e.since(0)) }

// told are the newest beats by session.
func (e *exchanges) told() map[string]wire.Beat {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.newest)
}

// position is that of a session's newest beat.
func (e *exchanges) position(n int) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.newest[num(n).String()].Position
}

// syncing runs a syncer over n sessions of mine that beat now, in a bubble.
func syncing(t *testing.T, n int, f func(s *Syncer, e *exchanges, stop func())) {
	synctest.Test(t, func(t *testing.T) {
		table := newTable()
		for i := range n {
			table.Enter(toldOf(num(i), mine, time.Now().UnixMilli()), 0)
		}
		e := &exchanges{newest: make(map[string]wire.Beat)}
		s := &Syncer{Table: table, Exchange: e.exchange, Now: func() int64 { return time.Now().UnixMilli() }, Log: testLog()}
		s.Prepare()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { s.Run(ctx); close(done) }()
		synctest.Wait()
		stop := func() { cancel(); <-done }
		f(s, e, stop)
		stop()
	})
}

func TestTheFirstExchangeComesAtOnce(t *testing.T) {
	syncing(t, 0, func(_ *Syncer, e *exchanges, _ func()) {
		if e.count() != 1 || len(e.since(0)[0].Ends) != 0 {
			t.Errorf("%d exchanges", e.count())
		}
	})
}

// beat takes a beat of session n, as the edge does.
func (s *Syncer) beat(n int, position int32) {
	s.Table.Take(&Beat{Session: num(n), Position: position}, mine, on(s.Now()), true)
	s.Kick()
}

func TestBeatsAreDeliveredWithinASecond(t *testing.T) {
	syncing(t, 10, func(s *Syncer, e *exchanges, _ func()) {
		for i := range 200 {
			time.Sleep(37 * time.Millisecond)
			s.beat(i%10, int32(i))
			took := time.Now()
			for ; e.position(i%10) != i; time.Sleep(time.Millisecond) {
				if time.Since(took) > time.Second {
					t.Fatalf("beat %d was not delivered", i)
				}
			}
		}
		before := e.count()
		time.Sleep(10 * time.Second)
		if n := e.count() - before; n < 19 || n > 21 { // without beats too: the origin knows that it misses none
			t.Errorf("%d exchanges in 10 s of silence", n)
		}
		if s.Behind() > time.Second {
			t.Errorf("behind by %v", s.Behind())
		}
	})
}

func TestAThousandBeatsDontWait(t *testing.T) {
	syncing(t, 2500, func(s *Syncer, e *exchanges, _ func()) {
		time.Sleep(time.Millisecond)
		for i := range 999 {
			s.beat(i, 1)
		}
		synctest.Wait()
		if len(e.told()) != 0 {
			t.Errorf("%d of 999 beats are told of at once", len(e.told()))
		}
		s.beat(999, 1)
		synctest.Wait()
		if len(e.told()) != 1000 || s.Table.Pending() != 0 {
			t.Errorf("%d delivered at once, %d wait", len(e.told()), s.Table.Pending())
		}
		for i := range 2500 {
			s.beat(i, 2)
		}
		time.Sleep(time.Second)
		if len(e.told()) != 2500 {
			t.Errorf("%d delivered", len(e.told()))
		}
		for _, in := range e.since(0) {
			if len(in.Beats) > syncSize || in.Edge != e.since(0)[0].Edge || in.Edge == "" {
				t.Errorf("an exchange of %d beats by %s", len(in.Beats), in.Edge)
			}
		}
	})
}

func TestAFailedExchangeLosesNothing(t *testing.T) {
	syncing(t, 1, func(s *Syncer, e *exchanges, _ func()) {
		time.Sleep(100 * time.Millisecond)
		e.away(true)
		s.beat(0, 1)
		time.Sleep(time.Second)
		e.slow(300 * time.Millisecond)
		s.beat(0, 2)
		time.Sleep(600 * time.Millisecond) // in the middle of an exchange
		s.beat(0, 3)
		last := s.Now()
		e.slow(0)
		e.away(false)
		time.Sleep(2 * time.Second)
		if b := e.told()[num(0).String()]; b.Position != 3 || b.At != last {
			t.Errorf("%+v", b)
		}
		before := e.count()
		time.Sleep(5 * time.Second)
		for _, in := range e.since(before) {
			if len(in.Beats) != 0 {
				t.Error("a beat is told of again and again")
			}
		}
		if s.failed.Load() != 0 {
			t.Error("it still counts as failed")
		}
	})
}

// While the origin is away nothing piles up but one beat of each session, and nobody is asked more often than twice a second.
func TestALongAbsenceCostsNothing(t *testing.T) { absence(t, 5000) }

func absence(t *testing.T, sessions int) {
	const every = 30
	syncing(t, sessions, func(s *Syncer, e *exchanges, _ func()) {
		e.away(true)
		slice := func(round int32) {
			for part := range every {
				for i := part * sessions / every; i < (part+1)*sessions/every; i++ {
					s.beat(i, round)
				}
				time.Sleep(time.Second)
			}
		}
		slice(0)
		before, asked := heap(), e.count()
		for round := range int32(19) { // ten minutes in all
			slice(round + 1)
		}
		if n := e.count() - asked; n > 2*19*every+2 {
			t.Errorf("the origin was asked %d times in %d s of its absence", n, 19*every)
		}
		asked = e.count()
		synctest.Wait() // not in the middle of an exchange
		after := heap()
		t.Logf("%d bytes after half a minute, %d after ten", before, after)
		if s.Table.Pending() != sessions || int64(after)-int64(before) > 4<<20 {
			t.Errorf("%d wait; %d bytes more", s.Table.Pending(), int64(after)-int64(before))
		}
		e.away(false)
		time.Sleep(time.Second)
		if len(e.told()) != sessions || s.Table.Pending() != 0 || e.count()-asked > sessions/syncSize+3 {
			t.Errorf("%d delivered, %d wait, by %d exchanges", len(e.told()), s.Table.Pending(), e.count()-asked)
		}
		for _, b := range e.told() {
			if b.Position != 19 {
				t.Fatalf("an old beat: %+v", b)
			}
		}
	})
}

func TestAwait(t *testing.T) {
	syncing(t, 1, func(s *Syncer, e *exchanges, _ func()) {
		id := num(0).String()
		e.slow(200 * time.Millisecond)
		time.Sleep(600 * time.Millisecond) // an exchange is under way that knows nothing yet
		var end atomic.Bool
		e.answers(func(*wire.Sync) *wire.Synced {
			out := &wire.Synced{Ends: make([]uint64, wire.EndShards)}
			if end.Load() {
				out.Ended = []wire.End{{SessionID: id, Reason: wire.ReasonEnded}}
			}
			return out
		})
		began, known := time.Now(), e.count()
		time.AfterFunc(150*time.Millisecond, func() { end.Store(true) })
		s.Await(context.Background())
		if e.count() != known+1 || time.Since(began) > 500*time.Millisecond || !s.Table.Ended(num(0)) {
			t.Errorf("%d exchanges in %v; ended: %v", e.count()-known, time.Since(began), s.Table.Ended(num(0)))
		}
		e.slow(0)
		e.away(true)
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
		began = time.Now()
		s.Await(ctx)
		if took := time.Since(began); took != 300*time.Millisecond {
			t.Errorf("waited %v for an origin that is away", took)
		}
		time.AfterFunc(1200*time.Millisecond, func() { e.away(false) })
		s.Await(context.Background())
		if took := time.Since(began); took < time.Second || took > 2*time.Second {
			t.Errorf("returned after %v", took)
		}
	})
}

// An origin that has more to tell is asked again at once, and whoever waits hears all of it.
func TestMoreIsAskedForAtOnce(t *testing.T) {
	syncing(t, 5, func(s *Syncer, e *exchanges, _ func()) {
		next := 0
		e.answers(func(in *wire.Sync) *wire.Synced {
			out := &wire.Synced{Ends: make([]uint64, wire.EndShards)}
			if next < 5 {
				out.Ended, out.More = []wire.End{{SessionID: num(next).String(), Reason: wire.ReasonEnded}}, next < 4
				next++
			}
			out.Ends[0] = uint64(next)
			if len(in.Ends) == wire.EndShards && in.Ends[0] != uint64(max(next-1, 0)) && next < 5 {
				t.Errorf("it says that it has applied %d of %d", in.Ends[0], next-1)
			}
			return out
		})
		began := time.Now()
		s.Await(context.Background())
		if time.Since(began) != 0 || next != 5 {
			t.Errorf("%d of 5 ends after %v", next, time.Since(began))
		}
		for i := range 5 {
			if !s.Table.Ended(num(i)) {
				t.Errorf("%d plays on", i)
			}
		}
	})
}

func TestAStopDeliversTheLastBeats(t *testing.T) {
	syncing(t, 3000, func(s *Syncer, e *exchanges, stop func()) {
		e.slow(time.Millisecond)
		time.Sleep(time.Millisecond)
		for i := range 3000 {
			s.Table.Take(&Beat{Session: num(i), Position: 9}, mine, on(s.Now()), false)
		}
		stop()
		if len(e.told()) != 3000 {
			t.Errorf("%d of 3000 were delivered", len(e.told()))
		}
	})
}

func TestEndsOfBeatsAreApplied(t *testing.T) {
	syncing(t, 2, func(s *Syncer, e *exchanges, _ func()) {
		e.answers(func(in *wire.Sync) *wire.Synced {
			out := &wire.Synced{Ends: make([]uint64, wire.EndShards)}
			for _, b := range in.Beats {
				reason := wire.ReasonDeviceRemoved
				if b.SessionID == num(1).String() {
					reason = "" // there never was such a session
				}
				out.Gone = append(out.Gone, wire.End{SessionID: b.SessionID, Reason: reason})
			}
			return out
		})
		s.beat(0, 1)
		s.beat(1, 1)
		time.Sleep(time.Second)
		wantTaken(t, "gone", s.Table.Look(num(0), mine, s.Now()), Over, wire.ReasonDeviceRemoved)
		wantTaken(t, "never was", s.Table.Look(num(1), mine, s.Now()), Absent, "")
	})
}
