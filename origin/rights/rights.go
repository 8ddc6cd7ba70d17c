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

	"encora/origin/api"
	"encora/shared/wire"
)

// Domain is the operations on geo rules, with what they need of the catalogue.
type Domain struct {
	// Content gives the content type ("movie", "show", …) of those of the ids that exist. It locks nothing: it runs in
	// read-only transactions.
	Content func(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]string, error)
	// Hold is Content that also locks what it finds until the transaction ends, in the order of ids, against deletion and
	// against changes of its publication (FOR SHARE).
	Hold func(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]string, error)
	// Touched emits the tags of those of the contents that viewers can see, because other rules apply to them now. hard
	// says that something is taken away. The contents are held.
	Touched func(ctx context.Context, w *api.Write, ids []uuid.UUID, hard bool) error
}

// tagMap is the tag of the map of which country is denied by which rules.
const tagMap = wire.TagTerritories

// tagRule is the tag of answers that print the rule.
func tagRule(id uuid.UUID) string { return tagMap + ":" + id.String() }
