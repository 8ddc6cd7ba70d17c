package subscriber_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/origin/subscriber"
	"encora/shared/wire"
)

func planBody(fields object) object {
	return with(object{"name": "Standard HD", "price": 9.99, "currency": "EUR", "billing_cycle": "monthly", "max_profiles": 4, "max_concurrent_streams": 2,
		"max_devices": 5, "max_quality": "FHD", "is_active": true}, fields)
}

func (b *bundle) create(fields object) subscriber.AdminPlan {
	b.t.Helper()
	var p subscriber.AdminPlan
	b.as(planner, "POST", adminPlans, planBody(fields)).Want(http.StatusCreated).Decode(&p)
	return p
}

// during lists the tags that fn's writes emitted, sorted.
func (b *bundle) during(fn func()) []string {
	b.t.Helper()
	head := b.Head()
	fn()
	tags := b.TagsSince(head)
	slices.Sort(tags)
	return tags
}

func TestPlanLifecycle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	answer := b.as(planner, "POST", adminPlans, planBody(object{"description": "Two at once.", "has_downloads": true, "allow_download_count": 25, "has_ads": true,
		"has_hdr": true, "has_dolby_atmos": true, "trial_days": 14, "includes_premium_channels": true})).Want(http.StatusCreated)
	var p subscriber.AdminPlan
	answer.Decode(&p)
	if answer.Header.Get("Location") != p.Location() || p.ID.Version() != 7 || p.ExternalID == 0 || !p.IncludesPremiumChannels || p.MaxDevices != 5 {
		t.Errorf("created %s at %q", answer.Body, answer.Header.Get("Location"))
	}
	if !strings.Contains(string(answer.Body), `"price":9.99,`) {
		t.Errorf("the price is no number: %s", answer.Body)
	}
	got := b.as(planner, "GET", p.Location(), nil).Want(http.StatusOK)
	if string(got.Body) != string(answer.Body) || got.Header.Get("ETag") != answer.Header.Get("ETag") {
		t.Errorf("created %s, stored %s", answer.Body, got.Body)
	}
	seen := b.as("", "GET", plansPath+"/"+p.ID.String(), nil).Want(http.StatusOK)
	var public subscriber.Plan
	seen.Decode(&public) // and not a field more
	if public != p.Plan || seen.Header.Get("Cache-Control") != "public, max-age=10" || seen.Header.Get("ETag") == "" {
		t.Errorf("everybody sees %s with %v", seen.Body, seen.Header)
	}
	edited := b.as(planner, "PUT", p.Location(), planBody(object{"price": 10.5, "is_active": false})).Want(http.StatusOK)
	p = subscriber.AdminPlan{}
	edited.Decode(&p)
	if p.Price.String() != "10.5" || p.Description != "" || p.HasDownloads || p.TrialDays != 0 || p.IncludesPremiumChannels {
		t.Errorf("PUT keeps what the body leaves out: %+v", p)
	}
	b.as("", "GET", plansPath+"/"+p.ID.String(), nil).Want(http.StatusNotFound).Refused()
	b.as(planner, "DELETE", p.Location(), nil).Want(http.StatusNoContent)
	for method, body := range map[string]any{"GET": nil, "PUT": planBody(nil), "DELETE": nil} {
		b.as(planner, method, p.Location(), body).Want(http.StatusNotFound).Refused()
	}
	same(t, "audit", b.Actions(), []string{"plan.created", "plan.updated", "plan.deleted"})
	last := apitest.Column[string](b.Bundle, `SELECT metadata->'object'->>'name' || ' ' || (metadata->'object'->>'price') FROM audit_log WHERE action = 'plan.deleted'`)
	same(t, "last version", last, []string{"Standard HD 10.5"})
}

func TestListPlans(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, p := range []object{
		{"name": "B", "price": 10}, {"name": "A", "price": 10}, {"name": "Nine", "price": 9.5}, {"name": "Year", "price": 100, "billing_cycle": "annual"},
		{"name": "Dollar", "price": 1, "currency": "USD"}, {"name": "Old", "is_active": false}, {"name": "Dinar", "price": 1.999, "currency": "KWD"},
	} {
		b.create(p)
	}
	f := func(query string, want ...string) {
		t.Helper()
		var list api.List[subscriber.Plan]
		b.as("", "GET", plansPath+query, nil).Want(http.StatusOK).Decode(&list)
		names := []string{}
		for _, p := range list.Data {
			names = append(names, p.Name)
		}
		same(t, query, names, append([]string{}, want...))
	}
	f("", "Nine", "A", "B", "Year", "Dinar", "Dollar")
	f("?currency=USD", "Dollar")
	f("?currency=usd", "Dollar")
	f("?currency=EUR&billing_cycle=annual", "Year")
	f("?billing_cycle=quarterly")
	f("?currency=XXX&other=1")
	for query, name := range map[string]string{"?currency=EURO": "currency", "?billing_cycle=weekly": "billing_cycle", "?currency=EU": "currency"} {
		same(t, query, b.as("", "GET", plansPath+query, nil).Want(http.StatusBadRequest).Refused().Fields(), []string{name})
	}
	fill := b.Ask(wire.FillPrefix+plansPath, nil).Want(http.StatusOK)
	if fill.Header.Get(wire.Tags) != "plans" || fill.Header.Get(wire.Until) != "" {
		t.Errorf("filled with %v", fill.Header)
	}
}

