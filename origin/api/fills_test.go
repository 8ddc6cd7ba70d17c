package api

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Many questions at once are one flight; those that its answer does not hold for are asked anew.
func TestFillsJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := fills{keepFor: 2 * time.Second}
		var mu sync.Mutex
		runs := 0
		start := time.Now()
		run := func(asOf time.Time, pos uint64) func(context.Context) fillResult {
			return func(context.Context) fillResult {
				mu.Lock()
				runs++
				mu.Unlock()
				time.Sleep(time.Second)
				return fillResult{answer: &answer{}, asOf: asOf, pos: pos, until: start.Add(time.Hour)}
			}
		}
		var wg sync.WaitGroup
		ask := func(asOf time.Time, least uint64) {
			wg.Go(func() {
				q := question{asOf: asOf, least: least}
				if f := g.do(t.Context(), "key", q, run(asOf, 7)); !f.holds(q) {
					t.Errorf("the answer does not hold for %v, %d: %+v", asOf, least, f)
				}
			})
		}
		ask(start, 7)
		synctest.Wait()
		for range 100 {
			ask(start.Add(time.Minute), 7)
		}
		wg.Wait()
		if runs != 1 {
			t.Errorf("100 questions that join make %d runs, want 1", runs)
		}
		ask(start.Add(2*time.Minute), 0)
		if wg.Wait(); runs != 1 {
			t.Errorf("a question right after the flight makes %d runs, want 1", runs)
		}
		for _, other := range []time.Time{start.Add(-time.Second), start.Add(2 * time.Hour)} {
			wg.Go(func() { g.do(t.Context(), "key", question{asOf: other}, run(other, 7)) })
		}
		wg.Go(func() { g.do(t.Context(), "key", question{asOf: start, least: 8}, run(start, 8)) })
		wg.Wait()
		if runs != 4 {
			t.Errorf("%d runs, want 4: an earlier instant, one past the window and a later position are not answered by the flight", runs)
		}
		time.Sleep(g.keepFor + time.Second)
		synctest.Wait()
		if len(g.flights) != 0 || g.kept != 0 {
			t.Errorf("%d flights and %d bytes are kept for ever", len(g.flights), g.kept)
		}
	})
}

// What is kept is bounded; what does not fit is asked for anew.
func TestFillsKeepAsMuchAsTheyMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := fills{keepFor: 2 * time.Second}
		runs := 0
		large := func(context.Context) fillResult {
			runs++
			return fillResult{answer: &answer{body: make([]byte, keepBytes/2)}}
		}
		for range 2 {
			for _, key := range []string{"one", "two", "three"} {
				g.do(t.Context(), key, question{}, large)
			}
		}
		g.mu.Lock()
		kept := g.kept
		g.mu.Unlock()
		if runs != 5 || kept > keepBytes {
			t.Errorf("%d runs and %d bytes kept, want 5 and at most %d", runs, kept, keepBytes)
		}
		time.Sleep(g.keepFor + time.Second)
	})
}

// A failure is told to those who waited for it, and to nobody else.
func TestFillsForgetFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := fills{keepFor: 2 * time.Second}
		failing := func(context.Context) fillResult { return fillResult{err: context.DeadlineExceeded} }
		if f := g.do(t.Context(), "key", question{}, failing); f.err == nil {
			t.Error("no error")
		}
		right := func(context.Context) fillResult { return fillResult{answer: &answer{}} }
		if f := g.do(t.Context(), "key", question{}, right); f.err != nil {
			t.Errorf("a failure was kept: %v", f.err)
		}
		time.Sleep(g.keepFor + time.Second)
	})
}

func TestFillSurvivesItsFirstAsker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g fills
		first, leave := context.WithCancel(t.Context())
		run := func(ctx context.Context) fillResult {
			select {
			case <-ctx.Done():
				return fillResult{err: ctx.Err()}
			case <-time.After(time.Second):
				return fillResult{answer: &answer{}}
			}
		}
		go g.do(first, "key", question{}, run)
		synctest.Wait()
		leave()
		if f := g.do(t.Context(), "key", question{}, run); f.err != nil {
			t.Errorf("the flight ended with its first asker: %v", f.err)
		}
	})
}
