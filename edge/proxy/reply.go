package proxy

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"encora/edge/cache"
	"encora/shared/fault"
	"encora/shared/wire"
)

const cacheName = "Encora"

// seconds rounds up: an age or a pause is never said to be shorter than it is.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// reply sends an answer by way of the HTTP server. The lane sends the same bytes without it.
func (x *exchange) reply(o outcome) {
	a, h := o.answer, &x.ctx.Response.Header
	if o.passed || a.Status() != http.StatusOK {
		x.replyError(o)
		return
	}
	x.provenance(o)
	e := a.Choose(x.ctx.Request.Header.Peek(fasthttp.HeaderAcceptEncoding))
	if matches(x.ctx.Request.Header.Peek(fasthttp.HeaderIfNoneMatch), a.ETag(e)) {
		x.route.meters.count(notModified(o.meter))
		x.ctx.Response.SkipBody = true
		x.ctx.SetStatusCode(http.StatusNotModified)
		setLines(h, "ETag: "+a.ETag(e)+"\r\n"+x.route.headers)
		return
	}
	x.route.meters.count(o.meter)
	block := a.Block(e)
	setLines(h, block[strings.IndexByte(block, '\n')+1:])
	one, two := a.Body(e)
	x.ctx.SetBodyString(one)
	x.ctx.Response.AppendBodyString(two)
}

// provenance says how the answer was come by, and how old it may be.
func (x *exchange) provenance(o outcome) {
	x.origins(o)
	x.ctx.Response.Header.SetCanonical([]byte(fasthttp.HeaderAge), []byte(seconds(o.age)))
}

// origins says how the answer was come by.
func (x *exchange) origins(o outcome) {
	h := &x.ctx.Response.Header
	h.SetCanonical([]byte("Cache-Status"), []byte(cacheName+o.status))
	h.SetCanonical([]byte(wire.RequestID), []byte(x.id))
	x.p.cors.mark(x.ctx)
}

// setLines sets headers from lines as a block has them.
func setLines(h *fasthttp.ResponseHeader, lines string) {
	for line := range strings.SplitSeq(lines, "\r\n") {
		if name, value, ok := strings.Cut(line, ": "); ok && name != fasthttp.HeaderContentLength {
			h.SetCanonical([]byte(name), []byte(value))
		}
	}
}

// replyError sends an answer that is an error, or that must not be stored. An error's body names the request that it
// answers, so it is written anew for each.
func (x *exchange) replyError(o outcome) {
	a, h := o.answer, &x.ctx.Response.Header
	x.origins(o)
	x.route.meters.count(o.meter)
	x.ctx.SetStatusCode(a.Status())
	block := a.Block(cache.Identity)
	if o.passed {
		setLines(h, contentType(block))
		h.Set(fasthttp.HeaderCacheControl, "no-store")
	} else {
		setLines(h, contentType(block)+x.route.headers)
		h.SetCanonical([]byte(fasthttp.HeaderAge), []byte(seconds(o.age)))
	}
	body := a.IdentityBody()
	if a.Status() >= http.StatusBadRequest {
		body = renamed(body, x.id)
	}
	x.ctx.SetBody(body)
}

func contentType(block string) string {
	for line := range strings.SplitSeq(block, "\r\n") {
		if strings.HasPrefix(line, "Content-Type: ") {
			return line + "\r\n"
		}
	}
	return ""
}

// renamed is an error's body with this request's id. What is no error of ours stays as it is.
func renamed(body []byte, id string) []byte {
	var e struct {
		Code    fault.Code      `json:"code"`
		Message string          `json:"message"`
		Details json.RawMessage `json:"details"`
	}
	if json.Unmarshal(body, &e) != nil || e.Code == "" {
		return body
	}
	out, err := json.Marshal(struct {
		Code      fault.Code      `json:"code"`
		Message   string          `json:"message"`
		RequestID string          `json:"request_id"`
		Details   json.RawMessage `json:"details"`
	}{e.Code, e.Message, id, e.Details})
	if err != nil {
		return body
	}
	return out
}
