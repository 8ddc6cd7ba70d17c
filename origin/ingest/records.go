package ingest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

// maxRecord is how long one record may be, in bytes; a longer one is refused without being held.
const maxRecord = 1 << 20

// raw is one record as it stands in the file.
type raw struct {
	line int    // the line on which it starts, from 1
	text []byte // valid until the next record; nil when it is longer than maxRecord
}

// scanner cuts a stream into records and counts its lines.
type scanner struct {
	r    *bufio.Reader
	line int // of the next byte
	buf  []byte
}

// newScanner reads the text of a file, whatever it is wrapped in.
func newScanner(r io.Reader) (*scanner, error) {
	text, err := plain(r)
	if err != nil {
		return nil, err
	}
	return &scanner{r: text, line: 1}, nil
}

// plain undoes gzip, told by its magic number (RFC 1952), and steps over a byte order mark.
func plain(r io.Reader) (*bufio.Reader, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	if magic, _ := b.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		b = bufio.NewReaderSize(z, 64<<10)
	}
	if bom, _ := b.Peek(3); string(bom) == "\xef\xbb\xbf" {
		_, _ = b.Discard(3) // they are in the buffer
	}
	return b, nil
}

// records yields the elements of a JSON array, or else the lines of JSON lines, told by the first character. An error
// ends it: a file that is neither, that can't be read on, or an array that is no JSON.
func (s *scanner) records() iter.Seq2[raw, error] {
	return func(yield func(raw, error) bool) {
		next := s.nextLine
		switch c, err := s.peekSolid(); {
		case err != nil:
			yield(raw{}, s.fail("nothing to read", err))
			return
		case c == '[':
			_, _ = s.r.Discard(1)
			next = s.elements()
		case c != '{':
			yield(raw{}, fmt.Errorf("line %d: neither JSON lines nor a JSON array", s.line))
			return
		}
		for {
			rec, err := next()
			if err == io.EOF || !yield(rec, err) || err != nil {
				return
			}
		}
	}
}

// nextLine reads the next line that is not blank.
func (s *scanner) nextLine() (raw, error) {
	for {
		rec := raw{line: s.line}
		size, err := s.readLine()
		if err != nil && (err != io.EOF || size == 0) {
			return raw{}, err
		}
		s.line++
		if size > maxRecord {
			return rec, nil
		}
		if rec.text = bytes.TrimSpace(s.buf); len(rec.text) > 0 {
			return rec, nil
		}
	}
}

// readLine reads a line into buf, or only measures it when it is too long. At the end of the file it is io.EOF.
func (s *scanner) readLine() (int, error) {
	s.buf = s.buf[:0]
	size := 0
	for {
		part, err := s.r.ReadSlice('\n')
		if size += len(part); size <= maxRecord {
			s.buf = append(s.buf, part...)
		}
		switch err {
		case bufio.ErrBufferFull:
		case nil, io.EOF:
			return size, err
		default:
			return 0, s.fail("", err)
		}
	}
}

// elements reads what follows the '[' of an array, an element at a call.
func (s *scanner) elements() func() (raw, error) {
	first, closed := true, false
	return func() (raw, error) {
		if closed {
			return raw{}, s.end()
		}
		c, err := s.peekSolid()
		if err != nil {
			return raw{}, s.fail("array is not closed", err)
		}
		if c == ']' && first {
			_, _ = s.r.Discard(1)
			return raw{}, s.end()
		}
		first = false
		rec, last, err := s.element()
		closed = last == ']'
		return rec, err
	}
}

// element reads up to the ',' or ']' that ends it, which it returns.
func (s *scanner) element() (raw, byte, error) {
	rec := raw{line: s.line}
	s.buf = s.buf[:0]
	size, depth, inString, escaped := 0, 0, false, false
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return raw{}, 0, s.fail("array is not closed", err)
		}
		switch {
		case inString:
			if c < ' ' {
				return raw{}, 0, fmt.Errorf("line %d: malformed array: a string that is not closed", s.line)
			}
			inString = escaped || c != '"'
			escaped = c == '\\' && !escaped
		case depth == 0 && (c == ',' || c == ']'):
			return s.finish(rec, size, c)
		case c == '"':
			inString = true
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth < 0 {
				return raw{}, 0, fmt.Errorf("line %d: malformed array: %q closes nothing", s.line, c)
			}
		case c == '\n':
			s.line++
		}
		if size++; size <= maxRecord {
			s.buf = append(s.buf, c)
		}
	}
}

func (s *scanner) finish(rec raw, size int, last byte) (raw, byte, error) {
	if size > maxRecord {
		return rec, last, nil
	}
	rec.text = bytes.TrimSpace(s.buf)
	if len(rec.text) == 0 {
		return raw{}, 0, fmt.Errorf("line %d: malformed array: a value is missing", s.line)
	}
	var whole json.RawMessage
	if err := json.Unmarshal(rec.text, &whole); err != nil {
		return raw{}, 0, fmt.Errorf("line %d: malformed array: %w", rec.line, err)
	}
	return rec, last, nil
}

// end makes sure that nothing follows the array.
func (s *scanner) end() error {
	_, err := s.peekSolid()
	if err == nil {
		return fmt.Errorf("line %d: text after the array", s.line)
	}
	if err != io.EOF {
		return s.fail("", err)
	}
	return io.EOF
}

// peekSolid steps over white space (RFC 8259) and looks at what follows.
func (s *scanner) peekSolid() (byte, error) {
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return 0, err
		}
		switch c {
		case '\n':
			s.line++
		case ' ', '\t', '\r':
		default:
			return c, s.r.UnreadByte()
		}
	}
}

// fail names the line of a read error; atEnd is what an early end of the file means.
func (s *scanner) fail(atEnd string, err error) error {
	if err == io.EOF {
		err = errors.New(atEnd)
	}
	return fmt.Errorf("line %d: %w", s.line, err)
}
