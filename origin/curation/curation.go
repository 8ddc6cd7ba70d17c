// Package curation owns collections and the home screen: what editors put together of the catalogue, and what viewers see of it.
// Who sees the titles in it, and when, is package content's.
package curation

import (
	"context"
	"log/slog"
	"time"

	"encora/origin/api"
	"encora/origin/content"
	"encora/origin/pgdb"
)

// Domain is collections and the home screen. Don't copy it once it serves.
type Domain struct {
	DB *pgdb.DB
	content.Upkeep
	// Trending are the titles that are played most, for rails; like all reads it says what changes its answer. contentType is
	// movie, show or mixed, window today, this_week or this_month. nil: there are none.
	Trending func(ctx context.Context, r *api.Read, contentType, window string, limit int) ([]content.Summary, error)
	Log      *slog.Logger

	failing failing
}

// tagHome is the tag of the home screen's layout.
const tagHome = "home"

// kinds are the kinds of content that a collection may hold.
var kinds = []string{content.Movie, content.Show, content.Episode, content.Channel}

// AnnounceDue records the transitions of collections that the clock has made since they were last told of, and returns how
// many.
func (d *Domain) AnnounceDue(ctx context.Context, now time.Time) (int, error) {
	return d.collections(now).AnnounceDue(ctx, d.DB, "collections", now)
}
