// Command loadtest measures the edge and the origin: a fleet of devices, side-by-side benches, propagation, misses.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"encora/loadtest/beats"
	"encora/loadtest/bench"
	"encora/loadtest/bulk"
	"encora/loadtest/closedloop"
	"encora/loadtest/devices"
	"encora/loadtest/fleet"
	"encora/loadtest/guideimport"
	"encora/loadtest/misses"
	"encora/loadtest/originlist"
	"encora/loadtest/propagate"
	"encora/loadtest/race"
	"encora/loadtest/starts"
	"encora/loadtest/subject"
)

type commands struct {
	Fleet      fleet.Command        `cmd:"" help:"Open-loop load of devices that browse the catalogue."`
	Bench      bench.Command        `cmd:"" help:"The edge side by side with other servers, and its memory."`
	Starts     starts.Command       `cmd:"" help:"Open-loop starts of streams, each ended again."`
	Race       race.Command         `cmd:"" help:"Starts of one account that race for its streams, over several edges."`
	Beats      beats.Command        `cmd:"" help:"Batches of beats, as edges send them, into the origin's database."`
	Devices    devices.Command      `cmd:"" help:"Devices from the launch of the app to the end of what they play; 7 minutes."`
	OriginList originlist.Command   `cmd:"" help:"The origin's admin list under filters, orders and searches."`
	Propagate  propagate.Command    `cmd:"" help:"From a write's acknowledgement until every edge shows it."`
	Bulk       bulk.Command         `cmd:"" help:"One write that changes ten thousand titles, under the eyes of viewers at several edges."`
	Import     guideimport.Command  `cmd:"" help:"Imports of schedules, and what viewers notice of them."`
	Misses     misses.Command       `cmd:"" help:"A crowd that asks an edge for one cold key."`
	Drafts     misses.DraftsCommand `cmd:"" help:"Hit ratio of lists while drafts are saved."`

	Closed closedloop.Command  `cmd:"" hidden:"" help:"Closed-loop client of the bench."`
	Bare   subject.BareCommand `cmd:"" hidden:"" help:"Bare fasthttp server of the bench."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	k := kong.Parse(&c, kong.Name("loadtest"), kong.UsageOnError(),
		kong.Description("Load generators and benches. They only ever load this machine, and end by themselves."),
		kong.Vars{"mix": fleet.DefaultMix}, kong.BindTo(ctx, (*context.Context)(nil)), kong.BindTo(os.Stdout, (*io.Writer)(nil)))
	k.FatalIfErrorf(k.Run())
}
