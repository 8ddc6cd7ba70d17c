package apitest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// raw marks JSON that encoding/json would not write.
func raw(text string) json.RawMessage { return json.RawMessage(text) }

// hostile are values that are wrong nearly everywhere. Each is refused, or taken; none may break anything.
var hostile = map[string]json.RawMessage{
	"null": raw(`null`), "true": raw(`true`), "zero": raw(`0`), "minus": raw(`-1`), "fraction": raw(`1.5`), "huge": raw(`9007199254740993`),
	"past int64": raw(`92233720368547758080`), "1e308": raw(`1e308`), "empty": raw(`""`), "blank": raw(`" \t"`), "list": raw(`[]`),
	"list of null": raw(`[null]`), "list of lists": raw(`[[[]]]`), "object": raw(`{}`), "unknown": raw(`{"no_such_name":1}`),
	"nul": raw(`"a\u0000b"`), "surrogate": raw(`"a\ud800b"`), "override": raw(`"\u202egpj.exe"`), "zalgo": raw(`"z\u0351\u036b\u0343"`),
	"emoji": raw(`"👩‍👩‍👧‍👦"`), "nonchar": raw(`"\uffff"`), "bom": raw(`"\ufeffx"`), "newline": raw(`"a\r\nSet-Cookie: x=1"`),
	"quote": raw(`"'; DROP TABLE movies; --"`), "percent": raw(`"%_\\"`), "long": raw(`"` + strings.Repeat("é", 70_000) + `"`),
	"date": raw(`"9999-12-31T23:59:59-23:59"`), "year 0": raw(`"0000-01-01T00:00:00+23:59"`), "nil id": raw(`"00000000-0000-0000-0000-000000000000"`),
	"urn": raw(`"urn:uuid:0190a6e0-0000-7000-8000-00000000acc0"`), "dots": raw(`"/../../etc/passwd"`), "script": raw(`"javascript:alert(1)"`),
}

// Hostile sends the valid body with each of its values, at any depth, left out and replaced by every hostile value. Nothing
// may answer 5xx; what is refused must be 400 or 422 and name the field, or what it is part of.
func (b *Bundle) Hostile(t *testing.T, r Request, valid any) {
	t.Helper()
	text, err := json.Marshal(valid)
	if err != nil {
		t.Fatal(err)
	}
	b.Do(with(r, string(text))).wantSuccess("valid")
	b.malformed(t, r, string(text))
	visit(text, "", func(path string, replace func(json.RawMessage) []byte) {
		b.tryField(t, r, path, "left out", replace(nil))
		for name, value := range hostile {
			b.tryField(t, r, path, name, replace(value))
		}
	})
}

func with(r Request, body string) Request {
	r.Body = body
	return r
}

func (a *Answer) wantSuccess(what string) {
	a.t.Helper()
	if a.Status/100 != 2 {
		a.t.Fatalf("%s: status %d; %s", what, a.Status, a.Body)
	}
}

func (b *Bundle) tryField(t *testing.T, r Request, path, name string, body []byte) {
	t.Helper()
	a := b.Do(with(r, string(body)))
	switch a.Status {
	case http.StatusOK, http.StatusCreated, http.StatusNotFound, http.StatusConflict:
		if !json.Valid(a.Body) {
			t.Errorf("%s %s: no JSON: %.200s", path, name, a.Body)
		}
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		if fields := a.Refused().Fields(); !slices.ContainsFunc(fields, func(f string) bool { return related(f, path) }) {
			t.Errorf("%s %s: status %d names %q", path, name, a.Status, fields)
		}
	default:
		t.Errorf("%s %s: status %d; %.300s", path, name, a.Status, a.Body)
	}
}

// related reports whether a named field is the one that was changed, or a part of it, or what it is part of.
func related(named, path string) bool {
	return strings.HasPrefix(named, path) || strings.HasPrefix(path, named) || strings.HasSuffix(named, "_path") && strings.HasSuffix(path, "_path")
}

// visit calls f for every value inside a JSON document, with a function that replaces it; nil leaves it out.
func visit(doc json.RawMessage, path string, f func(string, func(json.RawMessage) []byte)) {
	var object map[string]json.RawMessage
	if json.Unmarshal(doc, &object) == nil && object != nil {
		for _, name := range slices.Sorted(maps.Keys(object)) {
			at := strings.TrimPrefix(path+"."+name, ".")
			replace := func(v json.RawMessage) []byte { return replaced(object, name, v) }
			f(at, replace)
			visit(object[name], at, func(p string, inner func(json.RawMessage) []byte) {
				f(p, func(v json.RawMessage) []byte { return replace(inner(v)) })
			})
		}
	}
	var list []json.RawMessage
	if json.Unmarshal(doc, &list) == nil && len(list) > 0 {
		at := path + "[0]"
		replace := func(v json.RawMessage) []byte { return replacedItem(list, v) }
		f(at, replace)
		visit(list[0], at, func(p string, inner func(json.RawMessage) []byte) {
			f(p, func(v json.RawMessage) []byte { return replace(inner(v)) })
		})
	}
}

