package proxy

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"encora/edge/cache"
	"encora/edge/fill"
	"encora/shared/fault"
	"encora/shared/obs"
	"encora/shared/territory"
)

// hot answers an operation that is cached.
func (x *exchange) hot() {
	query, genuine, fl := x.p.canonical(x.route, x.target.path, x.target.query)
	if fl != nil {
		x.p.refuse(x.ctx, x.id, fl)
		return
	}
	o := x.find(query, x.p.clock.Base().Add(x.p.Patience)) // of a bad cursor, too: the origin names what else is wrong, and that is not kept
	if !genuine && (o.answer == nil || o.answer.Status() != http.StatusBadRequest) {
		o = outcome{fault: badCursor()}
	}
	if o.fault != nil {
		x.p.refuse(x.ctx, x.id, o.fault)
		return
	}
	x.reply(o)
}

// classTries is how often a request looks for its class again, because the audience map changed while it asked.
const classTries = 4

var errRestless = fault.Busy("What decides who may see what changes too quickly to answer.", retryAfter)

// find obtains the answer for the viewer's class. The origin refuses a class that its snapshot has left behind, although
// this edge has not heard of the change yet; the map is then read again, from a snapshot that is as new.
func (x *exchange) find(query string, deadline time.Time) outcome {
	var least uint64
	for range classTries {
		c, fl := x.class(least, deadline)
		if fl != nil {
			return outcome{fault: fl}
		}
		key := x.p.appendKey(nil, x.route, c.class, x.target.path, query)
		o := x.obtain(&fill.Query{Key: cache.NewKey(key), Path: fill.Path(string(key[keyPrefix:])), Deny: c.deny, Plan: c.plan, Class: c.asOf, Least: c.since, Headers: x.route.headers,
			RequestID: x.id}, deadline)
		var outdated *fill.OutdatedClass
		if !errors.As(o.err, &outdated) {
			return o
		}
		least = max(least, outdated.Pos)
	}
	return outcome{fault: errRestless}
}

// found is a viewer's class, with the feed positions between which the map that it was found in was right. An answer must be
// right at one of them, too: when a rule is exchanged for another, the class of one moment is let in by the catalogue of
// another. One that is filled is not older than since, and the origin refuses asOf, as wire.ClassPos takes it, once it is outdated.
type found struct {
	*class
	since uint64
	asOf  string
}

// class finds the viewer's audience class in a map that was right at position least or later, if the operation varies by it.
func (x *exchange) class(least uint64, deadline time.Time) (found, *fault.Fault) {
	if !x.route.op.ByAudience {
		return found{class: everyone}, nil
	}
	audiences, err := x.p.audiences.get(x.id, least, deadline)
	if err != nil {
		return found{}, unavailable(err)
	}
	return found{audiences.value.of(x.country(), x.plan()), audiences.answer.Pos(), strconv.FormatUint(audiences.asOf, 10)}, nil
}

// outcome is the answer to a request and how it was come by.
type outcome struct {
	answer *cache.Answer
	passed bool          // an answer of the origin that is not stored
	stale  bool          // edited since, and the origin can't be asked for the new text
	age    time.Duration // since it was last known to be right
	status string        // Cache-Status, without the cache's name (RFC 9211)
	meter  meter
	fault  *fault.Fault
	err    error // what fault stands for
}

// obtain finds the answer: in the store, else at the origin, else in the store all the same.
func (x *exchange) obtain(q *fill.Query, deadline time.Time) outcome {
	p := x.p
	m, ok := p.moment(p.clock.Base())
	if !ok {
		return outcome{fault: fault.Busy("The edge has not reached the origin yet.", retryAfter)}
	}
	fwd := "uri-miss"
	held := p.store.Newest(q.Key)
	if held != nil {
		fwd = "stale"
		if next := p.Filler.TakeOver(q.Key, held, m.world, m.now); next != nil {
			held = next
		}
		if m.reaches(held, q.Least) && m.good(held) {
			return m.hit(held)
		}
		if p.Filler.Origin.Away() && m.reaches(held, q.Least) && m.servable(held) {
			return m.stale(held)
		}
	}
	r := p.Filler.Fill(q, deadline)
	if r.Err == nil {
		return filled(r, fwd)
	}
	if m, _ = p.moment(p.clock.Base()); held != nil && m.reaches(held, q.Least) && m.servable(held) {
		return m.stale(held)
	}
	for errors.Is(r.Err, fill.ErrSlow) && !p.Filler.Origin.Away() { // nothing else to show: the viewer waits
		if r = p.Filler.Fill(q, deadline); r.Err == nil {
			return filled(r, fwd)
		}
	}
	return outcome{fault: unavailable(r.Err), err: r.Err}
}

