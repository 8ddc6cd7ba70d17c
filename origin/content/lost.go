package content

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// passing lists the plans' filters that let a title through.
func passing(ctx context.Context, tx pgx.Tx, id uuid.UUID) ([]string, error) {
	rows, err := tx.Query(ctx, `SELECT DISTINCT catalogue_filter FROM plans WHERE catalogue_filter <> '' ORDER BY 1`)
	if err != nil {
		return nil, err
	}
	filters, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	var through []string
	for _, text := range filters {
		in, err := InPlan(ctx, tx, text, id)
		if err != nil {
			return nil, err
		}
		if in {
			through = append(through, text)
		}
	}
	return through, nil
}

// lost reports whether some plan's viewers lose a title by an edit: a filter let it through, and does not any more.
func lost(before, after []string) bool {
	return slices.ContainsFunc(before, func(text string) bool { return !slices.Contains(after, text) })
}
