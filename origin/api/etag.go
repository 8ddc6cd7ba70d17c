package api

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/cespare/xxhash/v2"

	"encora/shared/fault"
)

// encode renders a value as JSON without HTML escapes.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// bodyTag is the ETag of a body: the same bytes have the same tag, at every edge and here.
func bodyTag(body []byte) string { return fmt.Sprintf(`"%016x"`, xxhash.Sum64(body)) }

// versionTag is the strong ETag of one resource: the hash of its body, and two bytes of hash for each documented field
// in their order. From a tag that no longer matches one can tell which fields changed since, with no history kept.
func versionTag(body []byte, names []string) string {
	prints := make([]byte, 0, 2*len(names))
	values := topLevel(body)
	for _, name := range names {
		prints = binary.BigEndian.AppendUint16(prints, uint16(xxhash.Sum64(values[name])))
	}
	return fmt.Sprintf(`"%016x.%s"`, xxhash.Sum64(body), base64.RawURLEncoding.EncodeToString(prints))
}

// Versioned is implemented by what writes answer that changes by the clock as well. Version is what it is without that: only
// edits make another version, so that If-Match holds until there is one. It is not for answers to GET, whose ETag is that
// of all that they show.
type Versioned interface{ Version() any }

// version is the ETag that If-Match takes of a representation.
func version(representation any, names []string) (string, error) {
	if v, ok := representation.(Versioned); ok {
		representation = v.Version()
	}
	body, err := encode(representation)
	return versionTag(body, names), err
}

func topLevel(body []byte) map[string]json.RawMessage {
	var values map[string]json.RawMessage
	_ = json.Unmarshal(body, &values) // of our own encoding; what is no object has no fields
	return values
}

// checkMatch compares If-Match with the current tag by the strong comparison of RFC 9110 §13.1.1. The fault carries the
// current tag and names the fields that changed.
func checkMatch(ifMatch, current string, names []string) error {
	if ifMatch == "" {
		return nil
	}
	var changed []string
	for candidate := range strings.SplitSeq(ifMatch, ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || candidate == current {
			return nil
		}
		if changed == nil {
			changed = changedFields(candidate, current, names)
		}
	}
	f := fault.New(fault.PreconditionFailed, "The resource has changed since it was read.")
	f.ETag = current
	for _, name := range changed {
		f.Details = append(f.Details, fault.Detail{Field: name, Code: "changed", Message: "Changed since the given ETag."})
	}
	return f
}

func changedFields(old, current string, names []string) []string {
	a, b := fieldPrints(old), fieldPrints(current)
	if len(a) != 2*len(names) || len(b) != len(a) {
		return nil // not a tag of this resource
	}
	var changed []string
	for i, name := range names {
		if !bytes.Equal(a[2*i:2*i+2], b[2*i:2*i+2]) && name != "updated_at" {
			changed = append(changed, name)
		}
	}
	return changed
}

func fieldPrints(tag string) []byte {
	_, encoded, _ := strings.Cut(strings.Trim(tag, `"`), ".")
	prints, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return nil
	}
	return prints
}

// matchesNone reports whether If-None-Match names the tag, by the weak comparison of RFC 9110 §13.1.2.
func matchesNone(ifNoneMatch, current string) bool {
	if current == "" {
		return false
	}
	for candidate := range strings.SplitSeq(ifNoneMatch, ",") {
		candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/")
		if candidate == "*" || candidate == current {
			return true
		}
	}
	return false
}

// condition is a precondition's list of tags, which may come on several lines (RFC 9110 §5.3).
func condition(h http.Header, name string) string { return strings.Join(h.Values(name), ",") }

// jsonNames lists the names of a struct's JSON fields in their order.
func jsonNames(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			names = append(names, jsonNames(f.Type)...)
			continue
		}
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// Changed lists the JSON fields in which two representations of a resource differ, in their documented order;
// updated_at is not listed.
func Changed[T any](before, after T) ([]string, error) {
	a, err := encode(before)
	if err != nil {
		return nil, err
	}
	b, err := encode(after)
	if err != nil {
		return nil, err
	}
	old, now := topLevel(a), topLevel(b)
	var changed []string
	for _, name := range jsonNames(reflect.TypeFor[T]()) {
		if name != "updated_at" && !bytes.Equal(old[name], now[name]) {
			changed = append(changed, name)
		}
	}
	return changed, nil
}
