// Package bench compares the edge with other servers on the same bytes and the same core, and measures what its
// connections and entries cost in memory. It prints Markdown tables.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"encora/loadtest/process"
)

// Command is `loadtest bench`.
type Command struct {
	Only        []string      `enum:"hit,304,tokens,idle,entries,memory,guide,schedule,guide-memory,autocomplete,beats,sessions,sign" help:"Cases to run (${enum}); all if not given."`
	Edge        string        `default:"bin/edge" help:"The edge's binary."`
	Rounds      int           `default:"5" help:"Paired rounds of each throughput case."`
	Seconds     int           `default:"3" help:"Length of a round."`
	Connections int           `default:"64" help:"Kept-alive connections of the throughput cases."`
	Core        int           `default:"-1" help:"Core that servers and generator share; -1 is the last one."`
	Port        int           `default:"19300" help:"First of ten ports on 127.0.0.1."`
	Keys        int           `default:"4000" help:"Tokens, and films, of the case tokens; choices of channels of the case guide; prefixes of the case autocomplete; sessions of the case beats."`
	Rate        float64       `default:"1000" help:"Requests a second of the case schedule."`
	Idle        int           `default:"5000" help:"Connections of the case idle."`
	Settle      time.Duration `default:"5s" help:"How long memory must stay put to count as settled."`
	Movies      int           `default:"50000" help:"Films held in the case entries."`
	CacheBytes  int64         `default:"67108864" help:"The edge's bound in the case memory."`
	Turnover    int           `default:"8" help:"How often the key stream of the case memory would fill that bound."`
	Sessions    int           `default:"1000000" help:"Sessions held in the case sessions; learning of so many takes some two minutes."`
}

// cases in the order in which they run.
var cases = []struct {
	name string
	run  func(*rig, context.Context, io.Writer) error
}{
	{"hit", (*rig).hits}, {"304", (*rig).revalidations}, {"tokens", (*rig).tokens},
	{"idle", (*rig).idle}, {"entries", (*rig).entries}, {"memory", (*rig).memory},
	{"guide", (*rig).guide}, {"schedule", (*rig).schedule}, {"guide-memory", (*rig).guideMemory},
	{"autocomplete", (*rig).autocomplete}, {"beats", (*rig).beats}, {"sessions", (*rig).sessions}, {"sign", (*rig).sign},
}

func (c *Command) validate() error {
	var faults []error
	check := func(ok bool, what string) {
		if !ok {
			faults = append(faults, errors.New(what))
		}
	}
	check(c.Rounds >= 1 && c.Rounds <= 100, "--rounds: 1 to 100")
	check(c.Seconds >= 1 && c.Seconds <= 60, "--seconds: 1 to 60")
	check(c.Connections >= 1 && c.Connections <= 1024, "--connections: 1 to 1024")
	check(c.Port >= 1024 && c.Port <= 65000, "--port: 1024 to 65000")
	check(c.Keys >= 2 && c.Keys <= 20_000, "--keys: 2 to 20000")
	check(c.Rate > 0 && c.Rate <= 50_000, "--rate: above 0, at most 50000")
	check(c.Idle >= 1 && c.Idle <= 15_000, "--idle: 1 to 15000")
	check(c.Settle >= 100*time.Millisecond && c.Settle <= time.Minute, "--settle: 100ms to 1m")
	check(c.Movies >= 100 && c.Movies <= 500_000, "--movies: 100 to 500000")
	check(c.CacheBytes >= 16<<20 && c.CacheBytes <= 4<<30, "--cache-bytes: 16 MiB to 4 GiB")
	check(c.Sessions >= 1000 && c.Sessions <= 1_900_000, "--sessions: 1000 to 1900000") // the edge has room for 2,000,000
	check(c.Turnover >= 1 && c.Turnover <= 100, "--turnover: 1 to 100")
	return errors.Join(faults...)
}

// Run measures the chosen cases and prints a table for each as soon as it is there.
func (c *Command) Run(ctx context.Context, out io.Writer) error {
	if err := c.validate(); err != nil {
		return err
	}
	if c.Core < 0 {
		c.Core = process.LastCore()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, err := newRig(ctx, c)
	if err != nil {
		return err
	}
	defer r.close()
	if err := r.describe(out); err != nil {
		return err
	}
	for _, one := range cases {
		if len(c.Only) > 0 && !slices.Contains(c.Only, one.name) {
			continue
		}
		if err := one.run(r, ctx, out); err != nil {
			return fmt.Errorf("case %s: %w", one.name, err)
		}
	}
	return nil
}
