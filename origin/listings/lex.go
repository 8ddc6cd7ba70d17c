package listings

import (
	"bytes"
	"io"
)

// What a document may have. Beyond it lies no listing, but somebody who wants our memory.
const (
	maxName      = 256      // bytes of a name
	maxOpen      = 16 << 10 // bytes of the names of all open elements
	maxDepth     = 64       // elements within one another
	maxAttrs     = 64       // of one element
	maxAttr      = 4 << 10  // bytes of an attribute
	maxText      = 64 << 10 // bytes of the text of one element
	maxReference = 40       // bytes of an entity's name; HTML's longest has 31
	maxDoctype   = 1 << 20  // bytes of a document type declaration
)

// lexer splits XML into tags and texts, and refuses what is not well-formed. It is here because encoding/xml holds a whole
// text or attribute, however large, and can't go on after an error.
type lexer struct {
	*source
	name      []byte // of the tag that was read last
	attrs     []attr // of the start tag that was read last
	startLine int64  // where it begins
	text      []byte // what was read while keep was set
	keep      bool
	over      string // which limit was exceeded since this was last emptied

	stack    []byte // names of the open elements
	starts   []int  // where each begins in stack
	closing  bool   // the last tag was <name/>: its end comes next
	doctyped bool
	rooted   bool // there was a root element
	scratch  []byte
}

type attr struct{ name, value []byte }

type kind int

const (
	startTag kind = iota
	endTag
	endOfDocument
)

// next reads past the next tag. Comments and processing instructions are read past.
func (l *lexer) next() (kind, error) {
	if l.closing {
		l.closing = false
		l.pop()
		return endTag, nil
	}
	for {
		if more, err := l.chars(); err != nil || !more {
			return endOfDocument, err
		}
		head := l.peek(len("<![CDATA["))
		l.startLine = l.line()
		var err error
		switch {
		case len(head) < 2:
			err = l.ended()
		case head[1] == '/':
			return endTag, l.readEnd()
		case head[1] == '!':
			err = l.declaration(head)
		case head[1] == '?':
			err = l.instruction()
		default:
			return startTag, l.readStart()
		}
		if err != nil {
			return endOfDocument, err
		}
	}
}

// chars reads to the next "<", and reports whether there is one.
func (l *lexer) chars() (bool, error) {
	if len(l.starts) == 0 {
		return l.outside()
	}
	brackets := 0 // how many "]" stand before pos, up to two
	for {
		part := l.buf[l.pos:l.valid]
		if i := bytes.IndexByte(part, '<'); i >= 0 {
			part = part[:i]
		}
		if i := bytes.IndexByte(part, '&'); i >= 0 {
			part = part[:i]
		}
		if closesSection(brackets, part) {
			l.pos += max(0, bytes.Index(part, []byte("]]>")))
			return false, l.malformed("]]> stands outside of a CDATA section")
		}
		if len(part) > 0 {
			brackets = closingBrackets(brackets, part)
			l.add(part)
			l.pos += len(part)
		}
		switch {
		case l.pos == l.valid:
			if !l.more() {
				return false, l.ended()
			}
		case l.buf[l.pos] == '<':
			return true, nil
		default:
			if err := l.textReference(); err != nil {
				return false, err
			}
			brackets = 0
		}
	}
}

// outside is chars where no element is open: only blanks may stand there.
func (l *lexer) outside() (bool, error) {
	switch {
	case !l.skipBlanks():
		if l.err == io.EOF {
			return false, nil
		}
		return false, l.ended()
	case l.buf[l.pos] == '<':
		return true, nil
	case l.rooted:
		return false, l.trailing()
	}
	return false, l.malformed("text stands before the root element")
}

func (l *lexer) trailing() error {
	return refusal(l.line(), RefusedTrailing, "Something follows the end of the root element.")
}

// closesSection reports whether "]]>" is in part, which follows that many "]".
func closesSection(brackets int, part []byte) bool {
	return bytes.Contains(part, []byte("]]>")) || brackets > 0 && bytes.HasPrefix(part, []byte("]>")) ||
		brackets > 1 && bytes.HasPrefix(part, []byte(">"))
}

func closingBrackets(before int, part []byte) int {
	n := len(part) - len(bytes.TrimRight(part, "]"))
	if n == len(part) {
		n += before
	}
	return min(n, 2)
}

// add keeps text, if it is asked for and there is room.
func (l *lexer) add(part []byte) {
	if !l.keep {
		return
	}
	if len(l.text)+len(part) > maxText {
		l.over = "A text is longer than 64 KiB."
		return
	}
	l.text = append(l.text, part...)
}

func (l *lexer) malformed(what string) error {
	return refusal(l.line(), RefusedMalformed, "This line is not well-formed XML: %s.", what)
}
