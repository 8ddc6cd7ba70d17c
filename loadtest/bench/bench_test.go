package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"encora/loadtest/closedloop"
	"encora/loadtest/device"
	"encora/loadtest/fakeorigin"
	"encora/loadtest/mdtable"
	"encora/loadtest/process"
	"encora/loadtest/subject"
	"encora/shared/token"
)

// The test binary stands in for the program: the bench starts it as its server and as its client.
func TestMain(m *testing.M) {
	var c struct {
		Closed closedloop.Command  `cmd:""`
		Bare   subject.BareCommand `cmd:""`
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0") // or every child would take a second more under -race
	if len(os.Args) < 2 || os.Args[1] != "closed" && os.Args[1] != "bare" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	parser := kong.Must(&c, kong.BindTo(ctx, (*context.Context)(nil)), kong.BindTo(os.Stdout, (*io.Writer)(nil)))
	k, err := parser.Parse(os.Args[1:])
	parser.FatalIfErrorf(err)
	parser.FatalIfErrorf(k.Run())
}

func newTestRig(t *testing.T, c Command) *rig {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := token.OpenIssuer(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c.Core = process.LastCore()
	dir, err := os.MkdirTemp("", "bench") // t.TempDir lets no other user in, which servers have
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	r := &rig{Command: &c, dir: dir, self: self, issuer: issuer, token: "t", field: &field{}}
	r.generator = closedloop.Generator{Core: c.Core, Dir: r.dir, Self: self}
	t.Cleanup(r.field.stop)
	return r
}

// ports begins a range that test runs beside this one do not use, below those that the system hands out.
func ports(n int) int { return 20_000 + os.Getpid()%800*15 + n }

// Two equal servers must come out about equal, whatever the machine does meanwhile.
func TestContestIsPaired(t *testing.T) {
	r := newTestRig(t, Command{Rounds: 3, Connections: 8, Port: ports(0)})
	r.warmUp, r.round = 100*time.Millisecond, 300*time.Millisecond
	page, err := r.page(t.Context(), pathOf(fakeorigin.Small), fakeorigin.Small)
	if err != nil {
		t.Fatal(err)
	}
	for n, name := range []string{edgeName, bare} {
		s, err := subject.Bare(t.Context(), r.env(r.Core), r.addr(n), []subject.Page{page})
		if err != nil {
			t.Fatal(err)
		}
		s.Name = name
		r.field.peers = append(r.field.peers, s)
		if err := r.verify(t.Context(), s, page); err != nil {
			t.Error(err)
		}
	}
	entrants, err := r.enter(r.field.peers, func(*subject.Subject) (closedloop.Request, error) {
		return closedloop.Request{Path: page.Path, Token: r.token}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	values, ratios := tables("x")
	if err := r.compare(t.Context(), "200", entrants, values, ratios, hitGoals); err != nil {
		t.Fatal(err)
	}
	for _, c := range entrants {
		if len(c.rounds.perSecond) != 3 || len(c.rounds.micros) != 3 || c.rounds.errors != 0 || slices.Min(c.rounds.micros) <= 0 {
			t.Errorf("%s: %+v", c.name, c.rounds)
		}
	}
	if len(values.Rows) != 2 || len(ratios.Rows) != 1 || ratios.Rows[0][1] != bare {
		t.Errorf("tables %v, %v", values.Rows, ratios.Rows)
	}
	if ratio := mdtable.Median(mdtable.Ratios(entrants[0].rounds.perSecond, entrants[1].rounds.perSecond)); ratio < 0.5 || ratio > 2 {
		t.Errorf("equal servers differ by %.2f", ratio)
	}
}

// Without a single other server, and without wrk, the bench says so and compares what is left.
func TestAbsentPeersAreNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // what find() knows beside PATH may be there all the same
	r := newTestRig(t, Command{Rounds: 1, Connections: 2, Port: ports(5), Edge: "absent"})
	r.warmUp, r.round, r.field = 50*time.Millisecond, 100*time.Millisecond, nil
	r.origin = fakeorigin.New("key", r.issuer)
	var err error
	if r.upstream, err = r.origin.Serve(t.Context(), "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	t.Cleanup(func() { r.field.stop() })
	if err := r.hits(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| edge ", "absent: absent: not installed (go build -o bin/edge ./edge)", "| 200, 1536 B  | bare fasthttp", "| 200, 25600 B | bare fasthttp"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("report lacks %q:\n%s", want, out.String())
		}
	}
}

func TestVerifyFindsOtherBytes(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "other")
	}))
	defer server.Close()
	s := &subject.Subject{Name: "x", Addr: strings.TrimPrefix(server.URL, "http://")}
	r := &rig{token: "t"}
	if err := r.verify(t.Context(), s, subject.Page{Path: "/", Body: []byte("other")}); err != nil {
		t.Error(err)
	}
	if err := r.verify(t.Context(), s, subject.Page{Path: "/", Body: []byte("body")}); err == nil {
		t.Error("other bytes passed")
	}
}

