package subscriber_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"encora/origin/api"
)

// schema is the description of what an operation answers.
func (b *bundle) schema(method, path string) object {
	b.t.Helper()
	raw, err := api.OpenAPI(b.domain.Entries(), "2.0.0")
	if err != nil {
		b.t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct {
				Content map[string]struct{ Schema map[string]string }
			}
		}
		Components struct{ Schemas map[string]object }
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		b.t.Fatal(err)
	}
	ref := doc.Paths[path][strings.ToLower(method)].Responses["200"].Content["application/json"].Schema["$ref"]
	return doc.Components.Schemas[ref[strings.LastIndex(ref, "/")+1:]]
}

// nullable lists the fields that a schema declares nullable.
func nullable(schema object) []string {
	var names []string
	for name, of := range schema["properties"].(object) {
		if types, _ := of.(object)["type"].([]any); slices.Contains(types, any("null")) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// nulls lists the fields of an answer that are null.
func nulls(answer object) []string {
	var names []string
	for name, value := range answer {
		if value == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// What may be null is what is null where the least is known, in every representation.
func TestNullableFields(t *testing.T) {
	t.Parallel()
	b := setup(t)
	account, plan := uuid.NewString(), b.plan(1).String()
	b.as(billing, "PUT", accountsPath+account, object{"version": 1, "status": "active"}).Want(http.StatusOK)
	for _, of := range []struct{ access, method, path, of string }{
		{billing, "GET", accountsPath + "{account_id}", account},
		{billing, "PUT", accountsPath + "{account_id}", account},
		{planner, "GET", adminPlans + "/{plan_id}", plan},
		{"", "GET", plansPath + "/{plan_id}", plan},
	} {
		body := map[string]any{"PUT": object{"version": 1, "status": "active"}}[of.method]
		var answer object
		b.as(of.access, of.method, of.path[:strings.Index(of.path, "{")]+of.of, body).Want(http.StatusOK).Decode(&answer)
		same(t, of.method+" "+of.path, nullable(b.schema(of.method, of.path)), nulls(answer))
	}
}
