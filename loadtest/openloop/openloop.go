// Package openloop offers requests at a rate that does not depend on how fast they are answered. Each request has an
// instant at which it is due; measuring from that instant counts the time that it waited behind slow ones, which a
// closed loop leaves out ("coordinated omission").
package openloop

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Arrivals names the distribution of the gaps between requests.
type Arrivals string

// The distributions: equal gaps, or the exponential gaps of many independent devices.
const (
	Constant Arrivals = "constant"
	Poisson  Arrivals = "poisson"
)

// Load is a bounded amount of work. Rate is in requests a second.
type Load struct {
	Rate     float64
	Arrivals Arrivals
	Duration time.Duration
	Workers  int    // requests in flight at once, at most
	Backlog  int    // due requests that may wait for a worker; more are dropped and counted
	Seed     uint64 // of the gaps
	// Sleep waits until the instant; nil is SleepUntil.
	Sleep func(time.Time)
}

// Outcome counts what became of the schedule. Late requests were taken up more than LateAfter past their instant;
// dropped ones were never sent because the backlog was full.
type Outcome struct {
	Offered uint64        `json:"offered"`
	Late    uint64        `json:"late"`
	Dropped uint64        `json:"dropped"`
	Elapsed time.Duration `json:"elapsed_ns"`
}

// LateAfter separates the scheduler's jitter from requests that waited for a free worker.
const LateAfter = 10 * time.Millisecond

// Validate refuses loads that would not end or not begin.
func (l Load) Validate() error {
	switch {
	case !(l.Rate > 0 && l.Rate <= 500_000):
		return fmt.Errorf("rate %v: must be above 0 and at most 500000 a second", l.Rate)
	case l.Duration <= 0 || l.Duration > 24*time.Hour:
		return fmt.Errorf("duration %v: must be above 0 and at most 24h", l.Duration)
	case l.Workers < 1 || l.Workers > 20_000:
		return fmt.Errorf("connections %d: must be between 1 and 20000", l.Workers)
	case l.Arrivals != Constant && l.Arrivals != Poisson:
		return fmt.Errorf("arrivals %q: must be %s or %s", l.Arrivals, Constant, Poisson)
	}
	return nil
}

// Run calls do once for every arrival, on the worker whose number it passes, with the instant at which it was due. It
// returns when the schedule has ended, or ctx has, and every call has returned.
func (l Load) Run(ctx context.Context, do func(worker int, due time.Time)) Outcome {
	due := make(chan time.Time, l.Backlog)
	late := make([]uint64, l.Workers)
	var workers sync.WaitGroup
	for w := range l.Workers {
		workers.Go(func() {
			for at := range due {
				if time.Since(at) > LateAfter {
					late[w]++
				}
				do(w, at)
			}
		})
	}
	start := time.Now()
	out := l.pace(ctx, start, due)
	close(due)
	workers.Wait()
	out.Elapsed = time.Since(start)
	for _, n := range late {
		out.Late += n
	}
	return out
}

func (l Load) pace(ctx context.Context, start time.Time, due chan<- time.Time) Outcome {
	sleep := l.Sleep
	if sleep == nil {
		sleep = SleepUntil
	}
	var out Outcome
	next := l.gaps()
	for at := next(); at < l.Duration && ctx.Err() == nil; at += next() {
		sleep(start.Add(at))
		out.Offered++
		select {
		case due <- start.Add(at):
		default:
			out.Dropped++
		}
	}
	return out
}

// gaps returns the successive gaps between arrivals, whose mean is 1/Rate.
func (l Load) gaps() func() time.Duration {
	mean := float64(time.Second) / l.Rate
	if l.Arrivals == Constant {
		return func() time.Duration { return time.Duration(mean) }
	}
	rng := rand.New(rand.NewPCG(l.Seed, 0))
	return func() time.Duration { return time.Duration(rng.ExpFloat64() * mean) }
}
