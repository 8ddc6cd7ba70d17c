// Package pgtest gives tests databases of their own in a real Postgres.
//
// A migrated template is made once per schema and server, whichever test binary comes first, and each test gets a clone.
package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Setting names the environment variable that holds the server's URL, with rights to create databases.
const Setting = "TEST_DATABASE_URL"

// limit bounds each step of setting up and tearing down, so that a stuck server fails the test by name.
const limit = time.Minute

// DB returns a pool on a fresh, migrated, empty database that nobody else uses. Both end with the test, which must have
// returned its connections by then.
func DB(t testing.TB) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), URL(t))
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// URL is the postgres:// address of a fresh, migrated, empty database that nobody else uses and that ends with the test,
// together with whatever is still connected to it.
func URL(t testing.TB) string {
	t.Helper()
	server := os.Getenv(Setting)
	if server == "" {
		t.Fatalf("pgtest: %s is not set: run `make test`, or `go run ./deploy/local test -- go test ./origin/...`", Setting)
	}
	name := "test_" + rand.Text()
	if err := clone(t.Context(), server, name); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		if err := drop(context.WithoutCancel(t.Context()), server, name); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return onDatabase(server, name)
}

// clone makes the database called name from the template.
func clone(ctx context.Context, server, name string) error {
	template, err := templateName()
	if err != nil {
		return err
	}
	return withServer(ctx, server, func(ctx context.Context, conn *pgx.Conn) error {
		if err := ensureTemplate(ctx, conn, server, template); err != nil {
			return fmt.Errorf("template: %w", err)
		}
		_, err := conn.Exec(ctx, "CREATE DATABASE "+quote(name)+" TEMPLATE "+quote(template))
		return err
	})
}

func drop(ctx context.Context, server, name string) error {
	return withServer(ctx, server, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "DROP DATABASE "+quote(name)+" WITH (FORCE)")
		return err
	})
}

// withServer runs do on a connection to the server's maintenance database.
func withServer(ctx context.Context, server string, do func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return do(ctx, conn)
}

// onDatabase is server's URL with another database.
func onDatabase(server, name string) string {
	u, err := url.Parse(server)
	if err != nil { // pgx has connected with it
		panic(err)
	}
	u.Path = "/" + name
	return u.String()
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
