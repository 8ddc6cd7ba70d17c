package api

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"encora/shared/fault"
	"encora/shared/ids"
	"encora/shared/op"
)

// binding knows how to fill an input struct from a request. Fields are tagged `path:"name"`, `query:"name"` or
// `header:"Name"`, embedded structs are part of it, and a field named Body is the JSON body.
type binding struct {
	fields []field
	body   *field
	schema *huma.Schema // of the body
	// bodyOptional says that the request may come without a body.
	bodyOptional bool
}

type field struct {
	index  []int
	in     string // path, query or header
	name   string
	schema *huma.Schema
	doc    string
	needed bool
	// ordered says that the order of a list's items has a meaning.
	ordered bool
}

func bind(t reflect.Type) *binding {
	b := &binding{}
	b.collect(t, nil)
	return b
}

func (b *binding) collect(t reflect.Type, prefix []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(slices.Clone(prefix), i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct {
			b.collect(f.Type, index)
			continue
		}
		if f.Name == "Body" {
			b.body = &field{index: index}
			b.schema = registry.Schema(f.Type, true, f.Type.Name())
			b.bodyOptional = f.Tag.Get("required") == "false"
			continue
		}
		for _, in := range []string{"path", "query", "header"} {
			if name := f.Tag.Get(in); name != "" {
				b.fields = append(b.fields, field{
					index: index, in: in, name: name, doc: f.Tag.Get("doc"),
					schema: paramSchema(f), needed: in == "path" || f.Tag.Get("required") == "true", ordered: f.Tag.Get("ordered") == "true",
				})
			}
		}
	}
}

func paramSchema(f reflect.StructField) *huma.Schema {
	s := huma.SchemaFromField(registry, f, f.Name)
	for s.Ref != "" {
		s = registry.SchemaFromRef(s.Ref)
	}
	c := *s
	c.Nullable = false
	if f.Tag.Get("header") != "" && c.Format == "date-time-http" {
		c.Format = "date-time"
	}
	return &c
}

// params lists the query parameters for keys and cursors, sorted by name.
func (b *binding) params() []op.Param {
	var ps []op.Param
	for _, f := range b.fields {
		if f.in != "query" {
			continue
		}
		p := op.Param{Name: f.name, List: f.schema.Type == huma.TypeArray}
		if f.schema.Default != nil {
			p.Default = fmt.Sprint(f.schema.Default)
		}
		p.Ordered, p.Fold = f.ordered, p.List && f.schema.Items.Format == "uuid"
		p.Page = f.name == "cursor" || f.name == "limit" || f.name == "fields"
		ps = append(ps, p)
	}
	slices.SortFunc(ps, func(a, b op.Param) int { return strings.Compare(a.Name, b.Name) })
	return ps
}

// parameters fills target from path, query and headers and returns every fault found. strict refuses unknown query
// parameters, as admin operations do.
func (b *binding) parameters(r *http.Request, target reflect.Value, strict bool) []fault.Detail {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return []fault.Detail{{Field: "query", Code: "malformed", Message: "The query string is not valid percent-encoding."}}
	}
	var wrong []fault.Detail
	known := map[string]bool{}
	for i := range b.fields {
		f := &b.fields[i]
		known[f.name] = known[f.name] || f.in == "query"
		wrong = append(wrong, f.fill(target.FieldByIndex(f.index), f.values(r, query))...)
	}
	if strict {
		for name := range query {
			if !known[name] {
				wrong = append(wrong, fault.Detail{Field: name, Code: "unknown_parameter", Message: "This parameter is not known here."})
			}
		}
	}
	byField(wrong)
	return wrong
}

func (f *field) values(r *http.Request, query url.Values) []string {
	switch f.in {
	case "path":
		return []string{r.PathValue(f.name)}
	case "query":
		return query[f.name]
	}
	return r.Header.Values(f.name)
}

