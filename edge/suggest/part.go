// Package suggest finds the titles that a viewer may mean while they type. DESIGN.md tells how a part of all titles is laid
// out, and what a search costs.
package suggest

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"encora/shared/wire"
)

// Part is a part of all titles, as Pack laid it out. It is searched where it lies. The titles are numbered in the order in
// which they are shown.
type Part struct {
	count int
	marks string     // of each title, what decides whether it may be shown
	lines string     // the rest of it, and one line more, which says where the last one's name ends
	names string     // as JSON has them
	words table      // what a word of a title's readings begins with
	heads table      // what a reading begins with
	sets  [][]string // of ids of what keeps titles from viewers, each as many titles have it; the first is empty
}

// A title's mark is the number of its set, and whether the clock will end it.
const ends = 1 << 31

// Where the fields of a title's line are.
const (
	atID     = 0
	atUntil  = atID + 16
	atWeight = atUntil + 8
	atName   = atWeight + 8 // where it begins
	atFirst  = atName + 4   // where in texts the reading is that it is ordered by
	atSlot   = atFirst + 4  // of its own tag
	atWhole  = atSlot + 4   // of the tag of what it is part of, or of its own
	atKind   = atWhole + 4
	lineSize = atKind + 1
)

// kinds are the content types, by their numbers.
var kinds = [...]string{wire.ContentMovie, wire.ContentShow, wire.ContentEpisode, wire.ContentChannel}

// header is the number of titles, the lengths of names and texts, and the numbers of entries of both tables.
const header = 5 * 4

// Read finds its way in what Pack returned, which must not change any more.
func Read(packed string) (*Part, error) {
	if len(packed) < header {
		return nil, fmt.Errorf("suggestions: %d bytes are no part", len(packed))
	}
	p := &Part{count: int(half(packed, 0))}
	c := cutter{rest: packed[header:]}
	p.marks, p.lines, p.names = c.cut(4*p.count), c.cut((p.count+1)*lineSize), c.cut(int(half(packed, 4)))
	texts := c.cut(int(half(packed, 8)))
	for i, t := range []*table{&p.words, &p.heads} {
		n := 4 * int(half(packed, 12+4*i))
		*t = table{texts: texts, keys: c.cut(n), at: c.cut(n), of: c.cut(n), places: c.cut(n), starts: c.cut(4 * (p.count + 1))}
	}
	if c.short {
		return nil, fmt.Errorf("suggestions: %d bytes are less than a part", len(packed))
	}
	if err := json.Unmarshal([]byte(c.rest), &p.sets); err != nil {
		return nil, fmt.Errorf("suggestions: %w", err)
	}
	return p, nil
}

// cutter cuts a text up.
type cutter struct {
	rest  string
	short bool // it was asked for more than there was
}

func (c *cutter) cut(n int) string {
	if n < 0 || n > len(c.rest) {
		c.short = true
		return ""
	}
	cut := c.rest[:n]
	c.rest = c.rest[n:]
	return cut
}

