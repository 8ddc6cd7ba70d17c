package playback

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/origin/apitest"
	"encora/shared/wire"
)

// finish ends all sessions of accounts, each in a write of its own, and returns what edges are to hear.
func (b *bundle) finish(accounts ...*viewer) []wire.End {
	b.t.Helper()
	var all []wire.End
	for _, v := range accounts {
		for _, id := range b.held(v) {
			all = append(all, wire.End{SessionID: id, Reason: wire.ReasonEnded})
		}
		b.write(func(w *write) error { return b.d.EndSessions(b.t.Context(), w, v.account, nil, wire.ReasonEnded) })
	}
	return all
}

// inShard is an account's id of a shard.
func inShard(shard int) uuid.UUID {
	id := newID()
	id[15] = byte(shard)
	return id
}

// Every edge is told of each end once, by shard and in order.
func TestEndsAreToldOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var accounts []*viewer
	for _, shard := range []int{0, 0, 7, 15} {
		v := b.viewerOf(inShard(shard), 2)
		b.began(v.film())
		b.began(v.film())
		accounts = append(accounts, v)
	}
	early := b.finish(accounts[3])
	if out := b.sync("a"); out.Ended != nil || !slices.Equal(out.Ends, []uint64{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}) {
		t.Errorf("an edge that knows nothing is told %+v after %v", out, early)
	}
	b.sync("b")
	want := b.finish(accounts[0], accounts[1], accounts[2])
	for _, name := range []string{"a", "b"} {
		if out := b.sync(name); !slices.Equal(out.Ended, want) || out.More {
			t.Errorf("edge %s: %+v, want %v", name, out, want)
		}
		if out := b.sync(name); out.Ended != nil {
			t.Errorf("edge %s again: %+v", name, out)
		}
	}
	if got := b.edges["a"].ends; got[0] != 4 || got[7] != 2 || got[15] != 2 {
		t.Errorf("ends %v", got)
	}
}

// A lost answer is asked for again, and is the same.
func TestEndsAfterALostAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(1)
	b.began(v.film())
	b.sync("a")
	known := b.edges["a"].ends
	want := b.finish(v)
	for range 2 {
		b.edges["a"].ends = known
		if out := b.sync("a"); !slices.Equal(out.Ended, want) {
			t.Errorf("told %+v, want %v", out, want)
		}
	}
}

// Of very many ends in a shard an edge is told in parts, while the others' go on.
func TestManyEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sync("a")
	one, other := b.viewerOf(inShard(3), 1), b.viewerOf(inShard(4), 1)
	b.began(other.film())
	const n = 2*maxEnds + 10
	b.Exec(`INSERT INTO stream_sessions SELECT $1, gen_random_uuid(), $2, $2, $2, 'movie', $2, 'Metropolis', 9000,
		'', '', NULL, NULL, $3, $3, $3, NULL, $3, 0 FROM generate_series(1, $4)`, one.account, one.device, t0, n)
	want := b.finish(one)
	rest := b.finish(other)
	var got []wire.End
	for part, more := range []bool{true, true, false} {
		out := b.sync("a")
		if out.More != more {
			t.Errorf("part %d has more: %v", part, out.More)
		}
		if part == 0 {
			if !slices.Equal(out.Ended[maxEnds:], rest) {
				t.Errorf("the other shard: %v, want %v", out.Ended[maxEnds:], rest)
			}
			out.Ended = out.Ended[:maxEnds]
		}
		got = append(got, out.Ended...)
	}
	if !slices.Equal(got, want) || b.edges["a"].ends[3] != n {
		t.Errorf("%d ends of %d, up to %v", len(got), n, b.edges["a"].ends)
	}
	if out := b.sync("a"); out.Ended != nil || out.More {
		t.Errorf("after all %+v", out)
	}
}

