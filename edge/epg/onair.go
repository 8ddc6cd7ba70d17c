package epg

import (
	"math"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"
)

// OnAir is what is on a channel for a while, ready to send. It does not change.
type OnAir struct {
	Basis       Basis
	text        string // the channel's part of the answer: "ID":{…} or "ID":null
	hash        uint64 // of the text
	from, until int64  // Unix seconds; in between, the clock doesn't change it
}

// Basis is what tells whether the day that something follows from is still good: it carries one tag, whose last change in
// the world must not lie beyond the position.
type Basis struct {
	World uint32
	Slot  uint32
	Pos   uint64
}

// FindOnAir finds what is on at an instant, from the day that it is in. What is on is live: no other flag can be set.
func (c *Channel) FindOnAir(d Day, at int64) *OnAir {
	b := append(append([]byte{'"'}, c.Text...), `":`...)
	if i := d.OnAir(at); i >= 0 {
		b = d.appendProgram(b, i, at, c.Days)
	} else {
		b = append(b, "null"...)
	}
	return &OnAir{text: string(b), hash: xxhash.Sum64(b), from: at, until: d.turn(at)}
}

// turn is when something else may be on than at an instant: when a programme ends or begins, or the day is over.
func (d Day) turn(at int64) int64 {
	next := int64(math.MaxInt64)
	if day := DayOf(at); day < math.MaxInt64/DaySeconds-1 {
		next = (day + 1) * DaySeconds
	}
	begun := d.begun(at)
	if begun < d.Len() {
		next = min(next, word(d.line(begun), atStart))
	}
	for i := begun - 1; i >= 0 && word(d.line(i), atLatest) > at; i-- {
		if end := word(d.line(i), atEnd); end > at {
			next = min(next, end)
		}
	}
	return next
}

// Known is what was kept of the channel if it holds at an instant, by the clock; whether its day is still good is for the
// caller to tell. nil: nothing.
func (c *Channel) Known(at int64) *OnAir {
	if o := c.now.Load(); o != nil && o.from <= at && at < o.until {
		return o
	}
	return nil
}

// Keep keeps what is on, for whoever asks next. It stays with the line-up: about a kilobyte for each channel that is asked for.
func (c *Channel) Keep(o *OnAir) { c.now.Store(o) }

// now is what is on a channel, as it was last found.
type now = atomic.Pointer[OnAir]
