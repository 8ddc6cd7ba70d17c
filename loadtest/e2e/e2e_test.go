package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A film's way: drafted, published, changed, blocked for a country, unpublished and gone, at three edges.
func TestFilmReachesEveryPlayer(t *testing.T) {
	t.Parallel()
	s := start(t, 3)
	france, germany := s.token("--country", "FR"), s.token("--country", "DE")
	id := s.edit("POST", "/v2/admin/movies", movie("First", "draft")).id()
	path, at := "/v2/movies/"+id, "/v2/admin/movies/"+id
	s.seen(path, france, 404, "NOT_FOUND")
	s.edit("POST", "/v2/admin/media/assets", fmt.Sprintf(`{"asset_type": "video_master", "target": {"content_type": "movie", "content_id": %q}, "hls_path": "/v.m3u8"}`, id))
	s.edit("POST", at+"/publish", "")
	s.seen(path, france, 200, "First")
	s.seen("/v2/movies", france, 200, "First")
	s.edit("PUT", at, movie("Second", "published"))
	s.seen(path, germany, 200, "Second")
	s.seen("/v2/movies?fields=title", france, 200, "Second")
	s.edit("POST", "/v2/admin/geo-restrictions", fmt.Sprintf(`{"name": "Not in Germany", "policy": "block_list", "territories": ["DE"], "applies_to": [%q]}`, id))
	s.seen(path, germany, 404, "NOT_FOUND")
	s.seen(path, france, 200, "block_list")
	s.seen("/v2/movies", germany, 200, `"data":[]`)
	s.edit("POST", at+"/unpublish", "")
	s.seen(path, france, 404, "NOT_FOUND")
	s.seen("/v2/movies", france, 200, `"data":[]`)
	s.edit("DELETE", at, "")
}

// Nothing that was acknowledged is lost, and a retried key gives one movie and the same body.
func TestKilledDuringWrites(t *testing.T) {
	t.Parallel()
	s := start(t, 0)
	const writes = 200
	create := func(ctx context.Context, n int) reply {
		return call(ctx, "POST", "http://"+s.addr+"/v2/admin/movies", s.editor, movie(fmt.Sprintf("Film %d", n), "draft"), "Idempotency-Key", "key-"+strconv.Itoa(n))
	}
	acked := make([]reply, writes)
	half := make(chan struct{})
	var wg sync.WaitGroup
	next := make(chan int)
	for range 8 {
		wg.Go(func() {
			for n := range next {
				acked[n] = create(t.Context(), n)
			}
		})
	}
	go func() {
		defer close(next)
		for n := range writes {
			if n == writes/2 {
				close(half)
			}
			next <- n
		}
	}()
	<-half
	s.kill()
	wg.Wait()
	s.startOrigin()

	before := 0
	for n := range writes {
		again := create(t.Context(), n)
		if again.status != 201 {
			t.Fatalf("retry of %d: %d %s %v", n, again.status, again.body, again.err)
		}
		if acked[n].status == 201 {
			before++
			if again.body != acked[n].body || again.header.Get("Idempotent-Replayed") != "true" {
				t.Errorf("retry of %d gives another movie: %s, was %s", n, again.body, acked[n].body)
			}
		}
	}
	if before == 0 || before == writes {
		t.Fatalf("%d of %d were acknowledged before the kill: it hit no write", before, writes)
	}
	if r := s.edit("GET", "/v2/admin/movies?limit=1", ""); !strings.Contains(r.body, fmt.Sprintf(`"total_count":%d`, writes)) {
		t.Errorf("there are not exactly %d movies: %s", writes, r.body)
	}
}

// The edge goes on without the origin, says so, and converges when it is back.
func TestOriginAway(t *testing.T) {
	t.Parallel()
	s := start(t, 1)
	viewer := s.token()
	known, unknown := s.film("Known"), s.film("Unknown")
	s.seen("/v2/movies/"+known, viewer, 200, "Known")
	s.kill()
	if r := s.see(0, "/v2/movies/"+known, viewer); r.status != 200 {
		t.Errorf("what the edge holds: %d %s", r.status, r.body)
	}
	began := time.Now()
	r := s.see(0, "/v2/movies/"+unknown, viewer)
	if r.status != 503 || r.header.Get("Retry-After") == "" || time.Since(began) > time.Second {
		t.Errorf("a cold key: %d after %v, Retry-After %q", r.status, time.Since(began), r.header.Get("Retry-After"))
	}
	eventually(t, 10*time.Second, "the edge says that it is on its own", func() bool {
		r := s.see(0, "/v2/movies/"+known, viewer)
		age, _ := strconv.Atoi(r.header.Get("Age"))
		return r.status == 200 && age >= 5 && strings.Contains(r.header.Get("Cache-Status"), "detail=")
	})
	if r := s.see(0, "/v2/ready", ""); r.status != 200 {
		t.Errorf("ready: %d", r.status)
	}
	if r := s.see(0, "/v2/health", ""); r.status != 200 || !strings.Contains(r.body, `"degraded"`) {
		t.Errorf("health: %d %s", r.status, r.body)
	}
	s.startOrigin()
	s.seen("/v2/movies/"+unknown, viewer, 200, "Unknown")
	s.edit("PUT", "/v2/admin/movies/"+known, movie("Known anew", "published"))
	s.seen("/v2/movies/"+known, viewer, 200, "Known anew")
}

