package epg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/pgdb"
	"encora/origin/record"
)

// FileImport is an import of a document that the command line reads.
type FileImport struct {
	Import   ImportWrite // without source and source_url
	Document io.Reader   // plain or gzip
	Seen     func(ImportJob)
}

// ImportFile imports a document in this process, as a job would, and returns how that ended: the job's status says whether it
// was refused.
func (d *Domain) ImportFile(ctx context.Context, actor record.Actor, f FileImport) (ImportJob, error) {
	row := newImport(uuid.Must(uuid.NewV7()), &f.Import, time.Now().UTC())
	row.ActorID, row.ActorRole, row.RequestID = actor.ID, actor.Role, actor.RequestID
	im := &importer{d: d, file: f.Document, seen: f.Seen, log: d.Imports.logger().With("import", row.ID.String())}
	_, err := d.DB.Locked(ctx, importLock(row.ID), func(s *pgdb.Session) error {
		im.s = s
		err := s.Write(ctx, func(tx pgx.Tx) error {
			if err := allKnown(ctx, tx, row.ChannelIDs); err != nil {
				return err
			}
			if err := insertImport(ctx, tx, row, nil); err != nil {
				return err
			}
			return tx.Commit(ctx)
		})
		if err != nil {
			return err
		}
		if err := im.begin(ctx, row.ID); err != nil {
			return err
		}
		return im.run(ctx)
	})
	if im.row == nil {
		return ImportJob{}, err
	}
	if err != nil {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer cancel()
		err = errors.Join(err, im.interrupted(last))
	}
	return im.row.ImportJob, err
}

// lastWords is how long a command that is stopped takes to say so.
const lastWords = 5 * time.Second

// interrupted ends the import as failed: the command that would go on with it is gone. What was interrupted took the
// connection with it, so this is on one of its own, which waits for the lock. A worker that was faster has all that it needs.
func (im *importer) interrupted(ctx context.Context) error {
	for {
		ended, err := im.d.DB.Locked(ctx, importLock(im.row.ID), func(s *pgdb.Session) error {
			im.s = s
			if err := im.reread(ctx); err != nil || im.row.CompletedAt != nil {
				return err
			}
			reason := importError(0, "", "interrupted", "The command was interrupted. Channels that were done by then have their schedules; start the import again.")
			return im.end(ctx, importFailed, im.row.ImportProgress.failed(reason))
		})
		if err != nil || ended {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("end the import %s: %w", im.row.ID, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// reread is what the database holds of the import by now.
func (im *importer) reread(ctx context.Context) error {
	return im.s.Write(ctx, func(tx pgx.Tx) error {
		row, err := readImport(ctx, tx, im.row.ID)
		if err == nil {
			im.row = row
		}
		return err
	})
}

func allKnown(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) error {
	known, err := knownChannels(ctx, tx, ids)
	for _, id := range ids {
		if err == nil && !known[id] {
			err = fmt.Errorf("there is no channel %s", id)
		}
	}
	return err
}
