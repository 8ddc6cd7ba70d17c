package proxy

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"encora/edge/cache"
	"encora/edge/feed"
	"encora/edge/fill"
	"encora/edge/fill/filltest"
	"encora/edge/playback"
	"encora/shared/op"
	"encora/shared/territory"
	"encora/shared/token"
	"encora/shared/wire"
)

// testOps has one operation of every kind.
var testOps = []op.Op{
	{ID: "getMovie", Method: "GET", Path: "/v2/movies/{movie_id}", Access: op.Viewer, Serve: op.Hot, ByAudience: true, Query: []op.Param{{Name: "fields", List: true, Page: true}}},
	{ID: "listMovies", Method: "GET", Path: "/v2/movies", Access: op.Viewer, Serve: op.Hot, ByAudience: true,
		Query: []op.Param{{Name: "cursor", Page: true}, {Name: "genre", List: true}, {Name: "limit", Default: "20", Page: true}}},
	{ID: "listTrailers", Method: "GET", Path: "/v2/movies/{movie_id}/trailers", Access: op.Viewer, Serve: op.Hot},
	{ID: "listSeasons", Method: "GET", Path: "/v2/shows/{show_id}/seasons", Access: op.Viewer, Serve: op.Hot},
	{ID: "getSeason", Method: "GET", Path: "/v2/shows/{show_id}/seasons/{season_number}", Access: op.Viewer, Serve: op.Hot},
	{ID: "getEpisode", Method: "GET", Path: "/v2/shows/{show_id}/seasons/{season_number}/episodes/{episode_number}", Access: op.Viewer, Serve: op.Hot},
	{ID: "getAppConfig", Method: "GET", Path: "/v2/config", Access: op.Public, Serve: op.Hot, MaxAge: 10},
	{ID: "listDevices", Method: "GET", Path: "/v2/devices", Access: op.Viewer, Serve: op.Pass},
	{ID: "registerDevice", Method: "POST", Path: "/v2/devices", Access: op.Viewer, Serve: op.Pass, MaxBody: 1000},
	{ID: "removeDevice", Method: "DELETE", Path: "/v2/devices/{device_id}", Access: op.Viewer, Serve: op.Pass},
	{ID: "analytics", Method: "GET", Path: "/v2/reports", Access: "analytics:read", Serve: op.Pass},
	{ID: "docs", Method: "GET", Path: "/docs", Access: op.Public, Serve: op.Pass},
	{ID: "adminGetMovie", Method: "GET", Path: "/v2/admin/movies/{movie_id}", Access: "content:read", Serve: op.Origin},
	{ID: "getHealth", Method: "GET", Path: "/v2/health", Access: op.Public, Serve: op.Both},
	{ID: "getReadiness", Method: "GET", Path: "/v2/ready", Access: op.Public, Serve: op.Both},
	{ID: "getVersion", Method: "GET", Path: "/v2/version", Access: op.Public, Serve: op.Both},
	{ID: "metrics", Method: "GET", Path: "/metrics", Access: op.Public, Serve: op.Both},
}

// tokens verifies "viewer", "viewer-XX" (of a country), "scope:SCOPE", and those of claims.
type tokens struct {
	none   bool
	claims map[string]*token.Claims
}

func (v *tokens) Ready() bool { return !v.none }

func (v *tokens) Verify(raw []byte) (*token.Claims, error) {
	if c := v.claims[string(raw)]; c != nil && !v.none { // without an allocation, as the verifier
		return c, nil
	}
	s := string(raw)
	switch {
	case v.none:
		return nil, token.ErrNoKeys
	case s == "viewer":
		return &viewerClaims, nil
	case strings.HasPrefix(s, "viewer-"):
		return &token.Claims{AccountID: "a", Country: s[len("viewer-"):], Expires: never}, nil
	case strings.HasPrefix(s, "scope:"):
		return &token.Claims{Scopes: []string{s[len("scope:"):]}}, nil
	case s == "panic":
		panic("a verifier that is broken")
	}
	return nil, fmt.Errorf("%w: unknown", token.ErrInvalid)
}

var (
	never        = time.Now().Add(24 * time.Hour)
	viewerClaims = token.Claims{AccountID: "a", Country: "GB", Expires: never}
)

// cursors are spelled out.
type cursors struct{}

func (cursors) Verify(id, scope, s string) bool { return s == "good-"+id+scope }

