package content

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/shared/fault"
)

// TagGenre is the tag of answers that show a genre's address.
func TagGenre(id uuid.UUID) string { return "genre:" + id.String() }

// TagGenresOf ties the answer to the genres whose addresses it shows.
func TagGenresOf(r *api.Read, ids []uuid.UUID) {
	for _, id := range ids {
		r.Tag(TagGenre(id))
	}
}

// GenreColumns are the genres of a row x.
const GenreColumns = `
	ARRAY(SELECT g.slug FROM title_genres tg JOIN genres g ON g.id = tg.genre_id
	      WHERE tg.content_id = x.id ORDER BY tg.position) AS genres,
	ARRAY(SELECT tg.genre_id FROM title_genres tg WHERE tg.content_id = x.id ORDER BY tg.position) AS genre_ids`

// Genres are those of one kind of content, by their slugs.
type Genres map[string]uuid.UUID

// slugForm is what a genre's slug looks like; nothing else is worth asking the database for, or fit to.
var slugForm = regexp.MustCompile(`^[a-z0-9-]+$`)

// LockGenres reads those of the genres of a kind that there are. They stay locked against deletion until the write commits.
func LockGenres(ctx context.Context, tx pgx.Tx, kind string, slugs []string) (Genres, error) {
	const q = `SELECT slug, id FROM genres WHERE slug = ANY($1) AND $2 = ANY(content_types) ORDER BY id FOR SHARE`
	askable := slices.DeleteFunc(slices.Clone(slugs), func(s string) bool { return !slugForm.MatchString(s) })
	rows, err := tx.Query(ctx, q, askable, kind)
	if err != nil {
		return nil, err
	}
	known := Genres{}
	var slug string
	var id uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&slug, &id}, func() error { known[slug] = id; return nil })
	return known, err
}

// Of gives the ids of slugs in their order, without repeats, and the places of slugs that are no genre's.
func (g Genres) Of(slugs []string) ([]uuid.UUID, []int) {
	ids := []uuid.UUID{}
	var unknown []int
	for i, s := range slugs {
		id, ok := g[s]
		switch {
		case !ok:
			unknown = append(unknown, i)
		case !slices.Contains(ids, id):
			ids = append(ids, id)
		}
	}
	return ids, unknown
}

// GenreIDs is LockGenres and Of for one title's body; it names the slugs that no genre of the kind has.
func GenreIDs(ctx context.Context, tx pgx.Tx, kind string, slugs []string) ([]uuid.UUID, []fault.Detail, error) {
	known, err := LockGenres(ctx, tx, kind, slugs)
	if err != nil {
		return nil, nil, err
	}
	ids, places := known.Of(slugs)
	var unknown []fault.Detail
	for _, i := range places {
		unknown = append(unknown, fault.Detail{Field: fmt.Sprintf("genres[%d]", i), Code: "unknown", Message: "There is no genre of this slug for a " + kind + "."})
	}
	return ids, unknown, nil
}

// ReplaceGenres gives a title its genres, in their order. One that was deleted meanwhile is none of them any more.
func ReplaceGenres(ctx context.Context, tx pgx.Tx, id uuid.UUID, genres []uuid.UUID) error {
	const q = `
		WITH gone AS (DELETE FROM title_genres WHERE content_id = $1 AND genre_id <> ALL($2))
		INSERT INTO title_genres (content_id, genre_id, position)
		SELECT $1, id, position FROM (
			SELECT g.id, w.position FROM unnest($2::uuid[]) WITH ORDINALITY AS w (genre_id, position) JOIN genres g ON g.id = w.genre_id
			FOR KEY SHARE OF g
		) there
		ON CONFLICT (content_id, genre_id) DO UPDATE SET position = excluded.position`
	_, err := tx.Exec(ctx, q, id, genres)
	return err
}

// CopyGenres gives new titles their genres, all at once; genres are one list for each of the ids.
func CopyGenres(ctx context.Context, tx pgx.Tx, ids []uuid.UUID, genres [][]uuid.UUID) error {
	var rows [][]any
	for i, id := range ids {
		for place, genre := range genres[i] {
			rows = append(rows, []any{id, genre, place})
		}
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"title_genres"}, []string{"content_id", "genre_id", "position"}, pgx.CopyFromRows(rows))
	return err
}
