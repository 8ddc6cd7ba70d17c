package proxy

import (
	"net/http"

	"github.com/valyala/fasthttp"

	"encora/shared/territory"
	"encora/shared/wire"
)

// What goes through in each direction; nothing else does. Hop-by-hop headers (RFC 9110, 7.6.1) are not among it.
var (
	passedUp = []string{fasthttp.HeaderAuthorization, fasthttp.HeaderAccept, fasthttp.HeaderContentType, fasthttp.HeaderContentEncoding,
		fasthttp.HeaderIfNoneMatch, fasthttp.HeaderIfMatch, "Idempotency-Key", "X-Device-Id", "X-Profile-Id", "X-Replace-Session"}
	passedDown = []string{fasthttp.HeaderETag, fasthttp.HeaderLocation, fasthttp.HeaderRetryAfter, fasthttp.HeaderWWWAuthenticate,
		fasthttp.HeaderAllow, "Idempotent-Replayed", fasthttp.HeaderContentDisposition, fasthttp.HeaderContentLanguage,
		fasthttp.HeaderContentSecurityPolicy, fasthttp.HeaderXContentTypeOptions, fasthttp.HeaderReferrerPolicy}
)

// pass sends the request to the origin and its answer back, uncached and uncoalesced.
func (x *exchange) pass() {
	x.deliver()
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	x.upstream(req)
	target := x.target.path
	if x.target.query != "" {
		target += "?" + x.target.query
	}
	if err := x.p.Filler.Origin.Pass(req, resp, target, x.p.PassTimeout); err != nil {
		x.p.Log.Debug("request not passed through", "error", err, "request_id", x.id)
		x.p.refuse(x.ctx, x.id, unavailable(err))
		return
	}
	x.route.meters.count(passed)
	if resp.StatusCode() < http.StatusMultipleChoices {
		x.settle()
	}
	x.downstream(resp)
}

// upstream builds the origin's request.
func (x *exchange) upstream(req *fasthttp.Request) {
	in := &x.ctx.Request
	req.Header.SetMethodBytes(in.Header.Method())
	for _, name := range passedUp {
		if v := in.Header.Peek(name); len(v) > 0 {
			req.Header.SetBytesV(name, v)
		}
	}
	if x.route.op.MaxBody > 0 {
		req.SetBody(in.Body())
	}
	peer, header := x.peer()
	req.Header.Set(wire.RequestID, x.id)
	req.Header.Set(wire.ClientAddr, x.p.Resolver.ClientAddr(peer, header).String())
	req.Header.Set(wire.Country, territory.Code(x.country()))
}

// downstream sends the origin's answer.
func (x *exchange) downstream(resp *fasthttp.Response) {
	out := &x.ctx.Response
	out.SetStatusCode(resp.StatusCode())
	if ct := resp.Header.ContentType(); len(ct) > 0 && len(resp.Body()) > 0 {
		out.Header.SetContentTypeBytes(ct)
	}
	for _, name := range passedDown {
		if v := resp.Header.Peek(name); len(v) > 0 {
			out.Header.SetBytesV(name, v)
		}
	}
	out.Header.Set(fasthttp.HeaderCacheControl, "no-store")
	out.Header.Set(wire.RequestID, x.id)
	x.p.cors.mark(x.ctx)
	if status := resp.StatusCode(); status != http.StatusNoContent && status != http.StatusNotModified {
		out.SetBody(resp.Body())
	}
}
