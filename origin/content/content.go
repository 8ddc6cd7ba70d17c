// Package content is what films, shows, episodes, channels and collections have in common: who may see them and when, how they
// are listed, how editors publish and change them, and what of it caches hear. All of it goes by the table `titles`, the index
// of all content, which triggers keep in step with each domain's own tables.
//
// Whoever writes content, or what hangs on it, locks its row in titles first (an episode's show's), and then whatever else.
package content

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/record"
	"encora/origin/vocab"
	"encora/shared/wire"
)

// Kinds of content, by the contract's names.
const (
	Movie      = wire.ContentMovie
	Show       = wire.ContentShow
	Episode    = wire.ContentEpisode
	Channel    = wire.ContentChannel
	Collection = "collection"
)

// Titles are the kinds that viewers look for: all but collections.
var Titles = []string{Movie, Show, Episode, Channel}

// Tags of answers; a change that emits one makes every cache ask again for the answers that carry it.
const (
	TagGenres     = "genres"     // the taxonomy and its counts
	TagSlugs      = "slugs"      // addresses of genres, by which filters name them
	TagPopularity = "popularity" // the order of what is found
	TagTrending   = "trending"   // how often titles are played
)

// Tag is the tag of answers about one title.
func Tag(kind string, id uuid.UUID) string { return kind + ":" + id.String() }

// TagList is the tag of answers that list titles of a kind, or depend on which there are.
func TagList(kind string) string { return kind + "s" }

// TagRule is the tag of answers that print a geo rule.
func TagRule(id uuid.UUID) string { return wire.TagTerritories + ":" + id.String() }

// Types tells which of the ids are content, and of which kind.
func Types(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	rows, err := tx.Query(ctx, `SELECT id, content_type FROM titles WHERE id = ANY($1)`, ids)
	if err != nil {
		return nil, err
	}
	types := make(map[uuid.UUID]string, len(ids))
	var id uuid.UUID
	var kind string
	_, err = pgx.ForEachRow(rows, []any{&id, &kind}, func() error { types[id] = kind; return nil })
	return types, err
}

// Hold is Types that locks what it finds until the transaction ends, in one order, against deletion and against edits.
func Hold(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	const q = `
		SELECT id FROM titles WHERE id IN (SELECT coalesce(parent_id, id) FROM titles WHERE id = ANY($1))
		ORDER BY id FOR SHARE`
	if _, err := tx.Exec(ctx, q, ids); err != nil {
		return nil, err
	}
	return Types(ctx, tx, ids) // as the last writer left them
}

// Entry is a title as titles has it.
type Entry struct {
	ID          uuid.UUID
	ContentType string
	ParentID    *uuid.UUID // an episode's show
	Published   bool       // viewers see it, or did or will by the clock
}

// Lock locks content of the kind for an edit; nil when there is none. What is read after it is what the last writer left.
func Lock(ctx context.Context, tx pgx.Tx, kind string, id uuid.UUID) (*Entry, error) {
	const q = `
		SELECT root.id FROM titles t JOIN titles root ON root.id = coalesce(t.parent_id, t.id)
		WHERE t.id = $1 FOR NO KEY UPDATE OF root`
	if _, err := tx.Exec(ctx, q, id); err != nil {
		return nil, err
	}
	e, err := readEntry(ctx, tx, id)
	if err != nil || e == nil || e.ContentType != kind {
		return nil, err
	}
	return e, nil
}

func readEntry(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*Entry, error) {
	rows, err := tx.Query(ctx, `SELECT id, content_type, parent_id, published FROM titles WHERE id = $1`, id)
	if err != nil {
		return nil, err
	}
	e, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[Entry])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return e, err
}

// Published locks content against edits and reports whether viewers see it now or will by the clock.
func Published(ctx context.Context, w *api.Write, id uuid.UUID) (bool, error) {
	if _, err := Hold(ctx, w.Tx.Tx, []uuid.UUID{id}); err != nil {
		return false, err
	}
	const q = `SELECT EXISTS (SELECT 1 FROM titles WHERE id = $1 AND state = 'published' AND available_until > $2)`
	var seen bool
	err := w.QueryRow(ctx, q, id, w.Now).Scan(&seen)
	return seen, err
}

