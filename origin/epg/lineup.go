package epg

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/vocab"
	"encora/shared/wire"
)

// lineup tells edges which channels are published, and what decides who may see them and for how long.
func (d *Domain) lineup(ctx context.Context, r *api.Read, _ *api.None) (wire.Lineup, error) {
	r.Tag(wire.TagLineup)
	channels, err := readLineup(ctx, r)
	return wire.Lineup{Channels: channels}, err
}

func readLineup(ctx context.Context, tx pgx.Tx) ([]wire.LineupChannel, error) {
	const q = `
		SELECT c.id::text, coalesce(c.catchup_days, 0), coalesce(a.rules, '{}')
		FROM channels c LEFT JOIN (
			SELECT content_id, array_agg(rule_id::text ORDER BY rule_id) AS rules
			FROM geo_attachments WHERE content_type = $1 GROUP BY content_id
		) a ON a.content_id = c.id
		WHERE c.is_published ORDER BY c.id`
	rows, err := tx.Query(ctx, q, contentChannel)
	if err != nil {
		return nil, err
	}
	channels, err := pgx.CollectRows(rows, pgx.RowToStructByPos[wire.LineupChannel])
	if channels == nil {
		channels = []wire.LineupChannel{} // an empty list, not null
	}
	return channels, err
}

// Content tells which of the ids are channels.
func (d *Domain) Content(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	return channelTypes(ctx, tx, `SELECT id FROM channels WHERE id = ANY($1)`, ids)
}

// Hold is Content that locks what it finds, in the order of ids, against deletion and publication.
func (d *Domain) Hold(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	return channelTypes(ctx, tx, `SELECT id FROM channels WHERE id = ANY($1) ORDER BY id FOR SHARE`, ids)
}

func channelTypes(ctx context.Context, tx pgx.Tx, q string, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	rows, err := tx.Query(ctx, q, ids)
	if err != nil {
		return nil, err
	}
	types := make(map[uuid.UUID]string, len(ids))
	var id uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error { types[id] = contentChannel; return nil })
	return types, err
}

// Touched emits what a change of the given channels' rules alters for viewers: nothing for a channel that no viewer can
// see. hard says that something was taken away.
func (d *Domain) Touched(ctx context.Context, w *api.Write, ids []uuid.UUID, hard bool) error {
	rows, err := w.Query(ctx, `SELECT id FROM channels WHERE id = ANY($1) AND is_published`, ids)
	if err != nil {
		return err
	}
	seen, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return err
	}
	for _, id := range seen {
		vocab.Emit(w, hard, tagChannel(id), tagChannels)
		w.Emit(wire.TagLineup)
	}
	return nil
}

// Published locks a channel and reports whether viewers see it.
func (d *Domain) Published(ctx context.Context, w *api.Write, id uuid.UUID) (bool, error) {
	c, err := lockChannel(ctx, w.Tx.Tx, id)
	return c != nil && c.IsPublished, err
}