func (cursors) Encode(id, scope string, position any) string {
	body, _ := json.Marshal(position)
	return hex.EncodeToString([]byte(id + " " + scope + " " + string(body)))
}

func (c cursors) Decode(id, scope, s string, position any) error {
	raw, err := hex.DecodeString(s)
	body, ok := strings.CutPrefix(string(raw), id+" "+scope+" ")
	if err != nil || !ok {
		return errors.New("not a cursor of this list")
	}
	return json.Unmarshal([]byte(body), position)
}

// bundle is an edge on a socket, over a fake origin on another.
type bundle struct {
	t      testing.TB
	origin *filltest.Origin
	proxy  *Proxy
	server *Server
	addr   string
	tokens *tokens
	docs   map[string]string // bodies by path
	now    func() time.Time
	log    *slog.Logger
	plays  *playback.Settings // nil: this edge holds no sessions
	stop   func()             // ends the background, and returns once it has

	general atomic.Int64 // requests that the lane left
	ready   atomic.Bool  // for a test that starts without the feed
}

type option func(*bundle, *Config, *Timeouts)

func withOrigins(origins ...string) option {
	return func(_ *bundle, c *Config, _ *Timeouts) { c.AllowedOrigins = origins }
}

// setup starts an edge. Every document's body says its path and query, what is denied, and by which filter it was read.
func setup(t testing.TB, options ...option) *bundle {
	t.Helper()
	b := &bundle{t: t, origin: filltest.New(t), tokens: &tokens{}, docs: make(map[string]string), now: time.Now}
	b.origin.Render = b.render
	store, err := cache.NewStore(32 << 20)
	if err != nil {
		t.Fatal(err)
	}
	resolver, err := territory.NewResolver(territory.Config{CountryHeader: "X-Country", TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}})
	if err != nil {
		t.Fatal(err)
	}
	var out io.Writer = io.Discard
	if testing.Verbose() {
		out = os.Stderr
	}
	log := slog.New(slog.NewTextHandler(out, nil))
	c := Config{Ops: testOps, Tokens: b.tokens, Resolver: resolver, Log: log, LostAfter: 5 * time.Second, StaleFor: 24 * time.Hour,
		Patience: 2 * time.Second, PassTimeout: 2 * time.Second, Cursors: cursors{}}
	times := Timeouts{Read: 5 * time.Second, Write: 5 * time.Second, Idle: 5 * time.Second}
	for _, o := range options {
		o(b, &c, &times)
	}
	b.log = log
	client := fill.NewOrigin(fill.Config{URL: b.origin.URL, Key: filltest.Key, Timeout: 900 * time.Millisecond, Now: b.now, Log: log})
	c.Filler = &fill.Filler{Origin: client, Versions: feed.NewVersions(0, b.now()), Clock: feed.NewClock(b.now), Store: store, Log: log}
	c.Filler.Prepare(fill.Limits{Concurrent: 64, Queue: 64})
	var sessions []func(context.Context)
	if b.plays != nil {
		c.Playback = playback.New(playback.NewTable(*b.plays), playback.Config{Origin: client, Timeout: 900 * time.Millisecond, Patience: c.Patience,
			Now: func() int64 { return c.Filler.Clock.Now().UnixMilli() }, Base: c.Filler.Clock.Base, Log: log})
		sessions = append(sessions, c.Playback.Run)
	}
	if b.proxy, err = New(c); err != nil {
		t.Fatal(err)
	}
	next := &fill.Successors{Filler: c.Filler, Query: b.proxy.Query}
	next.Prepare()
	c.Filler.Stored = next.Stored
	b.listen(times)
	tailer := &feed.Tailer{Versions: c.Filler.Versions, Clock: c.Filler.Clock, Jitter: rand.Float64, Applied: b.proxy.Changed, Log: log,
		Poll: func(ctx context.Context, epoch string, after uint64) (*wire.FeedPage, error) {
			return client.Feed(ctx, epoch, after, 500*time.Millisecond)
		}}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { tailer.Run(ctx) })
	running.Go(func() { next.Run(ctx) })
	for _, run := range sessions {
		running.Go(func() { run(ctx) })
	}
	b.stop = func() { cancel(); running.Wait() }
	t.Cleanup(func() { b.stop(); c.Filler.Drain(); store.Close() })
	if b.origin.Mangle == nil {
		b.until("the head of the feed", func() bool { return c.Filler.Versions.State() != nil })
	}
	return b
}

