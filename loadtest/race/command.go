// Package race has many players of one account start at once, over several edges, and holds what they get against the plan's
// limit: never one stream more, never one less.
package race

import (
	"context"
	"errors"
	"fmt"
	"io"

	"encora/loadtest/latency"
	"encora/loadtest/local"
	"encora/loadtest/mdtable"
)

// Command is `loadtest race`.
type Command struct {
	local.Stack `embed:""`

	Edges   int `default:"3" help:"Edges that the players come by: the stack's and others that are started."`
	Starts  int `default:"50" help:"Starts at once, each of another device and another title."`
	Streams int `default:"2" help:"The plan's limit."`
	Rounds  int `default:"100" help:"How often. Sessions end between the rounds."`
}

func (c *Command) validate() error {
	if c.Edges < 1 || c.Edges > 10 || c.Starts <= c.Streams || c.Starts > 100 || c.Streams < 1 || c.Rounds < 1 || c.Rounds > 10_000 {
		return errors.New("edges: 1 to 10; streams: 1 or more; starts: above streams, at most 100; rounds: 1 to 10000")
	}
	return nil
}

// Run runs the rounds, prints what came of them, and fails if one deviates by a single answer.
func (c *Command) Run(ctx context.Context, out io.Writer) error {
	if err := c.validate(); err != nil {
		return err
	}
	urls, stop, err := c.Stack.Edges(ctx, c.Edges)
	if err != nil {
		return err
	}
	defer stop()
	t, err := c.track(urls)
	if err != nil {
		return errors.Join(err, t.clear())
	}
	done := 0
	for ; done < c.Rounds && ctx.Err() == nil && err == nil; done++ {
		err = t.round(done)
	}
	err = errors.Join(err, t.clear(), ctx.Err())
	return errors.Join(c.report(out, t, done), err)
}

func (c *Command) report(out io.Writer, t *track, rounds int) error {
	title := fmt.Sprintf("%d starts at once over %d edges, one account, limit %d", c.Starts, c.Edges, c.Streams)
	rows := t.recorder.Rows(max(t.raced, 1))
	if _, err := latency.Table(title, rows).WriteTo(out); err != nil {
		return err
	}
	sum := mdtable.Table{Columns: []string{"rounds:", "200:", "of:", "409:", "of:", "rounds that deviate:"}}
	sum.Add(rounds, t.started, rounds*c.Streams, t.refused, rounds*(c.Starts-c.Streams), len(t.deviations))
	if _, err := sum.WriteTo(out); err != nil {
		return err
	}
	if len(t.deviations) == 0 {
		return nil
	}
	for _, d := range t.deviations[:min(5, len(t.deviations))] {
		fmt.Fprintln(out, "-", d)
	}
	return fmt.Errorf("%d of %d rounds deviate", len(t.deviations), rounds)
}
