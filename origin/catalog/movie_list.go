package catalog

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/pgdb"
	"encora/origin/vocab"
)

// filters is the WHERE of a list of movies m.
type filters struct {
	pgdb.Filters
	searched bool // there is a condition on the text
}

// text adds full-text search: every word of q must begin a word of title, original title, synopsis or cast.
func (f *filters) text(q string) {
	words := vocab.Words(q)
	if len(words) == 0 {
		if q != "" {
			f.And("false") // a question without a word matches nothing
		}
		return
	}
	f.And("m.search @@ search_query(@words)", "words", words)
	f.searched = true
}

func (f *filters) genre(slug string) {
	if slug != "" {
		f.And(`EXISTS (SELECT 1 FROM movie_genres mg WHERE mg.movie_id = m.id
			AND mg.genre_id = (SELECT id FROM genres WHERE slug = @genre))`, "genre", slug)
	}
}

// allowed hides what has a rule that denies the viewer's country.
func (f *filters) allowed(deny []uuid.UUID) {
	if len(deny) > 0 {
		f.And("NOT EXISTS (SELECT 1 FROM geo_attachments a WHERE a.content_id = m.id AND a.rule_id = ANY(@deny))", "deny", deny)
	}
}

// windowed keeps what is published and inside its window at the instant.
func (f *filters) windowed(asOf time.Time) {
	f.And(statusConditions[statusPublished], "as_of", asOf)
}

// statusConditions are the movies of each status at @as_of, as movie.status computes it.
var statusConditions = map[string]string{
	statusDraft: "m.state = 'draft'",
	statusPublished: `m.state = 'published' AND (m.available_from IS NULL OR m.available_from <= @as_of)
		AND (m.available_until IS NULL OR m.available_until > @as_of)`,
	statusScheduled: `m.state = 'published' AND m.available_from > @as_of
		AND (m.available_until IS NULL OR m.available_until > @as_of)`,
	statusUnpublished: "(m.state = 'unpublished' OR m.state = 'published' AND m.available_until <= @as_of)",
}

// order is a total order of a list: a column with its SQL type, ties broken by id.
type order struct {
	expression, sqlType string
	descending          bool
}

var movieOrders = map[string]order{
	"title":          {expression: "m.sort_title", sqlType: "text"},
	"release_year":   {expression: "m.release_year", sqlType: "int"},
	"release_date":   {expression: "m.release_year", sqlType: "int"},
	"average_rating": {expression: "m.average_rating", sqlType: "float8"},
	"available_from": {expression: "coalesce(m.available_from, '-infinity')", sqlType: "timestamptz"},
	"created_at":     {expression: "m.created_at", sqlType: "timestamptz"},
	"updated_at":     {expression: "m.updated_at", sqlType: "timestamptz"},
}

// newestFirst is the order of lists that ask for none.
const newestFirst = "-created_at"

// parseOrder reads one of the values that the parameter allows.
func parseOrder(sort string) order {
	if sort == "" {
		sort = newestFirst
	}
	name, descending := strings.CutPrefix(sort, "-")
	o := movieOrders[name]
	o.descending = descending
	return o
}

// position is the cursor of a list: the last row shown.
type position struct {
	Sort string    `json:"s"`
	ID   uuid.UUID `json:"i"`
}

// dense is how many found movies make it quicker to walk the order's index than to collect and order what is found.
const dense = 2_000

// listMovies reads one row more than the page holds. found is how many movies the filters select, or dense when more.
func listMovies(ctx context.Context, r *api.Read, f *filters, o order, p api.Paging, found int) ([]movie, error) {
	var after position
	more, err := r.After(p, &after)
	if err != nil {
		return nil, err
	}
	args := f.Args()
	args["limit"], args["after_sort"], args["after_id"] = p.Limit+1, after.Sort, after.ID
	rows, err := r.Query(ctx, listQuery(f, o, more, f.searched && found < dense), planned, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[movie])
}

// listQuery picks the page's ids first and reads the movies after it. The little that a search finds is collected before it
// is ordered: else the planner may walk the order's index and compare one long text after the other, to find nothing.
func listQuery(f *filters, o order, more, collect bool) string {
	direction, than, keep := "ASC", ">", "NOT MATERIALIZED"
	if o.descending {
		direction, than = "DESC", "<"
	}
	if collect {
		keep = "MATERIALIZED"
	}
	from := ""
	if more {
		from = fmt.Sprintf("WHERE (sort_key, id) %s (@after_sort::text::%s, @after_id::uuid)", than, o.sqlType)
	}
	return fmt.Sprintf(`
		WITH found AS %[1]s (SELECT m.id, %[2]s AS sort_key FROM movies m WHERE true%[3]s),
		page AS (SELECT id, sort_key FROM found %[4]s ORDER BY sort_key %[5]s, id %[5]s LIMIT @limit)
		SELECT %[6]s, page.sort_key::text AS sort FROM page JOIN movies m ON m.id = page.id
		ORDER BY page.sort_key %[5]s, page.id %[5]s`, keep, o.expression, f.Where(), from, direction, movieColumns)
}

// preferIndexes is for searches: the planner does not know that a scan of the table would fetch every text from outside
// of it.
func preferIndexes(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SET LOCAL enable_seqscan = off`)
	return err
}

// planned has a statement planned for its arguments: whether the order's index or the search's is the quicker way depends
// on the words.
const planned = pgx.QueryExecModeCacheDescribe

// countMovies counts what the filters select, up to most.
func countMovies(ctx context.Context, tx pgx.Tx, f *filters, most int) (int, error) {
	if f.searched {
		if err := preferIndexes(ctx, tx); err != nil {
			return 0, err
		}
	}
	args := f.Args()
	args["most"] = most
	var n int
	err := tx.QueryRow(ctx, `SELECT count(*) FROM (SELECT 1 FROM movies m WHERE true`+f.Where()+` LIMIT @most) found`, planned, args).Scan(&n)
	return n, err
}

// mapPage turns a page of rows into a page of representations.
func mapPage[A, B any](p api.Paged[A], f func(*A) B) api.Paged[B] {
	out := api.Paged[B]{Data: make([]B, len(p.Data)), Meta: p.Meta}
	for i := range p.Data {
		out.Data[i] = f(&p.Data[i])
	}
	return out
}

func moviePosition(m movie) any { return position{m.Sort, m.ID} }
