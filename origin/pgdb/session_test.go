package pgdb

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
)

// locked reports whether the lock was to be had.
func locked(t *testing.T, db *DB, name string) bool {
	t.Helper()
	ours, err := db.Locked(t.Context(), name, func(*Session) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return ours
}

func TestLockIsHeldWhileFnRuns(t *testing.T) {
	db := open(t, 8)
	failed := errors.New("failed")
	ours, err := db.Locked(t.Context(), "a", func(*Session) error {
		if locked(t, db, "a") || !locked(t, db, "b") {
			t.Error("not that lock is held")
		}
		return failed
	})
	if !ours || !errors.Is(err, failed) {
		t.Errorf("%v %v", ours, err)
	}
	if !locked(t, db, "a") {
		t.Error("it is held on")
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, _ = db.Locked(ctx, "a", func(*Session) error { cancel(); return ctx.Err() })
	if !locked(t, db, "a") {
		t.Error("it is held on after the context's end")
	}
}

func TestSessionWritesEndWithItsLock(t *testing.T) {
	db := open(t, 8)
	exec(t, db, `CREATE TABLE notes (n int)`)
	insert := func(s *Session) error {
		return s.Write(t.Context(), func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), `INSERT INTO notes VALUES (1)`); err != nil {
				return err
			}
			return tx.Commit(t.Context())
		})
	}
	_, err := db.Locked(t.Context(), "a", func(s *Session) error {
		if err := insert(s); err != nil {
			t.Error(err)
		}
		_ = s.Write(t.Context(), func(tx pgx.Tx) error { // and no commit
			_, err := tx.Exec(t.Context(), `INSERT INTO notes VALUES (2)`)
			return err
		})
		exec(t, db, `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
		err := insert(s)
		if err == nil {
			t.Error("written without the lock")
		}
		return err
	})
	var outage *Outage
	if !errors.As(err, &outage) {
		t.Errorf("%v is no outage", err)
	}
	if n := count(t, db, `SELECT sum(n) FROM notes`); n != 1 {
		t.Errorf("the sum is %d", n)
	}
}

// A write waits for a lock of rows for longer than one statement may.
func TestSessionWaitsForLocks(t *testing.T) {
	db := open(t, 8)
	exec(t, db, `CREATE TABLE notes (n int)`)
	exec(t, db, `INSERT INTO notes VALUES (1)`)
	holder, err := db.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec(t.Context(), `UPDATE notes SET n = 2`); err != nil {
		t.Fatal(err)
	}
	tries := 0
	_, err = db.Locked(t.Context(), "a", func(s *Session) error {
		return s.Write(t.Context(), func(tx pgx.Tx) error {
			if tries++; tries == 2 {
				if err := holder.Rollback(t.Context()); err != nil {
					return err
				}
			}
			if _, err := tx.Exec(t.Context(), `SET LOCAL lock_timeout = 50`); err != nil {
				return err
			}
			if _, err := tx.Exec(t.Context(), `UPDATE notes SET n = 3`); err != nil {
				return err
			}
			return tx.Commit(t.Context())
		})
	})
	if err != nil || tries != 2 {
		t.Errorf("%v after %d tries", err, tries)
	}
}
