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
		return im.runOnce(ctx)
	})
	if im.row == nil {
		return ImportJob{}, err
	}
	return im.row.ImportJob, err
}

// runOnce ends the import as failed when it is interrupted: the command that would go on with it is gone.
func (im *importer) runOnce(ctx context.Context) error {
	err := im.run(ctx)
	if err == nil {
		return nil
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	reason := importError(0, "", "interrupted", "The command was interrupted.")
	return errors.Join(err, im.end(last, importFailed, im.row.ImportProgress.failed(reason)))
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
