package cache

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"encora/edge/feed"
)

func newStore(t testing.TB, max int64) *Store {
	t.Helper()
	s, err := NewStore(max)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// calm waits until ristretto returns everything that the nursery held.
func calm(s *Store) {
	for s.Wait(); s.nursery.len() > 0; s.Wait() {
		s.settle()
	}
}

func put(s *Store, v *feed.Versions, key string, pos uint64, body string) *Answer {
	d := draft(v, key, pos, body, "t")
	a := d.Pack()
	s.Put(d.Key, a)
	return a
}

func TestNewestFindsWhatWasPutAtOnce(t *testing.T) {
	s, v := newStore(t, 64<<20), world(1)
	const n = 50_000
	for i := range n {
		key := fmt.Sprintf("key-%d", i)
		a := put(s, v, key, 1, "body")
		if got := s.Newest(NewKey([]byte(key))); got != a {
			t.Fatalf("%s is not found right after Put", key)
		}
	}
	s.Wait()
	missing := 0
	for i := range n {
		if s.Newest(NewKey(fmt.Appendf(nil, "key-%d", i))) == nil {
			missing++
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d answers of a burst are lost", missing, n)
	}
	if got := s.nursery.len(); got > n/10 {
		t.Errorf("%d answers still wait in the nursery", got)
	}
}

func TestPutReplacesOlderOnly(t *testing.T) {
	v := world(1)
	s := newStore(t, 1<<20)
	k := NewKey([]byte("k"))
	for _, settled := range []bool{false, true} {
		f := func(a, want *Answer) {
			t.Helper()
			if settled {
				s.Wait()
			}
			if got := s.Newest(k); got != want {
				t.Errorf("after position %d: position %d is held, want %d", a.Pos(), got.Pos(), want.Pos())
			}
		}
		five := put(s, v, "k", 5, "five")
		f(five, five)
		four := put(s, v, "k", 4, "four")
		f(four, five)
		other := put(s, v, "k", 5, "five again")
		f(other, other)
		six := put(s, v, "k", 6, "six")
		f(six, six)
		v.Reset("e", 2) // positions of the new world are lower, and newer
		two := put(s, v, "k", 2, "two")
		f(two, two)
		v.Reset("e", 1)
	}
}

func TestRistrettoHoldsTheReplacement(t *testing.T) {
	s, v := newStore(t, 1<<20), world(1)
	k := NewKey([]byte("k"))
	put(s, v, "k", 1, "one")
	two := put(s, v, "k", 2, "two") // before ristretto took the first one in
	calm(s)
	if got := s.Get(k); got != two {
		t.Errorf("Get returns %v, want the second answer", got)
	}
	three := put(s, v, "k", 3, "a body that costs more than the one before")
	calm(s)
	if got := s.Get(k); got != three {
		t.Errorf("Get returns %v, want the third answer", got)
	}
	if got := s.Used(); got != three.cost() {
		t.Errorf("%d bytes are charged, want %d", got, three.cost())
	}
}

func TestHashesThatMeetDontMix(t *testing.T) {
	s, v := newStore(t, 1<<20), world(1)
	d := draft(v, "allowed in FR", 1, "film")
	s.Put(d.Key, d.Pack())
	twin := Key{hash: d.Key.hash, bytes: []byte("denied in DE!")}
	check := func() {
		t.Helper()
		if s.Get(twin) != nil || s.Newest(twin) != nil {
			t.Error("an answer leaked to a key with the same hash")
		}
	}
	check()
	s.Wait()
	check()
}

func TestSetNext(t *testing.T) {
	s, v := newStore(t, 1<<20), world(1)
	k := NewKey([]byte("k"))
	d := draft(v, "k", 1, "now", "t")
	d.Until = 1 << 60
	a := d.Pack()
	s.Put(k, a)
	next := draft(v, "k", 1, "then").Pack()
	if !s.SetNext(k, a, next) || s.Newest(k).Next() != next {
		t.Fatal("the successor is not kept")
	}
	calm(s)
	if got, want := s.Used(), a.cost(); got != want || want < 2*Overhead {
		t.Errorf("%d bytes are charged for answer and successor, want %d", got, want)
	}
	b := put(s, v, "k", 2, "edited")
	if s.SetNext(k, a, next) || b.Next() != nil {
		t.Error("the successor of a replaced answer was kept")
	}
}

func TestBoundedUnderEndlessKeys(t *testing.T) {
	const max = 8 << 20
	s, v := newStore(t, max), world(1)
	before := heap()
	body := text(1, 500)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 20_000 {
				var key [16]byte
				binary.LittleEndian.PutUint64(key[:], uint64(w))
				binary.LittleEndian.PutUint64(key[8:], uint64(i))
				d := draft(v, string(key[:]), 1, body, "t")
				s.Put(d.Key, d.Pack())
			}
		})
	}
	wg.Wait()
	s.Wait()
	if used := s.Used(); used > max {
		t.Errorf("%d bytes are charged, above the bound of %d", used, max)
	}
	if grown := heap() - before; grown > max+max/4 {
		t.Errorf("the heap grew by %d bytes, above the bound of %d and a quarter", grown, max)
	}
	runtime.KeepAlive(s)
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// The index holds an answer only while ristretto does, whoever reads and writes meanwhile.
func TestIndexForgetsWithRistretto(t *testing.T) {
	s, v := newStore(t, 1<<20), world(1)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 5000 {
				key := fmt.Sprintf("key-%d", (i*7+w)%600)
				if i%3 == 0 {
					put(s, v, key, uint64(i), text(i%20, 400))
				}
				for range 3 {
					if h := s.Find(NewKey([]byte(key)), nil); h.Answer != nil && h.Answer.Key() != key {
						t.Errorf("Find(%s) returns %s", key, h.Answer.Key())
					}
				}
			}
		})
	}
	wg.Wait()
	s.Wait()
	held, wrong := 0, 0
	for i := range s.index.slots {
		a := s.index.slots[i].Load()
		if a == nil {
			continue
		}
		held++
		if kept, _ := s.cache.Get(NewKey([]byte(a.Key())).hash); kept != a {
			wrong++
		}
	}
	if held == 0 || wrong > 0 {
		t.Errorf("%d of %d answers in the index are no longer in ristretto", wrong, held)
	}
}
