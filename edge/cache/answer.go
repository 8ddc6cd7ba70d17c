// Package cache holds answers, ready to send, and says whether they may still be served. Ristretto is hidden here: it
// only keeps bytes within a bound, drops and delays what it likes, and nothing about correctness depends on it.
package cache

import (
	"math"
	"strings"
	"sync/atomic"
	"time"

	"encora/edge/feed"
)

// Encoding is a content coding that an answer can be stored in (RFC 9110, 8.4.1).
type Encoding uint8

// The codings, from the best liked to the least.
const (
	Brotli Encoding = iota
	Zstd
	Gzip
	Identity
	encodings
)

// Tokens of the codings in Accept-Encoding and Content-Encoding, and the suffixes that tell their ETags apart.
var (
	tokens   = [encodings]string{Brotli: "br", Zstd: "zstd", Gzip: "gzip", Identity: "identity"}
	suffixes = [encodings]string{Brotli: "-br", Zstd: "-zst", Gzip: "-gz"}
)

// Verdict says whether an answer may be served.
type Verdict uint8

const (
	// Fresh answers say what the origin would say, as far as the edge knows.
	Fresh Verdict = iota
	// Stale answers were edited or added to since. They may be served, marked, while the origin can't be asked.
	Stale
	// Gone answers are never served: something was taken away, their instant has passed, or they are of another world.
	Gone
)

// Never is the Until of an answer that the clock alone doesn't change.
const Never = math.MaxInt64

// Answer is what the origin said once, packed to send. Its layout spends as few bytes as it can on anything but bodies:
// the tags, the key and then header block and body of each variant lie one after another in head, and what exceeds it in
// tail, cut where the allocator's size classes waste least. What a hit reads lies together, since most of a hit's memory is cold.
type Answer struct {
	pos    uint64  // feed position of the snapshot
	timing *timing // nil: the clock alone never changes the answer
	head   string  // tags (tagSize bytes each, little endian), key, variants
	tail   string
	bodies [Identity]uint32 // lengths of the coded bodies; 0: not stored. Identity has the rest.
	filled uint32           // Unix seconds at which the snapshot was taken
	world  uint32
	blocks [encodings]uint16
	keyLen uint16
	tags   uint16
}

// timing is what an answer has that the clock will change.
type timing struct {
	until int64 // Unix nanoseconds
	next  atomic.Pointer[Answer]
}

// Status is the HTTP status, which the block tells: "HTTP/1.1 200 OK".
func (a *Answer) Status() int {
	digits := a.Block(Identity)[len("HTTP/1.1 "):]
	return int(digits[0]-'0')*100 + int(digits[1]-'0')*10 + int(digits[2]-'0')
}

// Pos is the feed position of the snapshot that answered.
func (a *Answer) Pos() uint64 { return a.pos }

// World is the ID of the feed's world that the position counts in; 0: none that the edge knows.
func (a *Answer) World() uint32 { return a.world }

// Until is the instant in Unix nanoseconds at which the clock alone changes the answer, or Never.
func (a *Answer) Until() int64 {
	if a.timing == nil {
		return Never
	}
	return a.timing.until
}

// Filled is when the snapshot was taken, to the second.
func (a *Answer) Filled() time.Time { return time.Unix(int64(a.filled), 0) }

// Next is the answer that follows at Until, nil if there is none yet.
func (a *Answer) Next() *Answer {
	if a.timing == nil {
		return nil
	}
	return a.timing.next.Load()
}

// Key is the full key.
func (a *Answer) Key() string { return a.head[tagSize*int(a.tags):][:a.keyLen] }

// tagSize is enough for the slots of feed.MaxSlots.
const tagSize = 3

func (a *Answer) tag(i int) uint32 {
	b := a.head[tagSize*i : tagSize*i+tagSize]
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16
}

// Check judges the answer in the current world at an instant in Unix nanoseconds of the corrected clock.
func (a *Answer) Check(st *feed.State, now int64) Verdict {
	if a.world != st.ID || a.timing != nil && now >= a.timing.until {
		return Gone
	}
	for i := range int(a.tags) {
		if st.Changed(a.tag(i)) > a.pos {
			return a.softly(st)
		}
	}
	return Fresh
}

// Tag is the slot of the answer's tag; false unless it has exactly one, and no instant of its own.
func (a *Answer) Tag() (uint32, bool) {
	if a.tags != 1 || a.timing != nil {
		return 0, false
	}
	return a.tag(0), true
}

func (a *Answer) softly(st *feed.State) Verdict {
	for i := range int(a.tags) {
		if st.Removed(a.tag(i)) > a.pos {
			return Gone
		}
	}
	return Stale
}

// Has reports whether the variant is stored; Identity always is.
func (a *Answer) Has(e Encoding) bool { return e == Identity || a.bodies[e] > 0 }

// at is where the variant begins, in head and tail together: its block, then its body.
func (a *Answer) at(e Encoding) int {
	off := tagSize*int(a.tags) + int(a.keyLen)
	for i := range e {
		off += int(a.blocks[i]) + int(a.bodies[i])
	}
	return off
}

// span returns n bytes from an offset, in the parts that lie in head and tail.
func (a *Answer) span(from, to int) (string, string) {
	n := len(a.head)
	switch {
	case to <= n:
		return a.head[from:to], ""
	case from >= n:
		return a.tail[from-n : to-n], ""
	}
	return a.head[from:], a.tail[:to-n]
}

// Block is the variant's part of the answer's head: status line and headers, each line ended, without the empty line.
func (a *Answer) Block(e Encoding) string {
	from := a.at(e)
	block, _ := a.span(from, from+int(a.blocks[e])) // Pack never cuts a block
	return block
}

// Body is the variant's body in two parts, the second of which is mostly empty.
func (a *Answer) Body(e Encoding) (string, string) {
	from := a.at(e) + int(a.blocks[e])
	return a.span(from, from+a.bodyLen(e))
}

// bodyLen is the length of the variant's body. Identity comes last.
func (a *Answer) bodyLen(e Encoding) int {
	if e == Identity {
		return len(a.head) + len(a.tail) - a.at(e) - int(a.blocks[e])
	}
	return int(a.bodies[e])
}

// touch reads a byte of every cache line that sending the variant will read, and returns something of them so that this is
// not optimised away. These loads don't wait for one another, nor for the key's; those of a copy that comes later would.
func (a *Answer) touch(e Encoding) byte {
	const line = 64
	from := a.at(e)
	one, two := a.span(from, from+int(a.blocks[e])+a.bodyLen(e))
	sum := byte(0)
	for i := 0; i < min(len(one), touched); i += line {
		sum |= one[i]
	}
	for i := 0; i < min(len(two), touched); i += line {
		sum |= two[i]
	}
	return sum
}

// touched is how many bytes are worth it: about as much as the processor can have under way.
const touched = 2 << 10

// IdentityBody is a copy of the body without a coding.
func (a *Answer) IdentityBody() []byte {
	one, two := a.Body(Identity)
	return append(append(make([]byte, 0, len(one)+len(two)), one...), two...)
}

// ETag is the variant's entity tag, quoted. It is in the block, right after the status line.
func (a *Answer) ETag(e Encoding) string {
	block := a.Block(e)
	block = block[strings.IndexByte(block, '\n')+1+len(etagName):]
	return block[:strings.IndexByte(block, '\r')]
}
