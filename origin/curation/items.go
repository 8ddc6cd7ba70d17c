package curation

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/content"
	"encora/origin/filter"
)

// items selects those of the collection's items that the viewer sees.
func (c *collection) items(r *api.Read) *content.Query {
	q := content.Listed(r, kinds...)
	if c.Query != nil {
		r.Tag(content.TagSlugs)
		q.Selecting(*c.Query, "query")
	} else {
		q.And("t.id IN (SELECT i.content_id FROM collection_items i WHERE i.collection_id = @collection)", "collection", c.ID)
	}
	return q
}

// order is that of items, over titles t.
func (c *collection) order() string {
	if c.Query != nil {
		return "t.created_at DESC, t.id DESC"
	}
	return "(SELECT i.position FROM collection_items i WHERE i.collection_id = @collection AND i.content_id = t.id)"
}

// item is an item of a page.
type item struct {
	ItemRef
	Position  int // in the collection, counted from 1
	CreatedAt time.Time
}

// itemPosition is the cursor of a page: the last item shown.
type itemPosition struct {
	Position  int       `json:"p"`
	CreatedAt time.Time `json:"t"`
	ID        uuid.UUID `json:"i"`
}

func (i item) position() any { return itemPosition{i.Position, i.CreatedAt, i.ContentID} }

// page reads a page of items that the query selects.
func (c *collection) page(ctx context.Context, r *api.Read, q *content.Query, p api.Paging) (api.Paged[ItemRef], error) {
	var none api.Paged[ItemRef]
	var after itemPosition
	more, err := r.After(p, &after)
	if err != nil {
		return none, err
	}
	read := c.pickedAfter
	if c.Query != nil {
		read = c.selectedAfter
	}
	rows, err := read(ctx, r, q, more, after, p.Limit+1)
	if err != nil {
		return none, err
	}
	return content.Page(api.PageOf(r, p, rows, item.position), func(i *item) ItemRef { return i.ItemRef }), nil
}

// pickedAfter reads items that were picked, in the editors' order.
func (c *collection) pickedAfter(ctx context.Context, tx pgx.Tx, q *content.Query, _ bool, after itemPosition, limit int) ([]item, error) {
	s := `
		SELECT t.content_type, t.id AS content_id, i.sort_order, i.position, t.created_at
		FROM collection_items i JOIN titles t ON t.id = i.content_id
		WHERE i.collection_id = @collection AND i.position > @after` + q.Where() + `
		ORDER BY i.position LIMIT @limit`
	args := q.Args()
	args["after"], args["limit"] = after.Position, limit
	return readItems(ctx, tx, s, args)
}

// selectedAfter reads items that the collection's filter selects, the newest first. Their sort_order is their place.
func (c *collection) selectedAfter(ctx context.Context, tx pgx.Tx, q *content.Query, more bool, after itemPosition, limit int) ([]item, error) {
	from := ""
	if more {
		from = " AND (t.created_at, t.id) < (@after_time, @after_id)"
	}
	s := `
		SELECT t.content_type, t.id AS content_id, 0 AS sort_order, 0 AS position, t.created_at
		FROM titles t WHERE true` + q.Where() + from + ` ORDER BY ` + c.order() + ` LIMIT @limit`
	args := q.Args()
	args["after_time"], args["after_id"], args["limit"] = after.CreatedAt, after.ID, limit
	rows, err := readItems(ctx, tx, s, args)
	for i := range rows {
		rows[i].Position = after.Position + i + 1
		rows[i].SortOrder = &rows[i].Position
	}
	return rows, err
}

func readItems(ctx context.Context, tx pgx.Tx, s string, args pgx.NamedArgs) ([]item, error) {
	rows, err := tx.Query(ctx, s, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[item])
}

// replaceItems stores the items of a collection, in their order.
func replaceItems(ctx context.Context, tx pgx.Tx, id uuid.UUID, refs []ItemRef) error {
	ids, orders := make([]uuid.UUID, len(refs)), make([]int, len(refs))
	for i, ref := range refs {
		ids[i], orders[i] = ref.ContentID, *ref.SortOrder
	}
	const q = `
		WITH gone AS (DELETE FROM collection_items WHERE collection_id = $1 AND content_id <> ALL($2))
		INSERT INTO collection_items (collection_id, content_id, sort_order, position)
		SELECT $1, content_id, sort_order, position
		FROM unnest($2::uuid[], $3::int[]) WITH ORDINALITY AS i (content_id, sort_order, position)
		ON CONFLICT (collection_id, content_id) DO UPDATE SET sort_order = excluded.sort_order, position = excluded.position`
	_, err := tx.Exec(ctx, q, id, ids, orders)
	return err
}

// countItems counts the items of a page of collections: of those that were picked what the one query selects, of those with a
// filter what the other does.
func countItems(ctx context.Context, tx pgx.Tx, page []placedCollection, picked, selected *content.Query) (map[uuid.UUID]int, error) {
	counts := map[uuid.UUID]int{}
	for len(page) > 0 {
		c := count{picked: picked, selected: selected, args: picked.Args()}
		maps.Copy(c.args, selected.Args()) // what both have is the same
		for len(page) > 0 && len(c.args) < maxArguments {
			c.add(&page[0].collection)
			page = page[1:]
		}
		if err := c.read(ctx, tx, counts); err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// maxArguments ends a statement: its time goes by what its filters ask for, of which one may ask for a thousand things. Most pages
// are one statement.
const maxArguments = 500

// count is a statement that counts the items of collections.
type count struct {
	picked, selected *content.Query
	args             pgx.NamedArgs
	hand, filtered   []uuid.UUID
	judged, counted  []string // SQL of filters, and of their counts
}

func (c *count) add(of *collection) {
	if of.Query == nil {
		c.hand = append(c.hand, of.ID)
		return
	}
	n, condition := len(c.filtered), "false"
	if f, problems := filter.Compile(*of.Query); len(problems) == 0 {
		sql, args := f.SQL("t", fmt.Sprintf("count%d_", n))
		condition = sql
		maps.Copy(c.args, args)
	}
	c.filtered = append(c.filtered, of.ID)
	c.judged = append(c.judged, fmt.Sprintf("%s AS f%d", condition, n))
	c.counted = append(c.counted, fmt.Sprintf("count(*) FILTER (WHERE f%d)", n))
}

// read counts all filters in one scan. They are judged below the counting: there the planner knows for how many rows, and looks
// genres up once.
func (c *count) read(ctx context.Context, tx pgx.Tx, counts map[uuid.UUID]int) error {
	var parts []string
	if len(c.hand) > 0 {
		c.args["hand"] = c.hand
		parts = append(parts, `
			SELECT i.collection_id, count(*) FROM collection_items i JOIN titles t ON t.id = i.content_id
			WHERE i.collection_id = ANY(@hand)`+c.picked.Where()+` GROUP BY i.collection_id`)
	}
	if len(c.filtered) > 0 {
		c.args["filtered"] = c.filtered
		parts = append(parts, `
			SELECT n.* FROM (SELECT ARRAY[`+strings.Join(c.counted, ", ")+`] AS found FROM (
				SELECT `+strings.Join(c.judged, ", ")+` FROM titles t WHERE true`+c.selected.Where()+` OFFSET 0) t) c,
			unnest(@filtered::uuid[], c.found) n`)
	}
	rows, err := tx.Query(ctx, strings.Join(parts, " UNION ALL "), c.args)
	if err != nil {
		return err
	}
	var id uuid.UUID
	var n int
	_, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error { counts[id] = n; return nil })
	return err
}
