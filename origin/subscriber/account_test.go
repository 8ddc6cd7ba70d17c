package subscriber_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/origin/apitest"
	"encora/origin/subscriber"
	"encora/shared/wire"
)

func TestAccountLifecycle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, plan, profile := uuid.Must(uuid.NewV7()), b.plan(2), uuid.Must(uuid.NewV7())
	path := accountsPath + id.String()
	b.as(billing, "GET", path, nil).Want(http.StatusNotFound).Refused()
	answer := b.as(billing, "PUT", path, subscribed(3, plan, object{"current_period_end": "2030-01-01T01:00:00+01:00", "country": "SE", "email_verified": true,
		"profiles": []object{{"id": profile, "name": "Alice"}, {"id": uuid.Must(uuid.NewV7()), "name": "Kids", "is_kids": true}}})).Want(http.StatusOK)
	var a subscriber.Account
	answer.Decode(&a)
	if a.AccountID != id || a.ExternalID == 0 || a.Version != 3 || *a.PlanID != plan || a.CurrentPeriodEnd.Format("2006-01-02T15:04:05Z07:00") != "2030-01-01T00:00:00Z" ||
		*a.Country != "SE" || !a.EmailVerified || len(a.Profiles) != 2 || a.Profiles[0].ID != profile || !a.Profiles[1].IsKids {
		t.Errorf("told %s", answer.Body)
	}
	got := b.as(billing, "GET", path, nil).Want(http.StatusOK)
	if string(got.Body) != string(answer.Body) || got.Header.Get("ETag") != answer.Header.Get("ETag") || got.Header.Get("ETag") == "" {
		t.Errorf("told %s, stored %s", answer.Body, got.Body)
	}
	if list := b.devices("viewer:" + id.String()); list.Limit != 2 {
		t.Errorf("the plan allows 2 devices, the list says %d", list.Limit)
	}
	d := b.register("viewer:"+id.String(), "fp")
	events := b.events(func() { b.as(billing, "DELETE", path, nil).Want(http.StatusNoContent) })
	same(t, "events of the end", events, []string{"device.removed", "profile.deleted", "profile.deleted", "subscription.canceled", "user.deleted"})
	same(t, "told of sessions", b.noted(), []string{wire.ReasonAccountClosed + " " + id.String(), "forgotten " + id.String()})
	for _, method := range []string{"GET", "DELETE"} {
		b.as(billing, method, path, nil).Want(http.StatusNotFound).Refused()
	}
	b.as("viewer:"+id.String(), "GET", d.Location(), nil).Want(http.StatusNotFound)
	left := apitest.Column[string](b.Bundle, `SELECT version || ' ' || status || ' ' || coalesce(plan_id::text, country, current_period_end::text, 'nothing') || ' ' || email_verified || ' ' ||
		(SELECT count(*) FROM profiles) || ' ' || (SELECT count(*) FROM devices) FROM accounts`)
	same(t, "what is left", left, []string{"3 closed nothing false 0 0"})
	same(t, "audit", b.Actions(), []string{"account.created", "device.registered", "account.deleted"})
	b.wantNothingPersonal("Alice", "Kids", "SE", "Living room")
}

// A version that is not above the stored one is answered with the stored state, whatever else it says.
func TestVersions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, plan := uuid.Must(uuid.NewV7()), b.plan(2)
	path := accountsPath + id.String()
	first := b.as(billing, "PUT", path, subscribed(5, plan, nil)).Want(http.StatusOK)
	events := b.events(func() {
		for _, version := range []int{5, 4, 0} {
			again := b.as(billing, "PUT", path, object{"version": version, "status": "closed", "plan_id": uuid.New(), "subscription_status": "trialing", "current_period_end": "2031-01-01T00:00:00Z"}).Want(http.StatusOK)
			if string(again.Body) != string(first.Body) || again.Header.Get("ETag") != first.Header.Get("ETag") {
				t.Errorf("version %d answers %s", version, again.Body)
			}
		}
	})
	same(t, "events", events, nil)
	b.as(billing, "PUT", path, object{"version": 4, "status": "open"}).Want(http.StatusUnprocessableEntity) // a body is legal in any case
	if a := b.put(id, subscribed(6, plan, object{"email_verified": true})); a.Version != 6 || !a.EmailVerified || a.ExternalID == 0 {
		t.Errorf("a newer version gives %+v", a)
	}
	same(t, "audit", b.Actions(), []string{"account.created", "account.updated"})
	same(t, "changed", apitest.Column[string](b.Bundle, `SELECT metadata->>'changed' FROM audit_log WHERE action = 'account.updated'`), []string{`["version", "email_verified"]`})
	same(t, "sessions", b.noted(), nil)
}

