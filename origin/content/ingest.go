package content

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/pgdb"
	"encora/origin/record"
	"encora/origin/vocab"
)

// Video is the packaged media of a title that is brought in.
type Video struct {
	ContentType                       string
	ContentID                         uuid.UUID
	Title                             string
	Seconds                           int
	AudioLanguages, SubtitleLanguages []string
}

// Ingest brings a batch of content in, in one transaction: all that is legal of it, whole, or nothing. bring stores it, leaves
// one audit entry and one change behind, whatever the batch's size, and counts; where it has created nothing, nothing is kept.
func Ingest(ctx context.Context, db *pgdb.DB, actor record.Actor, now time.Time, what string, bring func(*record.Tx, *vocab.Outcome) error) (vocab.Outcome, error) {
	var out vocab.Outcome
	err := db.Write(ctx, func(tx pgx.Tx) error {
		out = vocab.Outcome{}
		w := record.Begin(tx, actor, now)
		if err := bring(w, &out); err != nil || out.Created+out.Parts == 0 {
			return err
		}
		return w.Commit(ctx)
	})
	if err != nil {
		return vocab.Outcome{}, fmt.Errorf("bring %s in: %w", what, err)
	}
	return out, nil
}

// Unfit is what the API would refuse a body for, or "".
func Unfit[T any](body T) string {
	if faults := api.Validate(body); len(faults) > 0 {
		return faults[0].Field + ": " + faults[0].Message
	}
	return ""
}

// ByKey gives the ids of the rows of a kind's table by their keys at the source; keys that are not known are left out.
func ByKey(ctx context.Context, tx pgx.Tx, table string, keys []string) (map[string]uuid.UUID, error) {
	rows, err := tx.Query(ctx, `SELECT source_key, id FROM `+table+` WHERE source_key = ANY($1)`, keys)
	if err != nil {
		return nil, err
	}
	known := make(map[string]uuid.UUID, len(keys))
	var key string
	var id uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&key, &id}, func() error { known[key] = id; return nil })
	return known, err
}

// LockByKey is ByKey that locks what it finds, in one order, for parts to be added to it.
func LockByKey(ctx context.Context, tx pgx.Tx, table string, keys []string) (map[string]uuid.UUID, error) {
	q := `SELECT t.id FROM titles t JOIN ` + table + ` x USING (id) WHERE x.source_key = ANY($1) ORDER BY t.id FOR NO KEY UPDATE OF t`
	if _, err := tx.Exec(ctx, q, keys); err != nil {
		return nil, err
	}
	return ByKey(ctx, tx, table, keys) // as the last writer left them
}

// IDs is ByKey in a snapshot of its own.
func IDs(ctx context.Context, db *pgdb.DB, table string, keys []string) (map[string]uuid.UUID, error) {
	var ids map[string]uuid.UUID
	err := db.Snapshot(ctx, func(tx pgx.Tx) error {
		var err error
		ids, err = ByKey(ctx, tx, table, keys)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look up %s by key: %w", table, err)
	}
	return ids, nil
}
