package proxy

import (
	"strconv"
	"sync/atomic"
	"time"
	"unsafe"

	"encora/edge/cache"
	"encora/edge/lane"
	"encora/shared/obs"
	"encora/shared/op"
	"encora/shared/territory"
)

// Warm answers a request of the lane if it is a hit, with every check that Handle makes. It allocates nothing.
func (p *Proxy) Warm(r *lane.Request, out *lane.Reply) bool {
	if r.Post {
		return p.warmBeat(r, out)
	}
	who := p.callers.of(r.Token)
	rt := p.matchHot(r.Path)
	if rt == nil {
		return false
	}
	m, ok := p.moment(r.Now)
	if !ok {
		return false
	}
	viewer, ok := p.permitted(rt, r, who)
	if !ok {
		return false
	}
	if rt.op.Serve == op.Composed {
		if !p.warmComposed(rt, r, m, viewer, out) {
			return false
		}
		p.sample(r.Now)
		return true
	}
	query, ok := p.memo.get(rt, r.Query)
	if !ok {
		return false
	}
	c, ok := p.classOf(rt, r, m, viewer)
	if !ok {
		return false
	}
	out.Head = p.appendKey(out.Head, rt, c, text(r.Path), query) // the head is written over it once the key is done with
	h := p.store.Find(cache.NewKey(out.Head), r.AcceptEncoding)
	if h.Answer == nil || !m.good(h.Answer) || h.Answer.Status() != 200 {
		return false
	}
	out.Touched = h.Touched | who.touched
	p.write(rt, r, h, m, out)
	p.sample(r.Now)
	return true
}

// sample measures one hit in 64.
func (p *Proxy) sample(began time.Time) {
	if sampled(began) {
		p.metrics.latency[latencyHit].UpdateDuration(began)
	}
}

// text reads bytes as a string for as long as a call takes.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// permitted verifies the token. What it refuses goes the long way, which says why.
func (p *Proxy) permitted(rt *route, r *lane.Request, who caller) (fact, bool) {
	switch {
	case rt.op.Access == op.Public:
		return anyone, true
	case rt.op.Access != op.Viewer || r.Token == nil:
		return 0, false
	}
	return p.viewer(who, r.Token, r.Now)
}

// classOf finds the audience class in the map that is held, if that is right now and no newer than the answers.
func (p *Proxy) classOf(rt *route, r *lane.Request, m moment, viewer fact) (*class, bool) {
	if !rt.op.ByAudience {
		return everyone, true
	}
	audiences := p.audiences.good(&m)
	if audiences == nil || audiences.answer.Pos() > m.world.Applied() {
		return nil, false
	}
	return p.audience(audiences.value, r, viewer), true
}

// audience is the viewer's class.
func (p *Proxy) audience(a *audiences, r *lane.Request, viewer fact) *class {
	return a.of(p.countryOf(r, viewer.country()), p.plans.id(viewer.plan()))
}

// countryOf is the index of the viewer's country.
func (p *Proxy) countryOf(r *lane.Request, tokenCountry string) int {
	i, _ := territory.Index(p.Resolver.Country(r.Peer, r.Values, tokenCountry)) // Country returns known codes only
	return i
}

// write composes the reply.
func (p *Proxy) write(rt *route, r *lane.Request, h cache.Hit, m moment, out *lane.Reply) {
	a, e := h.Answer, h.Variant
	counted := hit
	if m.lost {
		counted = staleHit
	}
	b := out.Head[:0]
	out.Body, out.BodyAfter = "", ""
	if r.IfNoneMatch != nil && matches(r.IfNoneMatch, a.ETag(e)) {
		counted = notModified(counted)
		b = append(b, "HTTP/1.1 304 Not Modified\r\nETag: "...)
		b = append(append(append(b, a.ETag(e)...), "\r\n"...), rt.headers...)
	} else {
		b = append(b, a.Block(e)...)
		out.Body, out.BodyAfter = a.Body(e)
	}
	out.Head = p.finish(b, r, &m)
	rt.meters.count(counted)
}

// finish ends a reply's head with what depends on the moment and on the request.
func (p *Proxy) finish(b []byte, r *lane.Request, m *moment) []byte {
	if m.lost {
		b = append(b, "Age: "...)
		b = strconv.AppendInt(b, int64((m.behind+time.Second-1)/time.Second), 10)
		b = append(b, "\r\nCache-Status: "+cacheName+"; hit"+away+"\r\n"...)
	} else {
		b = append(b, "Age: 0\r\nCache-Status: "+cacheName+"; hit\r\n"...)
	}
	return p.closing(b, r)
}

// closing ends a reply's head with what every answer has.
func (p *Proxy) closing(b []byte, r *lane.Request) []byte {
	b = p.date.appendTo(b, r.Now)
	b = p.cors.appendTo(b, r.Origin)
	b = append(b, "X-Request-Id: "...)
	if obs.ValidRequestID(r.ID) {
		b = append(b, r.ID...)
	} else {
		b = obs.AppendRequestID(b)
	}
	return append(b, "\r\n\r\n"...)
}

// dateCache is the Date header of the current second.
type dateCache struct {
	line atomic.Pointer[dateLine]
}

type dateLine struct {
	second int64
	text   []byte
}

func (d *dateCache) appendTo(b []byte, now time.Time) []byte {
	second := now.Unix()
	line := d.line.Load()
	if line == nil || line.second != second {
		line = &dateLine{second, now.UTC().AppendFormat(nil, "Date: Mon, 02 Jan 2006 15:04:05 GMT\r\n")}
		d.line.Store(line)
	}
	return append(b, line.text...)
}
