package pgdb

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Session is one connection that holds a lock by name for as long as it lives. What runs on it ends with the lock: when the
// connection is lost, so that another may take the lock, nothing more is written.
type Session struct {
	conn *pgxpool.Conn
}

// Locked runs fn on a connection that holds the lock of that name. It reports false, without running fn, when another
// session holds it.
func (db *DB) Locked(ctx context.Context, name string, fn func(*Session) error) (bool, error) {
	conn, err := db.acquire(ctx)
	if err != nil {
		return false, err
	}
	defer conn.Release()
	var ours bool
	if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtextextended($1, 0))`, name).Scan(&ours); err != nil || !ours {
		return false, meaning(err)
	}
	defer unlock(ctx, conn, name)
	return true, meaning(fn(&Session{conn}))
}

// unlock must work when ctx is already over; a connection that can't let go of the lock is closed, which does.
func unlock(ctx context.Context, conn *pgxpool.Conn, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_unlock(hashtextextended($1, 0))`, name); err != nil {
		_ = conn.Conn().Close(ctx) // the pool finds it closed
	}
}

// patientRetries is how often a session's write is tried again: it is work that nobody waits for.
const patientRetries = 30

// Write runs fn in a READ COMMITTED transaction that fn itself must commit; otherwise it is rolled back. It runs again after
// a deadlock, a serialization failure or a lock that was not to be had in time.
func (s *Session) Write(ctx context.Context, fn func(pgx.Tx) error) error {
	for try := 1; ; try++ {
		err := s.tx(ctx, fn)
		if err == nil || try == patientRetries || !retryable(err) && !lockedOut(err) || !pause(ctx) {
			return err
		}
	}
}

func (s *Session) tx(ctx context.Context, fn func(pgx.Tx) error) error {
	tx, err := s.conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return meaning(err)
	}
	defer rollback(ctx, tx)
	return meaning(fn(tx))
}

// lockedOut reports a lock that others held for as long as a statement waits for one.
func lockedOut(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "55P03"
}
