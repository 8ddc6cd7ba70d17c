package subscriber_test

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/apitest"
	"encora/origin/record"
	"encora/origin/subscriber"
	"encora/shared/fault"
)

const onlyFilms = `content_type == "movie"`

func TestPlansHaveFilters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.create(object{"catalogue_filter": onlyFilms})
	for _, path := range []string{p.Location(), adminPlans} {
		if a := b.as(planner, "GET", path, nil).Want(http.StatusOK); !strings.Contains(string(a.Body), `"catalogue_filter":"content_type == \"movie\""`) {
			t.Errorf("%s: %s", path, a.Body)
		}
	}
	for _, path := range []string{plansPath, plansPath + "/" + p.ID.String()} {
		if a := b.as("", "GET", path, nil).Want(http.StatusOK); strings.Contains(string(a.Body), "filter") {
			t.Errorf("everybody sees %s", a.Body)
		}
	}
	b.as(planner, "PUT", p.Location(), planBody(nil)).Want(http.StatusOK).Decode(&p)
	if p.CatalogueFilter != "" {
		t.Errorf("PUT keeps %q", p.CatalogueFilter)
	}
	same(t, "changed", apitest.Column[string](b.Bundle, `SELECT metadata->>'changed' FROM audit_log WHERE action = 'plan.updated'`), []string{`["catalogue_filter"]`})
	b.as("plans:read", "POST", adminPlans, planBody(object{"catalogue_filter": onlyFilms})).Want(http.StatusForbidden)
}

func TestFiltersAreChecked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.create(object{"catalogue_filter": "whatever"}) // nobody checks
	b.domain.CheckFilter = func(field, text string) []fault.Detail {
		if strings.HasPrefix(text, "content_type") {
			return nil
		}
		return []fault.Detail{{Field: field, Code: "invalid", Message: "This is no filter: " + text}}
	}
	for method, path := range map[string]string{"POST": adminPlans, "PUT": p.Location()} {
		f := func(status int, fields object, want ...string) {
			t.Helper()
			a := b.as(planner, method, path, planBody(fields)).Want(status)
			if status > 299 {
				same(t, fmt.Sprint(method, fields), a.Refused().Fields(), want)
			}
		}
		f(422, object{"catalogue_filter": "broken"}, "catalogue_filter")
		f(422, object{"catalogue_filter": "broken", "max_devices": 0}, "max_devices", "catalogue_filter")
		f(422, object{"catalogue_filter": "content_type" + strings.Repeat(" ", 1989)}, "catalogue_filter")
		f(400, object{"catalogue_filter": 7}, "catalogue_filter")
		ok := map[string]int{"POST": 201, "PUT": 200}[method]
		f(ok, object{"catalogue_filter": "content_type" + strings.Repeat(" ", 1988)})
		f(ok, object{"catalogue_filter": ""})
		f(ok, nil)
	}
}

// Whoever has the plan is of another audience once its filter is another one, on offer or not.
func TestChangesOfFilters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hidden := object{"is_active": false}
	var p subscriber.AdminPlan
	edit := func(fields object) func() {
		return func() { b.as(planner, "PUT", p.Location(), planBody(with(hidden, fields))).Want(http.StatusOK) }
	}
	create := func(fields object) func() { return func() { p = b.create(with(hidden, fields)) } }
	remove := func() { b.as(planner, "DELETE", p.Location(), nil).Want(http.StatusNoContent) }
	audience := []string{"!filters", "lineup"}
	same(t, "creating without", b.during(create(nil)), []string{})
	same(t, "deleting without", b.during(remove), []string{})
	same(t, "creating with one", b.during(create(object{"catalogue_filter": onlyFilms})), audience)
	same(t, "changing something else", b.during(edit(object{"catalogue_filter": onlyFilms, "max_devices": 6})), []string{})
	same(t, "changing it", b.during(edit(object{"catalogue_filter": "true"})), audience)
	same(t, "taking it away", b.during(edit(nil)), audience)
	same(t, "giving it one", b.during(edit(object{"catalogue_filter": onlyFilms})), audience)
	same(t, "deleting with one", b.during(remove), audience)
	same(t, "of what is on offer", b.during(func() { b.create(object{"catalogue_filter": onlyFilms}) }), []string{"!filters", "lineup", "plans"})
	same(t, "bringing one in", b.during(func() {
		_, err := b.domain.IngestPlans(t.Context(), record.System("test"), time.Now(), []subscriber.IncomingPlan{{ID: uuid.Must(uuid.NewV7()), Plan: subscriber.PlanWrite{
			Name: "P", Currency: "EUR", BillingCycle: "monthly", MaxProfiles: 1, MaxConcurrentStreams: 1, MaxDevices: 1, MaxQuality: "SD", CatalogueFilter: onlyFilms}}})
		if err != nil {
			t.Fatal(err)
		}
	})[:2], audience)
}

func TestFiltersInUse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, plain, other, too := b.create(object{"catalogue_filter": "x"}).ID, b.create(nil).ID, b.create(object{"catalogue_filter": "a", "is_active": false}).ID, b.create(object{"catalogue_filter": "x"}).ID
	err := b.DB.Snapshot(t.Context(), func(tx pgx.Tx) error {
		got, err := b.domain.Filters(t.Context(), tx)
		if want := []subscriber.Filter{{Text: "x", Plans: []uuid.UUID{one, too}}, {Text: "a", Plans: []uuid.UUID{other}}}; !reflect.DeepEqual(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if err != nil {
			return err
		}
		for id, want := range map[uuid.UUID]string{one: "x", too: "x", other: "a", plain: "", uuid.New(): ""} {
			if text, err := b.domain.PlanFilter(context.Background(), tx, id); text != want || err != nil {
				t.Errorf("%s: %q, %v", id, text, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
