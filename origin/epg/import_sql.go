package epg

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const importColumns = `id, status, format, dry_run, programs_read, programs_imported, programs_created, programs_updated,
	programs_deleted, programs_unchanged, channels_total, channels_done, channels_superseded, error_count, errors, created_at, started_at,
	completed_at, diff, source_url, channel_ids, replace_window, timezone, staged, resolved, attempts, actor_id, actor_role, request_id`

// readImport returns pgx.ErrNoRows when there is none.
func readImport(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*importRow, error) {
	rows, err := tx.Query(ctx, `SELECT `+importColumns+` FROM epg_imports WHERE id = $1`, id)
	if err != nil {
		return nil, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[importRow])
}

func insertImport(ctx context.Context, tx pgx.Tx, r *importRow, document []byte) error {
	const q = `
		INSERT INTO epg_imports (id, status, format, source, source_url, channel_ids, replace_window, timezone, dry_run,
		                         actor_id, actor_role, request_id, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`
	_, err := tx.Exec(ctx, q, r.ID, r.Status, r.Format, document, r.SourceURL, r.ChannelIDs, r.ReplaceWindow, r.Timezone,
		r.DryRun, r.ActorID, r.ActorRole, r.RequestID, r.CreatedAt)
	return err
}

// beginImport counts an attempt at an import that has not ended; pgx.ErrNoRows when there is none such.
func beginImport(ctx context.Context, tx pgx.Tx, id uuid.UUID, now time.Time) (*importRow, error) {
	const q = `
		UPDATE epg_imports
		SET status = 'processing', attempts = attempts + 1, attempted_at = $2, started_at = coalesce(started_at, $2)
		WHERE id = $1 AND status IN ('queued', 'processing')
		RETURNING ` + importColumns
	rows, err := tx.Query(ctx, q, id, now)
	if err != nil {
		return nil, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[importRow])
}

// queueProgress stores what an import has counted, with the commit of what it counts. The errors are rewritten only when
// there are new ones.
func queueProgress(id uuid.UUID, before, now ImportProgress) func(*pgx.Batch) {
	var errors any
	if now.ErrorCount != before.ErrorCount {
		errors = now.Errors
	}
	return func(b *pgx.Batch) {
		const q = `
			UPDATE epg_imports
			SET programs_read = $2, programs_imported = $3, programs_created = $4, programs_updated = $5, programs_deleted = $6,
			    programs_unchanged = $7, channels_total = $8, channels_done = $9, channels_superseded = $10,
			    error_count = $11, errors = coalesce($12, errors)
			WHERE id = $1`
		b.Queue(q, id, now.ProgramsRead, now.ProgramsImported, now.ProgramsCreated, now.ProgramsUpdated, now.ProgramsDeleted,
			now.ProgramsUnchanged, now.ChannelsTotal, now.ChannelsDone, now.ChannelsSuperseded, now.ErrorCount, errors)
	}
}

// endImport is the last that is written of an import; its document is no longer needed.
func endImport(ctx context.Context, tx pgx.Tx, id uuid.UUID, status string, now time.Time) error {
	const q = `UPDATE epg_imports SET status = $2, completed_at = $3, source = NULL WHERE id = $1`
	_, err := tx.Exec(ctx, q, id, status, now)
	return err
}
