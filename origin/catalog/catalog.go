// Package catalog owns films and genres: what editors write and viewers see of them. Who sees them, and when, is package
// content's.
package catalog

import (
	"context"
	"time"

	"encora/origin/content"
	"encora/origin/pgdb"
	"encora/origin/record"
)

// Domain is the catalogue. The func fields are filled by origin/app from the domains that own those tables.
type Domain struct {
	DB *pgdb.DB
	content.Upkeep
	// AddVideos stores the packaged media of titles that are brought in.
	AddVideos func(ctx context.Context, tx *record.Tx, videos []content.Video) error
}

// AnnounceDue records the transitions that the clock has made since they were last told of, and returns how many.
func (d *Domain) AnnounceDue(ctx context.Context, now time.Time) (int, error) {
	return d.movies().AnnounceDue(ctx, d.DB, "movies", now)
}