// What was said before the end of an account does not bring it back; something newer makes it anew.
func TestAfterTheEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, plan := uuid.Must(uuid.NewV7()), b.plan(2)
	path := accountsPath + id.String()
	before := b.put(id, subscribed(7, plan, object{"country": "SE"}))
	b.as(billing, "DELETE", path, nil).Want(http.StatusNoContent)
	var late subscriber.Account
	events := b.events(func() {
		b.as(billing, "PUT", path, subscribed(7, plan, object{"country": "SE"})).Want(http.StatusOK).Decode(&late)
	})
	if late.Status != "closed" || late.Version != 7 || late.PlanID != nil || late.Country != nil || late.SubscriptionStatus != "none" || len(late.Profiles) != 0 {
		t.Errorf("a late version is answered %+v", late)
	}
	same(t, "events", events, nil)
	b.as(billing, "GET", path, nil).Want(http.StatusNotFound)
	viewer := "viewer:" + id.String()
	if f := b.as(viewer, "POST", devicesPath, deviceBody("fp", nil)).Want(http.StatusForbidden).Refused(); f.Code != "FORBIDDEN" {
		t.Errorf("a closed account registers: %+v", f)
	}
	events = b.events(func() {
		if a := b.put(id, subscribed(8, plan, nil)); a.Status != "active" || a.ExternalID != before.ExternalID || !a.CreatedAt.After(before.CreatedAt) {
			t.Errorf("made anew: %+v", a)
		}
	})
	same(t, "events of the new account", events, []string{"user.created", "subscription.created"})
	b.register(viewer, "fp")
}

// An account that registers a device before the origin was told of it is not there for billing, until it is.
func TestUntoldAccounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := uuid.Must(uuid.NewV7())
	path, viewer := accountsPath+id.String(), "viewer:"+id.String()
	d := b.register(viewer, "fp")
	b.as(billing, "GET", path, nil).Want(http.StatusNotFound)
	events := b.events(func() {
		if a := b.put(id, object{"version": 0, "status": "active"}); a.Version != 0 || a.SubscriptionStatus != "none" || a.PlanID != nil || len(a.Profiles) != 0 {
			t.Errorf("told %+v", a)
		}
	})
	same(t, "events", events, []string{"user.created"})
	b.as(viewer, "GET", d.Location(), nil).Want(http.StatusOK)

	other := uuid.Must(uuid.NewV7())
	b.register("viewer:"+other.String(), "fp")
	events = b.events(func() { b.as(billing, "DELETE", accountsPath+other.String(), nil).Want(http.StatusNoContent) })
	same(t, "events of one that goes untold", events, []string{"device.removed"})
	b.as(billing, "DELETE", accountsPath+other.String(), nil).Want(http.StatusNotFound)
}

