package api

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"encora/origin/changes"
	"encora/shared/fault"
	"encora/shared/ids"
	"encora/shared/op"
	"encora/shared/wire"
)

// internal marks entries that only edges may ask.
const internal op.Serve = "internal"

// Internal declares a read that only edges ask, at a path of its own on the internal listener, answered like a fill.
func Internal[I, O any](id, path string, f func(context.Context, *Read, *I) (O, error)) Entry {
	e := Get(id, path, op.Public, f)
	e.Serve = internal
	return e
}

// Direct declares what edges tell the origin: a POST at a path of its own on the internal listener. f brings its own
// transaction. Both ends are ours, so the body is decoded as it is, without the checks that strangers' bodies get.
func Direct[I, O any](id, path string, f func(context.Context, *I) (O, error)) Entry {
	e := entry[None, O](id, http.MethodPost, path, op.Public, http.StatusOK)
	e.Serve, e.in, e.MaxBody = internal, reflect.TypeFor[I](), maxBody
	e.direct = func(ctx context.Context, in any) (any, error) { return f(ctx, in.(*I)) }
	return e
}

const (
	maxPoll  = requestTimeout / 2
	maxAhead = 24 * time.Hour // how far from now an edge may ask
)

// Internal is the handler of the internal listener: the feed, fills and pass-through, for edges with a key.
func (s *Server) Internal() http.Handler {
	s.fills.keepFor = s.KeepFills
	if s.FillsAtOnce > 0 {
		s.fills.limit(s.FillsAtOnce)
	}
	fills := s.routes(func(e *Entry) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { s.fill(w, r, e) }
	}, func(e *Entry) bool { return e.Serve == op.Hot && e.plain == nil })
	passes := s.routes(func(e *Entry) http.HandlerFunc {
		if e.plain != nil {
			return func(w http.ResponseWriter, r *http.Request) { s.sendPlain(w, r, e) }
		}
		return func(w http.ResponseWriter, r *http.Request) { s.send(w, r, e, s.authorized(r, e)) }
	}, func(e *Entry) bool { return e.Serve == op.Pass })
	mux := s.routes(func(e *Entry) http.HandlerFunc {
		if e.direct != nil {
			return func(w http.ResponseWriter, r *http.Request) { s.sendDirect(w, r, e) }
		}
		return func(w http.ResponseWriter, r *http.Request) { s.fill(w, r, e) }
	}, func(e *Entry) bool { return e.Serve == internal })
	mux.HandleFunc("GET "+wire.FeedPath, s.feed)
	mux.Handle("GET "+wire.FillPrefix+"/", http.StripPrefix(wire.FillPrefix, fills))
	mux.Handle(wire.PassPrefix+"/", http.StripPrefix(wire.PassPrefix, passes))
	return s.frame(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.edgeAllowed(r) {
			sendFault(w, r, fault.New(fault.Unauthorized, "This listener is for edges with a key."))
			return
		}
		mux.ServeHTTP(w, r)
	}))
}

func (s *Server) sendDirect(w http.ResponseWriter, r *http.Request, e *Entry) {
	began := time.Now()
	a, err := s.directAnswer(r, e)
	if err != nil {
		a = s.refuse(r, e, err)
	}
	observe(e.ID, a.status, began)
	writeAnswer(w, a)
}

func (s *Server) directAnswer(r *http.Request, e *Entry) (*answer, error) {
	raw, err := readBody(r, e.MaxBody, "")
	if err != nil {
		return nil, err
	}
	in := reflect.New(e.in).Interface()
	if err := json.Unmarshal(raw, in); err != nil {
		return nil, badParameters([]fault.Detail{{Field: "body", Code: "malformed", Message: err.Error()}})
	}
	out, err := e.direct(r.Context(), in)
	if err != nil {
		return nil, err
	}
	body, err := encode(out)
	return &answer{http.StatusOK, http.Header{"Content-Type": {"application/json"}}, body}, err
}

// edgeAllowed checks the edge's key. Passed requests carry the viewer's own Authorization, so the key has its own header.
func (s *Server) edgeAllowed(r *http.Request) bool {
	if strings.HasPrefix(r.URL.Path, wire.PassPrefix+"/") {
		return s.keyed(r.Header.Get(wire.EdgeKey))
	}
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && s.keyed(given)
}

// keyed reports whether given is one of the edges' keys.
func (s *Server) keyed(given string) bool {
	ok := 0
	for _, key := range s.EdgeKeys {
		ok |= subtle.ConstantTimeCompare([]byte(given), []byte(key))
	}
	return ok == 1
}

func (s *Server) feed(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	epoch := q.Get("epoch")
	after, err := strconv.ParseUint(q.Get("after"), 10, 64)
	if err != nil { // no position to go on from: a reset
		epoch = ""
	}
	waitMS, _ := strconv.Atoi(q.Get("wait_ms"))
	wait := time.Duration(min(max(waitMS, 0), int(maxPoll.Milliseconds()))) * time.Millisecond
	page, err := s.Hub.Poll(r.Context(), epoch, after, wait)
	if errors.Is(err, changes.ErrBlind) {
		sendFault(w, r, fault.Busy("The change feed can't be read at the moment.", time.Second))
		return
	}
	body, err := encode(page)
	if err != nil {
		sendFault(w, r, fault.Of(err))
		return
	}
	writeAnswer(w, &answer{http.StatusOK, http.Header{"Content-Type": {"application/json"}}, body})
}

