package rights

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/shared/fault"
	"encora/shared/territory"
)

const (
	allowList = "allow_list"
	blockList = "block_list"
)

// maxAttached is how many contents one rule can be attached to: as many as a body can list.
const maxAttached = 10_000

// GeoRule is a geo rule as editors see it. Territories and contents are in order and without repeats.
type GeoRule struct {
	ID          uuid.UUID   `json:"id"`
	Name        string      `json:"name"`
	Description string      `json:"description,omitempty"`
	Policy      string      `json:"policy" enum:"allow_list,block_list"`
	Territories []string    `json:"territories"`
	AppliesTo   []uuid.UUID `json:"applies_to"`
	CreatedAt   time.Time   `json:"created_at"`
	UpdatedAt   time.Time   `json:"updated_at"`
}

// Location is the address of the rule.
func (r GeoRule) Location() string { return "/v2/admin/geo-restrictions/" + r.ID.String() }

// GeoRuleWrite is the body of create and replace.
type GeoRuleWrite struct {
	Name        string      `json:"name" minLength:"1" maxLength:"100" pattern:"^[^\\r\\n]*\\S[^\\r\\n]*$" patternDescription:"a text on one line that is not blank" doc:"Human-readable rule name for admin display."`
	Description string      `json:"description,omitempty" maxLength:"500"`
	Policy      string      `json:"policy" enum:"allow_list,block_list"`
	Territories []string    `json:"territories" minItems:"1" minLength:"2" maxLength:"2" doc:"ISO 3166-1 alpha-2 country codes."`
	AppliesTo   []uuid.UUID `json:"applies_to,omitempty" maxItems:"10000" doc:"Content asset UUIDs this rule is applied to. Empty = rule is unattached."`
}

// Faults implements api.Checked: territories that don't exist.
func (b *GeoRuleWrite) Faults() []fault.Detail {
	var all []fault.Detail
	for i, code := range b.Territories {
		if len(code) == 2 && !territory.Valid(code) {
			all = append(all, fault.Detail{Field: fmt.Sprintf("territories[%d]", i), Code: "not_allowed",
				Message: "Expected an ISO 3166-1 alpha-2 code in capitals."})
		}
	}
	return all
}

// unknown are the contents that are not among the known.
func (b *GeoRuleWrite) unknown(known map[uuid.UUID]string) []fault.Detail {
	var all []fault.Detail
	for i, id := range b.AppliesTo {
		if known[id] == "" {
			all = append(all, fault.Detail{Field: fmt.Sprintf("applies_to[%d]", i), Code: "unknown",
				Message: "There is no content with this id."})
		}
	}
	return all
}

// rule is the body as a rule of the given identity.
func (b *GeoRuleWrite) rule(id uuid.UUID, created, updated time.Time) *GeoRule {
	return &GeoRule{ID: id, Name: b.Name, Description: b.Description, Policy: b.Policy,
		Territories: sorted(b.Territories, strings.Compare), AppliesTo: sorted(b.AppliesTo, compareIDs),
		CreatedAt: created, UpdatedAt: updated}
}

// sorted copies a list into order and without repeats; it is never nil.
func sorted[T comparable](list []T, compare func(a, b T) int) []T {
	out := append([]T{}, list...)
	slices.SortFunc(out, compare)
	return slices.Compact(out)
}

func compareIDs(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }

// without lists what is in a and not in b.
func without(a, b []uuid.UUID) []uuid.UUID {
	var rest []uuid.UUID
	for _, id := range a {
		if _, found := slices.BinarySearchFunc(b, id, compareIDs); !found {
			rest = append(rest, id)
		}
	}
	return rest
}

// meaning is what decides whom a rule denies.
type meaning struct {
	Policy      string
	Territories []string
	Uses        int // how many contents it is attached to; a rule that is attached to nothing denies nobody
}

func (r *GeoRule) meaning() meaning { return meaning{r.Policy, r.Territories, len(r.AppliesTo)} }

// denies reports whether a content that has the rule is hidden in the country. territory.Unknown is in no list.
func denies(policy string, territories []string, country string) bool {
	return slices.Contains(territories, country) == (policy == blockList)
}

// denied marks the countries that the rule denies, by territory.Index.
func (m meaning) denied() [territory.Count]bool {
	var marks [territory.Count]bool
	if m.Uses == 0 {
		return marks
	}
	for i := range marks {
		marks[i] = denies(m.Policy, m.Territories, territory.Code(i))
	}
	return marks
}

// emitMap tells of a change of the country map, if there is one: answers are kept per set of denying rules, so it is
// enough that caches learn which set a country has now. It is hard when some country loses something.
func emitMap(w *api.Write, before, after meaning) {
	was, is := before.denied(), after.denied()
	if was == is {
		return
	}
	for i := range is {
		if is[i] && !was[i] {
			w.EmitHard(tagMap)
			return
		}
	}
	w.Emit(tagMap)
}
