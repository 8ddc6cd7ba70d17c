package subject

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"encora/loadtest/process"
)

// The test binary stands in for the program: started with "bare" it is that command.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "bare" {
		var c BareCommand
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		parser := kong.Must(&c)
		_, err := parser.Parse(os.Args[2:])
		parser.FatalIfErrorf(err)
		parser.FatalIfErrorf(c.Run(ctx))
		return
	}
	os.Exit(m.Run())
}

var pages = []Page{
	{Path: "/v2/movies/a", Body: []byte(`{"id":"a"}`), Header: header("a")},
	{Path: "/v2/movies/b", Body: bytes.Repeat([]byte("b"), 25600), Header: header("b")},
}

func header(id string) []Header {
	return []Header{{"Content-Type", "application/json"}, {"Etag", `"` + id + `"`}, {"Cache-Control", "private, no-cache"},
		{"Vary", "Authorization, Accept-Encoding"}, {"Cache-Status", `"edge"; hit; detail='$x'`}, {"Date", "now"}}
}

// upstream answers the pages as the fake origin's plain side does, and counts.
func upstream(t *testing.T) (string, *atomic.Int64) {
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		for _, p := range pages {
			if p.Path == r.URL.Path {
				for _, h := range p.Header {
					if h.Name != "Date" {
						w.Header().Set(h.Name, h.Value)
					}
				}
				w.Write(p.Body)
				return
			}
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://"), &asked
}

func free(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// env has a folder that other users can enter, which t.TempDir can't promise.
func env(t *testing.T) Env {
	dir, err := os.MkdirTemp("", "subject")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Env{Dir: dir, Core: process.LastCore(), Self: self, Token: "t"}.chmod(t)
}

func (e Env) chmod(t *testing.T) Env {
	if err := os.Chmod(e.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return e
}

// check fetches every page twice, with two tokens, and wants the same bytes, headers included.
func check(t *testing.T, s *Subject, err error) {
	t.Helper()
	if errors.Is(err, ErrAbsent) {
		t.Skipf("%v: the bench names it as absent", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	for _, token := range []string{"t1", "t2"} {
		for _, p := range pages {
			h, status, body, err := s.Fetch(t.Context(), p.Path, token, "")
			if err != nil || status != 200 || !bytes.Equal(body, p.Body) {
				t.Errorf("%s: status %d, %d bytes, %v", p.Path, status, len(body), err)
			}
			for _, want := range p.Header {
				if got := h.Get(want.Name); got != want.Value && want.Name != "Etag" && want.Name != "Date" && want.Name != "Cache-Status" {
					t.Errorf("%s has %s: %q, want %q", p.Path, want.Name, got, want.Value)
				}
			}
			if h.Get("Date") == "" || h.Get("Date") == "now" || !strings.HasPrefix(h.Get("Cache-Status"), `"edge"; hit`) {
				t.Errorf("%s: headers %v", p.Path, h)
			}
			if s.Validates {
				if _, status, _, err := s.Fetch(t.Context(), p.Path, token, h.Get("ETag")); status != 304 {
					t.Errorf("%s with its ETag %s: status %d, %v", p.Path, h.Get("ETag"), status, err)
				}
			}
		}
	}
	if rss, err := s.RSS(); err != nil || rss < 1<<20 {
		t.Errorf("RSS %d, %v", rss, err)
	}
	if _, err := s.CPU(); err != nil || s.Version == "" {
		t.Errorf("CPU: %v; version %q", err, s.Version)
	}
}

func TestBare(t *testing.T) {
	t.Parallel()
	s, err := Bare(t.Context(), env(t), free(t), pages)
	check(t, s, err)
	if _, status, _, _ := s.Fetch(t.Context(), "/other", "t", ""); status != 404 {
		t.Errorf("unknown path: %d", status)
	}
}

func TestNginxStatic(t *testing.T) {
	for _, sendfile := range []bool{true, false} {
		t.Run(fmt.Sprint("sendfile ", sendfile), func(t *testing.T) {
			t.Parallel()
			s, err := NginxStatic(t.Context(), env(t), free(t), pages, sendfile)
			check(t, s, err)
		})
	}
}

func TestNginxCache(t *testing.T) {
	t.Parallel()
	up, asked := upstream(t)
	s, err := NginxCache(t.Context(), env(t), free(t), up, pages)
	check(t, s, err)
	if n := asked.Load(); n != int64(len(pages)) {
		t.Errorf("upstream was asked %d times for %d pages", n, len(pages))
	}
}

func TestVarnish(t *testing.T) {
	t.Parallel()
	up, asked := upstream(t)
	s, err := Varnish(t.Context(), env(t), free(t), up, pages)
	check(t, s, err)
	if n := asked.Load(); n != int64(len(pages)) {
		t.Errorf("upstream was asked %d times for %d pages", n, len(pages))
	}
}

func TestStopEndsTheWorkersToo(t *testing.T) {
	t.Parallel()
	s, err := NginxStatic(t.Context(), env(t), free(t), pages, true)
	if errors.Is(err, ErrAbsent) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	tree := process.Tree(s.running.PID())
	s.Stop()
	if len(tree) < 2 {
		t.Errorf("processes %v, want a master and a worker", tree)
	}
	for _, pid := range tree {
		if err := syscall.Kill(pid, 0); err == nil {
			t.Errorf("process %d of %v is left", pid, tree)
		}
	}
}

func TestStartReportsWhatTheServerSaid(t *testing.T) {
	t.Parallel()
	s := &Subject{Name: "x", Addr: free(t)}
	if _, err := s.start(t.Context(), env(t), "/", exec.Command("sh", "-c", "echo no such option; exit 3")); err == nil ||
		!strings.Contains(err.Error(), "no such option") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("a server that ends: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := s.start(ctx, env(t), "/", exec.Command("sh", "-c", "echo waiting; exec sleep 60")); err == nil ||
		!strings.Contains(err.Error(), "waiting") {
		t.Errorf("a server that does not answer: %v", err)
	}
}

func TestFasthttpVersionIsTheOneLinked(t *testing.T) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		t.Skip("no build information")
	}
	for _, dep := range info.Deps {
		if dep.Path == "github.com/valyala/fasthttp" && dep.Version != fasthttpVersion {
			t.Errorf("linked %s, but the table says %s", dep.Version, fasthttpVersion)
		}
	}
}

func TestAbsentProgramsAreNamed(t *testing.T) {
	_, err := Edge(t.Context(), env(t), free(t), EdgeConfig{Binary: t.TempDir() + "/edge"}, "/")
	if !errors.Is(err, ErrAbsent) || !strings.Contains(err.Error(), "/edge") {
		t.Errorf("edge: %v", err)
	}
	if _, err := find("no-such-server"); !errors.Is(err, ErrAbsent) || !strings.Contains(err.Error(), "no-such-server") {
		t.Errorf("server: %v", err)
	}
}
