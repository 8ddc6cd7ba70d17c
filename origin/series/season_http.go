package series

import (
	"context"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/content"
	"encora/shared/fault"
)

type seasonPath struct {
	showID
	SeasonNumber int `path:"season_number" minimum:"1" maximum:"99999"`
}

type getSeasonIn struct {
	seasonPath
	api.Sparse
}

func (d *Domain) listSeasons(ctx context.Context, r *api.Read, in *getShowIn) (api.List[Season], error) {
	found, err := seenSeasons(ctx, r, in.ShowID, 0)
	return api.List[Season]{Data: each(found, func(s *season) Season { return s.Season })}, err
}

func (d *Domain) getSeason(ctx context.Context, r *api.Read, in *getSeasonIn) (Season, error) {
	found, err := seenSeasons(ctx, r, in.ShowID, in.SeasonNumber)
	if err != nil {
		return Season{}, err
	}
	if len(found) == 0 {
		return Season{}, fault.Missing()
	}
	return found[0].Season, nil
}

// seenSeasons are those of a show, or the one of a number, that the viewer sees, with how many episodes they see.
func seenSeasons(ctx context.Context, r *api.Read, show uuid.UUID, number int) ([]season, error) {
	if _, err := content.Visible(ctx, r, show, content.Show); err != nil {
		return nil, err
	}
	q := content.Parts(r, content.Episode)
	q.Of("parent_id", show)
	if err := q.Clock(ctx, r); err != nil {
		return nil, err
	}
	args := q.Args()
	args["show"], args["number"] = show, number
	counting := `SELECT count(*) FROM titles t WHERE t.season_id = s.id` + q.Where()
	return collectSeasons(ctx, r, selectSeasons(counting, `s.show_id = @show AND @number IN (0, s.season_number) AND `+seasonSeen), args)
}

func (d *Domain) adminListSeasons(ctx context.Context, r *api.Read, in *getShowIn) (api.List[AdminSeason], error) {
	if _, err := readShow(ctx, r, in.ShowID); err != nil {
		return api.List[AdminSeason]{}, err
	}
	found, err := seasonsOf(ctx, r, in.ShowID)
	return api.List[AdminSeason]{Data: each(found, func(s *season) AdminSeason { return s.AdminSeason })}, err
}

// each is a list of representations of rows.
func each[A, B any](rows []A, f func(*A) B) []B {
	list := make([]B, len(rows))
	for i := range rows {
		list[i] = f(&rows[i])
	}
	return list
}

func (d *Domain) adminGetSeason(ctx context.Context, r *api.Read, in *getSeasonIn) (AdminSeason, error) {
	s, err := readSeason(ctx, r, in.ShowID, in.SeasonNumber)
	if err != nil {
		return AdminSeason{}, err
	}
	return s.AdminSeason, nil
}
