// Package devices simulates devices from the launch of their app to the end of what they play, each with an account, a
// registered device and a connection of its own or shared with few.
package devices

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"encora/loadtest/device"
	"encora/loadtest/fleet"
	"encora/loadtest/latency"
	"encora/loadtest/local"
	"encora/loadtest/openloop"
)

// Command is `loadtest devices`.
type Command struct {
	local.Stack `embed:""`

	Devices     int                      `default:"20000" help:"Devices, each of a generated account, which are brought in before."`
	Connections int                      `default:"8000" help:"Kept-alive connections that they share."`
	RampUp      time.Duration            `default:"1m" help:"In which they launch the app, one after the other."`
	Playing     time.Duration            `default:"5m" help:"How long beats go on after that."`
	BeatEvery   time.Duration            `default:"30s" help:"Between two beats of a device."`
	RampDown    time.Duration            `default:"30s" help:"In which they end their sessions."`
	Films       int                      `default:"1000" help:"Titles to browse and play, at most."`
	Skew        float64                  `default:"1.1" help:"Exponent of the titles' Zipf popularity, above 1."`
	Timeout     time.Duration            `default:"10s" help:"Limit of one answer."`
	Seed        uint64                   `default:"1" help:"Seed of everything that is drawn."`
	MaxErrors   int64                    `default:"0" help:"Fail above this number of errors; -1 sets no limit."`
	MaxP99      map[string]time.Duration `name:"max-p99" placeholder:"PHASE=TIME;…" help:"Fail when the p99 of a phase, from the due instants, exceeds this: launch, home, detail, play, beat, end."`
}

func (c *Command) validate() error {
	var faults []error
	check := func(ok bool, what string) {
		if !ok {
			faults = append(faults, errors.New(what))
		}
	}
	check(c.Devices >= 1 && c.Devices <= 50_000, "--devices: 1 to 50000")
	check(c.Connections >= 1 && c.Connections <= 15_000, "--connections: 1 to 15000")
	check(c.RampUp > 0 && c.RampUp <= time.Hour, "--ramp-up: above 0, at most 1h")
	check(c.Playing >= 0 && c.Playing <= 4*time.Hour, "--playing: 0 to 4h")
	check(c.RampDown >= 0 && c.RampDown <= time.Hour, "--ramp-down: 0 to 1h")
	check(c.BeatEvery >= 100*time.Millisecond, "--beat-every: 100ms or more")
	check(c.Films >= 1 && c.Skew > 1, "--films: above 0; --skew: above 1")
	for phase := range c.MaxP99 {
		check(slices.Contains(phases, phase), fmt.Sprintf("--max-p99: %q is no phase of %v", phase, phases))
	}
	return errors.Join(faults...)
}

// Run brings the accounts in, lets the devices do what they do, and prints what each phase came to.
func (c *Command) Run(ctx context.Context, out io.Writer) error {
	if err := c.validate(); err != nil {
		return err
	}
	players, err := c.SeededPlayers(ctx, c.Devices)
	if err != nil {
		return err
	}
	cat, err := c.discover(players[0])
	if err != nil {
		return err
	}
	f, err := c.fleet(players, cat)
	if err != nil {
		return err
	}
	defer f.close()
	outcome := f.run(ctx, c.plan(len(f.devices)))
	return c.report(out, f, outcome)
}

func (c *Command) discover(player device.Player) (fleet.Catalogue, error) {
	edge, err := device.NewClient(c.Edge(), 1, c.Timeout)
	if err != nil {
		return fleet.Catalogue{}, err
	}
	defer edge.Close()
	cat, err := fleet.Discover(edge, player.Token, c.Films)
	if err == nil {
		err = cat.DiscoverGuide(edge, player.Token, time.Now())
	}
	return cat, err
}

func (c *Command) report(out io.Writer, f *fleetOf, o outcome) error {
	rows := f.recorder.Rows(o.Elapsed)
	title := fmt.Sprintf("%d devices over %d connections: launched within %s, playing for %s more, a beat every %s", c.Devices, len(f.lines), c.RampUp, c.Playing, c.BeatEvery)
	if _, err := latency.Table(title, rows).WriteTo(out); err != nil {
		return err
	}
	if err := latency.Explain(out, f.recorder.Faults()); err != nil {
		return err
	}
	fmt.Fprintf(out, "Times count from the instant at which a request was due. Offered %d, late by more than %s %d, dropped unsent %d; %d not sent for want of a session.\n",
		o.Offered, openloop.LateAfter, o.Late, o.Dropped, f.skipped.Load())
	faults := []error{latency.Limits{MaxErrors: c.MaxErrors}.Check(rows)}
	if o.Dropped > 0 && c.MaxErrors >= 0 {
		faults = append(faults, fmt.Errorf("%d requests were dropped unsent", o.Dropped))
	}
	return errors.Join(append(faults, c.tooSlow(rows)...)...)
}

func (c *Command) tooSlow(rows []latency.Row) []error {
	var faults []error
	for _, phase := range slices.Sorted(maps.Keys(c.MaxP99)) {
		i := slices.IndexFunc(rows, func(r latency.Row) bool { return r.Op == phase })
		limit := float64(c.MaxP99[phase]) / float64(time.Millisecond)
		if i < 0 || rows[i].P99 > limit {
			faults = append(faults, fmt.Errorf("threshold: p99 of %s: at most %.2f ms allowed", phase, limit))
		}
	}
	return faults
}
