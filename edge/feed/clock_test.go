package feed

import (
	"testing"
	"time"
)

func TestClockTakesTheShortestTrip(t *testing.T) {
	base := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := NewClock(func() time.Time { return base })
	ahead := 90 * time.Second // the origin's clock
	answer := func(trip, waited, skew time.Duration) {
		c.observe(base, base.Add(trip+waited), waited, base.Add(waited+trip/2+ahead+skew))
	}
	answer(400*time.Millisecond, 0, 150*time.Millisecond) // an answer that was slow one way only
	answer(2*time.Millisecond, 2*time.Second, 0)          // a long poll
	answer(300*time.Millisecond, 0, -100*time.Millisecond)
	if got := c.Now().Sub(base); got != ahead {
		t.Errorf("corrected by %v, want %v", got, ahead)
	}
}

func TestClockForgets(t *testing.T) {
	base := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := NewClock(func() time.Time { return base })
	c.observe(base, base, 0, base.Add(time.Hour)) // the best trip there is, before the clock was set
	for range samples {
		c.observe(base, base.Add(time.Millisecond), 0, base.Add(time.Millisecond/2))
	}
	if got := c.Offset(); got != 0 {
		t.Errorf("offset %v is still that of the clock before it was set", got)
	}
}
