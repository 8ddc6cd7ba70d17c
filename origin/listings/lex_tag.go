package listings

import (
	"bytes"
	"unicode/utf8"
)

// nameLength is the length of the name that the text begins with. Letters beyond ASCII are not told from other signs.
func nameLength(text []byte) int {
	for i, c := range text {
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':' || c >= utf8.RuneSelf:
		case i > 0 && (c >= '0' && c <= '9' || c == '-' || c == '.'):
		default:
			return i
		}
	}
	return len(text)
}

// readName appends the name that comes next.
func (l *lexer) readName(dst []byte) ([]byte, error) {
	head := l.peek(maxName + 1)
	n := nameLength(head)
	switch {
	case n == 0 && len(head) == 0:
		return dst, l.ended()
	case n == 0:
		return dst, l.malformed("a name is missing")
	case n > maxName:
		return dst, refusal(l.line(), RefusedTooLarge, "A name is longer than %d bytes.", maxName)
	}
	l.pos += n
	return append(dst, head[:n]...), nil
}

// readStart reads a start tag, from its "<".
func (l *lexer) readStart() error {
	if len(l.starts) == 0 && l.rooted {
		return l.trailing()
	}
	l.pos++
	var err error
	if l.name, err = l.readName(l.name[:0]); err != nil {
		return err
	}
	if err := l.readAttributes(); err != nil {
		return err
	}
	return l.push()
}

// readAttributes reads to the end of a start tag.
func (l *lexer) readAttributes() error {
	l.attrs, l.scratch = l.attrs[:0], l.scratch[:0]
	for {
		before := l.pos
		if !l.skipBlanks() {
			return l.ended()
		}
		spaced := l.pos != before
		switch l.buf[l.pos] {
		case '>':
			l.pos++
			return nil
		case '/':
			l.closing = true
			return l.expect("/>")
		}
		if !spaced {
			return l.malformed("a blank is missing before an attribute")
		}
		if err := l.readAttribute(); err != nil {
			return err
		}
	}
}

func (l *lexer) expect(text string) error {
	head := l.peek(len(text))
	switch {
	case len(head) < len(text):
		return l.ended()
	case string(head) != text:
		return l.malformed(text + " is missing")
	}
	l.pos += len(text)
	return nil
}

// readAttribute reads one, into scratch.
func (l *lexer) readAttribute() error {
	start := len(l.scratch)
	text, err := l.readName(l.scratch)
	if err != nil {
		return err
	}
	named := len(text)
	l.skipBlanks()
	if err := l.expect("="); err != nil {
		return err
	}
	if !l.skipBlanks() {
		return l.ended()
	}
	if text, err = l.readValue(text, named); err != nil {
		return err
	}
	name := text[start:named]
	for _, a := range l.attrs {
		if string(a.name) == string(name) {
			return l.malformed("an attribute stands twice")
		}
	}
	if len(l.attrs) == maxAttrs {
		l.over = "An element has more than 64 attributes."
		return nil
	}
	l.scratch = text
	l.attrs = append(l.attrs, attr{name, text[named:]}) // good even if scratch moves later
	return nil
}

// readValue appends a quoted value to text; it may have up to maxAttr bytes from start on.
func (l *lexer) readValue(text []byte, start int) ([]byte, error) {
	quote := l.buf[l.pos]
	if quote != '"' && quote != '\'' {
		return nil, l.malformed("an attribute has no quotes")
	}
	l.pos++
	for {
		part := l.buf[l.pos:l.valid]
		n := 0
		for n < len(part) && part[n] != quote && part[n] != '&' && part[n] != '<' {
			n++
		}
		text = l.addValue(text, part[:n], start)
		l.pos += n
		if l.pos == l.valid {
			if !l.more() {
				return nil, l.ended()
			}
			continue
		}
		switch l.buf[l.pos] {
		case quote:
			l.pos++
			return text, nil
		case '<':
			return nil, l.malformed("an attribute has a <")
		}
		var meaning [8]byte
		m, err := l.reference(meaning[:0])
		if err != nil {
			return nil, err
		}
		text = l.addValue(text, m, start)
	}
}

func (l *lexer) addValue(text, part []byte, start int) []byte {
	if len(text)-start+len(part) > maxAttr {
		l.over = "An attribute is longer than 4 KiB."
		return text
	}
	return append(text, part...)
}

// attr is an attribute of the start tag that was read last, nil if it has none of that name.
func (l *lexer) attr(name string) []byte {
	for _, a := range l.attrs {
		if string(a.name) == name {
			return bytes.TrimSpace(a.value)
		}
	}
	return nil
}

func (l *lexer) push() error {
	if len(l.stack)+len(l.name) > maxOpen {
		return refusal(l.startLine, RefusedTooLarge, "Elements stand too deep within one another.")
	}
	if len(l.starts) == maxDepth {
		l.over = "Elements stand more than 64 deep within one another."
	}
	l.rooted = true
	l.starts = append(l.starts, len(l.stack))
	l.stack = append(l.stack, l.name...)
	return nil
}

func (l *lexer) pop() {
	last := len(l.starts) - 1
	l.stack, l.starts = l.stack[:l.starts[last]], l.starts[:last]
}

// readEnd reads an end tag, from its "<".
func (l *lexer) readEnd() error {
	l.pos += len("</")
	var err error
	if l.name, err = l.readName(l.name[:0]); err != nil {
		return err
	}
	switch {
	case len(l.starts) == 0 && l.rooted:
		return l.trailing()
	case len(l.starts) == 0:
		return l.malformed("an end tag stands before the root element")
	}
	if !l.skipBlanks() {
		return l.ended()
	}
	if open := l.stack[l.starts[len(l.starts)-1]:]; !bytes.Equal(open, l.name) {
		return l.malformed("</" + string(l.name) + "> stands where </" + string(open) + "> is expected")
	}
	l.pop()
	return l.expect(">")
}
