package api

import (
	"context"
	"errors"
	"sync"
	"time"
)

// fills joins questions that many edges ask at once: after a change that many answers carry, each edge asks for the same
// ones. A question is answered by the flight under way when that flight's answer holds for it, too.
type fills struct {
	mu      sync.Mutex
	flights map[string]*flight
}

type flight struct {
	done   chan struct{}
	result fillResult
}

// fillResult is an answer with its provenance. answer is shared: nobody changes it.
type fillResult struct {
	answer *answer
	err    error
	asOf   time.Time
	class  *uint64
	pos    uint64
	until  time.Time // zero: the clock never changes the answer
}

// holds reports whether the result answers another question of the same key as well.
func (f *fillResult) holds(q question) bool {
	return f.answer != nil && !errors.Is(f.err, errClass) && f.pos >= q.least && f.holdsClass(q.class) &&
		!q.asOf.Before(f.asOf) && (f.until.IsZero() || q.asOf.Before(f.until))
}

// holdsClass reports whether a class found at pos was checked as well: the answer's own was found no later.
func (f *fillResult) holdsClass(pos *uint64) bool {
	return pos == nil || f.class != nil && *f.class <= *pos
}

// do answers the question by run, or by a flight of the same key that is under way. A flight outlives the request that
// began it, since others wait for it.
func (g *fills) do(ctx context.Context, key string, q question, run func(context.Context) fillResult) fillResult {
	g.mu.Lock()
	if f := g.flights[key]; f != nil {
		g.mu.Unlock()
		select {
		case <-f.done:
			if f.result.holds(q) {
				return f.result
			}
			return run(ctx)
		case <-ctx.Done():
			return fillResult{err: ctx.Err()}
		}
	}
	f := &flight{done: make(chan struct{}), result: fillResult{err: context.Canceled}}
	if g.flights == nil {
		g.flights = map[string]*flight{}
	}
	g.flights[key] = f
	g.mu.Unlock()
	defer func() { // also when run panics: those who wait go on without an answer
		g.mu.Lock()
		delete(g.flights, key)
		g.mu.Unlock()
		close(f.done)
	}()
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
	defer cancel()
	f.result = run(limited)
	return f.result
}