func TestGoals(t *testing.T) {
	g := goal{floor: 0.75, aim: 0.85}
	for ratio, want := range map[float64]string{0.74: "BELOW", 0.75: "floor reached", 0.85: "aim reached", 1.2: "aim reached"} {
		if got := g.verdict(ratio); got != want {
			t.Errorf("%.2f: %q, want %q", ratio, got, want)
		}
	}
	if (goal{}).verdict(0.1) != "" || (goal{}).String() != "" || g.String() != "0.75 / 0.85" {
		t.Error("a peer without goal must have no verdict")
	}
}

func TestRelativeTakesTheMedianOfPairs(t *testing.T) {
	table := &mdtable.Table{Columns: []string{"", "", "", "", "", ""}}
	edge := &contestant{name: edgeName, rounds: samples{perSecond: []float64{80, 40, 90}}}
	peer := &contestant{name: nginxStatic, rounds: samples{perSecond: []float64{100, 50, 100}}}
	relative(table, "200", edge, []*contestant{peer}, hitGoals)
	want := []string{"200", nginxStatic, "0.800", "0.800–0.900", "0.80 / 0.90", "floor reached"}
	if !slices.Equal(table.Rows[0], want) {
		t.Errorf("row %q, want %q", table.Rows[0], want)
	}
}

func TestPairsUseEveryTokenAndFilmOnce(t *testing.T) {
	r := newTestRig(t, Command{Keys: 50})
	requests, err := r.pairs()
	if err != nil {
		t.Fatal(err)
	}
	films, tokens := map[string]bool{}, map[string]bool{}
	for _, q := range requests {
		films[q.Path], tokens[q.Token] = true, true
	}
	if len(requests) != 50 || len(films) != 50 || len(tokens) != 50 || requests[0].Path == film(fakeorigin.Small, 0) {
		t.Errorf("%d requests, %d films, %d tokens, beginning with %s", len(requests), len(films), len(tokens), requests[0].Path)
	}
}

func TestHoldKeepsConnectionsOpen(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer t" {
			w.WriteHeader(401)
		}
	}))
	defer server.Close()
	addr := strings.TrimPrefix(server.URL, "http://")
	held, err := hold(t.Context(), addr, "/", "t", 100)
	defer held.close()
	if err != nil {
		t.Fatal(err)
	}
	if err := held.alive("/", "t"); err != nil {
		t.Error(err)
	}
	server.CloseClientConnections()
	if held.alive("/", "t") == nil {
		t.Error("closed connections passed for alive")
	}
	refused, err := hold(t.Context(), addr, "/", "other", 3)
	refused.close()
	if err == nil {
		t.Error("status 401 passed")
	}
}

func TestAskWantsEveryAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/77" {
			w.WriteHeader(500)
		}
	}))
	defer server.Close()
	s := &subject.Subject{Name: "x", Addr: strings.TrimPrefix(server.URL, "http://")}
	request := func(n int) device.Request { return device.Request{Path: fmt.Sprintf("/%d", n)} }
	if err := ask(t.Context(), s, 0, 77, request); err != nil {
		t.Error(err)
	}
	if err := ask(t.Context(), s, 70, 80, request); err == nil || !strings.Contains(err.Error(), "/77") {
		t.Errorf("a failed answer: %v", err)
	}
}

func TestCopiedHeaders(t *testing.T) {
	got := copied(http.Header{"Vary": {"Accept-Encoding"}, "Content-Length": {"5"}, "Connection": {"keep-alive"}, "Etag": {`"x"`}})
	want := []subject.Header{{Name: "Etag", Value: `"x"`}, {Name: "Vary", Value: "Accept-Encoding"}}
	if !slices.Equal(got, want) {
		t.Errorf("copied %v", got)
	}
}

func TestCommandDefaultsAreValid(t *testing.T) {
	var c Command
	if _, err := kong.Must(&c).Parse(nil); err != nil {
		t.Fatal(err)
	}
	if err := c.validate(); err != nil {
		t.Error(err)
	}
	c.Rounds, c.Settle = 0, time.Hour
	if err := c.validate(); err == nil || !strings.Contains(err.Error(), "--rounds") || !strings.Contains(err.Error(), "--settle") {
		t.Errorf("two faults: %v", err)
	}
	if _, err := kong.Must(&c).Parse([]string{"--only", "hits"}); err == nil {
		t.Error("an unknown case was accepted")
	}
}
