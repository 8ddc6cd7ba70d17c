package app

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"encora/origin/api"
	"encora/shared/op"
)

// The contract, as testdata/contract.json has it: every operation of the CMS API 2.0 with its parameters, body fields and
// answer's fields.
type contractOp struct {
	ID, Tag, Title, Method, Path string
	ServedBy                     string `json:"served_by"`
	Access                       string
	Success                      int
	Query, Header                []contractField
	Body                         *struct {
		Required bool
		Fields   []contractField
	}
	Response *struct {
		Shape  string
		Fields []string
	}
}

type contractField struct {
	Name                 string
	Required             bool
	Type, Format         string
	Min, Max             *float64
	MinLength, MaxLength *int
	MinItems             *int `json:"minItems"`
	Enum                 []any
	Default              any
	Pattern              string
	Nullable             bool
	Items                *contractField
}

// object is JSON without a type.
type object = map[string]any

func contract(t *testing.T) map[string]contractOp {
	t.Helper()
	raw, err := os.ReadFile("testdata/contract.json")
	if err != nil {
		t.Fatal(err)
	}
	var ops []contractOp
	if err := json.Unmarshal(raw, &ops); err != nil {
		t.Fatal(err)
	}
	byID := map[string]contractOp{}
	for _, o := range ops {
		byID[o.ID] = o
	}
	return byID
}

