package listings

import (
	"bytes"
	"html"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
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

func (l *lexer) textReference() error {
	var err error
	l.scratch, err = l.reference(l.scratch[:0])
	l.add(l.scratch)
	return err
}

// reference appends what the reference at "&" means. An "&" that begins none is itself.
func (l *lexer) reference(dst []byte) ([]byte, error) {
	head := l.peek(maxReference + 2)
	end := bytes.IndexByte(head, ';')
	if end < 0 || !isReference(head[1:end]) {
		l.pos++
		return append(dst, '&'), nil
	}
	name := head[1:end]
	if name[0] == '#' {
		r, ok := character(name[1:])
		if !ok {
			return dst, l.malformed("&" + string(name) + "; is no character")
		}
		l.pos += end + 1
		return utf8.AppendRune(dst, r), nil
	}
	meaning, ok := entity(string(name))
	if !ok {
		return dst, refusal(l.line(), RefusedUndefinedEntity, "The entity &%s; is not defined.", name)
	}
	l.pos += end + 1
	return append(dst, meaning...), nil
}

func isReference(name []byte) bool {
	if len(name) > 1 && name[0] == '#' {
		digits, ok := bytes.CutPrefix(name[1:], []byte("x"))
		return len(digits) > 0 && bytes.IndexFunc(digits, func(r rune) bool {
			return !(r >= '0' && r <= '9' || ok && (r >= 'a' && r <= 'f' || r >= 'A' && r <= 'F'))
		}) < 0
	}
	return len(name) > 0 && nameLength(name) == len(name)
}

// character is that of a reference by number.
func character(number []byte) (rune, bool) {
	text, base := string(number), 10
	if text[0] == 'x' {
		text, base = text[1:], 16
	}
	n, err := strconv.ParseUint(text, base, 32)
	r := rune(n)
	return r, err == nil && n <= utf8.MaxRune && utf8.ValidRune(r) && r != 0xfffe && r != 0xffff &&
		(r >= ' ' || r == '\n' || r == '\r' || r == '\t')
}

// entity is the meaning of one of XML's or HTML's.
func entity(name string) (string, bool) {
	switch name {
	case "amp":
		return "&", true
	case "lt":
		return "<", true
	case "gt":
		return ">", true
	case "quot":
		return `"`, true
	case "apos":
		return "'", true
	case "semi":
		return ";", true
	}
	meaning := html.UnescapeString("&" + name + ";")
	return meaning, !strings.HasSuffix(meaning, ";") // else only a part of the name was understood, or nothing
}

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

// instruction reads past a processing instruction. The declaration is one, where the document begins.
func (l *lexer) instruction() error {
	l.pos += len("<?")
	target, err := l.readName(l.scratch[:0])
	if err != nil {
		return err
	}
	if strings.EqualFold(string(target), "xml") {
		return l.malformed("the XML declaration doesn't stand at the very beginning of the document")
	}
	return l.skipPast("?>")
}

// declaration reads past what begins with "<!".
func (l *lexer) declaration(head []byte) error {
	switch {
	case bytes.HasPrefix(head, []byte("<!--")):
		return l.comment()
	case string(head) == "<![CDATA[" && len(l.starts) > 0:
		return l.section()
	case strings.EqualFold(string(head), "<!DOCTYPE") && !l.rooted && !l.doctyped:
		return l.doctype()
	case len(head) < len("<!DOCTYPE"):
		return l.ended()
	}
	return l.malformed("<! begins no comment, section or declaration that may stand here")
}

func (l *lexer) comment() error {
	l.pos += len("<!--")
	if err := l.skipPast("--"); err != nil {
		return err
	}
	switch head := l.peek(1); {
	case len(head) == 0:
		return l.ended()
	case head[0] != '>':
		return l.malformed("a comment has -- in it")
	}
	l.pos++
	return nil
}

// section adds the text of a CDATA section.
func (l *lexer) section() error {
	l.pos += len("<![CDATA[")
	for {
		part := l.buf[l.pos:l.valid]
		if i := bytes.Index(part, []byte("]]>")); i >= 0 {
			l.add(part[:i])
			l.pos += i + len("]]>")
			return nil
		}
		n := max(0, len(part)-2)
		l.add(part[:n])
		l.pos += n
		if !l.more() {
			return l.ended()
		}
	}
}

// doctype reads past a document type declaration. What it names is never fetched, and it must not declare entities.
func (l *lexer) doctype() error {
	l.doctyped = true
	l.pos += len("<!DOCTYPE")
	if !l.skipBlanks() {
		return l.ended()
	}
	name, err := l.readName(l.scratch[:0])
	if err != nil {
		return err
	}
	if strings.EqualFold(string(name), "html") {
		return l.html()
	}
	inside := false
	for read := 0; read < maxDoctype; read++ {
		head := l.peek(4)
		if len(head) == 0 {
			return l.ended()
		}
		l.pos++
		switch c := head[0]; {
		case c == '>' && !inside:
			return nil
		case c == '[':
			inside = true
		case c == ']':
			inside = false
		case c == '"' || c == '\'':
			err = l.skipPast(string(c))
		case string(head) == "<!--":
			err = l.skipComment()
		case c == '<' && len(head) > 1 && head[1] == '?':
			err = l.skipPast("?>")
		case inside && (c == '%' || l.declaresEntity(c)):
			return refusal(l.line(), RefusedEntities, "The document declares entities, which listings don't need.")
		}
		if err != nil {
			return err
		}
	}
	return refusal(l.line(), RefusedTooLarge, "The document type declaration is longer than 1 MiB.")
}

func (l *lexer) skipComment() error {
	l.pos--
	return l.comment()
}

func (l *lexer) declaresEntity(c byte) bool {
	return c == '<' && string(l.peek(len("!ENTITY"))) == "!ENTITY"
}

func (l *lexer) html() error {
	return refusal(l.line(), RefusedHTML, "This looks like an HTML page, not like listings.")
}

func (l *lexer) malformed(what string) error {
	return refusal(l.line(), RefusedMalformed, "This line is not well-formed XML: %s.", what)
}
