package listings

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
)

// source is a document as UTF-8, in pieces: buf[pos:valid] is text that is known to be valid and not yet read,
// buf[valid:end] the beginning of a character.
type source struct {
	in              io.Reader
	decoded         bool // in comes from a decoder, which writes U+FFFD for what is invalid
	buf             []byte
	pos, valid, end int
	counted         int   // where lines are counted up to
	lines           int64 // and how many they are
	err             error // what ends the text after buf[:valid]
}

const (
	bufferSize = 64 << 10
	headSize   = 1 << 10 // in which the declaration is looked for
)

var (
	errInvalidByte = errors.New("invalid byte")
	errControl     = errors.New("control character")
	errNoCharacter = errors.New("no character")
)

// open looks at the document's first bytes for how it is encoded: by its byte order mark; by its first character, should
// that be one of UTF-16; by its XML declaration if asked; as UTF-8.
func open(r io.Reader, o Options, declared bool) (*source, error) {
	in := bufio.NewReaderSize(r, 4*headSize)
	head, err := in.Peek(headSize)
	if err != nil && err != io.EOF {
		return nil, err
	}
	s := &source{in: in, buf: make([]byte, bufferSize), lines: 1}
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, err = in.Discard(3)
		return s, err
	case o.Unicode:
		return s, nil
	case bytes.HasPrefix(head, []byte("\x1f\x8b")), bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return nil, refusal(1, RefusedCompressed, "This is a compressed file inside what was unpacked already.")
	case bytes.HasPrefix(head, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(head, []byte("\x00\x00\xfe\xff")):
		return nil, unknownEncoding("UTF-32")
	}
	enc, err := encodingOf(head, declared)
	if enc != nil {
		s.in, s.decoded = enc.NewDecoder().Reader(in), true
	}
	return s, err
}

// encodingOf is the encoding that the first bytes tell, nil for UTF-8.
func encodingOf(head []byte, declared bool) (encoding.Encoding, error) {
	switch {
	case bytes.HasPrefix(head, []byte("\xfe\xff")), bytes.HasPrefix(head, []byte("\xff\xfe")):
		return unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM), nil
	case len(head) > 1 && head[0] == 0 && head[1] != 0:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), nil
	case len(head) > 1 && head[0] != 0 && head[1] == 0:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), nil
	case !declared:
		return nil, nil
	}
	return named(declaredEncoding(head))
}

var encodingPattern = regexp.MustCompile(`^<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._:-]+)["']`)

func declaredEncoding(head []byte) string {
	if m := encodingPattern.FindSubmatch(head); m != nil {
		return strings.ToLower(string(m[1]))
	}
	return "utf-8"
}

// named is an encoding by its name, with the meaning that browsers give it: ISO-8859-1 is windows-1252. Text that names
// UTF-16 in letters of one byte was converted since.
func named(name string) (encoding.Encoding, error) {
	if name == "utf8" || strings.HasPrefix(name, "utf-8") || strings.HasPrefix(name, "utf-16") || strings.HasPrefix(name, "utf16") {
		return nil, nil
	}
	enc, err := htmlindex.Get(name)
	if err != nil {
		enc, err = ianaindex.IANA.Encoding(name)
	}
	if err != nil || enc == nil || enc == encoding.Replacement {
		return nil, unknownEncoding(name)
	}
	return enc, nil
}

func unknownEncoding(name string) error {
	return refusal(1, RefusedUnknownEncoding, "The document is encoded in %s, which is not understood: send it as UTF-8.", quote(name))
}

// more reads on and reports whether there is more text. What is in the buffer may move.
func (s *source) more() bool {
	if s.err != nil {
		return false
	}
	s.line()
	copy(s.buf, s.buf[s.pos:s.end])
	s.valid, s.end = s.valid-s.pos, s.end-s.pos
	s.pos, s.counted = 0, 0
	for before, tries := s.valid, 0; s.valid == before && s.err == nil; tries++ {
		n, err := s.in.Read(s.buf[s.end:])
		s.end += n
		if err == nil && n == 0 && tries == 100 {
			err = io.ErrNoProgress
		}
		s.check(err)
		if s.valid > before {
			return true
		}
	}
	return false
}

// check moves valid as far as the text is; err is what ended reading.
func (s *source) check(err error) {
	s.err = err
	text := s.buf[s.valid:s.end]
	if err != io.EOF {
		text = text[:len(text)-incomplete(text)]
	}
	good, bad := s.prefix(text)
	s.valid += good
	if bad != nil {
		s.err = bad
	}
}

// incomplete is the length of a character at the end of the text that goes on after it.
func incomplete(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if tail := text[len(text)-n:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}

// prefix is the length of the text before the first thing that must not be in it, and what that is.
func (s *source) prefix(text []byte) (int, error) {
	good, err := len(text), error(nil)
	if !utf8.Valid(text) {
		good, err = firstInvalid(text), errInvalidByte
	}
	for i, c := range text[:good] {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			good, err = i, errControl
			break
		}
	}
	for i := 0; ; i += 3 {
		n := bytes.Index(text[i:good], []byte("\xef\xbf"))
		if n < 0 {
			return good, err
		}
		switch i += n; {
		case text[i+2] >= 0xbe: // U+FFFE, U+FFFF
			return i, errNoCharacter
		case text[i+2] == 0xbd && s.decoded:
			return i, errInvalidByte
		}
	}
}

func firstInvalid(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(text)
}

// peek is the next n bytes, or fewer where the text ends. They are good until the next call.
func (s *source) peek(n int) []byte {
	for s.valid-s.pos < n && s.more() {
	}
	return s.buf[s.pos:min(s.pos+n, s.valid)]
}

// line is the line of what is read next, from 1.
func (s *source) line() int64 {
	s.lines += int64(bytes.Count(s.buf[s.counted:s.pos], []byte("\n")))
	s.counted = s.pos
	return s.lines
}

// ended is what the end of the text means to one who wants more: a Refusal, or the reader's error as it is.
func (s *source) ended() error {
	switch s.err {
	case io.EOF:
		return refusal(s.line(), RefusedTruncated, "The document ends in the middle: it was cut off.")
	case errInvalidByte:
		return refusal(s.line(), RefusedInvalidEncoding, "This line has a byte that is invalid in the document's encoding.")
	case errNoCharacter:
		return refusal(s.line(), RefusedMalformed, "This line has U+FFFE or U+FFFF, which are no characters.")
	case errControl:
		return refusal(s.line(), RefusedMalformed, "This line has a control character.")
	}
	return s.err
}

// skipBlanks goes to the next character that is none, and reports whether there is one.
func (s *source) skipBlanks() bool {
	for {
		for s.pos < s.valid {
			if !blank(s.buf[s.pos]) {
				return true
			}
			s.pos++
		}
		if !s.more() {
			return false
		}
	}
}

// skipPast goes behind the next place where the text has the pattern.
func (s *source) skipPast(pattern string) error {
	for {
		if i := bytes.Index(s.buf[s.pos:s.valid], []byte(pattern)); i >= 0 {
			s.pos += i + len(pattern)
			return nil
		}
		s.pos = max(s.pos, s.valid-len(pattern)+1)
		if !s.more() {
			s.pos = s.valid
			return s.ended()
		}
	}
}

func blank(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }
