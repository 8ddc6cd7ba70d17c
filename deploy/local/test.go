package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"

	"encora/deploy/local/pg"
	"encora/deploy/local/proc"
)

// test runs a command with TEST_DATABASE_URL set to a Postgres that ends with it, and returns the command's exit status.
// When ctx ends first, the command is told to stop.
func test(ctx context.Context, s *settings) (int, error) {
	if err := s.makeStateDir(); err != nil {
		return 1, err
	}
	// The server's own log would be every error that the tests provoke on purpose.
	db, err := pg.Start(ctx, pg.Options{Dir: s.postgresDir(), Bin: s.PgBin, ForTests: true})
	if err != nil {
		return 1, err
	}
	defer db.Stop()

	cmd := exec.Command(s.Test.Command[0], s.Test.Command[1:]...)
	cmd.Env = append(os.Environ(), "TEST_DATABASE_URL="+db.URL("postgres"))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	child, err := proc.Start(s.Test.Command[0], cmd, nil, syscall.SIGTERM)
	if err != nil {
		return 1, err
	}
	select {
	case <-child.Done():
	case <-ctx.Done():
		child.Stop(syscall.SIGTERM, 10*time.Second)
	case <-db.Process().Done():
		child.Stop(syscall.SIGTERM, 10*time.Second)
		return 1, death(db.Process())
	}
	return exitStatus(child.Err()), nil
}

// exitStatus is what a shell would report: 128 + the signal's number for a command that a signal ended.
func exitStatus(err error) int {
	if err == nil {
		return 0
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 1
	}
	if status := exit.Sys().(syscall.WaitStatus); status.Signaled() {
		return 128 + int(status.Signal())
	}
	return exit.ExitCode()
}
