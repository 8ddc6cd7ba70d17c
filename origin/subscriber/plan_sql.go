package subscriber

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// holdPlan reports whether there is such a plan, and keeps it from deletion until the transaction ends.
func holdPlan(ctx context.Context, tx pgx.Tx, id uuid.UUID) (bool, error) {
	const q = `SELECT id FROM plans WHERE id = $1 FOR KEY SHARE`
	err := tx.QueryRow(ctx, q, id).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}
