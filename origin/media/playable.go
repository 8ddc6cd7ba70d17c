package media

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/shared/fault"
	"encora/shared/wire"
)

// Locate adds to a title where its video lies, that which was registered last. A title without any can't be played. A change
// of its assets emits the title's own tag, which the answer carries already.
func (d *Domain) Locate(ctx context.Context, tx pgx.Tx, contentID uuid.UUID, p *wire.Playable) error {
	a, err := newestVideo(ctx, tx, contentID)
	if err != nil {
		return err
	}
	if a == nil {
		return fault.Missing()
	}
	p.DASHPath, p.HLSPath = a.DASHPath, a.HLSPath
	if a.DurationSeconds > 0 {
		p.Seconds = a.DurationSeconds
	}
	return nil
}
