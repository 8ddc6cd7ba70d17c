package series

import (
	"context"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/content"
	"encora/origin/vocab"
	"encora/shared/fault"
)

type createSeasonIn struct {
	showID
	Body SeasonWrite
}

type updateSeasonIn struct {
	seasonPath
	Body SeasonWrite
}

// lockShow locks a show for a write in its tree; one that is not there is fault.Missing.
func lockShow(ctx context.Context, w *api.Write, id uuid.UUID) (*content.Entry, error) {
	show, err := content.Lock(ctx, w.Tx.Tx, content.Show, id)
	if err == nil && show == nil {
		err = fault.Missing()
	}
	return show, err
}

func (d *Domain) createSeason(ctx context.Context, w *api.Write, in *createSeasonIn) (AdminSeason, error) {
	show, err := lockShow(ctx, w, in.ShowID)
	if err != nil {
		return AdminSeason{}, err
	}
	if err := w.Check(nil); err != nil {
		return AdminSeason{}, err
	}
	n, err := countSeasons(ctx, w.Tx.Tx, in.ShowID)
	if err != nil {
		return AdminSeason{}, err
	}
	if n >= maxSeasons {
		return AdminSeason{}, fault.New(fault.Conflict, "The show has as many seasons as one can have.")
	}
	s := newSeason(in.ShowID, w.Now)
	s.copyFrom(&in.Body)
	if err := insertSeason(ctx, w.Tx.Tx, s); err != nil {
		return AdminSeason{}, err
	}
	w.Audit("content.created", typeSeason, s.ID, nil)
	if show.Published && s.shown() { // it counts, and has no episodes yet
		w.Emit(content.Tag(content.Show, show.ID), content.TagList(content.Show))
	}
	return s.AdminSeason, nil
}

func (d *Domain) updateSeason(ctx context.Context, w *api.Write, in *updateSeasonIn) (AdminSeason, error) {
	show, before, err := lockSeason(ctx, w, in.seasonPath)
	if err != nil {
		return AdminSeason{}, err
	}
	after := *before
	after.copyFrom(&in.Body)
	var faults vocab.Faults
	addressed(&faults, "season_number", in.Body.SeasonNumber, in.SeasonNumber)
	if err := w.Check(before.AdminSeason, faults...); err != nil {
		return AdminSeason{}, err
	}
	changed, err := api.Changed(before.AdminSeason, after.AdminSeason)
	if err != nil || len(changed) == 0 {
		return before.AdminSeason, err
	}
	after.UpdatedAt = w.Now
	if err := updateSeason(ctx, w.Tx.Tx, &after); err != nil {
		return AdminSeason{}, err
	}
	w.Audit("content.updated", typeSeason, after.ID, map[string]any{"changed": changed})
	return after.AdminSeason, tellOfSeason(ctx, w, show, before.shown(), after.shown())
}

func lockSeason(ctx context.Context, w *api.Write, in seasonPath) (*content.Entry, *season, error) {
	show, err := lockShow(ctx, w, in.ShowID)
	if err != nil {
		return nil, nil, err
	}
	s, err := readSeason(ctx, w.Tx.Tx, in.ShowID, in.SeasonNumber)
	return show, s, err
}

// tellOfSeason tells caches of a season that was or is shown. Its episodes come and go with it.
func tellOfSeason(ctx context.Context, w *api.Write, show *content.Entry, was, is bool) error {
	switch {
	case !show.Published || !was && !is:
		return nil
	case was && is:
		w.Emit(content.Tag(content.Show, show.ID))
		return nil
	}
	return content.Touch(ctx, w.Tx, content.Change{Hard: was}, show.ID)
}

// deleteSeason takes a season from every read, with its episodes, none of which was ever published. Its number is free again.
func (d *Domain) deleteSeason(ctx context.Context, w *api.Write, in *seasonPath) (api.None, error) {
	show, s, err := lockSeason(ctx, w, *in)
	if err != nil {
		return api.None{}, err
	}
	if err := w.Check(s.AdminSeason); err != nil {
		return api.None{}, err
	}
	if s.WasPublished {
		return api.None{}, fault.New(fault.Conflict, "An episode of this season has been published; the season can't be deleted.")
	}
	keep(w, typeSeason, s.ID, s.AdminSeason)
	if err := d.removeEpisodes(ctx, w, s.ID); err != nil {
		return api.None{}, err
	}
	if err := tellOfSeason(ctx, w, show, s.shown(), false); err != nil {
		return api.None{}, err
	}
	s.UpdatedAt = w.Now
	return api.None{}, deleteSeason(ctx, w.Tx.Tx, s)
}

// removeEpisodes removes what hangs on the episodes of a season that is deleted.
func (d *Domain) removeEpisodes(ctx context.Context, w *api.Write, season uuid.UUID) error {
	ids, err := keepEpisodes(ctx, w, "x.season_id", season)
	if err != nil {
		return err
	}
	if _, err := d.Detach(ctx, w, ids...); err != nil {
		return err
	}
	return d.RemoveMedia(ctx, w, ids...)
}

// keepParts leaves the last version of a show's seasons and episodes in the audit log.
func keepParts(ctx context.Context, w *api.Write, show uuid.UUID) error {
	seasons, err := seasonsOf(ctx, w.Tx.Tx, show)
	if err != nil {
		return err
	}
	for i := range seasons {
		keep(w, typeSeason, seasons[i].ID, seasons[i].AdminSeason)
	}
	_, err = keepEpisodes(ctx, w, "x.show_id", show)
	return err
}

// keepEpisodes does so for the episodes with an id in a column of episodes x, and returns theirs.
func keepEpisodes(ctx context.Context, w *api.Write, column string, of uuid.UUID) ([]uuid.UUID, error) {
	episodes, err := episodesOf(ctx, w.Tx.Tx, column, of)
	ids := make([]uuid.UUID, len(episodes))
	for i := range episodes {
		ids[i] = episodes[i].ID
		keep(w, content.Episode, ids[i], episodes[i].admin(w.Now))
	}
	return ids, err
}

func keep(w *api.Write, kind string, id uuid.UUID, last any) {
	w.Audit("content.deleted", kind, id, map[string]any{"object": last})
}
