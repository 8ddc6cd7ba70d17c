package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

type fuzzedPart struct {
	Name string     `json:"name" minLength:"1" maxLength:"4"`
	At   *time.Time `json:"at,omitempty"`
}

type fuzzedBody struct {
	Title  string              `json:"title" maxLength:"5" pattern:"^[^x]*$"`
	Rating int                 `json:"rating,omitempty" minimum:"0" maximum:"5"`
	Score  *float64            `json:"score,omitempty"`
	Views  int64               `json:"views,omitempty"`
	Kind   string              `json:"kind,omitempty" enum:"short,long"`
	ID     *uuid.UUID          `json:"id,omitempty"`
	Parent Optional[uuid.UUID] `json:"parent,omitempty"`
	Parts  []fuzzedPart        `json:"parts,omitempty" maxItems:"3"`
	Labels map[string]string   `json:"labels,omitempty"`
}

type fuzzedIn struct {
	Paging
	Sparse
	ID      uuid.UUID   `path:"id"`
	Kind    string      `query:"kind" enum:"short,long"`
	Text    string      `query:"text" maxLength:"5"`
	Pinned  *bool       `query:"pinned"`
	Score   float64     `query:"score" minimum:"0" maximum:"1"`
	Sizes   []int       `query:"sizes" maximum:"9" maxItems:"3"`
	Parents []uuid.UUID `query:"parents"`
	From    *time.Time  `query:"from"`
	Device  string      `header:"X-Device-Id" maxLength:"8"`
	Body    fuzzedBody
}

var fuzzed = Put("fuzzed", "/fuzzed/{id}", "content:write", func(context.Context, *Write, *fuzzedIn) (fuzzedBody, error) { return fuzzedBody{}, nil })

// FuzzBody checks that nothing breaks the decoder, and that what it takes is within its limits and stays so: written as
// JSON it is taken again.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{`{"title":"a"}`, `{"title":"ééééé","rating":5,"score":-1.5e3,"views":9007199254740993,"kind":"long"}`,
		`{"title":"a","id":"0190a6e0-0000-7000-8000-00000000000a","parent":null,"parts":[{"name":"b","at":"2026-03-04T05:06:07.5+01:00"}],"labels":{"k":"v"}}`,
		`{"title":"\ud83d\ude00\u0000\ud800"}`, `{"title":"a","title":"b"}`, `{"title":null,"parts":[null,1,[]],"x":1e999}`, `[[[[`, "\xff", `{"title":"a"}{}`,
		`{"title":"a","parts":[{"name":"b","at":"9999-12-31T23:59:59-01:00"}],"views":1e3}`, `null`, ``, `{"":{"":{"":0}}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var in fuzzedIn
		faults := fuzzed.decodeBody(raw, reflect.ValueOf(&in).Elem())
		for _, d := range slices.Concat(faults.unreadable, faults.invalid) {
			if d.Code == "" || d.Message == "" || !json.Valid(mustEncode(t, d)) {
				t.Errorf("fault %+v", d)
			}
		}
		if len(faults.unreadable)+len(faults.invalid) > 0 {
			return
		}
		b := &in.Body
		if utf8.RuneCountInString(b.Title) > 5 || strings.Contains(b.Title, "x") || textFault(b.Title) != "" || b.Rating < 0 || b.Rating > 5 ||
			b.Kind != "" && b.Kind != "short" && b.Kind != "long" || len(b.Parts) > 3 {
			t.Errorf("%q was taken as %+v", raw, b)
		}
		type taken struct { // as it would be answered: without the states that only a request has
			fuzzedBody
			Parent *uuid.UUID `json:"parent,omitempty"`
		}
		if faults := fuzzed.decodeBody(mustEncode(t, taken{*b, b.Parent.Value}), reflect.ValueOf(&in).Elem()); len(faults.unreadable)+len(faults.invalid) > 0 {
			t.Errorf("%q was taken, but not again: %+v", raw, faults)
		}
	})
}

func mustEncode(t *testing.T, v any) []byte {
	t.Helper()
	b, err := encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// FuzzParameters checks that nothing breaks the reading of parameters, and that what is taken is within its limits.
func FuzzParameters(f *testing.F) {
	for _, query := range []string{"", "limit=5&cursor=x&fields=id,title", "kind=long&text=%C3%A9&pinned=true&score=0.5&sizes=1,2&sizes=3", "limit=1&limit=2",
		"parents=0190a6e0-0000-7000-8000-00000000000a,x&from=2026-03-04T05:06:07%2B01:00", "%zz", "a;b", "score=NaN&limit=99999999999999999999", "text=%00%FF%ED%A0%80",
		"pinned=&limit=&sizes=,,,", "sizes=1e3&limit=+5"} {
		f.Add(query, "0190a6e0-0000-7000-8000-00000000000a", "device")
	}
	f.Fuzz(func(t *testing.T, query, id, device string) {
		r := &http.Request{URL: &url.URL{RawQuery: query}, Header: http.Header{"X-Device-Id": {device}}}
		r.SetPathValue("id", id)
		var in fuzzedIn
		if wrong := fuzzed.input.parameters(r, reflect.ValueOf(&in).Elem(), true); len(wrong) > 0 {
			for _, d := range wrong {
				if d.Code == "" || d.Message == "" || d.Field == "" && d.Code != "unknown_parameter" {
					t.Errorf("fault %+v", d)
				}
			}
			return
		}
		if in.Limit < 1 || in.Limit > 100 || in.Kind != "" && in.Kind != "short" && in.Kind != "long" || utf8.RuneCountInString(in.Text) > 5 ||
			textFault(in.Text+in.Device+in.Cursor) != "" || !(in.Score >= 0 && in.Score <= 1) || len(in.Sizes) > 3 ||
			slices.ContainsFunc(in.Sizes, func(n int) bool { return n > 9 }) || utf8.RuneCountInString(in.Device) > 8 {
			t.Errorf("%q was taken as %+v", query, in)
		}
		if _, err := fuzzed.Filters(query); err != nil {
			t.Errorf("%q has no filters: %v", query, err)
		}
	})
}

// FuzzConditions checks that If-Match and If-None-Match pass only what names the tag.
func FuzzConditions(f *testing.F) {
	body, names := []byte(`{"a":1,"b":"x"}`), []string{"a", "b"}
	current := versionTag(body, names)
	for _, seed := range []string{current, "W/" + current, "*", `"x", ` + current, "", ",", `"`, `"0.AAAA"`, `"0000000000000000.AAAAAA"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		named := strings.Contains(given, current) || strings.Contains(given, "*")
		if checkMatch(given, current, names) == nil && given != "" && !named {
			t.Errorf("If-Match: %q passes", given)
		}
		if matchesNone(given, current) && !named || matchesNone(given, "") {
			t.Errorf("If-None-Match: %q matches", given)
		}
	})
}
