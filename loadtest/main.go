// Command loadtest measures the edge and the origin: a fleet of devices, side-by-side benches, propagation, misses.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"encora/loadtest/fleet"
)

type commands struct {
	Fleet fleet.Command `cmd:"" help:"Open-loop load of devices that browse the catalogue."`
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
