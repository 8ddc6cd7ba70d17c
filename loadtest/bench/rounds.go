package bench

import (
	"context"
	"fmt"

	"encora/loadtest/closedloop"
	"encora/loadtest/mdtable"
	"encora/loadtest/subject"
)

// contestant is a server with what it is asked.
type contestant struct {
	name   string
	server *subject.Subject
	plan   closedloop.Plan
	rounds samples
}

// samples are one value for each round.
type samples struct {
	perSecond, micros []float64 // requests a second; the server's CPU µs a request
	errors            int64
}

// contest measures the contestants in turn, round after round, so that what disturbs the machine for a while disturbs
// all of them. A warm-up each comes before.
func (r *rig) contest(ctx context.Context, entrants []*contestant) error {
	for _, c := range entrants {
		if _, err := r.generator.Run(ctx, c.plan, c.server.Addr, r.warmUp); err != nil {
			return fmt.Errorf("warm-up of %s: %w", c.name, err)
		}
	}
	for round := range r.Rounds {
		for _, c := range entrants {
			if err := r.measure(ctx, c); err != nil {
				return fmt.Errorf("round %d of %s: %w", round+1, c.name, err)
			}
		}
	}
	return nil
}

func (r *rig) measure(ctx context.Context, c *contestant) error {
	before, err := c.server.CPU()
	if err != nil {
		return err
	}
	result, err := r.generator.Run(ctx, c.plan, c.server.Addr, r.round)
	if err != nil {
		return err
	}
	after, err := c.server.CPU()
	if err != nil {
		return err
	}
	if result.Requests == 0 {
		return fmt.Errorf("no request was answered")
	}
	micros := float64((after - before).Microseconds()) / float64(result.Requests)
	c.rounds.perSecond = append(c.rounds.perSecond, result.PerSecond())
	c.rounds.micros = append(c.rounds.micros, micros)
	c.rounds.errors += result.Errors
	return nil
}

// absolute adds a row of medians for each contestant.
func absolute(t *mdtable.Table, what string, entrants []*contestant) {
	for _, c := range entrants {
		t.Add(what, c.name, fmt.Sprintf("%.0f", mdtable.Median(c.rounds.perSecond)), fmt.Sprintf("%.2f", mdtable.Median(c.rounds.micros)), c.rounds.errors)
	}
}
