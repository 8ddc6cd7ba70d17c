// Package rights holds geo rules: which territories may see which content. It is the only writer of geo_rules and
// geo_attachments; what a rule hides is hidden by whoever reads the content, by the ids in api.Read.Deny.
//
// Whoever writes attachments locks the content first and then the rule, so that nobody waits in a circle, and no two
// writes decide about one rule's use, or one content's rules, from what both are about to change.
package rights

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/shared/wire"
)

// Domain is the operations on geo rules. The func field is filled by origin/app.
type Domain struct {
	// PlanFilters lists the plans' catalogue filters, which with the rules make audiences; nil: there are none.
	PlanFilters func(ctx context.Context, tx pgx.Tx) ([]wire.PlanFilter, error)
}

// tagMap is the tag of the map of which country is denied by which rules.
const tagMap = wire.TagTerritories

// tagRule is the tag of answers that print the rule.
func tagRule(id uuid.UUID) string { return tagMap + ":" + id.String() }
