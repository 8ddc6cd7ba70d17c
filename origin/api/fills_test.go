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
		var g fills
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
		ask(start, 0)
		synctest.Wait()
		for _, other := range []time.Time{start.Add(-time.Second), start.Add(2 * time.Hour)} {
			wg.Go(func() { g.do(t.Context(), "key", question{asOf: other}, run(other, 7)) })
		}
		wg.Go(func() { g.do(t.Context(), "key", question{asOf: start, least: 8}, run(start, 8)) })
		wg.Wait()
		if runs != 5 {
			t.Errorf("%d runs, want 5: an earlier instant, one past the window and a later position are not answered by the flight", runs)
		}
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
