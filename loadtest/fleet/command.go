package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"encora/loadtest/device"
	"encora/loadtest/latency"
	"encora/loadtest/openloop"
)

// Command is `loadtest fleet`.
type Command struct {
	URL         []string          `required:"" help:"Edge to load, such as http://127.0.0.1:8080; repeat for several. This machine only."`
	Tokens      string            `required:"" help:"File of viewer tokens, one a line (bin/origin token --count N --out FILE)."`
	Rate        float64           `default:"500" help:"Requests a second over all edges."`
	Duration    time.Duration     `default:"30s" help:"How long to offer them."`
	WarmUp      time.Duration     `default:"0s" help:"Offer the same load for so long before, uncounted, to fill the caches."`
	Connections int               `default:"64" help:"Connections, and so requests in flight, at most."`
	Arrivals    openloop.Arrivals `default:"poisson" enum:"poisson,constant" help:"Distribution of the gaps: ${enum}."`
	Mix         string            `default:"${mix}" help:"Operations and their weights."`
	Films       int               `default:"5000" help:"Titles to browse, at most."`
	Skew        float64           `default:"1.1" help:"Exponent of the titles' Zipf popularity, above 1."`
	Revalidate  float64           `default:"0.3" help:"Share of requests for a known answer that carry If-None-Match."`
	Timeout     time.Duration     `default:"10s" help:"Limit of one answer."`
	Seed        uint64            `default:"1" help:"Seed of everything that is drawn."`
	JSON        bool              `name:"json" help:"Print JSON in place of the table."`
	MaxErrors   int64             `default:"-1" help:"Fail above this number of errors; -1 sets no limit."`
	MaxP99      time.Duration     `name:"max-p99" help:"Fail when the p99 of all operations, from the due instant, exceeds this; 0 sets no limit."`
}

// Run discovers the catalogue, offers the load, prints the result and checks the thresholds.
func (c *Command) Run(ctx context.Context, out io.Writer) error {
	f, err := c.fleet()
	if err != nil {
		return err
	}
	if c.WarmUp > 0 {
		f.warm(ctx, c.WarmUp)
	}
	result := f.Run(ctx)
	if err := c.print(out, result); err != nil {
		return err
	}
	return latency.Limits{MaxErrors: c.MaxErrors, MaxP99: c.MaxP99}.Check(result.Rows)
}

func (c *Command) fleet() (*Fleet, error) {
	f := &Fleet{Skew: c.Skew, Revalidate: c.Revalidate, Load: openloop.Load{
		Rate: c.Rate, Arrivals: c.Arrivals, Duration: c.Duration, Workers: c.Connections, Seed: c.Seed,
		Backlog: int(c.Rate), // a second's worth: what waits longer is dropped and said
	}}
	if !(c.Skew > 1) || c.Revalidate < 0 || c.Revalidate > 1 || c.Films < 1 || c.WarmUp > time.Hour {
		return nil, fmt.Errorf("skew %v must be above 1, revalidate %v between 0 and 1, films %d above 0, warm-up %s at most 1h",
			c.Skew, c.Revalidate, c.Films, c.WarmUp)
	}
	if err := f.Load.Validate(); err != nil {
		return nil, err
	}
	for _, base := range c.URL {
		client, err := device.NewClient(base, c.Connections, c.Timeout)
		if err != nil {
			return nil, err
		}
		f.Edges = append(f.Edges, client)
	}
	var err error
	if f.Mix, err = ParseMix(c.Mix); err != nil {
		return nil, err
	}
	if f.Tokens, err = device.ReadTokens(c.Tokens); err != nil {
		return nil, err
	}
	if f.Catalogue, err = Discover(f.Edges[0], f.Tokens[0], c.Films); err != nil {
		return nil, err
	}
	if f.Mix.watches() {
		err = f.Catalogue.DiscoverGuide(f.Edges[0], f.Tokens[0], time.Now())
	}
	return f, err
}

func (c *Command) print(out io.Writer, r Result) error {
	if c.JSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	title := fmt.Sprintf("Fleet: %.0f requests a second (%s) for %s over %d connections", c.Rate, c.Arrivals, c.Duration, c.Connections)
	if _, err := latency.Table(title, r.Rows).WriteTo(out); err != nil {
		return err
	}
	if err := latency.Explain(out, r.Faults); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "Times count from the instant at which a request was due. Offered %d, late by more than %s %d, dropped unsent %d.\n",
		r.Offered, openloop.LateAfter, r.Late, r.Dropped)
	return err
}
