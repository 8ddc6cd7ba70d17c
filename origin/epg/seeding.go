package epg

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Slot is the time that a programme takes, from start inclusive to end exclusive.
type Slot struct {
	Start, End time.Time
}

// Slots gives the times of the channel's programmes that overlap [from, to), by their start. They tell who fills a
// schedule bit by bit what is there already.
func (d *Domain) Slots(ctx context.Context, channelID uuid.UUID, from, to time.Time) ([]Slot, error) {
	const q = `SELECT start_time, end_time FROM programs
		WHERE channel_id = $1 AND start_time > $2::timestamptz - interval '7 days' AND start_time < $3 AND end_time > $2 ORDER BY start_time, id`
	var slots []Slot
	err := d.DB.Snapshot(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, q, channelID, from, to)
		if err != nil {
			return err
		}
		slots, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Slot])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look up the schedule of %s: %w", channelID, err)
	}
	return slots, nil
}
