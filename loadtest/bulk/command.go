// Package bulk changes what ten thousand titles show, by one write of an editor's, under the eyes of viewers at several edges: how
// long until all of them show it, and what it costs the origin.
package bulk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"encora/loadtest/latency"
	"encora/loadtest/local"
	"encora/loadtest/mdtable"
	"encora/loadtest/openloop"
)

// Command is `loadtest bulk`.
type Command struct {
	local.Stack `embed:""`

	Edges    int           `default:"3" help:"Edges: the stack's and others that are started."`
	Titles   int           `default:"10000" help:"How many titles a change is about. The rule takes so many, a genre must have them."`
	Rounds   int           `default:"5" help:"How often: a genre renamed, and back; a rule attached, its territory changed, detached."`
	ReadRate float64       `default:"300" help:"Reads a second over all edges, meanwhile."`
	Poll     time.Duration `default:"20ms" help:"Pause between two looks at an answer of an edge."`
	Patience time.Duration `default:"20s" help:"When a change that an edge does not show counts as missing."`
	MaxShown time.Duration `default:"1s" help:"Fail when an edge takes longer to show a genre renamed or a rule changed; 0 sets no limit."`
	MaxRuled time.Duration `default:"10s" help:"The same for a rule that is attached or detached, after which the whole corpus of suggestions is told anew."`
	MaxRead  time.Duration `default:"1s" help:"Fail when the slowest of a hundred reads during a change takes longer; 0 sets no limit."`
	Seed     uint64        `default:"1" help:"Seed of what is read."`
}

// Changes after which the whole corpus of suggestions is told anew.
const (
	ruleAttached = "rule attached"
	ruleDetached = "rule detached"
)

func (c *Command) validate() error {
	if c.Edges < 1 || c.Edges > 10 || c.Titles < 1 || c.Titles > 10_000 || c.Rounds < 1 || c.Rounds > 100 || c.Poll < time.Millisecond {
		return errors.New("edges: 1 to 10; titles: 1 to 10000; rounds: 1 to 100; poll: at least 1ms")
	}
	return c.load().Validate()
}

// load is what readers offer until they are told to stop.
func (c *Command) load() openloop.Load {
	return openloop.Load{Rate: c.ReadRate, Arrivals: openloop.Poisson, Duration: time.Hour, Workers: readers, Backlog: int(c.ReadRate) + 1, Seed: c.Seed}
}

// Run makes the changes, prints what came of them, and fails if one was late, cost more than it may, or was shown wrongly.
func (c *Command) Run(ctx context.Context, out io.Writer) error {
	if err := c.validate(); err != nil {
		return err
	}
	urls, stop, err := c.Stack.Edges(ctx, c.Edges)
	if err != nil {
		return err
	}
	defer stop()
	s, err := c.stage(urls)
	if err != nil {
		return errors.Join(err, s.clear())
	}
	a, err := newAudience(s, c.Seed)
	if err != nil {
		return errors.Join(err, s.clear())
	}
	r := &run{Command: c, stage: s, audience: a}
	err = r.rounds(ctx)
	return errors.Join(err, c.report(out, r), s.clear())
}

func (c *Command) report(out io.Writer, r *run) error {
	title := fmt.Sprintf("%d titles change at once: %d edges, %.0f reads a second, %d rounds", len(r.stage.titles), c.Edges, c.ReadRate, c.Rounds)
	tables := []*mdtable.Table{r.changesTable(title), r.answersTable()}
	rows := r.audience.recorder.Rows(max(r.audience.outcome.Elapsed, 1))
	for _, t := range append(tables, latency.Table("Reads, by what was going on when they were due", rows)) {
		if _, err := t.WriteTo(out); err != nil {
			return err
		}
	}
	if err := latency.Explain(out, r.audience.recorder.Faults()); err != nil {
		return err
	}
	return c.verdict(r, rows)
}

func (c *Command) verdict(r *run, rows []latency.Row) error {
	faults := r.wrong
	for _, o := range r.outcomes {
		limit := c.MaxShown
		if o.name == ruleAttached || o.name == ruleDetached {
			limit = c.MaxRuled
		}
		if slowest := largest(o.shown); limit > 0 && slowest > limit {
			faults = append(faults, fmt.Errorf("threshold: %s: shown after %s, at most %s allowed", o.name, slowest, limit))
		}
		for i, fills := range o.fills {
			if fills > o.bound[i] {
				faults = append(faults, fmt.Errorf("threshold: %s: %d fills, at most %d allowed", o.name, fills, o.bound[i]))
			}
		}
	}
	for _, row := range rows[:len(rows)-1] {
		if row.Errors > 0 {
			faults = append(faults, fmt.Errorf("%s: %d of %d reads failed", row.Op, row.Errors, row.Count))
		}
		if limit := float64(c.MaxRead) / float64(time.Millisecond); limit > 0 && row.P99 > limit {
			faults = append(faults, fmt.Errorf("threshold: %s: p99 of reads %.0f ms, at most %.0f ms allowed", row.Op, row.P99, limit))
		}
	}
	if n := r.audience.outcome.Dropped; n > 0 {
		faults = append(faults, fmt.Errorf("%d reads were dropped unsent", n))
	}
	return errors.Join(faults...)
}
