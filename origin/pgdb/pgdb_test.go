package pgdb

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"

	"encora/origin/pgtest"
	"encora/shared/fault"
)

// open gives a pool on a database with one table, (id int primary key, n int), that holds rows 1 and 2.
func open(t *testing.T, maxConns int32) *DB {
	t.Helper()
	db, err := Open(t.Context(), pgtest.URL(t), maxConns)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	exec(t, db, `CREATE TABLE t (id int PRIMARY KEY CONSTRAINT t_id CHECK (id > 0), n int NOT NULL)`)
	exec(t, db, `INSERT INTO t VALUES (1, 0), (2, 0)`)
	return db
}

func exec(t *testing.T, db *DB, q string) {
	t.Helper()
	if _, err := db.Pool().Exec(t.Context(), q); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, db *DB, q string) int {
	t.Helper()
	var n int
	if err := db.Pool().QueryRow(t.Context(), q).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// wantUnavailable checks that a caller is told to come back, and that the log learns why.
func wantUnavailable(t *testing.T, err error, cause string) {
	t.Helper()
	f := fault.Of(err)
	if f.Status() != http.StatusServiceUnavailable || f.RetryAfter <= 0 {
		t.Errorf("%v is %d, Retry-After %v", err, f.Status(), f.RetryAfter)
	}
	if err != nil && !strings.Contains(err.Error(), cause) {
		t.Errorf("the log would say %q without %q", err, cause)
	}
}

func run(q string) func(pgx.Tx) error {
	return func(tx pgx.Tx) error {
		_, err := tx.Exec(context.Background(), q)
		return err
	}
}

func TestExhaustedPoolAnswersSoon(t *testing.T) {
	t.Parallel()
	db := open(t, 1)
	held, err := db.Pool().Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	err = db.Write(t.Context(), run(`SELECT 1`))
	if took := time.Since(began); took < acquireTimeout || took > acquireTimeout+200*time.Millisecond {
		t.Errorf("answered after %v", took)
	}
	wantUnavailable(t, err, "acquire connection")
	held.Release()
	if err := db.Write(t.Context(), run(`SELECT 1`)); err != nil {
		t.Errorf("with the connection back: %v", err)
	}
}

// A request whose time is over before it has a connection is an outage to its caller, not a defect of ours.
func TestRequestThatEndsWhileItWaitsForAConnection(t *testing.T) {
	t.Parallel()
	db := open(t, 1)
	held, err := db.Pool().Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer held.Release()
	late, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	wantUnavailable(t, db.Snapshot(late, run(`SELECT 1`)), "deadline exceeded")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	wantUnavailable(t, db.Snapshot(gone, run(`SELECT 1`)), "canceled")
}

func TestLimitsAreSet(t *testing.T) {
	t.Parallel()
	db := open(t, 2)
	for setting, want := range map[string]string{"statement_timeout": "5s", "lock_timeout": "2s",
		"idle_in_transaction_session_timeout": "10s", "TimeZone": "UTC", "application_name": "encora-origin"} {
		var got string
		if err := db.Pool().QueryRow(t.Context(), `SELECT current_setting($1)`, setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %q, %v; want %q", setting, got, err, want)
		}
	}
}

func TestWhatDatabaseErrorsMean(t *testing.T) {
	t.Parallel()
	db := open(t, 4)
	err := db.Write(t.Context(), func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `SET LOCAL statement_timeout = 20`); err != nil {
			return err
		}
		return run(`SELECT pg_sleep(2)`)(tx)
	})
	wantUnavailable(t, err, "statement timeout")

	locker, err := db.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := run(`SELECT * FROM t WHERE id = 1 FOR UPDATE`)(locker); err != nil {
		t.Fatal(err)
	}
	err = db.Write(t.Context(), run(`SET LOCAL lock_timeout = 20; SELECT * FROM t WHERE id = 1 FOR UPDATE`))
	wantUnavailable(t, err, "lock timeout")
	if err := locker.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}

	for _, code := range []string{"08006", "53100", "53200", "53300", "57014", "57P01", "57P03", "25006"} {
		wantUnavailable(t, meaning(fmt.Errorf("insert: %w", &pgconn.PgError{Code: code, Message: "reason " + code})), code)
	}
	for _, q := range []string{`SELECT 1/0`, `INSERT INTO t VALUES (1, 1)`, `SELECT nothing`} {
		if f := fault.Of(db.Write(t.Context(), run(q))); f.Code != fault.Internal {
			t.Errorf("%s is %s", q, f.Code)
		}
	}
	conflict := fault.New(fault.Conflict, "Taken.")
	if err := db.Write(t.Context(), func(pgx.Tx) error { return conflict }); !errors.Is(err, error(conflict)) {
		t.Errorf("a fault came back as %v", err)
	}
}

