package record

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// keepChanges is how long changes stay in the table: far longer than any edge waits before it starts a new world.
const keepChanges = 48 * time.Hour

// Tidy makes the partitions of the days to come, and drops changes and idempotency records past their keeping. The audit
// log is kept. A new partition locks its table until tx ends, so these come last, and in the order in which Commit writes
// to the tables: the other way round, Tidy and a write could wait for each other.
func Tidy(ctx context.Context, tx pgx.Tx, now time.Time) error {
	for _, step := range []struct {
		q    string
		args []any
	}{
		{`DELETE FROM idempotency_keys WHERE created_at < $1`, []any{now.Add(-KeepIdempotency)}},
		{`DELETE FROM changes_default WHERE at < $1`, []any{now.Add(-keepChanges)}},
		{`SELECT ensure_partitions('audit_log', 'month', 3, $1)`, []any{now}},
		{`SELECT ensure_partitions('changes', 'day', 7, $1)`, []any{now}},
		{`SELECT drop_partitions('changes', $1)`, []any{now.Add(-keepChanges)}},
	} {
		if _, err := tx.Exec(ctx, step.q, step.args...); err != nil {
			return fmt.Errorf("tidy records: %w", err)
		}
	}
	return nil
}
