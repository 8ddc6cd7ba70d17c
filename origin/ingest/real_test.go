package ingest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every film set in DATA_DIR/films is read to its end, and nearly all of it is taken: what isn't has a reason.
func TestRealFilms(t *testing.T) {
	dir := os.Getenv("DATA_DIR")
	if dir == "" {
		t.Skip("DATA_DIR names no folder of real files")
	}
	names, err := filepath.Glob(filepath.Join(dir, "films", "*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no films in %s: %v", dir, err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if strings.Contains(filepath.Base(name), "genres") {
				if labels, err := ReadLabels(f); err != nil || len(labels) < 100 {
					t.Errorf("%d labels, %v", len(labels), err)
				}
				return
			}
			taken, rejected := 0, 0
			for rec, err := range Read(f, nil) {
				var reject *Reject
				switch {
				case errors.As(err, &reject):
					if rejected++; reject.Line == 0 || reject.Reason == "" {
						t.Errorf("rejected without saying why: %v", reject)
					}
				case err != nil:
					t.Fatal(err)
				default:
					if taken++; rec.Film.Title == "" || rec.Film.Key == "" || rec.Film.ReleaseYear == 0 {
						t.Errorf("line %d: %+v", rec.Line, rec.Film)
					}
				}
			}
			t.Logf("%d taken, %d rejected", taken, rejected)
			if taken < 1000 || rejected > taken/3 {
				t.Errorf("%d taken, %d rejected", taken, rejected)
			}
		})
	}
}
