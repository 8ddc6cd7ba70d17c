package fill

import (
	"sync/atomic"
	"time"
)

const (
	gateAfter = 3                      // failures in a row shut it
	gateFor   = 500 * time.Millisecond // between two attempts while it is shut
)

// gate keeps requests from waiting for an origin that does not answer: after a few failures in a row only one attempt
// goes through every half second, and everyone else is told at once. Any answer, the feed's too, opens it.
type gate struct {
	failures atomic.Int32
	next     atomic.Int64 // Unix nanoseconds of the next attempt
}

// enter reports whether to try. While the gate is shut, the one who gets through is the probe.
func (g *gate) enter(now time.Time) bool {
	if g.failures.Load() < gateAfter {
		return true
	}
	next := g.next.Load()
	return now.UnixNano() >= next && g.next.CompareAndSwap(next, now.Add(gateFor).UnixNano())
}

// shut reports whether enter would refuse, without being the probe.
func (g *gate) shut(now time.Time) bool {
	return g.failures.Load() >= gateAfter && now.UnixNano() < g.next.Load()
}

// failed notes a failure, and reports whether that shut the gate.
func (g *gate) failed(now time.Time) bool {
	n := g.failures.Add(1)
	if n >= gateAfter {
		g.next.Store(now.Add(gateFor).UnixNano())
	}
	return n == gateAfter
}

// answered notes an answer, and reports whether that opened the gate.
func (g *gate) answered() bool {
	return g.failures.Load() != 0 && g.failures.Swap(0) >= gateAfter
}
