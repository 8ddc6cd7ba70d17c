// Origin owns Postgres, the editors' API, jobs and the change feed that edges live by.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"encora/origin/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(app.Main(ctx, os.Args[1:], app.Streams{LookupEnv: os.LookupEnv, Out: os.Stdout, Err: os.Stderr}))
}
