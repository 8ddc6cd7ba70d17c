package catalog

import (
	"context"
	"math"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/shared/fault"
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

func (in *listMoviesIn) filters() *filters {
	f := &filters{}
	f.text(in.Q)
	f.genre(in.Genre)
	if in.ReleaseYear != nil {
		f.And("m.release_year = @release_year", "release_year", *in.ReleaseYear)
	}
	if in.ContentRating != "" {
		f.And("m.content_rating = @content_rating", "content_rating", in.ContentRating)
	}
	if in.Language != "" { // en finds en-GB, too
		f.And(`EXISTS (SELECT 1 FROM unnest(m.audio_languages) l
			WHERE lower(l) = lower(@language) OR starts_with(lower(l), lower(@language) || '-'))`, "language", in.Language)
	}
	return f
}

func (d *Domain) listMovies(ctx context.Context, r *api.Read, in *listMoviesIn) (api.Paged[Movie], error) {
	var none api.Paged[Movie]
	o := parseOrder(in.Sort)
	f := in.filters()
	f.allowed(r.Deny)
	next, err := nextInstant(ctx, r, f, r.AsOf)
	if err != nil {
		return none, err
	}
	f.windowed(r.AsOf)
	found := 0
	if f.searched {
		if found, err = countMovies(ctx, r, f, dense); err != nil {
			return none, err
		}
	}
	rows, err := listMovies(ctx, r, f, o, in.Paging, found)
	if err != nil {
		return none, err
	}
	page := mapPage(api.PageOf(r, in.Paging, rows, moviePosition), func(m *movie) Movie { return m.at(r.AsOf) })
	r.Tag(tagMovies)
	r.Until(next)
	for i := range page.Data {
		tagPrintedRule(r, &page.Data[i])
	}
	return page, nil
}

// tagPrintedRule ties the answer to the rule that it shows.
func tagPrintedRule(r *api.Read, m *Movie) {
	if m.GeoRestrictions != nil {
		r.Tag(tagRule(m.GeoRestrictions.RuleID))
	}
}

type getMovieIn struct {
	movieID
	api.Sparse
}

func (d *Domain) getMovie(ctx context.Context, r *api.Read, in *getMovieIn) (Movie, error) {
	m, err := d.visibleMovie(ctx, r, in.MovieID)
	if err != nil {
		return Movie{}, err
	}
	for _, id := range m.GenreIDs {
		r.Tag(tagGenre(id))
	}
	tagPrintedRule(r, &m.Movie)
	return m.at(r.AsOf), nil
}

// visibleMovie reads a movie that the viewer may see the detail of: published and not past its window (what is scheduled
// shows as upcoming), with no rule that denies the viewer's country. It tags the answer, the absent one too.
func (d *Domain) visibleMovie(ctx context.Context, r *api.Read, id uuid.UUID) (*movie, error) {
	r.Tag(tagMovie(id))
	m, err := readMovie(ctx, r, id)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, fault.Missing()
	}
	if m.State == statusPublished {
		r.Until(m.AvailableFrom, m.AvailableUntil)
	}
	if s := m.status(r.AsOf); s != statusPublished && s != statusScheduled {
		return nil, fault.Missing()
	}
	if denied, err := hasRule(ctx, r, id, r.Deny); err != nil || denied {
		if err == nil {
			err = fault.Missing()
		}
		return nil, err
	}
	return m, nil
}

func hasRule(ctx context.Context, r *api.Read, id uuid.UUID, rules []uuid.UUID) (bool, error) {
	if len(rules) == 0 {
		return false, nil
	}
	const q = `SELECT EXISTS (SELECT 1 FROM geo_attachments WHERE content_id = $1 AND rule_id = ANY($2))`
	var found bool
	err := r.QueryRow(ctx, q, id, rules).Scan(&found)
	return found, err
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
	var none api.Counted[AdminMovie]
	o := parseOrder(in.Sort)
	f := &filters{}
	f.text(in.Q)
	f.genre(in.Genre)
	if in.Status != "" {
		f.And(statusConditions[in.Status], "as_of", r.AsOf)
	}
	total, err := countMovies(ctx, r, f, math.MaxInt)
	if err != nil {
		return none, err
	}
	rows, err := listMovies(ctx, r, f, o, in.Paging, total)
	if err != nil {
		return none, err
	}
	return mapPage(api.PageOf(r, in.Paging, rows, moviePosition), adminAt(r.AsOf)).Count(total), nil
}

func adminAt(instant time.Time) func(*movie) AdminMovie {
	return func(m *movie) AdminMovie { return m.admin(instant) }
}

func (d *Domain) adminGetMovie(ctx context.Context, r *api.Read, in *getMovieIn) (AdminMovie, error) {
	m, err := readMovie(ctx, r, in.MovieID)
	if err != nil {
		return AdminMovie{}, err
	}
	if m == nil {
		return AdminMovie{}, fault.Missing()
	}
	return m.admin(r.AsOf), nil
}
