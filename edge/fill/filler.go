package fill

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"encora/edge/cache"
	"encora/edge/feed"
	"encora/shared/wire"
)

// ErrBusy reports that too many fills wait already.
var ErrBusy = errors.New("too many fills are waiting")

// ErrLate reports that the caller's deadline came before the answer.
var ErrLate = errors.New("the answer did not come in time")

// OutdatedClass reports that the audience map has changed since the query's class was found in it. A map that was read at
// Pos tells the class of today.
type OutdatedClass struct{ Pos uint64 }

// Error implements error.
func (e *OutdatedClass) Error() string {
	return "the audience map has changed up to position " + strconv.FormatUint(e.Pos, 10)
}

// Query asks for one answer.
type Query struct {
	Key     cache.Key // must not change any more
	Path    string    // on the internal listener, with the canonical query
	Deny    string    // value of wire.Deny
	Plan    string    // value of wire.Plan
	Class   string    // value of wire.ClassPos, if the answer varies by audience
	Least   uint64    // feed position that the answer's snapshot must hold, beside what is applied
	Headers string    // header lines that the answer is to be sent with
	// Part turns the body of a success into the form in which it is kept, to compose answers from; nil: it is an answer.
	Part      func(body []byte) ([]byte, error)
	RequestID string
}

// Result is what came of a Query.
type Result struct {
	Answer *cache.Answer // stored, or to be passed on as it is
	// Passed is set when the answer is not of a kind that is stored: an error that the origin gave.
	Passed bool
	Stored bool
	Joined bool  // another request had asked already
	Err    error // ErrAway, ErrBusy, ErrLate or unexpected
}

// Limits bound how much is asked of the origin at once.
type Limits struct {
	Concurrent int // fills under way
	Queue      int // fills that wait for a place
}

// Filler fetches answers, one request for all who ask for the same key. It is safe for concurrent use.
type Filler struct {
	Origin   *Origin
	Versions *feed.Versions
	Clock    *feed.Clock
	Store    *cache.Store
	Log      *slog.Logger
	// Stored is called with every answer that takes its place in the store; it must not block.
	Stored func(a *cache.Answer)

	places  chan struct{}
	queue   int64
	waiting atomic.Int64
	fills   atomic.Uint64 // requests that went to the origin; also numbers them
	panics  atomic.Uint64

	mu      sync.Mutex
	flights map[string]*flight
	flying  sync.WaitGroup
}

// Prepare makes the filler usable.
func (f *Filler) Prepare(l Limits) {
	f.places = make(chan struct{}, l.Concurrent)
	f.queue = int64(l.Queue)
	f.flights = make(map[string]*flight)
}

// Drain waits for the flights under way, once nobody calls Fill any more.
func (f *Filler) Drain() { f.flying.Wait() }

// Fills counts the requests that went to the origin.
func (f *Filler) Fills() uint64 { return f.fills.Load() }

// Panics counts the fills that ended in a panic.
func (f *Filler) Panics() uint64 { return f.panics.Load() }

// flight is one request to the origin and whoever waits for it.
type flight struct {
	done   chan struct{}
	number uint64 // of its request to the origin
	result Result
}

// need is what a caller's answer must include: every change that was applied when it asked, which was after the
// request of this number had gone to the origin.
type need struct {
	epoch  string
	pos    uint64
	number uint64
}

// Fill returns an answer that is fresh, or at least as new as everything that was applied when Fill was called. It joins
// the flight under way for the key, and starts another when that one's snapshot turns out to be too old.
func (f *Filler) Fill(q *Query, deadline time.Time) Result {
	st := f.Versions.State()
	if st == nil {
		return Result{Err: fmt.Errorf("%w: the change feed was not read yet", ErrAway)}
	}
	n := need{epoch: st.Epoch, pos: st.Applied(), number: f.fills.Load()}
	timer := time.NewTimer(deadline.Sub(f.Clock.Base()))
	defer timer.Stop()
	for {
		fl, leads := f.board(q)
		select {
		case <-fl.done:
		case <-timer.C:
			return Result{Err: ErrLate, Joined: !leads}
		}
		r := fl.result
		r.Joined = !leads
		if r.Err != nil || (fl.number > n.number || f.satisfies(r.Answer, n)) && r.Answer.Pos() >= q.Least {
			return r
		}
	}
}

// satisfies reports whether an answer that another request caused may be given to this one.
func (f *Filler) satisfies(a *cache.Answer, n need) bool {
	st := f.Versions.State()
	if a.World() == st.ID && st.Epoch == n.epoch && a.Pos() >= n.pos {
		return true
	}
	return a.Check(st, f.Clock.Now().UnixNano()) == cache.Fresh
}

// board joins the flight under way for the key or starts one.
func (f *Filler) board(q *Query) (*flight, bool) {
	key := q.Key.String()
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl, ok := f.flights[key]; ok {
		return fl, false
	}
	fl := &flight{done: make(chan struct{})}
	f.flights[key] = fl
	f.flying.Go(func() { f.fly(key, fl, q) })
	return fl, true
}

