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
	told     uint64        // the head that waiting polls know of
	readAt   time.Time     // when the last read of the head began
	read     chan struct{} // closed and replaced when the head was read
	advanced chan struct{} // closed and replaced when it moved
	waiting  int
}

// NewHub makes a hub that reads from pool. It answers nothing before Run has read the head.
func NewHub(pool *pgxpool.Pool, log *slog.Logger) *Hub {
	return &Hub{pool: pool, log: log, read: make(chan struct{}), advanced: make(chan struct{})}
}

// Run reads the feed until ctx ends. It outlives failures of the database, and tells of one once a minute.
func (h *Hub) Run(ctx context.Context) {
	said, at := "", time.Time{}
	for ctx.Err() == nil {
		err := h.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		if err.Error() != said || time.Since(at) > time.Minute {
			said, at = err.Error(), time.Now()
			h.log.Warn("change feed lost the database; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(readEvery):
		}
	}
}

// continues reports whether the feed is still the one that the ring holds.
func (h *Hub) continues(epoch string, head uint64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return epoch == h.epoch && head >= h.head
}

// restart begins the ring again after a position.
func (h *Hub) restart(epoch string, known uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.epoch, h.ring, h.head, h.readAt = epoch, nil, known, time.Time{}
}

func (h *Hub) append(found []wire.Change) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, c := range found {
		if want := h.head + uint64(i) + 1; c.Pos != want {
			h.epoch = "" // starts over
			return fmt.Errorf("gap in the change feed: %d where %d was due", c.Pos, want)
		}
	}
	if len(found) == 0 {
		return nil
	}
	h.head += uint64(len(found))
	h.ring = append(h.ring, found...)
	if len(h.ring) > 2*ringSize {
		h.ring = append([]wire.Change(nil), h.ring[len(h.ring)-ringSize:]...)
	}
	return nil
}

// vouch notes that everything up to the head of the moment when the read began has been taken over, and wakes the polls
// that this answers.
func (h *Hub) vouch(head uint64, began time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.head < head {
		h.epoch = ""
		return fmt.Errorf("gap in the change feed: it ends at %d and should reach %d", h.head, head)
	}
	if restarted := h.readAt.IsZero(); restarted || h.head != h.told {
		renew(&h.advanced)
	}
	h.readAt, h.told = began, h.head
	renew(&h.read)
	return nil
}

func renew(c *chan struct{}) {
	close(*c)
	*c = make(chan struct{})
}

// Head is the newest position known, for logs and metrics.
func (h *Hub) Head() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.head
}

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

// Await waits until the head was read, or for as long as the hub may be without it.
func (h *Hub) Await(ctx context.Context) {
	h.mu.Lock()
	read, blind := h.read, h.blind()
	h.mu.Unlock()
	if !blind {
		return
	}
	late := time.NewTimer(blindAfter)
	defer late.Stop()
	select {
	case <-read:
	case <-late.C:
	case <-ctx.Done():
	}
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
		page, more, err := h.page(epoch, after, arrived)
		if err != nil || page.Reset || len(page.Changes) > 0 {
			return page, err
		}
		if !h.hold(ctx, more, timer.C) {
			page, _, err = h.page(epoch, after, arrived)
			return page, err
		}
	}
}

// hold waits for more and reports whether it came.
func (h *Hub) hold(ctx context.Context, more <-chan struct{}, over <-chan time.Time) bool {
	h.count(1)
	defer h.count(-1)
	select {
	case <-more:
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

// page answers a poll that arrived at an instant. Where there is nothing to say yet, the channel tells when there may be.
func (h *Hub) page(epoch string, after uint64, arrived time.Time) (wire.FeedPage, <-chan struct{}, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.blind() {
		return wire.FeedPage{}, nil, ErrBlind
	}
	p := wire.FeedPage{Epoch: h.epoch, Head: h.head, Changes: []wire.Change{}, Now: time.Now().UTC(),
		WaitedMS: max(0, h.readAt.Sub(arrived).Milliseconds())}
	oldest := h.head - uint64(len(h.ring)) // a poll from here on can be continued
	switch {
	case epoch != h.epoch || after < oldest:
		p.Reset = true
	case after > h.head:
		// Another origin may have read further than this one has. A read that began later tells.
		p.Reset = h.readAt.After(arrived)
		return p, h.read, nil
	default:
		rest := h.ring[after-oldest:]
		p.Changes = rest[:min(len(rest), pageSize)]
	}
	return p, h.advanced, nil
}
