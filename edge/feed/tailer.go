package feed

import (
	"context"
	"log/slog"
	"time"

	"encora/shared/wire"
)

// Bounds of the pause between failed polls.
const (
	retryFirst = 50 * time.Millisecond
	retryMost  = time.Second
	// leastPoll is how long a poll must have been held that brought nothing, lest an origin that holds none is asked
	// without end.
	leastPoll = 20 * time.Millisecond
)

// Tailer follows the feed. All fields are required but where it is said.
type Tailer struct {
	Versions *Versions
	Clock    *Clock
	// Poll asks for the changes after a position of an epoch, which is empty at the start. It may be held for some time.
	Poll func(ctx context.Context, epoch string, after uint64) (*wire.FeedPage, error)
	// Jitter returns a random number in [0, 1), so that edges don't all come back at once.
	Jitter func() float64
	// Applied is told of changes once they are applied; it must not block. nil: nobody is.
	Applied func([]wire.Change)
	Log     *slog.Logger
}

// Run follows the feed until ctx ends. An error never stops it: the edge serves what it knows and tries again.
func (t *Tailer) Run(ctx context.Context) {
	pause := retryFirst
	lost := false
	for ctx.Err() == nil {
		began, before := t.Clock.Base(), t.position()
		err := t.step(ctx)
		if err == nil {
			if idle := leastPoll - t.Clock.Base().Sub(began); idle > 0 && t.position() == before {
				t.sleep(ctx, idle)
			}
			if lost {
				t.Log.Info("change feed is back", "applied", t.Versions.State().Applied())
			}
			pause, lost = retryFirst, false
			continue
		}
		if ctx.Err() != nil {
			return
		}
		if !lost {
			t.Log.Warn("change feed not reached; the edge serves what it holds and keeps trying: check the origin and ORIGIN_URL", "error", err)
		}
		lost = true
		t.sleep(ctx, pause)
		pause = min(2*pause, retryMost)
	}
}

// position is how far the feed was applied, in which world.
func (t *Tailer) position() [2]uint64 {
	if st := t.Versions.State(); st != nil {
		return [2]uint64{uint64(st.ID), st.Applied()}
	}
	return [2]uint64{}
}

func (t *Tailer) sleep(ctx context.Context, pause time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(pause/2 + time.Duration(t.Jitter()*float64(pause))):
	}
}

// step polls once and applies what came.
func (t *Tailer) step(ctx context.Context) error {
	epoch, after := "", uint64(0)
	if st := t.Versions.State(); st != nil {
		epoch, after = st.Epoch, st.Applied()
	}
	sent := t.Clock.Base()
	page, err := t.Poll(ctx, epoch, after)
	if err != nil {
		return err
	}
	waited := time.Duration(page.WaitedMS) * time.Millisecond
	t.Clock.observe(sent, t.Clock.Base(), waited, page.Now)
	if t.accept(page) {
		t.Versions.reached(sent.Add(waited))
	}
	return nil
}

// accept applies a page and reports whether that reached its head.
func (t *Tailer) accept(page *wire.FeedPage) bool {
	st := t.Versions.State()
	switch {
	case st == nil || page.Reset || page.Epoch != st.Epoch:
		t.reset(page, "epoch unknown or position trimmed")
		return true
	case !t.Versions.Apply(page.Changes):
		// What the edge missed can't be told, so everything that it holds is suspect: the floor rises to a position that
		// covers the page, and the feed goes on from there.
		t.reset(page, "gap in the feed")
		return true
	}
	if t.Applied != nil && len(page.Changes) > 0 {
		t.Applied(page.Changes)
	}
	return st.Applied() == page.Head // a page whose head lies below is a late copy and proves nothing
}

func (t *Tailer) reset(page *wire.FeedPage, why string) {
	floor := page.Head
	if n := len(page.Changes); n > 0 {
		floor = max(floor, page.Changes[n-1].Pos)
	}
	if st := t.Versions.State(); st != nil {
		t.Log.Warn("change feed starts a new world; what is cached will be fetched again", "reason", why,
			"old_epoch", st.Epoch, "old_applied", st.Applied(), "epoch", page.Epoch, "floor", floor)
	}
	t.Versions.Reset(page.Epoch, floor)
}
