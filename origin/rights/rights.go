// Package rights holds geo rules: which territories may see which content. It is the only writer of geo_rules and
// geo_attachments; what a rule hides is hidden by whoever reads the content, by the ids in api.Read.Deny.
//
// Whoever writes attachments locks the content first and then the rule, so that nobody waits in a circle, and no two
// writes decide about one rule's use, or one content's rules, from what both are about to change.
package rights

import (
	"github.com/google/uuid"

	"encora/shared/wire"
)

// Domain is the operations on geo rules.
type Domain struct{}

// tagMap is the tag of the map of which country is denied by which rules.
const tagMap = wire.TagTerritories

// tagRule is the tag of answers that print the rule.
func tagRule(id uuid.UUID) string { return tagMap + ":" + id.String() }
