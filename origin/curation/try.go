package curation

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/google/uuid"
)

const (
	screenTime = 5 * time.Second // after which no rail is begun
	railTime   = 2 * time.Second // for each statement of a rail
	tryAgain   = 5 * time.Second // after which a screen that lacks a rail is asked for again
)

var errNoTime = errors.New("the rails above it took too long")

// try does a part of the screen under a savepoint. One that fails is left out, and the screen asked for again soon; what is
// returned is only what breaks the screen itself: the connection is lost.
func (s *screen) try(ctx context.Context, id uuid.UUID, what string, part func() error) error {
	left := min(railTime, time.Until(s.over))
	if left <= 0 {
		s.leaveOut(id, what, errNoTime)
		return nil
	}
	if _, err := s.Exec(ctx, fmt.Sprintf(`SAVEPOINT part; SET LOCAL statement_timeout = %d`, left.Milliseconds()+1)); err != nil {
		return err
	}
	if cause := part(); cause != nil {
		if _, err := s.Exec(ctx, `ROLLBACK TO SAVEPOINT part`); err != nil {
			return err
		}
		s.leaveOut(id, what, cause)
		return nil
	}
	s.domain.failing.over(id)
	_, err := s.Exec(ctx, `RELEASE SAVEPOINT part`)
	return err
}

func (s *screen) leaveOut(id uuid.UUID, what string, cause error) {
	again := s.AsOf.Add(tryAgain)
	s.Until(&again)
	metrics.GetOrCreateCounter(`encora_home_rails_left_out_total{type="` + what + `"}`).Inc()
	if s.domain.failing.first(id) {
		s.domain.Log.Error("a rail of the home screen fails and is left out until it works again; look at the cause, or take the rail from the layout",
			"rail", id, "type", what, "error", cause)
	}
}

// failing are the rails that are left out now, so that each is told of once, not at every asking.
type failing struct {
	mu    sync.Mutex
	rails map[uuid.UUID]bool
}

// first notes that a rail fails, and reports whether it is new that it does.
func (f *failing) first(id uuid.UUID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rails[id] {
		return false
	}
	if f.rails == nil || len(f.rails) >= 1000 { // of layouts long gone
		f.rails = map[uuid.UUID]bool{}
	}
	f.rails[id] = true
	return true
}

// over notes that a rail works.
func (f *failing) over(id uuid.UUID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.rails, id)
}
