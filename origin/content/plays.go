package content

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// SetPlays stores how often titles were played in 30 days, which is most of their popularity, and returns of how many it did.
// What an editor holds at the moment keeps its count until the next time.
func SetPlays(ctx context.Context, tx pgx.Tx, titles []uuid.UUID, plays []int32) (int, error) {
	const q = `
		WITH free AS (SELECT id FROM titles WHERE id = ANY($1) FOR NO KEY UPDATE SKIP LOCKED)
		UPDATE titles t SET plays = n.plays FROM unnest($1::uuid[], $2::int[]) n(id, plays), free
		WHERE t.id = n.id AND t.id = free.id`
	tag, err := tx.Exec(ctx, q, titles, plays)
	return int(tag.RowsAffected()), err
}
