// Package discovery finds titles for viewers: by search, as they type, and by what others play. It owns no table: titles are
// package content's, and starts of streams playback's. ADR 14 tells how a search is ranked, and why so.
package discovery

import (
	"context"

	"github.com/jackc/pgx/v5"

	"encora/origin/pgdb"
)

// Domain is discovery. The func field is filled by origin/app.
type Domain struct {
	DB *pgdb.DB
	// Plans gives the plans' catalogue filters by the ids of the plans that stand for them; nil: there are none.
	Plans func(ctx context.Context, tx pgx.Tx) (map[string]string, error)
}
