// Package device is the HTTP client of a viewer's device, for generators: one request, one answer, nothing hidden.
package device

import (
	"bufio"
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

// Request is one GET. Empty fields send no header.
type Request struct {
	Op       string // the operation's id, under which the outcome is recorded
	Path     string // with its query
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
	return fmt.Errorf("GET %s: status %d", req.Path, a.Status)
}

// Get sends req; a nil error means that a whole answer came, whatever its status.
func (c *Client) Get(req Request, withBody bool) (Answer, error) {
	q, p := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(q)
	defer fasthttp.ReleaseResponse(p)
	q.SetRequestURI(c.base + req.Path)
	for name, value := range map[string]string{
		"Authorization": bearer(req.Token), "Accept-Encoding": req.Encoding, "If-None-Match": req.ETag,
	} {
		if value != "" {
			q.Header.Set(name, value)
		}
	}
	if err := c.http.Do(q, p); err != nil {
		return Answer{}, fmt.Errorf("GET %s: %w", req.Path, err)
	}
	a := Answer{
		Status: p.StatusCode(), ETag: string(p.Header.Peek("ETag")), CacheStatus: string(p.Header.Peek("Cache-Status")),
	}
	if withBody {
		a.Body = append(a.Body, p.Body()...)
	}
	return a, nil
}

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
