package content

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
)

// Shortlist is the part of an input that selects of a short list.
type Shortlist struct {
	api.Sparse
	Limit int `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"Number of items per page (1–100, default 20)."`
}

// Related are the visible titles of its kind that share most with this one: a cast member counts three genres, the better
// rated comes first among equals.
func Related(ctx context.Context, r *api.Read, kind string, id uuid.UUID, limit int) (api.List[Summary], error) {
	none := api.List[Summary]{}
	if _, err := Visible(ctx, r, id, kind); err != nil {
		return none, err
	}
	q := Listed(r, kind)
	if err := q.Clock(ctx, r); err != nil {
		return none, err
	}
	found, err := selectRelated(ctx, r, q, id, limit)
	if err != nil {
		return none, err
	}
	return api.List[Summary]{Data: found}, nil
}

// selectRelated scores what shares a genre or a cast member. Of each genre the newest hundred compete, or a drama would be
// compared with half of the catalogue each time.
func selectRelated(ctx context.Context, r *api.Read, q *Query, id uuid.UUID, limit int) ([]Summary, error) {
	s := `
		WITH this AS (SELECT cast_keys FROM titles WHERE id = @id),
		by_genre AS (
			SELECT peer.id, 1 AS score FROM title_genres g CROSS JOIN LATERAL (
				SELECT t.id FROM title_genres tg JOIN titles t ON t.id = tg.content_id
				WHERE tg.genre_id = g.genre_id AND t.id <> @id` + q.Where() + `
				ORDER BY tg.content_id DESC LIMIT 100
			) peer
			WHERE g.content_id = @id
		),
		by_cast AS (
			SELECT t.id, 3 * cardinality(ARRAY(SELECT unnest(t.cast_keys) INTERSECT SELECT unnest(this.cast_keys))) AS score
			FROM titles t, this WHERE t.cast_keys && this.cast_keys AND t.id <> @id` + q.Where() + `
			LIMIT 500
		),
		scored AS (
			SELECT id, sum(score) AS score FROM (SELECT * FROM by_genre UNION ALL SELECT * FROM by_cast) s GROUP BY id
		)
		SELECT ` + SummaryColumns + ` FROM scored JOIN titles x ON x.id = scored.id
		ORDER BY scored.score DESC, x.average_rating DESC, x.id LIMIT @limit`
	args := q.Args()
	args["id"], args["limit"] = id, limit
	rows, err := r.Query(ctx, s, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Summary])
}