func replaced(object map[string]json.RawMessage, name string, v json.RawMessage) []byte {
	other := maps.Clone(object)
	if other[name] = v; v == nil {
		delete(other, name)
	}
	return mustJSON(other)
}

func replacedItem(list []json.RawMessage, v json.RawMessage) []byte {
	if v == nil {
		return mustJSON(list[1:])
	}
	return mustJSON(append([]json.RawMessage{v}, list[1:]...))
}

func mustJSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own documents
	}
	return text
}

// malformed sends what is no body of the operation at all.
func (b *Bundle) malformed(t *testing.T, r Request, valid string) {
	t.Helper()
	for name, body := range map[string]string{
		"empty": "", "null": "null", "list": "[]", "text": `"x"`, "cut": valid[:len(valid)-1], "two": valid + valid, "unknown": `{"no_such_field":1,` + valid[1:],
		"repeated": `{` + valid[1:len(valid)-1] + `,` + valid[1:], "bytes": valid[:1] + "\xff\xfe" + valid[1:], "deep": strings.Repeat("[", 100_000),
		"number": `{"x":1e400}`, "comment": valid + "//", "bom": "\ufeff" + valid,
	} {
		if a := b.Do(with(r, body)); a.Status != http.StatusBadRequest || len(a.Refused().Details) == 0 {
			t.Errorf("%s body: status %d; %.200s", name, a.Status, a.Body)
		}
	}
	if a := b.Do(with(r, valid+strings.Repeat(" ", 1<<20))); a.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("large body: status %d", a.Status)
	}
	r.Header = map[string]string{"Content-Type": "text/plain"}
	if a := b.Do(with(r, valid)); a.Status != http.StatusUnsupportedMediaType {
		t.Errorf("text body: status %d", a.Status)
	}
}

// HostileQuery sends a GET with every parameter set to every hostile value: nothing may answer 5xx, and 400 must name the
// parameter. A parameter that is not known is 400 for editors.
func (b *Bundle) HostileQuery(t *testing.T, r Request, parameters ...string) {
	t.Helper()
	r.Method = "GET"
	path := r.Path
	for _, name := range parameters {
		for what, value := range hostile {
			text := strings.Trim(string(value), `"`)
			var decoded string
			if json.Unmarshal(value, &decoded) == nil {
				text = decoded
			}
			if len(text) > 8000 {
				text = text[:8000]
			}
			r.Path = fmt.Sprintf("%s?%s=%s", path, name, url.QueryEscape(text))
			a := b.Do(r)
			if a.Status == http.StatusBadRequest && slices.Contains(a.Refused().Fields(), name) || a.Status == http.StatusOK {
				continue
			}
			t.Errorf("%s %s: status %d; %.200s", name, what, a.Status, a.Body)
		}
	}
	refused := []string{"limit=%zz"}
	if r.Access != "viewer" {
		refused = append(refused, "no_such_parameter=1")
	}
	if slices.Contains(parameters, "limit") {
		refused = append(refused, "limit=0", "limit=101", "limit=1&limit=2")
	}
	if slices.Contains(parameters, "cursor") {
		refused = append(refused, "cursor=AAAA")
	}
	for _, query := range refused {
		r.Path = path + "?" + query
		if a := b.Do(r); a.Status != http.StatusBadRequest || len(a.Refused().Details) == 0 {
			t.Errorf("%s: status %d; %.200s", query, a.Status, a.Body)
		}
	}
}

// Denied checks that the request is refused without a token, with one that is no good, and with one that lacks the scope.
func (b *Bundle) Denied(t *testing.T, r Request) {
	t.Helper()
	denials := map[string]int{"": http.StatusUnauthorized, "bad": http.StatusUnauthorized, "content:readx other": http.StatusForbidden}
	if r.Access != "viewer" {
		denials["viewer"] = http.StatusForbidden
	}
	for access, status := range denials {
		r.Access = access
		a := b.Do(r)
		if a.Status != status {
			t.Errorf("%s %s as %q: status %d, want %d", r.Method, r.Path, access, a.Status, status)
			continue
		}
		a.Refused()
	}
}
