package changes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"encora/origin/record"
	"encora/shared/wire"
)

// follow polls as an edge does, until it has seen a change with the tag.
func (b *bundle) follow(until string) []wire.Change {
	b.t.Helper()
	var all []wire.Change
	epoch := b.hub.Epoch()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		page := b.poll(epoch, uint64(len(all)), time.Second)
		if page.Reset {
			b.t.Fatalf("reset after %d", len(all))
		}
		all = append(all, page.Changes...)
		if n := len(all); n > 0 && slices.Contains(all[n-1].Tags, until) {
			return all
		}
	}
	b.t.Fatalf("%s did not come in %d changes", until, len(all))
	return nil
}

// Writers commit, fail and give up at random while an edge follows. It must see every committed write and nothing else,
// in positions without a gap, and a write that began after another was acknowledged must come after it.
func TestFeedIsGaplessAndInCommitOrder(t *testing.T) {
	const writers, each = 8, 40
	b := setup(t)
	type times struct{ began, acked int64 }
	var clock atomic.Int64
	committed := make([]map[string]times, writers)
	seen := make(chan []wire.Change, 1)
	go func() { seen <- b.follow("end") }()

	var g errgroup.Group
	for w := range writers {
		committed[w] = map[string]times{}
		g.Go(func() error {
			random := rand.New(rand.NewPCG(1, uint64(w)))
			for i := range each {
				tag, began := fmt.Sprintf("w%d:%d", w, i), clock.Add(1)
				err := b.oneWrite(random, tag)
				if err == nil {
					committed[w][tag] = times{began, clock.Add(1)}
				} else if !errors.Is(err, errMind) {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	b.commit("end")

	all := <-seen
	var order []times
	for i, c := range all[:len(all)-1] {
		if c.Pos != uint64(i+1) {
			t.Fatalf("position %d at place %d", c.Pos, i)
		}
		var w, n int
		if _, err := fmt.Sscanf(c.Tags[0], "w%d:%d", &w, &n); err != nil || len(c.Tags) != 1 {
			t.Fatalf("tags %q", c.Tags)
		}
		at, ok := committed[w][c.Tags[0]]
		if !ok {
			t.Fatalf("%s was not committed, or came twice", c.Tags[0])
		}
		delete(committed[w], c.Tags[0])
		for _, earlier := range order {
			if at.acked < earlier.began {
				t.Fatalf("%s was acknowledged before a write began that comes first", c.Tags[0])
			}
		}
		order = append(order, at)
	}
	for _, left := range committed {
		if len(left) > 0 {
			t.Errorf("acknowledged and not in the feed: %v", left)
		}
	}
	if len(order) < writers*each/4 || len(order) > writers*each*3/4 {
		t.Errorf("%d of %d writes were committed: the test is not as random as it should be", len(order), writers*each)
	}
}

var errMind = errors.New("changed its mind")

// oneWrite commits a change, or rolls it back before or in the closing statements.
func (b *bundle) oneWrite(random *rand.Rand, tag string) error {
	failing := random.IntN(4)
	return b.try(b.t.Context(), func(tx *record.Tx) error {
		if random.IntN(2) == 0 {
			if _, err := tx.Exec(b.t.Context(), `SELECT pg_sleep($1)`, random.Float64()/200); err != nil {
				return err
			}
		}
		tx.Emit(tag)
		switch failing {
		case 0:
			return errMind
		case 1: // has its position, and gives it back
			err := tx.Commit(b.t.Context(), func(batch *pgx.Batch) {}, func(batch *pgx.Batch) { batch.Queue(`SELECT 1/0`) })
			if err == nil {
				return errors.New("committed a failed batch")
			}
			return errMind
		}
		return nil
	})
}

// Whoever waits for the hub before asking for its health isn't told of a database that could not be read.
func TestAwaitTheFirstRead(t *testing.T) {
	b := idle(t)
	if err := b.hub.Check(t.Context()); !errors.Is(err, ErrBlind) {
		t.Errorf("before the first read: %v", err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	b.hub.Await(over) // nothing comes, and that is all right
	go b.hub.Run(t.Context())
	for range 2 {
		b.hub.Await(t.Context())
		if err := b.hub.Check(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestWaitingPollWakesAtCommit(t *testing.T) {
	b := setup(t)
	var took []time.Duration
	for i := range 11 {
		pages := b.background(b.hub.Epoch(), uint64(i), 5*time.Second)
		b.commit("movies", fmt.Sprint("movie:", i))
		began := time.Now()
		page := <-pages
		took = append(took, time.Since(began))
		want := wire.Change{Pos: uint64(i + 1), Tags: []string{fmt.Sprint("movie:", i), "movies"}}
		if len(page.Changes) != 1 || page.Changes[0].Pos != want.Pos || !slices.Equal(page.Changes[0].Tags, want.Tags) || page.Head != want.Pos || page.Reset {
			t.Fatalf("got %+v", page)
		}
	}
	if slices.Sort(took); took[5] > 50*time.Millisecond {
		t.Errorf("woke after %v", took)
	}
}

// A notification only wakes: what the database loses comes with the next read.
func TestChangeWithoutNotificationComesSoon(t *testing.T) {
	b := setup(t)
	pages := b.background(b.hub.Epoch(), 0, 5*time.Second)
	began := time.Now()
	b.fill(1)
	if page := <-pages; len(page.Changes) != 1 || time.Since(began) > 4*readEvery {
		t.Errorf("got %+v after %v", page, time.Since(began))
	}
}

func TestPollTimesOut(t *testing.T) {
	b := setup(t)
	b.commit("movies")
	b.eventually("the change does not come", func() bool { return b.hub.Head() == 1 })
	for _, wait := range []time.Duration{0, 700 * time.Millisecond} {
		began := time.Now()
		page := b.poll(b.hub.Epoch(), 1, wait)
		took := time.Since(began)
		if page.Reset || page.Head != 1 || len(page.Changes) != 0 || page.Epoch != b.hub.Epoch() {
			t.Errorf("got %+v", page)
		}
		if took < wait || took > wait+time.Second {
			t.Errorf("wait %v took %v", wait, took)
		}
		if waited := time.Duration(page.WaitedMS) * time.Millisecond; waited < wait-2*readEvery || waited > took || time.Since(page.Now).Abs() > time.Second {
			t.Errorf("wait %v says that it waited %v, at %v", wait, waited, page.Now)
		}
		if body, err := json.Marshal(page); err != nil || !slices.Contains(json.RawMessage(body), '[') {
			t.Errorf("no list of changes in %s", body)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if page, err := b.hub.Poll(ctx, b.hub.Epoch(), 1, 5*time.Second); err != nil || page.Reset {
		t.Errorf("a poll whose client left: %+v, %v", page, err)
	}
	if n := b.hub.Waiting(); n != 0 {
		t.Errorf("%d polls are still held", n)
	}
}

func TestResets(t *testing.T) {
	b := setup(t)
	b.fill(3)
	b.eventually("the changes don't come", func() bool { return b.hub.Head() == 3 })
	epoch := b.hub.Epoch()
	f := func(epoch string, after uint64, want ...uint64) {
		t.Helper()
		page := b.poll(epoch, after, 3*readEvery)
		if reset := want == nil; page.Reset != reset || page.Head != 3 || page.Epoch != b.hub.Epoch() || !slices.Equal(positions(page.Changes), want) {
			t.Errorf("(%q, %d) gave %+v", epoch, after, page)
		}
	}
	f("", 0)
	f("", 3)
	f("0123456789abcdef", 1)
	f(epoch, 4)
	f(epoch, 1<<63)
	f(epoch, 0, 1, 2, 3)
	f(epoch, 2, 3)
}

// Behind a balancer an edge asks several origins. One that is a moment behind must not make it start over: only a read
// that began after the poll came can tell that its position does not exist.
func TestOriginThatIsBehindDoesNotReset(t *testing.T) {
	b := idle(t)
	conn, err := pgx.Connect(t.Context(), b.url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	take := func() {
		t.Helper()
		if _, err := b.hub.take(t.Context(), conn); err != nil {
			t.Fatal(err)
		}
	}
	b.fill(1)
	take()
	ahead := b.background(b.hub.Epoch(), 2, 5*time.Second)
	b.fill(2)
	take()
	if page := <-ahead; page.Reset || !slices.Equal(positions(page.Changes), []uint64{3}) {
		t.Errorf("got %+v", page)
	}
	if page := b.poll(b.hub.Epoch(), 4, 0); page.Reset || page.Head != 3 || len(page.Changes) != 0 {
		t.Errorf("without time to find out: %+v", page)
	}
	foreign := b.background(b.hub.Epoch(), 4, 5*time.Second)
	take()
	if page := <-foreign; !page.Reset || page.Head != 3 {
		t.Errorf("got %+v", page)
	}
}

func TestPagesOfALongBacklog(t *testing.T) {
	b := setup(t)
	const n = 2*pageSize + 500
	b.fill(n)
	b.eventually("the changes don't come", func() bool { return b.hub.Head() == n })
	var sizes []int
	for at := uint64(0); at < n; {
		page := b.poll(b.hub.Epoch(), at, 0)
		if page.Head != n || page.Reset || len(page.Changes) == 0 || page.Changes[0].Pos != at+1 {
			t.Fatalf("after %d: head %d, reset %v, %d changes", at, page.Head, page.Reset, len(page.Changes))
		}
		at = page.Changes[len(page.Changes)-1].Pos
		sizes = append(sizes, len(page.Changes))
	}
	if !slices.Equal(sizes, []int{pageSize, pageSize, 500}) {
		t.Errorf("pages of %d", sizes)
	}
}

func TestRingIsBounded(t *testing.T) {
	h := NewHub(nil, nil)
	h.restart("e", 10)
	for pos := uint64(11); pos <= 10+3*ringSize; {
		page := make([]wire.Change, pageSize)
		for i := range page {
			page[i].Pos = pos
			pos++
		}
		if err := h.append(page); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.vouch(0, time.Now()); err != nil {
		t.Fatal(err)
	}
	if len(h.ring) < ringSize || cap(h.ring) > 4*ringSize {
		t.Errorf("ring of %d, room for %d", len(h.ring), cap(h.ring))
	}
	oldest := h.head - uint64(len(h.ring))
	if page, _, _ := h.page("e", oldest, time.Now()); page.Reset || page.Changes[0].Pos != oldest+1 || len(page.Changes) != pageSize {
		t.Errorf("the oldest position: reset %v", page.Reset)
	}
	if page, _, _ := h.page("e", oldest-1, time.Now()); !page.Reset || page.Changes == nil || len(page.Changes) != 0 {
		t.Errorf("a trimmed position: reset %v with %d changes", page.Reset, len(page.Changes))
	}
}
