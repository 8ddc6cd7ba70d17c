// Package propagate measures how long a write takes from its acknowledgement by the origin until every edge shows it,
// and looks for edges that show something old after that.
package propagate

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
	"encora/loadtest/openloop"
)

// Command is `loadtest propagate`.
type Command struct {
	Origin     string        `required:"" help:"The origin, such as http://127.0.0.1:8081."`
	Edge       []string      `required:"" help:"An edge; repeat for each."`
	AdminToken string        `required:"" help:"Token of an editor or admin (bin/origin token --role admin)."`
	Tokens     string        `required:"" help:"File of viewer tokens, one a line."`
	Writers    int           `default:"8" help:"Concurrent writers, each with a film of its own."`
	Duration   time.Duration `default:"30s" help:"How long they write."`
	Pause      time.Duration `default:"10ms" help:"Pause of a writer once all edges show its write."`
	Poll       time.Duration `default:"1ms" help:"Pause between two looks at an edge."`
	Patience   time.Duration `default:"5s" help:"When a write that an edge does not show counts as missing."`
	ReadRate   float64       `default:"500" help:"Background reads a second over all edges; 0 for none."`
	MaxP50     time.Duration `name:"max-p50" help:"Fail when half of the writes take longer; 0 sets no limit."`
	MaxP99     time.Duration `name:"max-p99" help:"Fail when one in a hundred takes longer; 0 sets no limit."`
}

// Run writes and watches, and prints the times, the background load and what was old. It fails on anything old or
// missing.
func (c *Command) Run(ctx context.Context, out io.Writer) error {
	if c.Writers < 1 || c.Writers > 64 || c.Duration <= 0 || c.Duration > time.Hour || c.Poll < 100*time.Microsecond || c.Pause < 0 {
		return errors.New("writers: 1 to 64; duration: above 0, at most 1h; poll: at least 100µs; pause: not negative")
	}
	r, background, err := c.prepare()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Duration)
	defer cancel()
	start := time.Now()
	var load fleet.Result
	group, ctx := errgroup.WithContext(ctx)
	for w := range c.Writers {
		group.Go(func() error { return r.write(ctx, w) })
	}
	if background != nil {
		group.Go(func() error {
			load = background.Run(ctx)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return c.report(out, r, load, time.Since(start))
}

func (c *Command) prepare() (*run, *fleet.Fleet, error) {
	tokens, err := device.ReadTokens(c.Tokens)
	if err != nil {
		return nil, nil, err
	}
	r := &run{token: tokens[0], pause: c.Pause, poll: c.Poll, patience: c.Patience, name: fmt.Sprintf("Propagation %d", time.Now().Unix())}
	if r.origin, err = editor.New(c.Origin, c.AdminToken); err != nil {
		return nil, nil, err
	}
	readers := make([]*device.Client, len(c.Edge))
	for i, base := range c.Edge {
		edge, err := device.NewClient(base, c.Writers, 10*time.Second)
		if err != nil {
			return nil, nil, err
		}
		r.edges = append(r.edges, edge)
		if readers[i], err = device.NewClient(base, 16, 10*time.Second); err != nil {
			return nil, nil, err
		}
	}
	if c.ReadRate == 0 {
		return r, nil, nil
	}
	background, err := c.background(readers, tokens)
	return r, background, err
}

func (c *Command) background(readers []*device.Client, tokens []string) (*fleet.Fleet, error) {
	mix, err := fleet.ParseMix(fleet.FilmMix)
	if err != nil {
		return nil, err
	}
	catalogue, err := fleet.Discover(readers[0], tokens[0], 1000)
	if err != nil {
		return nil, err
	}
	f := &fleet.Fleet{Edges: readers, Tokens: tokens, Mix: mix, Catalogue: catalogue, Skew: 1.1, Revalidate: 0.3, Load: openloop.Load{
		Rate: c.ReadRate, Arrivals: openloop.Poisson, Duration: c.Duration, Workers: 16, Backlog: int(c.ReadRate), Seed: 1,
	}}
	return f, f.Load.Validate()
}

func (c *Command) report(out io.Writer, r *run, load fleet.Result, elapsed time.Duration) error {
	rows := r.recorder.Rows(elapsed)
	title := fmt.Sprintf("Acknowledged → visible on all of %d edges, %d writers", len(c.Edge), c.Writers)
	if _, err := latency.Table(title, rows).WriteTo(out); err != nil {
		return err
	}
	if load.Rows != nil {
		if _, err := latency.Table("Background reads", load.Rows).WriteTo(out); err != nil {
			return err
		}
		if err := latency.Explain(out, load.Faults); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%d checked reads: %d old after new, %d of neither state; %d writes not shown within %s by all edges.\n",
		r.reads.Load(), r.old.Load(), len(r.odd), r.missing.Load(), c.Patience)
	for _, o := range r.odd[:min(5, len(r.odd))] {
		fmt.Fprintln(out, "  ", o)
	}
	return c.verdict(r, rows)
}

func (c *Command) verdict(r *run, rows []latency.Row) error {
	var faults []error
	if n := r.old.Load() + r.missing.Load() + int64(len(r.odd)); n > 0 {
		faults = append(faults, fmt.Errorf("%d answers or writes were wrong", n))
	}
	all := rows[len(rows)-1]
	if limit := float64(c.MaxP50) / float64(time.Millisecond); limit > 0 && all.P50 > limit {
		faults = append(faults, fmt.Errorf("threshold: p50 %.2f ms, at most %.2f ms allowed", all.P50, limit))
	}
	faults = append(faults, latency.Limits{MaxErrors: -1, MaxP99: c.MaxP99}.Check(rows))
	return errors.Join(faults...)
}
