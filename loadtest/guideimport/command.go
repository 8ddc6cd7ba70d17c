// Package guideimport measures imports of schedules on a real stack: from the submission until the edge shows the last
// programme, and what viewers notice of it meanwhile.
package guideimport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"encora/loadtest/device"
	"encora/loadtest/editor"
	"encora/loadtest/fleet"
	"encora/loadtest/latency"
	"encora/loadtest/mdtable"
)

// Command is `loadtest import`.
type Command struct {
	Origin     string        `required:"" help:"The origin, such as http://127.0.0.1:8081."`
	Edge       string        `required:"" help:"The edge that viewers read from."`
	AdminToken string        `required:"" help:"Token of an admin (bin/origin token --role admin)."`
	Tokens     string        `required:"" help:"File of viewer tokens, one a line."`
	Channels   int           `default:"500" help:"Channels, which are made for the run and removed after it."`
	Programmes int           `default:"100000" help:"Programmes of an import, on all channels together."`
	Jobs       int           `default:"4" help:"Documents that an import is divided into, by channel: an inline source has 32 MiB at most."`
	InTurn     bool          `help:"Submit each document once the one before is imported, as one large one would be; else all at once."`
	ReadRate   float64       `default:"200" help:"Reads of viewers a second."`
	Before     time.Duration `default:"10s" help:"How long viewers read before each import, for comparison."`
	WarmUp     time.Duration `default:"3s" help:"How long they read before that, uncounted."`
	Patience   time.Duration `default:"2m" help:"When an import counts as stuck."`
	MaxTime    time.Duration `default:"8s" help:"Fail when an import takes longer; 0 sets no limit."`
	MaxRatio   float64       `default:"2" help:"Fail when the reads' p99 grows by a larger factor; 0 sets no limit."`
	Seed       uint64        `default:"1" help:"Seed of everything that is drawn."`
}

func (c *Command) validate() error {
	var faults []error
	check := func(ok bool, what string) {
		if !ok {
			faults = append(faults, errors.New(what))
		}
	}
	check(c.Channels >= 1 && c.Channels <= 5000, "--channels: 1 to 5000")
	check(c.Programmes >= c.Channels && c.Programmes <= 1_000_000, "--programmes: one a channel at least, 1000000 at most")
	check(c.Jobs >= 1 && c.Jobs <= min(c.Channels, 40), "--jobs: 1 to 40, and no more than channels")
	check(c.ReadRate > 0 && c.ReadRate <= 10_000, "--read-rate: above 0, at most 10000")
	check(c.Before > 0 && c.Before <= 10*time.Minute, "--before: above 0, at most 10m")
	check(c.WarmUp > 0 && c.WarmUp <= 10*time.Minute, "--warm-up: above 0, at most 10m")
	check(c.Patience > 0 && c.Patience <= time.Hour, "--patience: above 0, at most 1h")
	return errors.Join(faults...)
}

// Run makes channels, imports a schedule for them, the same again, and one with other texts, and prints what that took and
// what viewers saw. It fails on anything wrong, and on a limit that is exceeded.
func (c *Command) Run(ctx context.Context, out io.Writer) error {
	if err := c.validate(); err != nil {
		return err
	}
	r, err := c.prepare(ctx)
	if err != nil {
		return err
	}
	err = c.phases(ctx, out, r)
	return errors.Join(err, c.remove(r))
}

// phase is one import.
type phase struct {
	name     string
	edition  int
	expected editor.ImportCounts
}

