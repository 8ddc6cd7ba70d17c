package api

import (
	"encoding/json"
	"reflect"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
)

// registry holds the schemas of all operations. It grows while entries are declared and when they are described, which may
// be while requests are checked against it.
var registry = newRegistry()

func newRegistry() *sharedRegistry {
	huma.DefaultArrayNullable = false
	huma.ValidateStrictCasing = true
	r := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	r.RegisterTypeAlias(reflect.TypeFor[uuid.UUID](), reflect.TypeFor[uuidText]())
	return &sharedRegistry{Registry: r}
}

// sharedRegistry makes huma's registry safe for concurrent use. A schema that has been handed out does not change.
type sharedRegistry struct {
	mu sync.RWMutex
	huma.Registry
}

// Schema implements huma.Registry.
func (r *sharedRegistry) Schema(t reflect.Type, allowRef bool, hint string) *huma.Schema {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.Registry.Schema(t, allowRef, hint)
}

// SchemaFromRef implements huma.Registry.
func (r *sharedRegistry) SchemaFromRef(ref string) *huma.Schema {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.Registry.SchemaFromRef(ref)
}

// MarshalJSON renders the schemas as OpenAPI's components.
func (r *sharedRegistry) MarshalJSON() ([]byte, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return json.Marshal(r.Registry)
}

// uuidText gives UUIDs their format in schemas.
type uuidText string

// Schema implements huma.SchemaProvider.
func (uuidText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "uuid"}
}
