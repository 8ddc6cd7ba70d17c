package content

import (
	"context"
	"maps"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// InPlan reports whether a plan's filter lets a title through.
func InPlan(ctx context.Context, tx pgx.Tx, filter string, id uuid.UUID) (bool, error) {
	q := &Query{}
	q.And("t.id = @id", "id", id)
	q.Matching(filter, "plan")
	var in bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM titles t WHERE true`+q.Filters.Where()+`)`, q.Filters.Args()).Scan(&in)
	return in, err
}

// LeftOut gives, for the published titles of a kind that filters leave out, the names of those filters.
func LeftOut(ctx context.Context, tx pgx.Tx, kind string, filters map[string]string) (map[uuid.UUID][]string, error) {
	q := &Query{}
	q.And("t.content_type = @kind AND t.published", "kind", kind)
	return q.LeftOut(ctx, tx, filters)
}

// LeftOut is that for the titles that the query selects, whatever their windows.
func (q *Query) LeftOut(ctx context.Context, tx pgx.Tx, filters map[string]string) (map[uuid.UUID][]string, error) {
	out := map[uuid.UUID][]string{}
	for name, text := range filters {
		in := &Query{}
		in.Matching(text, "plan")
		args := in.Filters.Args()
		maps.Copy(args, q.Filters.Args())
		rows, err := tx.Query(ctx, `SELECT t.id FROM titles t WHERE true`+q.Filters.Where()+` AND NOT (true`+in.Filters.Where()+`)`, args)
		if err != nil {
			return nil, err
		}
		var id uuid.UUID
		if _, err := pgx.ForEachRow(rows, []any{&id}, func() error { out[id] = append(out[id], name); return nil }); err != nil {
			return nil, err
		}
	}
	return out, nil
}
