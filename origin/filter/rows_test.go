package filter

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"encora/origin/pgtest"
)

// row is a title. Its id is its number; parent is the number of its show, or 0.
type row struct {
	contentType, title, slug, contentRating, studio string
	parent                                          int
	year, runtime, ratings                          int
	rating                                          float64
	premium, drm                                    bool
	available                                       time.Time // open if zero
	created, updated                                time.Time
	genres, countries, languages                    []string
}

// schema shadows whatever tables there are by these names.
const schema = `
	CREATE TEMP TABLE titles (id uuid NOT NULL, content_type text NOT NULL, parent_id uuid, title text NOT NULL, slug text NOT NULL,
		content_rating text NOT NULL, release_year int NOT NULL, runtime_minutes int NOT NULL, country_of_origin text[] NOT NULL,
		audio_languages text[] NOT NULL, studio text NOT NULL, average_rating float8 NOT NULL, rating_count int NOT NULL,
		is_premium bool NOT NULL, drm_required bool NOT NULL, available_from timestamptz NOT NULL, created_at timestamptz NOT NULL,
		updated_at timestamptz NOT NULL);
	CREATE TEMP TABLE genres (id uuid NOT NULL, slug text NOT NULL);
	CREATE TEMP TABLE title_genres (content_id uuid NOT NULL, genre_id uuid NOT NULL)`

// collated has text in an order of people's, where the server knows one, so that it is not by chance that of code points.
const collated = `SELECT replace($1, 'text NOT NULL', 'text ' || coalesce((SELECT 'COLLATE "und-x-icu"' FROM pg_collation
	WHERE collname = 'und-x-icu'), '') || ' NOT NULL')`

// database is a connection to tables of its own.
func database(t testing.TB) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), pgtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // its database goes with it
	var ddl string
	if err := conn.QueryRow(t.Context(), collated, schema).Scan(&ddl); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "SET jit = off;"+ddl); err != nil { // as for the origin's pool
		t.Fatal(err)
	}
	return conn
}

func idOf(n int) uuid.UUID { return uuid.UUID{14: byte(n >> 8), 15: byte(n)} }

// fill makes rows all that the tables hold.
func fill(t fataler, conn *pgx.Conn, rows []row) {
	t.Helper()
	b := &pgx.Batch{}
	b.Queue(`TRUNCATE titles, genres, title_genres`)
	known := map[string]int{}
	for i, r := range rows {
		b.Queue(`INSERT INTO titles VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
			idOf(i+1), r.contentType, parentID(r), r.title, r.slug, r.contentRating, r.year, r.runtime, list(r.countries),
			list(r.languages), r.studio, r.rating, r.ratings, r.premium, r.drm, openOr(r.available), r.created, r.updated)
		for _, slug := range r.genres {
			if known[slug] == 0 {
				known[slug] = len(known) + 1
				b.Queue(`INSERT INTO genres VALUES ($1, $2)`, idOf(known[slug]), slug)
			}
			b.Queue(`INSERT INTO title_genres VALUES ($1, $2)`, idOf(i+1), idOf(known[slug]))
		}
	}
	if err := conn.SendBatch(context.Background(), b).Close(); err != nil {
		t.Fatalf("rows: %v", err)
	}
}

func parentID(r row) *uuid.UUID {
	if r.parent == 0 {
		return nil
	}
	id := idOf(r.parent)
	return &id
}

func list(items []string) []string { return append([]string{}, items...) }

func openOr(at time.Time) pgtype.Timestamptz {
	if at.IsZero() {
		return pgtype.Timestamptz{InfinityModifier: pgtype.NegativeInfinity, Valid: true}
	}
	return pgtype.Timestamptz{Time: at, Valid: true}
}

// fataler is what tests and rapid's have in common.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// run is what f says of each row, in order; a NULL fails.
func run(t fataler, conn *pgx.Conn, f *Filter) []bool {
	t.Helper()
	sql, args := f.SQL("t", "f")
	rows, err := conn.Query(context.Background(), `SELECT `+sql+` FROM titles t ORDER BY t.id`, pgx.StrictNamedArgs(args))
	if err != nil {
		t.Fatalf("%s\n%s\n%v", f, sql, err)
	}
	said, err := pgx.CollectRows(rows, pgx.RowTo[bool])
	if err != nil {
		t.Fatalf("%s\n%s\n%v", f, sql, err)
	}
	return said
}

func mustCompile(t fataler, text string) *Filter {
	t.Helper()
	f, problems := Compile(text)
	if f == nil {
		t.Fatalf("%s\nis refused: %v", text, problems)
	}
	return f
}
