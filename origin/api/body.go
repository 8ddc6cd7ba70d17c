package api

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"encora/shared/fault"
)

// bodyFaults are the faults of a body in their two kinds: what can't be read as the documented type (400), and values
// that are missing or out of their limits (422). A write learns the second kind only after 404 and 412 are ruled out.
type bodyFaults struct {
	unreadable []fault.Detail
	invalid    []fault.Detail
}

// add notes a fault of the kind that its code says.
func (f *bodyFaults) add(field, code, message string) {
	d := fault.Detail{Field: field, Code: code, Message: message}
	if code == "wrong_type" || code == "unknown_field" {
		f.unreadable = append(f.unreadable, d)
	} else {
		f.invalid = append(f.invalid, d)
	}
}

// paths is the set of the fields that have a fault.
func (f *bodyFaults) paths() map[string]bool {
	all := make(map[string]bool, len(f.unreadable)+len(f.invalid))
	for _, d := range slices.Concat(f.unreadable, f.invalid) {
		all[d.Field] = true
	}
	return all
}

// decode reads a JSON body strictly into target: valid UTF-8, one document, no unknown or repeated names, no null where
// the contract has none.
func (b *binding) decode(raw []byte, target reflect.Value) bodyFaults {
	parsed, unreadable, err := parse(raw)
	if err != nil {
		return bodyFaults{unreadable: []fault.Detail{{Field: "body", Code: "malformed", Message: err.Error()}}}
	}
	res := &huma.ValidateResult{}
	huma.Validate(registry, b.schema, huma.NewPathBuffer(nil, 0), huma.ModeWriteToServer, parsed, res)
	faults := bodyFaults{unreadable: unreadable}
	known := faults.paths()
	for _, d := range details(res.Errors) {
		if !known[d.Field] {
			faults.add(d.Field, d.Code, d.Message)
		}
	}
	w := walker{&faults, faults.paths()}
	w.walk(b.schema, parsed, "")
	if len(faults.unreadable) == 0 {
		faults.unreadable = unmarshal(raw, target.Addr().Interface(), faults.invalid)
	}
	byField(faults.unreadable)
	byField(faults.invalid)
	return faults
}

// unmarshal decodes a body whose values may be out of their limits, and then may not fit their Go types. The others are all
// read, for the domain to judge in the same answer. It returns what does not fit though its schema allows it, such as a
// number of 30 digits.
func unmarshal(raw []byte, target any, invalid []fault.Detail) []fault.Detail {
	if json.Unmarshal(raw, target) == nil {
		return nil
	}
	var unfit []fault.Detail
	values := topLevel(raw)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		one, err := encode(map[string]json.RawMessage{name: values[name]})
		if err == nil {
			err = json.Unmarshal(one, target)
		}
		if err != nil && !slices.ContainsFunc(invalid, func(d fault.Detail) bool { return within(d.Field, name) }) {
			unfit = append(unfit, fault.Detail{Field: name, Code: "wrong_type", Message: "The value does not fit its documented type."})
		}
	}
	return unfit
}

// byField puts details into an order that does not change from answer to answer.
func byField(all []fault.Detail) {
	slices.SortStableFunc(all, func(a, b fault.Detail) int { return strings.Compare(a.Field, b.Field) })
}

// formatDocument is a text that is a document of its own: what its characters may be is for its reader to say.
const formatDocument = "document"

// walker adds what huma's validation lets pass.
type walker struct {
	faults *bodyFaults
	named  map[string]bool // the fields that huma found fault with
}

