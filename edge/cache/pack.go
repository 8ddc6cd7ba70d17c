package cache

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"
	"unsafe"

	"github.com/cespare/xxhash/v2"

	"encora/edge/feed"
)

const etagName = "ETag: "

// Draft is an answer before it is packed.
type Draft struct {
	Key         Key
	World       *feed.State // nil: a world that the edge doesn't know; such an answer is never fresh
	Pos         uint64
	Until       int64 // Unix nanoseconds, or Never
	Filled      time.Time
	Tags        []string
	Status      int
	ContentType string
	Headers     string // further header lines, each ended with CR LF
	Body        []byte
	// Part says that the body is no answer in itself but lies here to be read: in one piece, without codings.
	Part bool
}

// Limits of the packed form.
const (
	maxTags = math.MaxUint16
	maxKey  = math.MaxUint16
	maxBody = math.MaxInt32 / int(encodings)
)

// Fits reports whether the draft can be packed at all; what can't is no sensible answer.
func (d *Draft) Fits() bool {
	return len(d.Tags) <= maxTags && len(d.Key.bytes) <= maxKey && len(d.Body) <= maxBody && len(d.Headers)+len(d.ContentType) < 32<<10
}

// Pack compresses, hashes and lays out the answer, so that sending it is copying it.
func (d *Draft) Pack() *Answer {
	a := &Answer{pos: d.Pos, filled: uint32(d.Filled.Unix()), keyLen: uint16(len(d.Key.bytes))}
	if d.Until != Never {
		a.timing = &timing{until: d.Until}
	}
	buf := make([]byte, 0, tagSize*len(d.Tags)+len(d.Key.bytes)+2*len(d.Body)+4*(len(d.Headers)+256))
	if d.World != nil {
		a.world, a.tags = d.World.ID, uint16(len(d.Tags))
		buf = d.appendTags(buf)
	}
	buf = append(buf, d.Key.bytes...)
	hash := xxhash.Sum64(d.Body)
	var whole []span // what must not be cut
	whole = append(whole, span{0, len(buf)})
	variants := [encodings][]byte{Identity: d.Body}
	if !d.Part {
		variants = encode(d.Body)
	}
	for e, body := range variants {
		if e := Encoding(e); e == Identity || body != nil {
			start := len(buf)
			buf = d.appendBlock(buf, e, hash, len(body))
			a.blocks[e] = uint16(len(buf) - start)
			whole = append(whole, span{start, len(buf)})
			if d.Part {
				whole = append(whole, span{len(buf), len(buf) + len(body)})
			}
			buf = append(buf, body...)
			if e != Identity {
				a.bodies[e] = uint32(len(body))
			}
		}
	}
	a.head, a.tail = split(buf, whole)
	return a
}

// span is a part of a packed answer.
type span struct{ from, to int }

func (d *Draft) appendTags(b []byte) []byte {
	for _, tag := range d.Tags {
		slot := d.World.Slot(tag)
		b = append(b, byte(slot), byte(slot>>8), byte(slot>>16))
	}
	return b
}

// appendBlock writes status line and headers. The ETag depends on the data alone, so all edges give the same.
func (d *Draft) appendBlock(b []byte, e Encoding, hash uint64, length int) []byte {
	b = fmt.Appendf(b, "HTTP/1.1 %d %s\r\n%s\"%016x%s\"\r\n", d.Status, http.StatusText(d.Status), etagName, hash, suffixes[e])
	if d.ContentType != "" {
		b = fmt.Appendf(b, "Content-Type: %s\r\n", d.ContentType)
	}
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, int64(length), 10)
	b = append(b, "\r\n"...)
	if e != Identity {
		b = fmt.Appendf(b, "Content-Encoding: %s\r\n", tokens[e])
	}
	return append(b, d.Headers...)
}

const page = 8 << 10 // what the allocator rounds large sizes to

// classes are the sizes that the allocator rounds smaller ones to.
var classes = sizeClasses()

// sizeClasses asks the allocator: append rounds a new slice's capacity up to what it would waste otherwise.
func sizeClasses() []int {
	var all []int
	for n := 1; n <= 4*page; {
		c := cap(append([]byte(nil), make([]byte, n)...))
		all = append(all, c)
		n = c + 1
	}
	return all
}

// rounded is what the allocator spends on n bytes.
func rounded(n int) int {
	if n > 4*page {
		return (n + page - 1) / page * page
	}
	i, _ := slices.BinarySearch(classes, n)
	return classes[i]
}

// split copies buf into one or two strings, whichever wastes less, without cutting what must stay whole. A quarter of a
// kilobyte, which one allocation wastes on average for a few kilobytes, would be as much as everything else that an entry
// costs.
func split(buf []byte, whole []span) (string, string) {
	n := len(buf)
	if n == 0 {
		return "", ""
	}
	cut, least := n, rounded(n)-n
	try := func(c int) {
		within := func(s span) bool { return s.from < c && c < s.to }
		if c < n && rounded(n-c)-(n-c) < least && !slices.ContainsFunc(whole, within) {
			cut, least = c, rounded(n-c)-(n-c)
		}
	}
	for _, c := range classes {
		try(c)
	}
	for c := 5 * page; c < n; c += page {
		try(c)
	}
	return freeze(buf[:cut]), freeze(buf[cut:])
}

// freeze copies b into a string: a header of 16 bytes instead of a slice's 24.
func freeze(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	c := make([]byte, len(b))
	copy(c, b)
	return unsafe.String(&c[0], len(c))
}
