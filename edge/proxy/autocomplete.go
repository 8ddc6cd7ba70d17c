package proxy

import (
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"

	"encora/edge/cache"
	"encora/edge/lane"
	"encora/edge/suggest"
	"encora/shared/fault"
	"encora/shared/wire"
)

func partPath(part int) string {
	return strings.Replace(wire.SuggestPath, "{part}", strconv.Itoa(part), 1)
}

// packPart lays a part of the corpus out. The places of tags are the same in every world.
func (p *Proxy) packPart(body []byte) ([]byte, error) {
	packed, err := suggest.Pack(body, p.versions.State().Slot)
	if err != nil {
		p.Log.Error("a part of the corpus can't be read; suggestions get 500: run edges and origin of versions that fit", "error", err)
	}
	return packed, err
}

func readPart(a *cache.Answer) (*suggest.Part, error) {
	packed, _ := a.Body(cache.Identity) // a part lies in one piece
	return suggest.Read(packed)
}

// completing is what one answer of suggestions is made in.
type completing struct {
	suggest.Search
	ask     suggest.Ask
	m       moment
	viewer  *class
	parts   [wire.SuggestParts]pin[suggest.Part] // on the long way
	sources [wire.SuggestParts]suggest.Source
	lacking []int
	space   []byte
}

var completings = sync.Pool{New: func() any { return &completing{} }}

// complete takes one; end gives it back.
func complete() *completing { return completings.Get().(*completing) }

func (c *completing) end() {
	c.Forget()
	c.m, c.viewer = moment{}, nil
	clear(c.parts[:])
	clear(c.sources[:])
	completings.Put(c)
}

// Denies implements suggest.Viewer.
func (c *completing) Denies(ids []string) bool { return c.viewer.denies(ids) }

// Removed implements suggest.Viewer.
func (c *completing) Removed(slot uint32) uint64 { return c.m.world.Removed(slot) }

// find finds and writes the suggestions.
func (c *completing) find() {
	c.Find(c.ask, c.m.now/int64(time.Millisecond), c.sources[:], c)
	c.space = c.Search.Append(c.space[:0])
}

// Hash implements composition.
func (c *completing) Hash() uint64 { return xxhash.Sum64(c.space) }

// Append implements composition.
func (c *completing) Append(b []byte) []byte { return append(b, c.space...) }

// warmSuggestions suggests titles from memory.
func (p *Proxy) warmSuggestions(rt *route, r *lane.Request, m moment, viewer fact, out *lane.Reply) bool {
	applied := m.world.Applied() // before they are judged: if they are good, all of them were right at this position
	audiences := p.audiences.good(&m)
	if audiences == nil || audiences.answer.Pos() > applied {
		return false
	}
	c := complete()
	defer c.end()
	for i, part := range &p.corpus {
		held := part.good(&m)
		if held == nil || held.answer.Pos() > applied {
			return false
		}
		c.sources[i] = suggest.Source{Part: held.value}
	}
	if len(c.ask.Read(r.Query)) > 0 {
		return false
	}
	c.m, c.viewer = m, p.audience(audiences.value, r, viewer)
	c.find()
	p.writeComposed(rt, r, &m, c, out)
	return true
}

// autocomplete suggests titles.
func (x *exchange) autocomplete() {
	c := complete()
	defer c.end()
	if wrong := c.ask.Read([]byte(x.target.query)); len(wrong) > 0 {
		x.p.refuse(x.ctx, x.id, unreadable(wrong...))
		return
	}
	whole, fl := x.gatherCorpus(c, x.p.clock.Base().Add(x.p.Patience))
	if fl != nil {
		x.p.refuse(x.ctx, x.id, fl)
		return
	}
	c.find()
	x.replyComposed(c, whole)
}

