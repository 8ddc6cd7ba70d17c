// Package beats measures how many heartbeats the origin takes in: batches as edges send them, into a real database.
package beats

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"encora/loadtest/latency"
	"encora/loadtest/local"
	"encora/shared/wire"
)

// Command is `loadtest beats`.
type Command struct {
	local.Stack `embed:""`

	DatabaseURL string        `env:"DATABASE_URL" required:"" help:"The origin's database, in which the sessions are made, and deleted in the end."`
	Sessions    int           `default:"300000" help:"Live sessions, each of an account of its own; their beats come in random order."`
	Edges       int           `default:"4" help:"Callers, each with its share of the sessions and one exchange at a time, as edges have."`
	Batch       int           `default:"1000" help:"Beats of an exchange."`
	WarmUp      time.Duration `default:"5s" help:"The same before, uncounted."`
	Duration    time.Duration `default:"20s" help:"How long."`
	MinRate     float64       `default:"0" help:"Fail below so many beats a second; 0 sets no limit."`
}

// askedRate is what one origin is to take in, in beats a second.
const askedRate = 50_000

func (c *Command) validate() error {
	var faults []error
	check := func(ok bool, what string) {
		if !ok {
			faults = append(faults, errors.New(what))
		}
	}
	check(c.Edges >= 1 && c.Edges <= 64, "--edges: 1 to 64")
	check(c.Batch >= 1 && c.Batch <= 5000, "--batch: 1 to 5000") // the origin takes no more
	check(c.Sessions >= c.Edges*c.Batch && c.Sessions <= 2_000_000, "--sessions: a batch for each edge at least, at most 2000000")
	check(c.WarmUp >= 0 && c.WarmUp <= time.Minute, "--warm-up: 0 to 1m")
	check(c.Duration > 0 && c.Duration <= 10*time.Minute, "--duration: above 0, at most 10m")
	return errors.Join(faults...)
}

// Run makes the sessions, has them beat, and prints what the origin took in.
func (c *Command) Run(ctx context.Context, out io.Writer) error {
	if err := c.validate(); err != nil {
		return err
	}
	db, err := open(ctx, c.DatabaseURL)
	if err != nil {
		return err
	}
	defer db.close()
	sessions, err := db.fill(ctx, c.Sessions)
	if err != nil {
		return errors.Join(err, db.clear())
	}
	r, err := c.run(ctx, sessions)
	if err == nil {
		r.stored, err = db.beaten(ctx, r.began)
	}
	if err := errors.Join(err, db.clear()); err != nil {
		return err
	}
	return c.report(out, r)
}

func (c *Command) report(out io.Writer, r *result) error {
	rows := r.recorder.Rows(c.Duration)
	title := fmt.Sprintf("Beats into the database: %d callers, %d beats each time, %d live sessions, for %s", c.Edges, c.Batch, c.Sessions, c.Duration)
	if _, err := latency.Table(title, rows[:len(rows)-1]).WriteTo(out); err != nil {
		return err
	}
	if err := latency.Explain(out, r.recorder.Faults()); err != nil {
		return err
	}
	rate, verdict := float64(r.beats.Load())/c.Duration.Seconds(), "reached"
	if rate < askedRate {
		verdict = "MISSED"
	}
	fmt.Fprintf(out, "%.0f beats a second = %.0f concurrent streams at one beat per %s. Asked for %d a second: %s. %d sessions beat, of which the database shows %d as of now.\n",
		rate, rate*wire.BeatEvery.Seconds(), wire.BeatEvery, askedRate, verdict, r.distinct.Load(), r.stored)
	var faults []error
	if r.stored != r.distinct.Load() {
		faults = append(faults, fmt.Errorf("%d sessions beat, the database shows %d", r.distinct.Load(), r.stored))
	}
	if rate < c.MinRate {
		faults = append(faults, fmt.Errorf("threshold: %.0f beats a second, at least %.0f wanted", rate, c.MinRate))
	}
	return errors.Join(append(faults, latency.Limits{}.Check(rows))...)
}
