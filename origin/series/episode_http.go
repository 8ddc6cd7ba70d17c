package series

import (
	"context"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/content"
)

type episodePath struct {
	seasonPath
	EpisodeNumber int `path:"episode_number" minimum:"0" maximum:"99999"`
}

type listEpisodesIn struct {
	seasonPath
	api.Paging
	api.Sparse
	Sort string `query:"sort" enum:"episode_number,air_date,-episode_number,-air_date" doc:"Sort field and direction. Prefix with - for descending. Example: sort=-air_date"`
}

// byNumber is the order of episodes where none is asked for.
const byNumber = "episode_number"

func (d *Domain) listEpisodes(ctx context.Context, r *api.Read, in *listEpisodesIn) (api.Paged[Episode], error) {
	var none api.Paged[Episode]
	of, err := seenSeason(ctx, r, in.seasonPath)
	if err != nil {
		return none, err
	}
	q := content.Parts(r, content.Episode)
	q.Of("season_id", of)
	if err := q.Clock(ctx, r); err != nil {
		return none, err
	}
	page, err := content.List[placedEpisode](ctx, r, q, content.OrderBy(in.Sort, byNumber), in.Paging, "episodes", episodeColumns, -1)
	if err != nil {
		return none, err
	}
	return content.Page(page, func(e *placedEpisode) Episode { return e.at(r.AsOf) }), nil
}

// seenSeason is the id of a season that the viewer sees, else fault.Missing.
func seenSeason(ctx context.Context, r *api.Read, in seasonPath) (uuid.UUID, error) {
	if _, err := content.Visible(ctx, r, in.ShowID, content.Show); err != nil {
		return uuid.Nil, err
	}
	const q = `SELECT s.id FROM seasons s WHERE s.show_id = $1 AND s.season_number = $2 AND ` + seasonSeen
	return oneID(ctx, r, q, in.ShowID, in.SeasonNumber)
}

type getEpisodeIn struct {
	episodePath
	api.Sparse
}

// getEpisode shows an episode; one that is scheduled as upcoming.
func (d *Domain) getEpisode(ctx context.Context, r *api.Read, in *getEpisodeIn) (Episode, error) {
	if _, err := content.Visible(ctx, r, in.ShowID, content.Show); err != nil {
		return Episode{}, err
	}
	id, err := episodeAt(ctx, r, in.episodePath)
	if err != nil {
		return Episode{}, err
	}
	if _, err := content.Visible(ctx, r, id, content.Episode); err != nil { // which it is not in a draft of a season
		return Episode{}, err
	}
	e, err := readEpisode(ctx, r, id)
	if err != nil {
		return Episode{}, err
	}
	return e.at(r.AsOf), nil
}

type adminListEpisodesIn struct {
	seasonPath
	api.Paging
	api.Sparse
}

func (d *Domain) adminListEpisodes(ctx context.Context, r *api.Read, in *adminListEpisodesIn) (api.Counted[AdminEpisode], error) {
	var none api.Counted[AdminEpisode]
	s, err := readSeason(ctx, r, in.ShowID, in.SeasonNumber)
	if err != nil {
		return none, err
	}
	q := content.All(r, content.Episode)
	q.Of("season_id", s.ID)
	page, err := content.List[placedEpisode](ctx, r, q, content.OrderBy("", byNumber), in.Paging, "episodes", episodeColumns, s.EpisodeCount)
	if err != nil {
		return none, err
	}
	return content.Page(page, func(e *placedEpisode) AdminEpisode { return e.admin(r.AsOf) }).Count(s.EpisodeCount), nil
}

func (d *Domain) adminGetEpisode(ctx context.Context, r *api.Read, in *getEpisodeIn) (AdminEpisode, error) {
	id, err := episodeAt(ctx, r, in.episodePath)
	if err != nil {
		return AdminEpisode{}, err
	}
	e, err := readEpisode(ctx, r, id)
	if err != nil {
		return AdminEpisode{}, err
	}
	return e.admin(r.AsOf), nil
}
