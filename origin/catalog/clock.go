package catalog

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/record"
)

// writer is the part of a write that telling of a status needs.
type writer interface {
	Audit(action, resourceType string, resourceID uuid.UUID, metadata any)
	Event(eventType string, payload any)
}

// AnnounceDue records the transitions that the clock has made since they were last told of: events and audit entries of
// windows that opened or closed. It returns how many. Visibility does not wait for it, so it emits no change.
func (d *Domain) AnnounceDue(ctx context.Context, now time.Time) (int, error) {
	told := 0
	err := d.DB.Write(ctx, func(tx pgx.Tx) error {
		w := record.Begin(tx, record.System("clock"), now)
		due, err := dueMovies(ctx, tx, w.Now)
		if err != nil {
			return err
		}
		for i := range due {
			m := &due[i]
			tellStatus(w, m, m.Announced, m.status(w.Now))
			if err := setAnnounced(ctx, tx, m.ID, m.status(w.Now)); err != nil {
				return err
			}
		}
		told = len(due)
		return w.Commit(ctx)
	})
	if err != nil {
		return 0, fmt.Errorf("announce transitions by the clock: %w", err)
	}
	return told, nil
}

// dueMovies locks movies whose status by the clock is another than the one told of; those that an editor holds wait for
// the next time.
func dueMovies(ctx context.Context, tx pgx.Tx, now time.Time) ([]movie, error) {
	q := `SELECT ` + movieColumns + `, '' AS sort FROM movies m
		WHERE m.state = 'published' AND (
			m.announced = 'scheduled' AND m.available_from <= @as_of
			OR m.announced IN ('published', 'scheduled') AND m.available_until <= @as_of)
		ORDER BY m.id LIMIT 500 FOR UPDATE SKIP LOCKED`
	rows, err := tx.Query(ctx, q, pgx.NamedArgs{"as_of": now})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[movie])
}

func setAnnounced(ctx context.Context, tx pgx.Tx, id uuid.UUID, status string) error {
	_, err := tx.Exec(ctx, `UPDATE movies SET announced = $2 WHERE id = $1`, id, status)
	return err
}