func TestUnreachableServer(t *testing.T) {
	t.Parallel()
	db := open(t, 2)
	cut := func(tx pgx.Tx) error {
		tx.Conn().PgConn().Conn().Close()
		return run(`SELECT 1`)(tx)
	}
	wantUnavailable(t, db.Write(t.Context(), cut), "")
	err := db.Write(t.Context(), func(tx pgx.Tx) error {
		pid := tx.Conn().PgConn().PID()
		if _, err := db.Pool().Exec(t.Context(), `SELECT pg_terminate_backend($1, 2000)`, pid); err != nil {
			t.Fatal(err)
		}
		return run(`SELECT 1`)(tx)
	})
	wantUnavailable(t, err, "terminat")
	if err := db.Write(t.Context(), run(`SELECT 1`)); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if _, err := Open(t.Context(), "postgres://127.0.0.1:1/none", 1); err == nil {
		t.Error("opened a database that isn't there")
	}
}

// Two transactions that take the same rows in opposite orders deadlock; the victim runs again and both get through.
func TestDeadlockIsTriedAgain(t *testing.T) {
	t.Parallel()
	db := open(t, 4)
	var both sync.WaitGroup
	both.Add(2)
	runs := make([]int, 2)
	swap := func(i, first, second int) error {
		return db.Write(t.Context(), func(tx pgx.Tx) error {
			runs[i]++
			const q = `UPDATE t SET n = n + 1 WHERE id = $1`
			if _, err := tx.Exec(t.Context(), `SET LOCAL deadlock_timeout = 20`); err != nil {
				return err
			}
			if _, err := tx.Exec(t.Context(), q, first); err != nil {
				return err
			}
			if runs[i] == 1 {
				both.Done()
				both.Wait()
			}
			if _, err := tx.Exec(t.Context(), q, second); err != nil {
				return err
			}
			return tx.Commit(t.Context())
		})
	}
	var g errgroup.Group
	g.Go(func() error { return swap(0, 1, 2) })
	g.Go(func() error { return swap(1, 2, 1) })
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if runs[0]+runs[1] < 3 {
		t.Errorf("runs %v: nothing was tried again", runs)
	}
	if n := count(t, db, `SELECT sum(n) FROM t`); n != 4 {
		t.Errorf("sum %d, want 4", n)
	}
}

func TestRetriesAreBounded(t *testing.T) {
	t.Parallel()
	db := open(t, 2)
	runs := 0
	err := db.Write(t.Context(), func(tx pgx.Tx) error {
		runs++
		return run(`DO $$ BEGIN RAISE 'again' USING ERRCODE = 'serialization_failure'; END $$`)(tx)
	})
	wantUnavailable(t, err, "again")
	if runs != retryLimit {
		t.Errorf("%d runs", runs)
	}
	runs = 0
	_ = db.Write(t.Context(), func(tx pgx.Tx) error { runs++; return run(`SELECT 1/0`)(tx) })
	if runs != 1 {
		t.Errorf("another error was tried %d times", runs)
	}
}

func TestCommitIsAllOrNothing(t *testing.T) {
	t.Parallel()
	db := open(t, 2)
	insert := func(ids ...int) func(pgx.Tx) error {
		return func(tx pgx.Tx) error {
			batch := &pgx.Batch{}
			for _, id := range ids {
				batch.Queue(`INSERT INTO t VALUES ($1, 7)`, id)
			}
			return Commit(t.Context(), tx, batch)
		}
	}
	if err := db.Write(t.Context(), insert(10, 11)); err != nil {
		t.Fatal(err)
	}
	err := db.Write(t.Context(), insert(12, 10, 13))
	if !Violates(err, "t_pkey") || Violates(err, "t_id") {
		t.Errorf("got %v", err)
	}
	if err := db.Write(t.Context(), insert(-1, 14)); !Violates(err, "t_id") {
		t.Errorf("got %v", err)
	}
	if n := count(t, db, `SELECT count(*) FROM t WHERE n = 7`); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
	if stat := db.Pool().Stat(); stat.AcquiredConns() != 0 || stat.TotalConns() == 0 { // the pool may be opening another one
		t.Errorf("%d of %d connections are in use", stat.AcquiredConns(), stat.TotalConns())
	}
}

