package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"encora/deploy/local/pg"
	"encora/shared/conf"
)

// run sets up and runs everything until ctx ends, which is status 0, or one of the programs does, which is an error. With
// a command it lasts as long as that does and returns its status.
func run(ctx context.Context, s *settings) (int, error) {
	status, err := runAll(ctx, s)
	if ctx.Err() != nil && len(s.Run.Command) == 0 {
		return 0, nil // whatever that interrupted: we were asked to stop, and have
	}
	return status, err
}

func runAll(ctx context.Context, s *settings) (int, error) {
	if err := s.makeStateDir(); err != nil {
		return 1, err
	}
	if err := s.loadKeys(); err != nil {
		return 1, err
	}
	if err := s.setUpMedia(ctx); err != nil {
		return 1, err
	}
	st := newStack(os.Stderr)
	if s.DatabaseURL == "" {
		db, err := pg.Start(ctx, pg.Options{Dir: s.postgresDir(), Bin: s.PgBin, Port: s.PgPort, Log: os.Stderr})
		if err != nil {
			return 1, err
		}
		defer db.Stop()
		st.watch(db.Process())
		s.DatabaseURL = conf.Secret(db.URL("postgres"))
	}
	defer st.stop()
	if err := startPrograms(ctx, s, st); err != nil {
		return 1, err
	}
	defer s.keepSeeded(ctx, st)()
	if len(s.Run.Command) == 0 {
		fmt.Print(s.welcome())
	}
	return st.attend(ctx, s.commandEnv(), s.Run.Command)
}

// startPrograms fills the database and returns when origin and edge are ready.
func startPrograms(ctx context.Context, s *settings, st *stack) error {
	for _, args := range [][]string{{"migrate"}, seedDemo} {
		if err := st.finish(ctx, s.originEnv(), s.program("origin"), args...); err != nil {
			return err
		}
	}
	if err := st.start("origin", s.originEnv(), s.program("origin"), "serve"); err != nil {
		return err
	}
	// They may start in any order; in this one the edge has nothing to complain of.
	if err := st.awaitReady(ctx, baseURL(s.OriginAddr)+"/v2/ready"); err != nil {
		return err
	}
	if err := st.start("edge", s.edgeEnv(), s.program("edge")); err != nil {
		return err
	}
	return st.awaitReady(ctx, baseURL(s.EdgeAddr)+"/v2/ready")
}

var seedDemo = []string{"seed", "--demo"}

// keepSeeded carries the demo's schedule on, again and again, until the function that it returns is called. When that
// fails it is tried again in its turn: the schedule has days in hand.
func (s *settings) keepSeeded(ctx context.Context, st *stack) func() {
	ctx, cancel := context.WithCancel(ctx)
	var seeding sync.WaitGroup
	seeding.Go(func() {
		look := time.NewTicker(min(s.SeedEvery, time.Minute))
		defer look.Stop()
		repeat(ctx, s.SeedEvery, look.C, time.Now, func() {
			if err := st.finish(ctx, s.originEnv(), s.program("origin"), seedDemo...); err != nil && ctx.Err() == nil {
				fmt.Fprintln(st.log, err)
			}
		})
	})
	return func() {
		cancel()
		seeding.Wait()
	}
}

// repeat does something each time that so long has passed, until ctx ends. It looks often, and at the clock of the day:
// timers stand still while a machine sleeps, the schedule does not. After a clock is set back it is done at once.
func repeat(ctx context.Context, every time.Duration, look <-chan time.Time, now func() time.Time, do func()) {
	last := now().Round(0) // without the reading of the timers' clock
	for {
		select {
		case <-ctx.Done():
			return
		case <-look:
		}
		if passed := now().Round(0).Sub(last); passed >= 0 && passed < every {
			continue
		}
		do()
		last = now().Round(0)
	}
}