// Every transition has its event, and nothing else has one.
func TestAccountEvents(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, plan, dearer := uuid.Must(uuid.NewV7()), b.plan(2), b.plan(9)
	one, two := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	ended := []string{wire.ReasonAccountClosed + " " + id.String()}
	state := object{}
	for i, step := range []struct {
		name   string
		body   object
		events []string
		noted  []string
	}{
		{"first", object{"status": "active"}, []string{"user.created"}, nil},
		{"a newer version alone", object{}, nil, nil},
		{"email", object{"email_verified": true}, []string{"user.email_verified"}, nil},
		{"email again", object{}, nil, nil},
		{"a plan without a subscription", object{"plan_id": plan}, nil, nil},
		{"trial", object{"subscription_status": "trialing", "current_period_end": "2030-01-01T00:00:00Z"}, []string{"subscription.created"}, nil},
		{"paid", object{"subscription_status": "active"}, []string{"subscription.updated"}, nil},
		{"same instant", object{"current_period_end": "2030-01-01T02:00:00+02:00"}, nil, nil},
		{"next period", object{"current_period_end": "2030-02-01T00:00:00Z"}, []string{"subscription.updated"}, nil},
		{"dearer", object{"plan_id": dearer}, []string{"subscription.updated"}, nil},
		{"not paid", object{"subscription_status": "past_due"}, []string{"subscription.payment_failed"}, nil},
		{"paid late", object{"subscription_status": "active"}, []string{"subscription.updated"}, nil},
		{"not paid for another", object{"subscription_status": "past_due", "plan_id": plan}, []string{"subscription.updated", "subscription.payment_failed"}, nil},
		{"canceled", object{"subscription_status": "canceled"}, []string{"subscription.canceled"}, nil},
		{"once more", object{"subscription_status": "active"}, []string{"subscription.updated"}, nil},
		{"none", object{"subscription_status": "none"}, []string{"subscription.canceled"}, nil},
		{"canceled after none", object{"subscription_status": "canceled"}, []string{"subscription.canceled"}, nil},
		{"none after canceled", object{"subscription_status": "none"}, []string{"subscription.updated"}, nil},
		{"a second trial", object{"subscription_status": "trialing"}, []string{"subscription.created"}, nil},
		{"that ends in none", object{"subscription_status": "none"}, []string{"subscription.canceled"}, nil},
		{"owing from the start", object{"subscription_status": "past_due"}, []string{"subscription.created", "subscription.payment_failed"}, nil},
		{"profiles", object{"profiles": []object{{"id": one, "name": "A"}, {"id": two, "name": "B"}}}, []string{"profile.created", "profile.created"}, nil},
		{"renamed", object{"profiles": []object{{"id": two, "name": "C"}, {"id": one, "name": "A"}}}, nil, nil},
		{"one goes", object{"profiles": []object{{"id": two, "name": "C"}}}, []string{"profile.deleted"}, []string{"forgotten " + id.String() + " " + one.String()}},
		{"suspended", object{"status": "suspended"}, []string{"user.suspended"}, ended},
		{"still suspended", object{}, nil, nil},
		{"active", object{"status": "active"}, nil, nil},
		{"closed", object{"status": "closed"}, []string{"subscription.canceled", "user.deleted"}, ended},
		{"still closed", object{}, nil, nil},
		{"back", object{"status": "active"}, []string{"user.created", "subscription.updated"}, nil},
		{"closed and canceled", object{"status": "closed", "subscription_status": "canceled"}, []string{"subscription.canceled", "user.deleted"}, ended},
		{"back without", object{"status": "active"}, []string{"user.created"}, nil},
		{"closed without", object{"status": "closed"}, []string{"user.deleted"}, ended},
	} {
		state = with(state, step.body)
		got := b.events(func() { b.put(id, with(state, object{"version": i})) })
		same(t, step.name, got, step.events)
		same(t, step.name+": sessions", b.noted(), step.noted)
	}
	got := b.events(func() { b.as(billing, "DELETE", accountsPath+id.String(), nil).Want(http.StatusNoContent) })
	same(t, "deleting the closed", got, []string{"profile.deleted"})
	b.wantNothingPersonal(`"A"`, `"B"`, `"C"`)
	order := apitest.Column[string](b.Bundle, `SELECT payload->>'account_id' FROM events`)
	if slices.ContainsFunc(order, func(account string) bool { return account != id.String() }) {
		t.Errorf("events are of %q", order)
	}
}

// A subscription that plays is told to be canceled when its account goes, once.
func TestSubscriptionsEndWithTheAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	plan := b.plan(2)
	f := func(name string, states []object, want ...string) {
		t.Helper()
		id := uuid.Must(uuid.NewV7())
		for i, state := range states {
			b.put(id, subscribed(i, plan, state))
		}
		got := b.events(func() { b.as(billing, "DELETE", accountsPath+id.String(), nil).Want(http.StatusNoContent) })
		same(t, name, got, want)
	}
	for _, status := range []string{"trialing", "active", "past_due"} {
		f(status, []object{{"subscription_status": status}}, "subscription.canceled", "user.deleted")
	}
	f("suspended", []object{{}, {"status": "suspended"}}, "subscription.canceled", "user.deleted")
	f("canceled", []object{{}, {"subscription_status": "canceled"}}, "user.deleted")
	f("none", []object{{"subscription_status": "none"}}, "user.deleted")
	f("closed, which told it", []object{{}, {"status": "closed"}})
	f("closed and back", []object{{}, {"status": "closed"}, {}}, "subscription.canceled", "user.deleted")
}

