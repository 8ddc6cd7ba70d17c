package series

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/content"
	"encora/origin/pgdb"
)

const (
	// seasonThere keeps the seasons s that are not deleted, seasonSeen those that viewers of the show see.
	seasonThere = `s.deleted_at IS NULL`
	seasonSeen  = seasonThere + ` AND s.status <> '` + statusDraft + `'`
	// allEpisodes counts what editors see of a season s.
	allEpisodes = `SELECT count(*) FROM episodes e WHERE e.season_id = s.id`
)

// selectSeasons are the rows of the season struct that a condition on seasons s keeps; counting is the query of their episodes.
func selectSeasons(counting, condition string) string {
	return `
		SELECT s.id, s.external_id, s.show_id, s.season_number, s.title, s.synopsis, s.images, coalesce(s.air_date::text, '') AS air_date,
			s.end_date::text AS end_date, s.status, s.was_published, s.created_at, s.updated_at, (` + counting + `) AS episode_count
		FROM seasons s WHERE ` + condition + ` ORDER BY s.season_number`
}

// readSeason reads a season by its number, with what editors count; one that is not there is fault.Missing.
func readSeason(ctx context.Context, tx pgx.Tx, show uuid.UUID, number int) (*season, error) {
	q := selectSeasons(allEpisodes, `s.show_id = $1 AND s.season_number = $2 AND `+seasonThere)
	return content.One[season](ctx, tx, q, show, number)
}

// seasonsOf reads the seasons of a show, with what editors count.
func seasonsOf(ctx context.Context, tx pgx.Tx, show uuid.UUID) ([]season, error) {
	return collectSeasons(ctx, tx, selectSeasons(allEpisodes, `s.show_id = $1 AND `+seasonThere), show)
}

func collectSeasons(ctx context.Context, tx pgx.Tx, q string, args ...any) ([]season, error) {
	rows, err := tx.Query(ctx, q, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[season])
}

func countSeasons(ctx context.Context, tx pgx.Tx, show uuid.UUID) (int, error) {
	var n int
	err := tx.QueryRow(ctx, `SELECT count(*) FROM seasons s WHERE s.show_id = $1 AND `+seasonThere, show).Scan(&n)
	return n, err
}

func (s *season) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"id": s.ID, "show_id": s.ShowID, "season_number": s.SeasonNumber, "title": s.Title, "synopsis": s.Synopsis, "images": s.Images,
		"air_date": s.AirDate, "end_date": s.EndDate, "status": s.Status, "created_at": s.CreatedAt, "updated_at": s.UpdatedAt,
	}
}

// insertSeason refuses a number that the show has.
func insertSeason(ctx context.Context, tx pgx.Tx, s *season) error {
	const q = `
		INSERT INTO seasons (id, show_id, season_number, title, synopsis, images, air_date, end_date, status, created_at, updated_at)
		VALUES (@id, @show_id, @season_number, @title, @synopsis, @images, nullif(@air_date, '')::date, @end_date::text::date, @status,
			@created_at, @updated_at)
		RETURNING external_id`
	err := tx.QueryRow(ctx, q, s.args()).Scan(&s.ExternalID)
	if pgdb.Violates(err, "seasons_number") {
		return numberTaken("season_number", "The show has a season of this number.")
	}
	return err
}

func updateSeason(ctx context.Context, tx pgx.Tx, s *season) error {
	const q = `
		UPDATE seasons SET title = @title, synopsis = @synopsis, images = @images, air_date = nullif(@air_date, '')::date,
			end_date = @end_date::text::date, status = @status, updated_at = @updated_at
		WHERE id = @id`
	_, err := tx.Exec(ctx, q, s.args())
	return err
}

// deleteSeason keeps the row of a season, and removes its episodes.
func deleteSeason(ctx context.Context, tx pgx.Tx, s *season) error {
	if _, err := tx.Exec(ctx, `DELETE FROM episodes WHERE season_id = $1`, s.ID); err != nil {
		return err
	}
	const q = `UPDATE seasons SET deleted_at = @updated_at, updated_at = @updated_at WHERE id = @id`
	_, err := tx.Exec(ctx, q, s.args())
	return err
}

// notePublished remembers of seasons that an episode of theirs is meant to be seen.
func notePublished(ctx context.Context, tx pgx.Tx, seasons ...uuid.UUID) error {
	_, err := tx.Exec(ctx, `UPDATE seasons SET was_published = true WHERE id = ANY($1) AND NOT was_published`, seasons)
	return err
}
