package series

import (
	"context"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/content"
)

type showID struct {
	ShowID uuid.UUID `path:"show_id"`
}

type listShowsIn struct {
	api.Paging
	api.Sparse
	Sort          string `query:"sort" enum:"title,first_air_date,average_rating,created_at,updated_at,-title,-first_air_date,-average_rating,-created_at,-updated_at" doc:"Sort field and direction. Prefix with - for descending. Example: sort=-first_air_date"`
	Q             string `query:"q" maxLength:"200" doc:"Full-text search query (max 200 characters)."`
	Genre         string `query:"genre" maxLength:"100"`
	Status        string `query:"status" enum:"ongoing,ended,canceled"`
	ContentRating string `query:"content_rating" enum:"G,PG,PG-13,R,NC-17,TV-Y,TV-G,TV-PG,TV-14,TV-MA,UNRATED"`
}

func (d *Domain) listShows(ctx context.Context, r *api.Read, in *listShowsIn) (api.Paged[Show], error) {
	q := content.Listed(r, content.Show)
	q.Text(in.Q)
	q.Genre(in.Genre)
	q.Rating(in.ContentRating)
	emitted(q, in.Status)
	page, err := content.List[placedShow](ctx, r, q, content.OrderBy(in.Sort, content.NewestFirst), in.Paging, "shows", showColumns+uncounted, -1)
	if err != nil {
		return api.Paged[Show]{}, err
	}
	shows := make([]*show, len(page.Data))
	for i := range page.Data {
		shows[i] = &page.Data[i].show
		content.TagPrinted(r, shows[i].GeoRestrictions)
	}
	if err := countSeen(ctx, r, shows...); err != nil {
		return api.Paged[Show]{}, err
	}
	return content.Page(page, func(s *placedShow) Show { return s.seen() }), nil
}

// emitted keeps the shows t of a status; "" keeps all.
func emitted(q *content.Query, status string) {
	switch status {
	case "":
	case content.Draft:
		q.And("t.state <> 'published'")
	default:
		airing := status
		if status == content.Live {
			airing = ""
		}
		q.And("t.state = 'published' AND EXISTS (SELECT 1 FROM shows h WHERE h.id = t.id AND h.airing = @airing)", "airing", airing)
	}
}

type getShowIn struct {
	showID
	api.Sparse
}

func (d *Domain) getShow(ctx context.Context, r *api.Read, in *getShowIn) (Show, error) {
	if _, err := content.Visible(ctx, r, in.ShowID, content.Show); err != nil {
		return Show{}, err
	}
	s, err := content.One[show](ctx, r, `SELECT `+showColumns+uncounted+` FROM shows x WHERE x.id = $1`, in.ShowID)
	if err != nil {
		return Show{}, err
	}
	content.TagGenresOf(r, s.GenreIDs)
	content.TagPrinted(r, s.GeoRestrictions)
	return s.seenBy(ctx, r)
}

// seenBy is the show's representation for a viewer.
func (s *show) seenBy(ctx context.Context, r *api.Read) (Show, error) {
	if err := countSeen(ctx, r, s); err != nil {
		return Show{}, err
	}
	return s.seen(), nil
}

type relatedShowsIn struct {
	showID
	content.Shortlist
}

func (d *Domain) relatedShows(ctx context.Context, r *api.Read, in *relatedShowsIn) (api.List[content.Summary], error) {
	return content.Related(ctx, r, content.Show, in.ShowID, in.Limit)
}

type adminListShowsIn struct {
	api.Paging
	api.Sparse
	Sort   string `query:"sort" enum:"title,first_air_date,average_rating,created_at,updated_at,-title,-first_air_date,-average_rating,-created_at,-updated_at" doc:"Sort field and direction. Prefix with - for descending. Example: sort=-first_air_date"`
	Q      string `query:"q" maxLength:"200" doc:"Full-text search query (max 200 characters)."`
	Status string `query:"status" enum:"draft,published,ongoing,ended,canceled"`
}

func (d *Domain) adminListShows(ctx context.Context, r *api.Read, in *adminListShowsIn) (api.Counted[AdminShow], error) {
	q := content.All(r, content.Show)
	q.Text(in.Q)
	emitted(q, in.Status)
	total, err := q.Count(ctx, r)
	if err != nil {
		return api.Counted[AdminShow]{}, err
	}
	page, err := content.List[placedShow](ctx, r, q, content.OrderBy(in.Sort, content.NewestFirst), in.Paging, "shows", showColumns+allParts, total)
	if err != nil {
		return api.Counted[AdminShow]{}, err
	}
	return content.Page(page, func(s *placedShow) AdminShow { return s.admin(r.AsOf) }).Count(total), nil
}

func (d *Domain) adminGetShow(ctx context.Context, r *api.Read, in *getShowIn) (AdminShow, error) {
	s, err := readShow(ctx, r, in.ShowID)
	if err != nil {
		return AdminShow{}, err
	}
	return s.admin(r.AsOf), nil
}
