package proxy

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"encora/edge/cache"
	"encora/edge/fill"
	"encora/shared/territory"
	"encora/shared/wire"
)

// class is a territory class: the countries that the same rules deny.
type class struct {
	id   classID
	deny string // the rules' ids, sorted, as wire.Deny takes them
}

// classID is a hash of the rules' ids, of a kind that nobody can make two sets of rules meet in.
type classID [16]byte

// everyone is the class of countries that no rule denies, and of operations that don't vary by territory.
var everyone = &class{}

// territories is the map from country to class. Like every other answer it is good while its tags and instant are.
type territories struct {
	answer  *cache.Answer
	classes [territory.Count]*class
	byID    map[classID]*class
}

// newTerritories decodes the origin's map. A country that this program does not know is an error: it would be let in.
func newTerritories(a *cache.Answer) (*territories, error) {
	var body wire.Territories
	if err := json.Unmarshal(a.IdentityBody(), &body); err != nil {
		return nil, fmt.Errorf("territories: %w", err)
	}
	t := &territories{answer: a, byID: map[classID]*class{{}: everyone}}
	for i := range t.classes {
		t.classes[i] = everyone
	}
	for country, rules := range body.Deny {
		i, ok := territory.Index(country)
		if !ok {
			return nil, fmt.Errorf("territories: unknown country %q", country)
		}
		t.classes[i] = t.intern(rules)
	}
	return t, nil
}

func (t *territories) intern(rules []string) *class {
	if len(rules) == 0 {
		return everyone
	}
	rules = slices.Sorted(slices.Values(rules))
	deny := strings.Join(slices.Compact(rules), ",")
	sum := sha256.Sum256([]byte(deny))
	id := classID(sum[:])
	if c, ok := t.byID[id]; ok {
		return c
	}
	t.byID[id] = &class{id: id, deny: deny}
	return t.byID[id]
}

// territoriesKey is the map's key: no route's key begins like it.
var territoriesKey = cache.NewKey([]byte(wire.TerritoriesPath))

// heldCountries returns the map that is held, and the feed position as of which it is known to be right, if it is good and
// was right at least or later.
func (p *Proxy) heldCountries(least uint64) (*territories, uint64, bool) {
	m, ok := p.moment(p.clock.Base())
	if !ok {
		return nil, 0, false
	}
	applied := m.world.Applied() // before the map is judged: up to here nothing has changed it, if it is good
	held := p.geo.Load()
	if held == nil || !m.good(held.answer) {
		return nil, 0, false
	}
	asOf := max(applied, held.answer.Pos())
	return held, asOf, asOf >= least
}

// countries returns a map that was right at position least or later, and the position as of which it is known to be,
// fetching it when the one that is held is no longer good. While the origin can't be asked, an older one does, unless a
// rule was added or widened since.
func (p *Proxy) countries(id string, least uint64, deadline time.Time) (*territories, uint64, error) {
	if held, asOf, ok := p.heldCountries(least); ok {
		return held, asOf, nil
	}
	r := p.Filler.Fill(&fill.Query{Key: territoriesKey, Path: wire.TerritoriesPath, Least: least, RequestID: id}, deadline)
	if r.Err == nil && r.Answer.Status() != 200 {
		r.Err = fmt.Errorf("territories: the origin answers %d", r.Answer.Status())
	}
	held := p.geo.Load()
	if r.Err != nil {
		if m, ok := p.moment(p.clock.Base()); ok && held != nil && m.servable(held.answer) && held.answer.Pos() >= least {
			return held, held.answer.Pos(), nil
		}
		return nil, 0, r.Err
	}
	if held != nil && held.answer == r.Answer {
		return held, r.Answer.Pos(), nil
	}
	next, err := newTerritories(r.Answer)
	if err != nil {
		p.Log.Error("territory map can't be used; blocked titles can't be told apart, so answers that vary by territory get 500", "error", err)
		return nil, 0, err
	}
	p.geo.Store(next)
	return next, r.Answer.Pos(), nil
}
