package discovery

import (
	"context"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/content"
	"encora/shared/fault"
)

type searchIn struct {
	api.Paging
	api.Sparse
	Q              string `query:"q" maxLength:"200" doc:"Full-text search query (max 200 characters)."`
	ContentType    string `query:"content_type" enum:"movie,show,episode,channel"`
	Genre          string `query:"genre" maxLength:"100"`
	ContentRating  string `query:"content_rating" enum:"G,PG,PG-13,R,NC-17,TV-Y,TV-G,TV-PG,TV-14,TV-MA,UNRATED"`
	ReleaseYearMin *int   `query:"release_year_min" minimum:"1888"`
	ReleaseYearMax *int   `query:"release_year_max" maximum:"2100"`
	Language       string `query:"language" maxLength:"35"`
}

func (d *Domain) search(ctx context.Context, r *api.Read, in *searchIn) (api.Paged[content.Summary], error) {
	none := api.Paged[content.Summary]{}
	if first, last := in.ReleaseYearMin, in.ReleaseYearMax; first != nil && last != nil && *first > *last {
		return none, fault.New(fault.BadRequest, "The request has a bad parameter.",
			fault.Detail{Field: "release_year_min", Code: "out_of_range", Message: "Expected no more than release_year_max."})
	}
	var after *position
	if in.Cursor != "" {
		after = &position{}
		if _, err := r.After(in.Paging, after); err != nil {
			return none, err
		}
	}
	r.Tag(content.TagPopularity)
	f := finder{r: r, Query: in.selected(r)}
	found, err := f.find(ctx, in.Q, after, in.Limit+1)
	if err != nil {
		return none, err
	}
	page := api.PageOf(r, in.Paging, found, func(p position) any { return p })
	ids := make([]uuid.UUID, len(page.Data))
	for i := range ids {
		ids[i] = page.Data[i].ID
	}
	titles, err := content.SummariesOf(ctx, r, ids)
	return api.Paged[content.Summary]{Data: titles, Meta: page.Meta}, err
}

// selected are the titles that the viewer may find and the other parameters leave.
func (in *searchIn) selected(r *api.Read) *content.Query {
	kinds := content.Titles
	if in.ContentType != "" {
		kinds = []string{in.ContentType}
	}
	q := content.Found(r, kinds...)
	q.Rating(in.ContentRating)
	q.Years(in.ReleaseYearMin, in.ReleaseYearMax)
	q.Language(in.Language)
	q.Genre(in.Genre)
	return q
}
