package openloop

import (
	"context"
	"math"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func load() Load {
	return Load{Rate: 1000, Arrivals: Constant, Duration: time.Second, Workers: 1, Backlog: 1000, Seed: 1,
		Sleep: func(at time.Time) { time.Sleep(time.Until(at)) }}
}

func TestConstantScheduleIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var waits []time.Duration
		out := load().Run(context.Background(), func(_ int, due time.Time) { waits = append(waits, time.Since(due)) })
		if out.Offered != 999 || out.Dropped != 0 || out.Late != 0 || len(waits) != 999 {
			t.Errorf("outcome %+v with %d calls, want 999 on time", out, len(waits))
		}
	})
}

// A server that stops once for 100 ms holds up the 100 requests that fall due meanwhile: an open loop must count the
// wait of each, where a closed loop would see one slow request.
func TestStallCountsForEveryRequestDueMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls, slow := 0, 0
		out := load().Run(context.Background(), func(_ int, due time.Time) {
			if calls++; calls == 1 {
				time.Sleep(100 * time.Millisecond)
			}
			if time.Since(due) > 50*time.Millisecond {
				slow++
			}
		})
		if slow < 49 || slow > 51 {
			t.Errorf("%d requests waited more than 50 ms, want about 50", slow)
		}
		if out.Late < 88 || out.Late > 90 {
			t.Errorf("%d late, want about 89", out.Late)
		}
	})
}

func TestFullBacklogDrops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, calls := load(), 0
		l.Backlog = 10
		out := l.Run(context.Background(), func(int, time.Time) {
			if calls++; calls == 1 {
				time.Sleep(100 * time.Millisecond)
			}
		})
		if out.Dropped < 85 || out.Dropped > 92 {
			t.Errorf("%d dropped, want about 89", out.Dropped)
		}
		if out.Offered != out.Dropped+uint64(calls) {
			t.Errorf("offered %d ≠ dropped %d + sent %d", out.Offered, out.Dropped, calls)
		}
	})
}

func TestPoissonGaps(t *testing.T) {
	l := load()
	l.Arrivals = Poisson
	next, n := l.gaps(), 200_000
	var sum, squares float64
	for range n {
		g := next().Seconds() * l.Rate
		sum += g
		squares += g * g
	}
	mean := sum / float64(n)
	deviation := math.Sqrt(squares/float64(n) - mean*mean)
	if math.Abs(mean-1) > 0.02 || math.Abs(deviation-1) > 0.03 {
		t.Errorf("gaps have mean %.3f and deviation %.3f, want 1 and 1", mean, deviation)
	}
}

func TestCancelEndsTheSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		out := load().Run(ctx, func(int, time.Time) {})
		if out.Elapsed > 60*time.Millisecond {
			t.Errorf("ran %v after a cancel at 50 ms", out.Elapsed)
		}
	})
}

func TestWorkersBoundTheRequestsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := load()
		l.Workers = 7
		var now, most atomic.Int64
		l.Run(context.Background(), func(int, time.Time) {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(20 * time.Millisecond)
			now.Add(-1)
		})
		if most.Load() != 7 {
			t.Errorf("%d in flight at once, want 7", most.Load())
		}
	})
}

func TestValidate(t *testing.T) {
	if err := load().Validate(); err != nil {
		t.Errorf("valid load: %v", err)
	}
	for name, change := range map[string]func(*Load){
		"no rate":     func(l *Load) { l.Rate = 0 },
		"NaN":         func(l *Load) { l.Rate = math.NaN() },
		"no end":      func(l *Load) { l.Duration = 0 },
		"no workers":  func(l *Load) { l.Workers = 0 },
		"odd arrival": func(l *Load) { l.Arrivals = "burst" },
	} {
		l := load()
		change(&l)
		if l.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestSleepUntilNeverOversleepsByMuch(t *testing.T) {
	best := time.Hour
	for range 50 {
		at := time.Now().Add(2 * time.Millisecond)
		SleepUntil(at)
		if over := time.Since(at); over < -spin {
			t.Fatalf("woke %v early", -over)
		} else {
			best = min(best, over)
		}
	}
	if best > 500*time.Microsecond {
		t.Errorf("best of 50 sleeps ended %v late", best)
	}
}
