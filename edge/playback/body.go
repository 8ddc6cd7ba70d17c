package playback

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/google/uuid"

	"encora/shared/fault"
	"encora/shared/ids"
	"encora/shared/wire"
)

// ReadPlain reads a heartbeat's body when it is plain: the three fields in any order, without repeats, escapes, fractions
// or exponents. It allocates nothing. false says nothing about the body but that Read must judge it.
func ReadPlain(body []byte) (Beat, bool) {
	var b Beat
	var seen byte
	s := scanner{rest: body}
	if !s.take('{') {
		return b, false
	}
	for first := true; !s.take('}'); first = false {
		if !first && !s.take(',') {
			return b, false
		}
		name, ok := s.text()
		if !ok || !s.take(':') {
			return b, false
		}
		bit, ok := s.field(name, &b)
		if !ok || seen&bit != 0 {
			return b, false
		}
		seen |= bit
	}
	s.space()
	return b, len(s.rest) == 0 && seen&(hasSession|hasPosition) == hasSession|hasPosition
}

const (
	hasSession = 1 << iota
	hasPosition
	hasPaused
)

// scanner walks over JSON that is plain.
type scanner struct{ rest []byte }

func (s *scanner) space() {
	for len(s.rest) > 0 && (s.rest[0] == ' ' || s.rest[0] == '\n' || s.rest[0] == '\t' || s.rest[0] == '\r') {
		s.rest = s.rest[1:]
	}
}

