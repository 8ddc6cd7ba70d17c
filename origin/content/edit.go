package content

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/record"
	"encora/origin/vocab"
	"encora/shared/fault"
)

// Kind is what edits need to know of a kind of content: R is its row, A what editors see of it.
type Kind[R, A any] struct {
	Type string
	// Read reads a row that is there.
	Read func(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*R, error)
	// Handle gives edits a hold of what all kinds have.
	Handle func(*R) Handle
	// Admin is what editors see of it at an instant.
	Admin func(r *R, at time.Time) A
	// Gate lists everything that it lacks to be published; nil: it lacks nothing.
	Gate func(ctx context.Context, w *api.Write, r *R) ([]fault.Detail, error)
	// Settle stores what is not in the row itself (genres, items); nil: nothing.
	Settle func(ctx context.Context, w *api.Write, r *R) error
	// Join takes over what is not in the row itself from one that was just read.
	Join func(r, stored *R)
	// Insert reports whether the slug was free; Update writes the row; Delete removes it.
	Insert func(ctx context.Context, tx pgx.Tx, r *R) (bool, error)
	Update func(ctx context.Context, tx pgx.Tx, r *R) error
	Delete func(ctx context.Context, tx pgx.Tx, id uuid.UUID) error
	// Also emits what an edit changes beside the title's own answers; nil: nothing.
	Also func(w *api.Write, before, after *R)
	// Keep leaves in the audit log what goes with a row that is deleted; nil: nothing does.
	Keep   func(ctx context.Context, w *api.Write, id uuid.UUID) error
	Upkeep *Upkeep
}

// Upkeep is what hangs on content and is other domains'.
type Upkeep struct {
	// Attach adds a geo rule to content and reports whether that changed anything; an unknown rule is 422.
	Attach func(ctx context.Context, w *api.Write, contentType string, id, rule uuid.UUID) (bool, error)
	// Detach removes all rules of contents and reports whether there were any.
	Detach func(ctx context.Context, w *api.Write, ids ...uuid.UUID) (bool, error)
	// RemoveMedia deletes the assets of contents that are deleted.
	RemoveMedia func(ctx context.Context, w *api.Write, ids ...uuid.UUID) error
}

// Handle is what all kinds have. The pointers lead into the row.
type Handle struct {
	ID          uuid.UUID
	Title       string
	Publication *Publication
	Window      *Window // nil: it is always open
	Ended       string  // the status after the window; "": Unpublished
	UpdatedAt   *time.Time
}

func (h Handle) window() Window {
	if h.Window == nil {
		return Window{}
	}
	return *h.Window
}

// Status is what editors see at an instant.
func (h Handle) Status(at time.Time) string {
	status := h.Publication.At(h.window(), at)
	if status == Unpublished && h.Ended != "" {
		return h.Ended
	}
	return status
}

// Edit is the outcome of an editor's change to a row in memory: what is wrong with it (422), whether the row's state forbids
// it (409), and what becomes of its rules.
type Edit struct {
	Faults   []fault.Detail
	Conflict error
	Rule     api.Optional[vocab.GeoRestriction]
}

// Create stores a new row under the first of the slugs that is free; the last is the row's alone.
func (k *Kind[R, A]) Create(ctx context.Context, w *api.Write, r *R, e Edit, slug *string, candidates []string) (A, error) {
	var none A
	missing, err := k.missing(ctx, w, r)
	if err != nil {
		return none, err
	}
	if err := w.Check(nil, append(e.Faults, missing...)...); err != nil {
		return none, err
	}
	h := k.Handle(r)
	h.Publication.Announced = h.Status(w.Now)
	if err := k.insert(ctx, w, r, slug, candidates); err != nil {
		return none, err
	}
	if k.Settle != nil {
		if err := k.Settle(ctx, w, r); err != nil {
			return none, err
		}
	}
	if _, err := k.rule(ctx, w, h.ID, e.Rule); err != nil {
		return none, err
	}
	w.Audit("content.created", k.Type, h.ID, nil)
	if status := h.Status(w.Now); status == Live || status == Scheduled {
		k.tell(w.Tx, h, Draft, status)
	}
	if err := k.shown(ctx, w, h.ID, Change{Counts: true}, false); err != nil {
		return none, err
	}
	stored, err := k.Read(ctx, w.Tx.Tx, h.ID)
	if err != nil {
		return none, err
	}
	return k.Admin(stored, w.Now), nil
}

