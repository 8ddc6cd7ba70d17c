package series

import (
	"context"

	"encora/origin/api"
	"encora/origin/content"
	"encora/origin/vocab"
	"encora/shared/fault"
)

type createEpisodeIn struct {
	seasonPath
	Body EpisodeWrite
}

type updateEpisodeIn struct {
	episodePath
	Body EpisodeWrite
}

type publishEpisodeIn struct {
	episodePath
	Body content.PublishRequest `required:"false"`
}

func (d *Domain) createEpisode(ctx context.Context, w *api.Write, in *createEpisodeIn) (AdminEpisode, error) {
	_, s, err := lockSeason(ctx, w, in.seasonPath)
	if err != nil {
		return AdminEpisode{}, err
	}
	e := newEpisode(s, w.Now)
	e.EpisodeNumber = in.Body.EpisodeNumber
	if e.ShowRating, err = showRating(ctx, w.Tx.Tx, in.ShowID); err != nil {
		return AdminEpisode{}, err
	}
	return d.episodes().Create(ctx, w, e, takeEpisode(w, e, in.seasonPath, &in.Body), new(string), []string{""})
}

// takeEpisode takes over a body, and says what is wrong with it.
func takeEpisode(w *api.Write, e *episode, at seasonPath, b *EpisodeWrite) content.Edit {
	e.copyFrom(b)
	var faults vocab.Faults
	addressed(&faults, "season_number", b.SeasonNumber, at.SeasonNumber)
	addressed(&faults, "episode_number", b.EpisodeNumber, e.EpisodeNumber)
	wrong, conflict := e.Turn(content.Window(e.Span), b.Status, w.Now)
	return content.Edit{Faults: append(faults, wrong...), Conflict: conflict}
}

// change runs an edit of the episode at an address.
func (d *Domain) change(ctx context.Context, w *api.Write, at episodePath, f func(*episode) content.Edit) (AdminEpisode, error) {
	id, err := episodeAt(ctx, w.Tx.Tx, at)
	if err != nil {
		return AdminEpisode{}, err
	}
	return d.episodes().Change(ctx, w, id, func(e *episode) (content.Edit, error) { return f(e), nil })
}

func (d *Domain) updateEpisode(ctx context.Context, w *api.Write, in *updateEpisodeIn) (AdminEpisode, error) {
	return d.change(ctx, w, in.episodePath, func(e *episode) content.Edit { return takeEpisode(w, e, in.seasonPath, &in.Body) })
}

// publishEpisode publishes now, or at a future available_from. Publishing what is published already changes nothing.
func (d *Domain) publishEpisode(ctx context.Context, w *api.Write, in *publishEpisodeIn) (AdminEpisode, error) {
	return d.change(ctx, w, in.episodePath, func(e *episode) content.Edit {
		return content.Edit{Faults: e.Publish((*content.Window)(&e.Span), in.Body.AvailableFrom, w.Now)}
	})
}

func (d *Domain) unpublishEpisode(ctx context.Context, w *api.Write, in *episodePath) (AdminEpisode, error) {
	return d.change(ctx, w, *in, func(e *episode) content.Edit { return content.Edit{Conflict: e.Unpublish()} })
}

func (d *Domain) removeEpisode(ctx context.Context, w *api.Write, in *episodePath) (api.None, error) {
	id, err := episodeAt(ctx, w.Tx.Tx, *in)
	if err != nil {
		return api.None{}, err
	}
	return d.episodes().Remove(ctx, w, id, func(_ *episode, status string) error {
		if status != content.Draft && status != content.Unpublished {
			return fault.New(fault.Conflict, "Only a draft or unpublished episode can be deleted; unpublish it first.")
		}
		return nil
	})
}
