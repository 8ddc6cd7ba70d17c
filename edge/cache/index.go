package cache

import (
	"math/rand/v2"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"
)

const (
	indexSlots = 1 << 15 // 256 KiB
	// countEach is how many hits there are to one that ristretto is told of. It only compares keys with one another, and
	// with every eighth its hit ratio is the same.
	countEach = 8
)

// index finds answers that ristretto holds with one look at memory. Ristretto's own way leads through a shard, its map,
// a table and a group; with thousands of films in turn none of them is in the processor's cache, and that alone was a
// tenth of a hit. An answer is in it only while ristretto holds it.
type index struct {
	slots [indexSlots]atomic.Pointer[Answer]
}

// slot is picked by bits that ristretto's shards don't use.
func (x *index) slot(hash uint64) *atomic.Pointer[Answer] { return &x.slots[hash>>32%indexSlots] }

// get returns the answer for a key, mostly: now and then it asks for ristretto to be told instead.
func (x *index) get(k Key) *Answer {
	if rand.Uint32()%countEach == 0 {
		return nil
	}
	if a := x.slot(k.hash).Load(); a != nil && a.is(k) {
		return a
	}
	return nil
}

// add takes in what ristretto has just returned, unless ristretto has let it go again.
func (s *Store) add(hash uint64, a *Answer) {
	slot := s.index.slot(hash)
	if slot.Load() == a {
		return
	}
	slot.Store(a)
	if held, _ := s.cache.Get(hash); held != a { // its leave may have come before
		slot.CompareAndSwap(a, nil)
	}
}

// leave is told of every answer that ristretto lets go, after it did.
func (x *index) leave(a *Answer) {
	if a != nil {
		x.slot(xxhash.Sum64String(a.Key())).CompareAndSwap(a, nil)
	}
}
