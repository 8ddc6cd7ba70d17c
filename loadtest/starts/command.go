// Package starts is a generator of stream starts at a rate, against edge, origin and Postgres.
package starts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"encora/loadtest/device"
	"encora/loadtest/fleet"
	"encora/loadtest/latency"
	"encora/loadtest/local"
	"encora/loadtest/openloop"
)

// Command is `loadtest starts`.
type Command struct {
	local.Stack `embed:""`

	Rate        float64           `default:"500" help:"Starts a second."`
	Duration    time.Duration     `default:"20s" help:"How long to offer them."`
	WarmUp      time.Duration     `default:"3s" help:"Offer the same load for so long before, uncounted."`
	Hold        time.Duration     `default:"25s" help:"How long a session lasts. Shorter than the run, ends come at the pace of starts beside them; they are never in the times."`
	Accounts    int               `default:"20000" help:"Accounts that start in turn, each at its device; they are brought in before."`
	Films       int               `default:"200" help:"Titles that are started in turn, at most."`
	Connections int               `default:"64" help:"Connections, and so starts in flight, at most; ends have as many."`
	Arrivals    openloop.Arrivals `default:"poisson" enum:"poisson,constant" help:"Distribution of the gaps: ${enum}."`
	Seed        uint64            `default:"1" help:"Seed of the gaps."`
	MaxErrors   int64             `default:"0" help:"Fail above this number of errors; -1 sets no limit."`
	MaxP99      time.Duration     `name:"max-p99" help:"Fail when the p99, from the due instant, exceeds this; 0 sets no limit."`
}

// maxAccounts bounds what is brought in.
const maxAccounts = 200_000

func (c *Command) validate() error {
	if c.Accounts < 1 || c.Accounts > maxAccounts || c.Films < 1 || c.Hold < 0 || c.Hold > time.Minute || c.WarmUp < 0 || c.WarmUp > time.Minute || c.Duration > time.Hour {
		return fmt.Errorf("accounts: 1 to %d; films: above 0; hold and warm-up: 0 to 1m; duration: at most 1h", maxAccounts)
	}
	return c.load(c.Duration).Validate()
}

func (c *Command) load(d time.Duration) openloop.Load {
	return openloop.Load{Rate: c.Rate, Arrivals: c.Arrivals, Duration: d, Workers: c.Connections, Backlog: int(c.Rate) + 1, Seed: c.Seed}
}

// Run brings the accounts in, starts streams, and prints what starts came to.
func (c *Command) Run(ctx context.Context, out io.Writer) error {
	if err := c.validate(); err != nil {
		return err
	}
	s, err := c.stage(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if c.WarmUp > 0 {
		if before := s.run(ctx, c.load(c.WarmUp)); before.endFaults > 0 {
			return fmt.Errorf("%d ends failed in the warm-up, such as %w", before.endFaults, before.endFault)
		}
	}
	return c.report(out, s.run(ctx, c.load(c.Duration)))
}

func (c *Command) stage(ctx context.Context) (*stage, error) {
	players, err := c.SeededPlayers(ctx, c.Accounts)
	if err != nil {
		return nil, err
	}
	s := &stage{players: players, hold: c.Hold}
	if s.edge, err = device.NewClient(c.Edge(), c.Connections, 10*time.Second); err != nil {
		return nil, err
	}
	if s.ends, err = device.NewClient(c.Edge(), c.Connections, 10*time.Second); err != nil {
		return nil, err
	}
	catalogue, err := fleet.Discover(s.edge, players[0].Token, c.Films)
	s.films = catalogue.Films[:min(c.Films, len(catalogue.Films))]
	return s, err
}

func (c *Command) report(out io.Writer, r result) error {
	title := fmt.Sprintf("Stream starts: %.0f a second (%s) for %s, of %d accounts, each ended after %s", c.Rate, c.Arrivals, c.Duration, c.Accounts, c.Hold)
	if _, err := latency.Table(title, r.rows).WriteTo(out); err != nil {
		return err
	}
	if err := latency.Explain(out, r.faults); err != nil {
		return err
	}
	fmt.Fprintf(out, "Times count from the instant at which a start was due. Offered %d, late by more than %s %d, dropped unsent %d. Ends: %d, of which %d failed.\n",
		r.Offered, openloop.LateAfter, r.Late, r.Dropped, r.ended, r.endFaults)
	var faults []error
	if r.Dropped > 0 && c.MaxErrors >= 0 {
		faults = append(faults, fmt.Errorf("%d starts were dropped unsent", r.Dropped))
	}
	if r.endFaults > 0 {
		faults = append(faults, fmt.Errorf("%d ends failed, such as %w", r.endFaults, r.endFault))
	}
	return errors.Join(append(faults, latency.Limits{MaxErrors: c.MaxErrors, MaxP99: c.MaxP99}.Check(r.rows))...)
}
