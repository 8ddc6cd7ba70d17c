// Package pgdb opens Postgres and runs transactions on it. It decides how long anything may wait, what is tried again,
// and which database errors mean something to callers.
package pgdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"

	"encora/shared/fault"
)

// acquireTimeout is how long a request waits for a connection before it is told to come back.
const acquireTimeout = 250 * time.Millisecond

// retryLimit bounds how often a serialization failure or deadlock is tried again.
const retryLimit = 3

// retryPause bounds the random pause before that. Without it the victim of a deadlock is back sooner than the others,
// which just woke, take what it let go, and all are deadlocked again.
const retryPause = 50 * time.Millisecond

// DB is a pool of connections. It is safe for concurrent use.
type DB struct {
	pool *pgxpool.Pool
}

// Open connects to a postgres:// URL and checks that it answers. Statements are limited to 5 s, lock waits to 2 s, and
// idle transactions to 10 s. Tests give a tracer, which is told of every statement.
func Open(ctx context.Context, url string, maxConns int32, tracers ...pgx.QueryTracer) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	cfg.MaxConns = maxConns
	cfg.MinConns = min(4, maxConns) // a burst after a quiet hour finds some open
	cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	for _, tracer := range tracers {
		cfg.ConnConfig.Tracer = tracer
	}
	params := cfg.ConnConfig.RuntimeParams
	params["application_name"] = "encora-origin"
	params["timezone"] = "UTC"
	params["max_parallel_workers_per_gather"] = "0" // many short queries: workers would only take turns
	params["jit"] = "off"                           // nor does compiling pay, which a plan that is dear by guess alone would cause
	params["statement_timeout"] = "5000"
	params["lock_timeout"] = "2000"
	params["idle_in_transaction_session_timeout"] = "10000"
	cfg.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		pgxuuid.Register(conn.TypeMap()) // else each id goes by way of its text, at microseconds
		conn.TypeMap().RegisterType(&pgtype.Type{Name: "timestamptz", OID: pgtype.TimestamptzOID,
			Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC}}) // answers write times with Z
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("database does not answer: %w", err)
	}
	return &DB{pool: pool}, nil
}

// Pool is the pool itself, for libraries that bring their own statements (river).
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// Close waits for connections in use and closes all.
func (db *DB) Close() { db.pool.Close() }

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.pool.Ping(ctx) }

// Snapshot runs fn in one read-only REPEATABLE READ transaction: every statement sees the same instant.
func (db *DB) Snapshot(ctx context.Context, fn func(pgx.Tx) error) error {
	return db.tx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return tx.Commit(ctx)
	})
}

// Write runs fn in a READ COMMITTED transaction that fn itself must commit, with tx.Commit or as the last statement of a
// batch (Commit); otherwise it is rolled back. It runs again after a deadlock or serialization failure.
func (db *DB) Write(ctx context.Context, fn func(pgx.Tx) error) error {
	for try := 1; ; try++ {
		err := db.tx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, fn)
		if err == nil || try == retryLimit || !retryable(err) || !pause(ctx) {
			return err
		}
	}
}

// pause reports whether ctx outlasts it.
func pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(retryPause/5 + rand.N(retryPause)):
		return true
	}
}

func (db *DB) tx(ctx context.Context, opts pgx.TxOptions, fn func(pgx.Tx) error) error {
	conn, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	tx, err := conn.BeginTx(ctx, opts)
	if err != nil {
		return meaning(err)
	}
	defer rollback(ctx, tx)
	return meaning(fn(tx))
}

// Commit sends the batch with COMMIT as its last statement: one round trip for a transaction's closing statements, so
// that locks which they take are held for no longer than the commit itself. A statement that fails, now or before, leaves
// nothing behind.
func Commit(ctx context.Context, tx pgx.Tx, batch *pgx.Batch) error {
	batch.Queue("COMMIT").Exec(func(tag pgconn.CommandTag) error {
		if tag.String() == "ROLLBACK" { // Postgres's answer, without an error, once a statement has failed
			return pgx.ErrTxCommitRollback
		}
		return nil
	})
	return tx.SendBatch(ctx, batch).Close()
}

// rollback ends what fn left open. It must work when ctx is already over, or the connection would be thrown away.
func rollback(ctx context.Context, tx pgx.Tx) {
	if tx.Conn().PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = tx.Rollback(ctx) // a connection that can't roll back is discarded by the pool
}

func (db *DB) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	wait, cancel := context.WithTimeout(ctx, acquireTimeout)
	defer cancel()
	conn, err := db.pool.Acquire(wait)
	if err != nil {
		return nil, unavailable(fmt.Errorf("acquire connection: %w", err))
	}
	return conn, nil
}

// Outage is a fault that keeps its inner error for the log.
type Outage struct {
	*fault.Fault
	cause error
}

// Unwrap gives the fault and its cause.
func (o *Outage) Unwrap() []error { return []error{o.Fault, o.cause} }

// Error names the cause: it is for logs; callers get the fault.
func (o *Outage) Error() string { return o.cause.Error() }

func unavailable(cause error) error {
	return &Outage{fault.Busy("The database is not available at the moment.", time.Second), cause}
}

// meaning turns errors of the connection and of time limits into 503; everything else stays as it is.
func meaning(err error) error {
	var f *fault.Fault
	var pg *pgconn.PgError
	switch {
	case err == nil || errors.As(err, &f):
		return err
	case errors.As(err, &pg):
		if !passing(pg.Code) {
			return err
		}
	case !unreachable(err):
		return err
	}
	return unavailable(err)
}

// passing reports whether the error is of the server's state rather than of the statement: connections, resources,
// operators and time limits by class, then transactions that others or a failover ended (Postgres, appendix A).
func passing(code string) bool {
	switch code {
	case "25006", "25P03", "25P04", "40001", "40P01", "55P03":
		return true
	}
	return strings.HasPrefix(code, "08") || strings.HasPrefix(code, "53") || strings.HasPrefix(code, "57")
}

func unreachable(err error) bool {
	var netErr net.Error // context.DeadlineExceeded is one, too
	var connect *pgconn.ConnectError
	if errors.As(err, &netErr) || errors.As(err, &connect) || pgconn.SafeToRetry(err) {
		return true
	}
	lost := []error{context.Canceled, net.ErrClosed, io.EOF, io.ErrUnexpectedEOF, pgconn.ErrConnClosed}
	return slices.ContainsFunc(lost, func(target error) bool { return errors.Is(err, target) })
}

func retryable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// Violates reports whether err is a violation of the named constraint (unique, foreign key, check or exclusion).
func Violates(err error, constraint string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && len(pg.Code) == 5 && pg.Code[:2] == "23" && pg.ConstraintName == constraint
}
