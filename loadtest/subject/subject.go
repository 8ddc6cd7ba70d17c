// Package subject starts the servers that a bench compares: the edge, a bare fasthttp server, nginx with files, nginx as
// a cache and Varnish, each tuned for the task, in a folder of its own, and all on the same bytes.
package subject

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"encora/loadtest/process"
)

// ErrAbsent reports a program that is not on this machine.
var ErrAbsent = errors.New("not installed")

// Page is one answer that every subject gives: identity-encoded JSON with the headers that the edge sends.
type Page struct {
	Path   string // without a query: every query gets the same
	Status int    // of the bare server, which has no ETags to compare; 0 is 200
	Body   []byte
	Header []Header
}

// Header is one header line.
type Header struct {
	Name, Value string
}

// Env is what subjects need of the machine.
type Env struct {
	Dir   string // readable by the servers' own users; each subject makes a folder in it
	Core  int    // process.AnyCore: not pinned
	Self  string // path of this program
	Token string // a viewer token, which the edge asks for
}

// Subject is a running server.
type Subject struct {
	Name      string
	Version   string
	Addr      string // host:port
	Validates bool   // answers If-None-Match with 304
	running   *process.Process
}

// CPU is the time that the server's processes have used.
func (s *Subject) CPU() (time.Duration, error) { return process.CPU(s.running.PID()) }

// RSS is the resident memory of the server's processes in bytes.
func (s *Subject) RSS() (int64, error) { return process.RSS(s.running.PID()) }

// SettledRSS is RSS once it has stayed put for the given time.
func (s *Subject) SettledRSS(quiet time.Duration) (int64, error) {
	return process.SettledRSS(s.running.PID(), quiet)
}

// Stop ends the server.
func (s *Subject) Stop() { s.running.Stop(5 * time.Second) }

// startWithin is how long a server may take until it answers: Varnish compiles its configuration first.
const startWithin = 20 * time.Second

// start runs the server and waits until it answers path with 200.
func (s *Subject) start(ctx context.Context, env Env, path string, cmd *exec.Cmd) (*Subject, error) {
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	var err error
	if s.running, err = process.Start(cmd, env.Core); err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	if err := s.ready(ctx, path, env.Token); err != nil {
		s.Stop()
		return nil, fmt.Errorf("%s: %w; it said: %.2000s", s.Name, err, &said)
	}
	return s, nil
}

func (s *Subject) ready(ctx context.Context, path, token string) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		_, status, _, err := s.Fetch(ctx, path, token, "")
		if err == nil && status == http.StatusOK {
			return nil
		}
		select {
		case <-s.running.Done():
			return fmt.Errorf("ended: %v", s.running.Wait())
		case <-ctx.Done():
			return fmt.Errorf("does not answer %s: status %d, %v", path, status, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Fetch asks for path in identity encoding over a connection of its own and returns the headers, status and body.
func (s *Subject) Fetch(ctx context.Context, path, token, etag string) (http.Header, int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Addr+path, nil)
	if err != nil {
		return nil, 0, nil, err
	}
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	return exchange(req, token)
}

// Post is Fetch that sends JSON.
func (s *Subject) Post(ctx context.Context, path, token, body string) (http.Header, int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.Addr+path, strings.NewReader(body))
	if err != nil {
		return nil, 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	return exchange(req, token)
}

func exchange(req *http.Request, token string) (http.Header, int, []byte, error) {
	req.Header.Set("Authorization", "Bearer "+token)
	client := http.Client{Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true, Proxy: nil}}
	resp, err := client.Do(req)
	if err != nil {
		return nil, 0, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.Header, resp.StatusCode, body, err
}

// folder makes the subject's folder.
func (e Env) folder(name string) (string, error) {
	dir := filepath.Join(e.Dir, name)
	return dir, os.MkdirAll(dir, 0o755)
}

// find looks for a server's program, also where an ordinary user's PATH does not lead.
func find(name string) (string, error) {
	for _, candidate := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, ErrAbsent)
}
