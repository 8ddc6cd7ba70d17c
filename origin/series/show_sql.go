package series

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/content"
)

// showColumns are those of the show struct, of shows x, without its counts.
const showColumns = `
	x.id, x.external_id, x.slug, x.title, x.original_title, x.synopsis, x.content_rating, x.network, x.country_of_origin, x.language,
	coalesce(x.first_air_date::text, '') AS first_air_date, coalesce(x.last_air_date::text, '') AS last_air_date,
	x.cast_members, x.images, x.average_rating, x.rating_count, x.state, x.announced, x.airing, x.drm_required,
	x.created_at, x.updated_at, ` + content.GenreColumns + `, ` + content.GeoColumn + `, `

const (
	// allParts counts what editors see.
	allParts = `
		(SELECT count(*) FROM seasons s WHERE s.show_id = x.id AND s.deleted_at IS NULL) AS total_seasons,
		(SELECT count(*) FROM episodes e WHERE e.show_id = x.id) AS total_episodes`
	// uncounted leaves counting to countSeen.
	uncounted = `0 AS total_seasons, 0 AS total_episodes`
)

// readShow reads a show with what editors count; one that is not there is fault.Missing.
func readShow(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*show, error) {
	return content.One[show](ctx, tx, `SELECT `+showColumns+allParts+` FROM shows x WHERE x.id = $1`, id)
}

// countSeen fills in how many seasons and episodes of the shows the viewer sees, and says when the clock changes that.
func countSeen(ctx context.Context, r *api.Read, shows ...*show) error {
	byID := make(map[uuid.UUID]*show, len(shows))
	ids := make([]uuid.UUID, len(shows))
	for i, s := range shows {
		byID[s.ID], ids[i] = s, s.ID
	}
	q := content.Parts(r, content.Episode)
	q.And("t.parent_id = ANY(@shows)", "shows", ids)
	if err := q.Clock(ctx, r); err != nil {
		return err
	}
	s := `
		SELECT h.id, (SELECT count(*) FROM seasons s WHERE s.show_id = h.id AND ` + seasonSeen + `), coalesce(e.n, 0)
		FROM unnest(@shows::uuid[]) h (id)
		LEFT JOIN (SELECT t.parent_id, count(*) AS n FROM titles t WHERE true` + q.Where() + ` GROUP BY 1) e ON e.parent_id = h.id`
	rows, err := r.Query(ctx, s, q.Args())
	if err != nil {
		return err
	}
	var id uuid.UUID
	var seasons, episodes int
	_, err = pgx.ForEachRow(rows, []any{&id, &seasons, &episodes}, func() error {
		byID[id].TotalSeasons, byID[id].TotalEpisodes = seasons, episodes
		return nil
	})
	return err
}

func (s *show) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"id": s.ID, "slug": s.Slug, "title": s.Title, "original_title": s.OriginalTitle, "synopsis": s.Synopsis,
		"content_rating": s.ContentRating, "network": s.Network, "country_of_origin": s.CountryOfOrigin, "language": s.Language,
		"first_air_date": s.FirstAirDate, "last_air_date": s.LastAirDate, "cast_members": s.Cast, "images": s.Images,
		"state": s.State, "announced": s.Announced, "airing": s.Airing, "drm_required": s.DRMRequired,
		"created_at": s.CreatedAt, "updated_at": s.UpdatedAt,
	}
}

// insertShow reports whether the slug was free.
func insertShow(ctx context.Context, tx pgx.Tx, s *show) (bool, error) {
	const q = `
		INSERT INTO shows (id, slug, title, original_title, synopsis, content_rating, network, country_of_origin, language,
			first_air_date, last_air_date, cast_members, images, state, announced, airing, drm_required, created_at, updated_at)
		VALUES (@id, @slug, @title, @original_title, @synopsis, @content_rating, @network, @country_of_origin, @language,
			nullif(@first_air_date, '')::date, nullif(@last_air_date, '')::date, @cast_members, @images, @state, @announced,
			@airing, @drm_required, @created_at, @updated_at)
		ON CONFLICT (slug) DO NOTHING RETURNING external_id`
	err := tx.QueryRow(ctx, q, s.args()).Scan(&s.ExternalID)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func updateShow(ctx context.Context, tx pgx.Tx, s *show) error {
	const q = `
		UPDATE shows SET title = @title, original_title = @original_title, synopsis = @synopsis,
			content_rating = @content_rating, network = @network, country_of_origin = @country_of_origin, language = @language,
			first_air_date = nullif(@first_air_date, '')::date, last_air_date = nullif(@last_air_date, '')::date,
			cast_members = @cast_members, images = @images, state = @state, announced = @announced, airing = @airing,
			drm_required = @drm_required, updated_at = @updated_at
		WHERE id = @id`
	_, err := tx.Exec(ctx, q, s.args())
	return err
}

// deleteShow removes a show with its seasons and episodes.
func deleteShow(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	_, err := tx.Exec(ctx, `DELETE FROM shows WHERE id = $1`, id)
	return err
}
