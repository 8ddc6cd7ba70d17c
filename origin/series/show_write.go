package series

import (
	"context"

	"encora/origin/api"
	"encora/origin/content"
	"encora/shared/fault"
)

type createShowIn struct {
	Body ShowWrite
}

type updateShowIn struct {
	showID
	Body ShowWrite
}

func (d *Domain) createShow(ctx context.Context, w *api.Write, in *createShowIn) (AdminShow, error) {
	s := newShow(w.Now)
	e, err := takeShow(ctx, w, s, &in.Body)
	if err != nil {
		return AdminShow{}, err
	}
	return d.shows().Create(ctx, w, s, e, &s.Slug, s.slugs())
}

func (d *Domain) updateShow(ctx context.Context, w *api.Write, in *updateShowIn) (AdminShow, error) {
	return d.shows().Change(ctx, w, in.ShowID, func(s *show) (content.Edit, error) { return takeShow(ctx, w, s, &in.Body) })
}

// takeShow takes over a body, and says what is wrong with it.
func takeShow(ctx context.Context, w *api.Write, s *show, b *ShowWrite) (content.Edit, error) {
	s.copyFrom(b)
	ids, unknown, err := content.GenreIDs(ctx, w.Tx.Tx, content.Show, b.Genres)
	s.GenreIDs = ids
	return content.Edit{Faults: unknown, Rule: b.GeoRestrictions}, err
}

// publishShow shows the show to viewers, as it airs. Publishing what is published already changes nothing.
func (d *Domain) publishShow(ctx context.Context, w *api.Write, in *showID) (AdminShow, error) {
	return d.shows().Change(ctx, w, in.ShowID, func(s *show) (content.Edit, error) {
		s.State = content.Live
		return content.Edit{}, nil
	})
}

func (d *Domain) unpublishShow(ctx context.Context, w *api.Write, in *showID) (AdminShow, error) {
	return d.shows().Change(ctx, w, in.ShowID, func(s *show) (content.Edit, error) {
		return content.Edit{Conflict: s.Unpublish()}, nil
	})
}

// removeShow deletes a show with its seasons and episodes.
func (d *Domain) removeShow(ctx context.Context, w *api.Write, in *showID) (api.None, error) {
	return d.shows().Remove(ctx, w, in.ShowID, func(_ *show, status string) error {
		if status == content.Live {
			return fault.New(fault.Conflict, "Only a draft show can be deleted; unpublish it first.")
		}
		return nil
	})
}
