package subscriber

import (
	"github.com/google/uuid"

	"encora/origin/api"
)

// auditAccount names what changed, and nothing of the person.
func auditAccount(w *api.Write, before, after *account) error {
	metadata := map[string]any{"version": after.Version, "status": after.Status}
	if !before.told() {
		w.Audit("account.created", resourceAccount, after.AccountID, metadata)
		return nil
	}
	changed, err := api.Changed(before.Account, after.Account)
	metadata["changed"] = changed
	w.Audit("account.updated", resourceAccount, after.AccountID, metadata)
	return err
}

// tellAccount leaves the events of what became of an account.
func tellAccount(w *api.Write, before, after *account) {
	was := before.Status
	if !before.told() {
		was = ""
	}
	user := func(event string) { w.Event(event, userEvent(after)) }
	if was == "" || was == statusClosed && after.Status != statusClosed {
		user("user.created")
	}
	if after.EmailVerified && !before.EmailVerified {
		user("user.email_verified")
	}
	if after.Status == statusSuspended && was != statusSuspended {
		user("user.suspended")
	}
	tellProfiles(w, before, after)
	tellSubscription(w, before, after)
	if after.Status == statusClosed && was != statusClosed {
		user("user.deleted")
	}
}

// tellDeletion leaves the events of an account that goes with all that it has.
func tellDeletion(w *api.Write, before, after *account, gone []Device) {
	for i := range gone {
		w.Event("device.removed", deviceEvent(after.AccountID, &gone[i]))
	}
	tellProfiles(w, before, after)
	if before.subscribes() {
		w.Event("subscription.canceled", subscriptionEvent(after))
	}
	if before.told() && before.Status != statusClosed {
		w.Event("user.deleted", userEvent(after))
	}
}

func userEvent(a *account) map[string]any {
	return map[string]any{"account_id": a.AccountID, "external_id": a.ExternalID, "version": a.Version, "status": a.Status}
}

func tellProfiles(w *api.Write, before, after *account) {
	for _, id := range without(after.Profiles, before.Profiles) {
		w.Event("profile.created", map[string]any{"account_id": after.AccountID, "profile_id": id})
	}
	for _, id := range without(before.Profiles, after.Profiles) {
		w.Event("profile.deleted", map[string]any{"account_id": after.AccountID, "profile_id": id})
	}
}

// without lists the ids of those of the profiles that are not among the others.
func without(profiles, others []Profile) []uuid.UUID {
	among := map[uuid.UUID]bool{}
	for _, p := range others {
		among[p.ID] = true
	}
	var ids []uuid.UUID
	for _, p := range profiles {
		if !among[p.ID] {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// tellSubscription leaves the events of a subscription: what became of it, and that a payment failed.
func tellSubscription(w *api.Write, before, after *account) {
	tell := func(event string) { w.Event(event, subscriptionEvent(after)) }
	was, is := before.SubscriptionStatus, after.SubscriptionStatus
	failed := is == subPastDue && was != subPastDue
	changed := was != is || before.subscribes() != after.subscribes()
	switch {
	case was == subNone && is == subNone:
	case was == subNone && entitled(is):
		tell("subscription.created")
	case before.subscribes() && !after.subscribes() || was == subNone:
		tell("subscription.canceled")
	case !before.samePeriod(after) || changed && !failed:
		tell("subscription.updated")
	}
	if failed {
		tell("subscription.payment_failed")
	}
}

func subscriptionEvent(a *account) map[string]any {
	return map[string]any{"account_id": a.AccountID, "plan_id": a.PlanID, "subscription_status": a.SubscriptionStatus,
		"current_period_end": a.CurrentPeriodEnd, "version": a.Version}
}
