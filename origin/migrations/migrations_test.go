package migrations_test

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"encora/origin/migrations"
	"encora/origin/pgtest"
)

// emptyDatabase is the URL of a database without anything in it, and a pool on it.
func emptyDatabase(t *testing.T) (string, *pgxpool.Pool) {
	t.Helper()
	url := pgtest.URL(t)
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	if _, err := pool.Exec(t.Context(), `DROP SCHEMA public CASCADE; CREATE SCHEMA public`); err != nil {
		t.Fatal(err)
	}
	return url, pool
}

func TestReplicasMayMigrateAtOnce(t *testing.T) {
	t.Parallel()
	url, pool := emptyDatabase(t)
	var replicas errgroup.Group
	for range 3 {
		replicas.Go(func() error { return migrations.Up(t.Context(), url) })
	}
	if err := replicas.Wait(); err != nil {
		t.Fatal(err)
	}
	files, err := migrations.Files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var applied, distinct int
	const q = `SELECT count(*), count(DISTINCT version_id) FROM goose_db_version WHERE version_id > 0`
	if err := pool.QueryRow(t.Context(), q).Scan(&applied, &distinct); err != nil {
		t.Fatal(err)
	}
	if applied != len(files) || distinct != len(files) {
		t.Errorf("%d migrations applied, %d of them different, of %d files", applied, distinct, len(files))
	}
	if _, err := pool.Exec(t.Context(), `SELECT FROM river_job`); err != nil {
		t.Error(err)
	}
}

func TestPoolSettingsOfTheURLDoNotStallMigrations(t *testing.T) {
	t.Parallel()
	url, _ := emptyDatabase(t)
	if err := migrations.Up(t.Context(), url+"&pool_max_conns=1"); err != nil {
		t.Fatal(err)
	}
}

func TestImmutableUnaccent(t *testing.T) {
	t.Parallel()
	pool := pgtest.DB(t)
	f := func(input, want string) {
		t.Helper()
		var got string
		if err := pool.QueryRow(t.Context(), `SELECT lower(immutable_unaccent($1))`, input).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%q became %q, want %q", input, got, want)
		}
	}
	f("Amélie", "amelie")
	f("ÅÄÖ Œuvre Straße", "aao oeuvre strasse")
	f("Ночь", "ночь")
	f("東京物語", "東京物語")
	f("", "")
	const q = `CREATE TABLE films (title text); CREATE INDEX ON films USING gin (lower(immutable_unaccent(title)) gin_trgm_ops);
		SET search_path = pg_temp; INSERT INTO public.films VALUES ('Amélie')`
	if _, err := pool.Exec(t.Context(), q); err != nil {
		t.Errorf("an index on it: %v", err)
	}
}
