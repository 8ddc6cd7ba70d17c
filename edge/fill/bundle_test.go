package fill_test

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"encora/edge/cache"
	"encora/edge/feed"
	"encora/edge/fill"
	"encora/edge/fill/filltest"
	"encora/shared/wire"
)

// bundle is everything of the edge below the proxy, over a fake origin.
type bundle struct {
	t      *testing.T
	origin *filltest.Origin
	filler *fill.Filler
	next   *fill.Successors
}

func setup(t *testing.T, o *filltest.Origin, pollWait time.Duration) *bundle {
	t.Helper()
	return setupWithin(t, o, pollWait, 900*time.Millisecond)
}

// setupWithin has a time of its own that a fill may take.
func setupWithin(t *testing.T, o *filltest.Origin, pollWait, limit time.Duration) *bundle {
	t.Helper()
	var out io.Writer = io.Discard
	if testing.Verbose() {
		out = os.Stderr
	}
	log := slog.New(slog.NewTextHandler(out, nil))
	store, err := cache.NewStore(32 << 20)
	if err != nil {
		t.Fatal(err)
	}
	client := fill.NewOrigin(fill.Config{URL: o.URL, Key: filltest.Key, Timeout: limit, Now: time.Now, Log: log})
	b := &bundle{t: t, origin: o}
	b.filler = &fill.Filler{Origin: client, Versions: feed.NewVersions(0, time.Now()), Clock: feed.NewClock(time.Now), Store: store, Log: log}
	b.filler.Prepare(fill.Limits{Concurrent: 64, Queue: 1024})
	b.next = &fill.Successors{Filler: b.filler, Query: func(key string) (*fill.Query, bool) { return query(key), true }}
	b.next.Prepare()
	b.filler.Stored = b.next.Stored
	tailer := &feed.Tailer{Versions: b.filler.Versions, Clock: b.filler.Clock, Jitter: rand.Float64, Log: log,
		Poll: func(ctx context.Context, epoch string, after uint64) (*wire.FeedPage, error) {
			return client.Feed(ctx, epoch, after, pollWait)
		}}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { tailer.Run(ctx) })
	running.Go(func() { b.next.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait(); b.filler.Drain(); store.Close() })
	b.until("the head of the feed", func() bool { return b.filler.Versions.State() != nil })
	return b
}

func query(path string) *fill.Query {
	return &fill.Query{Key: cache.NewKey([]byte(path)), Path: fill.Path(path), RequestID: "test"}
}

// until waits for a condition.
func (b *bundle) until(what string, cond func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("%s did not come", what)
		}
	}
}

// applied waits until the edge has applied the feed up to a position.
func (b *bundle) applied(pos uint64) {
	b.t.Helper()
	b.until("the change", func() bool { return b.filler.Versions.State().Applied() >= pos })
}

// read answers as the edge does: from the store if that is fresh, else by a fill.
func (b *bundle) read(path string) fill.Result {
	q := query(path)
	f := b.filler
	if a := f.Store.Newest(q.Key); a != nil {
		if a.Check(f.Versions.State(), f.Clock.Now().UnixNano()) == cache.Fresh {
			return fill.Result{Answer: a, Stored: true}
		}
		if next := f.TakeOver(q.Key, a, f.Versions.State(), f.Clock.Now().UnixNano()); next != nil {
			return fill.Result{Answer: next, Stored: true}
		}
	}
	return f.Fill(q, time.Now().Add(5*time.Second))
}

func (b *bundle) want(path, body string) {
	b.t.Helper()
	r := b.read(path)
	if r.Err != nil {
		b.t.Fatalf("%s: %v", path, r.Err)
	}
	if got := string(r.Answer.IdentityBody()); got != body {
		b.t.Errorf("%s: %q, want %q", path, got, body)
	}
}