func (b *bundle) listen(times Timeouts) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.t.Fatal(err)
	}
	b.server = NewServer(b.proxy, ln, times, 200)
	b.addr = ln.Addr().String()
	b.server.HTTP.Handler = func(ctx *fasthttp.RequestCtx) { b.general.Add(1); b.proxy.Handle(ctx) }
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- b.server.Run(ctx, 2*time.Second) }()
	b.t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			b.t.Error(err)
		}
	})
}

func (b *bundle) render(a filltest.Ask) filltest.Answer {
	body, ok := b.docs[a.Path]
	if !ok {
		return filltest.Answer{Status: 404, Body: `{"code":"NOT_FOUND","message":"gone","request_id":"origin","details":[]}`, Tags: []string{a.Path}}
	}
	if len(a.Deny) > 0 {
		body += " without " + strings.Join(a.Deny, "+")
	}
	if a.Plan != "" {
		body += " for " + b.filterOf(a.Plan)
	}
	if a.Query != "" {
		body += " by " + a.Query
	}
	return filltest.Answer{Body: body, Tags: []string{a.Path, "movies"}}
}

// filterOf is the hash of the filter that the plan stands for now.
func (b *bundle) filterOf(plan string) string {
	for _, f := range b.origin.Audiences.Filters {
		if f.Plans[0] == plan {
			return f.Hash
		}
	}
	return "a plan that stands for none"
}

// write changes documents and waits until the edge has applied that.
func (b *bundle) write(change func(), tags ...string) {
	b.t.Helper()
	pos := b.origin.Write(change, tags...)
	b.until("the change", func() bool { return b.proxy.applied() >= pos })
}

func (b *bundle) until(what string, cond func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("%s did not come", what)
		}
	}
}

// answer is a response off the wire.
type answer struct {
	*http.Response
	body string
}

// fault is the code of an error's body.
func (a answer) fault() string {
	var e struct {
		Code      string `json:"code"`
		RequestID string `json:"request_id"`
	}
	_ = json.Unmarshal([]byte(a.body), &e)
	if e.RequestID != a.Header.Get("X-Request-Id") {
		return "request_id " + e.RequestID + " in the body of " + a.Header.Get("X-Request-Id")
	}
	return e.Code
}

func (b *bundle) dial() net.Conn {
	b.t.Helper()
	c, err := net.Dial("tcp", b.addr)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

// readAnswer reads one response.
func readAnswer(r *bufio.Reader, method string) (answer, error) {
	resp, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		return answer{}, err
	}
	body, err := io.ReadAll(resp.Body)
	return answer{resp, string(body)}, err
}

// send sends raw bytes on a connection of its own and reads the answer.
func (b *bundle) send(raw string) answer {
	b.t.Helper()
	c := b.dial()
	defer c.Close()
	if _, err := io.WriteString(c, raw); err != nil {
		b.t.Fatal(err)
	}
	a, err := readAnswer(bufio.NewReader(c), strings.SplitN(raw, " ", 2)[0])
	if err != nil {
		b.t.Fatalf("%q: %v", raw, err)
	}
	return a
}

// do sends a request with headers, each "Name: value".
func (b *bundle) do(method, target string, headers ...string) answer {
	b.t.Helper()
	return b.send(request(method, target, headers...))
}

func request(method, target string, headers ...string) string {
	return method + " " + target + " HTTP/1.1\r\nHost: edge\r\n" + strings.Join(append(headers, ""), "\r\n") + "\r\n"
}

const (
	viewer = "Authorization: Bearer viewer"
	// slow keeps a request out of the lane: folded by nobody, but no plain byte.
	slow = "X-Note: \ttab"
)

func (b *bundle) get(target string, headers ...string) answer {
	b.t.Helper()
	return b.do("GET", target, append(headers, viewer)...)
}

// want checks status and body.
func (b *bundle) want(a answer, status int, body string) {
	b.t.Helper()
	if a.StatusCode != status || a.body != body {
		b.t.Errorf("%d %q, want %d %q", a.StatusCode, a.body, status, body)
	}
}

func (b *bundle) wantFault(a answer, status int, code string) {
	b.t.Helper()
	if a.StatusCode != status || a.fault() != code {
		b.t.Errorf("%d %s (%q), want %d %s", a.StatusCode, a.fault(), a.body, status, code)
	}
}

// both runs f for the lane and for the server.
func both(f func(headers ...string)) {
	f()
	f(slow)
}

var long = string(bytes.Repeat([]byte("synopsis of a film "), 100))
