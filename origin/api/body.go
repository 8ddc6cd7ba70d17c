package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
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

// decode reads a JSON body strictly into target: valid UTF-8, one document, no unknown or repeated names, no null where
// the contract has none.
func (b *binding) decode(raw []byte, target reflect.Value) bodyFaults {
	parsed, err := parseStrict(raw)
	if err != nil {
		return bodyFaults{unreadable: []fault.Detail{{Field: "body", Code: "malformed", Message: err.Error()}}}
	}
	res := &huma.ValidateResult{}
	huma.Validate(registry, b.schema, huma.NewPathBuffer(nil, 0), huma.ModeWriteToServer, parsed, res)
	faults := classify(details(res.Errors))
	walk(b.schema, parsed, "", &faults)
	if len(faults.unreadable) > 0 {
		return faults
	}
	if err := json.Unmarshal(raw, target.Addr().Interface()); err != nil && len(faults.invalid) == 0 {
		faults.unreadable = append(faults.unreadable, fault.Detail{Field: "body", Code: "malformed", Message: "The body does not fit its documented types."})
	}
	return faults
}

// parseStrict decodes one JSON document and refuses names that are repeated in an object, which encoding/json accepts.
func parseStrict(raw []byte) (any, error) {
	if !utf8.Valid(raw) {
		return nil, fmt.Errorf("The body is not valid UTF-8.")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := noRepeats(dec, 0); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("The body holds more than one JSON document.")
	}
	var parsed any
	if err := json.Unmarshal(raw, &parsed); err != nil {
		return nil, malformed(err)
	}
	return parsed, nil
}

// maxDepth bounds the nesting of a body; the deepest of the contract has four levels.
const maxDepth = 32

func noRepeats(dec *json.Decoder, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("The body is nested too deeply.")
	}
	token, err := dec.Token()
	if err != nil {
		return malformed(err)
	}
	open, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for dec.More() {
		if open == '{' {
			name, err := dec.Token()
			if err != nil {
				return malformed(err)
			}
			if s := name.(string); seen[s] {
				return fmt.Errorf("The name %q is given more than once in one object.", s)
			} else {
				seen[s] = true
			}
		}
		if err := noRepeats(dec, depth+1); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return malformed(err)
	}
	return nil
}

func malformed(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("The JSON ends too early.")
	}
	if syntax, ok := err.(*json.SyntaxError); ok {
		return fmt.Errorf("The body is not valid JSON, at byte %d.", syntax.Offset)
	}
	return fmt.Errorf("The body is not valid JSON.")
}

// walk adds what huma's validation lets pass: null where the contract has none, and text that is no text.
func walk(s *huma.Schema, value any, path string, faults *bodyFaults) {
	for s.Ref != "" {
		s = registry.SchemaFromRef(s.Ref)
	}
	switch v := value.(type) {
	case nil:
		if !s.Nullable && s.Type != "" && !slices.ContainsFunc(faults.unreadable, func(d fault.Detail) bool { return d.Field == path }) {
			faults.unreadable = append(faults.unreadable, fault.Detail{Field: path, Code: "wrong_type", Message: "null is not allowed here."})
		}
	case string:
		if bad := textFault(v); bad != "" {
			faults.invalid = append(faults.invalid, fault.Detail{Field: path, Code: "invalid_text", Message: bad})
		} else if s.Format == "date-time" && pastCalendar(v) {
			faults.invalid = append(faults.invalid, fault.Detail{Field: path, Code: "out_of_range", Message: "Expected a year from 1 to 9999 in UTC."})
		}
	case []any:
		for i, item := range v {
			if s.Items != nil {
				walk(s.Items, item, path+"["+strconv.Itoa(i)+"]", faults)
			}
		}
	case map[string]any:
		for name, item := range v {
			if property := s.Properties[name]; property != nil {
				walk(property, item, join(path, name), faults)
			} else if other, ok := s.AdditionalProperties.(*huma.Schema); ok {
				walk(&huma.Schema{Type: huma.TypeString}, name, join(path, name), faults)
				walk(other, item, join(path, name), faults)
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
		if r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f {
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

func classify(all []fault.Detail) bodyFaults {
	var f bodyFaults
	for _, d := range all {
		if d.Code == "wrong_type" || d.Code == "unknown_field" {
			f.unreadable = append(f.unreadable, d)
		} else {
			f.invalid = append(f.invalid, d)
		}
	}
	return f
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
