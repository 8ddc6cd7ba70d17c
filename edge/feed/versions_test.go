package feed

import (
	"testing"
	"time"

	"encora/shared/wire"
)

func change(pos uint64, tags ...string) wire.Change { return wire.Change{Pos: pos, Tags: tags} }

func newVersions(epoch string, floor uint64) *Versions {
	v := NewVersions(1<<10, time.Now())
	v.Reset(epoch, floor)
	return v
}

func TestApplyRaisesTagsThenPosition(t *testing.T) {
	v := newVersions("e", 10)
	if !v.Apply([]wire.Change{change(11, "movie:1", "movies"), change(12, "!movie:2")}) {
		t.Fatal("a page without a gap was refused")
	}
	st := v.State()
	f := func(tag string, changed, removed uint64) {
		t.Helper()
		if c, r := st.Changed(st.Slot(tag)), st.Removed(st.Slot(tag)); c != changed || r != removed {
			t.Errorf("%s: changed at %d, removed at %d; want %d, %d", tag, c, r, changed, removed)
		}
	}
	f("movie:1", 11, 0)
	f("movies", 11, 0)
	f("movie:2", 12, 12) // hard, and soft as well
	f("movie:3", 0, 0)
	if st.Applied() != 12 {
		t.Errorf("applied %d", st.Applied())
	}
}

func TestApplyPassesOverRepeats(t *testing.T) {
	v := newVersions("e", 10)
	v.Apply([]wire.Change{change(11, "a"), change(12, "b"), change(13, "a")})
	if !v.Apply([]wire.Change{change(11, "a"), change(12, "b")}) {
		t.Fatal("a repeated page was taken for a gap")
	}
	st := v.State()
	if got := st.Changed(st.Slot("a")); got != 13 || st.Applied() != 13 {
		t.Errorf("a repeat lowered a version to %d, applied to %d", got, st.Applied())
	}
}

func TestApplyStopsAtGap(t *testing.T) {
	v := newVersions("e", 10)
	if v.Apply([]wire.Change{change(11, "a"), change(13, "b")}) {
		t.Fatal("a gap was passed over")
	}
	if got := v.State().Applied(); got != 11 {
		t.Errorf("applied %d, want 11", got)
	}
}

func TestResetStartsAnEmptyWorld(t *testing.T) {
	v := newVersions("e", 10)
	v.Apply([]wire.Change{change(11, "a")})
	old := v.State()
	v.Reset("f", 3)
	st := v.State()
	if st.ID == old.ID || st.Epoch != "f" || st.Floor != 3 || st.Applied() != 3 {
		t.Errorf("new world %d %s floor %d applied %d", st.ID, st.Epoch, st.Floor, st.Applied())
	}
	if got := st.Changed(st.Slot("a")); got != 0 {
		t.Errorf("a version of another epoch survived: %d", got)
	}
}

func TestBehindCountsFromTheHead(t *testing.T) {
	start := time.Now()
	v := NewVersions(1<<10, start)
	if _, ok := v.Behind(start); ok {
		t.Error("a head that was never reached counts")
	}
	v.reached(start.Add(3 * time.Second))
	v.reached(start.Add(time.Second)) // a late answer does not turn the time back
	if d, ok := v.Behind(start.Add(10 * time.Second)); !ok || d != 7*time.Second {
		t.Errorf("behind %v %v, want 7s", d, ok)
	}
}
