package epg

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/vocab"
	"encora/shared/fault"
)

// maxOpenImports bounds the documents that wait in the database.
const maxOpenImports = 50

type createImportIn struct {
	DryRun bool `query:"dry_run" default:"false" doc:"The same as dry_run in the body."`
	Body   ImportWrite
}

// createImport queues an import.
func (d *Domain) createImport(ctx context.Context, w *api.Write, in *createImportIn) (ImportJob, error) {
	b := &in.Body
	own, err := d.checkImport(ctx, w.Tx.Tx, b)
	if err != nil {
		return ImportJob{}, err
	}
	if err := w.Check(nil, own...); err != nil {
		return ImportJob{}, err
	}
	if err := roomForImport(ctx, w.Tx.Tx); err != nil {
		return ImportJob{}, err
	}
	row := newImport(uuid.Must(uuid.NewV7()), b, w.Now)
	row.DryRun = row.DryRun || in.DryRun
	row.ActorID, row.ActorRole, row.RequestID = w.Actor.ID, w.Actor.Role, w.Actor.RequestID
	document, err := compressed(b.Source)
	if err != nil {
		return ImportJob{}, err
	}
	if err := insertImport(ctx, w.Tx.Tx, row, document); err != nil {
		return ImportJob{}, err
	}
	if err := d.Enqueue(ctx, w.Tx.Tx, row.ID); err != nil {
		return ImportJob{}, err
	}
	w.Audit("epg.import_requested", "epg_import", row.ID, map[string]any{"format": row.Format, "host": hostOf(row.SourceURL),
		"channels": len(row.ChannelIDs), "replace_window": row.ReplaceWindow, "dry_run": row.DryRun})
	return row.ImportJob, nil
}

// newImport is the row of a body that was checked.
func newImport(id uuid.UUID, b *ImportWrite, now time.Time) *importRow {
	row := &importRow{SourceURL: b.SourceURL, ChannelIDs: distinctIDs(b.ChannelIDs), Timezone: b.Timezone,
		ReplaceWindow: b.ReplaceWindow == nil || *b.ReplaceWindow}
	if row.Timezone == "" {
		row.Timezone = "UTC"
	}
	row.ID, row.Status, row.Format, row.DryRun, row.CreatedAt = id, importQueued, b.Format, b.DryRun, now
	row.Errors = []ImportError{}
	return row
}

// Faults implements api.Checked.
func (b *ImportWrite) Faults() []fault.Detail {
	var own vocab.Faults
	switch {
	case b.Source == "" && b.SourceURL == "":
		own.Add("source", "required", "Give exactly one of source and source_url.")
		own.Add("source_url", "required", "Give exactly one of source and source_url.")
	case b.Source != "" && b.SourceURL != "":
		own.Add("source", "not_allowed", "Give exactly one of source and source_url.")
		own.Add("source_url", "not_allowed", "Give exactly one of source and source_url.")
	}
	if _, err := time.LoadLocation(b.Timezone); err != nil || b.Timezone == "Local" {
		own.Add("timezone", "not_found", "Expected the IANA name of a time zone, such as Europe/Berlin.")
	}
	return own
}

func distinctIDs(ids []uuid.UUID) []uuid.UUID {
	seen := map[uuid.UUID]bool{}
	return slices.DeleteFunc(vocab.Some(slices.Clone(ids)), func(id uuid.UUID) bool {
		again := seen[id]
		seen[id] = true
		return again
	})
}

// hostOf is what the audit log keeps of a feed's address: the rest may hold a secret.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// checkImport finds what the body alone doesn't tell.
func (d *Domain) checkImport(ctx context.Context, tx pgx.Tx, b *ImportWrite) ([]fault.Detail, error) {
	var own vocab.Faults
	if b.SourceURL != "" {
		if refused := d.Imports.refuses(b.SourceURL); refused != "" {
			own.Add("source_url", "not_allowed", refused)
		}
	}
	known, err := knownChannels(ctx, tx, b.ChannelIDs)
	if err != nil {
		return nil, err
	}
	for i, id := range b.ChannelIDs {
		if !known[id] {
			own.Add("channel_ids["+strconv.Itoa(i)+"]", "not_found", "There is no such channel.")
		}
	}
	return own, nil
}

func knownChannels(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]bool, error) {
	rows, err := tx.Query(ctx, `SELECT id FROM channels WHERE id = ANY($1)`, ids)
	if err != nil {
		return nil, err
	}
	known := map[uuid.UUID]bool{}
	var id uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error { known[id] = true; return nil })
	return known, err
}

func roomForImport(ctx context.Context, tx pgx.Tx) error {
	const q = `SELECT count(*) FROM epg_imports WHERE status IN ('queued', 'processing')`
	var open int
	if err := tx.QueryRow(ctx, q).Scan(&open); err != nil {
		return err
	}
	if open >= maxOpenImports {
		f := fault.New(fault.RateLimited, "Too many imports are waiting; try again once some have ended.")
		f.RetryAfter = 30 * time.Second
		return f
	}
	return nil
}

// compressed is the document as it is stored, nil when there is none.
func compressed(document string) ([]byte, error) {
	if document == "" {
		return nil, nil
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	if _, err := strings.NewReader(document).WriteTo(z); err != nil {
		return nil, err
	}
	err = z.Close()
	return b.Bytes(), err
}

type importPath struct {
	JobID uuid.UUID `path:"job_id" doc:"Id of the import."`
}

// getImport shows how far an import is.
func (d *Domain) getImport(ctx context.Context, r *api.Read, in *importPath) (ImportJob, error) {
	row, err := readImport(ctx, r.Tx, in.JobID)
	if errors.Is(err, pgx.ErrNoRows) {
		return ImportJob{}, fault.Missing()
	}
	if err != nil {
		return ImportJob{}, err
	}
	return row.ImportJob, nil
}