func (c *Command) phases(ctx context.Context, out io.Writer, r *run) error {
	total := r.feed.each * len(r.feed.ids)
	how := "at once"
	if c.InTurn {
		how = "in turn"
	}
	t := &mdtable.Table{Title: fmt.Sprintf("Import of %d programmes of %d channels in %d documents %s, beside %.0f reads a second", total, c.Channels, c.Jobs, how, c.ReadRate),
		Columns: []string{"import", "MB:", "completed s:", "visible s:", "created:", "updated:", "unchanged:",
			"reads:", "p50 before ms:", "p50 during ms:", "p99 before ms:", "p99 during ms:", "ratio:"}}
	var faults []error
	for _, p := range []phase{
		{"new", 1, editor.ImportCounts{Imported: total, Created: total}},
		{"the same again", 1, editor.ImportCounts{Imported: total, Unchanged: total}},
		{"all descriptions changed", 2, editor.ImportCounts{Imported: total, Updated: total}},
	} {
		result, err := r.phase(ctx, p)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		before, during := result.before[len(result.before)-1], result.during[len(result.during)-1]
		ratio := during.P99 / before.P99
		t.Add(p.name, fmt.Sprintf("%.1f", float64(result.bytes)/1e6), seconds(result.completed), seconds(result.visible), result.got.Created, result.got.Updated,
			result.got.Unchanged, during.Count, before.P50, during.P50, before.P99, during.P99, fmt.Sprintf("%.2f", ratio))
		for what, rows := range map[string][]latency.Row{"before": result.before, "during": result.during} {
			if _, err := latency.Table(fmt.Sprintf("%s: reads %s", p.name, what), rows).WriteTo(out); err != nil {
				return err
			}
		}
		faults = append(faults, c.verdict(p, result, ratio)...)
	}
	_, err := t.WriteTo(out)
	return errors.Join(append(faults, err)...)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()) }

// verdict names what is wrong or too slow.
func (c *Command) verdict(p phase, r *result, ratio float64) []error {
	var faults []error
	if got, want := r.got, p.expected; got != want {
		faults = append(faults, fmt.Errorf("%s: %+v, expected %+v", p.name, got, want))
	}
	for _, fault := range r.faults {
		faults = append(faults, fmt.Errorf("%s: a read failed: %s", p.name, fault))
	}
	if c.MaxTime > 0 && r.visible > c.MaxTime {
		faults = append(faults, fmt.Errorf("threshold: %s took %s s, at most %s allowed", p.name, seconds(r.visible), c.MaxTime))
	}
	if c.MaxRatio > 0 && ratio > c.MaxRatio {
		faults = append(faults, fmt.Errorf("threshold: %s: the reads' p99 grew by %.2f, at most %.2f allowed", p.name, ratio, c.MaxRatio))
	}
	return faults
}

// prepare makes the channels and draws the feed.
func (c *Command) prepare(ctx context.Context) (*run, error) {
	tokens, err := device.ReadTokens(c.Tokens)
	if err != nil {
		return nil, err
	}
	r := &run{Command: c}
	if r.origin, err = editor.New(c.Origin, c.AdminToken); err != nil {
		return nil, err
	}
	edge, err := device.NewClient(c.Edge, readConnections, 30*time.Second)
	if err != nil {
		return nil, err
	}
	catalogue, err := fleet.Discover(edge, tokens[0], 1000)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	r.feed = &feed{each: c.Programmes / c.Channels, from: began.UTC().Truncate(24 * time.Hour).Add(-24 * time.Hour), seed: c.Seed, documents: c.Jobs}
	for n := range c.Channels {
		r.feed.ids = append(r.feed.ids, fmt.Sprintf("loadtest.%d.%d", began.Unix(), n))
	}
	r.readers = &readers{edge: edge, tokens: tokens, channels: make([]string, c.Channels), films: catalogue.Films, rate: c.ReadRate, seed: c.Seed}
	if err := c.create(ctx, r); err != nil {
		return nil, errors.Join(err, c.remove(r))
	}
	return r, nil
}

// editors is how many channels are made or removed at once.
const editors = 4

func (c *Command) create(ctx context.Context, r *run) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(editors)
	for n, feedID := range r.feed.ids {
		group.Go(func() (err error) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			r.readers.channels[n], err = r.origin.CreateChannel("Channel "+feedID, feedID)
			return err
		})
	}
	return group.Wait()
}

// remove removes the channels that were made, with their schedules.
func (c *Command) remove(r *run) error {
	var group errgroup.Group
	group.SetLimit(editors)
	for _, id := range r.readers.channels {
		if id != "" {
			group.Go(func() error { return r.origin.RemoveChannel(id) })
		}
	}
	return group.Wait()
}
