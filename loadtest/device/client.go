// Package device is the HTTP client of a viewer's device, for generators: one request, one answer, nothing hidden.
package device

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"encora/loadtest/loopback"
)

// Client talks to one edge over a bounded number of kept-alive connections. It never sends a request twice, since a
// repeat would hide a failure.
type Client struct {
	base string
	http fasthttp.HostClient
}

// NewClient checks that base (http://127.0.0.1:8080) is on this machine. An answer may take as long as timeout.
func NewClient(base string, connections int, timeout time.Duration) (*Client, error) {
	base, err := loopback.Base(base)
	if err != nil {
		return nil, err
	}
	return &Client{base: base, http: fasthttp.HostClient{
		Addr: strings.TrimPrefix(base, "http://"), Dial: loopback.Dial, MaxConns: connections,
		MaxIdemponentCallAttempts: 1, MaxIdleConnDuration: 5 * time.Second, NoDefaultUserAgentHeader: true,
		ReadTimeout: timeout, WriteTimeout: timeout, ReadBufferSize: 16 << 10, DisablePathNormalizing: true,
	}}, nil
}

// Request is one request of a viewer's. Empty fields send no header.
type Request struct {
	Op       string // the operation's id, under which the outcome is recorded
	Method   string // empty: GET, or with a body POST
	Path     string // with its query
	Body     string // JSON
	Device   string // X-Device-Id
	Token    string
	Encoding string // Accept-Encoding
	ETag     string // If-None-Match
}

// Answer is what a client can see of a response. Body is only read when asked for.
type Answer struct {
	Status      int
	ETag        string
	CacheStatus string // RFC 9211
	Body        []byte
}

// Fault is an error that names the request and the answer.
func (a Answer) Fault(req Request) error {
	return fmt.Errorf("%s %s: status %d", req.method(), req.Path, a.Status)
}

func (r Request) method() string {
	if r.Method == "" && r.Body != "" {
		return fasthttp.MethodPost
	}
	return cmp.Or(r.Method, fasthttp.MethodGet)
}

// Do sends req; a nil error means that a whole answer came, whatever its status.
func (c *Client) Do(req Request, withBody bool) (Answer, error) {
	q, p := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(q)
	defer fasthttp.ReleaseResponse(p)
	req.write(q, c.base)
	if err := c.http.Do(q, p); err != nil {
		return Answer{}, fmt.Errorf("%s %s: %w", req.method(), req.Path, err)
	}
	a := Answer{
		Status: p.StatusCode(), ETag: string(p.Header.Peek("ETag")), CacheStatus: string(p.Header.Peek("Cache-Status")),
	}
	if withBody {
		a.Body = append(a.Body, p.Body()...)
	}
	return a, nil
}

func (r Request) write(q *fasthttp.Request, base string) {
	q.SetRequestURI(base + r.Path)
	q.Header.SetMethod(r.method())
	for _, h := range [...][2]string{
		{"Authorization", bearer(r.Token)}, {"Accept-Encoding", r.Encoding}, {"If-None-Match", r.ETag}, {"X-Device-Id", r.Device},
	} {
		if h[1] != "" {
			q.Header.Set(h[0], h[1])
		}
	}
	if r.Body != "" {
		q.Header.SetContentType("application/json")
		q.SetBodyString(r.Body)
	}
}

// Keep sets how long a connection may be idle before it is closed; 5 s without.
func (c *Client) Keep(idle time.Duration) { c.http.MaxIdleConnDuration = idle }

// Close ends the idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func bearer(token string) string {
	if token == "" {
		return ""
	}
	return "Bearer " + token
}

// ErrTokens reports a token file without a token.
var ErrTokens = errors.New("no token in the file (bin/origin token --count N --out FILE writes one a line)")

// ReadTokens reads a file of one token a line; empty lines are skipped.
func ReadTokens(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var tokens []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" {
			tokens = append(tokens, line)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if tokens == nil {
		return nil, fmt.Errorf("%s: %w", path, ErrTokens)
	}
	return tokens, nil
}