const away = "; detail=origin-away"

// hit serves what is valid by all that the edge knows; when that is old, the answer says how old.
func (m *moment) hit(a *cache.Answer) outcome {
	if m.lost {
		return outcome{answer: a, age: m.behind, status: "; hit" + away, meter: staleHit}
	}
	return outcome{answer: a, status: "; hit", meter: hit}
}

// stale serves what was edited since, because the origin can't be asked for the new text.
func (m *moment) stale(a *cache.Answer) outcome {
	age := max(m.behind, time.Duration(m.now-a.Filled().UnixNano()))
	return outcome{answer: a, stale: true, age: age, status: "; hit; ttl=-" + seconds(age) + away, meter: staleHit}
}

func filled(r fill.Result, fwd string) outcome {
	o := outcome{answer: r.Answer, passed: r.Passed, status: "; fwd=" + fwd, meter: miss}
	if r.Stored {
		o.status += "; stored"
	}
	if r.Joined {
		o.status += "; collapsed"
		o.meter = collapsed
	}
	return o
}

// keyPrefix is what stands before path and query in a key: route and audience class.
const keyPrefix = 2 + len(classID{})

// appendKey writes the key of an answer. It holds all that the answer varies by, and path and query as the origin is asked.
func (p *Proxy) appendKey(b []byte, rt *route, c *class, path, query string) []byte {
	b = append(b, byte(rt.number), byte(rt.number>>8))
	b = append(b, c.id[:]...)
	b = append(b, path...)
	if query != "" {
		b = append(append(b, '?'), query...)
	}
	return b
}

// Query makes the query of a stored key again, for its successor; false when its class is none of today's.
func (p *Proxy) Query(key string) (*fill.Query, bool) {
	number := int(key[0]) | int(key[1])<<8
	if number >= len(p.routes) {
		return nil, false // what answers are found by or composed of: no request waits for its instant
	}
	rt := p.routes[number]
	q := &fill.Query{Key: cache.NewKey([]byte(key)), Path: fill.Path(key[keyPrefix:]), Headers: rt.headers, RequestID: obs.NewRequestID()}
	if !rt.op.ByAudience {
		return q, true
	}
	audiences, ok := p.audiences.held(0)
	if !ok {
		return nil, false
	}
	c := audiences.value.byID[classID([]byte(key[2:keyPrefix]))]
	if c == nil {
		return nil, false
	}
	q.Deny, q.Plan, q.Class, q.Least = c.deny, c.plan, strconv.FormatUint(audiences.asOf, 10), audiences.answer.Pos()
	return q, true
}

// country is the index of the viewer's country.
func (x *exchange) country() int {
	fromToken := ""
	if x.claims != nil {
		fromToken = x.claims.Country
	}
	peer, header := x.peer()
	i, _ := territory.Index(x.p.Resolver.Country(peer, header, fromToken)) // Country returns known codes only
	return i
}

// plan is what the token says is the viewer's plan.
func (x *exchange) plan() string {
	if x.claims == nil {
		return ""
	}
	return x.claims.PlanID
}

// peer is the address at the other end of the connection, and the request's headers.
func (x *exchange) peer() (netip.Addr, territory.Header) {
	var peer netip.Addr
	if addr, ok := x.ctx.RemoteAddr().(*net.TCPAddr); ok {
		peer = addr.AddrPort().Addr()
	}
	return peer, x.ctx.Request.Header.PeekAll
}
