package rights

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/content"
	"encora/shared/fault"
)

type ruleID struct {
	RuleID uuid.UUID `path:"rule_id"`
}

type listRulesIn struct {
	api.Paging
}

type createRuleIn struct {
	Body GeoRuleWrite
}

type updateRuleIn struct {
	ruleID
	Body GeoRuleWrite
}

func (d *Domain) listRules(ctx context.Context, r *api.Read, in *listRulesIn) (api.Counted[GeoRule], error) {
	var after uuid.UUID
	if _, err := r.After(in.Paging, &after); err != nil {
		return api.Counted[GeoRule]{}, err
	}
	rules, err := listRules(ctx, r, after, in.Limit+1)
	if err != nil {
		return api.Counted[GeoRule]{}, err
	}
	total, err := countRules(ctx, r)
	page := api.PageOf(r, in.Paging, rules, func(rule GeoRule) any { return rule.ID })
	return page.Count(total), err
}

func (d *Domain) getRule(ctx context.Context, r *api.Read, in *ruleID) (GeoRule, error) {
	rule, err := readRule(ctx, r, in.RuleID)
	if err != nil {
		return GeoRule{}, err
	}
	if rule == nil {
		return GeoRule{}, fault.Missing()
	}
	return *rule, nil
}

func (d *Domain) createRule(ctx context.Context, w *api.Write, in *createRuleIn) (GeoRule, error) {
	rule := in.Body.rule(uuid.Must(uuid.NewV7()), w.Now, w.Now)
	types, err := content.Hold(ctx, w.Tx.Tx, rule.AppliesTo)
	if err != nil {
		return GeoRule{}, err
	}
	if err := w.Check(nil, in.Body.unknown(types)...); err != nil {
		return GeoRule{}, err
	}
	if err := insertRule(ctx, w.Tx.Tx, rule); err != nil {
		return GeoRule{}, err
	}
	w.Audit("geo.rule_created", "geo_rule", rule.ID, nil)
	return *rule, d.apply(ctx, w, &GeoRule{ID: rule.ID}, rule, types)
}

func (d *Domain) updateRule(ctx context.Context, w *api.Write, in *updateRuleIn) (GeoRule, error) {
	before, types, err := d.lock(ctx, w.Tx.Tx, in.RuleID, in.Body.AppliesTo)
	if err != nil {
		return GeoRule{}, err
	}
	if err := w.Check(*before, in.Body.unknown(types)...); err != nil {
		return GeoRule{}, err
	}
	after := in.Body.rule(before.ID, before.CreatedAt, w.Now)
	changed, err := api.Changed(*before, *after)
	if err != nil || len(changed) == 0 {
		return *before, err
	}
	if err := updateRule(ctx, w.Tx.Tx, after); err != nil {
		return GeoRule{}, err
	}
	w.Audit("geo.rule_updated", "geo_rule", after.ID, map[string]any{"changed": changed})
	return *after, d.apply(ctx, w, before, after, types)
}

// lock locks the contents that the rule will be attached to or is, then the rule. It returns the rule and the types of
// those contents that exist.
func (d *Domain) lock(ctx context.Context, tx pgx.Tx, id uuid.UUID, wanted []uuid.UUID) (*GeoRule, map[uuid.UUID]string, error) {
	for held := sorted(wanted, compareIDs); ; {
		types, err := content.Hold(ctx, tx, held)
		if err != nil {
			return nil, nil, err
		}
		point, err := tx.Begin(ctx)
		if err != nil {
			return nil, nil, err
		}
		rule, err := lockedRule(ctx, point, id)
		if err != nil {
			return nil, nil, err
		}
		late := without(rule.AppliesTo, held)
		if len(late) == 0 {
			return rule, types, point.Commit(ctx)
		}
		// Only the rule tells what else to hold, and contents come before rules: let go of it and begin again.
		if err := point.Rollback(ctx); err != nil {
			return nil, nil, err
		}
		held = sorted(append(held, late...), compareIDs)
	}
}

// lockedRule locks a rule and reads it.
func lockedRule(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*GeoRule, error) {
	found, err := lockRule(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fault.Missing()
	}
	return readRule(ctx, tx, id)
}

// apply attaches and detaches what differs, and tells whoever it matters to.
func (d *Domain) apply(ctx context.Context, w *api.Write, before, after *GeoRule, types map[uuid.UUID]string) error {
	added, removed := without(after.AppliesTo, before.AppliesTo), without(before.AppliesTo, after.AppliesTo)
	if len(added) > 0 {
		if err := attach(ctx, w.Tx.Tx, after.ID, added, types); err != nil {
			return err
		}
		if err := content.Touched(ctx, w, added, true); err != nil {
			return err
		}
	}
	if len(removed) > 0 {
		if err := detach(ctx, w.Tx.Tx, after.ID, removed); err != nil {
			return err
		}
		if err := content.Touched(ctx, w, removed, false); err != nil {
			return err
		}
	}
	tell(w, before, after)
	return nil
}

// tell emits what the change of a rule means for the country map and for answers that print the rule.
func tell(w *api.Write, before, after *GeoRule) {
	emitMap(w, before.meaning(), after.meaning())
	same := before.Policy == after.Policy && slices.Equal(before.Territories, after.Territories)
	if !same && len(before.AppliesTo) > 0 {
		w.Emit(tagRule(after.ID))
	}
}

func (d *Domain) deleteRule(ctx context.Context, w *api.Write, in *ruleID) (api.None, error) {
	rule, err := lockedRule(ctx, w.Tx.Tx, in.RuleID)
	if err != nil {
		return api.None{}, err
	}
	if err := w.Check(*rule); err != nil {
		return api.None{}, err
	}
	if len(rule.AppliesTo) > 0 {
		return api.None{}, fault.New(fault.Conflict, "The rule is attached to content; detach it first.")
	}
	w.Audit("geo.rule_deleted", "geo_rule", rule.ID, map[string]any{"object": rule})
	return api.None{}, deleteRule(ctx, w.Tx.Tx, rule.ID)
}