func TestAdminListPlans(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 5 {
		b.create(object{"name": fmt.Sprint(i), "is_active": i%2 == 0})
	}
	var names []string
	path, total := adminPlans+"?limit=2", 0
	for path != "" {
		var page api.Counted[subscriber.AdminPlan]
		b.as(planner, "GET", path, nil).Want(http.StatusOK).Decode(&page)
		for _, p := range page.Data {
			names = append(names, p.Name)
		}
		total, path = page.Meta.TotalCount, ""
		if page.Meta.HasMore {
			path = adminPlans + "?limit=2&cursor=" + *page.Meta.NextCursor
		}
	}
	same(t, "pages", names, []string{"0", "1", "2", "3", "4"})
	if total != 5 {
		t.Errorf("%d in all", total)
	}
}

// What is on offer changes for caches; what is taken off offer is gone even while the origin is away.
func TestChangesOfPlans(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hidden := b.create(object{"is_active": false})
	var p subscriber.AdminPlan
	same(t, "creating", b.during(func() { p = b.create(nil) }), []string{"plans"})
	tag := "plan:" + p.ID.String()
	edit := func(fields object) func() {
		return func() { b.as(planner, "PUT", p.Location(), planBody(fields)).Want(http.StatusOK) }
	}
	same(t, "changing", b.during(edit(object{"max_devices": 6})), []string{tag, "plans"})
	same(t, "changing nothing", b.during(edit(object{"max_devices": 6, "price": 9.990})), []string{})
	same(t, "taking off offer", b.during(edit(object{"is_active": false})), []string{"!" + tag, "!plans"})
	same(t, "changing what is not on offer", b.during(edit(object{"is_active": false, "name": "Old"})), []string{})
	same(t, "offering again", b.during(edit(nil)), []string{tag, "plans"})
	same(t, "deleting", b.during(func() { b.as(planner, "DELETE", p.Location(), nil).Want(http.StatusNoContent) }), []string{"!" + tag, "!plans"})
	same(t, "deleting what is not on offer", b.during(func() { b.as(planner, "DELETE", hidden.Location(), nil).Want(http.StatusNoContent) }), []string{})
	same(t, "changed", apitest.Column[string](b.Bundle, `SELECT metadata->>'changed' FROM audit_log WHERE action = 'plan.updated' ORDER BY created_at, id LIMIT 2`),
		[]string{`["max_devices"]`, `["max_devices", "is_active"]`})
	absence := b.Ask(wire.FillPrefix+plansPath+"/"+p.ID.String(), nil).Want(http.StatusNotFound)
	if absence.Header.Get(wire.Tags) != tag {
		t.Errorf("the absence has tags %q", absence.Header.Get(wire.Tags))
	}
}

func TestPlanInUse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, id := b.create(nil), uuid.Must(uuid.NewV7())
	b.put(id, subscribed(1, p.ID, nil))
	if f := b.as(planner, "DELETE", p.Location(), nil).Want(http.StatusConflict).Refused(); f.Code != "CONFLICT" {
		t.Errorf("refused with %+v", f)
	}
	b.as(planner, "GET", p.Location(), nil).Want(http.StatusOK)
	b.as(planner, "PUT", p.Location(), planBody(object{"max_devices": 1})).Want(http.StatusOK)
	if list := b.devices("viewer:" + id.String()); list.Limit != 1 {
		t.Errorf("the plan's new limit is %d for who has it", list.Limit)
	}
	b.as(billing, "DELETE", accountsPath+id.String(), nil).Want(http.StatusNoContent)
	b.as(planner, "DELETE", p.Location(), nil).Want(http.StatusNoContent)
}

