package epg

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// keepImports is how long an import that has ended can be looked at.
const keepImports = 30 * 24 * time.Hour

// OpenImport is an import that nobody works on.
type OpenImport struct {
	ID       uuid.UUID
	Attempts int // so far
}

// OpenImports lists imports that are to be taken up: neither ended nor locked by a worker. After each attempt there is a
// longer pause, up to five minutes.
func (d *Domain) OpenImports(ctx context.Context, now time.Time) ([]OpenImport, error) {
	const q = `
		SELECT id, attempts FROM epg_imports
		WHERE status IN ('queued', 'processing')
		  AND coalesce(attempted_at, created_at) <= $1::timestamptz - least(attempts * attempts, 300) * interval '1 second'
		  AND NOT EXISTS (
			SELECT FROM pg_locks
			WHERE locktype = 'advisory' AND objsubid = 1 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
			  AND (classid::bigint << 32 | objid::bigint) = hashtextextended($2 || id::text, 0))
		ORDER BY created_at LIMIT 100`
	var open []OpenImport
	err := d.DB.Snapshot(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, q, now, lockPrefix)
		if err != nil {
			return err
		}
		open, err = pgx.CollectRows(rows, pgx.RowToStructByName[OpenImport])
		return err
	})
	return open, err
}

// TidyImports forgets imports that ended long ago, and what ended ones left on the stage.
func (d *Domain) TidyImports(ctx context.Context, now time.Time) error {
	if err := d.tidyStage(ctx); err != nil {
		return err
	}
	const q = `DELETE FROM epg_imports WHERE id IN (SELECT id FROM epg_imports WHERE completed_at < $1 ORDER BY completed_at LIMIT 1)`
	for {
		n, err := d.exec(ctx, q, now.Add(-keepImports))
		if err != nil || n == 0 {
			return err
		}
	}
}

// tidyStage goes from import to import on the stage, by its index.
func (d *Domain) tidyStage(ctx context.Context) error {
	const q = `
		WITH RECURSIVE on_stage AS (
			(SELECT import_id FROM epg_staged ORDER BY import_id LIMIT 1)
			UNION ALL
			SELECT (SELECT s.import_id FROM epg_staged s WHERE s.import_id > o.import_id ORDER BY s.import_id LIMIT 1)
			FROM on_stage o WHERE o.import_id IS NOT NULL
		), dead AS (
			SELECT import_id FROM on_stage o WHERE import_id IS NOT NULL
			  AND NOT EXISTS (SELECT FROM epg_imports i WHERE i.id = o.import_id AND i.status IN ('queued', 'processing'))
			LIMIT 1
		)
		DELETE FROM epg_staged WHERE (import_id, channel, seq) IN (
			SELECT s.import_id, s.channel, s.seq FROM epg_staged s JOIN dead USING (import_id) LIMIT $1)`
	for {
		n, err := d.exec(ctx, q, clearRows)
		if err != nil || n == 0 {
			return err
		}
	}
}

// exec runs a statement in a transaction of its own and returns the number of rows.
func (d *Domain) exec(ctx context.Context, q string, args ...any) (int64, error) {
	var n int64
	err := d.DB.Write(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, q, args...)
		if err != nil {
			return err
		}
		n = tag.RowsAffected()
		return tx.Commit(ctx)
	})
	return n, err
}
