package proxy

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"encora/edge/lane"
	"encora/edge/playback"
	"encora/shared/fault"
	"encora/shared/ids"
	"encora/shared/op"
	"encora/shared/wire"
)

// warmBeat takes a beat of a session that is held and has URLs for a while yet. It allocates nothing.
func (p *Proxy) warmBeat(r *lane.Request, out *lane.Reply) bool {
	rt := p.beatRoute
	if rt == nil || string(r.Path) != rt.op.Path || len(r.Query) > 0 || r.Token == nil || int64(len(r.Body)) > rt.op.MaxBody {
		return false
	}
	b, ok := playback.ReadPlain(r.Body)
	if !ok {
		return false
	}
	claims, err := p.Tokens.Verify(r.Token)
	if err != nil || !claims.Allows(op.Viewer) {
		return false
	}
	account, err := uuid.Parse(claims.AccountID)
	if err != nil {
		return false
	}
	taken := p.Playback.TakeWarm(&b, account, p.instant(r.Now))
	if taken.Standing != playback.Playing {
		return false
	}
	p.Playback.Kick()
	out.Space = appendBeaten(out.Space, nil, taken.ExpiresAt)
	out.Body, out.BodyAfter = text(out.Space), ""
	h := append(out.Head[:0], "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "...)
	h = append(strconv.AppendInt(h, int64(len(out.Body)), 10), "\r\nCache-Control: no-store\r\n"...)
	h = append(h, p.varyOrigin...)
	out.Head = p.closing(h, r)
	rt.meters.count(hit)
	return true
}

// appendBeaten writes the answer to a beat; urls are the fields of new URLs, nil for none.
func appendBeaten(b, urls []byte, expiresAt int64) []byte {
	b = append(b, `{"refreshed_urls":`...)
	if urls == nil {
		b = append(b, "null"...)
	} else {
		b = append(append(append(b, '{'), urls...), '}')
	}
	b = append(b, `,"session_expires_at":"`...)
	b = time.UnixMilli(expiresAt).UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	return append(b, `"}`...)
}

// beat answers a heartbeat that the lane has left.
func (x *exchange) beat() {
	answer, fl := x.beaten()
	if fl != nil {
		x.p.refuse(x.ctx, x.id, fl)
		return
	}
	x.route.meters.count(hit)
	x.own(http.StatusOK, "application/json", answer)
}

func (x *exchange) beaten() ([]byte, *fault.Fault) {
	if fl := x.wantsJSON(); fl != nil {
		return nil, fl
	}
	account, fl := x.account()
	if fl != nil {
		return nil, fl
	}
	b, faults := playback.Read(x.ctx.Request.Body())
	if len(faults.Unreadable) > 0 {
		return nil, fault.New(fault.BadRequest, "The request can't be read as this operation.", append(faults.Unreadable, faults.Invalid...)...)
	}
	if len(faults.Invalid) > 0 {
		if faults.Named {
			if fl := x.p.standing(b.Session, account); fl != nil {
				return nil, fl
			}
		}
		return nil, fault.New(fault.ValidationFailed, "Some values are missing or out of their limits.", faults.Invalid...)
	}
	taken, fl := x.p.take(&b, account)
	if fl != nil {
		return nil, fl
	}
	x.p.Playback.Kick()
	return x.renewed(&b, taken)
}

// renewed is the answer to a beat that was taken, with new URLs when the old ones approach their end.
func (x *exchange) renewed(b *playback.Beat, taken playback.Taken) ([]byte, *fault.Fault) {
	if !taken.Refresh {
		return appendBeaten(nil, nil, taken.ExpiresAt), nil
	}
	media := taken.Media.Value()
	urls, refreshAt, err := x.p.Playback.URLs.Append(nil, &media, b.Session, x.p.clock.Now(), x.client())
	if err != nil { // the beat counts all the same, and so do the URLs that the player has
		if x.p.unrenewed.due(x.p.clock.Base()) { // it is so for all sessions of the CDN
			x.p.Log.Error("sessions' URLs can't be renewed; players stop when the old ones end: check CDN_CONFIG", "error", err, "request_id", x.id)
		}
		return appendBeaten(nil, nil, taken.ExpiresAt), nil
	}
	x.p.Playback.Refreshed(b.Session, refreshAt)
	return appendBeaten(nil, urls, taken.ExpiresAt), nil
}

// take takes a beat, asking the origin for a session that is not held or seems over.
func (p *Proxy) take(b *playback.Beat, account uuid.UUID) (playback.Taken, *fault.Fault) {
	at := p.instant(p.clock.Base()) // before the origin is asked: what lay through a stall can't be told from others for long
	return p.settled(b.Session, account, func(sought bool) playback.Taken { return p.Playback.Take(b, account, at, sought) })
}

