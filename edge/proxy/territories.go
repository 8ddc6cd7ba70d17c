package proxy

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"encora/edge/cache"
	"encora/shared/territory"
	"encora/shared/wire"
)

// class is a territory class: the countries that the same rules deny.
type class struct {
	id    classID
	deny  string // the rules' ids, sorted, as wire.Deny takes them
	rules map[string]struct{}
}

// denies reports whether one of the rules is the class's.
func (c *class) denies(rules []string) bool {
	for _, id := range rules {
		if _, ok := c.rules[id]; ok {
			return true
		}
	}
	return false
}

// classID is a hash of the rules' ids, of a kind that nobody can make two sets of rules meet in.
type classID [16]byte

// everyone is the class of countries that no rule denies, and of operations that don't vary by territory.
var everyone = &class{}

// territories is the map from country to class.
type territories struct {
	classes [territory.Count]*class
	byID    map[classID]*class
}

// newTerritories decodes the origin's map. A country that this program does not know is an error: it would be let in.
func newTerritories(a *cache.Answer) (*territories, error) {
	var body wire.Territories
	if err := json.Unmarshal(a.IdentityBody(), &body); err != nil {
		return nil, fmt.Errorf("territories: %w", err)
	}
	t := &territories{byID: map[classID]*class{{}: everyone}}
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
	rules = slices.Compact(slices.Sorted(slices.Values(rules)))
	deny := strings.Join(rules, ",")
	sum := sha256.Sum256([]byte(deny))
	id := classID(sum[:])
	if c, ok := t.byID[id]; ok {
		return c
	}
	c := &class{id: id, deny: deny, rules: make(map[string]struct{}, len(rules))}
	for _, rule := range rules {
		c.rules[rule] = struct{}{}
	}
	t.byID[id] = c
	return c
}
