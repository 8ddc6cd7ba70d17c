package subscriber_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/record"
	"encora/origin/subscriber"
	"encora/shared/token"
)

func TestIngest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, actor, now := t.Context(), record.System("test"), time.Now()
	price, err := api.ParseDecimal("9.99")
	if err != nil {
		t.Fatal(err)
	}
	plan := subscriber.IncomingPlan{ID: uuid.Must(uuid.NewV7()), Plan: subscriber.PlanWrite{Name: "P", Price: price, Currency: "EUR", BillingCycle: "monthly",
		MaxProfiles: 1, MaxConcurrentStreams: 1, MaxDevices: 1, MaxQuality: "SD", IsActive: true}}
	plans := func(want int) func() {
		return func() {
			if n, err := b.domain.IngestPlans(ctx, actor, now, []subscriber.IncomingPlan{plan}); n != want || err != nil {
				t.Errorf("%d plans, want %d; %v", n, want, err)
			}
		}
	}
	same(t, "a plan", b.during(plans(1)), []string{"plan:" + plan.ID.String(), "plans"})
	same(t, "the same plan", b.during(plans(0)), []string{})

	id, until := uuid.Must(uuid.NewV7()), now.Add(time.Hour)
	account := func(want bool) func() {
		return func() {
			added, err := b.domain.IngestAccount(ctx, actor, now, id, subscriber.AccountWrite{Status: "active", PlanID: &plan.ID, SubscriptionStatus: "active", CurrentPeriodEnd: &until})
			if added != want || err != nil {
				t.Errorf("added %v, want %v; %v", added, want, err)
			}
		}
	}
	same(t, "an account", b.events(account(true)), []string{"user.created", "subscription.created"})
	same(t, "the same account", b.events(account(false)), nil)

	batch := []subscriber.Generated{{token.AccountID(1), token.ProfileID(1), token.DeviceID(1)}, {id, token.ProfileID(2), token.DeviceID(2)}}
	for _, want := range []int{1, 0} {
		if n, err := b.domain.IngestGenerated(ctx, actor, now, plan.ID, until, batch); n != want || err != nil {
			t.Errorf("%d generated, want %d; %v", n, want, err)
		}
	}
	var a subscriber.Account
	b.as(billing, "GET", accountsPath+token.AccountID(1).String(), nil).Want(http.StatusOK).Decode(&a)
	if *a.PlanID != plan.ID || a.SubscriptionStatus != "active" || len(a.Profiles) != 1 || a.Profiles[0].ID != token.ProfileID(1) {
		t.Errorf("generated %+v", a)
	}
	if d := b.register("viewer:"+token.AccountID(1).String(), token.DeviceID(1).String()); d.ID != token.DeviceID(1) {
		t.Errorf("it registers again as %s", d.ID)
	}
	same(t, "audit", b.Actions(), []string{"plan.created", "account.created", "account.imported"})
}
