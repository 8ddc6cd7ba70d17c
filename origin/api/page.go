package api

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"

	"encora/shared/fault"
)

// Paging is the part of an input that selects a page.
type Paging struct {
	Cursor string `query:"cursor" maxLength:"4096" doc:"Opaque pagination cursor from meta.next_cursor."`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"Number of items per page (1–100, default 20)."`
}

// Sparse is the part of an input that selects fields of the answer's objects.
type Sparse struct {
	Fields []string `query:"fields" doc:"Comma-separated list of fields to include in the response (sparse fieldset). Example: fields=id,title,images. Omit for the full representation."`
}

// List is a short list: everything at once.
type List[T any] struct {
	Data []T `json:"data"`
}

// Paged is one page of a list.
type Paged[T any] struct {
	Data []T  `json:"data"`
	Meta Meta `json:"meta"`
}

// Meta says where a page stands.
type Meta struct {
	NextCursor *string `json:"next_cursor"`
	HasMore    bool    `json:"has_more"`
	Limit      int     `json:"limit"`
}

// Counted is one page of an admin list.
type Counted[T any] struct {
	Data []T         `json:"data"`
	Meta CountedMeta `json:"meta"`
}

// CountedMeta is Meta with the number of all items that the filters select.
type CountedMeta struct {
	NextCursor *string `json:"next_cursor"`
	HasMore    bool    `json:"has_more"`
	Limit      int     `json:"limit"`
	TotalCount int     `json:"total_count"`
}

// Count makes an admin page of a page.
func (p Paged[T]) Count(total int) Counted[T] {
	return Counted[T]{p.Data, CountedMeta{p.Meta.NextCursor, p.Meta.HasMore, p.Meta.Limit, total}}
}

// PageOf cuts the rows of a query with LIMIT p.Limit+1 to a page. key gives the cursor's content for the last row shown:
// whatever the next page's query needs to go on after it.
func PageOf[T any](r *Read, p Paging, rows []T, key func(T) any) Paged[T] {
	page := Paged[T]{Data: rows, Meta: Meta{Limit: p.Limit}}
	if len(rows) > p.Limit {
		page.Data = rows[:p.Limit]
		next := r.cursors.Encode(r.entry.ID, r.filters, key(page.Data[p.Limit-1]))
		page.Meta.NextCursor, page.Meta.HasMore = &next, true
	}
	if page.Data == nil {
		page.Data = []T{}
	}
	return page
}

// After decodes the page's cursor into key and reports whether there was one.
func (r *Read) After(p Paging, key any) (bool, error) {
	if p.Cursor == "" {
		return false, nil
	}
	if err := r.cursors.Decode(r.entry.ID, r.filters, p.Cursor, key); err != nil {
		return false, ForeignCursor()
	}
	return true, nil
}

// ForeignCursor is the 400 of a cursor that is genuine and yet leads nowhere in what is asked for.
func ForeignCursor() *fault.Fault { return badParameters([]fault.Detail{foreignCursor}) }

var foreignCursor = fault.Detail{Field: "cursor", Code: "invalid", Message: "This cursor was not made for this operation and these filters."}

// cursorFaults refuses a cursor that was tampered with, or made for another operation or other filters.
func (s *Server) cursorFaults(r *http.Request, e *Entry, in reflect.Value) []fault.Detail {
	v := in.FieldByName("Paging")
	if !v.IsValid() || v.Interface().(Paging).Cursor == "" {
		return nil
	}
	filters, err := e.Scope(r.URL.Path, r.URL.RawQuery)
	if err == nil && s.Cursors.Verify(e.ID, filters, v.Interface().(Paging).Cursor) {
		return nil
	}
	return []fault.Detail{foreignCursor}
}

// itemType is the type of a list's items, or nil when t is no list.
func itemType(t reflect.Type) reflect.Type {
	if t.Kind() != reflect.Struct {
		return nil
	}
	if f, ok := t.FieldByName("Data"); ok && f.Tag.Get("json") == "data" {
		return f.Type.Elem()
	}
	return nil
}

// sparse returns the fields that the input asks for, nil for all, with the names that don't exist as faults.
func (e *Entry) sparse(in reflect.Value) ([]string, []fault.Detail) {
	v := in.FieldByName("Sparse")
	if !v.IsValid() {
		return nil, nil
	}
	fields := v.Interface().(Sparse).Fields
	object := e.out
	if item := itemType(e.out); item != nil {
		object = item
	}
	names := jsonNames(object)
	var wrong []fault.Detail
	for _, name := range fields {
		if !slices.Contains(names, name) {
			wrong = append(wrong, fault.Detail{Field: "fields", Code: "unknown_field", Message: "There is no field " + quote(name) + "."})
		}
	}
	return fields, wrong
}

func quote(s string) string {
	b, _ := json.Marshal(s) // strings always encode
	return string(b)
}

// project keeps the named fields of an object, or of every item of a list.
func project(body []byte, fields []string, list bool) ([]byte, error) {
	if len(fields) == 0 {
		return body, nil
	}
	if !list {
		return encode(keep(topLevel(body), fields))
	}
	var envelope struct {
		Data []map[string]json.RawMessage `json:"data"`
		Meta json.RawMessage              `json:"meta,omitempty"`
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		return nil, err
	}
	for i := range envelope.Data {
		envelope.Data[i] = keep(envelope.Data[i], fields)
	}
	return encode(envelope)
}

func keep(object map[string]json.RawMessage, fields []string) map[string]json.RawMessage {
	kept := make(map[string]json.RawMessage, len(fields))
	for _, name := range fields {
		if v, ok := object[name]; ok {
			kept[name] = v
		}
	}
	return kept
}
