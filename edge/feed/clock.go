package feed

import (
	"sync"
	"sync/atomic"
	"time"
)

// samples is how many of the last polls the clock looks back on: half a minute when nothing changes.
const samples = 16

// Clock is the edge's clock corrected by the origin's, so that both mean the same instant by "now": an edge that is a
// minute fast would otherwise drop answers a minute early and ask for them again and again.
//
// Between corrections it follows the machine's monotonic clock, so that setting the machine's time moves nothing here.
type Clock struct {
	base   func() time.Time
	start  time.Time
	zero   int64        // its wall time
	offset atomic.Int64 // nanoseconds to add

	mu   sync.Mutex
	ring [samples]sample
	next int
}

type sample struct {
	offset, trip time.Duration
	seen         bool
}

// NewClock makes a clock over base, which is time.Now outside tests.
func NewClock(base func() time.Time) *Clock {
	start := base()
	return &Clock{base: base, start: start, zero: start.UnixNano()}
}

// Base is the uncorrected clock, whose monotonic reading measures durations.
func (c *Clock) Base() time.Time { return c.base() }

// Now is the corrected instant.
func (c *Clock) Now() time.Time { return time.Unix(0, c.At(c.base())) }

// At corrects an instant of the base clock. It returns Unix nanoseconds.
func (c *Clock) At(base time.Time) int64 { return c.wall(base) + c.offset.Load() }

// wall is an instant of the monotonic clock as wall time, uncorrected.
func (c *Clock) wall(base time.Time) int64 { return c.zero + int64(base.Sub(c.start)) }

// Offset is what At adds.
func (c *Clock) Offset() time.Duration { return time.Duration(c.offset.Load()) }

// observe takes the origin's clock as it stood when it answered a request that was sent and received at instants of the
// base clock and held for waited. Of the last samples the one with the least round trip decides, as in NTP (RFC 5905, 10):
// its error is at most half of that trip.
func (c *Clock) observe(sent, received time.Time, waited time.Duration, origin time.Time) {
	trip := max(received.Sub(sent)-waited, 0)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ring[c.next] = sample{offset: time.Duration(origin.Add(trip/2).UnixNano() - c.wall(received)), trip: trip, seen: true}
	c.next = (c.next + 1) % samples
	best := c.ring[(c.next+samples-1)%samples]
	for _, s := range c.ring {
		if s.seen && s.trip < best.trip {
			best = s
		}
	}
	c.offset.Store(int64(best.offset))
}
