package catalog

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/record"
)

// movieColumns are those of the movie struct, of movies m.
const movieColumns = `
	m.id, m.external_id, m.slug, m.title, m.original_title, m.synopsis, m.tagline, m.release_year, m.runtime_minutes,
	m.content_rating, m.country_of_origin, m.studio, m.audio_languages, m.subtitle_languages, m.cast_members, m.images,
	m.average_rating, m.rating_count, m.state, m.announced, m.drm_required, m.available_from, m.available_until,
	m.created_at, m.updated_at,
	ARRAY(SELECT g.slug FROM movie_genres mg JOIN genres g ON g.id = mg.genre_id
	      WHERE mg.movie_id = m.id ORDER BY mg.position) AS genres,
	ARRAY(SELECT mg.genre_id FROM movie_genres mg WHERE mg.movie_id = m.id ORDER BY mg.position) AS genre_ids,
	(SELECT jsonb_build_object('rule_id', r.id, 'policy', r.policy, 'territories', r.territories)
	 FROM geo_attachments a JOIN geo_rules r ON r.id = a.rule_id
	 WHERE a.content_id = m.id ORDER BY r.id LIMIT 1) AS geo`

func readMovie(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*movie, error) {
	return oneMovie(ctx, tx, `SELECT `+movieColumns+`, '' AS sort FROM movies m WHERE m.id = $1`, id)
}

// lockMovie reads a movie for a write; nil when there is none. The lock comes first and the columns after it, so that
// genres and rules are those that the last writer left.
func lockMovie(ctx context.Context, tx *record.Tx, id uuid.UUID) (*movie, error) {
	const q = `SELECT id FROM movies WHERE id = $1 FOR UPDATE`
	err := tx.QueryRow(ctx, q, id).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return readMovie(ctx, tx.Tx, id)
}

func oneMovie(ctx context.Context, tx pgx.Tx, q string, args ...any) (*movie, error) {
	rows, err := tx.Query(ctx, q, args...)
	if err != nil {
		return nil, err
	}
	m, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[movie])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return m, err
}

// takenSlugs tells which of the candidates are in use.
func takenSlugs(ctx context.Context, tx pgx.Tx, candidates []string) ([]string, error) {
	const q = `SELECT slug FROM movies WHERE slug = ANY($1)`
	rows, err := tx.Query(ctx, q, candidates)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func (m *movie) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"id": m.ID, "slug": m.Slug, "title": m.Title, "original_title": m.OriginalTitle, "synopsis": m.Synopsis,
		"tagline": m.Tagline, "release_year": m.ReleaseYear, "runtime_minutes": m.RuntimeMinutes,
		"content_rating": m.ContentRating, "country_of_origin": m.CountryOfOrigin, "studio": m.Studio,
		"audio_languages": m.AudioLanguages, "subtitle_languages": m.SubtitleLanguages, "cast_members": m.Cast,
		"images": m.Images, "state": m.State, "announced": m.Announced, "drm_required": m.DRMRequired,
		"available_from": m.AvailableFrom, "available_until": m.AvailableUntil,
		"created_at": m.CreatedAt, "updated_at": m.UpdatedAt,
	}
}

// insertMovie reports whether the slug was free.
func insertMovie(ctx context.Context, tx pgx.Tx, m *movie) (bool, error) {
	const q = `
		INSERT INTO movies (id, slug, title, original_title, synopsis, tagline, release_year, runtime_minutes,
			content_rating, country_of_origin, studio, audio_languages, subtitle_languages, cast_members, images,
			state, announced, drm_required, available_from, available_until, created_at, updated_at)
		VALUES (@id, @slug, @title, @original_title, @synopsis, @tagline, @release_year, @runtime_minutes,
			@content_rating, @country_of_origin, @studio, @audio_languages, @subtitle_languages, @cast_members, @images,
			@state, @announced, @drm_required, @available_from, @available_until, @created_at, @updated_at)
		ON CONFLICT (slug) DO NOTHING RETURNING external_id`
	err := tx.QueryRow(ctx, q, m.args()).Scan(&m.ExternalID)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func updateMovie(ctx context.Context, tx pgx.Tx, m *movie) error {
	const q = `
		UPDATE movies SET title = @title, original_title = @original_title, synopsis = @synopsis, tagline = @tagline,
			release_year = @release_year, runtime_minutes = @runtime_minutes, content_rating = @content_rating,
			country_of_origin = @country_of_origin, studio = @studio, audio_languages = @audio_languages,
			subtitle_languages = @subtitle_languages, cast_members = @cast_members, images = @images,
			state = @state, announced = @announced, drm_required = @drm_required, available_from = @available_from,
			available_until = @available_until, updated_at = @updated_at
		WHERE id = @id`
	_, err := tx.Exec(ctx, q, m.args())
	return err
}

func deleteMovie(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	_, err := tx.Exec(ctx, `DELETE FROM movies WHERE id = $1`, id)
	return err
}

func replaceMovieGenres(ctx context.Context, tx pgx.Tx, id uuid.UUID, genres []uuid.UUID) error {
	const q = `
		WITH gone AS (DELETE FROM movie_genres WHERE movie_id = $1 AND genre_id <> ALL($2))
		INSERT INTO movie_genres (movie_id, genre_id, position)
		SELECT $1, genre_id, position FROM unnest($2::uuid[]) WITH ORDINALITY AS g (genre_id, position)
		ON CONFLICT (movie_id, genre_id) DO UPDATE SET position = excluded.position`
	_, err := tx.Exec(ctx, q, id, genres)
	return err
}

// hasVideo reports whether the movie has a ready video asset.
func hasVideo(ctx context.Context, tx pgx.Tx, id uuid.UUID) (bool, error) {
	const q = `
		SELECT EXISTS (SELECT 1 FROM media_assets
		               WHERE content_id = $1 AND asset_type = 'video_master' AND status = 'ready')`
	var found bool
	err := tx.QueryRow(ctx, q, id).Scan(&found)
	return found, err
}

// nextInstant is the first instant after asOf at which a movie of the filters enters or leaves its window, or nil.
func nextInstant(ctx context.Context, tx pgx.Tx, f *filters, asOf time.Time) (*time.Time, error) {
	args := f.Args()
	args["as_of"] = asOf
	where := f.Where()
	q := `SELECT least(
		(SELECT m.available_from FROM movies m
		 WHERE m.state = 'published' AND m.available_from > @as_of` + where + ` ORDER BY m.available_from LIMIT 1),
		(SELECT m.available_until FROM movies m
		 WHERE m.state = 'published' AND m.available_until > @as_of` + where + ` ORDER BY m.available_until LIMIT 1))`
	var at *time.Time
	err := tx.QueryRow(ctx, q, args).Scan(&at)
	return at, err
}