// fill answers an edge's question for an answer to keep: which snapshot, what can change it, and until when it holds.
func (s *Server) fill(w http.ResponseWriter, r *http.Request, e *Entry) {
	began := time.Now()
	a, err := s.fillAnswer(r, e)
	if err != nil {
		refusal := s.refuse(r, e, err)
		if a != nil { // an absence is an answer to keep, too; an outdated class learns how far it is behind
			for _, name := range []string{wire.Epoch, wire.Pos, wire.Tags, wire.Until} {
				if v := a.header.Values(name); len(v) > 0 {
					refusal.header[http.CanonicalHeaderKey(name)] = v
				}
			}
		}
		a = refusal
	}
	observe(e.ID, a.status, began)
	writeAnswer(w, a)
}

func (s *Server) fillAnswer(r *http.Request, e *Entry) (*answer, error) {
	ask, err := s.question(r)
	if err != nil {
		return nil, err
	}
	in := reflect.New(e.in)
	if _, _, err := s.decode(r, e, in.Elem()); err != nil {
		return nil, err
	}
	read, err := s.newRead(r, e, ask.asOf)
	if err != nil {
		return nil, err
	}
	read.Deny, read.class = ask.deny, ask.class
	key := s.Hub.Epoch() + " " + r.URL.RequestURI() + " " + r.Header.Get(wire.Deny) + " " + ask.plan.String()
	if ask.asOf.After(s.Now().Add(time.Second)) { // an answer's successor is another flight than the answer
		key += ask.asOf.String()
	}
	f := s.fills.do(r.Context(), key, ask, func(ctx context.Context) fillResult {
		leave, err := s.fills.enter(ctx, e)
		if err != nil {
			return fillResult{err: err}
		}
		defer leave()
		return s.fillOnce(ctx, read, in, audience{plan: ask.plan})
	})
	if f.answer != nil && f.pos < ask.least {
		return nil, fault.Busy("This replica has not reached the asked position yet.", time.Second)
	}
	return f.answer, f.err
}

// fillOnce answers from the database. An absence is an answer without a body, with the error beside it.
func (s *Server) fillOnce(ctx context.Context, read *Read, in reflect.Value, whom audience) fillResult {
	f := fillResult{asOf: read.AsOf, class: read.class}
	epoch := s.Hub.Epoch() // before the snapshot: should the feed become another one now, the answer counts as the old one's
	out, err := s.runRead(ctx, read, in.Interface(), &f.pos, whom)
	f.until = read.until
	switch {
	case err == nil:
		fields, _ := read.entry.sparse(in.Elem())
		f.answer, f.err = read.entry.render(out, fields)
	case fault.Of(err).Code == fault.NotFound, errors.Is(err, errClass):
		f.answer, f.err = &answer{header: http.Header{}}, err
	default:
		f.err = err
	}
	if f.answer != nil {
		f.answer.provenance(epoch, f.pos, read)
	}
	return f
}

// question is what an edge asks of an answer beside its path.
type question struct {
	asOf  time.Time
	deny  []uuid.UUID
	plan  uuid.UUID // stands for the viewer's filter; uuid.Nil: there is none
	class *uint64   // the position that deny and plan hold as of, where the edge says one
	least uint64    // the snapshot must hold this position at least
}

func (s *Server) question(r *http.Request) (question, error) {
	q := question{}
	var err error
	q.asOf, err = time.Parse(time.RFC3339Nano, r.Header.Get(wire.AsOf))
	if away := s.Now().Sub(q.asOf).Abs(); err != nil || away > maxAhead {
		return q, badParameters([]fault.Detail{{Field: wire.AsOf, Code: "invalid", Message: "Expected an instant within a day."}})
	}
	for text := range strings.SplitSeq(r.Header.Get(wire.Deny), ",") {
		if text == "" {
			continue
		}
		id, err := uuid.Parse(text)
		if err != nil {
			return q, badParameters([]fault.Detail{{Field: wire.Deny, Code: "invalid", Message: "Expected UUIDs."}})
		}
		q.deny = append(q.deny, id)
	}
	if text := r.Header.Get(wire.Plan); text != "" {
		var ok bool
		if q.plan, ok = ids.Parse(text); !ok {
			return q, badParameters([]fault.Detail{{Field: wire.Plan, Code: "invalid", Message: "Expected a UUID."}})
		}
	}
	if pos, err := strconv.ParseUint(r.Header.Get(wire.ClassPos), 10, 64); err == nil {
		q.class = &pos
	}
	q.least, _ = strconv.ParseUint(r.Header.Get(wire.MinPos), 10, 64) // absent: any
	return q, nil
}

// provenance says what the answer was made from and what can change it. An answer that nothing is said to change must not
// be kept for ever: without tags it is not kept at all.
func (a *answer) provenance(epoch string, pos uint64, r *Read) {
	a.header.Set(wire.Epoch, epoch)
	a.header.Set(wire.Pos, strconv.FormatUint(pos, 10))
	if len(r.tags) > 0 {
		a.header.Set(wire.Tags, joinTags(r.tags))
	}
	if !r.until.IsZero() {
		a.header.Set(wire.Until, r.until.UTC().Format(time.RFC3339Nano))
	}
}
