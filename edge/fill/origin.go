// Package fill asks the origin: for answers to cache, one request for all who wait for the same; for the successors of
// answers that the clock will change; for the change feed; and for what is passed through.
package fill

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"encora/shared/wire"
)

// ErrAway reports that the origin can't answer now: it is not reached, too slow, or says so itself.
var ErrAway = errors.New("origin can't be asked")

// ErrSlow is ErrAway of an origin that was reached: asked again, it may have the answer by then.
var ErrSlow = fmt.Errorf("%w: it takes too long", ErrAway)

const (
	maxAnswer  = 16 << 20 // bytes of the largest answer that is read
	maxPage    = 64 << 20
	maxConns   = 1024
	idleConn   = 30 * time.Second
	maxHeaders = 64 << 10 // Tags of a long list are long
)

// Config says where the origin is. All fields are required.
type Config struct {
	URL     *url.URL // of the origin's internal listener: scheme and host
	Key     string   // one of its EDGE_KEYS
	Timeout time.Duration
	Now     func() time.Time
	Log     *slog.Logger
}

// Origin speaks the internal protocol of package wire. It is safe for concurrent use.
type Origin struct {
	base   string
	key    string
	bearer string
	client *fasthttp.HostClient
	feed   *http.Client
	gate   gate
	now    func() time.Time
	limit  time.Duration
	log    *slog.Logger
}

// NewOrigin makes an Origin; nothing is dialled yet.
func NewOrigin(c Config) *Origin {
	addr := c.URL.Host
	if c.URL.Port() == "" {
		addr = net.JoinHostPort(c.URL.Hostname(), map[string]string{"http": "80", "https": "443"}[c.URL.Scheme])
	}
	return &Origin{base: c.URL.Scheme + "://" + c.URL.Host, key: c.Key, bearer: "Bearer " + c.Key, now: c.Now, limit: c.Timeout, log: c.Log,
		feed: &http.Client{Transport: &http.Transport{MaxIdleConns: 1, IdleConnTimeout: idleConn}},
		client: &fasthttp.HostClient{Addr: addr, IsTLS: c.URL.Scheme == "https", MaxConns: maxConns, MaxIdleConnDuration: idleConn,
			DialTimeout:              func(addr string, t time.Duration) (net.Conn, error) { return net.DialTimeout("tcp", addr, t) },
			NoDefaultUserAgentHeader: true, MaxConnWaitTimeout: c.Timeout, MaxResponseBodySize: maxAnswer,
			ReadBufferSize: maxHeaders, ReadTimeout: c.Timeout, WriteTimeout: c.Timeout, DisablePathNormalizing: true,
			// The client would send anything again that it takes for idempotent, PUTs among it, up to five times.
			MaxIdemponentCallAttempts: 1, SecureErrorLogMessage: true}}
}

// Away reports whether the origin was just found not to answer, so that asking would only cost time.
func (o *Origin) Away() bool { return o.gate.shut(o.now()) }

// request is a fill as it goes to the origin.
type request struct {
	path   string // from the internal listener's root, with the query
	asOf   time.Time
	deny   string
	plan   string // value of wire.Plan; empty: nothing is left out
	class  string // value of wire.ClassPos; empty: the answer does not vary by audience
	minPos uint64
	id     string
}

// response is the origin's answer to a fill.
type response struct {
	status      int
	contentType string
	retryAfter  string
	body        []byte
	epoch       string
	pos         uint64
	tagged      bool
	tags        []string
	until       time.Time // zero: never
}

// get fetches an answer. Every error wraps ErrAway.
func (o *Origin) get(r *request) (*response, error) {
	if !o.gate.enter(o.now()) {
		return nil, fmt.Errorf("%w: it did not answer a moment ago", ErrAway)
	}
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	req.SetRequestURI(o.base + r.path)
	h := &req.Header
	h.Set(fasthttp.HeaderAuthorization, o.bearer)
	h.Set(wire.AsOf, r.asOf.UTC().Format(time.RFC3339Nano))
	h.Set(wire.MinPos, strconv.FormatUint(r.minPos, 10))
	h.Set(wire.Deny, r.deny)
	if r.plan != "" {
		h.Set(wire.Plan, r.plan)
	}
	if r.class != "" {
		h.Set(wire.ClassPos, r.class)
	}
	h.Set(wire.RequestID, r.id)
	if err := o.do(req, resp, o.limit); err != nil {
		return nil, err
	}
	return read(resp)
}

// do sends a request within limit. A GET that met a kept connection which the origin had closed meanwhile goes out again,
// once and over a new one; nothing else is ever sent twice.
func (o *Origin) do(req *fasthttp.Request, resp *fasthttp.Response, limit time.Duration) error {
	deadline := o.now().Add(limit)
	err := o.client.DoTimeout(req, resp, limit)
	if err != nil && stale(err) && req.Header.IsGet() {
		if left := deadline.Sub(o.now()); left > 0 {
			o.client.CloseIdleConnections()
			err = o.client.DoTimeout(req, resp, left)
		}
	}
	if err != nil {
		if o.gate.failed(o.now()) {
			o.log.Warn("origin does not answer; the edge serves what it holds and asks now and then: check the origin", "error", err)
		}
		var late net.Error
		if errors.Is(err, fasthttp.ErrTimeout) || errors.As(err, &late) && late.Timeout() {
			return fmt.Errorf("%w: %w", ErrSlow, err)
		}
		return fmt.Errorf("%w: %w", ErrAway, err)
	}
	o.answered()
	return nil
}

