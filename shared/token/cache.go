package token

import (
	"bytes"
	"hash/maphash"
	"math/bits"
	"sync/atomic"
	"time"
)

// ways is the number of slots in which a token may lie. Eight tags and pointers are two cache lines.
const ways = 8

// tailLen is how much of a token is hashed, counted from its end. That is signature, which nobody can choose for a token
// that verifies, so verified tokens can't be made to collide; and lookups compare every byte.
const tailLen = 64

// cache remembers verified tokens in a fixed table: no locks, no growth, no allocation on a hit. Losing an entry only
// costs a signature check, so writers race freely and a reader believes an entry only after comparing all of it.
type cache struct {
	seed maphash.Seed
	mask uint64
	sets [][ways]slot
}

type slot struct {
	tag   atomic.Uint64 // hash of the entry's tail; spares readers the pointers of other tokens
	entry atomic.Pointer[entry]
}

type entry struct {
	raw    []byte
	claims *Claims
	dies   time.Duration // on the verifier's clock
}

// newCache makes a cache for about size tokens, rounded up to a power of two.
func newCache(size int) *cache {
	n := uint64(1) << bits.Len64(uint64(max(size-1, 0)/ways))
	return &cache{seed: maphash.MakeSeed(), mask: n - 1, sets: make([][ways]slot, n)}
}

func (c *cache) hash(raw []byte) uint64 {
	return maphash.Bytes(c.seed, raw[max(0, len(raw)-tailLen):])
}

// get returns the claims of raw, or nil when it is not held at the instant now.
func (c *cache) get(raw []byte, now time.Duration) *Claims {
	h := c.hash(raw)
	set := &c.sets[h&c.mask]
	for i := range set {
		if set[i].tag.Load() != h {
			continue
		}
		if e := set[i].entry.Load(); e != nil && now < e.dies && bytes.Equal(e.raw, raw) {
			return e.claims
		}
	}
	return nil
}

// put holds e in place of what dies first in its set; an empty slot counts as dead, an older copy of e is replaced.
func (c *cache) put(e *entry) {
	h := c.hash(e.raw)
	set := &c.sets[h&c.mask]
	victim, first := &set[0], time.Duration(1<<63-1)
	for i := range set {
		old := set[i].entry.Load()
		if old == nil || set[i].tag.Load() == h {
			victim = &set[i]
			break
		}
		if old.dies < first {
			victim, first = &set[i], old.dies
		}
	}
	victim.entry.Store(e)
	victim.tag.Store(h)
}
