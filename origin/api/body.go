package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"encora/shared/fault"
	"encora/shared/ids"
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
func paths(lists ...[]fault.Detail) map[string]bool {
	all := map[string]bool{}
	for _, list := range lists {
		for _, d := range list {
			all[d.Field] = true
		}
	}
	return all
}

// decode reads a JSON body strictly into target: valid UTF-8, one document, no unknown or repeated names, no null where
// the contract has none. What the body's own check finds (Checked) is among the invalid.
func (b *binding) decode(raw []byte, target reflect.Value) bodyFaults {
	parsed, unreadable, err := parse(raw)
	if err != nil {
		return bodyFaults{unreadable: []fault.Detail{{Field: "body", Code: "malformed", Message: err.Error()}}}
	}
	res := &huma.ValidateResult{}
	huma.Validate(registry, b.schema, huma.NewPathBuffer(nil, 0), huma.ModeWriteToServer, parsed, res)
	faults := bodyFaults{unreadable: unreadable}
	known := paths(unreadable)
	for _, d := range details(res.Errors) {
		if !known[d.Field] {
			faults.add(d.Field, d.Code, d.Message)
		}
	}
	w := walker{&faults, paths(faults.unreadable, faults.invalid)}
	w.walk(b.schema, parsed, "")
	if _, object := parsed.(map[string]any); object {
		b.unmarshal(raw, target.Addr().Interface(), &faults)
		faults.judge(target.Addr().Interface())
	}
	byField(faults.unreadable)
	byField(faults.invalid)
	return faults
}

// judge adds what a body's own check finds, where the schema has not found fault with the value already.
func (f *bodyFaults) judge(body any) {
	own, ok := body.(Checked)
	if !ok {
		return
	}
	known := paths(f.unreadable, f.invalid)
	for _, d := range own.Faults() {
		if !covered(d.Field, known) {
			f.invalid = append(f.invalid, d)
		}
	}
}

// covered reports whether a field is one of the known, or a part of one: once there is fault with the whole, a closer view
// of it says nothing more.
func covered(field string, known map[string]bool) bool {
	if known[field] {
		return true
	}
	for i, c := range field {
		if (c == '.' || c == '[') && known[field[:i]] {
			return true
		}
	}
	return false
}

// unmarshal decodes a body. Of one that has faults it decodes what it can, for the rest to be judged in the same answer. It
// notes what does not fit though its schema allows it, such as a number of 30 digits or one that is almost whole.
func (b *binding) unmarshal(raw []byte, target any, faults *bodyFaults) {
	if len(faults.unreadable)+len(faults.invalid) == 0 && json.Unmarshal(raw, target) == nil {
		return
	}
	var given any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if dec.Decode(&given) != nil {
		return // of what parse has taken; can't be
	}
	known := map[string]bool{}
	for field := range paths(faults.unreadable, faults.invalid) {
		known[topOf(field)] = true
	}
	object, _ := readable(b.schema, given)
	values, _ := object.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		one, err := encode(map[string]any{name: values[name]})
		if err == nil {
			err = json.Unmarshal(one, target)
		}
		if err != nil && !known[name] {
			faults.add(name, "wrong_type", "The value does not fit its documented type.")
		}
	}
}

// topOf is the field of the body itself that a path begins with.
func topOf(path string) string {
	if i := strings.IndexAny(path, ".["); i >= 0 {
		return path[:i]
	}
	return path
}

// unread stands where a text belongs and something else is, so that the field counts as given.
const unread = "?"

// readable is a value without what can't be decoded as its schema says: in an object that is left out, in a list null.
// Numbers are json.Number; a whole one in another spelling (1.0, 1e3) gets its plain one.
func readable(s *huma.Schema, value any) (any, bool) {
	for s.Ref != "" {
		s = registry.SchemaFromRef(s.Ref)
	}
	if value == nil {
		return nil, s.Nullable || s.Type == ""
	}
	switch s.Type {
	case huma.TypeString:
		return readableText(s, value)
	case huma.TypeInteger:
		n, ok := value.(json.Number)
		return wholeNumber(n), ok
	case huma.TypeNumber:
		n, ok := value.(json.Number)
		_, err := n.Float64()
		return n, ok && err == nil
	case huma.TypeBoolean:
		_, ok := value.(bool)
		return value, ok
	case huma.TypeArray:
		return readableList(s, value)
	case huma.TypeObject:
		return readableObject(s, value)
	}
	return value, true
}

