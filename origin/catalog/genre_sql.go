package catalog

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/content"
	"encora/origin/pgdb"
	"encora/origin/record"
	"encora/shared/fault"
)

// selectGenres reads the taxonomy with its counts of the titles that the query selects; contentType "" is all.
func selectGenres(ctx context.Context, tx pgx.Tx, counted *content.Query, contentType string) ([]Genre, error) {
	q := `
		SELECT g.id, g.name, g.slug, g.content_types, g.parent_id, g.image_url, coalesce(c.n, 0) AS content_count
		FROM genres g LEFT JOIN (
			SELECT tg.genre_id, count(*) AS n FROM title_genres tg JOIN titles t ON t.id = tg.content_id
			WHERE true` + counted.Where() + `
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
	const q = `
		SELECT ARRAY(SELECT DISTINCT t.content_type FROM title_genres tg JOIN titles t ON t.id = tg.content_id
		             WHERE tg.genre_id = $1 ORDER BY 1),
		       ARRAY(SELECT DISTINCT t.content_type FROM title_genres tg JOIN titles t ON t.id = tg.content_id
		             WHERE tg.genre_id = $1 AND t.published ORDER BY 1),
		       EXISTS (SELECT 1 FROM genres WHERE parent_id = $1)`
	var u genreUsage
	err := tx.QueryRow(ctx, q, id).Scan(&u.Kinds, &u.Published, &u.Children)
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

// genreColumns are the genres of a row x.
const genreColumns = `
	ARRAY(SELECT g.slug FROM title_genres tg JOIN genres g ON g.id = tg.genre_id
	      WHERE tg.content_id = x.id ORDER BY tg.position) AS genres,
	ARRAY(SELECT tg.genre_id FROM title_genres tg WHERE tg.content_id = x.id ORDER BY tg.position) AS genre_ids`

func replaceGenres(ctx context.Context, tx pgx.Tx, id uuid.UUID, genres []uuid.UUID) error {
	const q = `
		WITH gone AS (DELETE FROM title_genres WHERE content_id = $1 AND genre_id <> ALL($2))
		INSERT INTO title_genres (content_id, genre_id, position)
		SELECT $1, genre_id, position FROM unnest($2::uuid[]) WITH ORDINALITY AS g (genre_id, position)
		ON CONFLICT (content_id, genre_id) DO UPDATE SET position = excluded.position`
	_, err := tx.Exec(ctx, q, id, genres)
	return err
}
