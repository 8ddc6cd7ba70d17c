package playback

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	pulseEvery = 100 * time.Millisecond
	// lateBy is how late a pulse may be before the process counts as stalled. Below it lies what skew allows for anyway.
	lateBy = skew * time.Millisecond
	// settling is for how long after the first pulse beats are still taken for such that lay there. Who runs first after a
	// stall is open: a connection may be read before the pulse, which is late then, or well after it, as the goroutines of all
	// that have something became ready at once and wait for a core, each in its turn. A beat takes one some 10 µs, and a
	// player sends the next once it has the answer: in 250 ms two cores are through with 50,000 of them. A beat that is sent
	// only then is taken for older than it is, which matters only if another edge has just had one of the same session.
	settling = 250 * time.Millisecond
)

// Pulse knows when the process stood still: stopped by a signal, or with its machine. Beats lie in sockets meanwhile. Stamped
// with the time after it they would be later than what other edges took since, and turn positions back. A clock that stood
// still, too, needs none of this: its stamps are old until the feed corrects it.
//
// It follows the uncorrected clock, whose corrections are no stalls. One that does not run tells of none.
type Pulse struct {
	Now   func() time.Time
	state atomic.Pointer[pulsed]
}

// pulsed is the last pulse.
type pulsed struct {
	at     time.Time
	woke   time.Time // the first pulse after the last stall; zero: there was none
	before time.Time // the last one before it
}

// Run beats until ctx ends.
func (p *Pulse) Run(ctx context.Context) {
	tick := time.NewTicker(pulseEvery)
	defer tick.Stop()
	defer p.state.Store(nil)
	for {
		p.Beat()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Beat notes that the process runs.
func (p *Pulse) Beat() {
	next := &pulsed{at: p.Now()}
	if s := p.state.Load(); s != nil {
		next.woke, next.before = s.woke, s.before
		if s.stalled(next.at) {
			next.woke, next.before = next.at, s.last()
		}
	}
	p.state.Store(next)
}

// Lain is how long before an instant a beat that is taken then may have been sent, to a process that stood still; 0 while all
// is well.
func (p *Pulse) Lain(now time.Time) time.Duration {
	switch s := p.state.Load(); {
	case s == nil:
		return 0
	case s.stalled(now):
		return now.Sub(s.last())
	case now.Sub(s.woke) < settling:
		return max(now.Sub(s.before), 0) // what was read before the stall keeps its instant
	}
	return 0
}

func (s *pulsed) stalled(now time.Time) bool { return now.Sub(s.at) > pulseEvery+lateBy }

// last is the last pulse before a stall that follows this one. Of stalls in quick succession it is that before the first: what
// lay in sockets then may lie there still.
func (s *pulsed) last() time.Time {
	if s.at.Sub(s.woke) < settling {
		return s.before
	}
	return s.at
}
