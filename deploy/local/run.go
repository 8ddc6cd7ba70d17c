package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"encora/deploy/local/pg"
	"encora/deploy/local/proc"
	"encora/shared/conf"
)

// readyPatience bounds the wait for origin and edge to become ready, once their processes run.
const readyPatience = 2 * time.Minute

// maxPrograms run at once: Postgres, origin and edge.
const maxPrograms = 3

// run sets up and runs everything until ctx ends, which is no error, or one of the processes does, which is.
func run(ctx context.Context, s *settings, out, log io.Writer) error {
	err := runAll(ctx, s, out, log)
	if ctx.Err() != nil {
		return nil // whatever that interrupted: we were asked to stop, and have
	}
	return err
}

func runAll(ctx context.Context, s *settings, out, log io.Writer) error {
	if err := s.makeStateDir(); err != nil {
		return err
	}
	if err := s.loadKeys(); err != nil {
		return err
	}
	st := &stack{log: log, died: make(chan *proc.Child, maxPrograms)}
	if s.DatabaseURL == "" {
		db, err := pg.Start(ctx, pg.Options{Dir: s.postgresDir(), Bin: s.PgBin, Port: s.PgPort, Log: log})
		if err != nil {
			return err
		}
		defer db.Stop()
		st.watch(db.Process())
		s.DatabaseURL = conf.Secret(db.URL("postgres"))
	}
	return runPrograms(ctx, s, out, st)
}

// runPrograms runs origin and edge on a database that is there.
func runPrograms(ctx context.Context, s *settings, out io.Writer, st *stack) error {
	defer st.stop()
	for _, args := range [][]string{{"migrate"}, {"seed", "--demo"}} {
		if err := st.finish(ctx, s.originEnv(), s.program("origin"), args...); err != nil {
			return err
		}
	}
	if err := st.start("origin", s.originEnv(), s.program("origin"), "serve"); err != nil {
		return err
	}
	if err := st.start("edge", s.edgeEnv(), s.program("edge")); err != nil {
		return err
	}
	for _, addr := range []string{s.OriginAddr, s.EdgeAddr} {
		if err := st.awaitReady(ctx, baseURL(addr)+"/v2/ready"); err != nil {
			return err
		}
	}
	fmt.Fprint(out, s.welcome())
	return st.wait(ctx)
}
