package proxy

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
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

// Operations that the edge composes.
const (
	opNow      = "getEpgNow"
	opSchedule = "getEpgSchedule"
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
	space   []byte // for answers that go by way of the HTTP server, which copies them
}

// maxSpace is the largest answer for which the room is kept.
const maxSpace = 256 << 10

var composings = sync.Pool{New: func() any { return &composing{} }}

// start takes one for an answer as of the moment; end gives it back.
func (p *Proxy) start(m moment) *composing {
	c := composings.Get().(*composing)
	c.p, c.m, c.At = p, m, floorSeconds(m.now)
	return c
}

func (c *composing) end() {
	c.Reset()
	c.p, c.m, c.fetched = nil, moment{}, nil
	if cap(c.space) > maxSpace {
		c.space = nil
	}
	composings.Put(c)
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

// warmComposed answers what is on now from memory. It allocates nothing.
func (p *Proxy) warmComposed(rt *route, r *lane.Request, m moment, viewer fact, out *lane.Reply) bool {
	if rt.op.ID != opNow {
		return false
	}
	lineup := p.lineup.good(&m)
	audiences := p.audiences.good(&m)
	// Both are known to be right now, if no change was seen that this edge has not applied.
	if lineup == nil || audiences == nil || max(lineup.answer.Pos(), audiences.answer.Pos()) > m.world.Applied() {
		return false
	}
	c := p.start(m)
	defer c.end()
	if !c.ReadPlain(r.Query) {
		return false
	}
	c.see(lineup, p.audience(audiences.value, r, viewer))
	c.GatherNow(c)
	if len(c.Missing) > 0 {
		return false
	}
	p.writeComposed(rt, r, c, out)
	return true
}

// writeComposed composes the reply.
func (p *Proxy) writeComposed(rt *route, r *lane.Request, c *composing, out *lane.Reply) {
	etag := c.Hash()
	b := out.Head[:0]
	counted := hit
	if c.m.lost {
		counted = staleHit
	}
	out.Body, out.BodyAfter = "", ""
	var tag [tagSize]byte
	appendTag(tag[:0], etag)
	if r.IfNoneMatch != nil && matches(r.IfNoneMatch, text(tag[:])) {
		counted = notModified(counted)
		b = append(append(append(b, "HTTP/1.1 304 Not Modified\r\nETag: "...), tag[:]...), "\r\n"...)
	} else {
		out.Space = c.AppendNow(out.Space)
		out.Body = text(out.Space)
		b = append(append(append(b, "HTTP/1.1 200 OK\r\nETag: "...), tag[:]...), "\r\nContent-Type: application/json\r\nContent-Length: "...)
		b = append(strconv.AppendInt(b, int64(len(out.Body)), 10), "\r\n"...)
	}
	out.Head = p.finish(append(b, rt.headers...), r, &c.m)
	rt.meters.count(counted)
}

// tagSize is the length of an entity tag of ours without suffix.
const tagSize = 18

func appendTag(b []byte, hash uint64) []byte {
	var raw [8]byte
	binary.BigEndian.PutUint64(raw[:], hash)
	return append(hex.AppendEncode(append(b, '"'), raw[:]), '"')
}

// composed answers an operation that is put together here.
func (x *exchange) composed() {
	ask, wrong := epg.Read(x.target.query, x.route.op.ID == opSchedule)
	from, fl := x.position(ask)
	if fl != nil {
		wrong = append(wrong, *fl)
	}
	if len(wrong) > 0 {
		x.p.refuse(x.ctx, x.id, fault.New(fault.BadRequest, "The request can't be read as this operation.", wrong...))
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

// A crowd that meets an empty cache must not wait with fifty goroutines each, nor have the origin asked for so much at once
// that each question takes too long. Most of those who wait find their parts held when it is their turn.
const (
	gathering = 32 // answers that may fetch parts at once
	fetching  = 32 // parts that are fetched at once
)

// gather finds the answer's parts, and fetches those that are not held.
func (x *exchange) gather(c *composing, deadline time.Time, whole *outcome) *fault.Fault {
	if x.look(c); len(c.Missing) == 0 {
		return nil
	}
	patience, cancel := context.WithTimeout(context.Background(), deadline.Sub(x.p.clock.Base()))
	defer cancel()
	select {
	case x.p.gathering <- struct{}{}:
	case <-patience.Done():
		return unavailable(fill.ErrLate)
	}
	defer func() { <-x.p.gathering }()
	m, ok := x.p.moment(x.p.clock.Base())
	if !ok {
		return unavailable(fill.ErrAway)
	}
	c.m, c.At = m, floorSeconds(m.now)
	c.fetched = make(map[epg.Want]*cache.Answer)
	for {
		if x.look(c); len(c.Missing) == 0 {
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

// look gathers what is held.
func (x *exchange) look(c *composing) {
	if x.route.op.ID == opSchedule {
		c.Gather(c)
	} else {
		c.GatherNow(c)
	}
}

// fetch obtains parts side by side.
func (x *exchange) fetch(patience context.Context, wants []epg.Want, deadline time.Time) []outcome {
	outcomes := make([]outcome, len(wants))
	var flying sync.WaitGroup
	for i, w := range wants {
		flying.Go(func() {
			select {
			case x.p.fetching <- struct{}{}:
			case <-patience.Done():
				outcomes[i] = outcome{fault: unavailable(fill.ErrLate)}
				return
			}
			defer func() { <-x.p.fetching }()
			var key [partKey]byte
			outcomes[i] = x.obtain(&fill.Query{Key: dayKey(&key, w), Path: dayPath(w), Part: epg.PackDay, RequestID: x.id}, deadline)
		})
	}
	flying.Wait()
	return outcomes
}

func dayPath(w epg.Want) string {
	day := time.Unix(w.Day*epg.DaySeconds, 0).UTC().Format(time.DateOnly)
	return strings.NewReplacer("{channel_id}", w.Channel.ID.String(), "{day}", day).Replace(wire.DayPath)
}

// worsen makes the outcome of the whole no better than that of a part: as old as the oldest, stale if one is, else a miss
// if one was.
func (o *outcome) worsen(part outcome) {
	o.age = max(o.age, part.age)
	if severity(part.meter) > severity(o.meter) {
		o.status, o.meter = part.status, part.meter
	}
}

func severity(m meter) int {
	switch m {
	case hit:
		return 0
	case staleHit:
		return 3
	case miss:
		return 2
	}
	return 1
}

// replyComposed sends what was gathered by way of the HTTP server.
func (x *exchange) replyComposed(c *composing, o outcome) {
	h := &x.ctx.Response.Header
	tag := string(appendTag(nil, c.Hash()))
	x.provenance(o)
	setLines(h, "ETag: "+tag+"\r\n"+x.route.headers)
	if matches(x.ctx.Request.Header.Peek("If-None-Match"), tag) {
		x.route.meters.count(notModified(o.meter))
		x.ctx.Response.SkipBody = true
		x.ctx.SetStatusCode(http.StatusNotModified)
		return
	}
	x.route.meters.count(o.meter)
	h.SetContentType("application/json")
	if c.space = c.space[:0]; x.route.op.ID == opSchedule {
		c.space = c.AppendPage(c.space)
	} else {
		c.space = c.AppendNow(c.space)
	}
	x.ctx.SetBody(c.space)
}
