package epg

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Starts gives the instants, from inclusive and to exclusive, at which programmes of the channel start, in their order. It
// tells who fills a schedule bit by bit what is there already.
func (d *Domain) Starts(ctx context.Context, channelID uuid.UUID, from, to time.Time) ([]time.Time, error) {
	const q = `SELECT start_time FROM programs WHERE channel_id = $1 AND start_time >= $2 AND start_time < $3 ORDER BY start_time`
	var starts []time.Time
	err := d.DB.Snapshot(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, q, channelID, from, to)
		if err != nil {
			return err
		}
		starts, err = pgx.CollectRows(rows, pgx.RowTo[time.Time])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look up the schedule of %s: %w", channelID, err)
	}
	return starts, nil
}
