package catalog

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/content"
	"encora/origin/pgdb"
	"encora/origin/record"
	"encora/shared/fault"
)

// selectGenres reads the taxonomy with its counts of the titles that the query selects; contentType "" is all. The titles are
// selected before they are joined, all at once: what hides some of them is then one table to look in, not a question for each.
func selectGenres(ctx context.Context, tx pgx.Tx, counted *content.Query, contentType string) ([]Genre, error) {
	q := `
		SELECT g.id, g.name, g.slug, g.content_types, g.parent_id, g.image_url, coalesce(c.n, 0) AS content_count
		FROM genres g LEFT JOIN (
			SELECT tg.genre_id, count(*) AS n FROM title_genres tg
			JOIN (SELECT t.id FROM titles t WHERE true` + counted.Where() + ` OFFSET 0) t ON t.id = tg.content_id
			GROUP BY tg.genre_id
		) c ON c.genre_id = g.id
		WHERE @content_type = '' OR @content_type = ANY(g.content_types)
		ORDER BY g.name COLLATE "C", g.id`
	args := counted.Args()
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
		       (SELECT count(*) FROM title_genres tg WHERE tg.genre_id = g.id) AS content_count
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

// genreUsage tells how a genre is referred to.
type genreUsage struct {
	Kinds     []string // of content that has it
	Published []string // of which viewers see some, or will by the clock
	Children  bool     // other genres stand below it
}

func genreUse(ctx context.Context, tx *record.Tx, id uuid.UUID) (genreUsage, error) {
	// One title of a kind is enough: a drama would be joined with half of the catalogue.
	const some = `
		SELECT kind FROM unnest($2::text[]) kind WHERE EXISTS (
			SELECT FROM title_genres tg JOIN titles t ON t.id = tg.content_id WHERE tg.genre_id = $1 AND t.content_type = kind`
	const q = `
		SELECT ARRAY(` + some + `)), ARRAY(` + some + ` AND t.published)), EXISTS (SELECT FROM genres WHERE parent_id = $1)`
	var u genreUsage
	err := tx.QueryRow(ctx, q, id, genreTypes("")).Scan(&u.Kinds, &u.Published, &u.Children)
	return u, err
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
