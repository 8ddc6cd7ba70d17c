package proxy

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"encora/edge/cache"
	"encora/edge/epg"
	"encora/edge/fill"
	"encora/edge/lane"
	"encora/shared/fault"
	"encora/shared/wire"
)

// readLineup decodes the line-up. The places of tags are the same in every world.
func (p *Proxy) readLineup(a *cache.Answer) (*epg.Lineup, error) {
	return epg.ReadLineup(a.IdentityBody(), p.versions.State().Slot)
}

// composing is what one answer of the guide is made in. It finds days in the store, and those that were just fetched.
type composing struct {
	epg.Page
	p       *Proxy
	m       moment
	key     [partKey]byte
	fetched map[epg.Want]*cache.Answer
	pages   bool // a page of the schedule, else what is on now
}

var composings = sync.Pool{New: func() any { return &composing{} }}

// start takes one for an answer as of the moment; end gives it back.
func (p *Proxy) start(m moment) *composing {
	c := composings.Get().(*composing)
	c.p, c.m, c.At = p, m, floorSeconds(m.now)
	return c
}

func (c *composing) end() {
	c.Reset()
	c.p, c.m, c.fetched, c.pages = nil, moment{}, nil, false
	composings.Put(c)
}

// gather finds what is held of the answer.
func (c *composing) gather() {
	if c.pages {
		c.Gather(c)
	} else {
		c.GatherNow(c)
	}
}

// Append implements composition.
func (c *composing) Append(b []byte) []byte {
	if c.pages {
		return c.AppendPage(b)
	}
	return c.AppendNow(b)
}

// floorSeconds is the Unix second that an instant in nanoseconds is in.
func floorSeconds(ns int64) int64 { return time.Unix(0, ns).Unix() }

// partKey is the length of the key of a channel's day: a number that no route has, the channel, the day.
const partKey = 2 + len(epg.ID{}) + 4

func dayKey(b *[partKey]byte, w epg.Want) cache.Key {
	b[0], b[1] = 0xFF, 0xFF
	copy(b[2:], w.Channel.ID[:])
	binary.LittleEndian.PutUint32(b[partKey-4:], uint32(w.Day))
	return cache.NewKey(b[:])
}

// Day implements epg.Days.
func (c *composing) Day(channel *epg.Channel, day int64) (epg.Day, bool) {
	a := c.day(epg.Want{Channel: channel, Day: day})
	if a == nil {
		return "", false
	}
	return dayIn(a), true
}

// day is the answer that holds a channel's day: one that was just fetched, or is held and good; nil for neither.
func (c *composing) day(w epg.Want) *cache.Answer {
	if a := c.fetched[w]; a != nil {
		return a
	}
	if a := c.p.store.Part(dayKey(&c.key, w)); a != nil && c.m.good(a) {
		return a
	}
	return nil
}

// OnAir implements epg.Airing. Mostly what is on was found before, and its day has not changed since: that is two looks at
// memory, where going to the day itself is a dozen.
func (c *composing) OnAir(channel *epg.Channel) (*epg.OnAir, bool) {
	if o := channel.Known(c.At); o != nil && c.m.founded(&o.Basis) {
		return o, true
	}
	a := c.day(epg.Want{Channel: channel, Day: epg.DayOf(c.At)})
	if a == nil {
		return nil, false
	}
	o := channel.FindOnAir(dayIn(a), c.At)
	if slot, ok := a.Tag(); ok && c.m.good(a) {
		o.Basis = epg.Basis{World: a.World(), Slot: slot, Pos: a.Pos()}
		channel.Keep(o)
	}
	return o, true
}

// founded is good, for what follows from an answer with one tag that the clock does not change.
func (m *moment) founded(b *epg.Basis) bool {
	return !m.tooLate && b.World == m.world.ID && m.world.Changed(b.Slot) <= b.Pos
}

func dayIn(a *cache.Answer) epg.Day {
	day, _ := a.Body(cache.Identity) // a part lies in one piece
	return epg.Day(day)
}

// see picks, of the channels asked for, those that the viewer may see. What a line-up that is served while the origin is
// away does not know is which channels were taken away since.
func (c *composing) see(l *pin[epg.Lineup], viewer *class) {
	for _, id := range c.Ask.Channels {
		channel := l.value.Channel(id)
		if channel == nil || viewer.denies(channel.Rules) || l.stale && c.m.world.Removed(channel.Slot) > l.answer.Pos() {
			continue
		}
		c.See(channel)
	}
}

// warmNow answers what is on now from memory. It allocates nothing.
func (p *Proxy) warmNow(rt *route, r *lane.Request, m moment, viewer fact, out *lane.Reply) bool {
	applied := m.world.Applied() // before they are judged: if they are good, both were right at this position
	lineup := p.lineup.good(&m)
	audiences := p.audiences.good(&m)
	if lineup == nil || audiences == nil || max(lineup.answer.Pos(), audiences.answer.Pos()) > applied {
		return false
	}
	c := p.start(m)
	defer c.end()
	if !c.ReadPlain(r.Query) {
		return false
	}
	c.see(lineup, p.audience(audiences.value, r, viewer))
	c.gather()
	if len(c.Missing) > 0 {
		return false
	}
	p.writeComposed(rt, r, &c.m, c, out)
	return true
}

