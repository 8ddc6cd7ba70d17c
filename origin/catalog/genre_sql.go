package catalog

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/pgdb"
	"encora/origin/record"
	"encora/shared/fault"
)

// selectGenres reads the taxonomy with its counts of the movies that the filters select; contentType "" is all.
func selectGenres(ctx context.Context, tx pgx.Tx, f *filters, contentType string) ([]Genre, error) {
	q := `
		SELECT g.id, g.name, g.slug, g.content_types, g.parent_id, g.image_url, coalesce(c.n, 0) AS content_count
		FROM genres g LEFT JOIN (
			SELECT mg.genre_id, count(*) AS n FROM movie_genres mg JOIN movies m ON m.id = mg.movie_id
			WHERE @content_type IN ('', 'movie')` + f.Where() + `
			GROUP BY mg.genre_id
		) c ON c.genre_id = g.id
		WHERE @content_type = '' OR @content_type = ANY(g.content_types)
		ORDER BY g.name COLLATE "C", g.id`
	args := f.Args()
	args["content_type"] = contentType
	rows, err := tx.Query(ctx, q, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Genre])
}

// lockTaxonomy lets one change of the tree happen at a time: two moves that are each fine can make a cycle together.
func lockTaxonomy(ctx context.Context, tx *record.Tx) error {
	_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('genres', 0))`)
	return err
}

// lockGenre reads a genre for a write; nil when there is none.
func lockGenre(ctx context.Context, tx *record.Tx, id uuid.UUID) (*genre, error) {
	const q = `
		SELECT g.id, g.name, g.slug, g.content_types, g.parent_id, g.image_url, g.created_at, g.updated_at,
		       (SELECT count(*) FROM movie_genres mg WHERE mg.genre_id = g.id) AS content_count
		FROM genres g WHERE g.id = $1 FOR UPDATE`
	rows, err := tx.Query(ctx, q, id)
	if err != nil {
		return nil, err
	}
	g, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[genre])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return g, err
}

func insertGenre(ctx context.Context, tx *record.Tx, g *genre) error {
	const q = `
		INSERT INTO genres (id, name, slug, content_types, parent_id, image_url, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	_, err := tx.Exec(ctx, q, g.ID, g.Name, g.Slug, g.ContentTypes, g.ParentID, g.ImageURL, g.CreatedAt, g.UpdatedAt)
	return slugTaken(err)
}

func updateGenre(ctx context.Context, tx *record.Tx, g *genre) error {
	const q = `
		UPDATE genres SET name = $2, slug = $3, content_types = $4, parent_id = $5, image_url = $6, updated_at = $7
		WHERE id = $1`
	_, err := tx.Exec(ctx, q, g.ID, g.Name, g.Slug, g.ContentTypes, g.ParentID, g.ImageURL, g.UpdatedAt)
	return slugTaken(err)
}

func slugTaken(err error) error {
	if pgdb.Violates(err, "genres_slug") {
		return fault.New(fault.Conflict, "Another genre has this slug.",
			fault.Detail{Field: "slug", Code: "taken", Message: "Another genre has this slug."})
	}
	return err
}

func deleteGenre(ctx context.Context, tx *record.Tx, id uuid.UUID) error {
	_, err := tx.Exec(ctx, `DELETE FROM genres WHERE id = $1`, id)
	return err
}

// genreUse tells how a genre is referred to: by movies with a published intent, by any movie, by child genres.
func genreUse(ctx context.Context, tx *record.Tx, id uuid.UUID) (published, any, children bool, err error) {
	const q = `
		SELECT EXISTS (SELECT 1 FROM movie_genres mg JOIN movies m ON m.id = mg.movie_id
		               WHERE mg.genre_id = $1 AND m.state = 'published'),
		       EXISTS (SELECT 1 FROM movie_genres WHERE genre_id = $1),
		       EXISTS (SELECT 1 FROM genres WHERE parent_id = $1)`
	err = tx.QueryRow(ctx, q, id).Scan(&published, &any, &children)
	return published, any, children, err
}

// ancestors lists the genre and all that it stands under.
func ancestors(ctx context.Context, tx *record.Tx, id uuid.UUID) ([]uuid.UUID, error) {
	const q = `
		WITH RECURSIVE up AS (
			SELECT id, parent_id FROM genres WHERE id = $1
			UNION SELECT g.id, g.parent_id FROM genres g JOIN up ON g.id = up.parent_id
		)
		SELECT id FROM up`
	rows, err := tx.Query(ctx, q, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

// slugForm is what a genre's slug looks like; nothing else is worth asking the database for, or fit to.
var slugForm = regexp.MustCompile(`^[a-z0-9-]+$`)

// genreIDs resolves slugs in their order, without repeats, and names those that no genre of the content type has. The
// genres stay locked against deletion until the write commits.
func genreIDs(ctx context.Context, tx pgx.Tx, slugs []string, contentType string) ([]uuid.UUID, []fault.Detail, error) {
	const q = `SELECT slug, id FROM genres WHERE slug = ANY($1) AND $2 = ANY(content_types) ORDER BY id FOR SHARE`
	known := map[string]uuid.UUID{}
	askable := slices.DeleteFunc(slices.Clone(slugs), func(s string) bool { return !slugForm.MatchString(s) })
	rows, err := tx.Query(ctx, q, askable, contentType)
	if err != nil {
		return nil, nil, err
	}
	var slug string
	var id uuid.UUID
	if _, err := pgx.ForEachRow(rows, []any{&slug, &id}, func() error { known[slug] = id; return nil }); err != nil {
		return nil, nil, err
	}
	ids := []uuid.UUID{}
	var unknown []fault.Detail
	for i, s := range slugs {
		id, ok := known[s]
		switch {
		case !ok:
			unknown = append(unknown, fault.Detail{Field: fmt.Sprintf("genres[%d]", i), Code: "unknown", Message: "There is no genre of this slug for a " + contentType + "."})
		case !slices.Contains(ids, id):
			ids = append(ids, id)
		}
	}
	return ids, unknown, nil
}
