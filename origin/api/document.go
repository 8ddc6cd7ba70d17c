package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"encora/shared/fault"
)

// Bounds of a body beside its size. The deepest body of the contract has four levels, the longest 10,000 ids; without
// bounds a megabyte of brackets or zeros costs seconds to check and is answered by a hundred megabytes of faults.
const (
	maxDepth  = 32
	maxValues = 20_000
)

// document is a JSON document on its way into plain values, with the faults that encoding/json lets pass.
type document struct {
	dec    *json.Decoder
	values int
	path   []string // of the value being read
	faults []fault.Detail
}

// parse reads one JSON document (RFC 8259) into plain values, numbers as float64. It returns as faults the names that
// are repeated in an object and the numbers that are too large, and as error what makes it no document at all.
func parse(raw []byte) (any, []fault.Detail, error) {
	if !utf8.Valid(raw) {
		return nil, nil, errors.New("The body is not valid UTF-8.")
	}
	if !json.Valid(raw) {
		return nil, nil, malformed(json.Unmarshal(raw, new(any)))
	}
	d := &document{dec: json.NewDecoder(bytes.NewReader(raw))}
	d.dec.UseNumber()
	v, err := d.value()
	return v, d.faults, err
}

func malformed(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("The body is not valid JSON, at byte %d.", syntax.Offset)
	}
	return errors.New("The body is not valid JSON.")
}

func (d *document) value() (any, error) {
	if len(d.path) > maxDepth {
		return nil, errors.New("The body is nested too deeply.")
	}
	if d.values++; d.values > maxValues {
		return nil, fmt.Errorf("The body holds more than %d values.", maxValues)
	}
	token, err := d.dec.Token()
	if err != nil {
		return nil, malformed(err)
	}
	switch t := token.(type) {
	case json.Number:
		f, err := t.Float64()
		if err != nil {
			d.fault("out_of_range", "The number is too large.")
		}
		return f, nil
	case json.Delim:
		if t == '{' {
			return d.object()
		}
		return d.list()
	}
	return token, nil
}

func (d *document) object() (any, error) {
	object := map[string]any{}
	for d.dec.More() {
		token, err := d.dec.Token()
		if err != nil {
			return nil, malformed(err)
		}
		name, _ := token.(string) // names are: the document is valid
		v, err := d.within("."+cut(name, 100), func() {
			if _, given := object[name]; given {
				d.fault("repeated", "This name is given more than once in one object.")
			}
		})
		if err != nil {
			return nil, err
		}
		object[name] = v
	}
	_, err := d.dec.Token() // the closing bracket
	return object, err
}

func (d *document) list() (any, error) {
	list := []any{}
	for d.dec.More() {
		v, err := d.within("["+strconv.Itoa(len(list))+"]", func() {})
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.dec.Token() // the closing bracket
	return list, err
}

// within reads the value at a step further down, after check.
func (d *document) within(step string, check func()) (any, error) {
	d.path = append(d.path, step)
	check()
	v, err := d.value()
	d.path = d.path[:len(d.path)-1]
	return v, err
}

// fault notes a fault of the value being read. Its path is put together only here: names may be long, and lists too.
func (d *document) fault(code, message string) {
	field := strings.TrimPrefix(strings.Join(d.path, ""), ".")
	d.faults = append(d.faults, fault.Detail{Field: field, Code: code, Message: message})
}
