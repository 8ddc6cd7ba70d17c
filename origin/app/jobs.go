package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"encora/origin/epg"
	"encora/origin/pgdb"
	"encora/origin/playback"
	"encora/origin/record"
)

// How often the periodic jobs run.
const (
	announceEvery = 2 * time.Second
	sweepEvery    = 5 * time.Second
	resumeEvery   = 3 * time.Second
	trialsEvery   = time.Minute
	tidyEvery     = time.Hour
	countEvery    = 10 * time.Second
	popularEvery  = 10 * time.Minute
)

// announceArgs is the job that tells of windows which the clock opened or closed.
type announceArgs struct{}

// Kind implements river.JobArgs.
func (announceArgs) Kind() string { return "announce_transitions" }

// sweepArgs is the job that ends sessions which nobody beats for any more.
type sweepArgs struct{}

// Kind implements river.JobArgs.
func (sweepArgs) Kind() string { return "sweep_sessions" }

// trialsArgs is the job that tells of trials which end soon.
type trialsArgs struct{}

// Kind implements river.JobArgs.
func (trialsArgs) Kind() string { return "announce_trials" }

// countArgs is the job that counts the starts of streams.
type countArgs struct{}

// Kind implements river.JobArgs.
func (countArgs) Kind() string { return "count_plays" }

// popularArgs is the job that makes titles as popular as they are played.
type popularArgs struct{}

// Kind implements river.JobArgs.
func (popularArgs) Kind() string { return "update_popularity" }

// tidyArgs is the job that makes the partitions of the days to come and drops what is past its keeping.
type tidyArgs struct{}

// Kind implements river.JobArgs.
func (tidyArgs) Kind() string { return "tidy_records" }

type tidyWorker struct {
	river.WorkerDefaults[tidyArgs]
	db       *pgdb.DB
	epg      *epg.Domain
	playback *playback.Domain
}

// Work implements river.Worker.
func (w *tidyWorker) Work(ctx context.Context, _ *river.Job[tidyArgs]) error {
	err := w.db.Write(ctx, func(tx pgx.Tx) error {
		if err := record.Tidy(ctx, tx, time.Now()); err != nil {
			return err
		}
		return tx.Commit(ctx)
	})
	return errors.Join(err, w.epg.TidyImports(ctx, time.Now()), w.playback.Tidy(ctx))
}

// jobs are the running workers.
type jobs struct {
	client   *river.Client[pgx.Tx]
	stopping context.CancelFunc // tells work that lasts long
	log      *slog.Logger
}

func startJobs(ctx context.Context, db *pgdb.DB, d *domains, log *slog.Logger) (*jobs, error) {
	run, stopping := context.WithCancel(context.WithoutCancel(ctx))
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[announceArgs]) error {
		_, films := d.catalog.AnnounceDue(ctx, time.Now())
		_, episodes := d.series.AnnounceDue(ctx, time.Now())
		_, collections := d.curation.AnnounceDue(ctx, time.Now())
		return errors.Join(films, episodes, collections)
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[sweepArgs]) error {
		_, err := d.playback.Sweep(ctx)
		return err
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[trialsArgs]) error {
		_, err := d.subscriber.AnnounceTrials(ctx, time.Now())
		return err
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[countArgs]) error {
		_, err := d.playback.CountPlays(ctx, time.Now())
		return err
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[popularArgs]) error {
		_, err := d.discovery.UpdatePopularity(ctx, time.Now())
		return err
	}))
	river.AddWorker(workers, &tidyWorker{db: db, epg: &d.epg, playback: &d.playback})
	river.AddWorker(workers, &importWorker{epg: &d.epg, run: run})
	river.AddWorker(workers, &resumeWorker{epg: &d.epg})
	client, err := river.NewClient(riverpgxv5.New(db.Pool()), &river.Config{
		Queues:  map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4}, importQueue: {MaxWorkers: 2}},
		Workers: workers,
		PeriodicJobs: []*river.PeriodicJob{every(announceEvery, announceArgs{}), every(resumeEvery, resumeArgs{}),
			every(sweepEvery, sweepArgs{}), every(trialsEvery, trialsArgs{}), every(tidyEvery, tidyArgs{}),
			every(countEvery, countArgs{}), every(popularEvery, popularArgs{})},
		CompletedJobRetentionPeriod: time.Hour,
		Logger:                      slog.New(quiet{log.Handler()}),
	})
	if err != nil {
		stopping()
		return nil, fmt.Errorf("jobs: %w", err)
	}
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		stopping()
		return nil, fmt.Errorf("start jobs: %w", err)
	}
	return &jobs{client, stopping, log}, nil
}

// every runs a job periodically, one at a time: what has not finished is not queued again.
func every(period time.Duration, args river.JobArgs) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(period), func() (river.JobArgs, *river.InsertOpts) {
		return args, &river.InsertOpts{MaxAttempts: 3, UniqueOpts: river.UniqueOpts{ByPeriod: period}}
	}, &river.PeriodicJobOpts{RunOnStart: true})
}

// stop lets running jobs finish; imports end where they are, and are taken up again.
func (j *jobs) stop() {
	j.stopping()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := j.client.Stop(ctx); err != nil {
		j.log.Warn("jobs did not stop in time; they will be tried again", "error", err)
	}
}

// quiet lowers river's own informational lines to debug: ours say what matters.
type quiet struct{ slog.Handler }

// Enabled implements slog.Handler.
func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	if l == slog.LevelInfo {
		l = slog.LevelDebug
	}
	return q.Handler.Enabled(ctx, l)
}