func (s *scanner) take(c byte) bool {
	s.space()
	if len(s.rest) == 0 || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// text reads a string without escapes.
func (s *scanner) text() ([]byte, bool) {
	if !s.take('"') {
		return nil, false
	}
	n := bytes.IndexByte(s.rest, '"')
	if n < 0 || n > 36 {
		return nil, false
	}
	text := s.rest[:n]
	s.rest = s.rest[n+1:]
	return text, bytes.IndexByte(text, '\\') < 0
}

// field reads the value of a field, and says which it is.
func (s *scanner) field(name []byte, b *Beat) (byte, bool) {
	switch string(name) {
	case "session_id":
		text, ok := s.text()
		if !ok || len(text) != 36 {
			return 0, false
		}
		id, err := uuid.ParseBytes(text)
		b.Session = id
		return hasSession, err == nil
	case "position_seconds":
		n, ok := s.number()
		b.Position = n
		return hasPosition, ok && n <= wire.MaxPosition
	case "is_paused":
		v, ok := s.truth()
		b.Paused = v
		return hasPaused, ok
	}
	return 0, false
}

// number reads up to nine digits.
func (s *scanner) number() (int32, bool) {
	s.space()
	n, i := int32(0), 0
	for i < len(s.rest) && s.rest[i] >= '0' && s.rest[i] <= '9' {
		if i == 9 {
			return 0, false
		}
		n = n*10 + int32(s.rest[i]-'0')
		i++
	}
	if i == 0 || i > 1 && s.rest[0] == '0' || i < len(s.rest) && (s.rest[i] == '.' || s.rest[i] == 'e' || s.rest[i] == 'E') {
		return 0, false
	}
	s.rest = s.rest[i:]
	return n, true
}

func (s *scanner) truth() (bool, bool) {
	s.space()
	if rest, ok := bytes.CutPrefix(s.rest, []byte("true")); ok {
		s.rest = rest
		return true, true
	}
	rest, ok := bytes.CutPrefix(s.rest, []byte("false"))
	s.rest = rest
	return false, ok
}

// Faults of a body: what can't be read as documented (400), and what is missing or out of its limits (422), which comes after
// 404 and 410.
type Faults struct {
	Unreadable, Invalid []fault.Detail
	Named               bool // there is a session to look for all the same
}

func (f *Faults) unreadable(field, code, message string) {
	f.Unreadable = append(f.Unreadable, fault.Detail{Field: field, Code: code, Message: message})
}

func (f *Faults) invalid(field, code, message string) {
	f.Invalid = append(f.Invalid, fault.Detail{Field: field, Code: code, Message: message})
}

// Read reads any body and says everything that is wrong with it.
func Read(body []byte) (Beat, Faults) {
	var b Beat
	var f Faults
	fields, err := object(body, &f)
	if err != nil {
		f.unreadable("body", "malformed", err.Error())
		return b, f
	}
	readSession(fields["session_id"], &b, &f)
	readPosition(fields["position_seconds"], &b, &f)
	readPaused(fields["is_paused"], &b, &f)
	return b, f
}

var (
	errEmpty  = errors.New("A JSON body is required.")
	errJSON   = errors.New("The body is not valid JSON.")
	errObject = errors.New("Expected a JSON object.")
	errUTF8   = errors.New("The body holds bytes that are no Unicode characters.")
)

// object takes the top level of a JSON object apart; names that are unknown or repeated are faults.
func object(body []byte, f *Faults) (map[string]json.RawMessage, error) {
	switch trimmed := bytes.TrimLeft(body, " \t\r\n"); {
	case len(trimmed) == 0:
		return nil, errEmpty
	case !utf8.Valid(body):
		return nil, errUTF8
	case !json.Valid(body):
		return nil, errJSON
	case trimmed[0] != '{':
		return nil, errObject
	}
	fields := make(map[string]json.RawMessage, 3)
	dec := json.NewDecoder(bytes.NewReader(body))
	if _, err := dec.Token(); err != nil {
		return nil, errJSON
	}
	for dec.More() {
		name, err := dec.Token()
		var value json.RawMessage
		if err == nil {
			err = dec.Decode(&value)
		}
		if err != nil {
			return nil, errJSON
		}
		f.note(fields, name.(string), value)
	}
	if _, err := dec.Token(); err != nil && err != io.EOF {
		return nil, errJSON
	}
	return fields, nil
}

// note keeps a field, once, if it is known.
func (f *Faults) note(fields map[string]json.RawMessage, name string, value json.RawMessage) {
	switch name {
	case "session_id", "position_seconds", "is_paused":
		if _, again := fields[name]; again {
			f.unreadable(name, "repeated", "This field is given more than once.")
		}
		fields[name] = value
	default:
		f.unreadable(name, "unknown_field", "Unexpected property.")
	}
}

func readSession(raw json.RawMessage, b *Beat, f *Faults) {
	var text *string
	switch {
	case raw == nil:
		f.invalid("session_id", "required", "Expected required property session_id to be present.")
	case json.Unmarshal(raw, &text) != nil || text == nil:
		f.unreadable("session_id", "wrong_type", "Expected string.")
	default:
		id, ok := ids.Parse(*text)
		if !ok {
			f.invalid("session_id", "invalid_format", "Expected a UUID.")
			return
		}
		b.Session, f.Named = id, true
	}
}

func readPosition(raw json.RawMessage, b *Beat, f *Faults) {
	n, _ := strconv.ParseFloat(string(raw), 64) // infinite when it is beyond all limits
	switch {
	case raw == nil:
		f.invalid("position_seconds", "required", "Expected required property position_seconds to be present.")
	case raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') || n != math.Trunc(n):
		f.unreadable("position_seconds", "wrong_type", "Expected integer.")
	case n < 0:
		f.invalid("position_seconds", "out_of_range", "Expected number >= 0.")
	case n > wire.MaxPosition:
		f.invalid("position_seconds", "out_of_range", "Expected number <= "+strconv.Itoa(wire.MaxPosition)+".")
	default:
		b.Position = int32(n)
	}
}

func readPaused(raw json.RawMessage, b *Beat, f *Faults) {
	var v *bool
	if raw == nil {
		return
	}
	if json.Unmarshal(raw, &v) != nil || v == nil {
		f.unreadable("is_paused", "wrong_type", "Expected boolean.")
		return
	}
	b.Paused = *v
}
