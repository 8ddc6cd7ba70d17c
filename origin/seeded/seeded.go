// Package seeded remembers what was brought in once, so that a repeated seeding goes on from there and does not undo what
// editors have deleted since.
package seeded

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"encora/origin/pgdb"
)

// Marks are what is remembered.
type Marks struct {
	DB *pgdb.DB
}

// All gives, by the key of everything that was brought in, up to when it was: the zero time for what has no schedule.
func (m Marks) All(ctx context.Context) (map[string]time.Time, error) {
	all := map[string]time.Time{}
	err := m.DB.Snapshot(ctx, func(tx pgx.Tx) error {
		clear(all)
		rows, err := tx.Query(ctx, `SELECT key, until FROM seeded`)
		if err != nil {
			return err
		}
		var key string
		var until *time.Time
		_, err = pgx.ForEachRow(rows, []any{&key, &until}, func() error {
			all[key] = time.Time{}
			if until != nil {
				all[key] = *until
			}
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look up what was seeded: %w", err)
	}
	return all, nil
}

// Put remembers that the keys were brought in, up to an instant if that is not zero.
func (m Marks) Put(ctx context.Context, until time.Time, keys ...string) error {
	const q = `INSERT INTO seeded (key, until) SELECT unnest($1::text[]), $2 ON CONFLICT (key) DO UPDATE SET until = excluded.until`
	var end *time.Time
	if !until.IsZero() {
		end = &until
	}
	err := m.DB.Write(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, q, keys, end); err != nil {
			return err
		}
		return tx.Commit(ctx)
	})
	if err != nil {
		return fmt.Errorf("remember what was seeded: %w", err)
	}
	return nil
}
