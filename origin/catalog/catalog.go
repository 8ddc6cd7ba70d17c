// Package catalog owns films, shows and genres: what editors write and viewers see of them. Who sees them, and when, is package
// content's.
package catalog

import (
	"context"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/content"
	"encora/origin/pgdb"
	"encora/origin/record"
)

// Domain is the catalogue. The func fields are filled by origin/app from the domains that own those tables.
type Domain struct {
	DB *pgdb.DB
	content.Upkeep
	// AddVideos stores the packaged media of titles that are brought in.
	AddVideos func(ctx context.Context, tx *record.Tx, videos []Video) error
}

func tagGenre(id uuid.UUID) string { return "genre:" + id.String() }

// tagGenres ties the answer to the genres whose addresses it shows.
func tagGenres(r *api.Read, ids []uuid.UUID) {
	for _, id := range ids {
		r.Tag(tagGenre(id))
	}
}

// AnnounceDue records the transitions that the clock has made since they were last told of, and returns how many.
func (d *Domain) AnnounceDue(ctx context.Context, now time.Time) (int, error) {
	return d.movies().AnnounceDue(ctx, d.DB, "movies", now)
}
