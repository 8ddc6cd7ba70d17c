package catalog

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
)

type relatedIn struct {
	movieID
	api.Sparse
	Limit int `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"Number of items per page (1–100, default 20)."`
}

// relatedMovies are the visible movies that share most with this one: a cast member counts three genres, the better
// rated comes first among equals.
func (d *Domain) relatedMovies(ctx context.Context, r *api.Read, in *relatedIn) (api.List[Summary], error) {
	none := api.List[Summary]{}
	if _, err := d.visibleMovie(ctx, r, in.MovieID); err != nil {
		return none, err
	}
	r.Tag(tagMovies)
	f := &filters{}
	f.allowed(r.Deny)
	next, err := nextInstant(ctx, r, f, r.AsOf)
	if err != nil {
		return none, err
	}
	r.Until(next)
	f.windowed(r.AsOf)
	found, err := selectRelated(ctx, r, f, in.MovieID, in.Limit)
	if err != nil {
		return none, err
	}
	return api.List[Summary]{Data: found}, nil
}

// selectRelated scores what shares a genre or a cast member. Of each genre the newest hundred compete, or a drama would be
// compared with half of the catalogue each time.
func selectRelated(ctx context.Context, r *api.Read, f *filters, id uuid.UUID, limit int) ([]Summary, error) {
	q := `
		WITH this AS (SELECT cast_keys FROM movies WHERE id = @id),
		by_genre AS (
			SELECT peer.id, 1 AS score FROM movie_genres g CROSS JOIN LATERAL (
				SELECT m.id FROM movie_genres mg JOIN movies m ON m.id = mg.movie_id
				WHERE mg.genre_id = g.genre_id AND m.id <> @id` + f.Where() + `
				ORDER BY mg.movie_id DESC LIMIT 100
			) peer
			WHERE g.movie_id = @id
		),
		by_cast AS (
			SELECT m.id, 3 * cardinality(ARRAY(SELECT unnest(m.cast_keys) INTERSECT SELECT unnest(this.cast_keys))) AS score
			FROM movies m, this WHERE m.cast_keys && this.cast_keys AND m.id <> @id` + f.Where() + `
			LIMIT 500
		),
		scored AS (
			SELECT id, sum(score) AS score FROM (SELECT * FROM by_genre UNION ALL SELECT * FROM by_cast) s GROUP BY id
		)
		SELECT 'movie' AS content_type, m.id, m.title, m.slug, m.images, m.content_rating, m.release_year, m.runtime_minutes
		FROM scored JOIN movies m ON m.id = scored.id
		ORDER BY scored.score DESC, m.average_rating DESC, m.id LIMIT @limit`
	args := f.Args()
	args["id"], args["limit"] = id, limit
	rows, err := r.Query(ctx, q, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Summary])
}