// A database that was restored knows less than the edge: the edge falls back to what is.
func TestEndsFromTheFuture(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(1)
	b.began(v.film())
	b.finish(v)
	for _, pos := range []uint64{2, 1 << 40, math.MaxInt64, math.MaxUint64} {
		b.edges["a"] = &edge{id: newID().String(), ends: slices.Repeat([]uint64{pos}, wire.EndShards)}
		out := b.sync("a")
		if out.Ended != nil || out.Ends[wire.EndShard(v.account)] != 1 {
			t.Errorf("from %d: %+v", pos, out)
		}
	}
	b.began(v.film())
	want := b.finish(v)
	if out := b.sync("a"); !slices.Equal(out.Ended, want) {
		t.Errorf("told %+v, want %v", out, want)
	}
}

// An edge that was away for long is told how far ends have come, not of each: its beats tell of the sessions that it has.
func TestEndsOfLongAgo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(1)
	first := b.began(v.film())
	b.sync("a")
	b.finish(v)
	b.at(10 * time.Minute)
	b.began(v.film())
	want := b.finish(v)
	b.at(tellFor)
	if out := b.sync("a", beat(first, time.Second, 1)); !slices.Equal(out.Ended, want) || out.Ends[wire.EndShard(v.account)] != 2 ||
		!slices.Equal(out.Gone, []wire.End{{SessionID: first.SessionID, Reason: wire.ReasonEnded}}) {
		t.Errorf("told %+v, want %v", out, want)
	}
}

// far is past every partition that the migrations make.
var far = time.Date(2041, 1, 30, 23, 30, 0, 0, time.UTC)

func (b *bundle) tidy(at time.Time) {
	b.t.Helper()
	b.Set(at)
	if err := b.d.Tidy(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

func TestTidy(t *testing.T) {
	t.Parallel()
	b := setup(t)
	partitions := func() []string {
		return apitest.Column[string](b.Bundle, `SELECT relname::text FROM pg_class WHERE relname ^@ 'session_ends_2041' AND relkind = 'r' ORDER BY 1`)
	}
	v := b.viewer(1)
	b.Exec(`UPDATE accounts SET current_period_end = $1`, far.AddDate(1, 0, 0))
	b.tidy(far)
	b.tidy(far)
	if got := partitions(); len(got) != 8 || got[0] != "session_ends_20410130" || got[7] != "session_ends_20410206" {
		t.Errorf("partitions %q", got)
	}
	b.sync("a")
	s := b.began(v.film())
	b.finish(v)
	midnight := far.Truncate(24 * time.Hour).Add(24 * time.Hour)
	b.tidy(midnight.Add(keepEnds - time.Second))
	if got := b.find(s.AccountID, s.SessionID); got != "410 ended" {
		t.Errorf("kept: %s", got)
	}
	if n := apitest.Column[int](b.Bundle, `SELECT count(*) FROM beat_intake`); n[0] != 0 {
		t.Error("an edge that is gone for two days is known")
	}
	b.sync("a")
	b.tidy(midnight.Add(keepEnds))
	if got := b.find(s.AccountID, s.SessionID); got != "404" || partitions()[0] != "session_ends_20410131" {
		t.Errorf("after its keeping: %s; partitions %q", got, partitions())
	}
	if n := apitest.Column[int](b.Bundle, `SELECT count(*) FROM beat_intake`); n[0] != 1 {
		t.Error("an edge was forgotten")
	}
}

// An origin that was down for weeks ends sessions before it tidies up.
func TestTidyAfterEndsThatCameTooEarly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(1)
	b.Exec(`UPDATE accounts SET current_period_end = $1`, far.AddDate(1, 0, 0))
	b.Set(far)
	s := b.began(v.film())
	b.finish(v)
	b.tidy(far)
	if got := b.find(s.AccountID, s.SessionID); got != "410 ended" {
		t.Errorf("kept: %s", got)
	}
	b.tidy(far.Add(keepEnds + time.Second))
	if got := b.find(s.AccountID, s.SessionID); got != "404" {
		t.Errorf("after its keeping: %s", got)
	}
}
