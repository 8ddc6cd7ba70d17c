package listings

import (
	"bytes"
	"html"
	"strconv"
	"strings"
	"unicode/utf8"
)

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
