// Package catalog owns movies and genres: what editors write, what viewers may see of it, and when.
package catalog

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/pgdb"
	"encora/origin/record"
	"encora/origin/vocab"
	"encora/shared/fault"
)

// Domain is the catalogue. The func fields are filled by origin/app from the domains that own those tables.
type Domain struct {
	DB *pgdb.DB
	// Attach adds a geo rule to content and reports whether that changed anything; an unknown rule is
	// ErrUnknownRule. DetachAll removes all its rules and reports whether there were any.
	Attach    func(ctx context.Context, w *api.Write, contentType string, id, rule uuid.UUID) (bool, error)
	DetachAll func(ctx context.Context, w *api.Write, id uuid.UUID) (bool, error)
	// RemoveMedia deletes the assets of content that is deleted.
	RemoveMedia func(ctx context.Context, w *api.Write, id uuid.UUID) error
	// AddVideos stores the packaged media of movies that are brought in.
	AddVideos func(ctx context.Context, tx *record.Tx, videos []Video) error
}

// Tags of answers; a change that emits one makes every cache ask again for the answers that carry it.
const (
	tagMovies = "movies" // any list of movies, and what is related to what
	tagGenres = "genres" // the taxonomy and its counts
)

func tagMovie(id uuid.UUID) string { return "movie:" + id.String() }
func tagGenre(id uuid.UUID) string { return "genre:" + id.String() }
func tagRule(id uuid.UUID) string  { return "geo:" + id.String() }

// Content tells which of the ids are content of this domain, and its type.
func (d *Domain) Content(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	return contentTypes(ctx, tx, `SELECT id FROM movies WHERE id = ANY($1)`, ids)
}

// Hold is Content that locks what it finds, in the order of ids, against deletion and publication.
func (d *Domain) Hold(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	return contentTypes(ctx, tx, `SELECT id FROM movies WHERE id = ANY($1) ORDER BY id FOR SHARE`, ids)
}

func contentTypes(ctx context.Context, tx pgx.Tx, q string, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	rows, err := tx.Query(ctx, q, ids)
	if err != nil {
		return nil, err
	}
	types := make(map[uuid.UUID]string, len(ids))
	var id uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error { types[id] = contentMovie; return nil })
	return types, err
}

// Touched emits what a change around the given content (its rules, its assets) alters for viewers: nothing for content
// that no viewer can see. hard says that something was taken away.
func (d *Domain) Touched(ctx context.Context, w *api.Write, ids []uuid.UUID, hard bool) error {
	const q = `SELECT id FROM movies WHERE id = ANY($1) AND state = 'published'`
	rows, err := w.Query(ctx, q, ids)
	if err != nil {
		return err
	}
	seen, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return err
	}
	for _, id := range seen {
		vocab.Emit(w, hard, tagMovie(id), tagMovies)
		w.Emit(tagGenres)
	}
	return nil
}

// Published locks content and reports whether viewers see it now or will by the clock.
func (d *Domain) Published(ctx context.Context, w *api.Write, id uuid.UUID) (bool, error) {
	m, err := lockMovie(ctx, w.Tx, id)
	if err != nil || m == nil {
		return false, err
	}
	now := m.status(w.Now)
	return now == statusPublished || now == statusScheduled, nil
}

// Visible is fault.Missing unless the viewer may see the content, and tags the answer with it.
func (d *Domain) Visible(ctx context.Context, r *api.Read, contentType string, id uuid.UUID) error {
	if contentType != contentMovie {
		return fault.Missing()
	}
	_, err := d.visibleMovie(ctx, r, id)
	return err
}
