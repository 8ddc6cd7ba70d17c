package proxy

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"encora/edge/cache"
	"encora/edge/fill"
)

// pinned is an internal answer that nearly every request needs, kept decoded. Like every other answer it is good while its
// tags and instant are.
type pinned[T any] struct {
	p       *Proxy
	path    string                            // on the internal listener, and the key
	part    func(body []byte) ([]byte, error) // as of fill.Query
	decode  func(*cache.Answer) (*T, error)
	without string // what can't be answered when it can't be decoded, for the log
	current atomic.Pointer[pin[T]]
}

// pin is the answer with what it says.
type pin[T any] struct {
	answer *cache.Answer
	value  *T
	// asOf is the feed position as of which it is known to be right; from answer.Pos() to there it was.
	asOf uint64
	// stale is set when it may be older than that, because the origin could not be asked.
	stale bool
	how   outcome // how it was come by
}

// good returns what is held if it is good at the moment. It allocates nothing; asOf is not set.
func (s *pinned[T]) good(m *moment) *pin[T] {
	if held := s.current.Load(); held != nil && m.good(held.answer) {
		return held
	}
	return nil
}

// held returns what is held if it is good and was right at position least or later.
func (s *pinned[T]) held(least uint64) (pin[T], bool) {
	m, ok := s.p.moment(s.p.clock.Base())
	if !ok {
		return pin[T]{}, false
	}
	applied := m.world.Applied() // before it is judged: up to here nothing has changed it, if it is good
	held := s.good(&m)
	if held == nil {
		return pin[T]{}, false
	}
	now := pin[T]{answer: held.answer, value: held.value, asOf: max(applied, held.answer.Pos()), how: m.hit(held.answer)}
	return now, now.asOf >= least
}

// old returns what is held if it may be served while the origin can't be asked, and was right at position least or later.
func (s *pinned[T]) old(least uint64) (pin[T], bool) {
	m, ok := s.p.moment(s.p.clock.Base())
	held := s.current.Load()
	if !ok || held == nil || !m.servable(held.answer) || held.answer.Pos() < least {
		return pin[T]{}, false
	}
	return pin[T]{answer: held.answer, value: held.value, asOf: held.answer.Pos(), stale: true, how: m.stale(held.answer)}, true
}

// get returns what was right at position least or later, fetching it when what is held is no longer good. While the origin
// can't be asked, an older one does, unless something was taken away since.
func (s *pinned[T]) get(id string, least uint64, deadline time.Time) (pin[T], error) {
	if now, ok := s.held(least); ok {
		return now, nil
	}
	if s.p.Filler.Origin.Away() {
		if old, ok := s.old(least); ok {
			return old, nil
		}
	}
	r := s.p.Filler.Fill(&fill.Query{Key: cache.NewKey([]byte(s.path)), Path: s.path, Least: least, Part: s.part, RequestID: id}, deadline)
	if r.Err == nil && r.Answer.Status() != http.StatusOK {
		r.Err = fmt.Errorf("%s: the origin answers %d", s.path, r.Answer.Status())
	}
	if r.Err != nil {
		if old, ok := s.old(least); ok {
			return old, nil
		}
		return pin[T]{}, r.Err
	}
	held, fwd := s.current.Load(), "stale"
	if held == nil {
		fwd = "uri-miss"
	}
	if held == nil || held.answer != r.Answer {
		value, err := s.decode(r.Answer)
		if err != nil {
			s.p.Log.Error("an answer of the origin can't be read; "+s.without+" get 500: run edges and origin of versions that fit", "path", s.path, "error", err)
			return pin[T]{}, err
		}
		held = &pin[T]{answer: r.Answer, value: value}
		s.current.Store(held)
	}
	return pin[T]{answer: held.answer, value: held.value, asOf: r.Answer.Pos(), how: filled(r, fwd)}, nil
}