func (k *Kind[R, A]) insert(ctx context.Context, w *api.Write, r *R, slug *string, candidates []string) error {
	for _, *slug = range candidates {
		if inserted, err := k.Insert(ctx, w.Tx.Tx, r); inserted || err != nil {
			return err
		}
	}
	return nil
}

// shown touches the title if viewers see it now, or did before the edit.
func (k *Kind[R, A]) shown(ctx context.Context, w *api.Write, id uuid.UUID, c Change, before bool) error {
	now, err := readEntry(ctx, w.Tx.Tx, id)
	if err != nil || !before && !now.Published {
		return err
	}
	return Touch(ctx, w.Tx, c, id)
}

// Change runs an edit of a locked row: it checks If-Match, the faults and the publishing gate, stores what changed, and
// leaves behind what the difference calls for.
func (k *Kind[R, A]) Change(ctx context.Context, w *api.Write, id uuid.UUID, f func(*R) (Edit, error)) (A, error) {
	var none A
	before, entry, err := k.lock(ctx, w, id)
	if err != nil {
		return none, err
	}
	row := *before
	after := &row
	e, err := f(after)
	if err != nil {
		return none, err
	}
	missing, err := k.missing(ctx, w, after)
	if err != nil {
		return none, err
	}
	if err := w.Check(k.Admin(before, w.Now), append(e.Faults, missing...)...); err != nil {
		return none, err
	}
	if e.Conflict != nil {
		return none, e.Conflict
	}
	ruled, err := k.rule(ctx, w, id, e.Rule)
	if err != nil {
		return none, err
	}
	return k.store(ctx, w, edited[R]{before, after, entry.Published, ruled, ruled && e.Rule.Value != nil})
}

func (k *Kind[R, A]) lock(ctx context.Context, w *api.Write, id uuid.UUID) (*R, *Entry, error) {
	entry, err := Lock(ctx, w.Tx.Tx, k.Type, id)
	if err != nil {
		return nil, nil, err
	}
	if entry == nil {
		return nil, nil, fault.Missing()
	}
	r, err := k.Read(ctx, w.Tx.Tx, id)
	return r, entry, err
}

func (k *Kind[R, A]) missing(ctx context.Context, w *api.Write, r *R) ([]fault.Detail, error) {
	if k.Gate == nil || k.Handle(r).Publication.State != Live {
		return nil, nil
	}
	return k.Gate(ctx, w, r)
}

// rule does what a body says of the rules, and reports whether that changed any.
func (k *Kind[R, A]) rule(ctx context.Context, w *api.Write, id uuid.UUID, ref api.Optional[vocab.GeoRestriction]) (bool, error) {
	switch {
	case !ref.Given:
		return false, nil
	case ref.Value == nil:
		return k.Upkeep.Detach(ctx, w, id)
	}
	return k.Upkeep.Attach(ctx, w, k.Type, id, ref.Value.RuleID)
}

// edited is a row before and after an edit.
type edited[R any] struct {
	before, after *R
	seen          bool // by viewers, before
	ruled, denied bool // other rules apply to it now, of which some are new
}

// store writes an edited row if anything changed, and tells of it.
func (k *Kind[R, A]) store(ctx context.Context, w *api.Write, e edited[R]) (A, error) {
	var none A
	was, is := k.Handle(e.before), k.Handle(e.after)
	plans, err := k.plans(ctx, w, is.ID, e.seen)
	if err != nil {
		return none, err
	}
	if k.Settle != nil {
		if err := k.Settle(ctx, w, e.after); err != nil {
			return none, err
		}
	}
	stored, err := k.Read(ctx, w.Tx.Tx, is.ID)
	if err != nil {
		return none, err
	}
	k.Join(e.after, stored)
	changed, err := api.Changed(k.Admin(e.before, w.Now), k.Admin(e.after, w.Now))
	if err != nil {
		return none, err
	}
	if e.ruled && !slices.Contains(changed, fieldRules) { // of several rules, only the first shows
		changed = append(changed, fieldRules)
	}
	if len(changed) == 0 && was.Publication.State == is.Publication.State {
		return k.Admin(e.before, w.Now), nil
	}
	*is.UpdatedAt = w.Now
	k.announce(w, was, is, changed)
	if err := k.Update(ctx, w.Tx.Tx, e.after); err != nil {
		return none, err
	}
	if k.Also != nil {
		k.Also(w, e.before, e.after)
	}
	left, err := k.plans(ctx, w, is.ID, e.seen)
	if err != nil {
		return none, err
	}
	c := Change{
		Hard: e.denied || lost(plans, left) || takenAway(*was.Publication, *is.Publication, was.window(), is.window()),
		Counts: e.ruled || was.Publication.State != is.Publication.State || !was.window().equal(is.window()) ||
			slices.Contains(changed, fieldGenres),
	}
	return k.Admin(e.after, w.Now), k.shown(ctx, w, is.ID, c, e.seen)
}