func readableText(s *huma.Schema, value any) (any, bool) {
	text, ok := value.(string)
	switch s.Format {
	case "uuid":
		return text, ok && ids.Valid(text)
	case "date-time":
		_, err := time.Parse(time.RFC3339, text)
		return text, ok && err == nil
	}
	if !ok {
		text = unread
	}
	return text, true
}

func readableList(s *huma.Schema, value any) (any, bool) {
	given, ok := value.([]any)
	list := make([]any, len(given))
	for i := range given {
		if item, ok := readable(s.Items, given[i]); ok {
			list[i] = item
		}
	}
	return list, ok
}

func readableObject(s *huma.Schema, value any) (any, bool) {
	given, ok := value.(map[string]any)
	object := make(map[string]any, len(given))
	for name, v := range given {
		of := s.Properties[name]
		if other, open := s.AdditionalProperties.(*huma.Schema); of == nil && open {
			of = other
		}
		if of == nil {
			continue
		}
		if v, ok := readable(of, v); ok {
			object[name] = v
		}
	}
	return object, ok
}

// wholeNumber is the plain spelling of a JSON number that is whole, digit by digit: as a float64 it may only look so. What is
// not whole, or takes more than a sane number of digits, keeps its own spelling, which no integer takes.
func wholeNumber(n json.Number) json.Number {
	d, err := ParseDecimal(n.String())
	if err != nil || strings.Contains(d.String(), ".") {
		return n
	}
	return json.Number(d.String())
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

// walk finds null where the contract has none, text that is no text, times outside the calendar, and UUIDs in other forms.
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
		} else if s.Format == "uuid" && !ids.Valid(v) && !w.named[path] {
			w.faults.add(path, "invalid_format", "Expected a UUID.")
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
	return fault.Detail{Field: where, Code: code, Message: sentence(d.Message)}
}

// formats are what huma's messages call by the number of a standard, sometimes with a parser's own words behind it.
var formats = []struct{ prefix, sentence string }{
	{"expected string to be RFC 4122 uuid", "Expected a UUID."},
	{"expected string to be RFC 3986 uri", "Expected a URI."},
	{"expected string to be RFC 3339 date-time", "Expected an RFC 3339 date-time."},
}

// exponent is a limit as Go writes large numbers.
var exponent = regexp.MustCompile(`[0-9.]+e[+-][0-9]+$`)

// sentence makes one for people of huma's message.
func sentence(message string) string {
	for _, f := range formats {
		if strings.HasPrefix(message, f.prefix) {
			return f.sentence
		}
	}
	if described, ok := strings.CutPrefix(message, "expected string to be "); ok { // a pattern's description
		message = "expected " + described
	}
	if strings.HasPrefix(message, "expected number") {
		message = exponent.ReplaceAllStringFunc(message, func(text string) string {
			n, _ := strconv.ParseFloat(text, 64) // of Go's own writing
			return strconv.FormatFloat(n, 'f', -1, 64)
		})
	}
	return strings.ToUpper(message[:1]) + message[1:] + "."
}

// Validate checks a value as the body of an operation is checked, for what comes in another way.
func Validate[T any](v T) []fault.Detail {
	raw, err := encode(v)
	if err != nil {
		return []fault.Detail{{Field: "body", Code: "malformed", Message: err.Error()}}
	}
	b := binding{schema: registry.Schema(reflect.TypeFor[T](), true, "")}
	faults := b.decode(raw, reflect.New(reflect.TypeFor[T]()).Elem())
	return append(faults.unreadable, faults.invalid...)
}
