package subscriber

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/vocab"
	"encora/shared/fault"
	"encora/shared/wire"
)

// fieldFilter is the field of plans that holds the catalogue filter.
const fieldFilter = "catalogue_filter"

// Filter is a catalogue filter that plans have.
type Filter struct {
	Text  string
	Plans []uuid.UUID // in the order of ids; the first stands for all
}

// Filters reads the catalogue filters of all plans, in the order of those that stand for them.
func (d *Domain) Filters(ctx context.Context, tx pgx.Tx) ([]Filter, error) {
	const q = `
		SELECT catalogue_filter, array_agg(id ORDER BY id) AS plans
		FROM plans WHERE catalogue_filter <> '' GROUP BY catalogue_filter ORDER BY plans`
	rows, err := tx.Query(ctx, q)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Filter])
}

// PlanFilter reads a plan's catalogue filter: empty when it has none, or there is no such plan.
func (d *Domain) PlanFilter(ctx context.Context, tx pgx.Tx, plan uuid.UUID) (string, error) {
	var text string
	err := tx.QueryRow(ctx, `SELECT catalogue_filter FROM plans WHERE id = $1`, plan).Scan(&text)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return text, err
}

// filterFaults is what is wrong with a plan's filter.
func (d *Domain) filterFaults(text string) []fault.Detail {
	if text == "" || d.CheckFilter == nil {
		return nil
	}
	return d.CheckFilter(fieldFilter, text)
}

// emitFilter tells of a plan's change of its filter, if there is one: its viewers are of another audience, and channels may
// be left out for them. It is hard, since whether they lose something is not told by the text.
func emitFilter(w vocab.Emitter, before, after string) {
	if before != after {
		w.EmitHard(wire.TagFilters)
		w.Emit(wire.TagLineup)
	}
}
