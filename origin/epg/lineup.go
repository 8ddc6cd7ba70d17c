package epg

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/content"
	"encora/shared/wire"
)

// lineup tells edges which channels are published, and what decides who may see them and for how long.
func (d *Domain) lineup(ctx context.Context, r *api.Read, _ *api.None) (wire.Lineup, error) {
	r.Tag(wire.TagLineup)
	channels, err := readLineup(ctx, r)
	if err == nil && d.LeftOut != nil {
		err = d.leaveOut(ctx, r, channels)
	}
	return wire.Lineup{Channels: channels}, err
}

// leaveOut adds the plans that leave channels out to what denies these.
func (d *Domain) leaveOut(ctx context.Context, tx pgx.Tx, channels []wire.LineupChannel) error {
	plans, err := d.LeftOut(ctx, tx)
	if err != nil || len(plans) == 0 {
		return err
	}
	for i := range channels {
		c := &channels[i]
		id, err := uuid.Parse(c.ID)
		if err != nil {
			return err
		}
		c.Rules = append(c.Rules, plans[id]...)
	}
	return nil
}

func readLineup(ctx context.Context, tx pgx.Tx) ([]wire.LineupChannel, error) {
	const q = `
		SELECT c.id::text, coalesce(c.catchup_days, 0), coalesce(a.rules, '{}')
		FROM channels c LEFT JOIN (
			SELECT content_id, array_agg(rule_id::text ORDER BY rule_id) AS rules
			FROM geo_attachments WHERE content_type = $1 GROUP BY content_id
		) a ON a.content_id = c.id
		WHERE c.is_published ORDER BY c.id`
	rows, err := tx.Query(ctx, q, content.Channel)
	if err != nil {
		return nil, err
	}
	channels, err := pgx.CollectRows(rows, pgx.RowToStructByPos[wire.LineupChannel])
	if channels == nil {
		channels = []wire.LineupChannel{} // an empty list, not null
	}
	return channels, err
}
