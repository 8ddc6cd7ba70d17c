package curation

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/content"
)

// Home is the home screen, the same for all viewers of an audience class and a platform.
type Home struct {
	LayoutVersion int64      `json:"layout_version"`
	GeneratedAt   time.Time  `json:"generated_at" doc:"The time of the newest change in it."`
	Rails         []HomeRail `json:"rails" doc:"From top to bottom."`
}

// HomeRail is a row of the home screen.
type HomeRail struct {
	ID             uuid.UUID         `json:"id"`
	Type           string            `json:"type" enum:"hero,collection,live_now,trending,new_releases,continue_watching,recommendations,watchlist"`
	Title          string            `json:"title"`
	Subtitle       *string           `json:"subtitle" nullable:"true"`
	Display        *string           `json:"display" nullable:"true" enum:"hero,poster,landscape,square,circle"`
	CollectionID   *uuid.UUID        `json:"collection_id" nullable:"true"`
	IsPersonalized bool              `json:"is_personalized" doc:"The items are the profile's own: none are here, they are at items_url."`
	Items          []content.Summary `json:"items"`
	ItemsURL       *string           `json:"items_url" nullable:"true" doc:"Where all items are. {profile_id} stands for the viewer's profile. null: there is no one such place."`
}

type homeIn struct {
	api.Sparse
	Platform  string    `query:"platform" enum:"ios,android,tvos,web,roku,firetv" doc:"Adds the rails that are for this platform alone."`
	ProfileID uuid.UUID `header:"X-Profile-Id" doc:"Active sub-profile ID for multi-profile accounts. The layout does not depend on it."`
}

func (d *Domain) getHome(ctx context.Context, r *api.Read, in *homeIn) (Home, error) {
	r.Tag(tagHome)
	layout, err := readLayout(ctx, r)
	if err != nil {
		return Home{}, err
	}
	s := &screen{Read: r, domain: d, newest: layout.UpdatedAt, over: time.Now().Add(screenTime)}
	rails := s.due(layout.Rails, in.Platform)
	if err := s.findCollections(ctx, collectionsOf(rails)); err != nil {
		return Home{}, err
	}
	shown := []HomeRail{}
	for i := range rails {
		rail, err := s.rail(ctx, &rails[i])
		if err != nil {
			return Home{}, err
		}
		if rail != nil {
			shown = append(shown, *rail)
		}
	}
	return Home{LayoutVersion: layout.LayoutVersion, GeneratedAt: s.newest, Rails: shown}, nil
}

// screen is a home screen in the making.
type screen struct {
	*api.Read
	domain      *Domain
	newest      time.Time                 // of what it shows
	over        time.Time                 // no rail is begun after this
	collections map[uuid.UUID]*collection // those that the viewer sees
}

// saw notes when something that the screen shows has changed. Whether that is before AsOf does not matter: clocks differ, and the
// same data give the same answer.
func (s *screen) saw(at *time.Time) {
	if at != nil && at.After(s.newest) {
		s.newest = *at
	}
}

// due are the rails that are shown on the platform now.
func (s *screen) due(rails []Rail, platform string) []Rail {
	return slices.DeleteFunc(rails, func(r Rail) bool {
		if len(r.Platforms) > 0 && !slices.Contains(r.Platforms, platform) {
			return true
		}
		s.Until(r.AvailableFrom, r.AvailableUntil)
		return !r.open(s.AsOf)
	})
}

// findCollections looks up all that rails show at once.
func (s *screen) findCollections(ctx context.Context, ids []uuid.UUID) error {
	if len(ids) == 0 {
		return nil
	}
	return s.try(ctx, uuid.Nil, "collections", func() error {
		q := content.Listed(s.Read, content.Collection)
		q.And("t.id = ANY(@ids)", "ids", ids)
		if err := q.Clock(ctx, s.Read); err != nil {
			return err
		}
		var err error
		s.collections, err = readListed(ctx, s.Read, q)
		return err
	})
}

// rail is a rail with its items; nil when it has none, or can't be had.
func (s *screen) rail(ctx context.Context, r *Rail) (*HomeRail, error) {
	shown := &HomeRail{ID: r.ID, Type: r.Type, Title: r.Title, Subtitle: r.Subtitle, Display: r.Display, CollectionID: r.CollectionID,
		Items: []content.Summary{}, ItemsURL: r.itemsURL()}
	if _, shown.IsPersonalized = personal[r.Type]; !shown.IsPersonalized {
		err := s.try(ctx, r.ID, r.Type, func() error {
			items, err := s.items(ctx, r)
			if err == nil {
				shown.Items = items
			}
			return err
		})
		if err != nil || len(shown.Items) == 0 {
			return nil, err
		}
	}
	s.saw(r.AvailableFrom)
	if c := s.collection(r); c != nil {
		s.saw(&c.UpdatedAt)
		s.saw(c.AvailableFrom)
	}
	for i := range shown.Items {
		s.saw(&shown.Items[i].ChangedAt)
	}
	return shown, nil
}

// items reads what a rail shows.
func (s *screen) items(ctx context.Context, r *Rail) ([]content.Summary, error) {
	if r.Type == trending {
		if s.domain.Trending == nil {
			return nil, nil
		}
		return s.domain.Trending(ctx, s.Read, *r.ContentType, *r.Window, r.Limit)
	}
	q, order := s.source(r)
	if q == nil {
		return nil, nil
	}
	if err := q.Clock(ctx, s.Read); err != nil {
		return nil, err
	}
	return q.Summaries(ctx, s.Read, order, r.Limit)
}

// source is what a rail selects, in which order; nil for a collection that the viewer does not see.
func (s *screen) source(r *Rail) (*content.Query, string) {
	switch r.Type {
	case liveNow:
		q := content.Listed(s.Read, content.Channel)
		q.And("EXISTS (SELECT 1 FROM channels c WHERE c.id = t.id AND c.status = 'live')")
		return q, "(SELECT ROW(c.sort_order, c.sort_number, c.sort_name, c.id) FROM channels c WHERE c.id = t.id)"
	case newReleases:
		return content.Listed(s.Read, titlesOf(*r.ContentType)...), "greatest(t.available_from, t.created_at) DESC, t.id DESC"
	}
	if c := s.collection(r); c != nil {
		return c.items(s.Read), c.order()
	}
	return nil, ""
}

// collection is the collection that the rail shows; nil when it shows none, or none that the viewer sees.
func (s *screen) collection(r *Rail) *collection {
	if r.CollectionID == nil {
		return nil
	}
	return s.collections[*r.CollectionID]
}

// titlesOf are the kinds of content that a rail's content_type means.
func titlesOf(contentType string) []string {
	if contentType == "mixed" {
		return []string{content.Movie, content.Show}
	}
	return []string{contentType}
}

// itemsURL is where all items of the rail are; nil when they are in several places.
func (r *Rail) itemsURL() *string {
	url, ok := personal[r.Type]
	switch {
	case ok:
	case r.curated():
		url = "/v2/collections/" + r.CollectionID.String()
	case r.Type == liveNow:
		url = "/v2/channels?status=live"
	case r.Type == trending:
		url = "/v2/recommendations/trending?content_type=" + *r.ContentType + "&window=" + *r.Window
	case r.Type == newReleases && *r.ContentType != "mixed":
		url = "/v2/" + *r.ContentType + "s?sort=-created_at"
	default:
		return nil
	}
	return &url
}
