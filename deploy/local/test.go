package main

import (
	"context"
	"os"

	"encora/deploy/local/pg"
)

// test runs a command with TEST_DATABASE_URL set to a Postgres that ends with it, and returns the command's exit status.
// When ctx ends first, the command is told to stop.
func test(ctx context.Context, s *settings) (int, error) {
	if err := s.makeStateDir(); err != nil {
		return 1, err
	}
	db, err := pg.Start(ctx, pg.Options{Dir: s.postgresDir(), Bin: s.PgBin, ForTests: true, Log: os.Stderr})
	if err != nil {
		return 1, err
	}
	defer db.Stop()
	st := newStack(os.Stderr)
	st.watch(db.Process())
	// Tests that run servers of their own need not look for binaries, or take them from the registry, again.
	env := append(os.Environ(), "TEST_DATABASE_URL="+db.URL("postgres"), "PG_BIN="+db.Bin())
	return st.attend(ctx, env, s.Test.Command)
}
