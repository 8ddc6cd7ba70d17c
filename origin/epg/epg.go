// Package epg owns channels and the programme guide: what editors and feeds write of them, and what viewers see.
package epg

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/content"
	"encora/origin/pgdb"
	"encora/shared/wire"
)

// Domain is the guide. The func fields are filled by origin/app from the domains that own those tables.
type Domain struct {
	DB *pgdb.DB
	content.Upkeep
	// LeftOut gives, for channels that plans' catalogue filters leave out, the ids of the plans that stand for those filters;
	// nil: no channel is left out. Any edit of a channel may change it.
	LeftOut func(ctx context.Context, tx pgx.Tx) (map[uuid.UUID][]string, error)
	// Enqueue queues the work of an import, in the transaction that creates it.
	Enqueue func(ctx context.Context, tx pgx.Tx, importID uuid.UUID) error
	Imports Imports
}

func tagChannel(id uuid.UUID) string  { return wire.TagChannel(id.String()) }
func tagSchedule(id uuid.UUID) string { return wire.TagSchedule(id.String()) }
