// Package misses measures what happens where a cache is weakest: a crowd that asks for one key nobody has yet, and
// writes that must not cost the answers which they do not change.
package misses

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"encora/loadtest/fakeorigin"
	"encora/loadtest/loopback"
	"encora/loadtest/mdtable"
	"encora/loadtest/process"
	"encora/loadtest/subject"
	"encora/shared/token"
)

// Command is `loadtest misses`.
type Command struct {
	Edge      string        `default:"bin/edge" help:"The edge's binary; a fake origin stands behind it."`
	Requests  int           `default:"10000" help:"Requests for one cold key, each on a connection of its own, all sent at once."`
	FillDelay time.Duration `default:"400ms" help:"How long the fake origin takes to answer."`
	Writes    int           `default:"200" help:"Unrelated writes a second in the second part."`
	Port      int           `default:"19320" help:"First of two ports on 127.0.0.1."`
}

// Run sends the crowd at an edge at rest and at one that hears of writes meanwhile. It fails unless each crowd cost one
// fill and everyone got the same whole answer.
func (c *Command) Run(ctx context.Context, out io.Writer) error {
	if c.Requests < 1 || c.Requests > 15_000 || c.FillDelay < 0 || c.FillDelay > time.Second || c.Writes < 1 || c.Writes > 5000 {
		return errors.New("requests: 1 to 15000; fill-delay: 0 to 1s; writes: 1 to 5000")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	dir, err := os.MkdirTemp("", "encora-misses-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	issuer, err := token.OpenIssuer(filepath.Join(dir, "issuer"))
	if err != nil {
		return err
	}
	viewer, err := issuer.Mint(token.Spec{Role: "viewer"})
	if err != nil {
		return err
	}
	key := rand.Text()
	origin := fakeorigin.New(key, issuer)
	origin.FillDelay = c.FillDelay
	edge, err := c.edge(ctx, origin, key, viewer)
	if err != nil {
		return err
	}
	defer edge.Stop()
	return c.crowds(ctx, out, origin, edge.Addr, viewer)
}

// edge starts the edge before the origin, which it starts too.
func (c *Command) edge(ctx context.Context, origin *fakeorigin.Origin, key, viewer string) (*subject.Subject, error) {
	addr, err := origin.Serve(ctx, fmt.Sprintf("127.0.0.1:%d", c.Port))
	if err != nil {
		return nil, err
	}
	return subject.Edge(ctx, subject.Env{Core: process.AnyCore, Token: viewer}, fmt.Sprintf("127.0.0.1:%d", c.Port+1), subject.EdgeConfig{
		Binary: c.Edge, Origin: "http://" + addr, Key: key, JWKS: "http://" + addr + fakeorigin.JWKSPath,
		Issuer: token.DevIssuer, Audience: token.DevAudience, CacheBytes: 256 << 20,
	}, path(0))
}

func path(n int) string { return "/v2/movies/" + fakeorigin.FilmID(fakeorigin.Small, n) }

func (c *Command) crowds(ctx context.Context, out io.Writer, origin *fakeorigin.Origin, addr, viewer string) error {
	t := &mdtable.Table{Title: fmt.Sprintf("%d concurrent requests for one cold key", c.Requests),
		Columns: []string{"case", "whole answers:", "origin requests:", "all answered within ms:", "cache status"}}
	var faults []error
	for i, name := range []string{"at rest", fmt.Sprintf("%d unrelated writes a second", c.Writes)} {
		stop := func() {}
		if i == 1 {
			stop = emit(ctx, origin, c.Writes)
		}
		before := origin.Fills()
		got, err := crowd(ctx, addr, i+1, viewer, c.Requests)
		stop()
		if err != nil {
			return err
		}
		fills := origin.Fills() - before
		t.Add(name, got.whole, fills, got.took.Milliseconds(), got.statuses())
		if fills != 1 || got.whole != c.Requests {
			faults = append(faults, fmt.Errorf("%s: %d origin requests (want 1), %d of %d answers whole: %w", name, fills, got.whole, c.Requests, got.first))
		}
	}
	if _, err := t.WriteTo(out); err != nil {
		return err
	}
	return errors.Join(faults...)
}

// emit makes the feed tell of writes to other films until stop is called.
func emit(ctx context.Context, origin *fakeorigin.Origin, rate int) func() {
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(time.Second / time.Duration(rate))
		defer tick.Stop()
		for n := 1_000_000; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				origin.Emit("movie:"+fakeorigin.FilmID(fakeorigin.Small, n), "movies")
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
	}
}

// crowded is what the crowd got.
type crowded struct {
	mu    sync.Mutex
	whole int // 200 with the body
	first error
	took  time.Duration
	cache map[string]int
}

// crowd connects everyone first, then lets all of them ask for film n at once.
func crowd(ctx context.Context, addr string, n int, viewer string, size int) (*crowded, error) {
	want, err := fakeorigin.Body(fakeorigin.FilmID(fakeorigin.Small, n))
	if err != nil {
		return nil, err
	}
	conns, err := connect(ctx, addr, size)
	defer hangUp(conns)
	if err != nil {
		return nil, err
	}
	got := &crowded{cache: map[string]int{}}
	request := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer %s\r\n\r\n", path(n), viewer)
	var all sync.WaitGroup
	gate := make(chan struct{})
	for _, conn := range conns {
		all.Go(func() {
			<-gate
			got.add(ask(conn, request, want))
		})
	}
	start := time.Now()
	close(gate)
	all.Wait()
	got.took = time.Since(start)
	return got, nil
}

func connect(ctx context.Context, addr string, size int) ([]net.Conn, error) {
	conns := make([]net.Conn, size)
	dials, ctx := errgroup.WithContext(ctx)
	dials.SetLimit(64)
	for i := range conns {
		dials.Go(func() error {
			conn, err := loopback.Dial(addr)
			if err != nil {
				return err
			}
			conns[i] = conn
			return ctx.Err()
		})
	}
	return conns, dials.Wait()
}

func hangUp(conns []net.Conn) {
	for _, conn := range conns {
		if conn != nil {
			conn.Close()
		}
	}
}

// ask returns the answer's Cache-Status.
func ask(conn net.Conn, request string, want []byte) (string, error) {
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second)) // fails on a closed connection only, as the write then does
	if _, err := io.WriteString(conn, request); err != nil {
		return "", err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != 200 || !bytes.Equal(body, want)) {
		err = fmt.Errorf("status %d with %d bytes", resp.StatusCode, len(body))
	}
	return resp.Header.Get("Cache-Status"), err
}

func (c *crowded) add(cacheStatus string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.whole++
	} else if c.first == nil {
		c.first = err
	}
	c.cache[cacheStatus]++
}

func (c *crowded) statuses() string {
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(c.cache)) {
		parts = append(parts, fmt.Sprintf("%d × %s", c.cache[status], status))
	}
	return strings.Join(parts, ", ")
}
