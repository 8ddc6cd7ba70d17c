package proxy

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/valyala/fasthttp"

	"encora/shared/fault"
	"encora/shared/obs"
	"encora/shared/wire"
)

// ownAnswers are the operations that the edge answers for itself, by the contract's names.
func (p *Proxy) ownAnswers() map[string]func(*exchange) {
	return map[string]func(*exchange){
		"getHealth":    (*exchange).health,
		"getReadiness": (*exchange).readiness,
		"getVersion":   (*exchange).version,
		"metrics":      (*exchange).exposition,
	}
}

// component is a part's health (conventions.md, "Shapes that the seed hides").
type component struct {
	Status    string    `json:"status"` // ok, degraded or down
	LatencyMS *int64    `json:"latency_ms"`
	Message   string    `json:"message"`
	CheckedAt time.Time `json:"checked_at"`
}

type health struct {
	Status     string               `json:"status"`
	Version    string               `json:"version"`
	Timestamp  time.Time            `json:"timestamp"`
	Components map[string]component `json:"components"`
}

const (
	statusOK       = "ok"
	statusDegraded = "degraded"
	statusDown     = "down"
)

// health tells how the parts are. Without the feed the edge serves what it holds: degraded, not down.
func (x *exchange) health() {
	all := x.p.components()
	h := health{Status: statusOK, Version: obs.Version().APIVersion, Timestamp: x.p.clock.Now().UTC().Truncate(time.Millisecond), Components: all}
	for _, c := range all {
		if c.Status != statusOK && h.Status != statusDown {
			h.Status = c.Status
		}
	}
	status := http.StatusOK
	if h.Status == statusDown {
		status = http.StatusServiceUnavailable
	}
	x.json(status, h)
}

func (p *Proxy) components() map[string]component {
	now := p.clock.Now().UTC().Truncate(time.Millisecond)
	part := func(status, message string) component {
		return component{Status: status, Message: message, CheckedAt: now}
	}
	all := map[string]component{
		"feed":   part(statusOK, "at the head"),
		"origin": part(statusOK, "answers"),
		"cache":  part(statusOK, fmt.Sprintf("%d bytes in use", p.store.Used())),
		"keys":   part(statusOK, "known"),
	}
	behind, read := p.versions.Behind(p.clock.Base())
	switch {
	case !read:
		all["feed"] = part(statusDown, "not read yet")
	case behind > p.LostAfter:
		all["feed"] = part(statusDegraded, "not reached for "+seconds(behind)+" s; answers are served with their age")
	}
	if f := all["feed"]; read && f.Status == statusOK {
		ms := behind.Milliseconds()
		f.LatencyMS = &ms
		all["feed"] = f
	}
	if p.Filler.Origin.Away() || behind > p.LostAfter {
		all["origin"] = part(statusDegraded, "does not answer")
	}
	if p.Playback != nil {
		all["beats"] = part(statusOK, "delivered")
		if late := p.Playback.Behind(); late > p.LostAfter {
			all["beats"] = part(statusDegraded, "not delivered for "+seconds(late)+" s; streams go on")
		}
	}
	if !p.Tokens.Ready() {
		all["keys"] = part(statusDown, "no key set was read yet")
	}
	return all
}

// readiness is 200 once the head of the feed was reached, and stays so while the origin is away.
func (x *exchange) readiness() {
	if !x.p.Tokens.Ready() {
		x.p.refuse(x.ctx, x.id, fault.Busy("The edge has no keys to verify tokens with yet.", retryAfter))
		return
	}
	if x.p.versions.State() == nil {
		x.p.refuse(x.ctx, x.id, fault.Busy("The edge has not reached the head of the change feed yet.", retryAfter))
		return
	}
	x.json(http.StatusOK, map[string]string{"status": "ready"})
}

func (x *exchange) version() { x.json(http.StatusOK, obs.Version()) }

func (x *exchange) json(status int, v any) {
	body, err := json.Marshal(v)
	if err != nil { // plain structs; a broken invariant
		panic(err)
	}
	x.own(status, "application/json", body)
}

func (x *exchange) exposition() {
	x.own(http.StatusOK, "text/plain; version=0.0.4; charset=utf-8", nil)
	x.p.metrics.write(x.ctx.Response.BodyWriter())
	if x.p.Media != nil {
		x.p.Media.WriteMetrics(x.ctx.Response.BodyWriter())
	}
}

func (x *exchange) own(status int, contentType string, body []byte) {
	h := &x.ctx.Response.Header
	h.SetContentType(contentType)
	h.Set(fasthttp.HeaderCacheControl, "no-store")
	h.Set(wire.RequestID, x.id)
	x.p.cors.mark(x.ctx)
	x.ctx.SetStatusCode(status)
	x.ctx.SetBody(body)
}
