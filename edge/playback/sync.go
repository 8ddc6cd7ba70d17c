package playback

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"encora/shared/wire"
)

const (
	// syncEvery is how old a beat may be before the origin is told of it: half of the second that is promised.
	syncEvery = 500 * time.Millisecond
	// syncSize is how many sessions one exchange tells of; as soon as so many wait there is one.
	syncSize = 1000
)

// Syncer tells the origin of beats and learns of ends. All fields are required.
type Syncer struct {
	Table *Table
	// Exchange asks the origin, within a second or so.
	Exchange func(ctx context.Context, in *wire.Sync) (*wire.Synced, error)
	Now      func() int64 // Unix milliseconds, corrected
	Log      *slog.Logger

	edge    string
	leaving bool // the exchange to come may be the last
	kicks   chan struct{}
	failed  atomic.Uint64
	synced  atomic.Int64 // when the last exchange succeeded, Unix milliseconds

	mu      sync.Mutex
	waiting []chan struct{} // for an exchange that begins from now on
}

// Prepare makes the syncer usable.
func (s *Syncer) Prepare() {
	s.edge = uuid.Must(uuid.NewV7()).String()
	s.kicks = make(chan struct{}, 1)
}

// Run exchanges until ctx ends, and then once more, so that a stop loses nothing. It begins at once: of ends before the first
// exchange the edge hears by beats alone.
func (s *Syncer) Run(ctx context.Context) {
	tick, sweep := time.NewTicker(syncEvery), time.NewTicker(sweepEvery)
	defer tick.Stop()
	defer sweep.Stop()
	s.exchangeAll(ctx)
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer cancel()
			s.leaving = true
			s.exchangeAll(last)
			return
		case <-sweep.C:
			s.Table.Sweep(s.Now())
		case <-tick.C:
			s.exchangeAll(ctx)
		case <-s.kicks:
			s.exchangeAll(ctx)
		}
	}
}

// Edge is what the origin knows this edge by.
func (s *Syncer) Edge() string { return s.edge }

// Kick has the origin told at once when enough waits for it, unless it could not be told last time: then it waits for its
// turn, or every beat of an absence would cost an attempt.
func (s *Syncer) Kick() {
	if s.Table.Pending() >= syncSize && s.failed.Load() == 0 {
		s.kick()
	}
}

func (s *Syncer) kick() {
	select {
	case s.kicks <- struct{}{}:
	default:
	}
}

// Await returns once all is known that the origin could tell when it was called, or ctx ends.
func (s *Syncer) Await(ctx context.Context) {
	done := make(chan struct{})
	s.mu.Lock()
	s.waiting = append(s.waiting, done)
	s.mu.Unlock()
	s.kick()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// exchangeAll goes on until nothing that waited when it began is left, or the origin can't be told.
func (s *Syncer) exchangeAll(ctx context.Context) {
	for rounds := s.Table.Pending()/syncSize + 1; rounds > 0; rounds-- {
		more, ok := s.exchange(ctx)
		if !ok || ctx.Err() != nil {
			return
		}
		if more {
			rounds++
		}
	}
}

// exchange makes one. It reports whether there are more ends to hear of, and whether the origin was reached.
func (s *Syncer) exchange(ctx context.Context) (more, ok bool) {
	s.mu.Lock()
	waiting := s.waiting
	s.waiting = nil
	s.mu.Unlock()
	told := s.Table.drain(syncSize)
	out, err := s.Exchange(ctx, &wire.Sync{Edge: s.edge, Leaving: s.leaving, Recent: s.Table.keepEnds, Beats: told.beats, Ends: s.Table.ends})
	if err != nil {
		s.Table.restore(told.sessions)
		s.wait(waiting)
		if s.failed.Add(1) == 1 {
			s.Log.Warn("beats can't be delivered; sessions go on, and the origin is told when it is back", "error", err, "waiting", s.Table.Pending())
		}
		return false, false
	}
	s.Table.settled(told.sessions)
	s.Table.apply(out, s.Now())
	if out.More { // what they wait for may be among it
		s.wait(waiting)
		waiting = nil
	}
	for _, done := range waiting {
		close(done)
	}
	s.synced.Store(s.Now())
	if n := s.failed.Swap(0); n > 0 {
		s.Log.Info("beats are delivered again", "exchanges_failed", n)
	}
	return out.More, true
}

// wait has those who waited wait on.
func (s *Syncer) wait(waiting []chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(waiting, s.waiting...)
}

// Behind is how long ago the origin was last told; 0 when it never was.
func (s *Syncer) Behind() time.Duration {
	if at := s.synced.Load(); at > 0 {
		return time.Duration(s.Now()-at) * time.Millisecond
	}
	return 0
}

// told is what an exchange tells of.
type told struct {
	beats    []wire.Beat
	sessions []*session
}

// drain takes up to most sessions that have beats to tell of.
func (t *Table) drain(most int) told {
	out, first := told{}, int(t.beats.Load()) // no shard is always the last
	for i := range t.shards {
		sh := &t.shards[(first+i)%shardCount]
		sh.mu.Lock()
		n := min(most-len(out.sessions), len(sh.dirty))
		for _, s := range sh.dirty[:n] {
			s.dirty, s.flying = false, true
			out.sessions = append(out.sessions, s)
			if s.state == live {
				out.beats = append(out.beats, s.wire())
			}
		}
		rest := copy(sh.dirty, sh.dirty[n:])
		clear(sh.dirty[rest:])
		sh.dirty = sh.dirty[:rest]
		sh.mu.Unlock()
		t.pending.Add(-int64(n))
		if len(out.sessions) == most {
			break
		}
	}
	return out
}

func (s *session) wire() wire.Beat {
	return wire.Beat{AccountID: s.account.String(), SessionID: s.id.String(), At: s.beatAt, ExpiresAt: s.expiresAt, PausedSince: s.pausedSince,
		RefreshAt: s.refreshAt, Position: int(s.position)}
}

// restore has sessions told of again, with what they have become since.
func (t *Table) restore(sessions []*session) {
	for _, s := range sessions {
		sh := t.shard(s.id)
		sh.mu.Lock()
		if s.flying = false; !s.dirty {
			s.dirty = true
			sh.dirty = append(sh.dirty, s)
			t.pending.Add(1)
		}
		sh.mu.Unlock()
	}
}

// settled notes that the origin was told of sessions.
func (t *Table) settled(sessions []*session) {
	for _, s := range sessions {
		sh := t.shard(s.id)
		sh.mu.Lock()
		s.flying = false
		sh.mu.Unlock()
	}
}

// apply marks what ended. Only the syncer writes Table.ends.
func (t *Table) apply(out *wire.Synced, now int64) {
	t.marks.Lock()
	defer t.marks.Unlock()
	for _, gone := range out.Gone {
		if id, err := uuid.Parse(gone.SessionID); err == nil {
			t.end(id, uuid.UUID{}, reasonOf(gone.Reason), now)
		}
	}
	for _, e := range out.Ended {
		if id, err := uuid.Parse(e.SessionID); err == nil {
			t.end(id, uuid.UUID{}, reasonOf(e.Reason), now)
		}
	}
	if len(out.Ends) == wire.EndShards {
		t.ends = out.Ends
	}
}
