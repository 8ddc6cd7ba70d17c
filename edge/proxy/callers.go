package proxy

import (
	"hash/maphash"
	"sync/atomic"
	"time"

	"encora/shared/op"
	"encora/shared/territory"
	"encora/shared/token"
)

const (
	callerSets = 1 << 14 // of two callers and a cache line each: 1 MiB
	// callerFor is how long a caller is remembered here. The verifier forgets after a minute at most, so a token whose key
	// was withdrawn is refused after 65 s.
	callerFor = 5 * time.Second
)

// callers remembers what verified tokens say that hits need to know: nearly nothing. With thousands of viewers in turn
// the verifier's own cache, which keeps tokens and claims whole, costs a request some fifteen cache misses; this one
// costs one.
//
// A token is known by 128 bits of keyed hash. One that was made to collide with another would get what that other one
// may, and no longer; but to make it, one must have the other.
type callers struct {
	seeds [2]maphash.Seed
	sets  [callerSets]callerSet
}

// callerSet is one cache line.
type callerSet struct {
	slots [2]callerSlot
	_     [2]uint64
}

// callerSlot holds a hash, and the fact mixed into it: words of two writers that met don't fit together and are no hit.
type callerSlot struct {
	high, low, fact atomic.Uint64
}

// fact is the second at which it is over, in 40 bits, the number of the token's plan, in 16, and the index of its country.
type fact uint64

// anyone is the fact of requests without a token.
const anyone = fact(noCountry)

func newFact(over int64, plan uint16, country uint8) fact {
	return fact(over)<<24 | fact(plan)<<8 | fact(country)
}

func (f fact) over() int64 { return int64(f >> 24) }

// plan is the number among the plans that tokens have named.
func (f fact) plan() uint16 { return uint16(f >> 8) }

// country is what the token says, empty if that is no country.
func (f fact) country() string {
	if i := int(uint8(f)); i < territory.Count {
		return territory.Code(i)
	}
	return ""
}

func newCallers() *callers {
	return &callers{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
}

// caller is a token on its way through the table.
type caller struct {
	set       *callerSet
	high, low uint64
	touched   byte // of no meaning
}

// of finds a token's set and has the processor fetch it, while the request is looked at further.
func (c *callers) of(raw []byte) caller {
	high, low := maphash.Bytes(c.seeds[0], raw), maphash.Bytes(c.seeds[1], raw)
	set := &c.sets[high%callerSets]
	return caller{set, high, low, byte(set.slots[0].fact.Load())}
}

// known returns the fact of a token that was found good for viewers and still is at the given Unix second.
func (c caller) known(second int64) (fact, bool) {
	for i := range c.set.slots {
		s := &c.set.slots[i]
		f := s.fact.Load()
		if s.high.Load()^f == c.high && s.low.Load()^spread(f) == c.low && second < fact(f).over() {
			return fact(f), true
		}
	}
	return 0, false
}

// spread makes the two words of a slot depend on the fact in two ways.
func spread(f uint64) uint64 { return f * 0x9E3779B97F4A7C15 }

// remember takes a token in, in the place of the one that is over first.
func (c caller) remember(f fact) {
	s := &c.set.slots[0]
	if other := &c.set.slots[1]; fact(other.fact.Load()).over() < fact(s.fact.Load()).over() {
		s = other
	}
	s.fact.Store(uint64(f))
	s.high.Store(c.high ^ uint64(f))
	s.low.Store(c.low ^ spread(uint64(f)))
}

// viewer returns the fact of a viewer's token, verifying it if it is not known. False is also of a good token whose plan has
// no number: it goes the long way.
func (p *Proxy) viewer(c caller, raw []byte, now time.Time) (fact, bool) {
	second := now.Unix()
	if f, ok := c.known(second); ok {
		return f, true
	}
	claims, err := p.Tokens.Verify(raw)
	if err != nil || !claims.Allows(op.Viewer) {
		return 0, false
	}
	plan, ok := p.plans.number(claims.PlanID)
	if !ok {
		return 0, false
	}
	over := min(second+int64(callerFor/time.Second), claims.Expires.Unix())
	f := newFact(over, plan, countryOf(claims))
	if over > second {
		c.remember(f)
	}
	return f, true
}

// noCountry stands for a token without one.
const noCountry = 255

func countryOf(c *token.Claims) uint8 {
	if i, ok := territory.Index(c.Country); ok {
		return uint8(i)
	}
	return noCountry
}
