package listings

import (
	"bytes"
	"strings"
)

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
