package playback

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/shared/wire"
)

func TestTheTableIsBounded(t *testing.T) {
	const limit = 2000
	table := NewTable(Settings{PausedFor: time.Hour, Limit: limit})
	for i := range 10 * limit {
		table.Enter(toldOf(num(i), mine, began), 0)
		if table.Count() > limit {
			t.Fatalf("%d sessions", table.Count())
		}
	}
	if table.Full() != 0 {
		t.Errorf("%d found no place although all could be asked for again", table.Full())
	}
	held := 0
	for i := range 10 * limit {
		if table.Take(&Beat{Session: num(i)}, mine, on(began+second), false).Standing == Playing {
			held++
		}
	}
	if held != limit || table.Pending() != limit {
		t.Errorf("%d of %d are held, %d wait", held, limit, table.Pending())
	}
	for i := range 1000 { // what the origin was not told of must not go
		table.Enter(toldOf(num(10*limit+i), mine, began), 0)
	}
	if table.Full() != 1000 || table.Count() != limit || table.Pending() != limit {
		t.Errorf("%d found no place, %d are held, %d wait", table.Full(), table.Count(), table.Pending())
	}
	table.End(num(0), other, "", began)
	told := table.drain(limit)
	for i := range 1000 {
		table.Enter(toldOf(num(20*limit+i), mine, began), 0)
	}
	table.restore(told.sessions) // the exchange failed
	if table.Pending() != limit {
		t.Errorf("of %d beats under way when places were needed %d are left", limit, table.Pending())
	}
}

// Sessions that are over make room first.
func TestOverSessionsGoFirst(t *testing.T) {
	const limit = 256 * 8
	table := NewTable(Settings{PausedFor: time.Hour, Limit: limit})
	for i := range limit {
		table.Enter(toldOf(num(i), mine, began), 0)
	}
	for i := range 256 { // one of each shard
		table.End(num(i), mine, wire.ReasonEnded, began)
	}
	for i := range 256 {
		table.Enter(toldOf(num(limit+i), mine, began), 0)
	}
	lost := 0
	for i := 256; i < limit; i++ {
		if table.Look(num(i), mine, began).Standing != Playing {
			lost++
		}
	}
	if lost != 0 {
		t.Errorf("%d that play made room while others were over", lost)
	}
}

func TestSweep(t *testing.T) {
	table := holding(4)
	over := keptFor.Milliseconds()
	table.End(num(0), mine, wire.ReasonEnded, began)
	table.End(num(9), other, "", began)
	table.Take(&Beat{Session: num(1)}, mine, on(began+second), false)
	f := func(at int64, want int) {
		t.Helper()
		table.Sweep(at)
		if table.Count() != want {
			t.Errorf("after %v %d are held, want %d", time.Duration(at-began)*time.Millisecond, table.Count(), want)
		}
	}
	f(began+absentFor.Milliseconds()-1, 5)
	f(began+absentFor.Milliseconds(), 4)
	f(began+over-1, 4)
	f(began+over, 3)
	f(began+sessionMS+over-1, 3)
	f(began+sessionMS+over, 1) // the one whose beat waits stays
	told := table.drain(10)
	f(began+sessionMS+2*over, 1) // also while it is under way
	table.restore(told.sessions)
	f(began+sessionMS+2*over, 1)
	table.settled(table.drain(10).sessions)
	f(began+sessionMS+2*over, 0)
}

func TestEnterAsksAgainWhenEndsMovedOn(t *testing.T) {
	table := newTable()
	w := toldOf(num(0), mine, began)
	w.Ends = 3
	ends := make([]uint64, wire.EndShards)
	if !table.Enter(w, 0) {
		t.Error("refused before anything is known")
	}
	ends[wire.EndShard(other)] = 9
	table.apply(&wire.Synced{Ends: ends}, began)
	if !table.Enter(w, 0) {
		t.Error("another shard's ends matter")
	}
	ends[wire.EndShard(mine)] = 3
	table.apply(&wire.Synced{Ends: ends}, began)
	if !table.Enter(w, 0) {
		t.Error("refused although it has seen as much")
	}
	ends = append([]uint64(nil), ends...)
	ends[wire.EndShard(mine)] = 4
	table.apply(&wire.Synced{Ends: ends}, began)
	table.apply(&wire.Synced{Ends: ends[:3]}, began) // no answer to what was asked
	if table.Enter(w, 0) {
		t.Error("taken in although an end may have passed it by")
	}
}

