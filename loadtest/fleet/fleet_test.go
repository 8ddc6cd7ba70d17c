package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"encora/loadtest/device"
	"encora/loadtest/loopback"
)

// api is a small catalogue of 250 films on three pages that answers as the edge does.
type api struct {
	mu   sync.Mutex
	seen map[string]int // by path and whether If-None-Match came
	fail bool
	dark bool // nothing is on
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.seen[r.URL.Path+" "+r.Header.Get("If-None-Match")]++
	fail := a.fail
	a.mu.Unlock()
	etag := fmt.Sprintf("%q", r.URL.RequestURI()+r.Header.Get("Accept-Encoding"))
	w.Header().Set("ETag", etag)
	switch {
	case fail && strings.HasPrefix(r.URL.Path, "/v2/movies/"):
		w.WriteHeader(503)
	case r.URL.Path != "/v2/config" && r.Header.Get("Authorization") != "Bearer t1":
		w.WriteHeader(401)
	case r.Header.Get("If-None-Match") == etag:
		w.WriteHeader(304)
	case r.URL.Path == "/v2/movies":
		fmt.Fprint(w, movies(r.URL.Query().Get("cursor")))
	case r.URL.Path == "/v2/channels":
		fmt.Fprint(w, `{"data":[{"id":"channel-0"},{"id":"channel-1"},{"id":"channel-2"}]}`)
	case r.URL.Path == "/v2/epg/now" && a.dark:
		fmt.Fprint(w, `{"data":{"channel-0":null}}`)
	case r.URL.Path == "/v2/epg/now":
		fmt.Fprint(w, `{"data":{"channel-0":{"id":"program-0"},"channel-1":null,"channel-2":{"id":"program-2"}}}`)
	case r.URL.Path == "/v2/genres":
		fmt.Fprint(w, `{"data":[{"slug":"drama"},{"slug":"comedy"}]}`)
	default:
		fmt.Fprint(w, `{}`)
	}
}

func movies(cursor string) string {
	from := 0
	fmt.Sscanf(cursor, "c+%d", &from)
	var ids []string
	for i := from; i < min(from+100, 250); i++ {
		ids = append(ids, fmt.Sprintf(`{"id":"film-%d"}`, i))
	}
	next := "null"
	if from+100 < 250 {
		next = fmt.Sprintf(`"c+%d"`, from+100) // the plus sign tells whether cursors are escaped
	}
	return fmt.Sprintf(`{"data":[%s],"meta":{"next_cursor":%s}}`, strings.Join(ids, ","), next)
}

func setup(t *testing.T) (*api, *Command) {
	a := &api{seen: map[string]int{}}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	tokens := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(tokens, []byte("t1\n\nt1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return a, &Command{
		URL: []string{server.URL}, Tokens: tokens, Rate: 1000, Duration: 500 * time.Millisecond, Connections: 8,
		Arrivals: "poisson", Mix: DefaultMix, Films: 1000, Skew: 1.1, Revalidate: 0.5, Timeout: 5 * time.Second,
		Seed: 1, JSON: true, MaxErrors: 0,
	}
}

func TestFleetBrowses(t *testing.T) {
	a, c := setup(t)
	var out bytes.Buffer
	if err := c.Run(context.Background(), &out); err != nil {
		t.Fatal(err)
	}
	var r Result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Rows) != len(browsing)+1 {
		t.Errorf("%d rows, want one for each operation and one for all:\n%s", len(r.Rows), out.String())
	}
	all := r.Rows[len(r.Rows)-1]
	if uint64(all.Count)+r.Dropped != r.Offered || all.Count < 350 || all.Errors != 0 {
		t.Errorf("%+v, %+v", r.Outcome, all)
	}
	if all.Status["3xx"] == 0 {
		t.Error("nothing was revalidated")
	}
	for _, path := range []string{"/v2/channels/channel-2 ", "/v2/epg/programs/program-2 ", "/v2/epg "} {
		if a.seen[path] == 0 {
			t.Errorf("nobody asked for %s", path)
		}
	}
	if a.seen["/v2/channels/channel-1 "] > 0 {
		t.Error("a channel that has nothing on was asked for")
	}
	if a.seen["/v2/movies/film-0 "] < a.seen["/v2/movies/film-100 "] {
		t.Error("film 100 was asked for more often than film 0")
	}
}

func TestFleetNeedsAGuideToWatch(t *testing.T) {
	a, c := setup(t)
	a.dark = true
	if err := c.Run(context.Background(), &bytes.Buffer{}); !errors.Is(err, ErrNothingOn) {
		t.Errorf("nothing is on: %v", err)
	}
	c.Mix = FilmMix
	if err := c.Run(context.Background(), &bytes.Buffer{}); err != nil {
		t.Errorf("for films alone: %v", err)
	}
}

