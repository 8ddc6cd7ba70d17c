package epg

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A document that is fetched may grow by decompression to this many times its size, beyond the first MiB. Real feeds reach 50; gzip itself
// about a thousand.
const (
	maxRatio   = 200
	ratioGrace = 1 << 20
)

type readerFunc func([]byte) (int, error)

// Read implements io.Reader.
func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// opened is a reader with what ends it.
type opened struct {
	io.Reader
	end func() error
}

// Close implements io.Closer.
func (o *opened) Close() error { return o.end() }

// decompress undoes the encoding that the body came in, and then that of the document itself: feeds are .xml.gz as often as
// they are sent as such. It may grow by that ratio; 0 is any. Errors other than those of raw are badSource.
func (s *Imports) decompress(raw io.Reader, encoding string, ratio int64) io.Reader {
	in := &counted{Reader: raw, most: s.maxBytes()}
	inflate := func(r io.Reader) io.Reader { return s.inflate(in, r, ratio) }
	var out io.Reader = in
	if strings.HasSuffix(strings.ToLower(encoding), "gzip") {
		out = inflate(out)
	}
	return &unpacked{source: bufio.NewReaderSize(out, 64<<10), inflate: inflate}
}

// counted counts what is read, up to a bound.
type counted struct {
	io.Reader
	n, most int64
}

// Read implements io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if c.n += int64(n); c.n > c.most {
		return 0, bad("source_too_large", fmt.Sprintf("The feed is larger than the %d bytes that the setting EPG_MAX_BYTES allows.", c.most))
	}
	return n, err
}

// inflate undoes gzip once. The ratio counts from what came over the wire, so that gzip within gzip gains nothing.
func (s *Imports) inflate(wire *counted, from io.Reader, ratio int64) io.Reader {
	var z *gzip.Reader
	grown := &counted{most: s.maxBytes()}
	grown.Reader = readerFunc(func(p []byte) (int, error) {
		if z == nil {
			var err error
			if z, err = gzip.NewReader(from); err != nil {
				return 0, gzipFault(err)
			}
		}
		n, err := z.Read(p)
		if ratio > 0 && grown.n+int64(n) > ratioGrace+ratio*wire.n {
			return 0, bad("source_ratio", fmt.Sprintf("The feed grows to more than %d times its size when it is decompressed.", ratio))
		}
		return n, gzipFault(err)
	})
	return grown
}

func gzipFault(err error) error {
	var known *badSource
	switch {
	case err == nil || err == io.EOF || errors.As(err, &known) || errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return bad("source_truncated", "The feed's gzip data ends too early.")
	}
	return bad("source_gzip", "The feed's gzip data is damaged: "+err.Error()+".")
}

// unpacked looks at the first bytes before it gives any.
type unpacked struct {
	source  *bufio.Reader
	inflate func(io.Reader) io.Reader
	out     io.Reader
}

// Read implements io.Reader.
func (u *unpacked) Read(p []byte) (int, error) {
	if u.out == nil {
		magic, err := u.source.Peek(2)
		if err != nil && err != io.EOF {
			return 0, err
		}
		u.out = u.source
		if bytes.Equal(magic, []byte{0x1f, 0x8b}) {
			u.out = u.inflate(u.source)
		}
	}
	return u.out.Read(p)
}
