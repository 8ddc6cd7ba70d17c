package discovery

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/content"
	"encora/origin/record"
)

const (
	// popularFor is how far back starts make a title popular.
	popularFor = 30 * day
	// popularStep bounds the titles of one transaction.
	popularStep = 500
)

// UpdatePopularity stores how often titles were started in 30 days, where that is by more than a twentieth another number than
// the stored one, and returns of how many titles it did. Orders by popularity follow at most that often.
func (d *Domain) UpdatePopularity(ctx context.Context, now time.Time) (int, error) {
	titles, plays, err := d.replayed(ctx, now)
	updated := 0
	for len(titles) > 0 && err == nil {
		n := min(popularStep, len(titles))
		var done int
		done, err = d.setPlays(ctx, now, titles[:n], plays[:n])
		updated += done
		titles, plays = titles[n:], plays[n:]
	}
	if err != nil {
		err = fmt.Errorf("update popularity: %w", err)
	}
	return updated, err
}

func (d *Domain) setPlays(ctx context.Context, now time.Time, titles []uuid.UUID, plays []int32) (int, error) {
	updated := 0
	err := d.DB.Write(ctx, func(tx pgx.Tx) error {
		w := record.Begin(tx, record.System("popularity"), now)
		var err error
		if updated, err = content.SetPlays(ctx, tx, titles, plays); err != nil || updated == 0 {
			return err
		}
		w.Emit(content.TagPopularity)
		return w.Commit(ctx)
	})
	return updated, err
}

// replayed are titles whose starts have become another number than is stored, with that number.
func (d *Domain) replayed(ctx context.Context, now time.Time) ([]uuid.UUID, []int32, error) {
	const q = `
		SELECT t.id, p.starts FROM titles t
		LEFT JOIN (SELECT content_id, sum(starts) AS starts FROM plays WHERE bucket >= $1 GROUP BY content_id) c ON c.content_id = t.id
		CROSS JOIN LATERAL (SELECT least(coalesce(c.starts, 0), 2000000000)::int AS starts) p
		WHERE (t.plays > 0 OR p.starts > 0) AND abs(t.plays - p.starts) * 20::bigint > t.plays ORDER BY t.id`
	var titles []uuid.UUID
	var plays []int32
	err := d.DB.Snapshot(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, q, now.Add(-popularFor).Truncate(day))
		if err != nil {
			return err
		}
		var id uuid.UUID
		var n int32
		_, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error {
			titles, plays = append(titles, id), append(plays, n)
			return nil
		})
		return err
	})
	return titles, plays, err
}
