package epg

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/pgdb"
)

// stretchPrograms reads the first programmes of a stretch of the guide: channel by channel in the order asked, then by
// start, then by id.
func stretchPrograms(ctx context.Context, tx pgx.Tx, s *stretch, limit int) ([]program, error) {
	const q = `
		SELECT p.* FROM unnest(@channels::uuid[]) WITH ORDINALITY AS asked (channel_id, n)
		CROSS JOIN LATERAL (
			SELECT ` + programColumns + ` FROM programs p
			WHERE p.channel_id = asked.channel_id
				AND p.start_time > @earliest AND p.start_time < @to AND p.end_time > @from
				AND (asked.n > 1 OR NOT @continued OR (p.start_time, p.id) > (@after, @after_id))
			ORDER BY p.start_time, p.id LIMIT @limit) p
		ORDER BY asked.n, p.start_time, p.id LIMIT @limit`
	rows, err := tx.Query(ctx, q, pgx.NamedArgs{"channels": s.ids(), "from": s.from, "to": s.to, "earliest": s.from.Add(-maxDuration),
		"continued": s.continued, "after": s.start, "after_id": s.id, "limit": limit})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[program])
}

// programsOnAir reads what is on air at an instant, by channel: of the programmes that began and have not ended, the one
// that began last, then the one that ends first, then the lowest id.
func programsOnAir(ctx context.Context, tx pgx.Tx, channels []uuid.UUID, at time.Time) (map[uuid.UUID]program, error) {
	const q = `
		SELECT p.* FROM unnest(@channels::uuid[]) AS asked (channel_id)
		CROSS JOIN LATERAL (
			SELECT ` + programColumns + ` FROM programs p
			WHERE p.channel_id = asked.channel_id
				AND p.start_time > @earliest AND p.start_time <= @at AND p.end_time > @at
			ORDER BY p.start_time DESC, p.end_time, p.id LIMIT 1) p`
	at = wholeSecond(at)
	rows, err := tx.Query(ctx, q, pgx.NamedArgs{"channels": channels, "at": at, "earliest": at.Add(-maxDuration)})
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[program])
	onAir := make(map[uuid.UUID]program, len(found))
	for _, p := range found {
		onAir[p.ChannelID] = p
	}
	return onAir, err
}

// listPrograms reads programmes in the order of start and id.
func listPrograms(ctx context.Context, tx pgx.Tx, f *pgdb.Filters, limit int) ([]program, error) {
	q := `SELECT ` + programColumns + ` FROM programs p WHERE true` + f.Where() + ` ORDER BY p.start_time, p.id LIMIT @limit`
	args := f.Args()
	args["limit"] = limit
	rows, err := tx.Query(ctx, q, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[program])
}

func countPrograms(ctx context.Context, tx pgx.Tx, f *pgdb.Filters) (int, error) {
	var n int
	err := tx.QueryRow(ctx, `SELECT count(*) FROM programs p WHERE true`+f.Where(), f.Args()).Scan(&n)
	return n, err
}