// Each device has its own channels in its own order, whenever it asks.
func TestViewersHaveTheirOwnChannels(t *testing.T) {
	m, err := ParseMix("getEpgNow=1")
	if err != nil {
		t.Fatal(err)
	}
	cat := Catalogue{Films: []string{"film"}, Hour: time.Date(2026, 1, 15, 20, 0, 0, 0, time.UTC)}
	for i := range 30 {
		cat.Channels = append(cat.Channels, fmt.Sprint("channel-", i))
	}
	one, two := newViewer(1, 1, 1.1, m, cat, []string{"t"}), newViewer(1, 2, 1.1, m, cat, []string{"t"})
	path := one.next().Path
	if one.next().Path != path || two.next().Path == path || strings.Count(path, "channel-") != 20 {
		t.Errorf("asks for %s", path)
	}
	if got := one.path(getSchedule); !strings.HasSuffix(got, "&start_time=2026-01-15T20:00:00Z&end_time=2026-01-15T23:00:00Z") {
		t.Errorf("asks for %s", got)
	}
}

func TestWarmUpIsNotCounted(t *testing.T) {
	a, c := setup(t)
	c.WarmUp, c.Mix = 200*time.Millisecond, "listGenres=1"
	var out bytes.Buffer
	if err := c.Run(context.Background(), &out); err != nil {
		t.Fatal(err)
	}
	var r Result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for key, n := range a.seen {
		if strings.HasPrefix(key, "/v2/genres ") {
			asked += n
		}
	}
	if counted := int(r.Rows[0].Count); asked < counted+100 {
		t.Errorf("%d asked, %d counted, want about 200 of a warm-up besides", asked, counted)
	}
}

func TestFleetFailsOnThreshold(t *testing.T) {
	a, c := setup(t)
	f, err := c.fleet()
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Catalogue.Films) != 250 || len(f.Catalogue.Pages) != 3 || len(f.Catalogue.Genres) != 2 {
		t.Errorf("catalogue of %d films, %d pages, %d genres", len(f.Catalogue.Films), len(f.Catalogue.Pages), len(f.Catalogue.Genres))
	}
	a.mu.Lock()
	a.fail = true
	a.mu.Unlock()
	c.JSON = false
	var out bytes.Buffer
	if err := c.Run(context.Background(), &out); err == nil || !strings.Contains(err.Error(), "errors") {
		t.Errorf("err %v, want the threshold named", err)
	}
	if !strings.Contains(out.String(), "5xx") || !strings.Contains(out.String(), "dropped unsent") {
		t.Errorf("table:\n%s", out.String())
	}
}

func TestFleetRefusesBadSettings(t *testing.T) {
	for name, change := range map[string]func(*Command){
		"foreign target": func(c *Command) { c.URL = []string{"http://example.com:80"} },
		"no rate":        func(c *Command) { c.Rate = 0 },
		"endless":        func(c *Command) { c.Duration = 0 },
		"flat Zipf":      func(c *Command) { c.Skew = 1 },
		"odd mix":        func(c *Command) { c.Mix = "deleteMovie=1" },
		"no file":        func(c *Command) { c.Tokens += ".absent" },
	} {
		_, c := setup(t)
		change(c)
		if err := c.Run(context.Background(), &bytes.Buffer{}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	_, c := setup(t)
	c.URL = []string{"http://192.0.2.1:80"}
	if err := c.Run(context.Background(), &bytes.Buffer{}); !errors.Is(err, loopback.ErrTarget) {
		t.Errorf("foreign address: %v", err)
	}
}

func TestMixFollowsWeights(t *testing.T) {
	m, err := ParseMix("listMovies=1, getMovie=3")
	if err != nil {
		t.Fatal(err)
	}
	rng, n := rand.New(rand.NewPCG(1, 1)), map[string]int{}
	for range 40_000 {
		n[m.pick(rng)]++
	}
	if share := float64(n[getMovie]) / 40_000; math.Abs(share-0.75) > 0.01 || len(n) != 2 {
		t.Errorf("getMovie has share %.3f of %v", share, n)
	}
	for _, bad := range []string{"", "getMovie", "getMovie=0", "getMovie=-1", "getMovie=NaN", "getMovie=1,"} {
		if _, err := ParseMix(bad); err == nil {
			t.Errorf("ParseMix(%q) accepted", bad)
		}
	}
}

func TestFailed(t *testing.T) {
	f := func(want bool, req device.Request, status int) {
		t.Helper()
		if got := failed(req, device.Answer{Status: status}); got != want {
			t.Errorf("%s %d with ETag %q: failed = %v", req.Op, status, req.ETag, got)
		}
	}
	f(false, device.Request{Op: listMovies}, 200)
	f(false, device.Request{Op: listMovies, ETag: `"x"`}, 304)
	f(true, device.Request{Op: listMovies}, 304)
	f(false, device.Request{Op: getMovie}, 404)
	f(true, device.Request{Op: listGenres}, 404)
	f(true, device.Request{Op: getMovie}, 401)
	f(true, device.Request{Op: getMovie}, 503)
}
