package proxy

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"strconv"
	"sync"
	"time"

	"encora/edge/fill"
	"encora/edge/lane"
	"encora/shared/fault"
)

// Operations that the edge composes.
const (
	opNow          = "getEpgNow"
	opSchedule     = "getEpgSchedule"
	opAutocomplete = "autocomplete"
)

// composition is an answer that is put together for one request.
type composition interface {
	// Hash is of everything that the answer shows.
	Hash() uint64
	Append(b []byte) []byte
}

// warmComposed answers an operation that is put together here, from memory. It allocates nothing.
func (p *Proxy) warmComposed(rt *route, r *lane.Request, m moment, viewer fact, out *lane.Reply) bool {
	switch rt.op.ID {
	case opNow:
		return p.warmNow(rt, r, m, viewer, out)
	case opAutocomplete:
		return p.warmSuggestions(rt, r, m, viewer, out)
	}
	return false
}

// writeComposed composes the reply.
func (p *Proxy) writeComposed(rt *route, r *lane.Request, m *moment, c composition, out *lane.Reply) {
	etag := c.Hash()
	b := out.Head[:0]
	counted := hit
	if m.lost {
		counted = staleHit
	}
	out.Body, out.BodyAfter = "", ""
	var tag [tagSize]byte
	appendTag(tag[:0], etag)
	if r.IfNoneMatch != nil && matches(r.IfNoneMatch, text(tag[:])) {
		counted = notModified(counted)
		b = append(append(append(b, "HTTP/1.1 304 Not Modified\r\nETag: "...), tag[:]...), "\r\n"...)
	} else {
		out.Space = c.Append(out.Space)
		out.Body = text(out.Space)
		b = append(append(append(b, "HTTP/1.1 200 OK\r\nETag: "...), tag[:]...), "\r\nContent-Type: application/json\r\nContent-Length: "...)
		b = append(strconv.AppendInt(b, int64(len(out.Body)), 10), "\r\n"...)
	}
	out.Head = p.finish(append(b, rt.headers...), r, m)
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
	if x.route.op.ID == opAutocomplete {
		x.autocomplete()
	} else {
		x.guide()
	}
}

// A crowd that meets an empty cache must not wait with fifty goroutines each, nor have the origin asked for so much at once
// that each question takes too long. Most of those who wait find their parts held when it is their turn.
const (
	gathering = 32 // answers that may fetch parts at once
	fetching  = 32 // parts of the guide that are fetched at once
	// loading is how many parts of the corpus are. Each is as much work for the origin as some dozen answers, and edges that start
	// together ask for all of them: what else they ask for must not wait for that.
	loading = 4
)

// enter waits for a place among those who fetch parts, which the function gives back. The context ends with the deadline.
func (x *exchange) enter(deadline time.Time) (context.Context, func(), *fault.Fault) {
	patience, cancel := context.WithTimeout(context.Background(), deadline.Sub(x.p.clock.Base()))
	select {
	case x.p.gathering <- struct{}{}:
		return patience, func() { <-x.p.gathering; cancel() }, nil
	case <-patience.Done():
		cancel()
		return nil, nil, unavailable(fill.ErrLate)
	}
}

// sideBySide obtains n parts, as many at once as there are places.
func (x *exchange) sideBySide(patience context.Context, places chan struct{}, n int, obtain func(i int) outcome) []outcome {
	outcomes := make([]outcome, n)
	var flying sync.WaitGroup
	for i := range outcomes {
		flying.Go(func() {
			select {
			case places <- struct{}{}:
			case <-patience.Done():
				outcomes[i] = outcome{fault: unavailable(fill.ErrLate)}
				return
			}
			defer func() { <-places }()
			outcomes[i] = obtain(i)
		})
	}
	flying.Wait()
	return outcomes
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

// replyComposed sends what was composed by way of the HTTP server.
func (x *exchange) replyComposed(c composition, o outcome) {
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
	x.ctx.Response.SwapBody(c.Append(x.ctx.Response.SwapBody(nil)[:0])) // into the server's own room
}
