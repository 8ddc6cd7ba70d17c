package epg

import (
	"context"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// storedAround reads the programmes that a feed may be about: those on air in its range, and those that it names.
func storedAround(ctx context.Context, tx pgx.Tx, m *merge) ([]program, error) {
	found, err := programsBetween(ctx, tx, m.channel, m.from, m.to)
	if err != nil {
		return nil, err
	}
	var named []uuid.UUID
	for i := range m.feed {
		if m.feed[i].ID != uuid.Nil {
			named = append(named, m.feed[i].ID)
		}
	}
	if len(named) == 0 {
		return found, nil
	}
	const q = `
		SELECT ` + programColumns + ` FROM programs p
		WHERE p.channel_id = $1 AND p.id = ANY($2)
			AND NOT (p.start_time > $3 AND p.start_time < $4 AND p.end_time > $5)
		ORDER BY p.id`
	rows, err := tx.Query(ctx, q, m.channel, named, m.from.Add(-maxDuration), m.to, m.from)
	if err != nil {
		return nil, err
	}
	others, err := pgx.CollectRows(rows, pgx.RowToStructByName[program])
	return append(found, others...), err
}

// write stores what was decided, each kind of change in one statement.
func (m *merge) write(ctx context.Context, tx pgx.Tx) error {
	if len(m.deleted) > 0 {
		if err := deletePrograms(ctx, tx, m.channel, m.deleted); err != nil {
			return err
		}
	}
	if len(m.updated) > 0 {
		if err := m.update(ctx, tx); err != nil {
			return err
		}
	}
	if len(m.created) > 0 {
		return m.insert(ctx, tx)
	}
	return nil
}

func (m *merge) insert(ctx context.Context, tx pgx.Tx) error {
	columns := strings.Fields(`channel_id id title description content_rating language start_time end_time season_number
		episode_number categories images linked_vod_id catchup_blocked`)
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"programs"}, columns, pgx.CopyFromSlice(len(m.created), func(i int) ([]any, error) {
		p := &m.created[i]
		return []any{m.channel, p.ID, p.Title, p.Description, p.ContentRating, p.Language, p.StartTime, p.EndTime, p.SeasonNumber,
			p.EpisodeNumber, p.Categories, p.Images, linked(p.LinkedVODID), p.CatchupBlocked}, nil
	}))
	return err
}

// linked is an id as it is: pgx takes microseconds for a pointer to one.
func linked(id *uuid.UUID) any {
	if id == nil {
		return nil
	}
	return *id
}

// update sends the rows as JSON, since lists of lists, as the categories are, have no array type.
func (m *merge) update(ctx context.Context, tx pgx.Tx) error {
	const q = `
		UPDATE programs p SET title = u.title, description = u.description, content_rating = u.content_rating,
			language = u.language, start_time = u.start_time, end_time = u.end_time, season_number = u.season_number,
			episode_number = u.episode_number, categories = u.categories, images = u.images,
			linked_vod_id = u.linked_vod_id, catchup_blocked = u.catchup_blocked
		FROM jsonb_to_recordset($2) AS u (id uuid, title text, description text, content_rating text, language text,
			start_time timestamptz, end_time timestamptz, season_number int, episode_number int, categories text[],
			images jsonb, linked_vod_id uuid, catchup_blocked boolean)
		WHERE p.channel_id = $1 AND p.id = u.id`
	rows := make([]pgx.NamedArgs, len(m.updated))
	for i := range m.updated {
		rows[i] = m.updated[i].args()
	}
	_, err := tx.Exec(ctx, q, m.channel, rows)
	return err
}