// COMMIT answers ROLLBACK, and no error, when an earlier statement of the transaction failed: a write that overlooked
// that failure must not be acknowledged.
func TestCommitOfAFailedTransactionFails(t *testing.T) {
	t.Parallel()
	db := open(t, 2)
	err := db.Write(t.Context(), func(tx pgx.Tx) error {
		if err := run(`INSERT INTO t VALUES (10, 7)`)(tx); err != nil {
			return err
		}
		_ = run(`SELECT 1/0`)(tx)
		return Commit(t.Context(), tx, &pgx.Batch{})
	})
	if n := count(t, db, `SELECT count(*) FROM t WHERE n = 7`); err == nil || n != 0 {
		t.Errorf("error %v with %d rows", err, n)
	}
}

func TestWriteThatDoesNotCommitIsRolledBack(t *testing.T) {
	t.Parallel()
	db := open(t, 1)
	if err := db.Write(t.Context(), run(`INSERT INTO t VALUES (10, 7)`)); err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = db.Write(t.Context(), func(tx pgx.Tx) error {
			_ = run(`INSERT INTO t VALUES (11, 7)`)(tx)
			panic("in a handler")
		})
	}()
	if n := count(t, db, `SELECT count(*) FROM t WHERE n = 7`); n != 0 {
		t.Errorf("%d rows", n)
	}
}

// A client that goes away mid-write frees its locks and its place in the pool, whatever the server was doing.
func TestCancelledWriteLeavesThePoolHealthy(t *testing.T) {
	t.Parallel()
	db := open(t, 1)
	for _, inQuery := range []bool{true, false} {
		ctx, cancel := context.WithCancel(t.Context())
		err := db.Write(ctx, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `INSERT INTO t VALUES (10, 7)`); err != nil {
				return err
			}
			if !inQuery {
				cancel()
				return ctx.Err()
			}
			time.AfterFunc(20*time.Millisecond, cancel)
			_, err := tx.Exec(ctx, `SELECT pg_sleep(4)`)
			return err
		})
		cancel()
		wantUnavailable(t, err, "cancel")
		if err := db.Write(t.Context(), run(`SELECT 1`)); err != nil {
			t.Errorf("the next write: %v", err)
		}
		if n := count(t, db, `SELECT count(*) FROM t WHERE n = 7`); n != 0 {
			t.Errorf("%d rows", n)
		}
	}
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	db := open(t, 2)
	err := db.Snapshot(t.Context(), func(tx pgx.Tx) error {
		var before, after int
		const q = `SELECT count(*) FROM t`
		if err := tx.QueryRow(t.Context(), q).Scan(&before); err != nil {
			return err
		}
		exec(t, db, `INSERT INTO t VALUES (10, 7)`)
		if err := tx.QueryRow(t.Context(), q).Scan(&after); err != nil {
			return err
		}
		if before != 2 || after != 2 {
			t.Errorf("saw %d, then %d rows", before, after)
		}
		return run(`INSERT INTO t VALUES (11, 7)`)(tx)
	})
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "25006" {
		t.Errorf("a snapshot could write: %v", err)
	}
}

// What a read runs is planned for the data that there are, every time; what a write runs may be planned once.
func TestReadsArePlannedEachTime(t *testing.T) {
	t.Parallel()
	db := open(t, 1)
	mode := func(want string) func(pgx.Tx) error {
		return func(tx pgx.Tx) error {
			var got string
			if err := tx.QueryRow(t.Context(), `SHOW plan_cache_mode`).Scan(&got); err != nil || got != want {
				t.Errorf("planned by %q, want %q: %v", got, want, err)
			}
			return nil
		}
	}
	for range 2 { // on one connection: nothing of it stays
		if err := errors.Join(db.Snapshot(t.Context(), mode("force_custom_plan")), db.Write(t.Context(), mode("auto"))); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTimesAreUTC(t *testing.T) {
	t.Parallel()
	db := open(t, 1)
	var at time.Time
	if err := db.Pool().QueryRow(t.Context(), `SELECT '2026-03-04 05:06:07+02'::timestamptz`).Scan(&at); err != nil {
		t.Fatal(err)
	}
	if got := at.Format(time.RFC3339); got != "2026-03-04T03:06:07Z" {
		t.Error(got)
	}
}
