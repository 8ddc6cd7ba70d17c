package rights

import (
	"context"
	"strconv"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/shared/fault"
)

// Attach adds the rule to a content that the caller has locked or just made, and reports whether that is new: if so, the
// content's own answers change, which is for the caller to emit (hard). An unknown rule is 422 at
// geo_restrictions.rule_id, a rule that is attached to too many contents 409.
func (d *Domain) Attach(ctx context.Context, w *api.Write, contentType string, contentID, ruleID uuid.UUID) (bool, error) {
	before, err := lockedMeaning(ctx, w.Tx.Tx, ruleID)
	if err != nil {
		return false, err
	}
	if attached, err := isAttached(ctx, w.Tx.Tx, ruleID, contentID); attached || err != nil {
		return false, err
	}
	if before.Uses >= maxAttached {
		return false, fault.New(fault.Conflict, "The rule is attached to "+strconv.Itoa(maxAttached)+" contents, which is the most that a rule takes.")
	}
	after := before
	after.Uses++
	emitMap(w, before, after)
	return true, attach(ctx, w.Tx.Tx, ruleID, []uuid.UUID{contentID}, map[uuid.UUID]string{contentID: contentType})
}

func lockedMeaning(ctx context.Context, tx pgx.Tx, id uuid.UUID) (meaning, error) {
	found, err := lockRule(ctx, tx, id)
	if err != nil {
		return meaning{}, err
	}
	if !found {
		return meaning{}, api.Invalid(fault.Detail{Field: "geo_restrictions.rule_id", Code: "unknown", Message: "There is no rule with this id."})
	}
	return readMeaning(ctx, tx, id)
}

// Detach removes every rule from contents that the caller has locked, because an editor wants none or they go, and reports
// whether there were any: if so, their answers change, which is for the caller to emit.
func (d *Domain) Detach(ctx context.Context, w *api.Write, contents ...uuid.UUID) (bool, error) {
	rules, err := lockRulesOf(ctx, w.Tx.Tx, contents)
	if err != nil || len(rules) == 0 {
		return false, err
	}
	if err := detachAll(ctx, w.Tx.Tx, contents); err != nil {
		return false, err
	}
	for id, uses := range rules {
		after, err := readMeaning(ctx, w.Tx.Tx, id)
		if err != nil {
			return false, err
		}
		before := after
		before.Uses += uses
		emitMap(w, before, after)
	}
	return true, nil
}