// An end must not pass by a session that is on its way in: whoever reads it before the end and enters it after must ask again.
func TestNoEndPassesASessionBy(t *testing.T) {
	const sessions, readers = 2000, 8
	table := newTable()
	var origin struct {
		sync.Mutex
		ends uint64
		log  []uuid.UUID
		over map[uuid.UUID]bool
	}
	origin.over = make(map[uuid.UUID]bool)
	read := func(id uuid.UUID) *wire.Session {
		origin.Lock()
		defer origin.Unlock()
		if origin.over[id] {
			return nil
		}
		w := toldOf(id, mine, began)
		w.Ends = origin.ends
		return w
	}
	var running sync.WaitGroup
	for r := range readers {
		running.Go(func() {
			for i := r; i < sessions; i += readers {
				for w := read(num(i)); w != nil && !table.Enter(w, 0); w = read(num(i)) {
				}
				table.Take(&Beat{Session: num(i)}, mine, on(began+second), false)
			}
		})
	}
	running.Go(func() {
		for i := range sessions {
			origin.Lock()
			origin.ends++
			origin.log = append(origin.log, num(i))
			origin.over[num(i)] = true
			origin.Unlock()
		}
	})
	applied := 0
	sync := func() bool {
		origin.Lock()
		out := wire.Synced{Ends: make([]uint64, wire.EndShards)}
		out.Ends[wire.EndShard(mine)] = origin.ends
		for _, id := range origin.log[applied:] {
			out.Ended = append(out.Ended, wire.End{SessionID: id.String(), Reason: wire.ReasonEnded})
		}
		applied = len(origin.log)
		origin.Unlock()
		table.apply(&out, began)
		table.Sweep(began)
		return applied == sessions
	}
	for !sync() {
	}
	running.Wait()
	for i := range sessions {
		if got := table.Look(num(i), mine, began+second); got.Standing == Playing {
			t.Fatalf("session %d plays on after its end", i)
		}
	}
}

// Everything at once, for the race detector.
func TestTheTableIsSafe(t *testing.T) {
	table := NewTable(Settings{PausedFor: time.Hour, Limit: 300, KeepEnds: true})
	var running sync.WaitGroup
	for g := range 8 {
		running.Go(func() {
			for i := range 3000 {
				id, at := num(i%500), began+int64(i)
				switch (i + g) % 8 {
				case 0:
					table.Enter(toldOf(id, mine, at), at+second)
				case 1:
					table.End(id, other, "", at)
				case 2:
					table.End(id, mine, wire.ReasonEnded, at)
				case 3:
					table.Refreshed(id, at)
				case 4:
					table.Sweep(at)
				default:
					table.Take(&Beat{Session: id}, mine, on(at), i%3 == 0)
					table.TakeWarm(&Beat{Session: id}, mine, on(at))
					table.Ended(id)
				}
			}
		})
	}
	running.Go(func() { // the syncer, of which there is one
		for i := range 300 {
			told := table.drain(100)
			if i%2 == 0 {
				table.restore(told.sessions)
				continue
			}
			table.settled(told.sessions)
			table.apply(&wire.Synced{Ended: []wire.End{{SessionID: num(i).String(), Reason: wire.ReasonEnded}}, Ends: make([]uint64, wire.EndShards)}, began)
		}
	})
	running.Wait()
	table.settled(table.drain(1 << 20).sessions)
	if n := table.Pending(); n != 0 {
		t.Errorf("%d wait", n)
	}
	table.Sweep(began + 24*60*minute)
	if table.Count() != 0 {
		t.Errorf("%d are held", table.Count())
	}
}
