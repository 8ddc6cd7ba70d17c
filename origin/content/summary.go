package content

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/vocab"
)

// Summary is a title in a rail, in a list of related ones, or found by a search.
type Summary struct {
	ContentType    string         `json:"content_type" enum:"movie,show,episode,channel"`
	ID             uuid.UUID      `json:"id"`
	Title          string         `json:"title"`
	Slug           string         `json:"slug"`
	Images         vocab.ImageSet `json:"images"`
	ContentRating  string         `json:"content_rating,omitempty"`
	ReleaseYear    int            `json:"release_year,omitempty"`
	RuntimeMinutes int            `json:"runtime_minutes,omitempty"`
	ChangedAt      time.Time      `json:"-"` // by an edit, or by the opening of its window
}

// SummaryColumns are those of Summary, of titles x.
const SummaryColumns = `x.content_type, x.id, x.title, x.slug, x.images, x.content_rating, x.release_year, x.runtime_minutes,
	greatest(x.updated_at, x.available_from) AS changed_at`

// SummariesOf reads titles in the order of the ids.
func SummariesOf(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) ([]Summary, error) {
	const q = `SELECT ` + SummaryColumns + ` FROM unnest($1::uuid[]) WITH ORDINALITY p(id, place) JOIN titles x USING (id) ORDER BY p.place`
	rows, err := tx.Query(ctx, q, ids)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Summary])
}

// PlacedSummary is a Summary in a list.
type PlacedSummary struct {
	Summary
	Place
}

// Summaries reads what the query selects, in the order of an SQL expression over titles t, up to limit.
func (q *Query) Summaries(ctx context.Context, tx pgx.Tx, order string, limit int) ([]Summary, error) {
	args := q.Args()
	args["limit"] = limit
	s := `
		SELECT ` + SummaryColumns + ` FROM titles x JOIN (
			SELECT t.id, row_number() OVER (ORDER BY ` + order + `) AS place FROM titles t
			WHERE true` + q.Where() + ` ORDER BY ` + order + ` LIMIT @limit) page USING (id)
		ORDER BY page.place`
	rows, err := tx.Query(ctx, s, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Summary])
}
