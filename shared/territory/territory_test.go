package territory

import (
	"slices"
	"testing"
)

func TestCodes(t *testing.T) {
	if len(codes) != Count || !slices.IsSorted(codes) || len(slices.Compact(slices.Clone(codes))) != Count {
		t.Fatalf("%d codes, want %d in order without repeats", len(codes), Count)
	}
	for i, c := range codes {
		if got, ok := Index(c); !ok || got != i || Code(got) != c || Valid(c) != (c != Unknown) {
			t.Errorf("%s: index %d, %v, valid %v", c, got, ok, Valid(c))
		}
	}
}

func TestNoCodes(t *testing.T) {
	for _, c := range []string{"", "G", "GBR", "gb", "Gb", "UK", "AN", "SU", "XK", "EU", "XX", "T1", "A1", "AA", "@@", "[[", "G ", "Ä"} {
		if _, ok := Index(c); ok || Valid(c) {
			t.Errorf("%q is taken for a country", c)
		}
	}
}
