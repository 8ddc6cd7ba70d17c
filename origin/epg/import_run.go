package epg

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/pgdb"
	"encora/origin/record"
)

// maxAttempts is how often an import is taken up before it is given up.
const maxAttempts = 30

// importLock names the lock that whoever works on an import holds. It belongs to the session: a worker that dies lets go.
func importLock(id uuid.UUID) string { return lockPrefix + id.String() }

const lockPrefix = "epg_import:"

// importFailure ends an import for good.
type importFailure struct {
	line          int64
	code, message string
	detail        string // what is logged, but not told
}

func (f *importFailure) Error() string { return f.message }

// importer is the work on one import: one goroutine on one connection.
type importer struct {
	d    *Domain
	s    *pgdb.Session
	row  *importRow // as the database holds it
	file io.Reader  // the document, of imports by the command line
	seen func(ImportJob)
	log  *slog.Logger
}

// RunImport takes an import up where it stands and works on it until it ends. When somebody else is at it, or ctx ends, it
// leaves it and returns nil; an error is trouble of the database, after which it should be taken up again.
func (d *Domain) RunImport(ctx context.Context, id uuid.UUID) error {
	_, err := d.DB.Locked(ctx, importLock(id), func(s *pgdb.Session) error {
		im := &importer{d: d, s: s, log: d.Imports.logger().With("import", id.String())}
		if err := im.begin(ctx, id); errors.Is(err, pgx.ErrNoRows) {
			return nil // it has ended
		} else if err != nil {
			return err
		}
		return im.run(ctx)
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (s *Imports) logger() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}

func (im *importer) begin(ctx context.Context, id uuid.UUID) error {
	return im.s.Write(ctx, func(tx pgx.Tx) error {
		row, err := beginImport(ctx, tx, id, time.Now().UTC())
		if err != nil {
			return err
		}
		im.row = row
		return tx.Commit(ctx)
	})
}

// run works to the end, and says how that was.
func (im *importer) run(ctx context.Context) error {
	began := time.Now()
	im.log.Info("schedule import starts", "format", im.row.Format, "host", hostOf(im.row.SourceURL), "attempt", im.row.Attempts, "dry_run", im.row.DryRun)
	err := im.work(ctx)
	var failure *importFailure
	outcome := importCompleted
	switch {
	case err == nil:
		err = im.end(ctx, importCompleted, im.row.ImportProgress)
	case errors.As(err, &failure):
		outcome = importFailed
		reason := importError(failure.line, "", failure.code, failure.message)
		err = im.end(ctx, importFailed, im.row.ImportProgress.failed(reason))
	}
	if err != nil {
		outcome = "interrupted"
	}
	im.report(outcome, time.Since(began), failure, err)
	return err
}

func (im *importer) report(outcome string, took time.Duration, failure *importFailure, err error) {
	metrics.GetOrCreateCounter(`encora_epg_imports_total{outcome="` + outcome + `"}`).Inc()
	metrics.GetOrCreatePrometheusHistogram(`encora_epg_import_seconds`).Update(took.Seconds())
	p := im.row.ImportProgress
	log := im.log.With("seconds", took.Seconds(), "read", p.ProgramsRead, "created", p.ProgramsCreated, "updated", p.ProgramsUpdated,
		"deleted", p.ProgramsDeleted, "unchanged", p.ProgramsUnchanged, "channels", p.ChannelsDone, "errors", p.ErrorCount)
	switch {
	case err != nil:
		log.Warn("schedule import interrupted", "again", im.file == nil, "error", err)
	case failure != nil:
		log.Warn("schedule import failed", "code", failure.code, "line", failure.line, "reason", failure.message, "detail", failure.detail)
	default:
		log.Info("schedule import completed")
	}
}

// work goes through what is left to do: the document to the stage, its channels to ours, their schedules.
func (im *importer) work(ctx context.Context) error {
	if im.row.Attempts > maxAttempts {
		return &importFailure{code: "gave_up", message: "The import was interrupted too often."}
	}
	whole, err := im.stageIsWhole(ctx)
	if err != nil {
		return err
	}
	if !whole {
		if err := im.restart(ctx); err != nil {
			return err
		}
		if err := im.stage(ctx); err != nil {
			return err
		}
	}
	if !im.row.Resolved {
		if err := im.resolve(ctx); err != nil {
			return err
		}
	}
	if err := im.applyAll(ctx); err != nil {
		return err
	}
	if im.row.ProgramsImported == 0 && im.row.ChannelsSuperseded == 0 {
		return noUsableProgram()
	}
	return nil
}

func noUsableProgram() error {
	return &importFailure{code: "no_usable_program", message: "None of the document's programmes can be in a schedule: see the other errors."}
}

// write runs fn in a transaction of the import's actor and commits what fn wrote together with the progress that it returns.
func (im *importer) write(ctx context.Context, fn func(w *record.Tx) (ImportProgress, error)) error {
	var after ImportProgress
	err := im.s.Write(ctx, func(tx pgx.Tx) error {
		w := record.Begin(tx, im.row.actor(), time.Now())
		var err error
		if after, err = fn(w); err != nil {
			return err
		}
		return w.Commit(ctx, queueProgress(im.row.ID, im.row.ImportProgress, after))
	})
	if err != nil {
		return err
	}
	im.row.ImportProgress = after
	if im.seen != nil {
		im.seen(im.row.ImportJob)
	}
	return nil
}

// end writes how the import ended, then takes what is left of it off the stage.
func (im *importer) end(ctx context.Context, status string, p ImportProgress) error {
	now := time.Now().UTC()
	err := im.write(ctx, func(w *record.Tx) (ImportProgress, error) {
		return p, endImport(ctx, w.Tx, im.row.ID, status, now)
	})
	if err != nil {
		return err
	}
	im.row.Status, im.row.CompletedAt = status, &now
	if err := im.clearStage(ctx); err != nil {
		im.log.Warn("what an import left on the stage will be cleared by the hourly job", "error", err)
	}
	return nil
}

// rest leaves the database to others for a part of the time that was worked, so that an import takes no more than its share.
func (im *importer) rest(ctx context.Context, began time.Time) error {
	pause := min(time.Since(began)/restShare, maxRest)
	if im.d.Imports.rest != nil {
		pause = im.d.Imports.rest(time.Since(began))
	}
	if pause <= 0 {
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pause):
		return nil
	}
}

const (
	restShare = 4
	maxRest   = 200 * time.Millisecond
)
