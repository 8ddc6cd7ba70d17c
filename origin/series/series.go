// Package series owns shows with their seasons and episodes: what editors write and viewers see of them. Who sees them, and
// when, is package content's.
//
// Whoever writes in a show's tree locks the show's row in titles first, so writes in one tree come one after the other. Every
// answer about a part of the tree carries the show's tag.
package series

import (
	"context"
	"time"

	"encora/origin/content"
	"encora/origin/pgdb"
	"encora/origin/record"
)

// Domain is the shows. The func fields are filled by origin/app from the domains that own those tables.
type Domain struct {
	DB *pgdb.DB
	content.Upkeep
	// AddVideos stores the packaged media of titles that are brought in.
	AddVideos func(ctx context.Context, tx *record.Tx, videos []content.Video) error
}

// AnnounceDue records the transitions of episodes that the clock has made since they were last told of, and returns how many.
func (d *Domain) AnnounceDue(ctx context.Context, now time.Time) (int, error) {
	return d.episodes().AnnounceDue(ctx, d.DB, "episodes", now)
}
