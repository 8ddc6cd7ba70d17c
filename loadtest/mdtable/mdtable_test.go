package mdtable

import (
	"slices"
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	table := Table{Title: "Hits", Columns: []string{"subject", "req/s:"}}
	table.Add("edge", 51234)
	table.Add("a|b é", 7.5)
	var b strings.Builder
	if _, err := table.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	want := `### Hits

| subject | req/s |
| ------- | ----: |
| edge    | 51234 |
| a\|b é  |   7.5 |

`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestMedian(t *testing.T) {
	f := func(want float64, in ...float64) {
		t.Helper()
		before := slices.Clone(in)
		if got := Median(in); got != want {
			t.Errorf("Median(%v) = %v, want %v", in, got, want)
		}
		if !slices.Equal(before, in) {
			t.Error("Median changed its argument's order")
		}
	}
	f(0)
	f(3, 3)
	f(2, 9, 1, 2)
	f(2.5, 4, 1, 2, 3)
}

// Ratios of paired rounds, not the ratio of medians: a machine that slows down for one round slows both of its halves.
func TestRatiosArePaired(t *testing.T) {
	edge, peer := []float64{90, 45, 80, 0}, []float64{100, 50, 0, 10}
	if got := Ratios(edge, peer); !slices.Equal(got, []float64{0.9, 0.9, 0}) {
		t.Errorf("Ratios = %v", got)
	}
	if got := Ratios(edge, nil); got != nil {
		t.Errorf("Ratios against nothing = %v", got)
	}
}
