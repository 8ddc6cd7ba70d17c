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
	return st.attend(ctx, append(os.Environ(), "TEST_DATABASE_URL="+db.URL("postgres")), s.Test.Command)
}