// plans lists the filters of plans that let a title through which viewers have seen; of others it is of no interest.
func (k *Kind[R, A]) plans(ctx context.Context, w *api.Write, id uuid.UUID, seen bool) ([]string, error) {
	if !seen || k.Type == Collection {
		return nil, nil
	}
	return passing(ctx, w.Tx.Tx, id)
}

// Fields whose changes mean more than the others'.
const (
	fieldRules  = "geo_restrictions"
	fieldGenres = "genres"
)

// announce leaves the audit entries and events of an edit: what was edited, and the step of the status if there was one.
func (k *Kind[R, A]) announce(w *api.Write, was, is Handle, changed []string) {
	from, to := was.Status(w.Now), is.Status(w.Now)
	edited := slices.DeleteFunc(slices.Clone(changed), func(name string) bool {
		return from != to && (name == "status" || name == "is_published")
	})
	if len(edited) > 0 {
		w.Audit("content.updated", k.Type, is.ID, map[string]any{"changed": edited})
	}
	if from != to {
		k.tell(w.Tx, is, from, to)
	}
	is.Publication.Announced = to
}

// tell records that a title's status became another. Webhooks hear of what viewers can notice.
func (k *Kind[R, A]) tell(w *record.Tx, h Handle, from, to string) {
	w.Audit("content."+to, k.Type, h.ID, map[string]any{"from": from})
	if to == Live || from == Live && to != Scheduled {
		w.Event("content."+Event(to), map[string]any{"content_type": k.Type, "content_id": h.ID, "title": h.Title, "status": to})
	}
}

// Event is how the contract's event types name a status: viewers either see a title or don't.
func Event(status string) string {
	if status == Live {
		return Live
	}
	return Unpublished
}

// Remove deletes a title with all that is part of it and hangs on it. refuse says why it can't be deleted, by its row and
// its status at the write's instant; nil: it can.
func (k *Kind[R, A]) Remove(ctx context.Context, w *api.Write, id uuid.UUID, refuse func(r *R, status string) error) (api.None, error) {
	r, entry, err := k.lock(ctx, w, id)
	if err != nil {
		return api.None{}, err
	}
	last := k.Admin(r, w.Now)
	if err := w.Check(last); err != nil {
		return api.None{}, err
	}
	if err := refuse(r, k.Handle(r).Status(w.Now)); err != nil {
		return api.None{}, err
	}
	if entry.Published { // past its window: answers may still hold its absence, and its return
		if err := Touch(ctx, w.Tx, Change{Hard: true, Counts: true}, id); err != nil {
			return api.None{}, err
		}
	}
	parts, err := partsOf(ctx, w.Tx.Tx, id)
	if err != nil {
		return api.None{}, err
	}
	if _, err := k.Upkeep.Detach(ctx, w, parts...); err != nil {
		return api.None{}, err
	}
	if err := k.Upkeep.RemoveMedia(ctx, w, parts...); err != nil {
		return api.None{}, err
	}
	w.Audit("content.deleted", k.Type, id, map[string]any{"object": last})
	if k.Keep != nil {
		if err := k.Keep(ctx, w, id); err != nil {
			return api.None{}, err
		}
	}
	return api.None{}, k.Delete(ctx, w.Tx.Tx, id)
}

// partsOf is a title and what is part of it.
func partsOf(ctx context.Context, tx pgx.Tx, id uuid.UUID) ([]uuid.UUID, error) {
	rows, err := tx.Query(ctx, `SELECT id FROM titles WHERE id = $1 OR parent_id = $1 ORDER BY id`, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}
