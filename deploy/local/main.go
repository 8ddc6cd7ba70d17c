// Local runs Encora on one machine: the whole of it for development, or tests against a Postgres of their own.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"encora/shared/conf"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	status, err := local(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(status)
}

// local carries out the command line and returns the exit status.
func local(ctx context.Context) (int, error) {
	s, command, err := load(os.Args[1:], os.LookupEnv, os.Stdout)
	if errors.Is(err, conf.ErrHelp) {
		return 0, nil
	}
	if err != nil {
		return 2, err
	}
	if command == "test" {
		return test(ctx, &s)
	}
	return run(ctx, &s)
}
