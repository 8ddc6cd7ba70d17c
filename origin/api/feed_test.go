package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"encora/origin/apitest"
	"encora/origin/changes"
	"encora/shared/wire"
)

// counter counts the statements of a pool's connections, and of those that are made from its configuration.
type counter struct{ n atomic.Int64 }

// TraceQueryStart implements pgx.QueryTracer.
func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.n.Add(1)
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (c *counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// counted gives the server a hub whose statements are counted.
func (b *bundle) counted() *counter {
	b.t.Helper()
	c := &counter{}
	cfg := b.DB.Pool().Config()
	cfg.ConnConfig.Tracer = c
	pool, err := pgxpool.NewWithConfig(b.t.Context(), cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(pool.Close)
	b.Server.Hub = changes.NewHub(pool, slog.New(slog.NewTextHandler(b.t.Output(), nil)))
	return c
}

func feedPath(epoch string, after uint64, wait time.Duration) string {
	q := url.Values{"epoch": {epoch}, "after": {fmt.Sprint(after)}, "wait_ms": {fmt.Sprint(wait.Milliseconds())}}
	return wire.FeedPath + "?" + q.Encode()
}

// A thousand edges wait over HTTP. They cost no query, and all hear of a change at once.
func TestThousandWaitingPolls(t *testing.T) {
	const edges = 1000
	b := setup(t)
	statements := b.counted()
	b.follow()
	epoch := b.Server.Hub.Epoch()
	heard := make([]time.Time, edges)
	var wg sync.WaitGroup
	for i := range edges {
		wg.Go(func() {
			r, err := http.NewRequestWithContext(t.Context(), "GET", b.Internal+feedPath(epoch, 0, 5*time.Second), nil)
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set("Authorization", "Bearer "+apitest.EdgeKey)
			res, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			var page wire.FeedPage
			if err := json.NewDecoder(res.Body).Decode(&page); err != nil || page.Reset || len(page.Changes) != 1 || page.Changes[0].Pos != 1 {
				t.Errorf("%d %v %+v", res.StatusCode, err, page)
			}
			heard[i] = time.Now()
		})
	}
	b.eventually("not all polls are held", func() bool { return b.Server.Hub.Waiting() == edges })
	acquired, asked, since := b.DB.Pool().Stat().AcquireCount(), statements.n.Load(), time.Now()
	b.eventually("the hub does not read", func() bool { return statements.n.Load() > asked })
	b.created(`{"title": "a"}`)
	committed := time.Now()
	wg.Wait()
	for i, at := range heard {
		if took := at.Sub(committed); at.IsZero() || took > 2*time.Second {
			t.Fatalf("edge %d heard after %v", i, took)
		}
	}
	if used := b.DB.Pool().Stat().AcquireCount() - acquired; used > 2 {
		t.Errorf("%d connections were taken from the pool", used)
	}
	if asked, most := statements.n.Load()-asked, 20+10*int64(time.Since(since)/(500*time.Millisecond)); asked > most {
		t.Errorf("%d statements", asked)
	}
}

func TestFeedOverHTTP(t *testing.T) {
	b := setup(t)
	poll := func(query string) *apitest.Answer {
		t.Helper()
		return b.internal("GET", wire.FeedPath+query, map[string]string{"Authorization": "Bearer " + apitest.EdgeKey})
	}
	if a := poll("?epoch=&after=0&wait_ms=5000"); a.Status != 503 || a.Header.Get("Retry-After") != "1" {
		t.Errorf("before the head is known: %d %v %s", a.Status, a.Header, a.Body)
	}
	b.follow()
	b.created(`{"title": "a"}`)
	b.eventually("the change does not come", func() bool { return b.Server.Hub.Head() == 1 })
	epoch := b.Server.Hub.Epoch()
	f := func(query string, reset bool, changes int) {
		t.Helper()
		a := poll(query)
		var page wire.FeedPage
		if err := json.Unmarshal(a.Body, &page); err != nil || a.Status != 200 || page.Reset != reset || len(page.Changes) != changes || page.Epoch != epoch || page.Head != 1 {
			t.Errorf("%s: %d %s", query, a.Status, a.Body)
		}
		if page.Changes == nil {
			t.Errorf("%s: changes are null in %s", query, a.Body)
		}
	}
	f("", true, 0)
	f("?epoch="+epoch+"&after=0", false, 1)
	f("?epoch="+epoch+"&after=1", false, 0)
	f("?epoch="+epoch+"&after=1&wait_ms=-5", false, 0)
	f("?epoch="+epoch+"&after=1&wait_ms=x", false, 0)
	f("?epoch="+epoch+"&after=x", true, 0)
	f("?epoch="+epoch, true, 0)
	f("?epoch=other&after=1&wait_ms=5000", true, 0)
	f("?epoch="+epoch+"&after=99999999999999999999&wait_ms=2000", true, 0)
	began := time.Now()
	f("?epoch="+epoch+"&after=1&wait_ms=99999999999999", false, 0)
	if took := time.Since(began); took < 4*time.Second || took > 8*time.Second {
		t.Errorf("the longest poll takes %v", took)
	}
}

// An edge that leaves frees its place.
func TestEdgeThatLeaves(t *testing.T) {
	b := setup(t)
	b.follow()
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", b.Internal+feedPath(b.Server.Hub.Epoch(), 0, 5*time.Second), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+apitest.EdgeKey)
	go func() {
		if res, err := http.DefaultTransport.RoundTrip(r); err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
	}()
	b.eventually("the poll is not held", func() bool { return b.Server.Hub.Waiting() == 1 })
	leave()
	b.eventually("the poll is still held", func() bool { return b.Server.Hub.Waiting() == 0 })
}