func half(s string, at int) uint32 {
	s = s[at : at+4]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

func whole(s string, at int) int64 { return int64(half(s, at)) | int64(half(s, at+4))<<32 }

// Len is the number of titles.
func (p *Part) Len() int { return p.count }

func (p *Part) line(title int) string { return p.lines[title*lineSize : (title+1)*lineSize] }

// field is a number of a title's line.
func (p *Part) field(title, at int) int { return int(half(p.lines, title*lineSize+at)) }

func (p *Part) weight(title int) int64 { return whole(p.lines, title*lineSize+atWeight) }

// first is the reading that a title is ordered by.
func (p *Part) first(title int) string {
	text := p.words.texts[p.field(title, atFirst):]
	return text[:strings.IndexByte(text, ending)]
}

// compare orders titles: the heavier first, then by reading, then by id.
func (p *Part) compare(title int, other *Part, than int) int {
	return order{p.weight(title), p.first(title), p.line(title)[:16]}.compare(order{other.weight(than), other.first(than), other.line(than)[:16]})
}

// order is what decides which title comes first.
type order struct {
	weight    int64
	first, id string
}

func (o order) compare(than order) int {
	return cmp.Or(cmp.Compare(than.weight, o.weight), strings.Compare(o.first, than.first), strings.Compare(o.id, than.id))
}

// append appends those fields of a title that the answer shows.
func (p *Part) append(b []byte, title int, shown Fields) []byte {
	line := p.line(title)
	b = append(b, '{')
	if shown&FieldType != 0 {
		b = append(append(append(b, `"content_type":"`...), kinds[line[atKind]]...), `",`...)
	}
	if shown&FieldID != 0 {
		id := uuid.UUID([]byte(line[:16]))
		text, _ := id.MarshalText()
		b = append(append(append(b, `"id":"`...), text...), `",`...)
	}
	if shown&FieldTitle != 0 {
		b = append(append(append(b, `"title":"`...), p.names[p.field(title, atName):p.field(title+1, atName)]...), `",`...)
	}
	return append(b[:len(b)-1], '}') // in the place of the comma
}

// table is texts of titles, sorted by what they begin with. Numbers take 4 bytes each.
type table struct {
	texts  string
	keys   string // of each entry, the first bytes of its text: most of what is looked for is found by them
	at     string // and where in texts it begins
	of     string // and the title that it is of
	places string // the entries of each title, one title after the other
	starts string // of each title, and of none, where its places begin
}

// span is a range of entries.
type span struct{ from, to int }

func (s span) len() int { return s.to - s.from }

// keySize is how many bytes of a text are in its key, the first of them the most significant.
const keySize = 4

func keyOf[T string | []byte](text T) uint32 {
	key := uint32(0)
	for i := range min(keySize, len(text)) {
		key |= uint32(text[i]) << (8 * (keySize - 1 - i))
	}
	return key
}

// find returns the entries that begin with a prefix.
func (t *table) find(prefix string) span {
	key := keyOf(prefix)
	last := key
	if len(prefix) < keySize {
		last |= 1<<(8*(keySize-len(prefix))) - 1
	}
	s := span{to: len(t.keys) / keySize}
	s.from = t.first(s, key)
	reach := 1 // mostly they are few
	for s.from+reach < s.to && half(t.keys, keySize*(s.from+reach)) <= last {
		reach *= 2
	}
	s.to = t.first(span{s.from, min(s.to, s.from+reach)}, last+1) // no text begins with the highest of bytes
	if len(prefix) > keySize {
		s.from = t.firstOf(s, prefix, false)
		s.to = t.firstOf(s, prefix, true)
	}
	return s
}

// first is the first entry within a span whose key is not below one.
func (t *table) first(within span, key uint32) int {
	for within.from < within.to {
		if mid := int(uint(within.from+within.to) / 2); half(t.keys, keySize*mid) < key {
			within.from = mid + 1
		} else {
			within.to = mid
		}
	}
	return within.from
}

// firstOf is the first entry within a span that does not lie before a prefix, or that lies behind all that begin with it.
func (t *table) firstOf(within span, prefix string, behind bool) int {
	for within.from < within.to {
		mid := int(uint(within.from+within.to) / 2)
		text := t.texts[half(t.at, 4*mid):]
		text = text[:min(len(prefix), len(text))]
		if text < prefix || behind && text == prefix {
			within.from = mid + 1
		} else {
			within.to = mid
		}
	}
	return within.from
}

// has reports whether an entry of the title is in the span.
func (t *table) has(title int, s span) bool {
	places := t.places[4*half(t.starts, 4*title) : 4*half(t.starts, 4*title+4)]
	for ; len(places) > 0; places = places[4:] {
		if place := int(half(places, 0)); s.from <= place && place < s.to {
			return true
		}
	}
	return false
}

var little = binary.LittleEndian
