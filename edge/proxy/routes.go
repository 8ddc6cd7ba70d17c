package proxy

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"

	"encora/shared/op"
)

// route is an operation as the edge serves it.
type route struct {
	op      *op.Op
	number  int    // in Proxy.routes, and in keys
	headers string // lines that its answers are sent with: Cache-Control and Vary
	vary    string
	own     func(*exchange) // the edge answers itself
	meters  *routeMeters

	// What stands before, between and behind the values of a hot path: one more than there are values. Each value is a whole
	// segment of the path.
	literals []string
}

// routeKey is where the router's handlers leave their route.
type routeKeyType struct{}

var routeKey any = routeKeyType{}

// addRoutes builds the tables. Operations that only the origin serves are unknown here.
func (p *Proxy) addRoutes(ops []op.Op) error {
	p.router.RedirectTrailingSlash, p.router.RedirectFixedPath = false, false
	own := p.ownAnswers()
	for i := range ops {
		o := &ops[i]
		rt := &route{op: o, number: len(p.routes), meters: p.metrics.route(o.ID)}
		switch o.Serve {
		case op.Origin:
			continue
		case op.Both:
			if rt.own = own[o.ID]; rt.own == nil {
				return fmt.Errorf("operation %s: the edge has no answer of its own to it", o.ID)
			}
		case op.Composed:
			if o.ID != opNow && o.ID != opSchedule {
				return fmt.Errorf("operation %s: the edge does not know how to compose it", o.ID)
			}
		case op.Stream, op.Beat:
			if p.Playback == nil {
				return fmt.Errorf("operation %s: the edge holds no sessions", o.ID)
			}
			if o.Serve == op.Beat {
				p.beatRoute = rt
			}
		case op.Hot, op.Pass:
		default:
			return fmt.Errorf("operation %s: serve %q is unknown", o.ID, o.Serve)
		}
		p.prepare(rt)
		p.routes = append(p.routes, rt)
		if err := p.register(rt); err != nil {
			return err
		}
	}
	slices.SortStableFunc(p.hot, func(a, b *route) int { return b.literal() - a.literal() })
	slices.Sort(p.methods)
	return nil
}

// prepare fills in what is derived from the operation.
func (p *Proxy) prepare(rt *route) {
	o := rt.op
	control, vary := "private, no-cache", []string{"Authorization", "Accept-Encoding"}
	if o.MaxAge > 0 {
		control, vary = "public, max-age="+strconv.Itoa(o.MaxAge), vary[1:]
	}
	if p.cors.varies() {
		vary = append(vary, "Origin")
	}
	rt.vary = strings.Join(vary, ", ")
	rt.headers = "Cache-Control: " + control + "\r\nVary: " + rt.vary + "\r\n"
	if o.Serve != op.Hot && o.Serve != op.Composed {
		return
	}
	if o.Method == http.MethodGet {
		rt.literals = literals(o.Path)
		p.hot = append(p.hot, rt)
	}
}

// literals takes a path with {values} apart.
func literals(path string) []string {
	var all []string
	for {
		before, rest, valued := strings.Cut(path, "{")
		all = append(all, before)
		if !valued {
			return all
		}
		_, path, _ = strings.Cut(rest, "}")
	}
}

// literal is how many bytes of the path are its own: of two that cover one path, the one that says more of it is meant.
func (rt *route) literal() int {
	n := 0
	for _, text := range rt.literals {
		n += len(text)
	}
	return n
}

// register tells the router: HEAD wherever GET is, unless that starts something, and OPTIONS for browsers.
func (p *Proxy) register(rt *route) error {
	methods := []string{rt.op.Method}
	if rt.op.Method == http.MethodGet && rt.op.Serve != op.Stream {
		methods = append(methods, http.MethodHead)
	}
	if p.cors != nil && (rt.op.Access == op.Viewer || rt.op.Access == op.Public) {
		methods = append(methods, http.MethodOptions)
	}
	leave := func(ctx *fasthttp.RequestCtx) { ctx.SetUserValue(routeKey, rt) }
	for _, m := range methods {
		if slices.Contains(p.router.List()[m], rt.op.Path) {
			if m == http.MethodOptions { // another method's operation has it already
				continue
			}
			return fmt.Errorf("operation %s: %s %s is another's too", rt.op.ID, m, rt.op.Path)
		}
		p.router.Handle(m, rt.op.Path, leave)
		if !slices.Contains(p.methods, m) {
			p.methods = append(p.methods, m)
		}
	}
	return nil
}

// matchHot finds the route of a GET without a general router: a handful of comparisons, of which the first bytes decide.
func (p *Proxy) matchHot(path []byte) *route {
	for _, rt := range p.hot {
		if rt.covers(path) {
			return rt
		}
	}
	return nil
}

func (rt *route) covers(path []byte) bool {
	if !begins(path, rt.literals[0]) {
		return false
	}
	path = path[len(rt.literals[0]):]
	for _, literal := range rt.literals[1:] {
		n := bytes.IndexByte(path, '/')
		if n < 0 {
			n = len(path)
		}
		if n == 0 || !begins(path[n:], literal) {
			return false
		}
		path = path[n+len(literal):]
	}
	return len(path) == 0
}

func begins(path []byte, literal string) bool {
	return len(path) >= len(literal) && string(path[:len(literal)]) == literal
}

// bodyLimit is how long a body the operation at a path takes, 0 for none. HeaderReceived has no context to look up in,
// and only requests with a body come here.
func (p *Proxy) bodyLimit(method, path string) int64 {
	for _, rt := range p.routes {
		if rt.op.Method == method && samePath(rt.op.Path, path) {
			return rt.op.MaxBody
		}
	}
	return 0
}

// samePath reports whether a path has the shape of a pattern with {values}.
func samePath(pattern, path string) bool {
	for {
		want, moreWanted, w := strings.Cut(pattern, "/")
		got, moreGot, g := strings.Cut(path, "/")
		if w != g || want != got && (got == "" || !strings.HasPrefix(want, "{")) {
			return false
		}
		if !w {
			return true
		}
		pattern, path = moreWanted, moreGot
	}
}
