package rights

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/shared/territory"
	"encora/shared/wire"
)

func TestDenyRulesAndTerritories(t *testing.T) {
	t.Parallel()
	b := setup(t)
	films := b.films(1)
	allow := b.create(object{"name": "A", "policy": "allow_list", "territories": []string{"SE", "NO"}, "applies_to": films})
	block := b.create(object{"name": "B", "policy": "block_list", "territories": []string{"SE", "DE"}, "applies_to": films})
	b.create(object{"name": "C", "policy": "block_list", "territories": []string{"NO"}}) // in no use

	var got wire.Audiences
	a := b.Ask(wire.AudiencesPath, nil).Want(200)
	a.Decode(&got)
	if tags := a.Header.Get(wire.Tags); tags != "filters,geo" {
		t.Errorf("tags %q", tags)
	}
	for i := range territory.Count {
		code := territory.Code(i)
		want := []string{allow.ID.String()}
		switch code {
		case "SE":
			want = []string{block.ID.String()}
		case "NO":
			want = nil
		case "DE":
			want = append(want, block.ID.String())
		}
		if !reflect.DeepEqual(got.Deny[code], want) {
			t.Errorf("%s is denied by %v, want %v", code, got.Deny[code], want)
		}
		var ids []string
		if err := b.write(t, func(ctx context.Context, w *api.Write) error {
			rules, err := b.domain.DenyRules(ctx, w.Tx.Tx, code)
			for _, id := range rules {
				ids = append(ids, id.String())
			}
			return err
		}); err != nil || !slices.Equal(ids, want) {
			t.Errorf("DenyRules(%s) = %v, %v; want %v", code, ids, err, want)
		}
	}
	if b.Do(apitest.Request{Method: "GET", Path: wire.AudiencesPath}).Status != http.StatusNotFound {
		t.Error("the public listener has the map")
	}
}

func TestNoRulesDenyNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if a := b.Ask(wire.AudiencesPath, nil).Want(200); string(a.Body) != `{"deny":{}}` {
		t.Errorf("answered %s", a.Body)
	}
}

// The map has the plans' filters as they are in its snapshot.
func TestAudiencesHaveFilters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	want := []wire.PlanFilter{{Plans: []string{"a", "b"}, Hash: "1"}, {Plans: []string{"c"}, Hash: "2"}}
	b.domain.PlanFilters = func(ctx context.Context, tx pgx.Tx) ([]wire.PlanFilter, error) {
		var pos int
		return want, tx.QueryRow(ctx, `SELECT pos FROM feed_head`).Scan(&pos)
	}
	var got wire.Audiences
	b.Ask(wire.AudiencesPath, nil).Want(200).Decode(&got)
	if !reflect.DeepEqual(got.Filters, want) {
		t.Errorf("%+v", got)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	b := setup(t)
	films := b.films(2)
	allow := b.create(object{"name": "A", "policy": "allow_list", "territories": []string{"SE", "NO"}, "applies_to": films[:1]})
	block := b.create(object{"name": "B", "policy": "block_list", "territories": []string{"SE"}, "applies_to": films[:1]})
	ask := func(film uuid.UUID, contentType, country string) *apitest.Answer {
		return b.Do(apitest.Request{Method: "POST", Path: rules + "/check", Access: "content:read",
			Body: object{"content_id": film, "content_type": contentType, "country_code": country}})
	}
	f := func(film uuid.UUID, country string, allowed bool, rule *uuid.UUID) {
		t.Helper()
		var got GeoDecision
		ask(film, "movie", country).Want(200).Decode(&got)
		if got.Allowed != allowed || !reflect.DeepEqual(got.RuleID, rule) {
			t.Errorf("%s: %+v, want %v by %v", country, got, allowed, rule)
		}
	}
	f(films[0], "NO", true, &allow.ID)
	f(films[0], "SE", false, &block.ID)
	f(films[0], "DE", false, &allow.ID)
	f(films[0], "ZZ", false, &allow.ID)
	f(films[1], "DE", true, nil)
	ask(films[0], "show", "NO").Want(404)
	ask(uuid.Must(uuid.NewV7()), "movie", "NO").Want(404)
	for _, country := range []string{"UK", "no", "N", "NOR", ""} {
		if fields := ask(films[0], "movie", country).Want(422).Refused().Fields(); !slices.Contains(fields, "country_code") {
			t.Errorf("%q names %q", country, fields)
		}
	}
}
