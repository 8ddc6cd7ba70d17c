package discovery

import (
	"context"
	"maps"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/content"
	"encora/origin/vocab"
)

type trendingIn struct {
	api.Sparse
	Limit       int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"Number of items per page (1–100, default 20)."`
	ContentType string `query:"content_type" enum:"movie,show,mixed" default:"mixed"`
	Window      string `query:"window" enum:"today,this_week,this_month" default:"this_week"`
}

// TrendingTitle is a title with its place among what is trending.
type TrendingTitle struct {
	content.Summary
	Rank int `json:"rank"`
}

func (d *Domain) getTrending(ctx context.Context, r *api.Read, in *trendingIn) (api.List[TrendingTitle], error) {
	titles, err := d.Trending(ctx, r, in.ContentType, in.Window, in.Limit)
	list := api.List[TrendingTitle]{Data: make([]TrendingTitle, len(titles))}
	for i, t := range titles {
		list.Data[i] = TrendingTitle{Summary: t, Rank: i + 1}
	}
	return list, err
}

const day = 24 * time.Hour

// windows are how far back starts count, and in what steps of the clock they stop to: of more than two days ago only the day
// is known (playback.CountPlays).
var windows = map[string]struct{ length, step time.Duration }{
	"today":      {day, time.Hour},
	"this_week":  {7 * day, day},
	"this_month": {30 * day, day},
}

// Trending are the titles that the viewer sees in lists, of a content type (movie, show or mixed), that were started most within
// a window (today, this_week or this_month). What is lacking to the limit are the most popular of the others, so that a new
// service has something to show. It ties the read to all that changes them.
func (d *Domain) Trending(ctx context.Context, r *api.Read, contentType, window string, limit int) ([]content.Summary, error) {
	kinds := []string{content.Movie, content.Show}
	if contentType != "mixed" {
		kinds = []string{contentType}
	}
	w := windows[window]
	next := r.AsOf.Truncate(w.step).Add(w.step)
	r.Until(&next)
	r.Tag(content.TagTrending, content.TagPopularity)
	q := content.Listed(r, kinds...)
	if err := q.Clock(ctx, r); err != nil {
		return nil, err
	}
	ids, err := mostStarted(ctx, r, q, r.AsOf.Add(-w.length).Truncate(w.step), limit)
	if err != nil {
		return nil, err
	}
	if lacking := limit - len(ids); lacking > 0 {
		more, err := mostPopular(ctx, r, q, ids, lacking)
		if err != nil {
			return nil, err
		}
		ids = append(ids, more...)
	}
	return content.SummariesOf(ctx, r, ids)
}

// mostStarted are those of the selected titles that were started since an instant, the most started first.
func mostStarted(ctx context.Context, tx pgx.Tx, q *content.Query, since time.Time, limit int) ([]uuid.UUID, error) {
	s := `
		SELECT t.id FROM (SELECT content_id, sum(starts) AS starts FROM plays WHERE bucket >= @since GROUP BY content_id) p
		JOIN titles t ON t.id = p.content_id WHERE true` + q.Where() + `
		ORDER BY p.starts DESC, t.popularity DESC, t.id DESC LIMIT @limit`
	return ids(ctx, tx, s, q, pgx.NamedArgs{"since": since, "limit": limit})
}

// mostPopular are the selected titles but for some, the most popular first.
func mostPopular(ctx context.Context, tx pgx.Tx, q *content.Query, but []uuid.UUID, limit int) ([]uuid.UUID, error) {
	s := `
		SELECT t.id FROM titles t WHERE NOT t.id = ANY(@but)` + q.Where() + `
		ORDER BY t.popularity DESC, t.id DESC LIMIT @limit`
	return ids(ctx, tx, s, q, pgx.NamedArgs{"but": vocab.Some(but), "limit": limit})
}

func ids(ctx context.Context, tx pgx.Tx, s string, q *content.Query, args pgx.NamedArgs) ([]uuid.UUID, error) {
	maps.Copy(args, q.Args())
	rows, err := tx.Query(ctx, s, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}
