package series

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/content"
	"encora/origin/pgdb"
	"encora/shared/fault"
)

// episodeColumns are those of the episode struct, of episodes x.
const episodeColumns = `
	x.id, x.external_id, x.show_id, x.season_id, x.episode_number, x.title, x.synopsis, x.runtime_minutes, x.content_rating,
	x.images, x.state, x.announced, coalesce(x.air_date::text, '') AS air_date, x.available_from, x.available_until,
	x.created_at, x.updated_at,
	(SELECT s.season_number FROM seasons s WHERE s.id = x.season_id) AS season_number,
	(SELECT h.content_rating FROM shows h WHERE h.id = x.show_id) AS show_rating`

// readEpisode reads an episode; one that is not there is fault.Missing.
func readEpisode(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*episode, error) {
	return content.One[episode](ctx, tx, `SELECT `+episodeColumns+` FROM episodes x WHERE x.id = $1`, id)
}

// episodeAt finds the id of an episode by its address; one that is not there is fault.Missing.
func episodeAt(ctx context.Context, tx pgx.Tx, at episodePath) (uuid.UUID, error) {
	const q = `
		SELECT x.id FROM episodes x JOIN seasons s ON s.id = x.season_id
		WHERE s.show_id = $1 AND s.season_number = $2 AND ` + seasonThere + ` AND x.episode_number = $3`
	return oneID(ctx, tx, q, at.ShowID, at.SeasonNumber, at.EpisodeNumber)
}

// oneID reads the id that a query finds; none is fault.Missing.
func oneID(ctx context.Context, tx pgx.Tx, q string, args ...any) (uuid.UUID, error) {
	var id uuid.UUID
	err := tx.QueryRow(ctx, q, args...).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		err = fault.Missing()
	}
	return id, err
}

// showRating reads the content rating that a show's episodes inherit.
func showRating(ctx context.Context, tx pgx.Tx, show uuid.UUID) (string, error) {
	var rating string
	err := tx.QueryRow(ctx, `SELECT content_rating FROM shows WHERE id = $1`, show).Scan(&rating)
	return rating, err
}

// episodesOf reads the episodes with an id in a column of episodes x.
func episodesOf(ctx context.Context, tx pgx.Tx, column string, id uuid.UUID) ([]episode, error) {
	rows, err := tx.Query(ctx, `SELECT `+episodeColumns+` FROM episodes x WHERE `+column+` = $1 ORDER BY x.id`, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[episode])
}

func (e *episode) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"id": e.ID, "show_id": e.ShowID, "season_id": e.SeasonID, "episode_number": e.EpisodeNumber, "title": e.Title,
		"synopsis": e.Synopsis, "runtime_minutes": e.RuntimeMinutes, "content_rating": e.ContentRating, "images": e.Images,
		"state": e.State, "announced": e.Announced, "air_date": e.AirDate, "available_from": e.AvailableFrom,
		"available_until": e.AvailableUntil, "created_at": e.CreatedAt, "updated_at": e.UpdatedAt,
	}
}

// insertEpisode refuses a number that the season has.
func insertEpisode(ctx context.Context, tx pgx.Tx, e *episode) (bool, error) {
	const q = `
		INSERT INTO episodes (id, show_id, season_id, episode_number, title, synopsis, runtime_minutes, content_rating, images,
			state, announced, air_date, available_from, available_until, created_at, updated_at)
		VALUES (@id, @show_id, @season_id, @episode_number, @title, @synopsis, @runtime_minutes, @content_rating, @images,
			@state, @announced, nullif(@air_date, '')::date, @available_from, @available_until, @created_at, @updated_at)`
	_, err := tx.Exec(ctx, q, e.args())
	if pgdb.Violates(err, "episodes_number") {
		return false, numberTaken("episode_number", "The season has an episode of this number.")
	}
	return err == nil, err
}

func updateEpisode(ctx context.Context, tx pgx.Tx, e *episode) error {
	const q = `
		UPDATE episodes SET title = @title, synopsis = @synopsis, runtime_minutes = @runtime_minutes,
			content_rating = @content_rating, images = @images, state = @state, announced = @announced,
			air_date = nullif(@air_date, '')::date, available_from = @available_from, available_until = @available_until,
			updated_at = @updated_at
		WHERE id = @id`
	_, err := tx.Exec(ctx, q, e.args())
	return err
}

func deleteEpisode(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	_, err := tx.Exec(ctx, `DELETE FROM episodes WHERE id = $1`, id)
	return err
}
