package suggest

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"encora/shared/fault"
)

// Limits of the contract.
const (
	maxQuery     = 100 // characters
	maxLimit     = 20
	defaultLimit = 10
)

// Ask is what a request asks for.
type Ask struct {
	Q      []byte
	Limit  int
	Fields Fields

	name, value []byte // of a parameter, decoded
	unknown     bool   // a field that there is not was asked for
}

// Fields are the fields that an answer shows of each title; none are all.
type Fields byte

// The fields, and all of them.
const (
	FieldType Fields = 1 << iota
	FieldID
	FieldTitle
	allFields = FieldType | FieldID | FieldTitle
)

// Read reads a query string, and says everything that is wrong with it. It allocates nothing unless something is.
func (a *Ask) Read(query []byte) []fault.Detail {
	queries, limits, ok := a.parse(query)
	if !ok {
		return []fault.Detail{{Field: "query", Code: "malformed", Message: "The query string is not valid percent-encoding."}}
	}
	var wrong []fault.Detail
	if a.unknown {
		wrong = append(wrong, fault.Detail{Field: "fields", Code: "unknown_field", Message: "The fields are content_type, id and title."})
	}
	switch {
	case limits > 1:
		wrong = append(wrong, repeated("limit"))
	case a.Limit < 1 || a.Limit > maxLimit:
		wrong = append(wrong, fault.Detail{Field: "limit", Code: "out_of_range", Message: "Expected a whole number from 1 to 20."})
	}
	switch {
	case queries > 1:
		wrong = append(wrong, repeated("q"))
	case len(a.Q) == 0:
		wrong = append(wrong, fault.Detail{Field: "q", Code: "required", Message: "Expected 1 to 100 characters."})
	case !readable(a.Q):
		wrong = append(wrong, fault.Detail{Field: "q", Code: "invalid_text", Message: "The text holds what is no character, or controls."})
	case utf8.RuneCount(a.Q) > maxQuery:
		wrong = append(wrong, fault.Detail{Field: "q", Code: "too_long", Message: "Expected 1 to 100 characters."})
	}
	return wrong
}

func repeated(field string) fault.Detail {
	return fault.Detail{Field: field, Code: "repeated", Message: "Expected one value."}
}

// parse takes a query string apart, and counts what was given of each parameter; false: it is malformed.
func (a *Ask) parse(query []byte) (int, int, bool) {
	queries, limits := 0, 0
	a.Q, a.Limit, a.Fields, a.unknown = a.Q[:0], defaultLimit, 0, false
	for len(query) > 0 {
		var pair []byte
		pair, query, _ = bytes.Cut(query, ampersand)
		name, value, _ := bytes.Cut(pair, equals)
		var well, formed bool
		a.name, well = unescape(a.name[:0], name)
		a.value, formed = unescape(a.value[:0], value)
		if !well || !formed || bytes.IndexByte(pair, ';') >= 0 {
			return 0, 0, false
		}
		switch string(a.name) {
		case "q":
			queries++
			a.Q = append(a.Q, a.value...)
		case "limit":
			limits++
			a.Limit = number(a.value)
		case "fields":
			a.readFields(a.value)
		}
	}
	return queries, limits, true
}

// readFields reads a list of fields.
func (a *Ask) readFields(list []byte) {
	for len(list) > 0 {
		var name []byte
		name, list, _ = bytes.Cut(list, comma)
		switch string(name) {
		case "content_type":
			a.Fields |= FieldType
		case "id":
			a.Fields |= FieldID
		case "title":
			a.Fields |= FieldTitle
		case "":
		default:
			a.unknown = true
		}
	}
}

var ampersand, equals, comma = []byte("&"), []byte("="), []byte(",")

// unescape appends what a name or a value says (WHATWG URL, 5.1); false: it is not well-formed.
func unescape(b, s []byte) ([]byte, bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '+':
			b = append(b, ' ')
		case '%':
			if i+2 >= len(s) {
				return b, false
			}
			high, ok := nibble(s[i+1])
			low, too := nibble(s[i+2])
			if !ok || !too {
				return b, false
			}
			b = append(b, high<<4|low)
			i += 2
		default:
			b = append(b, s[i])
		}
	}
	return b, true
}

func nibble(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// number is that of a text of a few digits; 0 for anything else.
func number(text []byte) int {
	n := 0
	for _, c := range text {
		if c < '0' || c > '9' || n > maxLimit {
			return 0
		}
		n = 10*n + int(c-'0')
	}
	return n
}

// readable reports whether a text holds characters alone, as the origin takes texts.
func readable(text []byte) bool {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError || unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' {
			return false
		}
		text = text[size:]
	}
	return true
}
