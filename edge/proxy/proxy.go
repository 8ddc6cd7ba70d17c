// Package proxy turns requests into answers: match, who, key, look up, fill, write. What is not cached it passes to the
// origin through an allow-list. DESIGN.md tells the order of checks and where a hit's time goes.
package proxy

import (
	"errors"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/fasthttp/router"
	"github.com/valyala/fasthttp"

	"encora/edge/cache"
	"encora/edge/epg"
	"encora/edge/feed"
	"encora/edge/fill"
	"encora/edge/playback"
	"encora/edge/suggest"
	"encora/shared/fault"
	"encora/shared/obs"
	"encora/shared/op"
	"encora/shared/territory"
	"encora/shared/token"
	"encora/shared/wire"
)

// Config is what a Proxy works with. All fields are required but where it is said.
type Config struct {
	Ops      []op.Op
	Filler   *fill.Filler
	Tokens   Verifier
	Resolver *territory.Resolver
	Cursors  Cursors
	Playback *playback.Sessions // nil: without operations of streams and beats
	Log      *slog.Logger
	Media    Media // nil: this edge serves none

	AllowedOrigins []string      // for browsers (CORS); "*" allows all; none: off
	LostAfter      time.Duration // without the feed's head for longer than this, answers are marked with their age
	StaleFor       time.Duration // and beyond this they are not served
	Patience       time.Duration // how long a request waits for an answer
	PassTimeout    time.Duration // the same for what is passed through
}

// Verifier verifies tokens; *token.Verifier does.
type Verifier interface {
	Verify(raw []byte) (*token.Claims, error)
	Ready() bool
}

// Cursors makes and checks positions of lists; *cursor.Codec does.
type Cursors interface {
	Verify(opID, scope, s string) bool
	Decode(opID, scope, s string, position any) error
	Encode(opID, scope string, position any) string
}

// Proxy answers requests. It is safe for concurrent use.
type Proxy struct {
	Config
	versions   *feed.Versions
	clock      *feed.Clock
	store      *cache.Store
	routes     []*route
	hot        []*route // of GET, for the lane; those with most static text first
	beatRoute  *route
	router     *router.Router
	methods    []string
	cors       *cors
	audiences  *pinned[audiences]
	lineup     *pinned[epg.Lineup]
	corpus     [wire.SuggestParts]*pinned[suggest.Part]
	gathering  chan struct{} // places of those who fetch parts of what is composed
	fetching   chan struct{} // and of the parts of the guide
	loading    chan struct{} // and of those of the corpus
	ahead      chan epg.Want
	outdated   chan struct{} // parts of the corpus may be
	unrenewed  seldom
	unsigned   seldom
	date       dateCache
	varyOrigin string // a header line, where answers depend on the Origin header
	memo       memo
	callers    *callers
	plans      plans
	metrics    *meters
}

// New makes a Proxy. It fails on operations that it can't route.
func New(c Config) (*Proxy, error) {
	p := &Proxy{Config: c, versions: c.Filler.Versions, clock: c.Filler.Clock, store: c.Filler.Store, cors: newCORS(c.AllowedOrigins),
		router: router.New(), callers: newCallers(), gathering: make(chan struct{}, gathering), fetching: make(chan struct{}, fetching), loading: make(chan struct{}, loading),
		ahead: make(chan epg.Want, aheadQueue), outdated: make(chan struct{}, 1)}
	p.audiences = &pinned[audiences]{p: p, path: wire.AudiencesPath, decode: newAudiences, without: "answers that vary by audience"}
	p.lineup = &pinned[epg.Lineup]{p: p, path: wire.LineupPath, decode: p.readLineup, without: "answers of the guide"}
	for i := range p.corpus {
		p.corpus[i] = &pinned[suggest.Part]{p: p, path: partPath(i), part: p.packPart, decode: readPart, without: "suggestions"}
	}
	if p.cors.varies() {
		p.varyOrigin = "Vary: Origin\r\n"
	}
	p.metrics = newMeters(p)
	if err := p.addRoutes(c.Ops); err != nil {
		return nil, err
	}
	return p, nil
}

// Handle answers a request that the lane has left.
func (p *Proxy) Handle(ctx *fasthttp.RequestCtx) {
	defer p.rescue(ctx)
	id := requestID(ctx)
	target, fl := readTarget(ctx.Request.Header.RequestURI())
	if fl == nil && !sound(&ctx.Request.Header) {
		fl = errMalformed
	}
	if fl != nil {
		ctx.SetConnectionClose()
		p.refuse(ctx, id, fl)
		return
	}
	x := &exchange{p: p, ctx: ctx, id: id, target: target}
	if path, ok := p.mediaPath(target.path); ok {
		x.media(path)
	} else if rt, fl := p.find(ctx, target.path); fl != nil {
		p.refuse(ctx, id, fl)
	} else {
		x.route = rt
		x.serve()
	}
}

// rescue ends a panic: one broken request must not take down the others. fasthttp has no recovery of its own.
func (p *Proxy) rescue(ctx *fasthttp.RequestCtx) {
	if r := recover(); r != nil {
		id := requestID(ctx)
		p.metrics.panics.Inc()
		p.Log.Error("request panicked; it gets 500, report the stack", "panic", r, "request_id", id,
			"method", string(ctx.Method()), "path", string(ctx.Path()), "stack", string(debug.Stack()))
		ctx.Response.Reset()
		p.refuse(ctx, id, fault.Of(nil))
	}
}

