package playback

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/content"
	"encora/origin/record"
)

// queuePlay leaves a start behind to be counted. A programme of no known channel is nothing that is counted.
func queuePlay(batch *pgx.Batch, id uuid.UUID, now time.Time) {
	if id != uuid.Nil {
		batch.Queue(`INSERT INTO play_starts (content_id, started_at) VALUES ($1, $2)`, id, now)
	}
}

// countedAtOnce bounds the starts of one transaction of a count.
const countedAtOnce = 20_000

// CountPlays adds the starts that wait to the counts, and reports whether there were any. An episode's start is its show's, too.
// Each is counted once: whoever deletes it has counted it.
func (d *Domain) CountPlays(ctx context.Context, now time.Time) (bool, error) {
	for counted := 0; ; {
		n, err := d.countSome(ctx, now)
		if counted += n; err != nil || n < countedAtOnce {
			return counted > 0, err
		}
	}
}

func (d *Domain) countSome(ctx context.Context, now time.Time) (int, error) {
	n := 0
	err := d.DB.Write(ctx, func(tx pgx.Tx) error {
		w := record.Begin(tx, record.System("plays"), now)
		const q = `
			WITH taken AS (
				DELETE FROM play_starts WHERE ctid = ANY(ARRAY(SELECT ctid FROM play_starts LIMIT $1 FOR UPDATE SKIP LOCKED))
				RETURNING content_id, started_at),
			counted AS (
				INSERT INTO plays AS p (bucket, content_id, starts)
				SELECT date_trunc('hour', started_at, 'UTC'), id, count(*) FROM taken
				CROSS JOIN LATERAL (
					SELECT content_id UNION ALL SELECT parent_id FROM titles WHERE titles.id = content_id AND parent_id IS NOT NULL) of(id)
				GROUP BY 1, 2 ORDER BY 1, 2
				ON CONFLICT (bucket, content_id) DO UPDATE SET starts = p.starts + excluded.starts)
			SELECT count(*) FROM taken`
		if err := tx.QueryRow(ctx, q, countedAtOnce).Scan(&n); err != nil || n == 0 {
			return err
		}
		w.Emit(content.TagTrending)
		return w.Commit(ctx)
	})
	if err != nil {
		return 0, fmt.Errorf("count plays: %w", err)
	}
	return n, nil
}

// How long counts are kept by the hour, and by the day.
const (
	keepHours = 48 * time.Hour
	keepDays  = 31 * 24 * time.Hour
)

// mergeHours adds the hours before an instant to their days. Midnight's hour is the day's row.
const mergeHours = `
	WITH hours AS (
		DELETE FROM plays WHERE bucket < $1 AND bucket <> date_trunc('day', bucket, 'UTC') RETURNING bucket, content_id, starts)
	INSERT INTO plays AS p (bucket, content_id, starts)
	SELECT date_trunc('day', bucket, 'UTC'), content_id, sum(starts) FROM hours GROUP BY 1, 2 ORDER BY 1, 2
	ON CONFLICT (bucket, content_id) DO UPDATE SET starts = p.starts + excluded.starts`
