package app

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"encora/origin/epg"
	"encora/origin/pgdb"
)

// importQueue is the imports' own, so that they don't keep other jobs waiting.
const importQueue = "epg_imports"

// importArgs is the job that works on an import of schedules.
type importArgs struct {
	ID      uuid.UUID `json:"id"`
	Attempt int       `json:"attempt"`
}

// Kind implements river.JobArgs.
func (importArgs) Kind() string { return "import_epg" }

// InsertOpts implements river.JobArgsWithInsertOpts. Each attempt is queued once, and river doesn't try it again: an import
// that stands where it ended is found by the periodic job, whatever became of this one. A job that ended counts for nothing.
func (importArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: importQueue, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateScheduled}}}
}

type importWorker struct {
	river.WorkerDefaults[importArgs]
	epg *epg.Domain
	run context.Context // ends when the workers are to stop
}

// Timeout implements river.Worker: none, since the parts of an import have their own.
func (w *importWorker) Timeout(*river.Job[importArgs]) time.Duration { return -1 }

// Work implements river.Worker.
func (w *importWorker) Work(ctx context.Context, job *river.Job[importArgs]) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(w.run, cancel)()
	return w.epg.RunImport(ctx, job.Args.ID)
}

// resumeArgs is the job that takes up imports that nobody works on any more.
type resumeArgs struct{}

// Kind implements river.JobArgs.
func (resumeArgs) Kind() string { return "resume_epg_imports" }

type resumeWorker struct {
	river.WorkerDefaults[resumeArgs]
	epg *epg.Domain
}

// Work implements river.Worker.
func (w *resumeWorker) Work(ctx context.Context, _ *river.Job[resumeArgs]) error {
	open, err := w.epg.OpenImports(ctx, time.Now())
	if err != nil {
		return err
	}
	client := river.ClientFromContext[pgx.Tx](ctx)
	for _, i := range open {
		if _, err := client.Insert(ctx, importArgs{i.ID, i.Attempts + 1}, nil); err != nil {
			return err
		}
	}
	return nil
}

// enqueueImports queues the first attempt at an import in the transaction that creates it.
func enqueueImports(db *pgdb.DB) (func(context.Context, pgx.Tx, uuid.UUID) error, error) {
	client, err := river.NewClient(riverpgxv5.New(db.Pool()), &river.Config{})
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return func(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
		_, err := client.InsertTx(ctx, tx, importArgs{id, 1}, nil)
		return err
	}, nil
}
