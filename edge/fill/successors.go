package fill

import (
	"context"
	"sync"
	"time"

	"encora/edge/cache"
)

const (
	horizon    = time.Hour // an answer that is due within it gets a successor
	sweepEvery = 15 * time.Second
	soon       = 2 * sweepEvery // an answer that is due within it gets one at once
	jobs       = 4096
	workers    = 2 // few: nobody waits for them
)

// Successors fetches, ahead of time, the answers that follow when the clock alone changes one: at that instant the edge
// needs nobody, and a crowd that waits for it finds the answer there.
//
// A sweep over the store finds what comes within the hour. That takes a few milliseconds, where a queue of everything that is
// due some day would cost each entry more memory than the rest of its bookkeeping.
type Successors struct {
	Filler *Filler
	// Query makes the query of a stored key; false when the key is not asked for any more.
	Query func(key string) (*Query, bool)

	due chan *cache.Answer
}

// Prepare makes it usable.
func (s *Successors) Prepare() { s.due = make(chan *cache.Answer, jobs) }

// Offer queues an answer for which a successor is wanted by now. When the queue is full a later sweep finds it.
func (s *Successors) Offer(a *cache.Answer) bool {
	if !s.wanted(a) {
		return true
	}
	select {
	case s.due <- a:
		return true
	default:
		return false
	}
}

// Stored is told of every answer that takes its place in the store. Most leave their successors to a sweep: right after a change
// that very many answers carry, viewers wait for the answers.
func (s *Successors) Stored(a *cache.Answer) {
	if a.Until() <= s.Filler.Clock.Now().Add(soon).UnixNano() {
		s.Offer(a)
	}
}

func (s *Successors) wanted(a *cache.Answer) bool {
	if a.Until() == cache.Never || a.Next() != nil {
		return false
	}
	now := s.Filler.Clock.Now().UnixNano()
	return a.Until() <= now+int64(horizon) && a.Check(s.Filler.Versions.State(), now) == cache.Fresh
}

// Run fetches successors until ctx ends.
func (s *Successors) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for range workers {
		wg.Go(func() { s.work(ctx) })
	}
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.sweep()
		}
	}
}

func (s *Successors) sweep() {
	if s.Filler.Versions.State() != nil {
		s.Filler.Store.Each(s.Offer)
	}
}

func (s *Successors) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case a := <-s.due:
			if s.wanted(a) {
				s.fetch(a)
			}
		}
	}
}

// fetch fills for the instant at which a is over. An answer that was replaced meanwhile needs no successor any more.
func (s *Successors) fetch(a *cache.Answer) {
	q, ok := s.Query(a.Key())
	if !ok {
		return
	}
	defer s.Filler.rescue(q)
	if !s.Filler.acquire() {
		return
	}
	defer func() { <-s.Filler.places }()
	s.Filler.fills.Add(1)
	r := s.Filler.fetch(q, time.Unix(0, a.Until()), a.Pos())
	if r.Err == nil && !r.Passed && r.Answer.World() == a.World() {
		s.Filler.Store.SetNext(q.Key, a, r.Answer)
	}
}
