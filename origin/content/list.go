package content

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
)

// Order is a total order of titles t: an expression with its SQL type, ties broken by id.
type Order struct {
	Expression, Type string
	Descending       bool
}

var orders = map[string]Order{
	"title":          {Expression: "t.sort_title", Type: "text"},
	"release_year":   {Expression: "t.release_year", Type: "int"},
	"release_date":   {Expression: "t.release_year", Type: "int"},
	"average_rating": {Expression: "t.average_rating", Type: "float8"},
	"available_from": {Expression: "t.available_from", Type: "timestamptz"},
	"first_air_date": {Expression: "t.air_date", Type: "date"},
	"air_date":       {Expression: "t.air_date", Type: "date"},
	"episode_number": {Expression: "t.place", Type: "int"},
	"sort_order":     {Expression: "t.place", Type: "int"},
	"created_at":     {Expression: "t.created_at", Type: "timestamptz"},
	"updated_at":     {Expression: "t.updated_at", Type: "timestamptz"},
}

// NewestFirst is the order of lists that ask for none.
const NewestFirst = "-created_at"

// OrderBy reads one of the values that a sort parameter allows; "" is the list's own.
func OrderBy(sort, own string) Order {
	if sort == "" {
		sort = own
	}
	name, descending := strings.CutPrefix(sort, "-")
	o := orders[name]
	o.Descending = descending
	return o
}

// Place is where a row of a list stands in it. Rows that List reads embed it.
type Place struct {
	Sort string    `json:"-"` // the text of what the list is sorted by
	Key  uuid.UUID `json:"-"`
}

func (p Place) place() position { return position{p.Sort, p.Key} }

// position is the cursor of a list: the last row shown.
type position struct {
	Sort string    `json:"s"`
	ID   uuid.UUID `json:"i"`
}

// Placed is a row that embeds Place.
type Placed interface{ place() position }

// dense is how many found titles make it quicker to walk the order's index than to collect and order what is found.
const dense = 2_000

// List reads a page of titles: columns are those of R beside Place, of the table joined as x by its id. total is how many titles
// the query selects, -1 when that is not known.
func List[R Placed](ctx context.Context, r *api.Read, q *Query, o Order, p api.Paging, table, columns string, total int) (api.Paged[R], error) {
	var none api.Paged[R]
	if q.searched && total < 0 {
		n, err := q.count(ctx, r, dense)
		if err != nil {
			return none, err
		}
		total = n
	}
	var after position
	more, err := r.After(p, &after)
	if err != nil {
		return none, err
	}
	args := q.Args()
	args["limit"], args["after_sort"], args["after_id"] = p.Limit+1, after.Sort, after.ID
	rows, err := r.Query(ctx, q.page(o, more, q.searched && total < dense, table, columns), Planned, args)
	if err != nil {
		return none, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[R])
	if err != nil {
		return none, err
	}
	return api.PageOf(r, p, found, func(row R) any { return row.place() }), nil
}

// page picks the page's ids first and reads the rows after it. The little that a search finds is collected before it is
// ordered: else the planner may walk the order's index and compare one long text after the other, to find nothing.
func (q *Query) page(o Order, more, collect bool, table, columns string) string {
	direction, than, keep := "ASC", ">", "NOT MATERIALIZED"
	if o.Descending {
		direction, than = "DESC", "<"
	}
	if collect {
		keep = "MATERIALIZED"
	}
	from := ""
	if more {
		from = fmt.Sprintf("WHERE (sort_key, id) %s (@after_sort::text::%s, @after_id::uuid)", than, o.Type)
	}
	return fmt.Sprintf(`
		WITH found AS %[1]s (SELECT t.id, %[2]s AS sort_key FROM titles t WHERE true%[3]s),
		page AS (SELECT id, sort_key FROM found %[4]s ORDER BY sort_key %[5]s, id %[5]s LIMIT @limit)
		SELECT page.sort_key::text AS sort, page.id AS key, %[6]s FROM page JOIN %[7]s x ON x.id = page.id
		ORDER BY page.sort_key %[5]s, page.id %[5]s`, keep, o.Expression, q.Where(), from, direction, columns, table)
}

// preferIndexes is for searches: the planner does not know that a scan of the table would fetch every text from outside
// of it.
func preferIndexes(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SET LOCAL enable_seqscan = off`)
	return err
}

// Planned has a statement planned for its arguments: whether the order's index or the search's is the quicker way depends
// on the words.
const Planned = pgx.QueryExecModeCacheDescribe

// Count counts what the query selects.
func (q *Query) Count(ctx context.Context, tx pgx.Tx) (int, error) {
	return q.count(ctx, tx, math.MaxInt)
}

// count counts up to most.
func (q *Query) count(ctx context.Context, tx pgx.Tx, most int) (int, error) {
	if q.searched {
		if err := preferIndexes(ctx, tx); err != nil {
			return 0, err
		}
	}
	args := q.Args()
	args["most"] = most
	var n int
	err := tx.QueryRow(ctx, `SELECT count(*) FROM (SELECT 1 FROM titles t WHERE true`+q.Where()+` LIMIT @most) found`, Planned, args).Scan(&n)
	return n, err
}

// Page turns a page of rows into a page of representations.
func Page[A, B any](p api.Paged[A], f func(*A) B) api.Paged[B] {
	out := api.Paged[B]{Data: make([]B, len(p.Data)), Meta: p.Meta}
	for i := range p.Data {
		out.Data[i] = f(&p.Data[i])
	}
	return out
}