// fly runs a flight. It outlives the request that started it, so that a viewer who hangs up spoils nobody's answer.
func (f *Filler) fly(key string, fl *flight, q *Query) {
	fl.result = Result{Err: errors.New("fill panicked")} // unless it comes to an end
	defer func() {
		f.mu.Lock()
		delete(f.flights, key)
		f.mu.Unlock()
		close(fl.done)
	}()
	defer f.rescue(q)
	if !f.acquire() {
		fl.result = Result{Err: ErrBusy}
		return
	}
	defer func() { <-f.places }()
	fl.number = f.fills.Add(1)
	fl.result = f.fetch(q, time.Time{}, 0)
}

// rescue ends a panic: one broken answer must not take the edge down.
func (f *Filler) rescue(q *Query) {
	if r := recover(); r != nil {
		f.panics.Add(1)
		f.Log.Error("fill panicked; the request gets 500, report the stack", "panic", r, "path", q.Path, "stack", string(debug.Stack()))
	}
}

// fetch asks the origin for the answer at an instant. When that is zero it asks for now, and stores the answer.
func (f *Filler) fetch(q *Query, asOf time.Time, minPos uint64) Result {
	st := f.Versions.State()
	now := f.Clock.Now()
	successor := !asOf.IsZero()
	if !successor {
		asOf = now.Truncate(time.Microsecond) // what Postgres counts in
	}
	minPos = max(minPos, q.Least, st.Applied())
	resp, err := f.Origin.get(&request{path: q.Path, asOf: asOf, deny: q.Deny, plan: q.Plan, class: q.Class, minPos: minPos, id: q.RequestID})
	if err != nil {
		return Result{Err: err}
	}
	if resp.status == http.StatusConflict && q.Class != "" {
		return Result{Err: &OutdatedClass{Pos: resp.pos}}
	}
	if resp.epoch == "" && !resp.tagged { // an error that was answered before any snapshot; the origin keeps to minPos
		resp.epoch, resp.pos = st.Epoch, minPos
	}
	if resp.epoch == st.Epoch && resp.pos < minPos {
		return Result{Err: fmt.Errorf("%w: its snapshot %d is older than %d", ErrAway, resp.pos, minPos)}
	}
	return f.settle(q, resp, now, !successor)
}

// acquire takes a place among the concurrent fills, waiting for one if the queue is not full.
func (f *Filler) acquire() bool {
	select {
	case f.places <- struct{}{}:
		return true
	default:
	}
	defer f.waiting.Add(-1)
	if f.waiting.Add(1) > f.queue {
		return false
	}
	f.places <- struct{}{} // each place is given back within the fill timeout
	return true
}

// settle packs the origin's answer and stores it if it is of a kind that is stored and the edge can judge it.
func (f *Filler) settle(q *Query, resp *response, filled time.Time, store bool) Result {
	keep := resp.tagged && (resp.status >= 200 && resp.status < 300 || resp.status == http.StatusNotFound)
	d := &cache.Draft{Key: q.Key, Pos: resp.pos, Until: cache.Never, Filled: filled, Tags: resp.tags, Status: resp.status,
		ContentType: resp.contentType, Headers: q.Headers, Body: resp.body}
	if q.Part != nil && resp.status == http.StatusOK {
		var err error
		if d.Body, err = q.Part(resp.body); err != nil {
			return Result{Err: err}
		}
		d.Part = true
	}
	if !resp.until.IsZero() {
		d.Until = resp.until.UnixNano()
	}
	// The world is looked up after the answer came: a snapshot from before its floor can't be judged in it, and one of
	// an epoch that the feed has not told of yet can't be judged at all.
	if st := f.Versions.State(); resp.epoch == st.Epoch && d.Pos >= st.Floor {
		d.World = st
	}
	if !d.Fits() {
		return Result{Err: errors.New("the origin's answer is too large in one of its parts")}
	}
	if !keep {
		d.Tags, d.Until = nil, 0 // never fresh
	}
	r := Result{Answer: d.Pack(), Passed: !keep}
	if keep && store && d.World != nil && f.Store.Cacheable(r.Answer) {
		f.Store.Put(q.Key, r.Answer)
		r.Stored = true
		f.Stored(r.Answer)
	}
	return r
}

// TakeOver puts an answer whose instant has come aside for its successor, and returns that; nil when there is none or
// it may not be served.
func (f *Filler) TakeOver(k cache.Key, a *cache.Answer, st *feed.State, now int64) *cache.Answer {
	next := a.Next()
	if next == nil || now < a.Until() || next.Check(st, now) == cache.Gone {
		return nil
	}
	f.Store.Put(k.Clone(), next)
	f.Stored(next)
	return next
}

// Path is the internal path of a hot operation's answer, given its public path with the canonical query.
func Path(target string) string { return wire.FillPrefix + target }
