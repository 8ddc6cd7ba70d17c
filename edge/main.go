// Edge serves viewers from memory: it fills from the origin, follows its change feed, and passes through what is not cached.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"encora/edge/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(app.Main(ctx, os.Args[1:], app.Streams{LookupEnv: os.LookupEnv, Out: os.Stdout, Err: os.Stderr}))
}
