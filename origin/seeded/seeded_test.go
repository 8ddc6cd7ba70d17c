package seeded_test

import (
	"maps"
	"testing"
	"time"

	"encora/origin/pgdb"
	"encora/origin/pgtest"
	"encora/origin/seeded"
)

func TestWhatWasPutIsRemembered(t *testing.T) {
	t.Parallel()
	db, err := pgdb.Open(t.Context(), pgtest.URL(t), 2)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	marks := seeded.Marks{DB: db}
	first, later := time.Date(2026, 3, 1, 5, 0, 0, 0, time.UTC), time.Date(2026, 3, 9, 5, 0, 0, 0, time.UTC)
	for _, put := range []struct {
		until time.Time
		keys  []string
	}{{time.Time{}, []string{"film one", "film two"}}, {first, []string{"a", "b"}}, {later, []string{"b"}}, {later, nil}, {time.Time{}, []string{"film one"}}} {
		if err := marks.Put(t.Context(), put.until, put.keys...); err != nil {
			t.Fatal(err)
		}
	}
	got, err := marks.All(t.Context())
	want := map[string]time.Time{"film one": {}, "film two": {}, "a": first, "b": later}
	if err != nil || !maps.EqualFunc(got, want, time.Time.Equal) {
		t.Errorf("%v %v, want %v", got, err, want)
	}
}
