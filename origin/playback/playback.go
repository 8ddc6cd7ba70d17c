// Package playback owns streams: sessions and the slots that they hold, their beats and ends, and how far profiles have
// watched. DESIGN.md says how slots stay exact over any number of edges.
package playback

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/pgdb"
	"encora/shared/fault"
	"encora/shared/wire"
)

// Domain is playback. The func fields are filled by origin/app from the domains that own the content.
type Domain struct {
	DB *pgdb.DB
	// Playables say, by content type, what decides who may play a title and where it lies; fault.Missing when viewers can't
	// see it. They tag the answer, the absence too.
	Playables map[string]func(ctx context.Context, r *api.Read, id uuid.UUID) (wire.Playable, error)

	// InPlan reports whether a plan's catalogue filter includes a title; of a programme, whether it includes the channel. nil:
	// every filter includes everything.
	InPlan func(ctx context.Context, tx pgx.Tx, filter string, content uuid.UUID) (bool, error)

	// DeviceUsed notes, with the write of a start, that a device is in use.
	DeviceUsed func(batch *pgx.Batch, account, device uuid.UUID, now time.Time)

	Now func() time.Time

	starts queues
}

type playableIn struct {
	ContentType string    `path:"content_type"`
	ContentID   uuid.UUID `path:"content_id"`
}

// playable answers edges with what they judge a start by.
func (d *Domain) playable(ctx context.Context, r *api.Read, in *playableIn) (wire.Playable, error) {
	of := d.Playables[in.ContentType]
	if of == nil {
		return wire.Playable{}, fault.Missing()
	}
	return of(ctx, r, in.ContentID)
}
