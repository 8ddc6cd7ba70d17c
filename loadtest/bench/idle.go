package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"golang.org/x/sync/errgroup"

	"encora/loadtest/device"
	"encora/loadtest/fakeorigin"
	"encora/loadtest/loopback"
	"encora/loadtest/mdtable"
	"encora/loadtest/subject"
)

// maxIdleKB is what an idle connection may cost the edge in KB.
const maxIdleKB = 20

// idle measures what a kept-alive connection that has had one answer costs each server in resident memory.
func (r *rig) idle(ctx context.Context, out io.Writer) error {
	body, err := fakeorigin.Body(fakeorigin.FilmID(fakeorigin.Small, 0))
	if err != nil {
		return err
	}
	env, pages := r.env(anyCore), []subject.Page{{Path: film(fakeorigin.Small, 0), Body: body, Header: assumed}}
	t := &mdtable.Table{Title: fmt.Sprintf("Resident memory of %d idle connections after one request each", r.Idle),
		Columns: []string{"server", "before MiB:", "with MiB:", "KB each:", "at most:"}}
	for _, s := range []struct {
		name  string
		limit any
		start func() (*subject.Subject, error)
	}{
		{edgeName, maxIdleKB, func() (*subject.Subject, error) { return r.edge(ctx, 7, anyCore, roomy) }},
		{bare, "", func() (*subject.Subject, error) { return subject.Bare(ctx, env, r.addr(8), pages) }},
		{nginxStatic, "", func() (*subject.Subject, error) { return subject.NginxStatic(ctx, env, r.addr(9), pages, true) }},
	} {
		server, err := s.start()
		if errors.Is(err, subject.ErrAbsent) {
			t.Add(fmt.Sprintf("%s: absent, %v", s.name, err), "", "", "", s.limit)
			continue
		}
		if err != nil {
			return err
		}
		before, after, err := r.idleOn(ctx, server)
		server.Stop()
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		t.Add(s.name, mib(before), mib(after), fmt.Sprintf("%.1f", float64(after-before)/float64(r.Idle)/1000), s.limit)
	}
	return write(out, t)
}

func mib(bytes int64) string { return fmt.Sprintf("%.1f", float64(bytes)/(1<<20)) }

// idleOn returns the server's memory before and with the idle connections.
func (r *rig) idleOn(ctx context.Context, s *subject.Subject) (int64, int64, error) {
	path := film(fakeorigin.Small, 0)
	// Some traffic first, so that what every server allocates once is not counted as the connections'.
	if err := ask(ctx, s, 0, 2000, func(int) device.Request { return device.Request{Path: path, Token: r.token} }); err != nil {
		return 0, 0, err
	}
	before, err := s.SettledRSS(r.Settle)
	if err != nil {
		return 0, 0, err
	}
	held, err := hold(ctx, s.Addr, path, r.token, r.Idle)
	defer held.close()
	if err != nil {
		return 0, 0, err
	}
	after, err := s.SettledRSS(r.Settle)
	if err != nil {
		return 0, 0, err
	}
	// A server that closed them meanwhile would look thrifty.
	return before, after, held.alive(path, r.token)
}

// connections are held open and idle; the ones that could not be opened are nil.
type connections []net.Conn

// hold opens n connections and exchanges one request on each.
func hold(ctx context.Context, addr, path, token string, n int) (connections, error) {
	held := make(connections, n)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(askers)
	for i := range held {
		group.Go(func() error {
			conn, err := loopback.Dial(addr)
			if err != nil || ctx.Err() != nil {
				return errors.Join(err, ctx.Err())
			}
			held[i] = conn
			return exchange(conn, path, token)
		})
	}
	return held, group.Wait()
}

func (c connections) close() {
	for _, conn := range c {
		if conn != nil {
			conn.Close()
		}
	}
}

// alive asks again on every tenth connection.
func (c connections) alive(path, token string) error {
	for i := 0; i < len(c); i += 10 {
		if err := exchange(c[i], path, token); err != nil {
			return fmt.Errorf("idle connection %d did not stay open: %w", i, err)
		}
	}
	return nil
}

func exchange(conn net.Conn, path, token string) error {
	_, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer %s\r\n\r\n", path, token)
	if err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK || resp.Close {
		return fmt.Errorf("status %d, connection to be closed: %v", resp.StatusCode, resp.Close)
	}
	return nil
}
