package sign

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// object is a JSON object whose fields are taken one by one. What is wrong is collected, so that one error tells of all;
// it names fields and never repeats values, which may be secret.
type object struct {
	at     string // where it is in the document: "cdns[0]"
	fields map[string]json.RawMessage
	faults *[]error
}

func (o *object) fault(field, format string, args ...any) {
	*o.faults = append(*o.faults, fmt.Errorf("%s: %s", o.path(field), fmt.Sprintf(format, args...)))
}

// has reports whether there is such a field and it isn't null.
func (o *object) has(field string) bool {
	raw, ok := o.fields[field]
	return ok && !bytes.Equal(raw, []byte("null"))
}

// take decodes a field, which must be there, and removes it from those that are left.
func take[T any](o *object, field, kind string) T {
	var v T
	if !o.has(field) {
		delete(o.fields, field)
		o.fault(field, "is missing")
		return v
	}
	return takeOr(o, field, kind, v)
}

// takeOr is take of a field that may be missing.
func takeOr[T any](o *object, field, kind string, otherwise T) T {
	if !o.has(field) {
		delete(o.fields, field)
		return otherwise
	}
	var v T
	if json.Unmarshal(o.fields[field], &v) != nil { // which may quote the value
		o.fault(field, "is not %s", kind)
		v = otherwise
	}
	delete(o.fields, field)
	return v
}

func takeString(o *object, field string) string {
	absent := !o.has(field)
	s := take[string](o, field, "a string")
	if s == "" && !absent {
		o.fault(field, "is empty, or not a string")
	}
	return s
}

// takeObjects is of a field that holds one object or more.
func takeObjects(o *object, field string) []*object {
	absent := !o.has(field)
	list := take[[]json.RawMessage](o, field, "a list")
	if len(list) == 0 && !absent {
		o.fault(field, "holds nothing")
	}
	var all []*object
	for i, raw := range list {
		inner := &object{at: o.path(field) + "[" + strconv.Itoa(i) + "]", faults: o.faults}
		if json.Unmarshal(raw, &inner.fields) != nil || inner.fields == nil {
			inner.fault("", "is not an object")
			continue
		}
		all = append(all, inner)
	}
	return all
}

// path names a field, or with "" the object.
func (o *object) path(field string) string {
	if o.at == "" || field == "" {
		return o.at + field
	}
	return o.at + "." + field
}

// done reports what is left as unknown.
func (o *object) done() {
	for _, field := range slices.Sorted(maps.Keys(o.fields)) {
		o.fault(strconv.Quote(field), "is not known here")
	}
}

// readObject reads a document that is one object.
func readObject(raw []byte) (*object, error) {
	o := &object{faults: new([]error)}
	err := json.Unmarshal(raw, &o.fields)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return nil, fmt.Errorf("is not JSON, from byte %d on", syntax.Offset)
	case err != nil || o.fields == nil:
		return nil, errors.New("is not a JSON object")
	}
	return o, nil
}
