package api

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/record"
	"encora/shared/cursor"
	"encora/shared/fault"
	"encora/shared/wire"
)

// Read is the transaction of one read: a snapshot, the instant and the class to answer for, and what can change the
// answer.
type Read struct {
	pgx.Tx
	AsOf time.Time   // answer as of this instant, never as of now()
	Deny []uuid.UUID // hide whatever has one of these geo rules attached; empty hides nothing
	// Filter is the catalogue_filter of the viewer's plan: hide whatever it leaves out; "" hides nothing.
	Filter string
	// Account is the viewer's, of an operation that edges pass on; every statement about an account's objects names it.
	Account uuid.UUID

	entry   *Entry
	cursors *cursor.Codec
	filters string
	class   *uint64 // Deny and the plan were found at this position, and are to hold for the snapshot; nil: in it
	tags    []string
	until   time.Time
}

// Tag names what can change the answer: a write that emits one of these tags makes every cache ask again.
func (r *Read) Tag(tags ...string) { r.tags = append(r.tags, tags...) }

// Until says that the clock alone changes the answer at that instant; the earliest after AsOf counts, nil never does.
func (r *Read) Until(instants ...*time.Time) {
	for _, at := range instants {
		if at != nil && at.After(r.AsOf) && (r.until.IsZero() || at.Before(r.until)) {
			r.until = *at
		}
	}
}

// Write is the transaction of one write.
type Write struct {
	*record.Tx
	Account uuid.UUID // the viewer's; uuid.Nil for editors
	entry   *Entry
	ifMatch string
	pending []fault.Detail // values out of their limits, reported after 404 and 412
	checked bool
}

// Check ends the checks of a write, in the contract's order: current is the representation that the caller must have
// read for If-Match (nil when the write creates), then come the faults of the body: those that its schema and its own check
// found, and what the domain adds, which needs the database, all in one answer. Call it once the resource is locked and before
// anything is written.
func (w *Write) Check(current any, own ...fault.Detail) error {
	w.checked = true
	if current != nil && w.ifMatch != "" {
		names := jsonNames(reflect.TypeOf(current))
		tag, err := version(current, names)
		if err != nil {
			return err
		}
		if err := checkMatch(w.ifMatch, tag, names); err != nil {
			return err
		}
	}
	all, known := slices.Clone(w.pending), paths(w.pending)
	for _, d := range own {
		if !covered(d.Field, known) {
			all = append(all, d)
		}
	}
	if len(all) > 0 {
		return Invalid(all...)
	}
	return nil
}

// Invalid is the 422 of values that are missing or out of their limits.
func Invalid(details ...fault.Detail) *fault.Fault {
	return fault.New(fault.ValidationFailed, "Some values are missing or out of their limits.", details...)
}

// Located is implemented by outputs of a create that have an address of their own.
type Located interface{ Location() string }

// answer is a finished response.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// audience is for whom a read is answered, where that is looked up in its snapshot.
type audience struct {
	country string    // empty: Read.Deny is given
	plan    uuid.UUID // uuid.Nil: none
}

// runRead answers a read from one snapshot.
func (s *Server) runRead(ctx context.Context, r *Read, in any, pos *uint64, whom audience) (any, error) {
	var out any
	err := s.DB.Snapshot(ctx, func(tx pgx.Tx) error {
		r.Tx = tx
		if err := tx.QueryRow(ctx, `SELECT pos FROM feed_head`).Scan(pos); err != nil {
			return err
		}
		if r.class != nil && *r.class < *pos {
			if err := classHolds(ctx, tx, *r.class); err != nil {
				return err
			}
		}
		if err := s.regard(ctx, r, whom); err != nil {
			return err
		}
		var err error
		out, err = r.entry.read(ctx, r, in)
		return err
	})
	return out, err
}

// regard finds what is hidden from the audience.
func (s *Server) regard(ctx context.Context, r *Read, whom audience) error {
	var err error
	if whom.country != "" {
		if r.Deny, err = s.DenyRules(ctx, r.Tx, whom.country); err != nil {
			return err
		}
	}
	if whom.plan != uuid.Nil {
		r.Filter, err = s.PlanFilter(ctx, r.Tx, whom.plan)
	}
	return err
}

// errClass says that those for whom the class stands may be in another one by now.
var errClass = fault.New(fault.Conflict, "The audience map has changed since the class was found in it.")

// classHolds is errClass when the snapshot holds a change of the audience map that an edge at the position has not seen.
// Without this a class of yesterday would be answered from the catalogue of today: a rule that was exchanged for another
// would hide nothing from the country that both deny, and a plan's filter of today would be kept as that of yesterday.
func classHolds(ctx context.Context, tx pgx.Tx, pos uint64) error {
	const q = `SELECT EXISTS (SELECT 1 FROM changes WHERE pos > $1 AND tags && $2)`
	var changed bool
	if err := tx.QueryRow(ctx, q, pos, tagsOfClasses).Scan(&changed); err != nil {
		return err
	}
	if changed {
		return errClass
	}
	return nil
}

// tagsOfClasses are those of the audience map, as changes carry them.
var tagsOfClasses = []string{wire.TagTerritories, string(wire.Hard) + wire.TagTerritories, wire.TagFilters, string(wire.Hard) + wire.TagFilters}

// runWrite runs a write with its idempotency record. The answer is complete before the commit, and what is committed is
// what is answered.
func (s *Server) runWrite(ctx context.Context, e *Entry, c caller, actor record.Actor, in any, pending []fault.Detail, ifMatch string, idem *record.Request) (*answer, error) {
	var out *answer
	err := s.DB.Write(ctx, func(tx pgx.Tx) error {
		w := &Write{Tx: record.Begin(tx, actor, s.Now()), Account: c.account(), entry: e, ifMatch: ifMatch, pending: pending}
		if idem == nil {
			a, err := s.perform(ctx, w, in)
			if err != nil {
				return err
			}
			out = a
			return w.Commit(ctx)
		}
		a, err := s.performOnce(ctx, w, in, *idem)
		out = a
		return err
	})
	return out, err
}

func (s *Server) perform(ctx context.Context, w *Write, in any) (*answer, error) {
	result, err := w.entry.write(ctx, w, in)
	if err != nil {
		return nil, err
	}
	if !w.checked && len(w.pending) > 0 { // a handler that forgot Check must not write what is invalid
		return nil, Invalid(w.pending...)
	}
	return w.entry.render(result, nil)
}

// render encodes a result as the operation answers it. fields selects a sparse representation.
func (e *Entry) render(result any, fields []string) (*answer, error) {
	a := &answer{status: e.Success, header: http.Header{}}
	if e.Success == http.StatusNoContent {
		return a, nil
	}
	body, err := encode(result)
	if err != nil {
		return nil, err
	}
	if e.versioned { // the tag that If-Match takes is of the whole resource
		tag, err := version(result, jsonNames(e.out))
		if err != nil {
			return nil, err
		}
		a.header.Set("ETag", tag)
	}
	if body, err = project(body, fields, itemType(e.out) != nil); err != nil {
		return nil, err
	}
	if !e.versioned {
		a.header.Set("ETag", bodyTag(body))
	}
	if at, ok := result.(Located); ok && (e.Success == http.StatusCreated || e.Success == http.StatusAccepted) {
		a.header.Set("Location", at.Location())
	}
	a.header.Set("Content-Type", "application/json")
	a.body = body
	return a, nil
}

// maxDetails bounds an answer: faults are all named in one, but a body can hold thousands.
const maxDetails = 1000

// refused renders a fault.
func refused(f *fault.Fault, requestID string) *answer {
	if len(f.Details) > maxDetails {
		short := *f
		short.Details = f.Details[:maxDetails]
		f = &short
	}
	a := &answer{status: f.Status(), header: http.Header{}, body: f.JSON(requestID)}
	a.header.Set("Content-Type", "application/json")
	a.header.Set("Cache-Control", "no-store")
	if f.RetryAfter > 0 {
		a.header.Set("Retry-After", retryAfter(f.RetryAfter))
	}
	if f.ETag != "" {
		a.header.Set("ETag", f.ETag)
	}
	if f.Allow != "" {
		a.header.Set("Allow", f.Allow)
	}
	if f.Code == fault.Unauthorized {
		a.header.Set("WWW-Authenticate", `Bearer realm="encora"`)
	}
	return a
}

func joinTags(tags []string) string {
	slices.Sort(tags)
	return strings.Join(slices.Compact(tags), ",")
}
