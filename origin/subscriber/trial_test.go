package subscriber_test

import (
	"testing"
	"time"

	"encora/origin/apitest"

	"github.com/google/uuid"
)

// A trial is told of once, three days before its end.
func TestTrialsThatEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	plan, end := b.plan(1), time.Date(2030, 6, 10, 12, 0, 0, 0, time.UTC)
	id := uuid.Must(uuid.NewV7())
	version := 0
	put := func(account uuid.UUID, fields object) {
		t.Helper()
		version++
		b.put(account, subscribed(version, plan, with(object{"subscription_status": "trialing", "current_period_end": end}, fields)))
	}
	announce := func(at time.Time, want int) {
		t.Helper()
		if n, err := b.domain.AnnounceTrials(t.Context(), at); n != want || err != nil {
			t.Errorf("at %v: told of %d, want %d; %v", at, n, want, err)
		}
	}
	put(id, nil)
	put(uuid.Must(uuid.NewV7()), object{"subscription_status": "active"})
	put(uuid.Must(uuid.NewV7()), object{"status": "closed"})
	gone := uuid.Must(uuid.NewV7())
	put(gone, nil)
	b.as(billing, "DELETE", accountsPath+gone.String(), nil).Want(204)
	announce(end.Add(-3*24*time.Hour-time.Second), 0)
	announce(end, 0) // nobody was there to tell of it in time
	announce(end.Add(-3*24*time.Hour), 1)
	announce(end.Add(-time.Hour), 0)
	put(id, object{"current_period_end": end.Add(24 * time.Hour)}) // longer, and the same trial
	announce(end.Add(-time.Hour), 0)
	put(id, object{"subscription_status": "active"})
	put(id, nil) // another trial
	announce(end.Add(-time.Hour), 1)
	told := apitest.Column[string](b.Bundle, `SELECT payload->>'account_id' || ' ' || (payload->>'plan_id') || ' ' || (payload->>'subscription_status') FROM events WHERE type = 'subscription.trial_ending'`)
	want := id.String() + " " + plan.String() + " trialing"
	same(t, "told", told, []string{want, want})
}

func TestManyTrialsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Exec(`INSERT INTO accounts (id, version, status, plan_id, subscription_status, current_period_end, email_verified, created_at, updated_at)
		SELECT gen_random_uuid(), 1, 'active', $1, 'trialing', '2030-01-02Z', false, now(), now() FROM generate_series(1, 1200)`, b.plan(1))
	if n, err := b.domain.AnnounceTrials(t.Context(), time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)); n != 1200 || err != nil {
		t.Errorf("told of %d; %v", n, err)
	}
	if n := apitest.Column[int](b.Bundle, `SELECT count(DISTINCT payload->>'account_id') FROM events`); n[0] != 1200 {
		t.Errorf("%d events", n[0])
	}
}