// A list of profiles is all of them, in its order.
func TestProfiles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, other := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	var ids []uuid.UUID
	var list []object
	for i := range 50 {
		ids = append(ids, uuid.Must(uuid.NewV7()))
		list = append(list, object{"id": ids[i], "name": fmt.Sprint("P", i)})
	}
	slices.Reverse(list)
	if a := b.put(id, object{"version": 1, "status": "active", "profiles": list}); len(a.Profiles) != 50 || a.Profiles[0].ID != ids[49] {
		t.Errorf("%d profiles, first %v", len(a.Profiles), a.Profiles[0])
	}
	var stored subscriber.Account
	b.as(billing, "GET", accountsPath+id.String(), nil).Want(http.StatusOK).Decode(&stored)
	if stored.Profiles[0].ID != ids[49] || stored.Profiles[49].ID != ids[0] {
		t.Errorf("stored from %v to %v", stored.Profiles[0], stored.Profiles[49])
	}
	f := func(account uuid.UUID, profiles any, want ...string) {
		t.Helper()
		a := b.as(billing, "PUT", accountsPath+account.String(), object{"version": 2, "status": "active", "profiles": profiles}).Want(http.StatusUnprocessableEntity)
		same(t, "422", a.Refused().Fields(), want)
		if strings.Contains(string(a.Body), id.String()) {
			t.Errorf("says whose it is: %s", a.Body)
		}
	}
	f(id, append(list, object{"id": uuid.New(), "name": "x"}), "profiles")
	f(id, []object{{"id": ids[0], "name": "x"}, {"id": strings.ToUpper(ids[0].String()), "name": "y"}}, "profiles[1].id")
	f(other, []object{{"id": uuid.New(), "name": "x"}, {"id": ids[0], "name": "x"}}, "profiles[1].id")
	f(id, []object{{"id": ids[0], "name": " "}, {"name": "x"}}, "profiles[0].name", "profiles[1].id")
	b.put(id, object{"version": 2, "status": "active"})
	b.put(other, object{"version": 2, "status": "active", "profiles": []object{{"id": ids[0], "name": "x"}}})
}

// What a profile has watched goes with it, whether the account stays or closes; one that stays keeps it.
func TestRemovedProfilesAreForgotten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, one, two, three := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	forgotten := func(profile uuid.UUID) string { return "forgotten " + id.String() + " " + profile.String() }
	f := func(version int, status string, profiles []uuid.UUID, noted ...string) {
		t.Helper()
		list := []object{}
		for _, profile := range profiles {
			list = append(list, object{"id": profile, "name": fmt.Sprint("P", version)})
		}
		b.put(id, object{"version": version, "status": status, "profiles": list})
		same(t, fmt.Sprint("version ", version), b.noted(), noted)
	}
	f(1, "active", []uuid.UUID{one, two, three})
	f(2, "active", []uuid.UUID{three, two, one})
	f(3, "active", []uuid.UUID{three, one}, forgotten(two))
	f(2, "active", nil)
	f(4, "closed", []uuid.UUID{one}, wire.ReasonAccountClosed+" "+id.String(), forgotten(three))
	f(5, "closed", nil, forgotten(one))
	b.domain.ForgetProfiles = nil
	f(6, "active", []uuid.UUID{one})
	f(7, "active", nil)
}

// Of two accounts that are given the same profile at once, one has it and the other is refused.
func TestRacingProfiles(t *testing.T) {
	t.Parallel()
	b := setup(t)
	profile := uuid.Must(uuid.NewV7())
	statuses := make([]int, 6)
	var wg sync.WaitGroup
	for i := range statuses {
		wg.Go(func() {
			body := object{"version": 1, "status": "active", "profiles": []object{{"id": profile, "name": "x"}}}
			statuses[i] = b.patiently(billing, "PUT", accountsPath+uuid.NewString(), body).Status
		})
	}
	wg.Wait()
	slices.Sort(statuses)
	if !slices.Equal(statuses, []int{200, 422, 422, 422, 422, 422}) {
		t.Errorf("statuses %v", statuses)
	}
}

// Whatever the order in which versions arrive, the newest stays, and the account was created once.
func TestRacingVersions(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := uuid.Must(uuid.NewV7())
	var wg sync.WaitGroup
	for version := range 12 {
		wg.Go(func() {
			b.patiently(billing, "PUT", accountsPath+id.String(), object{"version": version, "status": "active"})
		})
	}
	wg.Wait()
	if versions := apitest.Column[int64](b.Bundle, `SELECT version FROM accounts`); !slices.Equal(versions, []int64{11}) {
		t.Errorf("versions %v", versions)
	}
	same(t, "events", apitest.Column[string](b.Bundle, `SELECT type FROM events`), []string{"user.created"})
}

