package api

import (
	"bytes"
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
)

// ByID is a JSON object of ids whose order is kept, which Go's maps don't do.
type ByID[T any] []OfID[T]

// OfID is what stands in a ByID under one id.
type OfID[T any] struct {
	ID    uuid.UUID
	Value T
}

// MarshalJSON implements json.Marshaler. It leaves the escaping of HTML to whoever encodes the whole.
func (m ByID[T]) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, of := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + of.ID.String() + `":`)
		if err := enc.Encode(of.Value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Schema implements huma.SchemaProvider.
func (m ByID[T]) Schema(r huma.Registry) *huma.Schema {
	t := reflect.TypeFor[T]()
	if t.Kind() != reflect.Pointer {
		return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: r.Schema(t, true, "")}
	}
	orNull := *r.Schema(t.Elem(), false, "")
	orNull.Nullable = true
	return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: &orNull}
}
