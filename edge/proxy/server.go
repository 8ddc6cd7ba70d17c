package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/valyala/fasthttp"

	"encora/edge/lane"
	"encora/shared/fault"
	"encora/shared/obs"
)

// Limits of the public listener.
const (
	maxHeader = 16 << 10 // bytes of a request's head; a token may have 8 KiB
	writeSize = 48 << 10 // bytes: a smaller buffer would split most bodies into two writes
)

// Timeouts of the public listener. None may be zero.
type Timeouts struct {
	Read  time.Duration // for a whole request, from its first byte
	Write time.Duration // for an answer
	Idle  time.Duration // between requests
}

// Server serves a listener through lane and HTTP server. All of them stop together.
type Server struct {
	Listener *lane.Listener
	HTTP     *fasthttp.Server
	proxy    *Proxy
}

// NewServer makes the public server of a proxy with at most maxConns connections.
func NewServer(p *Proxy, ln net.Listener, t Timeouts, maxConns int64) *Server {
	l := &lane.Listener{Listener: ln, Answer: p.Warm, Now: p.clock.Base, IdleTimeout: t.Idle, WriteTimeout: t.Write, MaxConns: maxConns, Refuse: refusal()}
	p.metrics.set.NewGauge("encora_edge_connections", func() float64 { return float64(l.Open()) })
	p.metrics.set.NewGauge("encora_edge_connections_refused_total", func() float64 { return float64(l.Refused()) })
	return &Server{proxy: p, Listener: l, HTTP: &fasthttp.Server{
		Handler: p.Handle, ErrorHandler: p.failed, HeaderReceived: p.headerReceived, ExpectHandler: p.expected, ConnState: l.ConnState,
		Logger: quietLogger{p.Log}, NoDefaultServerHeader: true, SecureErrorLogMessage: true,
		Concurrency:    int(maxConns) + 1024, // the lane counts; the server must never be the first to refuse
		ReadBufferSize: maxHeader, WriteBufferSize: writeSize, ReadTimeout: t.Read, WriteTimeout: t.Write, IdleTimeout: t.Idle,
		MaxRequestBodySize: 1, ReduceMemoryUsage: true, DisablePreParseMultipartForm: true, CloseOnShutdown: true}}
}

// Run serves until ctx ends. Then it accepts no more, lets the requests under way finish within stopAfter, and waits for
// the fills that outlive them.
func (s *Server) Run(ctx context.Context, stopAfter time.Duration) error {
	ended := make(chan error, 1)
	go func() { ended <- s.HTTP.Serve(s.Listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("listener: %w", err)
	case <-ctx.Done():
	}
	s.proxy.Log.Info("edge stops", "connections", s.Listener.Open())
	s.Listener.Stop()
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopAfter)
	defer cancel()
	if err := s.HTTP.ShutdownWithContext(limit); err != nil {
		s.proxy.Log.Warn("requests did not finish in time and are cut off", "connections", s.Listener.Open(), "stop_after", stopAfter.String())
	}
	s.proxy.Filler.Drain()
	return nil
}

// refusal is what a connection beyond the limit is told.
func refusal() []byte {
	f := fault.Busy("The edge has too many connections.", retryAfter)
	id := obs.NewRequestID()
	body := f.JSON(id)
	return fmt.Appendf(nil, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: %d\r\nCache-Control: no-store\r\n"+
		"Retry-After: %s\r\nX-Request-Id: %s\r\nConnection: close\r\n\r\n%s", len(body), seconds(f.RetryAfter), id, body)
}

// headerReceived sets the body's limit by the route before a byte of it is read: fasthttp makes room for what is declared.
func (p *Proxy) headerReceived(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	if h.ContentLength() == 0 || h.IsGet() || h.IsHead() {
		return fasthttp.RequestConfig{}
	}
	return fasthttp.RequestConfig{MaxRequestBodySize: int(p.limitFor(h))}
}

func (p *Proxy) limitFor(h *fasthttp.RequestHeader) int64 {
	t, fl := readTarget(h.RequestURI())
	if fl != nil {
		return 0
	}
	return p.bodyLimit(string(h.Method()), t.path)
}

// expected decides on Expect: 100-continue: a body that will be refused need not be sent.
func (p *Proxy) expected(ctx *fasthttp.RequestCtx) int {
	if int64(ctx.Request.Header.ContentLength()) > p.limitFor(&ctx.Request.Header) {
		p.tooLarge(ctx, requestID(ctx))
		return ctx.Response.StatusCode()
	}
	return http.StatusContinue
}

// failed answers what fasthttp could not read.
func (p *Proxy) failed(ctx *fasthttp.RequestCtx, err error) {
	id := requestID(ctx)
	var small *fasthttp.ErrSmallBuffer
	var netErr net.Error
	switch {
	case errors.As(err, &small):
		p.refuseWith(ctx, id, fault.New(fault.BadRequest, "The request's head is too long."), http.StatusRequestHeaderFieldsTooLarge)
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		p.tooLarge(ctx, id)
	case errors.As(err, &netErr) && netErr.Timeout():
		p.refuseWith(ctx, id, fault.New(fault.BadRequest, "The request took too long."), http.StatusRequestTimeout)
	default:
		p.refuse(ctx, id, errMalformed)
	}
}

// tooLarge answers a body beyond the route's limit, unless there is no such route. Of a request whose chunks were too
// many fasthttp has forgotten everything by now, so that it seems to be for "/"; its route was looked up for the limit.
func (p *Proxy) tooLarge(ctx *fasthttp.RequestCtx, id string) {
	t, fl := readTarget(ctx.Request.Header.RequestURI())
	if fl == nil && t.path != "/" {
		_, fl = p.find(ctx, t.path)
	}
	if fl == nil {
		fl = fault.New(fault.TooLarge, "The request's body is too long.")
	}
	p.refuse(ctx, id, fl)
}

// quietLogger takes fasthttp's lines, which are about clients that hang up or speak nonsense.
type quietLogger struct{ log *slog.Logger }

// Printf implements fasthttp.Logger.
func (l quietLogger) Printf(format string, args ...any) {
	l.log.Debug("connection ended", "reason", fmt.Sprintf(format, args...))
}