func TestPlanFaults(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := func(fields object, want ...string) {
		t.Helper()
		got := b.as(planner, "POST", adminPlans, planBody(fields)).Want(http.StatusUnprocessableEntity).Refused().Fields()
		same(t, fmt.Sprint(fields), slices.Compact(got), want)
	}
	f(object{"name": absent, "price": absent, "currency": absent, "billing_cycle": absent, "max_profiles": absent, "max_concurrent_streams": absent,
		"max_devices": absent, "max_quality": absent, "is_active": absent},
		"billing_cycle", "currency", "is_active", "max_concurrent_streams", "max_devices", "max_profiles", "max_quality", "name", "price")
	f(object{"max_profiles": 0, "max_concurrent_streams": 0, "max_devices": 0, "trial_days": -1, "allow_download_count": -1},
		"allow_download_count", "max_concurrent_streams", "max_devices", "max_profiles", "trial_days")
	f(object{"max_profiles": 51, "max_concurrent_streams": 101, "max_devices": 101, "trial_days": 366}, "max_concurrent_streams", "max_devices", "max_profiles", "trial_days")
	for _, currency := range []string{"eur", "EURO", "XXX", "DEM", "XAU", "AAA", ""} {
		f(object{"currency": currency}, "currency")
	}
	for _, price := range []float64{-0.01, 9.99999, 100000000.01, 1e-7, 1e30} {
		f(object{"price": price}, "price")
	}
	f(object{"max_quality": "8K", "billing_cycle": "weekly", "name": "a\nb"}, "billing_cycle", "max_quality", "name")
	b.as(planner, "POST", adminPlans, planBody(object{"price": "9.99"})).Want(http.StatusBadRequest)
	for _, price := range []string{"0", "0.0001", "100000000", "99999999.9999"} {
		var p subscriber.AdminPlan
		body := strings.Replace(`{"name":"P","price":#,"currency":"JPY","billing_cycle":"annual","max_profiles":1,"max_concurrent_streams":1,"max_devices":1,"max_quality":"SD","is_active":true}`, "#", price, 1)
		b.as(planner, "POST", adminPlans, body).Want(http.StatusCreated).Decode(&p)
		if stored := b.as(planner, "GET", p.Location(), nil); p.Price.String() != price || !strings.Contains(string(stored.Body), `"price":`+price+`,`) {
			t.Errorf("%s is stored as %s", price, stored.Body)
		}
	}
}

func TestPlanIfMatch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.create(nil)
	send := func(method string, body any, tag string) *apitest.Answer {
		return b.Do(apitest.Request{Method: method, Path: p.Location(), Access: planner, Body: body, Header: map[string]string{"If-Match": tag}})
	}
	first := b.as(planner, "GET", p.Location(), nil).Header.Get("ETag")
	second := send("PUT", planBody(object{"price": 12}), first).Want(http.StatusOK).Header.Get("ETag")
	for method, body := range map[string]any{"PUT": planBody(nil), "DELETE": nil} {
		stale := send(method, body, first).Want(http.StatusPreconditionFailed)
		same(t, method, stale.Refused().Fields(), []string{"price"})
	}
	send("DELETE", nil, second).Want(http.StatusNoContent)
}

func TestCreatePlanWithKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	send := func(body object) *apitest.Answer {
		return b.Do(apitest.Request{Method: "POST", Path: adminPlans, Access: planner, Body: body, Header: map[string]string{"Idempotency-Key": "k"}})
	}
	first, again := send(planBody(nil)).Want(http.StatusCreated), send(planBody(nil)).Want(http.StatusCreated)
	if string(first.Body) != string(again.Body) || first.Header.Get("Location") != again.Header.Get("Location") || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("first %s, then %s", first.Body, again.Body)
	}
	send(planBody(object{"price": 10})).Want(http.StatusUnprocessableEntity)
	if n := apitest.Column[int](b.Bundle, `SELECT count(*) FROM plans`); n[0] != 1 {
		t.Errorf("%d plans", n[0])
	}
}

func TestHostilePlans(t *testing.T) {
	t.Parallel()
	b := setup(t)
	valid := planBody(object{"description": "d", "has_downloads": true, "allow_download_count": 1, "has_ads": true, "has_hdr": true, "has_dolby_atmos": true,
		"trial_days": 1, "includes_premium_channels": true, "catalogue_filter": "f"})
	p := b.create(nil)
	b.Hostile(t, apitest.Request{Method: "POST", Path: adminPlans, Access: planner}, valid)
	b.Hostile(t, apitest.Request{Method: "PUT", Path: p.Location(), Access: planner}, valid)
	b.HostileQuery(t, apitest.Request{Path: plansPath, Access: "viewer"}, "currency", "billing_cycle")
	b.HostileQuery(t, apitest.Request{Path: adminPlans, Access: planner}, "cursor", "limit")
	for path, access := range map[string]string{plansPath + "/": "", adminPlans + "/": planner} {
		for _, bad := range []string{"x", "%00", p.ID.String() + "x"} {
			b.as(access, "GET", path+bad, nil).Want(http.StatusBadRequest).Refused()
		}
	}
}
