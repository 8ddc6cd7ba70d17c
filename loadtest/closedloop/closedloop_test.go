package closedloop

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/valyala/fasthttp"

	"encora/loadtest/process"
)

// The test binary stands in for the program: started with "closed" it is its command.
func TestMain(m *testing.M) {
	os.Setenv("GORACE", "atexit_sleep_ms=0") // or every child would take a second more under -race
	if len(os.Args) > 1 && os.Args[1] == "closed" {
		var c Command
		parser := kong.Must(&c)
		_, err := parser.Parse(os.Args[2:])
		parser.FatalIfErrorf(err)
		parser.FatalIfErrorf(c.Run(context.Background(), os.Stdout))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// server remembers which requests came, by path, token, ETag and host.
type server struct {
	mu   sync.Mutex
	seen map[string]int
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // a client that goes away shows in the result
	s.mu.Lock()
	s.seen[r.URL.Path+" "+r.Header.Get("Authorization")+" "+r.Header.Get("If-None-Match")+said(r, body)]++
	s.mu.Unlock()
	if r.Header.Get("If-None-Match") != "" {
		w.WriteHeader(304)
		return
	}
	if r.URL.Path == "/bad" {
		w.WriteHeader(500)
	}
	w.Write([]byte("body"))
}

// said is the method, type and body of what is no GET.
func said(r *http.Request, body []byte) string {
	if r.Method == http.MethodGet {
		return ""
	}
	return fmt.Sprintf("%s %s %s", r.Method, r.Header.Get("Content-Type"), body)
}

func run(t *testing.T, wrk string, requests ...Request) (*server, Result) {
	t.Helper()
	s := &server{seen: map[string]int{}}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	g := Generator{Core: process.LastCore(), Dir: t.TempDir(), Wrk: wrk, Self: self}
	plan, err := g.Prepare("plan", Plan{Requests: requests, Connections: 4})
	if err != nil {
		t.Fatal(err)
	}
	r, err := g.Run(context.Background(), plan, strings.TrimPrefix(h.URL, "http://"), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	h.Close() // so that s may be read
	return s, r
}

// clients runs f with each client that is there; the own one always is.
func clients(t *testing.T, f func(t *testing.T, wrk string)) {
	t.Parallel()
	t.Run("own", func(t *testing.T) {
		t.Parallel()
		f(t, "")
	})
	t.Run("wrk", func(t *testing.T) {
		t.Parallel()
		wrk, err := exec.LookPath("wrk")
		if err != nil {
			t.Skip("wrk is not installed; the bench uses the own client then, which is tested above")
		}
		f(t, wrk)
	})
}

func TestOneRequest(t *testing.T) {
	clients(t, func(t *testing.T, wrk string) {
		s, r := run(t, wrk, Request{Path: "/v2/movies/1", Token: "t", ETag: `"e"`})
		if n := s.seen[`/v2/movies/1 Bearer t "e"`]; len(s.seen) != 1 || n < 10 {
			t.Errorf("server saw %v", s.seen)
		}
		if r.Requests < 10 || r.Errors != 0 || r.Elapsed < 900*time.Millisecond || r.PerSecond() < 10 {
			t.Errorf("result %+v", r)
		}
	})
}

func TestManyRequestsTakeTurns(t *testing.T) {
	clients(t, func(t *testing.T, wrk string) {
		s, _ := run(t, wrk, Request{Path: "/a", Token: "t1"}, Request{Path: "/b", Token: "t2"}, Request{Path: "/a", Token: "t1"})
		a, b := s.seen["/a Bearer t1 "], s.seen["/b Bearer t2 "]
		if len(s.seen) != 2 || b == 0 || a < b || a > 3*b {
			t.Errorf("server saw %v, want /a about twice as often as /b", s.seen)
		}
	})
}

func TestBodiesArePosted(t *testing.T) {
	clients(t, func(t *testing.T, wrk string) {
		const post = "POST application/json "
		s, r := run(t, wrk, Request{Path: "/a", Token: "t", Body: `{"n":1}`}, Request{Path: "/a", Token: "t", Body: `{"n":2}`}, Request{Path: "/b"})
		if len(s.seen) != 3 || s.seen["/a Bearer t "+post+`{"n":1}`] == 0 || s.seen["/a Bearer t "+post+`{"n":2}`] == 0 || s.seen["/b  "] == 0 || r.Errors > 0 {
			t.Errorf("server saw %v, %d errors", s.seen, r.Errors)
		}
		if s, _ := run(t, wrk, Request{Path: "/a", Body: `{"n":1}`}); len(s.seen) != 1 || s.seen["/a  "+post+`{"n":1}`] == 0 {
			t.Errorf("a plan of one: server saw %v", s.seen)
		}
	})
}

func TestErrorsAreCounted(t *testing.T) {
	clients(t, func(t *testing.T, wrk string) {
		_, r := run(t, wrk, Request{Path: "/bad"})
		if r.Errors == 0 || r.Errors < r.Requests/2 {
			t.Errorf("%+v, want every request an error", r)
		}
	})
}

func TestShareDividesPlans(t *testing.T) {
	f := func(plan, connections, want int) {
		t.Helper()
		requests := make([]*fasthttp.Request, plan)
		for i := range requests {
			requests[i] = &fasthttp.Request{}
			requests[i].SetRequestURI(fmt.Sprintf("/%d", i))
		}
		seen := map[string]int{}
		for w := range connections {
			for _, r := range share(requests, w, connections) {
				seen[string(r.RequestURI())]++
			}
		}
		if len(seen) != plan {
			t.Errorf("%d requests over %d connections: %d are sent", plan, connections, len(seen))
		}
		for path, n := range seen {
			if n != want {
				t.Errorf("%d requests over %d connections: %s is sent by %d", plan, connections, path, n)
			}
		}
	}
	f(1, 4, 4)
	f(3, 4, 4)
	f(4, 4, 1)
	f(10, 4, 1)
}

func TestParseRefusesOutputWithoutSummary(t *testing.T) {
	for _, out := range []string{"", "unable to connect", "SUMMARY 1 0 0\n", "SUMMARY x y z\n"} {
		if r, err := parse(out); err == nil {
			t.Errorf("parse(%q) = %+v", out, r)
		}
	}
	r, err := parse("Running 3s test\nSUMMARY 5000 2000000 3\n")
	if err != nil || r.PerSecond() != 2500 || r.Errors != 3 {
		t.Errorf("%+v, %v", r, err)
	}
}