func TestAccountFaults(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, plan := uuid.Must(uuid.NewV7()), b.plan(2)
	f := func(fields object, want ...string) {
		t.Helper()
		a := b.as(billing, "PUT", accountsPath+id.String(), with(object{"version": 1, "status": "active"}, fields)).Want(http.StatusUnprocessableEntity)
		same(t, fmt.Sprint(fields), a.Refused().Fields(), want)
	}
	f(object{"version": absent, "status": absent}, "status", "version")
	f(object{"version": -1, "status": "gone", "subscription_status": "free"}, "status", "subscription_status", "version")
	f(object{"plan_id": uuid.New()}, "plan_id")
	for _, status := range []string{"trialing", "active", "past_due"} {
		f(object{"subscription_status": status}, "current_period_end", "plan_id")
		f(object{"subscription_status": status, "plan_id": plan, "current_period_end": nil}, "current_period_end")
	}
	for _, country := range []string{"se", "UK", "ZZ", "SWE", "S", ""} {
		f(object{"country": country}, "country")
	}
	b.as(billing, "PUT", accountsPath+id.String(), object{"version": 1, "status": "active", "email": "a@example.com"}).Want(http.StatusBadRequest)
	b.as(billing, "GET", accountsPath+id.String(), nil).Want(http.StatusNotFound)
	if n := apitest.Column[int](b.Bundle, `SELECT count(*) FROM accounts`); n[0] != 0 {
		t.Error("what was refused has left a row")
	}
	b.put(id, object{"version": 1, "status": "active", "subscription_status": "canceled", "plan_id": nil, "current_period_end": nil, "country": nil})
}

func TestAccountIfMatch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := uuid.Must(uuid.NewV7())
	send := func(method string, body any, tag string) *apitest.Answer {
		return b.Do(apitest.Request{Method: method, Path: accountsPath + id.String(), Access: billing, Body: body, Header: map[string]string{"If-Match": tag}})
	}
	first := b.as(billing, "PUT", accountsPath+id.String(), object{"version": 1, "status": "active"}).Want(http.StatusOK).Header.Get("ETag")
	second := send("PUT", object{"version": 2, "status": "suspended"}, first).Want(http.StatusOK).Header.Get("ETag")
	for method, body := range map[string]any{"PUT": object{"version": 3, "status": "active"}, "DELETE": nil} {
		stale := send(method, body, first).Want(http.StatusPreconditionFailed)
		same(t, method, stale.Refused().Fields(), []string{"version", "status"})
	}
	send("DELETE", nil, second).Want(http.StatusNoContent)
	send("PUT", object{"version": 3, "status": "active"}, second).Want(http.StatusPreconditionFailed)
}

func TestHostileAccounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := uuid.Must(uuid.NewV7())
	b.Exec(`CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.version := -1; RETURN NEW; END'`) // so that each is news
	b.Exec(`CREATE TRIGGER forget BEFORE UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION forget()`)
	valid := subscribed(1, b.plan(1), object{"country": "SE", "email_verified": true, "profiles": []object{{"id": uuid.New(), "name": "A", "is_kids": true}}})
	b.Hostile(t, apitest.Request{Method: "PUT", Path: accountsPath + id.String(), Access: billing}, valid)
	for _, bad := range []string{"x", "%00", id.String() + "x"} {
		for method, body := range map[string]any{"GET": nil, "PUT": valid, "DELETE": nil} {
			b.as(billing, method, accountsPath+bad, body).Want(http.StatusBadRequest).Refused()
		}
	}
	b.as(billing, "GET", accountsPath+id.String()+"?x=1", nil).Want(http.StatusBadRequest)
}

// Whatever is done to an account waits for whoever holds its row, as a stream that starts does.
func TestWritesTakeTurns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := uuid.Must(uuid.NewV7())
	viewer := "viewer:" + id.String()
	kept, gone := b.register(viewer, "kept"), b.register(viewer, "gone")
	tx, err := b.DB.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }() // of a test that failed
	if _, err := tx.Exec(t.Context(), `SELECT FROM accounts WHERE id = $1 FOR NO KEY UPDATE`, id); err != nil {
		t.Fatal(err)
	}
	done := make(chan int, 5)
	for _, write := range []func() *apitest.Answer{
		func() *apitest.Answer { return b.patiently(viewer, "POST", devicesPath, deviceBody("new", nil)) },
		func() *apitest.Answer { return b.patiently(viewer, "POST", devicesPath, deviceBody("kept", nil)) },
		func() *apitest.Answer { return b.patiently(viewer, "PATCH", kept.Location(), object{"name": "Hall"}) },
		func() *apitest.Answer { return b.patiently(viewer, "DELETE", gone.Location(), nil) },
		func() *apitest.Answer {
			return b.patiently(billing, "PUT", accountsPath+id.String(), object{"version": 1, "status": "active"})
		},
	} {
		go func() { done <- write().Status }()
	}
	select {
	case status := <-done:
		t.Errorf("one did not wait: %d", status)
	case <-time.After(300 * time.Millisecond):
	}
	b.as(viewer, "GET", kept.Location(), nil).Want(http.StatusOK) // who only reads does not wait
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if status := <-done; status/100 != 2 {
			t.Errorf("status %d", status)
		}
	}
}
