package catalog

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/content"
)

// movieColumns are those of the movie struct, of movies x.
const movieColumns = `
	x.id, x.external_id, x.slug, x.title, x.original_title, x.synopsis, x.tagline, x.release_year, x.runtime_minutes,
	x.content_rating, x.country_of_origin, x.studio, x.audio_languages, x.subtitle_languages, x.cast_members, x.images,
	x.average_rating, x.rating_count, x.state, x.announced, x.drm_required, x.available_from, x.available_until,
	x.created_at, x.updated_at, ` + content.GenreColumns + `, ` + content.GeoColumn

// readMovie reads a movie; one that is not there is fault.Missing.
func readMovie(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*movie, error) {
	return content.One[movie](ctx, tx, `SELECT `+movieColumns+` FROM movies x WHERE x.id = $1`, id)
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