func description(t *testing.T, entries []api.Entry) object {
	t.Helper()
	raw, err := api.OpenAPI(entries, "2.0.0")
	if err != nil {
		t.Fatal(err)
	}
	var doc object
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// What the origin describes of an operation is what the contract says of it: path, parameters, body and answer.
func TestOpenAPIKeepsTheContract(t *testing.T) {
	entries := newDomains(nil, nil, "").entries()
	want := contract(t)
	doc := spec{t, description(t, entries)}
	for _, e := range entries {
		c, ok := want[e.ID]
		if !ok {
			continue // beside the seeds
		}
		t.Run(e.ID, func(t *testing.T) {
			doc := spec{t, doc.doc}
			if e.Method != c.Method || e.Path != c.Path || e.Access != c.Access || e.Success != c.Success {
				t.Errorf("%s %s %s %d, want %s %s %s %d", e.Method, e.Path, e.Access, e.Success, c.Method, c.Path, c.Access, c.Success)
			}
			if hot := c.ServedBy == "edge-hot"; hot != slices.Contains([]op.Serve{op.Hot, op.Composed, op.Both, op.Stream, op.Beat}, e.Serve) {
				t.Errorf("served %s, want %s", e.Serve, c.ServedBy)
			}
			if e.Serve == op.Pass && c.ServedBy != "edge-pass" {
				t.Errorf("passed on by edges, want %s", c.ServedBy)
			}
			if e.Tag != c.Tag || e.Summary != c.Title {
				t.Errorf("documented as %q %q, want %q %q", e.Tag, e.Summary, c.Tag, c.Title)
			}
			doc.operation(c)
		})
	}
}

// spec looks things up in the description.
type spec struct {
	t   *testing.T
	doc object
}

func (s spec) operation(c contractOp) {
	s.t.Helper()
	o := s.doc["paths"].(object)[c.Path].(object)[strings.ToLower(c.Method)].(object)
	for _, f := range c.Query {
		s.field("query "+f.Name, f, s.param(o, "query", f))
	}
	for _, f := range c.Header {
		s.field("header "+f.Name, f, s.param(o, "header", f))
	}
	if c.Body != nil {
		body := o["requestBody"].(object)
		if required, _ := body["required"].(bool); required != c.Body.Required {
			s.t.Errorf("body required: %v, want %v", required, c.Body.Required)
		}
		s.body(c.ID, s.resolve(jsonContent(body)), c.Body.Fields)
	}
	if c.Response != nil && len(c.Response.Fields) > 0 {
		answer := s.resolve(jsonContent(o["responses"].(object)[fmt.Sprint(c.Success)].(object)))
		for _, name := range c.Response.Fields {
			if answer["properties"].(object)[name] == nil {
				s.t.Errorf("the answer lacks %s", name)
			}
		}
	}
}

func jsonContent(o object) object {
	return o["content"].(object)["application/json"].(object)["schema"].(object)
}

func (s spec) resolve(schema object) object {
	for {
		ref, ok := schema["$ref"].(string)
		if !ok {
			return schema
		}
		schema = s.doc["components"].(object)["schemas"].(object)[strings.TrimPrefix(ref, "#/components/schemas/")].(object)
	}
}

func (s spec) param(o object, in string, f contractField) object {
	params, _ := o["parameters"].([]any)
	for _, p := range params {
		if p := p.(object); p["in"] == in && p["name"] == f.Name {
			if required, _ := p["required"].(bool); required != f.Required {
				s.t.Errorf("%s %s required: %v, want %v", in, f.Name, required, f.Required)
			}
			return s.resolve(p["schema"].(object))
		}
	}
	s.t.Errorf("no %s parameter %s", in, f.Name)
	return nil
}

func (s spec) body(id string, schema object, fields []contractField) {
	properties := schema["properties"].(object)
	required, _ := schema["required"].([]any)
	for _, f := range fields {
		p, ok := properties[f.Name].(object)
		if !ok {
			s.t.Errorf("the body lacks %s", f.Name)
			continue
		}
		// The seed requires source, and calls source_url an alternative to it: conventions.md wants exactly one of them.
		needed := f.Required && !(id == "adminImportEpg" && f.Name == "source")
		if slices.Contains(required, any(f.Name)) != needed {
			s.t.Errorf("%s required: %v, want %v", f.Name, !needed, needed)
		}
		s.field(f.Name, f, s.resolve(p))
	}
	if want := len(fields) + s.besides(id, properties); len(properties) != want {
		s.t.Errorf("the body has %d fields, want %d", len(properties), want)
	}
}

// fieldsBeside are the fields that bodies have beside the seeds: what conventions.md adds, and settings of an import.
var fieldsBeside = map[string][]string{
	"adminCreateChannel": {"epg_ids"},
	"adminUpdateChannel": {"epg_ids"},
	"adminImportEpg":     {"timezone", "dry_run"},
	"adminCreateProgram": {"catchup_blocked", "duration_minutes"}, // computed, "accepted on writes and ignored"
	"adminUpdateProgram": {"catchup_blocked", "duration_minutes"},
}

// besides counts the fields beside the seeds, which must be there.
func (s spec) besides(id string, properties object) int {
	for _, name := range fieldsBeside[id] {
		if properties[name] == nil {
			s.t.Errorf("the body lacks %s", name)
		}
	}
	return len(fieldsBeside[id])
}

// field compares a field's type and limits. Ours may be narrower where the contract sets none.
func (s spec) field(name string, f contractField, schema object) {
	if schema == nil {
		return
	}
	if kind := typeOf(schema); kind != f.Type && !(f.Name == "fields" && kind == "array") {
		s.t.Errorf("%s is %v, want %s", name, kind, f.Type)
	}
	if kinds, _ := schema["type"].([]any); slices.Contains(kinds, any("null")) != (f.Nullable || name == "geo_restrictions") {
		s.t.Errorf("%s may be null: %v, want %v", name, !f.Nullable, f.Nullable) // conventions.md lets null detach all rules
	}
	target := schema
	if items, ok := schema["items"].(object); ok && f.Items != nil {
		target = s.resolve(items)
		s.limits(name+"[]", *f.Items, target)
		f.Enum = nil
	}
	s.limits(name, f, schema)
}

func typeOf(schema object) string {
	switch v := schema["type"].(type) {
	case string:
		return v
	case []any:
		return v[0].(string)
	}
	return ""
}

func (s spec) limits(name string, f contractField, schema object) {
	for _, l := range []struct {
		key  string
		want any
	}{
		{"minimum", number(f.Min)}, {"maximum", number(f.Max)}, {"maxLength", length(f.MaxLength)}, {"minItems", length(f.MinItems)},
		{"default", f.Default}, {"format", text(f.Format)}, {"pattern", text(f.Pattern)},
	} {
		if l.want != nil && fmt.Sprint(schema[l.key]) != fmt.Sprint(l.want) {
			s.t.Errorf("%s: %s is %v, want %v", name, l.key, schema[l.key], l.want)
		}
	}
	if len(f.Enum) > 0 {
		if got, _ := schema["enum"].([]any); fmt.Sprint(got) != fmt.Sprint(f.Enum) {
			s.t.Errorf("%s: enum %v, want %v", name, got, f.Enum)
		}
	}
}

func number(v *float64) any {
	if v == nil {
		return nil
	}
	return *v
}

func length(v *int) any {
	if v == nil {
		return nil
	}
	return *v
}

func text(v string) any {
	if v == "" {
		return nil
	}
	return v
}

// The operations of the contract that this release has, and those beside the seeds.
func TestOperationsOfThisRelease(t *testing.T) {
	have := map[string]bool{}
	for _, e := range newDomains(nil, nil, "").entries() {
		have[e.Method+" "+e.Path] = true
	}
	inScope := []string{"Movies", "Movies (Admin)", "Shows", "Shows (Admin)", "Episodes", "Episodes (Admin)", "Genres", "Genres (Admin)", "LiveTV", "Channels (Admin)", "Collections", "Collections (Admin)", "EPG", "EPG (Admin)", "GeoRestrictions", "Search", "Devices", "Playback", "Subscriptions", "Audit (Admin)", "System"}
	count := 0
	for _, c := range contract(t) {
		if slices.Contains(inScope, c.Tag) {
			count++
			if !have[c.Method+" "+c.Path] {
				t.Errorf("no operation %s %s", c.Method, c.Path)
			}
		}
	}
	if count != 97 {
		t.Errorf("%d operations in scope, want 97", count)
	}
	const episode = "/v2/admin/shows/{show_id}/seasons/{season_number}/episodes/{episode_number}"
	for _, beside := range []string{"POST " + episode + "/publish", "POST " + episode + "/unpublish", "GET /v2/admin/media/assets", "POST /v2/admin/media/assets", "DELETE /v2/admin/media/assets/{asset_id}",
		"GET /v2/admin/plans", "POST /v2/admin/plans", "GET /v2/admin/plans/{plan_id}", "PUT /v2/admin/plans/{plan_id}", "DELETE /v2/admin/plans/{plan_id}",
		"PUT /v2/admin/accounts/{account_id}", "GET /v2/admin/accounts/{account_id}", "DELETE /v2/admin/accounts/{account_id}",
		"GET /v2/admin/home-layout", "PUT /v2/admin/home-layout", "GET /v2/admin/app-config/{platform}", "PUT /v2/admin/app-config/{platform}", "GET /openapi.json", "GET /docs", "GET /metrics"} {
		if !have[beside] {
			t.Errorf("no operation %s", beside)
		}
	}
}

// Names of schemas are what OpenAPI allows, and nothing refers to one that is not there.
func TestOpenAPINames(t *testing.T) {
	raw, err := api.OpenAPI(newDomains(nil, nil, "").entries(), "2.0.0")
	if err != nil {
		t.Fatal(err)
	}
	doc := description(t, newDomains(nil, nil, "").entries())
	schemas := doc["components"].(object)["schemas"].(object)
	for name := range schemas {
		if !regexp.MustCompile(`^[a-zA-Z0-9._-]+$`).MatchString(name) {
			t.Errorf("schema %q has no legal name", name)
		}
	}
	for _, ref := range regexp.MustCompile(`#/components/schemas/([^"]*)"`).FindAllSubmatch(raw, -1) {
		if schemas[string(ref[1])] == nil {
			t.Errorf("there is no schema %q", ref[1])
		}
	}
}
