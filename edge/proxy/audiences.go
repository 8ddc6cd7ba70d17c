package proxy

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"encora/edge/cache"
	"encora/shared/territory"
	"encora/shared/wire"
)

// class is an audience class: the viewers who see the same. The same rules deny their countries, and the same filter leaves
// out the same of their plans.
type class struct {
	id    classID
	deny  string // the rules' ids, sorted, as wire.Deny takes them
	rules map[string]struct{}
	plan  string // the plan that stands for the filter, as wire.Plan takes it; empty: nothing is left out
}

// denies reports whether one of the rules is the class's. Among a channel's rules are the plans that leave it out.
func (c *class) denies(rules []string) bool {
	for _, id := range rules {
		if _, ok := c.rules[id]; ok || id == c.plan {
			return true
		}
	}
	return false
}

// classID is a hash of the rules' ids and the filter's, of a kind that nobody can make two classes meet in. That which plan
// stands for a filter is not in it, and what a plan's filter was before is another class.
type classID [16]byte

// everyone is the class of viewers whom nothing is denied, and of operations that don't vary by audience.
var everyone = &class{}

// audiences is the map from country and plan to class.
type audiences struct {
	unfiltered classes             // of viewers whose plan has no filter, or who have none
	plans      map[string]*classes // of those whose plan has one, by its id
	byID       map[classID]*class
}

// classes are those of the countries, by territory.Index.
type classes [territory.Count]*class

// of is the class of a country and a plan, which may be any text.
func (a *audiences) of(country int, plan string) *class {
	if filtered := a.plans[plan]; filtered != nil {
		return filtered[country]
	}
	return a.unfiltered[country]
}

// newAudiences decodes the origin's map. A country that this program does not know is an error: it would be let in. So is a
// filter that can't be told from others.
func newAudiences(answer *cache.Answer) (*audiences, error) {
	var body wire.Audiences
	if err := json.Unmarshal(answer.IdentityBody(), &body); err != nil {
		return nil, fmt.Errorf("audiences: %w", err)
	}
	a := &audiences{plans: make(map[string]*classes), byID: map[classID]*class{{}: everyone}}
	for i := range a.unfiltered {
		a.unfiltered[i] = everyone
	}
	for country, rules := range body.Deny {
		i, ok := territory.Index(country)
		if !ok {
			return nil, fmt.Errorf("audiences: unknown country %q", country)
		}
		a.unfiltered[i] = a.denied(rules)
	}
	for i := range body.Filters {
		if err := a.addFilter(&body.Filters[i]); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// denied is the class of the countries that the rules deny.
func (a *audiences) denied(rules []string) *class {
	if len(rules) == 0 {
		return everyone
	}
	rules = slices.Compact(slices.Sorted(slices.Values(rules)))
	c := &class{deny: strings.Join(rules, ",")}
	c.id = newClassID(c.deny, "")
	if known, ok := a.byID[c.id]; ok {
		return known
	}
	c.rules = make(map[string]struct{}, len(rules))
	for _, rule := range rules {
		c.rules[rule] = struct{}{}
	}
	a.byID[c.id] = c
	return c
}

func newClassID(deny, filter string) classID {
	sum := sha256.Sum256([]byte(deny + "|" + filter))
	return classID(sum[:])
}

// addFilter adds the classes of viewers whose plans have the filter: one to each that there is without.
func (a *audiences) addFilter(f *wire.PlanFilter) error {
	if len(f.Plans) == 0 || f.Plans[0] == "" || f.Hash == "" {
		return errors.New("audiences: a filter without plans or hash")
	}
	filtered, made := &classes{}, make(map[*class]*class)
	for i, c := range a.unfiltered {
		if made[c] == nil {
			made[c] = &class{id: newClassID(c.deny, f.Hash), deny: c.deny, rules: c.rules, plan: f.Plans[0]}
			a.byID[made[c].id] = made[c]
		}
		filtered[i] = made[c]
	}
	for _, plan := range f.Plans {
		a.plans[plan] = filtered
	}
	return nil
}