func (o *Origin) answered() {
	if o.gate.answered() {
		o.log.Info("origin answers again")
	}
}

func stale(err error) bool {
	return errors.Is(err, fasthttp.ErrConnectionClosed) || errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// read takes over an answer. A 503, and what a broken or missing origin behind a balancer gives, mean that it is away.
func read(resp *fasthttp.Response) (*response, error) {
	h := &resp.Header
	r := &response{status: resp.StatusCode(), contentType: string(h.ContentType()), retryAfter: string(h.Peek(fasthttp.HeaderRetryAfter)),
		body: bytes.Clone(resp.Body()), epoch: string(h.Peek(wire.Epoch))}
	if r.status >= http.StatusInternalServerError && r.status != http.StatusInternalServerError {
		return nil, fmt.Errorf("%w: it answered %d", ErrAway, r.status)
	}
	r.pos, _ = strconv.ParseUint(string(h.Peek(wire.Pos)), 10, 64) // absent: 0, and then it is not stored
	if tags := h.PeekAll(wire.Tags); len(tags) > 0 && r.epoch != "" && r.pos > 0 {
		r.tagged = true
		r.tags = splitTags(bytes.Join(tags, []byte(",")))
	}
	if at := h.Peek(wire.Until); len(at) > 0 {
		until, err := time.Parse(time.RFC3339Nano, string(at))
		if err != nil { // whether the clock changes it can't be told
			r.tagged = false
		}
		r.until = until
	}
	return r, nil
}

func splitTags(list []byte) []string {
	var tags []string
	for tag := range strings.SplitSeq(string(list), ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			tags = append(tags, tag)
		}
	}
	return tags
}

// Pass sends a request that is not cached and reads the answer. The URI is set here, from the path and query given.
func (o *Origin) Pass(req *fasthttp.Request, resp *fasthttp.Response, target string, limit time.Duration) error {
	if !o.gate.enter(o.now()) {
		return fmt.Errorf("%w: it did not answer a moment ago", ErrAway)
	}
	req.SetRequestURI(o.base + wire.PassPrefix + target)
	req.Header.Set(wire.EdgeKey, o.key)
	return o.do(req, resp, limit)
}

// Refusal is the origin's answer when it is no success: a fault for whoever asked.
type Refusal struct {
	Status     int
	Body       []byte
	RetryAfter string
}

// Error implements error.
func (r *Refusal) Error() string {
	return fmt.Sprintf("the origin answers %d: %.200s", r.Status, r.Body)
}

// Tell posts in to a path of the internal listener, and reads the answer into out. The error is a *Refusal or wraps ErrAway.
func (o *Origin) Tell(path string, in, out any, id string, limit time.Duration) error {
	if !o.gate.enter(o.now()) {
		return fmt.Errorf("%w: it did not answer a moment ago", ErrAway)
	}
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	req.SetRequestURI(o.base + path)
	req.Header.SetMethod(fasthttp.MethodPost)
	req.Header.SetContentType("application/json")
	req.Header.Set(fasthttp.HeaderAuthorization, o.bearer)
	req.Header.Set(wire.RequestID, id)
	req.SetBodyRaw(body)
	if err := o.do(req, resp, limit); err != nil {
		return err
	}
	switch status := resp.StatusCode(); {
	case status == http.StatusOK:
		return json.Unmarshal(resp.Body(), out)
	case status > http.StatusInternalServerError:
		return fmt.Errorf("%w: it answered %d", ErrAway, status)
	default:
		return &Refusal{Status: status, Body: bytes.Clone(resp.Body()), RetryAfter: string(resp.Header.Peek(fasthttp.HeaderRetryAfter))}
	}
}

// Feed polls the change feed, which the origin may hold for wait.
func (o *Origin) Feed(ctx context.Context, epoch string, after uint64, wait time.Duration) (*wire.FeedPage, error) {
	ctx, cancel := context.WithTimeout(ctx, wait+1500*time.Millisecond)
	defer cancel()
	query := url.Values{"epoch": {epoch}, "after": {strconv.FormatUint(after, 10)}, "wait_ms": {strconv.FormatInt(wait.Milliseconds(), 10)}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, o.base+wire.FeedPath+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	return o.page(req)
}

func (o *Origin) page(req *http.Request) (*wire.FeedPage, error) {
	req.Header.Set("Authorization", o.bearer)
	resp, err := o.feed.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden {
		return nil, fmt.Errorf("origin refuses EDGE_KEY with %s: it must be one of the origin's EDGE_KEYS", resp.Status)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("feed: origin answered %s", resp.Status)
	}
	var p wire.FeedPage
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxPage)).Decode(&p); err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	o.answered()
	return &p, nil
}
