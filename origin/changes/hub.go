// Package changes serves the change feed: a gapless list of tags in commit order, by long poll, to any number of edges
// with one reader of the database. DESIGN.md beside this file says why it is shaped so.
package changes

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"encora/shared/wire"
)

const (
	// ringSize is how many changes an edge may be behind before it starts a new world.
	ringSize = 1 << 16
	// pageSize bounds the changes of one answer.
	pageSize = 2000
	// readEvery is how often the table is read when no notification comes: notifications only wake.
	readEvery = 500 * time.Millisecond
	// blindAfter is how long the hub may fail to read before it stops vouching for its head.
	blindAfter = 2 * time.Second
)

// ErrBlind says that the database could not be read lately, so that the head is unknown.
var ErrBlind = errors.New("change feed: the database could not be read")

// Hub holds the newest changes in memory and wakes waiting polls. Its zero value is not useful; make one with NewHub.
type Hub struct {
	pool *pgxpool.Pool
	log  *slog.Logger

	mu       sync.Mutex
	epoch    string
	ring     []wire.Change // contiguous positions, the last one is head
	head     uint64
	readAt   time.Time     // when the head was last read
	advanced chan struct{} // closed and replaced when the head moves
	waiting  int
}

// NewHub makes a hub that reads from pool. It answers nothing before Run has read the head.
func NewHub(pool *pgxpool.Pool, log *slog.Logger) *Hub {
	return &Hub{pool: pool, log: log, advanced: make(chan struct{})}
}

// Run reads the feed until ctx ends. It outlives failures of the database.
func (h *Hub) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := h.follow(ctx); err != nil && ctx.Err() == nil {
			h.log.Warn("change feed lost the database; trying again", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(readEvery):
			}
		}
	}
}

// follow listens and reads on one connection of its own until it breaks.
func (h *Hub) follow(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, h.pool.Config().ConnConfig.Copy())
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, `LISTEN encora_changes`); err != nil {
		return err
	}
	if err := h.identify(ctx, conn); err != nil {
		return err
	}
	for {
		if err := h.read(ctx, conn); err != nil {
			return err
		}
		if err := waitForNotice(ctx, conn); err != nil {
			return err
		}
	}
}

func waitForNotice(ctx context.Context, conn *pgx.Conn) error {
	wait, cancel := context.WithTimeout(ctx, readEvery)
	defer cancel()
	_, err := conn.WaitForNotification(wait)
	if err != nil && wait.Err() != nil && ctx.Err() == nil {
		return nil // nothing came in time: read all the same
	}
	return err
}

// identify computes the epoch and, when it is new, starts over from the database's present feed. The epoch changes with
// the cluster, its timeline, the database and the table: after any kind of restore, positions mean something else.
func (h *Hub) identify(ctx context.Context, conn *pgx.Conn) error {
	const q = `
		SELECT s.system_identifier::text || '/' || c.timeline_id || '/' || d.oid || '/' || 'changes'::regclass::oid, f.pos,
		       f.pos - (SELECT count(*) FROM changes WHERE pos > f.pos - $1)
		FROM pg_control_system() s, pg_control_checkpoint() c, pg_database d, feed_head f
		WHERE d.datname = current_database()`
	var identity string
	var head, known uint64
	if err := conn.QueryRow(ctx, q, ringSize/4).Scan(&identity, &head, &known); err != nil {
		return fmt.Errorf("identify the feed: %w", err)
	}
	epoch := fmt.Sprintf("%016x", xxhash.Sum64String(identity))
	h.mu.Lock()
	defer h.mu.Unlock()
	if epoch == h.epoch && head >= h.head {
		return nil
	}
	h.epoch, h.ring, h.head = epoch, nil, known // the ring begins with what edges may have missed while we were away
	return nil
}

// read takes over everything past the head.
func (h *Hub) read(ctx context.Context, conn *pgx.Conn) error {
	for {
		began := time.Now()
		found, err := after(ctx, conn, h.position())
		if err != nil {
			return err
		}
		if err := h.append(found, began); err != nil {
			return err
		}
		if len(found) < pageSize {
			return nil
		}
	}
}

func after(ctx context.Context, conn *pgx.Conn, pos uint64) ([]wire.Change, error) {
	const q = `SELECT pos, tags FROM changes WHERE pos > $1 ORDER BY pos LIMIT $2`
	rows, err := conn.Query(ctx, q, pos, pageSize)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[wire.Change])
}

func (h *Hub) position() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.head
}

func (h *Hub) append(found []wire.Change, readAt time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(found) > 0 {
		for _, c := range found {
			if c.Pos != h.head+1 {
				h.epoch = "" // identify starts over
				return fmt.Errorf("gap in the change feed: %d follows %d", c.Pos, h.head)
			}
			h.head = c.Pos
		}
		h.ring = append(h.ring, found...)
		if len(h.ring) > 2*ringSize {
			h.ring = append([]wire.Change(nil), h.ring[len(h.ring)-ringSize:]...)
		}
		close(h.advanced)
		h.advanced = make(chan struct{})
	}
	h.readAt = readAt
	return nil
}

// Head is the newest position known, for logs and metrics.
func (h *Hub) Head() uint64 { return h.position() }

// Waiting is how many polls are held at the moment.
func (h *Hub) Waiting() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.waiting
}

// Epoch identifies the feed; empty while it is unknown.
func (h *Hub) Epoch() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.epoch
}

// Check is ErrBlind while the hub can't vouch for its head.
func (h *Hub) Check(context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.blind() {
		return ErrBlind
	}
	return nil
}

func (h *Hub) blind() bool { return h.epoch == "" || time.Since(h.readAt) > blindAfter }

// Poll answers what follows position after of the given epoch, waiting up to wait while there is nothing. It returns
// ErrBlind when the hub can't vouch for its head.
func (h *Hub) Poll(ctx context.Context, epoch string, after uint64, wait time.Duration) (wire.FeedPage, error) {
	arrived := time.Now()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		page, advanced, err := h.page(epoch, after, arrived)
		if err != nil || page.Reset || len(page.Changes) > 0 {
			return page, err
		}
		if !h.hold(ctx, advanced, timer.C) {
			page, _, err = h.page(epoch, after, arrived)
			return page, err
		}
	}
}

// hold waits for an advance and reports whether it came.
func (h *Hub) hold(ctx context.Context, advanced <-chan struct{}, over <-chan time.Time) bool {
	h.count(1)
	defer h.count(-1)
	select {
	case <-advanced:
		return true
	case <-over:
	case <-ctx.Done():
	}
	return false
}

func (h *Hub) count(n int) {
	h.mu.Lock()
	h.waiting += n
	h.mu.Unlock()
}

func (h *Hub) page(epoch string, after uint64, arrived time.Time) (wire.FeedPage, <-chan struct{}, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.blind() {
		return wire.FeedPage{}, nil, ErrBlind
	}
	p := wire.FeedPage{Epoch: h.epoch, Head: h.head, Now: time.Now().UTC(), WaitedMS: max(0, h.readAt.Sub(arrived).Milliseconds())}
	oldest := h.head - uint64(len(h.ring)) // a poll from here on can be continued
	if epoch != h.epoch || after < oldest || after > h.head {
		p.Reset = true
		return p, nil, nil
	}
	rest := h.ring[after-oldest:]
	p.Changes = rest[:min(len(rest), pageSize)]
	return p, h.advanced, nil
}
