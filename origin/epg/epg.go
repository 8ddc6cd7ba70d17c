// Package epg owns channels and the programme guide: what editors and feeds write of them, and what viewers see.
package epg

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/pgdb"
	"encora/shared/wire"
)

// Domain is the guide. The func fields are filled by origin/app from the domains that own those tables.
type Domain struct {
	DB *pgdb.DB
	// Attach adds a geo rule to content and reports whether that changed anything; an unknown rule is 422. DetachAll
	// removes all its rules and reports whether there were any.
	Attach    func(ctx context.Context, w *api.Write, contentType string, id, rule uuid.UUID) (bool, error)
	DetachAll func(ctx context.Context, w *api.Write, id uuid.UUID) (bool, error)
	// RemoveMedia deletes the assets of a channel that is deleted.
	RemoveMedia func(ctx context.Context, w *api.Write, id uuid.UUID) error
	// Titles gives the content types of those of the ids that programmes can be linked to.
	Titles func(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]string, error)
	// Enqueue queues the work of an import, in the transaction that creates it.
	Enqueue func(ctx context.Context, tx pgx.Tx, importID uuid.UUID) error
	Imports Imports
}

// Tags of answers; a change that emits one makes every cache ask again for the answers that carry it.
const tagChannels = "channels" // any list of channels

func tagChannel(id uuid.UUID) string  { return wire.TagChannel(id.String()) }
func tagSchedule(id uuid.UUID) string { return wire.TagSchedule(id.String()) }
func tagRule(id uuid.UUID) string     { return "geo:" + id.String() }

const contentChannel = "channel"