// Change says what of a title changes for viewers beside what it shows itself.
type Change struct {
	Hard   bool // something is taken away
	Counts bool // what it counts to: genres
}

// Touch tells caches that titles change which viewers see, saw, or will see by the clock, and so what is part of them, and
// what counts them. Answers about a part carry its whole's tag, so that a show of a thousand episodes is one.
func Touch(ctx context.Context, w *record.Tx, c Change, ids ...uuid.UUID) error {
	rows, err := w.Query(ctx, `SELECT id, content_type, parent_id, published FROM titles WHERE id = ANY($1)`, ids)
	if err != nil {
		return err
	}
	entries, err := pgx.CollectRows(rows, pgx.RowToStructByName[Entry])
	if err != nil {
		return err
	}
	var wholes []uuid.UUID
	for i := range entries {
		emit(w, c, &entries[i])
		if entries[i].ContentType == Show {
			wholes = append(wholes, entries[i].ID)
		}
	}
	if len(wholes) == 0 {
		return nil
	}
	return touchParts(ctx, w, c, wholes)
}

// touchParts tells of what lists parts of the wholes.
func touchParts(ctx context.Context, w *record.Tx, c Change, wholes []uuid.UUID) error {
	rows, err := w.Query(ctx, `SELECT id, content_type FROM titles WHERE parent_id = ANY($1)`, wholes)
	if err != nil {
		return err
	}
	var id uuid.UUID
	var kind string
	_, err = pgx.ForEachRow(rows, []any{&id, &kind}, func() error {
		vocab.Emit(w, c.Hard, TagList(kind))
		w.Emit(wire.TagSuggest(wire.SuggestPart(id)))
		return nil
	})
	return err
}

// Added tells caches of new titles of a kind that viewers see or will.
func Added(w *record.Tx, kind string, ids []uuid.UUID) {
	if len(ids) == 0 {
		return
	}
	w.Emit(TagList(kind))
	switch kind {
	case Movie, Show:
		w.Emit(TagGenres)
	case Channel:
		w.Emit(wire.TagLineup)
	}
	for _, id := range ids {
		w.Emit(wire.TagSuggest(wire.SuggestPart(id)))
	}
}

// AddedParts is Added for new parts, of which it picks those that viewers see or will; it tells of their wholes, too.
func AddedParts(ctx context.Context, w *record.Tx, kind string, ids []uuid.UUID) error {
	rows, err := w.Query(ctx, `SELECT id, parent_id FROM titles WHERE id = ANY($1) AND published`, ids)
	if err != nil {
		return err
	}
	var shown []uuid.UUID
	var id, whole uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&id, &whole}, func() error {
		shown = append(shown, id)
		w.Emit(Tag(Show, whole), TagList(Show))
		return nil
	})
	Added(w, kind, shown)
	return err
}

// Touched is Touch for those of the contents that viewers can see, when what hangs on them changes: rules, assets.
func Touched(ctx context.Context, w *api.Write, ids []uuid.UUID, hard bool) error {
	rows, err := w.Query(ctx, `SELECT id FROM titles WHERE id = ANY($1) AND published`, ids)
	if err != nil {
		return err
	}
	seen, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil || len(seen) == 0 {
		return err
	}
	return Touch(ctx, w.Tx, Change{Hard: hard, Counts: true}, seen...)
}

func emit(w *record.Tx, c Change, e *Entry) {
	vocab.Emit(w, c.Hard, Tag(e.ContentType, e.ID), TagList(e.ContentType))
	if e.ContentType != Collection {
		w.Emit(wire.TagSuggest(wire.SuggestPart(e.ID)))
	}
	if e.ContentType == Channel {
		w.Emit(wire.TagLineup)
	}
	if e.ParentID != nil { // whose answers list its parts, and those of its kind how many there are
		vocab.Emit(w, c.Hard, Tag(Show, *e.ParentID))
		w.Emit(TagList(Show))
	}
	if c.Counts && slices.Contains([]string{Movie, Show}, e.ContentType) {
		w.Emit(TagGenres)
	}
}
