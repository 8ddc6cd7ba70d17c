package proxy

import (
	"net/http"
	"slices"

	"github.com/valyala/fasthttp"

	"encora/shared/fault"
	"encora/shared/wire"
)

// Headers of the CORS protocol (Fetch Standard, 3.3).
const (
	exposed     = "ETag, Age, Retry-After, X-Request-Id, Cache-Status"
	preflighted = "Authorization, Content-Type, If-None-Match, If-Match, Idempotency-Key, Range, X-Device-Id, X-Profile-Id, X-Replace-Session, X-Request-Id"
	preflightOK = "600" // seconds that a browser may remember it
)

// cors lets the configured origins' pages read answers. nil lets none.
type cors struct {
	origins []string
	all     bool
}

func newCORS(origins []string) *cors {
	if len(origins) == 0 {
		return nil
	}
	return &cors{origins: origins, all: slices.Contains(origins, "*")}
}

// varies reports whether answers depend on the Origin header.
func (c *cors) varies() bool { return c != nil && !c.all }

// allows returns what Access-Control-Allow-Origin is to say, empty for nothing.
func (c *cors) allows(origin []byte) string {
	if c == nil || len(origin) == 0 {
		return ""
	}
	if c.all {
		return "*"
	}
	for _, o := range c.origins {
		if o == string(origin) {
			return o
		}
	}
	return ""
}

// mark adds the headers to an answer.
func (c *cors) mark(ctx *fasthttp.RequestCtx) {
	h := &ctx.Response.Header
	if c.varies() && len(h.Peek(fasthttp.HeaderVary)) == 0 {
		h.Set(fasthttp.HeaderVary, "Origin")
	}
	if o := c.allows(ctx.Request.Header.Peek(fasthttp.HeaderOrigin)); o != "" {
		h.Set(fasthttp.HeaderAccessControlAllowOrigin, o)
		h.Set(fasthttp.HeaderAccessControlExposeHeaders, exposed)
	}
}

// appendTo is mark for the lane.
func (c *cors) appendTo(b []byte, origin []byte) []byte {
	o := c.allows(origin)
	if o == "" {
		return b
	}
	b = append(append(b, "Access-Control-Allow-Origin: "...), o...)
	return append(b, "\r\nAccess-Control-Expose-Headers: "+exposed+"\r\n"...)
}

// preflight answers OPTIONS of a path that has the methods.
func (x *exchange) preflight(methods string) {
	c, h := x.p.cors, &x.ctx.Response.Header
	if c.allows(x.ctx.Request.Header.Peek(fasthttp.HeaderOrigin)) == "" {
		x.p.refuse(x.ctx, x.id, fault.New(fault.Forbidden, "This origin is not allowed."))
		return
	}
	h.Set(wire.RequestID, x.id)
	c.mark(x.ctx)
	h.Set(fasthttp.HeaderAccessControlAllowMethods, methods)
	h.Set(fasthttp.HeaderAccessControlAllowHeaders, preflighted)
	h.Set(fasthttp.HeaderAccessControlMaxAge, preflightOK)
	x.ctx.SetStatusCode(http.StatusNoContent)
}
