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

// countries returns the current map, fetching it when the one that is held is no longer good. While the origin can't be
// asked, an older one does, unless a rule was added or widened since.
func (p *Proxy) countries(id string, deadline time.Time) (*territories, error) {
	held := p.geo.Load()
	if m, ok := p.moment(p.clock.Base()); ok && held != nil && m.good(held.answer) {
		return held, nil
	}
	r := p.Filler.Fill(&fill.Query{Key: territoriesKey, Path: wire.TerritoriesPath, RequestID: id}, deadline)
	if r.Err == nil && r.Answer.Status() != 200 {
		r.Err = fmt.Errorf("territories: the origin answers %d", r.Answer.Status())
	}
	if r.Err != nil {
		if m, ok := p.moment(p.clock.Base()); ok && held != nil && m.servable(held.answer) {
			return held, nil
		}
		return nil, r.Err
	}
	if held = p.geo.Load(); held != nil && held.answer == r.Answer {
		return held, nil
	}
	next, err := newTerritories(r.Answer)
	if err != nil {
		p.Log.Error("territory map can't be used; blocked titles can't be told apart, so answers that vary by territory get 500", "error", err)
		return nil, err
	}
	p.geo.Store(next)
	return next, nil
}