// instant is the instant of a beat that was read at one of the base clock.
func (p *Proxy) instant(base time.Time) playback.Instant {
	now := p.clock.At(base) / int64(time.Millisecond)
	return playback.Instant{Now: now, Stamp: now - p.Playback.Pulse.Lain(base).Milliseconds()}
}

// standing is why a session does not play; nil for one that does.
func (p *Proxy) standing(id, account uuid.UUID) *fault.Fault {
	_, fl := p.settled(id, account, func(bool) playback.Taken { return p.Playback.Look(id, account, p.millis()) })
	return fl
}

// settled finds a session, and again once the origin was asked, if that is needed.
func (p *Proxy) settled(id, account uuid.UUID, find func(sought bool) playback.Taken) (playback.Taken, *fault.Fault) {
	taken := find(false)
	if held := taken.Standing == playback.Late; held || taken.Standing == playback.Unknown {
		said, err := p.Playback.Seek(context.Background(), id, account)
		if err != nil && !held {
			return taken, unavailable(err)
		}
		// Of a session that is held the origin, if it can be asked, has said that it lives on; if it can't, the stream goes on.
		if taken = find(true); taken.Standing == playback.Unknown { // it found no place
			taken = said
		}
	}
	return taken, notPlaying(taken)
}

func notPlaying(t playback.Taken) *fault.Fault {
	switch t.Standing {
	case playback.Absent:
		return fault.Missing()
	case playback.Over:
		return fault.Ended(t.Reason)
	case playback.Unknown: // it found no place
		return fault.Busy("The edge holds as many sessions as it can.", retryAfter)
	}
	return nil
}

// millis is now, by the corrected clock.
func (p *Proxy) millis() int64 { return p.clock.Now().UnixMilli() }

// wantsJSON refuses a body of another kind.
func (x *exchange) wantsJSON() *fault.Fault {
	h := &x.ctx.Request.Header
	kind, _, _ := strings.Cut(string(h.ContentType()), ";")
	if len(x.ctx.Request.Body()) > 0 && !strings.EqualFold(strings.TrimSpace(kind), "application/json") {
		return fault.New(fault.UnsupportedMediaType, "The body must be application/json.")
	}
	if e := string(h.Peek(fasthttp.HeaderContentEncoding)); e != "" && !strings.EqualFold(e, "identity") {
		return fault.New(fault.UnsupportedMediaType, "The body must not be compressed.")
	}
	return nil
}

// account is the viewer's.
func (x *exchange) account() (uuid.UUID, *fault.Fault) {
	account, err := uuid.Parse(x.claims.AccountID)
	if err != nil { // the verifier takes UUIDs only
		return account, fault.New(fault.Unauthorized, "The bearer token is not valid.")
	}
	return account, nil
}

// deliver has the origin hear of the last beats before a request that may end their sessions: what is told of an end has the
// last position.
func (x *exchange) deliver() {
	if x.p.Playback == nil || !x.route.op.EndsSessions {
		return
	}
	if id, ok := x.named(); ok {
		x.p.deliver(id)
	} else if x.p.Playback.Pending() > 0 { // whose they are is not known
		x.p.await()
	}
}

// deliver waits until the origin has heard of the session's beats, if there are any to hear of.
func (p *Proxy) deliver(id uuid.UUID) {
	if p.Playback.Waiting(id) {
		p.await()
	}
}

// await waits for an exchange with the origin, for a while.
func (p *Proxy) await() {
	ctx, cancel := context.WithTimeout(context.Background(), settleFor)
	defer cancel()
	p.Playback.Await(ctx)
}

// named is the session that the path names.
func (x *exchange) named() (uuid.UUID, bool) {
	text, _ := x.ctx.UserValue("session_id").(string)
	return ids.Parse(text)
}

// settle has this edge know, after a request that may have ended sessions, which did: the one that the path names, or else
// those that the origin tells of.
func (x *exchange) settle() {
	if x.p.Playback == nil || !x.route.op.EndsSessions {
		return
	}
	account, fl := x.account()
	if id, ok := x.named(); ok && fl == nil {
		x.p.Playback.End(id, account, wire.ReasonEnded, x.p.millis())
		return
	}
	x.p.await()
}

// settleFor is how long an answer waits for it: the ends are told of in any case.
const settleFor = 250 * time.Millisecond

// seldom is due once in ten seconds, for what is said of one of many.
type seldom struct{ last atomic.Int64 }

func (s *seldom) due(now time.Time) bool {
	last := s.last.Load()
	return now.Unix()-last >= 10 && s.last.CompareAndSwap(last, now.Unix())
}
