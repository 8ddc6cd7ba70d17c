package cache

import (
	"fmt"
	"math/bits"
	"sync"

	"github.com/cespare/xxhash/v2"
	"github.com/dgraph-io/ristretto/v2"
)

// Overhead is what an entry costs beyond its strings, in bytes of heap, ristretto's maps and counters included.
// TestAllocOverhead holds it against the real heap.
const Overhead = 256

// Key is what an answer is found by. The hash leads to it, the bytes decide: a hash that two keys share costs a refill.
type Key struct {
	hash  uint64
	bytes []byte
}

// NewKey hashes b, which the key keeps.
func NewKey(b []byte) Key { return Key{hash: xxhash.Sum64(b), bytes: b} }

// Clone makes the key independent of the buffer that it was made in.
func (k Key) Clone() Key { return Key{hash: k.hash, bytes: append([]byte(nil), k.bytes...)} }

// String is the key's bytes.
func (k Key) String() string { return string(k.bytes) }

// Store keeps answers within a bound of bytes. It is safe for concurrent use.
type Store struct {
	cache   *ristretto.Cache[uint64, *Answer]
	nursery *nursery
	index   index
	size    int64

	putting sync.Mutex // serialises writers; readers never take it
}

// NewStore makes a store of at most size bytes, Overhead included.
func NewStore(size int64) (*Store, error) {
	s := &Store{size: size, nursery: newNursery(size / 8)}
	c, err := ristretto.NewCache(&ristretto.Config[uint64, *Answer]{
		// Four counters, at 4 bytes each, for every entry that fits when entries are 4 KiB. Ristretto advises ten; one
		// would save 13 bytes an entry and lose a tenth of the hits when the working set is larger than the store.
		NumCounters:        1 << max(10, bits.Len64(uint64(size)>>10)-1),
		MaxCost:            size - size/8, // the rest is the nursery's
		BufferItems:        256,           // ristretto allocates a buffer for each so many Gets
		IgnoreInternalCost: true,          // Overhead says it
		OnExit:             s.index.leave,
		OnReject:           func(i *ristretto.Item[*Answer]) { s.nursery.drop(i.Key, i.Value) },
	})
	if err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	s.cache = c
	return s, nil
}

// Close ends ristretto's goroutines.
func (s *Store) Close() { s.cache.Close() }

// Get returns what is held for the key, nil for nothing. It is the caller's to Check it.
func (s *Store) Get(k Key) *Answer {
	if a, ok := s.cache.Get(k.hash); ok && a.is(k) {
		return a
	}
	return nil
}

// is reports whether the answer is the key's.
func (a *Answer) is(k Key) bool { return a.Key() == string(k.bytes) }

// Newest is Get that also looks among the answers which ristretto has not taken in yet. It takes a lock: for misses.
func (s *Store) Newest(k Key) *Answer {
	held := s.Get(k)
	a, again := s.nursery.get(k)
	if a == nil || held != nil && !a.supersedes(held) {
		return held
	}
	if again && a != held {
		s.offer(k.hash, a)
	}
	return a
}

// cost is what the answer and its successor take, in bytes.
func (a *Answer) cost() int64 {
	n := int64(Overhead + len(a.head) + len(a.tail))
	if next := a.Next(); next != nil {
		n += int64(Overhead + len(next.head) + len(next.tail))
	}
	return n
}

// Cacheable reports whether an answer is small enough to be worth a place.
func (s *Store) Cacheable(a *Answer) bool { return a.cost() <= s.size/32 }

// supersedes reports whether a may take old's place: what a later world or snapshot says does, an older one never.
func (a *Answer) supersedes(old *Answer) bool {
	return a.world > old.world || a.world == old.world && a.pos >= old.pos
}

// Put stores an answer, unless a newer one is held. Whatever ristretto does with it, it is found from now on by Newest
// until Get finds it or it is no longer worth keeping.
func (s *Store) Put(k Key, a *Answer) {
	s.putting.Lock()
	defer s.putting.Unlock()
	if held := s.Newest(k); held != nil && held != a && !a.supersedes(held) {
		return
	}
	s.place(k, a)
}

// SetNext gives an answer its successor. It reports false when the answer is no longer the one that is held.
func (s *Store) SetNext(k Key, a, next *Answer) bool {
	s.putting.Lock()
	defer s.putting.Unlock()
	if a.timing == nil || s.Newest(k) != a {
		return false
	}
	a.timing.next.Store(next)
	s.place(k, a)
	return true
}

// place hands an answer to the nursery and to ristretto, which may drop the Set. The Del before it makes a replacement
// certain: Set alone keeps the older of two answers that it has not taken in yet, and may forget a larger cost.
func (s *Store) place(k Key, a *Answer) {
	s.settle()
	s.nursery.put(k.hash, a)
	s.cache.Del(k.hash)
	s.offer(k.hash, a)
}

func (s *Store) offer(hash uint64, a *Answer) { s.cache.Set(hash, a, a.cost()) }

// settle takes what ristretto returns by now out of the nursery, and offers the rest again. Two for each that is put
// keep the nursery short.
func (s *Store) settle() {
	for range 2 {
		p, ok := s.nursery.rotate()
		if !ok {
			return
		}
		if a, held := s.cache.Get(p.hash); held && a == p.answer {
			s.nursery.drop(p.hash, p.answer)
		} else if p.offers > 1 {
			s.offer(p.hash, p.answer)
		}
	}
}

// Each calls f for the answers that are held until it returns false, each at most once, in no order. f must be quick.
func (s *Store) Each(f func(*Answer) bool) {
	s.cache.IterValues(func(a *Answer) bool { return !f(a) })
}

// Wait waits until ristretto has looked at everything that was put.
func (s *Store) Wait() { s.cache.Wait() }

// Used is the cost of what ristretto holds, in bytes.
func (s *Store) Used() int64 { return s.cache.MaxCost() - s.cache.RemainingCost() }
