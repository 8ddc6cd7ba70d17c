package content

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/pgdb"
	"encora/origin/record"
)

// AnnounceDue records the transitions that the clock has made to rows of the kind's table since they were last told of: events and
// audit entries of windows that opened or closed. It returns how many. Visibility does not wait for it, so it emits no change.
func (k *Kind[R, A]) AnnounceDue(ctx context.Context, db *pgdb.DB, table string, now time.Time) (int, error) {
	told := 0
	err := db.Write(ctx, func(tx pgx.Tx) error {
		w := record.Begin(tx, record.System("clock"), now)
		due, err := dueIDs(ctx, tx, table, w.Now)
		if err != nil {
			return err
		}
		for _, id := range due {
			r, err := k.Read(ctx, tx, id)
			if err != nil {
				return err
			}
			h := k.Handle(r)
			status := h.Status(w.Now)
			k.tell(w, h, h.Publication.Announced, status)
			if _, err := tx.Exec(ctx, `UPDATE `+table+` SET announced = $2 WHERE id = $1`, id, status); err != nil {
				return err
			}
		}
		told = len(due)
		return w.Commit(ctx)
	})
	if err != nil {
		return 0, fmt.Errorf("announce transitions of %s by the clock: %w", table, err)
	}
	return told, nil
}

// dueIDs locks titles whose status by the clock is another than the one told of; those that an editor holds wait for the
// next time.
func dueIDs(ctx context.Context, tx pgx.Tx, table string, now time.Time) ([]uuid.UUID, error) {
	q := `
		SELECT x.id FROM ` + table + ` x JOIN titles t USING (id) JOIN titles root ON root.id = coalesce(t.parent_id, t.id)
		WHERE x.state = 'published' AND (
			x.announced = 'scheduled' AND x.available_from <= $1
			OR x.announced IN ('published', 'scheduled') AND x.available_until <= $1)
		ORDER BY x.id LIMIT 500 FOR NO KEY UPDATE OF root SKIP LOCKED`
	rows, err := tx.Query(ctx, q, Planned, now)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}
