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

// Hit is an answer on its way out.
type Hit struct {
	Answer  *Answer // nil: none is held
	Variant Encoding
	Touched byte // of no meaning; it keeps what Find does for the processor's sake from being optimised away
}

// Find is Get for one who will send the answer at once, in the variant that an Accept-Encoding asks for. It starts to
// fetch that from memory before it knows whether the key is the right one, which it mostly is.
func (s *Store) Find(k Key, acceptEncoding []byte) Hit {
	if rand.Uint32()%countEach != 0 {
		if a := s.index.slot(k.hash).Load(); a != nil {
			h := Hit{Answer: a, Variant: a.Choose(acceptEncoding)}
			h.Touched = a.touch(h.Variant)
			if a.is(k) {
				return h
			}
		}
	}
	a := s.Get(k)
	if a == nil {
		return Hit{}
	}
	s.add(k.hash, a)
	return Hit{Answer: a, Variant: a.Choose(acceptEncoding)}
}

// Part is Get by way of the index, for one who will read something of the answer.
func (s *Store) Part(k Key) *Answer {
	if rand.Uint32()%countEach != 0 {
		if a := s.index.slot(k.hash).Load(); a != nil && a.is(k) {
			return a
		}
	}
	a := s.Get(k)
	if a != nil {
		s.add(k.hash, a)
	}
	return a
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
