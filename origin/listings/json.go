package listings

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

const maxObject = 256 << 10 // bytes of one programme

// ReadJSON reads an array of objects like the contract's EpgProgram. It returns a Refusal, the error of r or h, or nil.
func ReadJSON(r io.Reader, o Options, h Handler) error {
	source, err := open(r, o, false)
	if err != nil {
		return err
	}
	a := &array{source: source, h: h}
	if err := a.begin(); err != nil {
		return err
	}
	for {
		done, err := a.next()
		if err != nil {
			return err
		}
		if done {
			return a.end()
		}
	}
}

// array reads one document.
type array struct {
	*source
	h        Handler
	text     []byte // of the value that is read
	values   int64
	tooLarge bool
}

// begin reads the bracket that the array begins with.
func (a *array) begin() error {
	if !a.skipBlanks() {
		if a.err == io.EOF {
			return refusal(1, RefusedEmpty, "The document is empty.")
		}
		return a.ended()
	}
	switch head := bytes.ToLower(a.peek(9)); {
	case head[0] == '[':
		a.pos++
		return nil
	case bytes.HasPrefix(head, []byte("<html")), bytes.HasPrefix(head, []byte("<!doctype")):
		return refusal(a.line(), RefusedHTML, "This looks like an HTML page, not like listings.")
	case head[0] == '<':
		return refusal(a.line(), RefusedXML, "This looks like XML, not like JSON.")
	case head[0] == '{':
		return refusal(a.line(), RefusedNotListings, "The document is an object: expected an array of programmes.")
	}
	return refusal(a.line(), RefusedNotJSON, "This is no array in JSON: it begins with %s.", quote(string(a.peek(20))))
}

// next reads a value of the array and what follows it, or the array's end.
func (a *array) next() (done bool, err error) {
	if !a.skipBlanks() {
		return false, a.ended()
	}
	if a.buf[a.pos] == ']' && a.values == 0 {
		a.pos++
		return true, nil
	}
	if err := a.programme(); err != nil {
		return false, err
	}
	if !a.skipBlanks() {
		return false, a.ended()
	}
	switch a.buf[a.pos] {
	case ']':
		done = true
	case ',':
	default:
		return false, a.malformed("a comma or ] is missing")
	}
	a.pos++
	return done, nil
}

func (a *array) end() error {
	if a.values == 0 {
		return refusal(a.line(), RefusedNoProgrammes, "The document has no programmes.")
	}
	if a.skipBlanks() {
		return refusal(a.line(), RefusedTrailing, "Something follows the end of the array.")
	}
	if a.err != io.EOF {
		return a.ended()
	}
	return nil
}

func (a *array) malformed(what string) error {
	return refusal(a.line(), RefusedMalformed, "This line is not well-formed JSON: %s.", what)
}

// programme reads a value and hands it on.
func (a *array) programme() error {
	a.values++
	line := a.line()
	if err := a.value(); err != nil {
		return err
	}
	if a.tooLarge {
		return a.h.Fault(Fault{Line: line, Code: FaultTooLarge, Message: "The programme is larger than 256 KiB."})
	}
	if !json.Valid(a.text) {
		return malformedObject(a.text, line)
	}
	p := &Programme{Line: line}
	if problem := p.decode(a.text); problem != nil {
		return a.h.Fault(Fault{Line: line, Channel: p.Channel, Code: problem.code, Message: problem.message})
	}
	return a.h.Programme(p)
}

// malformedObject says in which line of the text, which begins at the given one, the fault is.
func malformedObject(text []byte, line int64) error {
	var whole json.RawMessage
	err := json.Unmarshal(text, &whole)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		line += int64(bytes.Count(text[:min(int(syntax.Offset), len(text))], []byte("\n")))
	}
	return refusal(line, RefusedMalformed, "This line is not well-formed JSON: %v.", err)
}

// value reads one, of any kind, into text. Of one that is too large it reads no more than where it ends.
func (a *array) value() error {
	a.text, a.tooLarge = a.text[:0], false
	var e extent
	for {
		start := a.pos
		for a.pos < a.valid {
			if e.ends(a.buf[a.pos]) {
				a.add(a.buf[start:a.pos])
				return nil
			}
			a.pos++
		}
		a.add(a.buf[start:a.pos])
		if !a.more() {
			return a.ended()
		}
	}
}

// extent finds where a value ends.
type extent struct {
	depth           int
	quoted, escaped bool
}

// ends reports whether the next character is the first that doesn't belong to the value.
func (e *extent) ends(c byte) bool {
	switch {
	case e.escaped:
		e.escaped = false
	case e.quoted:
		e.quoted, e.escaped = c != '"', c == '\\'
	case c == '"':
		e.quoted = true
	case c == '{' || c == '[':
		e.depth++
	case e.depth == 0:
		return c == ',' || c == ']' || c == '}' || blank(c)
	case c == '}' || c == ']':
		e.depth--
	}
	return false
}

func (a *array) add(part []byte) {
	if len(a.text)+len(part) > maxObject {
		a.tooLarge = true
		return
	}
	a.text = append(a.text, part...)
}
