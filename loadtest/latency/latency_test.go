package latency

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestQuantiles(t *testing.T) {
	var r Recorder
	for i := 1; i <= 1000; i++ {
		r.Record("getMovie", time.Duration(i)*time.Millisecond, 200, nil)
	}
	row := r.Rows(10 * time.Second)[0]
	for name, pair := range map[string][2]float64{
		"p50": {row.P50, 500}, "p90": {row.P90, 900}, "p99": {row.P99, 990}, "p99.9": {row.P999, 999}, "max": {row.Max, 1000},
	} {
		if math.Abs(pair[0]-pair[1]) > pair[1]*0.002 {
			t.Errorf("%s = %.3f ms, want %.0f within three digits", name, pair[0], pair[1])
		}
	}
	if row.PerSecond != 100 {
		t.Errorf("%.1f a second, want 100", row.PerSecond)
	}
}

func TestRowsAddUp(t *testing.T) {
	var r Recorder
	r.Record("listMovies", time.Millisecond, 200, nil)
	r.Record("getMovie", 2*time.Millisecond, 304, nil)
	r.Record("getMovie", 3*time.Millisecond, 503, errors.New("status 503"))
	r.Record("getMovie", time.Hour, 0, errors.New("no answer")) // no answer, and longer than the histogram is wide
	r.Record("getMovie", -time.Second, 404, nil)
	rows := r.Rows(time.Second)
	if len(rows) != 3 || rows[0].Op != "listMovies" || rows[1].Op != "getMovie" || rows[2].Op != All {
		t.Fatalf("rows %+v", rows)
	}
	if all := rows[2]; all.Count != 5 || all.Errors != 2 || all.statuses() != "none 1, 2xx 1, 3xx 1, 4xx 1, 5xx 1" {
		t.Errorf("all %+v (%s)", all, all.statuses())
	}
	if got := rows[1].Max; got < 299_000 || got > 301_000 {
		t.Errorf("an hour was recorded as %v ms, want the widest value, 5 minutes", got)
	}
}

func TestFirstFaultsAreKeptInWords(t *testing.T) {
	var r Recorder
	r.Record("getMovie", time.Millisecond, 200, nil)
	for i := range 100 {
		r.Record("getMovie", time.Millisecond, 500, fmt.Errorf("number %d", i))
	}
	var b strings.Builder
	if err := Explain(&b, r.Faults()); err != nil {
		t.Fatal(err)
	}
	if want := "First errors:\n\n- getMovie: number 0\n"; !strings.HasPrefix(b.String(), want) || strings.Count(b.String(), "number") != keptFaults {
		t.Errorf("explained as\n%s", b.String())
	}
	b.Reset()
	if err := Explain(&b, nil); err != nil || b.Len() != 0 {
		t.Errorf("nothing explained as %q, %v", b.String(), err)
	}
}

func TestConcurrentRecords(t *testing.T) {
	var r Recorder
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				r.Record("getMovie", time.Millisecond, 200, nil)
			}
		})
	}
	wg.Wait()
	if n := r.Rows(time.Second)[0].Count; n != 4000 {
		t.Errorf("%d recorded, want 4000", n)
	}
}

func TestLimits(t *testing.T) {
	var r Recorder
	none := Limits{MaxErrors: -1}
	if none.Check(r.Rows(time.Second)) == nil {
		t.Error("a run without requests passed")
	}
	r.Record("getMovie", 40*time.Millisecond, 500, errors.New("no answer"))
	rows := r.Rows(time.Second)
	if err := none.Check(rows); err != nil {
		t.Errorf("no limits: %v", err)
	}
	if err := (Limits{MaxErrors: 1, MaxP99: 50 * time.Millisecond}).Check(rows); err != nil {
		t.Errorf("within limits: %v", err)
	}
	err := Limits{MaxErrors: 0, MaxP99: 30 * time.Millisecond}.Check(rows)
	if err == nil || !strings.Contains(err.Error(), "1 errors") || !strings.Contains(err.Error(), "p99 40") {
		t.Errorf("both limits broken: %v", err)
	}
}

func TestTableHoldsEveryRow(t *testing.T) {
	var r Recorder
	r.Record("listGenres", time.Millisecond, 200, nil)
	var b strings.Builder
	if _, err := Table("Fleet", r.Rows(time.Second)).WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"### Fleet", "| listGenres ", "| all ", "2xx 1", "1.00"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("table lacks %q:\n%s", want, b.String())
		}
	}
}
