package api

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"encora/shared/fault"
	"encora/shared/op"
)

// keepBytes bounds what is kept.
const keepBytes = 32 << 20

// joined counts the questions that were answered by another's flight.
var joined = metrics.NewCounter("encora_fills_joined_total")

// fills joins questions that many edges ask: after a change that many answers carry, each edge asks for the same ones. A question is
// answered by the flight under way, or one that just came to an end, when that flight's answer holds for it, too.
type fills struct {
	mu      sync.Mutex
	flights map[string]*flight
	keepFor time.Duration // how long a flight is there for others once it has ended
	kept    int           // bytes of answers of these
	viewers chan struct{} // places of those answers that are read at once for viewers; nil: any number
	turns   chan struct{} // the same of what edges ask for on their own
}

// limit sets how many answers are read at once. To what no viewer waits for goes a quarter as many more.
func (g *fills) limit(n int) {
	g.viewers, g.turns = make(chan struct{}, n), make(chan struct{}, max(1, n/4))
}

// enter waits for a place, in the order of coming: what is asked for after a change that very many answers carry is done sooner one
// after the other than all at once, and the others' connections stay free.
func (g *fills) enter(ctx context.Context, e *Entry) (leave func(), err error) {
	places := g.viewers
	switch {
	case e.inTurn:
		places = g.turns
	case e.Serve != op.Hot:
		places = nil
	}
	if places == nil {
		return func() {}, nil
	}
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-ctx.Done():
		return nil, fault.Busy("Too many answers are being asked for.", time.Second)
	}
}

type flight struct {
	done   chan struct{}
	result fillResult
	size   int // of the answer, once it is kept
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

// do answers the question by run, or by a flight of the same key. A flight outlives the request that began it, since others wait
// for it.
func (g *fills) do(ctx context.Context, key string, q question, run func(context.Context) fillResult) fillResult {
	for {
		f, leads := g.board(key)
		if leads {
			return g.fly(ctx, key, f, run)
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return fillResult{err: ctx.Err()}
		}
		if f.result.holds(q) {
			joined.Inc()
			return f.result
		}
		g.forget(key, f)
	}
}

// board finds the flight of the key, or begins one.
func (g *fills) board(key string) (*flight, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f := g.flights[key]; f != nil {
		return f, false
	}
	f := &flight{done: make(chan struct{}), result: fillResult{err: context.Canceled}}
	if g.flights == nil {
		g.flights = map[string]*flight{}
	}
	g.flights[key] = f
	return f, true
}

func (g *fills) fly(ctx context.Context, key string, f *flight, run func(context.Context) fillResult) fillResult {
	defer func() { // also when run panics: those who wait go on without an answer
		g.keep(key, f)
		close(f.done)
	}()
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
	defer cancel()
	f.result = run(limited)
	return f.result
}

// keep leaves an answer where it is for a moment, if there is room; of all else only those who wait hear.
func (g *fills) keep(key string, f *flight) {
	g.mu.Lock()
	defer g.mu.Unlock()
	size := 0
	if f.result.answer != nil {
		size = len(key) + len(f.result.answer.body) + 1
	}
	if size == 0 || g.keepFor == 0 || g.kept+size > keepBytes {
		delete(g.flights, key)
		return
	}
	f.size = size
	g.kept += size
	time.AfterFunc(g.keepFor, func() { g.forget(key, f) })
}

// forget ends a flight that has ended, unless another has taken its place.
func (g *fills) forget(key string, f *flight) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.flights[key] == f {
		delete(g.flights, key)
		g.kept -= f.size
	}
}