// fill parses and checks one parameter. An empty value of a text parameter is an absent one.
func (f *field) fill(v reflect.Value, given []string) []fault.Detail {
	if f.schema.Type == huma.TypeArray {
		return f.fillList(v, given)
	}
	if len(given) == 1 && given[0] == "" && f.schema.Type == huma.TypeString && f.in != "path" {
		given = nil
	}
	switch {
	case len(given) == 0 && f.needed:
		return []fault.Detail{{Field: f.name, Code: "required", Message: "This parameter is required."}}
	case len(given) == 0:
		if f.schema.Default != nil {
			return f.set(v, fmt.Sprint(f.schema.Default), f.schema)
		}
		return nil
	case len(given) > 1:
		return []fault.Detail{{Field: f.name, Code: "repeated", Message: "This parameter is given more than once."}}
	}
	return f.set(v, given[0], f.schema)
}

func (f *field) fillList(v reflect.Value, given []string) []fault.Detail {
	var wrong []fault.Detail
	list := reflect.Zero(v.Type())
	for _, g := range given {
		for text := range strings.SplitSeq(g, ",") {
			if text == "" {
				continue
			}
			item := reflect.New(v.Type().Elem()).Elem()
			for _, d := range f.set(item, text, f.schema.Items) {
				if !slices.Contains(wrong, d) { // once says it of all items
					wrong = append(wrong, d)
				}
			}
			list = reflect.Append(list, item)
		}
	}
	if f.needed && list.Len() == 0 {
		wrong = append(wrong, fault.Detail{Field: f.name, Code: "required", Message: "This parameter is required."})
	}
	if most := f.schema.MaxItems; most != nil && list.Len() > *most {
		wrong = append(wrong, fault.Detail{Field: f.name, Code: "too_many", Message: fmt.Sprintf("Expected array length <= %d.", *most)})
	}
	v.Set(list)
	return wrong
}

// set validates one value against its schema and assigns it, if it is good; what is out of limits in a parameter is a bad
// parameter.
func (f *field) set(v reflect.Value, text string, s *huma.Schema) []fault.Detail {
	if bad := textFault(text); bad != "" {
		return []fault.Detail{{Field: f.name, Code: "invalid_text", Message: bad}}
	}
	if s.Format == "uuid" && !ids.Valid(text) {
		return []fault.Detail{{Field: f.name, Code: "invalid_format", Message: "Expected a UUID."}}
	}
	value, err := plain(text, s)
	if err == nil {
		err = assign(v, text)
	}
	res := &huma.ValidateResult{}
	if err == nil || s.Type == huma.TypeString { // whose limits say more
		path := huma.NewPathBuffer(nil, 0)
		path.Push(f.name)
		huma.Validate(registry, s, path, huma.ModeWriteToServer, value, res)
	}
	if err != nil || len(res.Errors) > 0 {
		v.SetZero()
	}
	if len(res.Errors) == 0 && err != nil {
		return []fault.Detail{{Field: f.name, Code: "wrong_type", Message: "Expected " + typeName(s) + "."}}
	}
	return details(res.Errors)
}

// plain reads a parameter's text as its schema's type.
func plain(text string, s *huma.Schema) (any, error) {
	switch s.Type {
	case huma.TypeInteger:
		return strconv.ParseInt(text, 10, 64)
	case huma.TypeNumber:
		n, err := strconv.ParseFloat(text, 64)
		if err == nil && (math.IsNaN(n) || math.IsInf(n, 0)) {
			err = strconv.ErrRange
		}
		return n, err
	case huma.TypeBoolean:
		if text != "true" && text != "false" {
			return nil, strconv.ErrSyntax
		}
		return text == "true", nil
	}
	return text, nil
}

// assign parses text into v: a text of any type, a number, a truth value, a time, a UUID, or a pointer to one.
func assign(v reflect.Value, text string) error {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch target := v.Addr().Interface().(type) {
	case *time.Time:
		at, err := time.Parse(time.RFC3339, text)
		*target = at.UTC()
		return err
	case encoding.TextUnmarshaler:
		return target.UnmarshalText([]byte(text))
	}
	if v.Kind() == reflect.String {
		v.SetString(text)
		return nil
	}
	return json.Unmarshal([]byte(text), v.Addr().Interface())
}

func typeName(s *huma.Schema) string {
	switch {
	case s.Type == huma.TypeInteger:
		return "an integer"
	case s.Format == "uuid":
		return "a UUID"
	case s.Format == "date-time":
		return "an RFC 3339 date-time"
	}
	return "a " + s.Type
}
