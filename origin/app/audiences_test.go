package app

import (
	"net/http"
	"slices"
	"testing"

	"encora/origin/apitest"
	"encora/origin/subscriber"
	"encora/shared/wire"
)

func (o *origin) plan(filter string) subscriber.AdminPlan {
	var p subscriber.AdminPlan
	o.Do(apitest.Request{Method: "POST", Path: "/v2/admin/plans", Access: "plans:write", Body: object{"name": "P", "price": 1, "currency": "EUR", "billing_cycle": "monthly",
		"max_profiles": 1, "max_concurrent_streams": 1, "max_devices": 1, "max_quality": "SD", "is_active": true, "catalogue_filter": filter}}).Want(http.StatusCreated).Decode(&p)
	return p
}

// Edges are told which plans have the same filter, and when one has another, but not what it says.
func TestAudiencesOfPlans(t *testing.T) {
	t.Parallel()
	o := startOrigin(t)
	filters := func() []wire.PlanFilter {
		t.Helper()
		var got wire.Audiences
		o.Ask(wire.AudiencesPath, nil).Want(http.StatusOK).Decode(&got)
		return got.Filters
	}
	if got := filters(); len(got) != 0 {
		t.Errorf("without plans there are %v", got)
	}
	first, other, second := o.plan("true"), o.plan("false"), o.plan("true")
	o.plan("")
	before := filters()
	f := func(got wire.PlanFilter, hash string, plans ...subscriber.AdminPlan) {
		t.Helper()
		var ids []string
		for _, p := range plans {
			ids = append(ids, p.ID.String())
		}
		if got.Hash != hash || hash == "" || !slices.Equal(got.Plans, ids) {
			t.Errorf("%+v, want %s of %v", got, hash, ids)
		}
	}
	f(before[0], before[0].Hash, first, second)
	f(before[1], before[1].Hash, other)
	if len(before) != 2 || before[0].Hash == before[1].Hash {
		t.Errorf("%+v", before)
	}
	o.Do(apitest.Request{Method: "DELETE", Path: first.Location(), Access: "plans:write"}).Want(http.StatusNoContent)
	after := filters()
	f(after[0], before[1].Hash, other)
	f(after[1], before[0].Hash, second)
}
