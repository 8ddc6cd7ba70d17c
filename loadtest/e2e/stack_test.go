// Package e2e runs the built programs as processes on a private Postgres, and breaks them.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"encora/deploy/local/pg"
	"encora/loadtest/process"
)

// binaries are built once, with the race detector.
var binaries struct {
	sync.Once
	dir string
	err error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if binaries.dir != "" {
		os.RemoveAll(binaries.dir)
	}
	os.Exit(code)
}

func program(t *testing.T, name string) string {
	t.Helper()
	binaries.Do(func() {
		if binaries.dir, binaries.err = os.MkdirTemp("", "encora-e2e-"); binaries.err == nil {
			out, err := exec.Command("go", "build", "-race", "-buildvcs=false", "-o", binaries.dir+"/", "encora/origin", "encora/edge").CombinedOutput()
			if err != nil {
				binaries.err = fmt.Errorf("%w: %s", err, out)
			}
		}
	})
	if binaries.err != nil {
		t.Fatal(binaries.err)
	}
	return filepath.Join(binaries.dir, name)
}

const (
	edgeKey   = "end-to-end edge key"
	cursorKey = "00112233445566778899aabbccddeeff"
)

// stack is one origin with its Postgres, and edges.
type stack struct {
	t        *testing.T
	state    string
	database *pg.Server
	pgPort   int
	url      string
	origin   *process.Process
	addr     string // the origin's, for editors
	internal string
	edges    []string
	running  []*process.Process // the edges
	editor   string
	admin    string
}

// start runs Postgres, the origin, and that many edges until the test ends.
func start(t *testing.T, edges int) *stack {
	t.Helper()
	s := &stack{t: t, state: t.TempDir(), pgPort: freePort(t), addr: freeAddr(t), internal: freeAddr(t)}
	if err := os.Chmod(s.state, 0o711); err != nil {
		t.Fatal(err)
	}
	s.startPostgres()
	t.Cleanup(func() { s.database.Stop() })
	s.run("migrate")
	s.startOrigin()
	t.Cleanup(func() { s.origin.Stop(10 * time.Second) })
	s.editor, s.admin = s.token("--role", "editor"), s.token("--role", "admin")
	s.setUpMedia()
	for range edges {
		s.startEdge()
	}
	return s
}

func (s *stack) startPostgres() {
	s.t.Helper()
	db, err := pg.Start(s.t.Context(), pg.Options{Dir: filepath.Join(s.state, "pg"), Port: s.pgPort})
	if err != nil {
		s.t.Fatal(err)
	}
	s.database, s.url = db, db.URL("postgres")
}

func (s *stack) env() []string {
	return append(os.Environ(), "ENV=development", "STATE_DIR="+s.state, "DATABASE_URL="+s.url, "ORIGIN_ADDR="+s.addr,
		"INTERNAL_ADDR="+s.internal, "EDGE_KEYS="+edgeKey, "CURSOR_KEYS="+cursorKey, "LOG_LEVEL=warn")
}

// run runs one of the origin's commands and returns what it prints.
func (s *stack) run(args ...string) string {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), program(s.t, "origin"), args...)
	cmd.Env = s.env()
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("origin %s: %v\n%s%s", strings.Join(args, " "), err, out, errs.Bytes())
	}
	return strings.TrimSpace(string(out))
}

func (s *stack) token(args ...string) string { return s.run(append([]string{"token"}, args...)...) }

func (s *stack) startOrigin() {
	s.t.Helper()
	s.origin = s.launch("origin", s.env(), "serve")
	s.await("http://" + s.addr + "/v2/ready")
}

func (s *stack) startEdge() { s.startEdgeAt("http://" + s.internal) }

// startEdgeAt starts an edge that finds the origin's internal listener at the URL.
func (s *stack) startEdgeAt(origin string) {
	s.t.Helper()
	addr := freeAddr(s.t)
	env := append(os.Environ(), "EDGE_ADDR="+addr, "ORIGIN_URL="+origin, "EDGE_KEY="+edgeKey, "CURSOR_KEYS="+cursorKey,
		"JWKS_URL=http://"+s.addr+"/.well-known/jwks.json", "TOKEN_ISSUER=encora-dev", "TOKEN_AUDIENCE=encora", "LOG_LEVEL=warn",
		"CDN_CONFIG="+filepath.Join(s.state, "cdn.json"), "MEDIA_DIR="+filepath.Join(s.state, "media"))
	edge := s.launch("edge", env)
	s.t.Cleanup(func() { edge.Stop(10 * time.Second) })
	s.edges, s.running = append(s.edges, "http://"+addr), append(s.running, edge)
	s.await("http://" + addr + "/v2/ready")
}

func (s *stack) launch(name string, env []string, args ...string) *process.Process {
	s.t.Helper()
	cmd := exec.Command(program(s.t, name), args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, s.t.Output(), s.t.Output()
	p, err := process.Start(cmd, process.AnyCore)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// kill ends the origin as a power cut would.
func (s *stack) kill() {
	s.t.Helper()
	s.cut(s.origin)
}

// cut ends a program as a power cut would.
func (s *stack) cut(p *process.Process) {
	s.t.Helper()
	if err := syscall.Kill(p.PID(), syscall.SIGKILL); err != nil {
		s.t.Fatal(err)
	}
	<-p.Done()
}

func (s *stack) await(url string) {
	s.t.Helper()
	eventually(s.t, 30*time.Second, url+" answers 200", func() bool {
		res, err := http.Get(url)
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == 200
	})
}

// eventually asks until it is so.
func eventually(t *testing.T, patience time.Duration, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !so(); {
		if time.Now().After(end) {
			t.Fatalf("not after %v: %s", patience, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", freePort(t))
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// reply is an answer, or the error that came instead.
type reply struct {
	status int
	header http.Header
	body   string
	err    error
}

func (r reply) id() string {
	var v struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal([]byte(r.body), &v) // an answer without an id has none
	return v.ID
}

func call(ctx context.Context, method, url, token, body string, header ...string) reply {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return reply{err: err}
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return reply{err: err}
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return reply{res.StatusCode, res.Header, string(data), err}
}

// edit is an editor's request that must succeed.
func (s *stack) edit(method, path, body string) reply {
	s.t.Helper()
	r := call(s.t.Context(), method, "http://"+s.addr+path, s.editor, body)
	if r.err != nil || r.status > 299 {
		s.t.Fatalf("%s %s: %d %s %v", method, path, r.status, r.body, r.err)
	}
	return r
}

// film creates and publishes a film.
func (s *stack) film(title string) string {
	s.t.Helper()
	return s.filmOf(title, nil)
}

func movie(title, status string) string { return text(movieBody(title, object{"status": status})) }

// see asks an edge as a viewer.
func (s *stack) see(edge int, path, token string) reply {
	s.t.Helper()
	return call(s.t.Context(), "GET", s.edges[edge]+path, token, "")
}

// seen waits until every edge answers the path with the status and a body that holds the text.
func (s *stack) seen(path, token string, status int, text string) {
	s.t.Helper()
	for i := range s.edges {
		eventually(s.t, 5*time.Second, fmt.Sprintf("edge %d: %s is %d with %q", i, path, status, text), func() bool {
			r := s.see(i, path, token)
			return r.status == status && strings.Contains(r.body, text)
		})
	}
}
