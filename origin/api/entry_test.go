package api

import (
	"context"
	"slices"
	"strings"
	"testing"

	"encora/shared/op"
)

type described struct {
	ID        string   `json:"id"`
	Tags      []string `json:"tags"`
	Note      *string  `json:"note"`
	UpdatedAt string   `json:"updated_at"`
	private   int
}

func TestChanged(t *testing.T) {
	text := "x"
	before := described{ID: "1", Tags: []string{"a"}, UpdatedAt: "then", private: 1}
	f := func(after described, want ...string) {
		t.Helper()
		if got, err := Changed(before, after); err != nil || !slices.Equal(got, want) {
			t.Errorf("%+v: %q, %v", after, got, err)
		}
	}
	f(before)
	f(described{ID: "1", Tags: []string{"a"}, UpdatedAt: "now"})
	f(described{ID: "2", Tags: []string{"b"}, Note: &text}, "id", "tags", "note")
	f(described{ID: "1"}, "tags")
}

func readNothing(context.Context, *Read, *None) (described, error) { return described{}, nil }

func TestConflictsAreFound(t *testing.T) {
	entries := []Entry{Get("a", "/a", op.Public, readNothing), Ask("b", "/a", op.Public, readNothing), Internal("c", "/c", readNothing)}
	if err := Conflicts(entries); err != nil {
		t.Error(err)
	}
	for _, twice := range []Entry{Get("d", "/a", op.Viewer, readNothing), Get("a", "/d", op.Public, readNothing)} {
		if err := Conflicts(append(entries, twice)); err == nil || !strings.Contains(err.Error(), "a") {
			t.Errorf("%s %s: %v", twice.ID, twice.Path, err)
		}
	}
	ops := Ops(entries)
	if len(ops) != 2 || ops[0].ID != "a" || ops[0].Serve != op.Hot || ops[1].Method != "POST" || ops[1].Serve != op.Origin {
		t.Errorf("got %+v", ops)
	}
}
