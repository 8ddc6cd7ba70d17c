package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

func databases(t *testing.T, like string) []string {
	t.Helper()
	var names []string
	err := withServer(t.Context(), os.Getenv(Setting), func(ctx context.Context, conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `SELECT datname FROM pg_database WHERE datname LIKE $1`, like)
		if err != nil {
			return err
		}
		names, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestEachTestHasItsOwnMigratedDatabase(t *testing.T) {
	t.Parallel()
	a, b := DB(t), DB(t)
	if _, err := a.Exec(t.Context(), `CREATE TABLE mine (id int)`); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Exec(t.Context(), `CREATE TABLE mine (id int)`); err != nil {
		t.Fatalf("two tests share a database: %v", err)
	}
	for _, table := range []string{"river_job", "goose_db_version"} {
		var n int
		if err := a.QueryRow(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil {
			t.Errorf("not migrated: %v", err)
		}
	}
}

func TestDatabaseEndsWithItsTest(t *testing.T) {
	t.Parallel()
	var name string
	t.Run("uses one", func(t *testing.T) {
		u, err := url.Parse(URL(t))
		if err != nil {
			t.Fatal(err)
		}
		name = strings.TrimPrefix(u.Path, "/")
		if len(databases(t, name)) != 1 {
			t.Fatalf("no database %s", name)
		}
		left, err := pgx.Connect(t.Context(), u.String()) // and not closed
		if err != nil {
			t.Fatal(err)
		}
		if err := left.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	if len(databases(t, name)) != 0 {
		t.Errorf("%s is still there", name)
	}
}

// Test binaries run at the same time and must agree on one template: without the lock they would drop each other's.
func TestTemplateIsMadeOnce(t *testing.T) {
	t.Parallel()
	server, name := os.Getenv(Setting), "template_test_"+rand.Text()
	var makers errgroup.Group
	for range 4 {
		makers.Go(func() error {
			return withServer(t.Context(), server, func(ctx context.Context, conn *pgx.Conn) error {
				return ensureTemplate(ctx, conn, server, name)
			})
		})
	}
	err := makers.Wait()
	t.Cleanup(func() { _ = drop(context.Background(), server, name) })
	if err != nil {
		t.Fatal(err)
	}
	if got := databases(t, name+"%"); len(got) != 1 || got[0] != name {
		t.Errorf("left %q", got)
	}
}

// fatal stands in for a test that is expected to stop.
type fatal struct{ testing.TB }

func (fatal) Helper()                           {}
func (fatal) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func TestMissingServerFails(t *testing.T) {
	t.Setenv(Setting, "")
	defer func() {
		if said := fmt.Sprint(recover()); !strings.Contains(said, "make test") {
			t.Errorf("said %q", said)
		}
	}()
	URL(fatal{t})
}
