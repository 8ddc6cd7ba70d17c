package changes

import (
	"context"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"encora/origin/pgdb"
	"encora/origin/pgtest"
	"encora/origin/record"
	"encora/shared/wire"
)

// bundle is a database with a hub that follows it.
type bundle struct {
	t    *testing.T
	url  string
	db   *pgdb.DB
	hub  *Hub
	link *link // between the hub and the database
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := idle(t)
	b.run(b.hub)
	return b
}

// idle is a bundle whose hub does not run.
func idle(t *testing.T) *bundle {
	t.Helper()
	t.Parallel()
	b := &bundle{t: t, url: pgtest.URL(t)}
	var err error
	if b.db, err = pgdb.Open(t.Context(), b.url, 16); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.db.Close)
	b.link = newLink(t, b.url)
	pool, err := pgxpool.New(t.Context(), b.link.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	b.hub = NewHub(pool, slog.New(slog.NewTextHandler(t.Output(), nil)))
	return b
}

// run follows the feed until the test ends, and returns once the head is known.
func (b *bundle) run(h *Hub) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); h.Run(ctx) }()
	b.t.Cleanup(func() { cancel(); <-ended })
	b.eventually("the hub does not vouch for a head", func() bool { return h.Check(ctx) == nil })
}

func (b *bundle) eventually(otherwise string, ok func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatal(otherwise)
		}
	}
}

func (b *bundle) exec(q string, args ...any) {
	b.t.Helper()
	if _, err := b.db.Pool().Exec(b.t.Context(), q, args...); err != nil {
		b.t.Fatalf("%s: %v", q, err)
	}
}

// commit is one write that emits tags.
func (b *bundle) commit(tags ...string) {
	b.t.Helper()
	if err := b.try(b.t.Context(), func(tx *record.Tx) error { tx.Emit(tags...); return nil }); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bundle) try(ctx context.Context, write func(*record.Tx) error) error {
	return b.db.Write(ctx, func(tx pgx.Tx) error {
		w := record.Begin(tx, record.System(""), time.Now())
		if err := write(w); err != nil {
			return err
		}
		return w.Commit(ctx)
	})
}

// fill commits n changes at once.
func (b *bundle) fill(n int) {
	b.t.Helper()
	b.exec(`WITH h AS (UPDATE feed_head SET pos = pos + $1 RETURNING pos)
		INSERT INTO changes SELECT h.pos - $1 + i, now(), ARRAY['t'] FROM h, generate_series(1, $1) i`, n)
}

func (b *bundle) poll(epoch string, after uint64, wait time.Duration) wire.FeedPage {
	b.t.Helper()
	page, err := b.hub.Poll(b.t.Context(), epoch, after, wait)
	if err != nil {
		b.t.Fatal(err)
	}
	return page
}

// background polls beside the test, which can wait for the poll to be held.
func (b *bundle) background(epoch string, after uint64, wait time.Duration) <-chan wire.FeedPage {
	b.t.Helper()
	held := b.hub.Waiting()
	pages := make(chan wire.FeedPage, 1)
	go func() {
		defer close(pages)
		if page, err := b.hub.Poll(b.t.Context(), epoch, after, wait); err == nil {
			pages <- page
		}
	}()
	b.eventually("the poll is not held", func() bool { return b.hub.Waiting() > held })
	return pages
}

func positions(changes []wire.Change) []uint64 {
	var all []uint64
	for _, c := range changes {
		all = append(all, c.Pos)
	}
	return all
}

// link forwards connections to a server. They can be broken, refused from then on, or left open while what they carry
// is swallowed.
type link struct {
	url, target string

	mu     sync.Mutex
	refuse bool
	pairs  []*pair
}

type pair struct {
	near, far net.Conn
	hush      atomic.Bool
}

func newLink(t *testing.T, to string) *link {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &link{target: u.Host}
	u.Host = listener.Addr().String()
	l.url = u.String()
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			l.join(near)
		}
	}()
	t.Cleanup(func() { listener.Close(); l.cut() })
	return l
}

func (l *link) join(near net.Conn) {
	far, err := net.Dial("tcp", l.target)
	if err != nil {
		near.Close()
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuse {
		near.Close()
		far.Close()
		return
	}
	p := &pair{near: near, far: far}
	l.pairs = append(l.pairs, p)
	go p.pump(far, near)
	go p.pump(near, far)
}

func (p *pair) pump(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if p.hush.Load() {
			continue
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

// cut breaks all connections and refuses new ones.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refuse = true
	for _, p := range l.pairs {
		p.near.Close()
		p.far.Close()
	}
	l.pairs = nil
}

// mend takes connections again.
func (l *link) mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refuse = false
}

// swallow leaves the connections open that are there, and carries nothing on them any more.
func (l *link) swallow() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.pairs {
		p.hush.Store(true)
	}
}
