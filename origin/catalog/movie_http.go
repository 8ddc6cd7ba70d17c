package catalog

import (
	"context"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/content"
)

type movieID struct {
	MovieID uuid.UUID `path:"movie_id"`
}

type listMoviesIn struct {
	api.Paging
	api.Sparse
	Sort          string `query:"sort" enum:"title,release_year,release_date,average_rating,available_from,created_at,updated_at,-title,-release_year,-release_date,-average_rating,-available_from,-created_at,-updated_at" doc:"Sort field and direction. Prefix with - for descending. Example: sort=-release_date"`
	Q             string `query:"q" maxLength:"200" doc:"Full-text search query (max 200 characters)."`
	Genre         string `query:"genre" maxLength:"100"`
	ReleaseYear   *int   `query:"release_year" minimum:"0" maximum:"9999"`
	ContentRating string `query:"content_rating" enum:"G,PG,PG-13,R,NC-17,TV-Y,TV-G,TV-PG,TV-14,TV-MA,UNRATED"`
	Language      string `query:"language" maxLength:"35"`
}

func (d *Domain) listMovies(ctx context.Context, r *api.Read, in *listMoviesIn) (api.Paged[Movie], error) {
	q := content.Listed(r, content.Movie)
	q.Text(in.Q)
	q.Genre(in.Genre)
	q.Years(in.ReleaseYear, in.ReleaseYear)
	q.Rating(in.ContentRating)
	q.Language(in.Language)
	if err := q.Clock(ctx, r); err != nil {
		return api.Paged[Movie]{}, err
	}
	page, err := content.List[placedMovie](ctx, r, q, content.OrderBy(in.Sort, content.NewestFirst), in.Paging, "movies", movieColumns, -1)
	if err != nil {
		return api.Paged[Movie]{}, err
	}
	return content.Page(page, func(m *placedMovie) Movie {
		content.TagPrinted(r, m.GeoRestrictions)
		return m.at(r.AsOf)
	}), nil
}

type getMovieIn struct {
	movieID
	api.Sparse
}

func (d *Domain) getMovie(ctx context.Context, r *api.Read, in *getMovieIn) (Movie, error) {
	if _, err := content.Visible(ctx, r, in.MovieID, content.Movie); err != nil {
		return Movie{}, err
	}
	m, err := readMovie(ctx, r, in.MovieID)
	if err != nil {
		return Movie{}, err
	}
	content.TagGenresOf(r, m.GenreIDs)
	content.TagPrinted(r, m.GeoRestrictions)
	return m.at(r.AsOf), nil
}

type relatedMoviesIn struct {
	movieID
	content.Shortlist
}

func (d *Domain) relatedMovies(ctx context.Context, r *api.Read, in *relatedMoviesIn) (api.List[content.Summary], error) {
	return content.Related(ctx, r, content.Movie, in.MovieID, in.Limit)
}

type adminListMoviesIn struct {
	api.Paging
	api.Sparse
	Sort   string `query:"sort" enum:"title,release_year,release_date,average_rating,available_from,created_at,updated_at,-title,-release_year,-release_date,-average_rating,-available_from,-created_at,-updated_at" doc:"Sort field and direction. Prefix with - for descending. Example: sort=-release_date"`
	Q      string `query:"q" maxLength:"200" doc:"Full-text search query (max 200 characters)."`
	Status string `query:"status" enum:"draft,published,scheduled,unpublished"`
	Genre  string `query:"genre" maxLength:"100"`
}

func (d *Domain) adminListMovies(ctx context.Context, r *api.Read, in *adminListMoviesIn) (api.Counted[AdminMovie], error) {
	q := content.All(r, content.Movie)
	q.Text(in.Q)
	q.Genre(in.Genre)
	q.Status(in.Status)
	total, err := q.Count(ctx, r)
	if err != nil {
		return api.Counted[AdminMovie]{}, err
	}
	page, err := content.List[placedMovie](ctx, r, q, content.OrderBy(in.Sort, content.NewestFirst), in.Paging, "movies", movieColumns, total)
	if err != nil {
		return api.Counted[AdminMovie]{}, err
	}
	return content.Page(page, func(m *placedMovie) AdminMovie { return m.admin(r.AsOf) }).Count(total), nil
}

func (d *Domain) adminGetMovie(ctx context.Context, r *api.Read, in *getMovieIn) (AdminMovie, error) {
	m, err := readMovie(ctx, r, in.MovieID)
	if err != nil {
		return AdminMovie{}, err
	}
	return m.admin(r.AsOf), nil
}