// guide answers what is on now, or a page of the schedule.
func (x *exchange) guide() {
	ask, wrong := epg.Read(x.target.query, x.route.op.ID == opSchedule)
	from, fl := x.position(ask)
	if fl != nil {
		wrong = append(wrong, *fl)
	}
	if len(wrong) > 0 {
		x.p.refuse(x.ctx, x.id, unreadable(wrong...))
		return
	}
	if fl := x.compose(ask, from); fl != nil {
		x.p.refuse(x.ctx, x.id, fl)
	}
}

var foreignCursor = fault.Detail{Field: "cursor", Code: "invalid", Message: "This cursor was not made for this operation and these filters."}

// position is where the cursor stands; nil without one.
func (x *exchange) position(ask *epg.Ask) (*wire.GuidePosition, *fault.Detail) {
	if ask.Cursor == "" {
		return nil, nil
	}
	var at wire.GuidePosition
	if x.p.Cursors.Decode(opSchedule, x.scope(), ask.Cursor, &at) != nil {
		return nil, &foreignCursor
	}
	return &at, nil
}

// scope is what cursors of the schedule are bound to.
func (x *exchange) scope() string {
	scope, _ := x.route.op.Scope(x.target.path, x.target.query) // a query that can't be read is refused in any case
	return scope
}

func (x *exchange) compose(ask *epg.Ask, from *wire.GuidePosition) *fault.Fault {
	deadline := x.p.clock.Base().Add(x.p.Patience)
	lineup, viewer, fl := x.sights(deadline)
	if fl != nil {
		return fl
	}
	m, ok := x.p.moment(x.p.clock.Base())
	if !ok {
		return fault.Busy("The edge has not reached the origin yet.", retryAfter)
	}
	c := x.p.start(m)
	defer c.end()
	c.pages = x.route.op.ID == opSchedule
	c.Ask = epg.Ask{Channels: append(c.Ask.Channels[:0], ask.Channels...), Start: ask.Start, End: ask.End, Limit: ask.Limit}
	c.Next = func(at wire.GuidePosition) string { return x.p.Cursors.Encode(opSchedule, x.scope(), at) }
	if from != nil && !c.Follow(*from) {
		return badCursor()
	}
	c.see(lineup, viewer)
	whole := m.hit(lineup.answer)
	if lineup.stale {
		whole = m.stale(lineup.answer)
	}
	if fl := x.gather(c, deadline, &whole); fl != nil {
		return fl
	}
	x.replyComposed(c, whole)
	return nil
}

// sights finds the line-up and the viewer's class, both right at one position: of two moments, an exchange of one rule for
// another would show a channel that both deny.
func (x *exchange) sights(deadline time.Time) (*pin[epg.Lineup], *class, *fault.Fault) {
	var least uint64
	for range classTries {
		audiences, err := x.p.audiences.get(x.id, least, deadline)
		if err != nil {
			return nil, nil, unavailable(err)
		}
		lineup, err := x.p.lineup.get(x.id, least, deadline)
		if err != nil {
			return nil, nil, unavailable(err)
		}
		if least = max(audiences.answer.Pos(), lineup.answer.Pos()); least <= min(audiences.asOf, lineup.asOf) || audiences.stale || lineup.stale {
			return &lineup, audiences.value.of(x.country(), x.plan()), nil
		}
	}
	return nil, nil, errRestless
}

// gather finds the answer's parts, and fetches those that are not held.
func (x *exchange) gather(c *composing, deadline time.Time, whole *outcome) *fault.Fault {
	if c.gather(); len(c.Missing) == 0 {
		return nil
	}
	patience, leave, fl := x.enter(deadline)
	if fl != nil {
		return fl
	}
	defer leave()
	m, ok := x.p.moment(x.p.clock.Base())
	if !ok {
		return unavailable(fill.ErrAway)
	}
	c.m, c.At = m, floorSeconds(m.now)
	c.fetched = make(map[epg.Want]*cache.Answer)
	for {
		if c.gather(); len(c.Missing) == 0 {
			return nil
		}
		for i, o := range x.fetch(patience, c.Missing, deadline) {
			if o.fault != nil {
				return o.fault
			}
			if o.passed || o.answer.Status() != http.StatusOK {
				return fault.Of(fmt.Errorf("the origin answers %d for a channel's day", o.answer.Status()))
			}
			c.fetched[c.Missing[i]] = o.answer
			whole.worsen(o)
		}
	}
}

// fetch obtains days side by side.
func (x *exchange) fetch(patience context.Context, wants []epg.Want, deadline time.Time) []outcome {
	return x.sideBySide(patience, x.p.fetching, len(wants), func(i int) outcome {
		var key [partKey]byte
		return x.obtain(&fill.Query{Key: dayKey(&key, wants[i]), Path: dayPath(wants[i]), Part: epg.PackDay, RequestID: x.id}, deadline)
	})
}

func dayPath(w epg.Want) string {
	day := time.Unix(w.Day*epg.DaySeconds, 0).UTC().Format(time.DateOnly)
	return strings.NewReplacer("{channel_id}", w.Channel.ID.String(), "{day}", day).Replace(wire.DayPath)
}