// Writes recover within 10 s of Postgres being back.
func TestPostgresRestarts(t *testing.T) {
	t.Parallel()
	s := start(t, 1)
	viewer := s.token()
	id := s.film("Before")
	s.seen("/v2/movies/"+id, viewer, 200, "Before")
	s.database.Stop()
	r := call(t.Context(), "PUT", "http://"+s.addr+"/v2/admin/movies/"+id, s.editor, movie("During", "published"))
	if r.status != 503 || r.header.Get("Retry-After") == "" {
		t.Errorf("a write without a database: %d %s %v", r.status, r.body, r.err)
	}
	s.startPostgres()
	eventually(t, 10*time.Second, "a write succeeds", func() bool {
		return call(t.Context(), "PUT", "http://"+s.addr+"/v2/admin/movies/"+id, s.editor, movie("After", "published")).status == 200
	})
	s.seen("/v2/movies/"+id, viewer, 200, "After")
}

// An edge whose feed is late must not answer the catalogue of now for the territory class of before: a rule that is
// exchanged for another hides a film from the country that both deny at every instant.
func TestExchangedRulesNeverLeak(t *testing.T) {
	t.Parallel()
	s := start(t, 0)
	target, err := url.Parse("http://" + s.internal)
	if err != nil {
		t.Fatal(err)
	}
	var late atomic.Bool
	forward := httputil.NewSingleHostReverseProxy(target)
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		forward.ServeHTTP(&delayed{w, r.URL.Path == "/internal/feed" && late.Load()}, r)
	}))
	t.Cleanup(between.Close)
	s.startEdgeAt(between.URL)
	germany, france := s.token("--country", "DE"), s.token("--country", "FR")
	id := s.film("Blocked")
	path := "/v2/movies/" + id
	rule := s.edit("POST", "/v2/admin/geo-restrictions", ruleFor("One", []string{"DE"}, id)).id()
	s.seen(path, germany, 404, "NOT_FOUND")
	s.seen(path, france, 200, "Blocked")
	late.Store(true)
	for n := range 5 {
		next := s.edit("POST", "/v2/admin/geo-restrictions", ruleFor(fmt.Sprint("Other ", n), []string{"DE", "KP"}, id)).id()
		s.edit("PUT", "/v2/admin/geo-restrictions/"+rule, ruleFor("Detached", []string{"DE"}))
		rule = next
		for m, query := range []string{"", "?fields=title", "?fields=slug", "?fields=id"} {
			if r := s.see(0, fmt.Sprintf("%s%s", path, query), germany); r.status != 404 {
				t.Errorf("exchange %d, read %d: a German viewer gets %d %s", n, m, r.status, r.header.Get("Cache-Status"))
			}
		}
		if r := s.see(0, fmt.Sprintf("/v2/movies?q=blocked&limit=%d", 30+n), germany); r.status != 200 || !strings.Contains(r.body, `"data":[]`) {
			t.Errorf("exchange %d: a German viewer's search: %d %s", n, r.status, r.body)
		}
		if r := s.see(0, path, france); r.status != 200 {
			t.Errorf("exchange %d: a French viewer gets %d %s", n, r.status, r.body)
		}
	}
}

// delayed holds an answer back for longer than a request takes.
type delayed struct {
	http.ResponseWriter
	hold bool
}

func (d *delayed) WriteHeader(status int) {
	if d.hold {
		time.Sleep(time.Second)
	}
	d.ResponseWriter.WriteHeader(status)
}

func ruleFor(name string, countries []string, content ...string) string {
	return fmt.Sprintf(`{"name": %q, "policy": "block_list", "territories": ["%s"], "applies_to": %s}`, name, strings.Join(countries, `", "`),
		strings.ReplaceAll(fmt.Sprintf("%q", append([]string{}, content...)), `" "`, `", "`))
}