// gatherCorpus finds all parts and the viewer's class. Each part and the class must have been right at one position: of two
// moments, an exchange of one rule for another would suggest what both deny. Parts need not be of one position with each
// other, since each title is judged by itself.
func (x *exchange) gatherCorpus(c *completing, deadline time.Time) (outcome, *fault.Fault) {
	var least uint64
	for range classTries {
		if fl := x.gatherParts(c, least, deadline); fl != nil {
			return outcome{}, fl
		}
		newest, known := c.positions()
		x.p.awaitFeed(newest)
		audiences, err := x.p.audiences.get(x.id, newest, deadline)
		if err != nil { // an older one says enough of most titles
			audiences, err = x.p.audiences.get(x.id, 0, deadline)
		}
		if err != nil {
			return outcome{}, unavailable(err)
		}
		m, ok := x.p.moment(x.p.clock.Base())
		if least = audiences.answer.Pos(); ok && (least <= known || audiences.stale) && c.of(m.world.ID) {
			c.m, c.viewer = m, audiences.value.of(x.country(), x.plan())
			return c.take(&audiences), nil
		}
		x.p.awaitFeed(least)
	}
	return outcome{}, errRestless
}

// gatherParts finds all parts as they were at position least or later, and fetches those that are not held so.
func (x *exchange) gatherParts(c *completing, least uint64, deadline time.Time) *fault.Fault {
	c.lacking = c.lacking[:0]
	for i, part := range &x.p.corpus {
		now, ok := part.held(least)
		if c.parts[i] = now; !ok {
			c.lacking = append(c.lacking, i)
		}
	}
	if len(c.lacking) == 0 {
		return nil
	}
	patience, leave, fl := x.enter(deadline)
	if fl != nil {
		return fl
	}
	defer leave()
	for _, o := range x.sideBySide(patience, x.p.loading, len(c.lacking), func(i int) outcome {
		n := c.lacking[i]
		part, err := x.p.corpus[n].get(x.id, least, deadline)
		if err != nil {
			return outcome{fault: unavailable(err)}
		}
		c.parts[n] = part
		return part.how
	}) {
		if o.fault != nil {
			return o.fault
		}
	}
	return nil
}

// positions are the last position that a part was read at, and the first as of which one was known to be right, of those
// that are right.
func (c *completing) positions() (uint64, uint64) {
	newest, known := uint64(0), uint64(math.MaxUint64)
	for i := range c.parts {
		if part := &c.parts[i]; !part.stale {
			newest, known = max(newest, part.answer.Pos()), min(known, part.asOf)
		}
	}
	return newest, known
}

// of reports whether all parts are of a world.
func (c *completing) of(world uint32) bool {
	for i := range c.parts {
		if c.parts[i].answer.World() != world {
			return false
		}
	}
	return true
}

// take makes sources of the parts. Where no position is known at which a part and the map of audiences were both right, what
// may be denied to anybody is left out, and the answer is marked.
func (c *completing) take(of *pin[audiences]) outcome {
	whole := of.how
	for i := range c.parts {
		part := &c.parts[i]
		whole.worsen(part.how)
		s := suggest.Source{Part: part.value, Pos: part.answer.Pos(), Stale: part.stale, Shy: part.answer.Pos() > of.asOf || part.asOf < of.answer.Pos()}
		if c.sources[i] = s; s.Shy {
			whole.worsen(c.m.stale(part.answer))
		}
	}
	return whole
}

// How long a request waits for the feed to bring what the origin's answers know already. It mostly comes within milliseconds;
// the alternative is to read everything again.
const (
	awaitFor  = 200 * time.Millisecond
	awaitStep = time.Millisecond
)

// awaitFeed waits until a position is applied, for a while, and not while the origin is away.
func (p *Proxy) awaitFeed(pos uint64) {
	for end := p.clock.Base().Add(awaitFor); p.applied() < pos && p.clock.Base().Before(end) && !p.Filler.Origin.Away(); {
		time.Sleep(awaitStep)
	}
}