// walk finds null where the contract has none, text that is no text, and times outside the calendar.
func (w *walker) walk(s *huma.Schema, value any, path string) {
	for s.Ref != "" {
		s = registry.SchemaFromRef(s.Ref)
	}
	switch v := value.(type) {
	case nil:
		if !s.Nullable && s.Type != "" && !w.named[path] {
			w.faults.add(path, "wrong_type", "null is not allowed here.")
		}
	case string:
		if s.Format == formatDocument {
			return
		}
		if bad := textFault(v); bad != "" {
			w.faults.add(path, "invalid_text", bad)
		} else if s.Format == "date-time" && pastCalendar(v) {
			w.faults.add(path, "out_of_range", "Expected a year from 1 to 9999 in UTC.")
		}
	case []any:
		for i, item := range v {
			if s.Items != nil {
				w.walk(s.Items, item, path+"["+strconv.Itoa(i)+"]")
			}
		}
	case map[string]any:
		for name, item := range v {
			if property := s.Properties[name]; property != nil {
				w.walk(property, item, join(path, name))
			} else if other, ok := s.AdditionalProperties.(*huma.Schema); ok {
				w.walk(&huma.Schema{Type: huma.TypeString}, name, join(path, name))
				w.walk(other, item, join(path, name))
			}
		}
	}
}

// pastCalendar reports whether a date-time is in a year that RFC 3339 can't write, once its offset is taken away.
func pastCalendar(text string) bool {
	at, err := time.Parse(time.RFC3339, text)
	return err == nil && (at.UTC().Year() < 1 || at.UTC().Year() > 9999)
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// textFault says what makes s no text that Postgres and players can hold, or "".
func textFault(s string) string {
	if !utf8.ValidString(s) || strings.ContainsRune(s, utf8.RuneError) {
		return "The text holds bytes that are no Unicode characters."
	}
	for _, r := range s {
		if unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' {
			return "The text holds control characters."
		}
	}
	return ""
}

// classes maps the beginnings of huma's messages to the codes of details.
var classes = []struct{ prefix, code string }{
	{"unexpected property", "unknown_field"},
	{"expected required property", "required"},
	{"expected string to be RFC", "invalid_format"},
	{"expected string to match", "invalid_format"},
	{"expected string to be", "invalid_format"},
	{"expected value to be one of", "not_allowed"},
	{"expected number >=", "out_of_range"},
	{"expected number <=", "out_of_range"},
	{"expected number >", "out_of_range"},
	{"expected number <", "out_of_range"},
	{"expected number to be a multiple", "out_of_range"},
	{"expected length <=", "too_long"},
	{"expected length >=", "too_short"},
	{"expected array length <=", "too_many"},
	{"expected array length >=", "too_few"},
	{"expected array items", "repeated"},
	{"expected object with", "out_of_range"},
	{"expected string", "wrong_type"},
	{"expected integer", "wrong_type"},
	{"expected number", "wrong_type"},
	{"expected boolean", "wrong_type"},
	{"expected array", "wrong_type"},
	{"expected object", "wrong_type"},
}

// details turns huma's validation errors into the contract's.
func details(errs []error) []fault.Detail {
	out := make([]fault.Detail, 0, len(errs))
	for _, err := range errs {
		d := err.(*huma.ErrorDetail)
		out = append(out, detail(d))
	}
	return out
}

func detail(d *huma.ErrorDetail) fault.Detail {
	code := "invalid"
	for _, c := range classes {
		if strings.HasPrefix(d.Message, c.prefix) {
			code = c.code
			break
		}
	}
	where := d.Location
	if code == "required" { // the message names the property, the location its object
		where = join(where, strings.Fields(d.Message)[3])
	}
	message := strings.ToUpper(d.Message[:1]) + d.Message[1:] + "."
	return fault.Detail{Field: where, Code: code, Message: message}
}

// Validate checks a value as the body of an operation is checked, for movies that come in another way.
func Validate[T any](v T) []fault.Detail {
	raw, err := encode(v)
	if err != nil {
		return []fault.Detail{{Field: "body", Code: "malformed", Message: err.Error()}}
	}
	b := binding{schema: registry.Schema(reflect.TypeFor[T](), true, "")}
	faults := b.decode(raw, reflect.New(reflect.TypeFor[T]()).Elem())
	return append(faults.unreadable, faults.invalid...)
}
