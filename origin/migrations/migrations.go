// Package migrations holds the database's schema as numbered goose files and brings a database up to it.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// Files are the schema's migrations, in goose's format, applied in the order of their numbers and never changed once released.
//
//go:embed *.sql
var Files embed.FS

// Several replicas may migrate at once: one works, the others ask once a second whether they may, for ten minutes. They
// ask rather than wait, since a waiting statement's snapshot would hold up CREATE INDEX CONCURRENTLY for ever.
const (
	lockPeriod = 1 // seconds
	lockTries  = 600
)

// Up brings the database at databaseURL to the newest schema: river's tables, then Files. It is safe to call from several
// processes at once, and does nothing on a database that is up to date. databaseURL must reach Postgres directly: the lock
// belongs to a session, which a transaction pooler would not keep.
func Up(ctx context.Context, databaseURL string) error {
	pool, err := connect(ctx, databaseURL)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer pool.Close()
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()

	unlock, err := acquire(ctx, db)
	if err != nil {
		return fmt.Errorf("migrate: lock: %w", err)
	}
	defer unlock()
	if err := upRiver(ctx, pool); err != nil {
		return fmt.Errorf("migrate: river: %w", err)
	}
	if err := upFiles(ctx, db); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// connect opens a pool that has a connection each for the lock, goose and river, whatever pool_max_conns the URL sets.
func connect(ctx context.Context, databaseURL string) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		return nil, err
	}
	cfg.MaxConns = 3
	return pgxpool.NewWithConfig(ctx, cfg)
}

// acquire takes the one lock under which all migrations run.
func acquire(ctx context.Context, db *sql.DB) (func(), error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(lockPeriod, lockTries))
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if err := locker.SessionLock(ctx, conn); err != nil {
		conn.Close()
		return nil, err
	}
	return func() {
		// The pool is closed next, which ends the session and its lock in any case.
		_ = locker.SessionUnlock(context.WithoutCancel(ctx), conn)
		conn.Close()
	}, nil
}

func upRiver(ctx context.Context, pool *pgxpool.Pool) error {
	river, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return err
	}
	_, err = river.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

func upFiles(ctx context.Context, db *sql.DB) error {
	provider, err := goose.NewProvider(goose.DialectPostgres, db, Files)
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}
