package proxy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"encora/edge/fill/filltest"
	"encora/shared/token"
	"encora/shared/wire"
)

// filter is one of a test, of plans by their numbers.
func filter(hash string, plans ...int) wire.PlanFilter {
	f := wire.PlanFilter{Hash: hash}
	for _, n := range plans {
		f.Plans = append(f.Plans, testID(n))
	}
	return f
}

// ofPlan makes a token of a British viewer with a plan, and gives its header.
func (b *bundle) ofPlan(plan string) string {
	if b.tokens.claims == nil {
		b.tokens.claims = make(map[string]*token.Claims)
	}
	name := "plan-" + plan
	b.tokens.claims[name] = &token.Claims{AccountID: "a", Country: "GB", PlanID: plan, Expires: never}
	return "Authorization: Bearer " + name
}

func (b *bundle) filters(f ...wire.PlanFilter) func() {
	return func() { b.origin.Audiences.Filters = f }
}

func TestPlansSeeWhatTheirFilterLeaves(t *testing.T) {
	b := setup(t)
	b.docs["/v2/movies/1"] = "film"
	kids, kidsToo, sport, free, gone, odd := b.ofPlan(testID(1)), b.ofPlan(testID(2)), b.ofPlan(testID(3)), b.ofPlan(testID(4)), b.ofPlan(testID(5)), b.ofPlan("Gold, once")
	b.write(b.filters(filter("kids", 1, 2), filter("sport", 3)), "!filters")
	f := func(who, body string) {
		t.Helper()
		both(func(headers ...string) { b.want(b.do("GET", "/v2/movies/1", append(headers, who)...), 200, body) })
	}
	all := func() {
		t.Helper()
		f(kids, "film for kids")
		f(kidsToo, "film for kids")
		f(sport, "film for sport")
		for _, everything := range []string{free, gone, odd, viewer} {
			f(everything, "film")
		}
	}
	all()
	if n := b.origin.Fills("/v2/movies/1"); n != 3 {
		t.Errorf("%d fills for two filters and none", n)
	}
	before := b.general.Load()
	for _, who := range []string{kids, kidsToo, sport, free, gone, odd} {
		b.do("GET", "/v2/movies/1", who)
	}
	if n := b.general.Load() - before; n != 0 {
		t.Errorf("the lane left %d of 6", n)
	}
	b.write(func() { b.origin.Audiences.Deny = map[string][]string{"GB": {"r1"}} }, "!geo")
	f(kids, "film without r1 for kids")
	f(kidsToo, "film without r1 for kids")
	f(viewer, "film without r1")
	b.write(func() { b.origin.Audiences.Deny = nil }, "geo")
	fills := b.origin.Fills("/v2/movies/1")
	all()
	if n := b.origin.Fills("/v2/movies/1") - fills; n != 0 {
		t.Errorf("what was held was filled %d times", n)
	}
}

// An answer by the filter that a plan had is none of its viewers', though nothing that is in it has changed.
func TestAPlansFilterChanges(t *testing.T) {
	b := setup(t)
	b.docs["/v2/movies/1"], b.docs["/v2/movies"] = "film", "list"
	one, two := b.ofPlan(testID(1)), b.ofPlan(testID(2))
	b.write(b.filters(filter("old", 1), filter("other", 2)), "!filters")
	f := func(target, who, body string) {
		t.Helper()
		both(func(headers ...string) { b.want(b.do("GET", target, append(headers, who)...), 200, body) })
	}
	f("/v2/movies/1", one, "film for old")
	f("/v2/movies/1", two, "film for other")
	b.write(b.filters(filter("new", 1), filter("other", 2)), "!filters")
	f("/v2/movies/1", one, "film for new")
	f("/v2/movies/1", two, "film for other")
	if n := b.origin.Fills("/v2/movies/1"); n != 3 {
		t.Errorf("%d fills, want one for each filter", n)
	}
	b.origin.Lag(true) // this edge does not hear of it; the origin knows better
	b.origin.Write(b.filters(filter("newer", 1), filter("other", 2)), "!filters")
	f("/v2/movies", one, "list for newer")
	f("/v2/movies/1", one, "film for newer")
	b.origin.Lag(false)
	b.until("the change", func() bool { return b.proxy.applied() >= b.origin.Head() })
	f("/v2/movies/1", one, "film for newer")
	b.write(b.filters(filter("other", 2)), "!filters")
	f("/v2/movies/1", one, "film")
}

// The plan that stands for a filter may be deleted: another one does, and what is held stays.
func TestAnotherPlanStandsForTheFilter(t *testing.T) {
	b := setup(t)
	b.docs["/v2/movies/1"], b.docs["/v2/movies/2"] = "film", "other film"
	two := b.ofPlan(testID(2))
	b.write(b.filters(filter("kids", 1, 2)), "!filters")
	b.want(b.do("GET", "/v2/movies/1", two), 200, "film for kids")
	b.write(b.filters(filter("kids", 2)), "!filters")
	both(func(headers ...string) {
		b.want(b.do("GET", "/v2/movies/1", append(headers, two)...), 200, "film for kids")
	})
	b.want(b.do("GET", "/v2/movies/2", two), 200, "other film for kids")
	if n := b.origin.Fills("/v2/movies/1"); n != 1 {
		t.Errorf("%d fills", n)
	}
}