var (
	errMalformed = fault.New(fault.BadRequest, "The request is malformed.")
	errNoRoute   = fault.New(fault.NotFound, "There is no such resource.")
)

// requestID is the client's, if it is valid, or a new one.
func requestID(ctx *fasthttp.RequestCtx) string {
	if given := ctx.Request.Header.Peek(wire.RequestID); obs.ValidRequestID(given) {
		return string(given)
	}
	return obs.NewRequestID()
}

// refuse answers with a fault.
func (p *Proxy) refuse(ctx *fasthttp.RequestCtx, id string, f *fault.Fault) {
	p.refuseWith(ctx, id, f, f.Status())
}

func (p *Proxy) refuseWith(ctx *fasthttp.RequestCtx, id string, f *fault.Fault, status int) {
	h := &ctx.Response.Header
	ctx.SetStatusCode(status)
	h.SetContentType("application/json")
	h.Set(fasthttp.HeaderCacheControl, "no-store")
	h.Set(wire.RequestID, id)
	p.cors.mark(ctx)
	if f.RetryAfter > 0 {
		h.Set(fasthttp.HeaderRetryAfter, seconds(f.RetryAfter))
	}
	if f.Allow != "" {
		h.Set(fasthttp.HeaderAllow, f.Allow)
	}
	if f.Code == fault.Unauthorized {
		h.Set(fasthttp.HeaderWWWAuthenticate, "Bearer")
	}
	ctx.SetBody(f.JSON(id))
	p.metrics.refused(status)
}

// find looks the route up: 404 without, 405 when the path has other methods.
func (p *Proxy) find(ctx *fasthttp.RequestCtx, path string) (*route, *fault.Fault) {
	method := string(ctx.Method())
	if h, _ := p.router.Lookup(method, path, ctx); h != nil {
		h(ctx)
		return ctx.UserValue(routeKey).(*route), nil
	}
	return nil, p.noRoute(path)
}

// noRoute is what a request gets that no operation takes.
func (p *Proxy) noRoute(path string) *fault.Fault {
	allowed := p.allowedAt(path)
	if allowed == "" {
		return errNoRoute
	}
	f := fault.New(fault.MethodNotAllowed, "The resource does not have this method.")
	f.Allow = allowed
	return f
}

// allowedAt lists the methods of a path, empty when there is no such path.
func (p *Proxy) allowedAt(path string) string {
	var allowed []string
	for _, m := range p.methods {
		if h, _ := p.router.Lookup(m, path, nil); h != nil {
			allowed = append(allowed, m)
		}
	}
	return strings.Join(allowed, ", ")
}

// exchange is a request on its way through the proxy.
type exchange struct {
	p      *Proxy
	ctx    *fasthttp.RequestCtx
	id     string
	target target
	route  *route
	claims *token.Claims
}

func (x *exchange) serve() {
	switch {
	case x.ctx.IsOptions():
		x.preflight(x.p.allowedAt(x.target.path))
		return
	case x.route.own != nil:
		x.route.own(x)
		return
	}
	if fl := x.authorise(); fl != nil {
		x.p.refuse(x.ctx, x.id, fl)
	} else {
		switch x.route.op.Serve {
		case op.Hot:
			x.hot()
		case op.Composed:
			x.composed()
		case op.Stream:
			x.stream()
		case op.Beat:
			x.beat()
		default:
			x.pass()
		}
	}
	x.p.metrics.latency[latencyOther].UpdateDuration(x.ctx.Time())
}

// authorise verifies the token where one is needed: 401, 403, or 503 while no keys are known.
func (x *exchange) authorise() *fault.Fault {
	access := x.route.op.Access
	if access == op.Public {
		return nil
	}
	raw, ok := bearerToken(x.ctx.Request.Header.Peek(fasthttp.HeaderAuthorization))
	if !ok {
		return fault.New(fault.Unauthorized, "A bearer token is required.")
	}
	claims, err := x.p.Tokens.Verify(raw)
	switch {
	case errors.Is(err, token.ErrNoKeys):
		return fault.Busy("Tokens can't be verified yet.", retryAfter)
	case err != nil:
		return fault.New(fault.Unauthorized, "The bearer token is not valid.")
	case !claims.Allows(access):
		return fault.New(fault.Forbidden, "The token does not permit this operation.")
	}
	x.claims = claims
	return nil
}

// bearerToken reads an Authorization header (RFC 6750, 2.1).
func bearerToken(header []byte) ([]byte, bool) {
	const scheme = "bearer "
	if len(header) <= len(scheme) || !strings.EqualFold(string(header[:len(scheme)]), scheme) {
		return nil, false
	}
	return header[len(scheme):], true
}

const retryAfter = time.Second

// unavailable says why there is no answer now.
func unavailable(err error) *fault.Fault {
	switch {
	case errors.Is(err, fill.ErrBusy):
		return fault.Busy("The service is busy.", retryAfter)
	case errors.Is(err, fill.ErrAway), errors.Is(err, fill.ErrLate):
		return fault.Busy("The service can't answer this now.", retryAfter)
	}
	return fault.Of(err)
}
