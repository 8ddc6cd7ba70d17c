package subscriber

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/pgdb"
	"encora/origin/vocab"
	"encora/shared/fault"
)

type planID struct {
	PlanID uuid.UUID `path:"plan_id"`
}

type listPlansIn struct {
	Currency     string `query:"currency" minLength:"3" maxLength:"3" doc:"ISO 4217."`
	BillingCycle string `query:"billing_cycle" enum:"monthly,quarterly,semi_annual,annual"`
}

type adminListPlansIn struct {
	api.Paging
}

type createPlanIn struct {
	Body PlanWrite
}

type updatePlanIn struct {
	planID
	Body PlanWrite
}

func (d *Domain) listPlans(ctx context.Context, r *api.Read, in *listPlansIn) (api.List[Plan], error) {
	r.Tag(tagPlans)
	offered, err := offeredPlans(ctx, r, strings.ToUpper(in.Currency), in.BillingCycle)
	list := api.List[Plan]{Data: make([]Plan, len(offered))}
	for i := range offered {
		list.Data[i] = offered[i].Plan
	}
	return list, err
}

// getPlan shows a plan that is on offer.
func (d *Domain) getPlan(ctx context.Context, r *api.Read, in *planID) (Plan, error) {
	r.Tag(tagPlan(in.PlanID)) // the absence, too
	p, err := readPlan(ctx, r, in.PlanID)
	if err != nil {
		return Plan{}, err
	}
	if p == nil || !p.IsActive {
		return Plan{}, fault.Missing()
	}
	return p.Plan, nil
}

func (d *Domain) adminListPlans(ctx context.Context, r *api.Read, in *adminListPlansIn) (api.Counted[AdminPlan], error) {
	var after uuid.UUID
	if _, err := r.After(in.Paging, &after); err != nil {
		return api.Counted[AdminPlan]{}, err
	}
	plans, err := readPlans(ctx, r, after, in.Limit+1)
	if err != nil {
		return api.Counted[AdminPlan]{}, err
	}
	total, err := countPlans(ctx, r)
	page := api.PageOf(r, in.Paging, plans, func(p AdminPlan) any { return p.ID })
	return page.Count(total), err
}

func (d *Domain) adminGetPlan(ctx context.Context, r *api.Read, in *planID) (AdminPlan, error) {
	p, err := readPlan(ctx, r, in.PlanID)
	if err != nil {
		return AdminPlan{}, err
	}
	if p == nil {
		return AdminPlan{}, fault.Missing()
	}
	return *p, nil
}

func (d *Domain) createPlan(ctx context.Context, w *api.Write, in *createPlanIn) (AdminPlan, error) {
	if err := w.Check(nil, d.filterFaults(in.Body.CatalogueFilter)...); err != nil {
		return AdminPlan{}, err
	}
	p := AdminPlan{}
	p.ID, p.CreatedAt, p.UpdatedAt = uuid.Must(uuid.NewV7()), w.Now, w.Now
	p.copyFrom(&in.Body)
	if err := insertPlan(ctx, w.Tx.Tx, &p); err != nil {
		return AdminPlan{}, err
	}
	w.Audit("plan.created", resourcePlan, p.ID, nil)
	if p.IsActive {
		w.Emit(tagPlans)
	}
	emitFilter(w, "", p.CatalogueFilter)
	return p, nil
}

func (d *Domain) updatePlan(ctx context.Context, w *api.Write, in *updatePlanIn) (AdminPlan, error) {
	before, err := lockedPlan(ctx, w, in.PlanID)
	if err != nil {
		return AdminPlan{}, err
	}
	if err := w.Check(*before, d.filterFaults(in.Body.CatalogueFilter)...); err != nil {
		return AdminPlan{}, err
	}
	after := *before
	after.copyFrom(&in.Body)
	changed, err := api.Changed(*before, after)
	if err != nil || len(changed) == 0 {
		return *before, err
	}
	after.UpdatedAt = w.Now
	w.Audit("plan.updated", resourcePlan, after.ID, map[string]any{"changed": changed})
	emitPlan(w, before, after.IsActive)
	emitFilter(w, before.CatalogueFilter, after.CatalogueFilter)
	return after, updatePlan(ctx, w.Tx.Tx, &after)
}

// lockedPlan locks a plan; fault.Missing when there is none.
func lockedPlan(ctx context.Context, w *api.Write, id uuid.UUID) (*AdminPlan, error) {
	p, err := lockPlan(ctx, w.Tx.Tx, id)
	if err == nil && p == nil {
		err = fault.Missing()
	}
	return p, err
}

// emitPlan tells caches of a plan that is or was on offer.
func emitPlan(w *api.Write, before *AdminPlan, active bool) {
	if before.IsActive || active {
		vocab.Emit(w, !active, tagPlans, tagPlan(before.ID))
	}
}

// deletePlan removes a plan that no account has.
func (d *Domain) deletePlan(ctx context.Context, w *api.Write, in *planID) (api.None, error) {
	p, err := lockedPlan(ctx, w, in.PlanID)
	if err != nil {
		return api.None{}, err
	}
	if err := w.Check(*p); err != nil {
		return api.None{}, err
	}
	err = deletePlan(ctx, w.Tx.Tx, p.ID)
	if pgdb.Violates(err, "accounts_plan") {
		return api.None{}, fault.New(fault.Conflict, "There are accounts with this plan. Take it off offer with is_active, or give them another one first.")
	}
	w.Audit("plan.deleted", resourcePlan, p.ID, map[string]any{"object": p})
	emitPlan(w, p, false)
	emitFilter(w, p.CatalogueFilter, "")
	return api.None{}, err
}
