package proxy

import (
	"io"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"encora/shared/fault"
	"encora/shared/wire"
)

// mediaPrefix is where Media serves. No operation's path begins with it.
const mediaPrefix = "/media"

// What browsers are told about media beside what they are told about all answers.
const (
	mediaMethods = "GET, HEAD, OPTIONS"
	mediaExposed = exposed + ", Content-Range"
)

// Media serves files to holders of signed URLs; *media.Handler does.
type Media interface {
	// Serve answers a GET or HEAD of a path below mediaPrefix, decoded, or gives the status and fault to answer with.
	Serve(ctx *fasthttp.RequestCtx, path, query string, now time.Time, viewer netip.Addr) (int, *fault.Fault)
	WriteMetrics(w io.Writer)
}

// mediaPath is the part of a path that Media knows; false for a path that is none of its.
func (p *Proxy) mediaPath(path string) (string, bool) {
	rest, ok := strings.CutPrefix(path, mediaPrefix+"/")
	return "/" + rest, ok && p.Media != nil
}

// media has a path below mediaPrefix served. A token is bound to the path as signers spell it, which is without escapes.
func (x *exchange) media(path string) {
	h := &x.ctx.Response.Header
	switch {
	case x.ctx.IsOptions() && x.p.cors != nil:
		x.preflight(mediaMethods)
		return
	case !x.ctx.IsGet() && !x.ctx.IsHead():
		fl := fault.New(fault.MethodNotAllowed, "The resource does not have this method.")
		fl.Allow = "GET, HEAD"
		x.p.refuse(x.ctx, x.id, fl)
		return
	}
	if plain, err := url.PathUnescape(path); err == nil {
		path = plain
	}
	peer, header := x.peer()
	status, fl := x.p.Media.Serve(x.ctx, path, x.target.query, x.p.clock.Now(), x.p.Resolver.ClientAddr(peer, header))
	if fl != nil {
		x.p.refuseWith(x.ctx, x.id, fl, status)
		return
	}
	h.Set(wire.RequestID, x.id)
	x.p.cors.mark(x.ctx)
	if len(h.Peek(fasthttp.HeaderAccessControlAllowOrigin)) > 0 {
		h.Set(fasthttp.HeaderAccessControlExposeHeaders, mediaExposed)
	}
}
