package api

import (
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// Optional is a field of a body with three states: absent, null, and a value.
type Optional[T any] struct {
	Given bool // the field was in the body, null or not
	Value *T   // nil for null and absent
}

// UnmarshalJSON implements json.Unmarshaler; it runs only for a field that is there.
func (o *Optional[T]) UnmarshalJSON(b []byte) error {
	o.Given = true
	return json.Unmarshal(b, &o.Value)
}

// Schema implements huma.SchemaProvider: the schema of T, or null.
func (o Optional[T]) Schema(r huma.Registry) *huma.Schema {
	s := *r.Schema(reflect.TypeFor[T](), false, "")
	s.Nullable = true
	return &s
}
