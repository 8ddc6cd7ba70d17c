// Package app builds the origin from its settings: it is the only package that sees all domains, and fills what they
// need of one another.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"encora/shared/conf"
	"encora/shared/obs"
)

// Streams is the process around the program.
type Streams struct {
	LookupEnv func(string) (string, bool)
	Out, Err  io.Writer
}

// command is one of the program's commands.
type command interface {
	Run(ctx context.Context, p *program) error
}

// program is what commands share.
type program struct {
	settings *settings
	log      *slog.Logger
	out, err io.Writer
}

// Main runs the command that args name and returns the exit status: 0, 1 when it failed or was interrupted, 2 when it was asked wrongly.
func Main(ctx context.Context, args []string, s Streams) int {
	var cfg settings
	chosen, err := conf.Parse(&cfg, conf.Program{Name: "origin", Description: "The origin of Encora.", Args: args,
		LookupEnv: s.LookupEnv, Out: s.Out})
	if errors.Is(err, conf.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(s.Err, "origin:", err)
		return 2
	}
	log, err := obs.NewLogger(s.Err, cfg.LogLevel)
	if err != nil {
		fmt.Fprintln(s.Err, "origin:", err)
		return 2
	}
	run := chosen.Selected().Target.Addr().Interface().(command)
	err = run.Run(ctx, &program{settings: &cfg, log: log, out: s.Out, err: s.Err})
	if _, serves := run.(*serve); err == nil || serves && ctx.Err() != nil { // to be stopped is how serving ends
		return 0
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = errors.New("interrupted; what was done until then stays")
	}
	fmt.Fprintln(s.Err, "origin:", err)
	return 1
}
