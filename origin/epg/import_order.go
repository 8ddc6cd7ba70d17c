package epg

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// turn is an import's place in the order in which imports were submitted. Whichever of two comes to a channel first, the
// one that was submitted later has the last word there.
type turn struct {
	ID uuid.UUID // of the import
	At time.Time // when it was submitted
}

// superseded is why an import leaves a channel as it is.
type superseded struct{ by uuid.UUID }

func (s *superseded) Error() string {
	return fmt.Sprintf("The import %s, which was submitted later, has written this time of the channel already: it is left as it is.", s.by)
}

// take notes what the import is about to write of the channel, whose row is locked. The error is superseded when an import
// that was submitted later has written some of that.
func (t *turn) take(ctx context.Context, tx pgx.Tx, m *merge) error {
	from, to := m.spans()
	const later = `
		SELECT import_id FROM epg_applied
		WHERE channel_id = $1 AND (submitted_at, import_id) > ($2, $3)
		  AND written && (SELECT range_agg(tstzrange(f, t)) FROM unnest($4::timestamptz[], $5::timestamptz[]) s(f, t))
		ORDER BY submitted_at DESC, import_id DESC LIMIT 1`
	var by uuid.UUID
	err := tx.QueryRow(ctx, later, m.channel, t.At, t.ID, from, to).Scan(&by)
	if err == nil {
		return &superseded{by}
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	const note = `
		INSERT INTO epg_applied (channel_id, submitted_at, import_id, written)
		SELECT $1, $2, $3, range_agg(tstzrange(f, t)) FROM unnest($4::timestamptz[], $5::timestamptz[]) s(f, t)
		ON CONFLICT (channel_id, submitted_at, import_id) DO UPDATE SET written = epg_applied.written + excluded.written`
	_, err = tx.Exec(ctx, note, m.channel, t.At, t.ID, from, to)
	return err
}

// spans are the times in which the merge writes: the feed's range, and the places outside of it from which it takes
// programmes that the feed names.
func (m *merge) spans() (from, to []time.Time) {
	from, to = []time.Time{m.from}, []time.Time{m.to}
	for s := range m.stored {
		p := &m.stored[s]
		if m.taken[s] && (p.StartTime.Before(m.from) || p.EndTime.After(m.to)) {
			from, to = append(from, p.StartTime), append(to, p.EndTime)
		}
	}
	return from, to
}
