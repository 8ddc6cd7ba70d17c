package media

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"

	"github.com/valyala/fasthttp"

	"encora/shared/fault"
)

// contentTypes are those of packaged media (RFC 8216, 4; ISO/IEC 23009-1, annex C; RFC 4337; WebVTT, 9).
var contentTypes = map[string]string{
	".m3u8": "application/vnd.apple.mpegurl",
	".mpd":  "application/dash+xml",
	".m4s":  "video/iso.segment",
	".mp4":  "video/mp4",
	".vtt":  "text/vtt",
}

// send answers with the file, or the part of it that is asked for, and closes it once that is sent.
func (h *Handler) send(ctx *fasthttp.RequestCtx, f *file) (int, *fault.Fault) {
	head := &ctx.Response.Header
	head.Set(fasthttp.HeaderETag, f.etag)
	head.Set(fasthttp.HeaderAcceptRanges, "bytes")
	s, how := f.asked(&ctx.Request.Header)
	h.count(how)
	switch how {
	case noRange:
		f.Close()
		head.Set(fasthttp.HeaderContentRange, fmt.Sprintf("bytes */%d", f.size))
		return http.StatusRequestedRangeNotSatisfiable, errRange
	case notModified:
		f.Close()
		ctx.NotModified()
		return 0, nil
	case part:
		head.Set(fasthttp.HeaderContentRange, fmt.Sprintf("bytes %d-%d/%d", s.from, s.from+s.length-1, f.size))
		ctx.SetStatusCode(http.StatusPartialContent)
	}
	f.sendSpan(ctx, s)
	return 0, nil
}

// sendSpan has the server read the file as it sends it, so that no part of it is held but what is under way.
func (f *file) sendSpan(ctx *fasthttp.RequestCtx, s span) {
	head := &ctx.Response.Header
	head.SetContentType(cmp.Or(contentTypes[path.Ext(f.Name())], "application/octet-stream"))
	if ctx.IsHead() {
		f.Close()
		ctx.Response.SkipBody = true
		head.SetContentLength(int(s.length))
		return
	}
	ctx.SetBodyStream(&body{io.NewSectionReader(f, s.from, s.length), f}, int(s.length))
}

// body is the part of a file that is sent; the server closes it.
type body struct {
	io.Reader
	io.Closer
}

// asked is what of the file a request wants. Only a GET can want a part (RFC 9110, 14.2).
func (f *file) asked(h *fasthttp.RequestHeader) (span, outcome) {
	all := span{0, f.size}
	if has(string(h.Peek(fasthttp.HeaderIfNoneMatch)), f.etag) {
		return all, notModified
	}
	only := string(h.Peek(fasthttp.HeaderIfRange))
	if !h.IsGet() || only != "" && only != f.etag {
		return all, whole
	}
	return readRange(string(h.Peek(fasthttp.HeaderRange)), f.size)
}

// has reports whether If-None-Match holds the entity tag (RFC 9110, 13.1.2).
func has(ifNoneMatch, etag string) bool {
	for one := range strings.SplitSeq(ifNoneMatch, ",") {
		if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == etag {
			return true
		}
	}
	return false
}
