package playback

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"encora/shared/fault"
)

// queues lets one caller in at a time for each account.
type queues struct {
	mu   sync.Mutex
	open map[uuid.UUID]*queue
}

type queue struct {
	turn    chan struct{} // of room 1
	waiting int           // including whoever has the turn
}

// enter waits for the account's turn, for as long as ctx lasts.
func (q *queues) enter(ctx context.Context, account uuid.UUID) (leave func(), err error) {
	own := q.join(account)
	select {
	case own.turn <- struct{}{}:
		return func() { <-own.turn; q.part(account, own) }, nil
	case <-ctx.Done():
		q.part(account, own)
		return nil, fault.Busy("Too many streams of this account start at once.", time.Second)
	}
}

func (q *queues) join(account uuid.UUID) *queue {
	q.mu.Lock()
	defer q.mu.Unlock()
	own := q.open[account]
	if own == nil {
		own = &queue{turn: make(chan struct{}, 1)}
		if q.open == nil {
			q.open = map[uuid.UUID]*queue{}
		}
		q.open[account] = own
	}
	own.waiting++
	return own
}

func (q *queues) part(account uuid.UUID, own *queue) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if own.waiting--; own.waiting == 0 {
		delete(q.open, account)
	}
}