func TestTheAudienceMapIsBroken(t *testing.T) {
	f := func(name string, broken wire.PlanFilter) {
		t.Helper()
		b := setup(t)
		b.docs["/v2/movies/1"] = "film"
		b.write(b.filters(broken), "!filters")
		if a := b.get("/v2/movies/1"); a.StatusCode != 500 || a.fault() != "INTERNAL" {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
	}
	f("no plans", filter("kids"))
	f("no hash", filter("", 1))
	f("no id", wire.PlanFilter{Plans: []string{""}, Hash: "x"})
}

// The lane keeps a plan as a number. When there are no more, viewers of further plans get the same by the long way.
func TestPlansBeyondTheTable(t *testing.T) {
	b := setup(t)
	b.docs["/v2/movies/1"] = "film"
	for n := 1; n < maxPlans; n++ {
		if got, ok := b.proxy.plans.number(testID(n)); !ok || b.proxy.plans.id(got) != testID(n) {
			t.Fatalf("plan %d: number %d, %v", n, got, ok)
		}
	}
	known, further := b.ofPlan(testID(maxPlans-1)), b.ofPlan(testID(maxPlans))
	b.write(b.filters(filter("kids", maxPlans-1), filter("sport", maxPlans)), "!filters")
	f := func(who, body string, lane bool) {
		t.Helper()
		for range 3 {
			b.want(b.do("GET", "/v2/movies/1", who), 200, body)
		}
		before := b.general.Load()
		b.want(b.do("GET", "/v2/movies/1", who), 200, body)
		if took := b.general.Load() == before; took != lane {
			t.Errorf("%s: taken by the lane: %v", body, took)
		}
	}
	f(known, "film for kids", true)
	f(further, "film for sport", false)
	f(viewer, "film", true)
}

func TestAFactHoldsAll(t *testing.T) {
	f := func(over int64, plan uint16, country uint8, code string) {
		t.Helper()
		got := newFact(over, plan, country)
		if got.over() != over || got.plan() != plan || got.country() != code {
			t.Errorf("%d %d %d: %d %d %q", over, plan, country, got.over(), got.plan(), got.country())
		}
	}
	gb := countryOf(&viewerClaims)
	f(0, 0, noCountry, "")
	f(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Unix(), maxPlans-1, gb, "GB")
	f(1<<40-1, 1<<16-1, noCountry, "")
	if anyone.country() != "" || anyone.plan() != 0 {
		t.Errorf("requests without a token are of %q, plan %d", anyone.country(), anyone.plan())
	}
}

// An edge whose feed is late must not answer the map of now from what it held before: a film's rule that was exchanged for
// another hides it from those that both deny, and was nothing to those whom the other one denied already.
func TestAnExchangedRuleShowsNothing(t *testing.T) {
	b := setup(t)
	hidden := "old"
	other := b.origin.Render
	b.origin.Set(func() {
		b.origin.Render = func(a filltest.Ask) filltest.Answer {
			if strings.HasPrefix(a.Path, "/v2/movies/") && strings.Contains(strings.Join(a.Deny, ","), hidden) {
				return filltest.Answer{Status: 404, Body: `{"code":"NOT_FOUND","message":"gone","request_id":"origin","details":[]}`, Tags: []string{a.Path}}
			}
			return other(a)
		}
		b.origin.Audiences = wire.Audiences{Deny: map[string][]string{"GB": {"old"}, "FR": {"new"}}}
	})
	b.docs["/v2/movies/1"], b.docs["/v2/movies/2"], b.docs["/v2/movies"] = "film", "film", "list"
	french := "Authorization: Bearer viewer-FR"
	b.wantFault(b.get("/v2/movies/1"), 404, "NOT_FOUND")
	both(func(headers ...string) {
		b.want(b.do("GET", "/v2/movies/1", append(headers, french)...), 200, "film without new")
	})
	b.want(b.do("GET", "/v2/movies/2", french), 200, "film without new")
	b.origin.Lag(true)
	b.origin.Write(func() {
		hidden = "new"
		b.origin.Audiences = wire.Audiences{Deny: map[string][]string{"GB": {"new"}, "FR": {"new"}}}
	}, "!geo", "!/v2/movies/1", "!/v2/movies/2")
	b.want(b.get("/v2/movies"), 200, "list without new") // the map is read anew
	both(func(headers ...string) { b.wantFault(b.get("/v2/movies/1", headers...), 404, "NOT_FOUND") })
	b.origin.Down(true)
	for range 5 { // then it is known to be away
		both(func(headers ...string) { b.wantFault(b.get("/v2/movies/2", headers...), 503, "UNAVAILABLE") })
	}
}

func TestSuccessorsAreOfThePlan(t *testing.T) {
	b := setup(t)
	turn := time.Now().Add(time.Second)
	b.origin.Set(func() {
		b.origin.Audiences.Filters = []wire.PlanFilter{filter("kids", 1)}
		b.origin.Render = func(a filltest.Ask) filltest.Answer {
			if a.AsOf.Before(turn) {
				return filltest.Answer{Body: "upcoming for " + a.Plan, Tags: []string{"a"}, Until: turn}
			}
			return filltest.Answer{Body: "on for " + a.Plan, Tags: []string{"a"}}
		}
	})
	kids := b.ofPlan(testID(1))
	b.want(b.do("GET", "/v2/movies/1", kids), 200, "upcoming for "+testID(1))
	b.until("the successor", func() bool { return b.origin.Fills("/v2/movies/1") == 2 })
	time.Sleep(20 * time.Millisecond) // its answer is on the way
	b.origin.Down(true)
	b.until("the instant", func() bool { return b.proxy.clock.Now().After(turn) })
	both(func(headers ...string) {
		b.want(b.do("GET", "/v2/movies/1", append(headers, kids)...), 200, fmt.Sprint("on for ", testID(1)))
	})
}
