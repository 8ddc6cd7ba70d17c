package epg

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// programColumns are those of the program struct, of programs p.
const programColumns = `
	p.channel_id, p.id, p.title, p.description, p.content_rating, p.language, p.start_time, p.end_time, p.season_number,
	p.episode_number, p.categories, p.images, p.linked_vod_id, p.catchup_blocked`

// broadcaster is what a programme's representation takes from its channel.
type broadcaster struct {
	ID          uuid.UUID
	IsPublished bool
	CatchupDays int // 0: there is no catch-up
}

const broadcasterColumns = `id, is_published, coalesce(catchup_days, 0) AS catchup_days`

func readBroadcaster(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*broadcaster, error) {
	const q = `SELECT ` + broadcasterColumns + ` FROM channels WHERE id = $1`
	return one[broadcaster](ctx, tx, q, id)
}

// holdBroadcaster is readBroadcaster that keeps the channel from being deleted, published or unpublished, and feeds from
// its schedule.
func holdBroadcaster(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*broadcaster, error) {
	const q = `SELECT ` + broadcasterColumns + ` FROM channels WHERE id = $1 FOR SHARE`
	return one[broadcaster](ctx, tx, q, id)
}

// lockBroadcaster is holdBroadcaster that keeps editors from its schedule, too.
func lockBroadcaster(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*broadcaster, error) {
	const q = `SELECT ` + broadcasterColumns + ` FROM channels WHERE id = $1 FOR UPDATE`
	return one[broadcaster](ctx, tx, q, id)
}

// visibleBroadcasters reads those of the channels that viewers see whom none of the rules denies.
func visibleBroadcasters(ctx context.Context, tx pgx.Tx, ids, deny []uuid.UUID) (map[uuid.UUID]broadcaster, error) {
	const q = `
		SELECT ` + broadcasterColumns + ` FROM channels
		WHERE id = ANY($1) AND is_published
			AND NOT EXISTS (SELECT FROM geo_attachments a WHERE a.content_id = channels.id AND a.rule_id = ANY($2))`
	rows, err := tx.Query(ctx, q, ids, deny)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[broadcaster])
	byID := make(map[uuid.UUID]broadcaster, len(found))
	for _, b := range found {
		byID[b.ID] = b
	}
	return byID, err
}

// readProgram reads a programme of whatever channel; nil when there is none.
func readProgram(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*program, error) {
	const q = `SELECT ` + programColumns + ` FROM programs p WHERE p.id = $1`
	return one[program](ctx, tx, q, id)
}

// lockProgram reads a channel's programme for a write; nil when there is none.
func lockProgram(ctx context.Context, tx pgx.Tx, channelID, id uuid.UUID) (*program, error) {
	const q = `SELECT ` + programColumns + ` FROM programs p WHERE p.channel_id = $1 AND p.id = $2 FOR UPDATE`
	return one[program](ctx, tx, q, channelID, id)
}

// programChannel finds the channel of a programme, which never changes; uuid.Nil when there is no such programme.
func programChannel(ctx context.Context, tx pgx.Tx, id uuid.UUID) (uuid.UUID, error) {
	const q = `SELECT channel_id FROM programs WHERE id = $1`
	var channel uuid.UUID
	err := tx.QueryRow(ctx, q, id).Scan(&channel)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return channel, err
}

func one[T any](ctx context.Context, tx pgx.Tx, q string, args ...any) (*T, error) {
	rows, err := tx.Query(ctx, q, args...)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[T])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return found, err
}

func (p *program) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"channel_id": p.ChannelID, "id": p.ID, "title": p.Title, "description": p.Description,
		"content_rating": p.ContentRating, "language": p.Language, "start_time": p.StartTime, "end_time": p.EndTime,
		"season_number": p.SeasonNumber, "episode_number": p.EpisodeNumber, "categories": p.Categories, "images": p.Images,
		"linked_vod_id": p.LinkedVODID, "catchup_blocked": p.CatchupBlocked,
	}
}

func insertProgram(ctx context.Context, tx pgx.Tx, p *program) error {
	const q = `
		INSERT INTO programs (channel_id, id, title, description, content_rating, language, start_time, end_time,
			season_number, episode_number, categories, images, linked_vod_id, catchup_blocked)
		VALUES (@channel_id, @id, @title, @description, @content_rating, @language, @start_time, @end_time,
			@season_number, @episode_number, @categories, @images, @linked_vod_id, @catchup_blocked)`
	_, err := tx.Exec(ctx, q, p.args())
	return err
}

func updateProgram(ctx context.Context, tx pgx.Tx, p *program) error {
	const q = `
		UPDATE programs SET title = @title, description = @description, content_rating = @content_rating,
			language = @language, start_time = @start_time, end_time = @end_time, season_number = @season_number,
			episode_number = @episode_number, categories = @categories, images = @images,
			linked_vod_id = @linked_vod_id, catchup_blocked = @catchup_blocked
		WHERE channel_id = @channel_id AND id = @id`
	_, err := tx.Exec(ctx, q, p.args())
	return err
}

// deletePrograms removes programmes of one channel.
func deletePrograms(ctx context.Context, tx pgx.Tx, channelID uuid.UUID, ids []uuid.UUID) error {
	_, err := tx.Exec(ctx, `DELETE FROM programs WHERE channel_id = $1 AND id = ANY($2)`, channelID, ids)
	return err
}

// programsBetween reads a channel's programmes that are on air at some time of [from, to), in the order of start and id:
// one range of the index, for the longest began within maxDuration.
func programsBetween(ctx context.Context, tx pgx.Tx, channelID uuid.UUID, from, to time.Time) ([]program, error) {
	const q = `
		SELECT ` + programColumns + ` FROM programs p
		WHERE p.channel_id = $1 AND p.start_time > $2 AND p.start_time < $3 AND p.end_time > $4
		ORDER BY p.start_time, p.id`
	rows, err := tx.Query(ctx, q, channelID, from.Add(-maxDuration), to, from)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[program])
}
