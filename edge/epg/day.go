// Package epg composes the guide's answers at the edge: what is on now, and pages of the schedule. They are made for each
// request from parts that are cached once for everybody, a channel's day and the line-up, so that any choice of channels in any order
// is a hit, and turn over by the clock without a question to the origin. DESIGN.md says how.
package epg

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
	"unsafe"

	"github.com/cespare/xxhash/v2"

	"encora/shared/wire"
)

// DaySeconds is the length of a day.
const DaySeconds = 24 * 60 * 60

// DayOf is the day that an instant in Unix seconds is in, counted from 1970-01-01 in UTC.
func DayOf(at int64) int64 {
	day := at / DaySeconds
	if at%DaySeconds < 0 {
		day--
	}
	return day
}

// ID is a UUID's bytes.
type ID [16]byte

// ParseID reads a UUID in its usual form, in letters of either case.
func ParseID[T string | []byte](s T) (ID, bool) {
	var id ID
	if len(s) != textSize || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return id, false
	}
	all := byte(0)
	for i, at := range [len(id)]uint8{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34} {
		high, low := digits[s[at]], digits[s[at+1]]
		all |= high | low
		id[i] = high<<4 | low
	}
	return id, all <= 15
}

// textSize is the length of an id's usual form.
const textSize = 36

// digits are the values of hexadecimal digits; 255 is none.
var digits = func() [256]byte {
	var t [256]byte
	for i := range t {
		t[i] = 255
	}
	for i := range 10 {
		t['0'+i] = byte(i)
	}
	for i := range 6 {
		t['a'+i], t['A'+i] = byte(10+i), byte(10+i)
	}
	return t
}()

// Append writes the usual form.
func (id ID) Append(b []byte) []byte {
	for i, part := range [...][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, part)
	}
	return b
}

// String is the usual form.
func (id ID) String() string { return string(id.Append(nil)) }

// Day is a channel's programmes of a day, laid out to be used where it lies in the cache: a table of a line per programme,
// then the texts.
type Day string

// Where things are in the table's lines. All numbers are little endian.
const (
	atStart  = 0  // Unix seconds
	atEnd    = 8  //
	atLatest = 16 // the latest end of this programme and those before it
	atHash   = 24 // of the texts
	atID     = 32
	atText   = 48 // where its texts begin, after the table
	atBefore = 52 // length of the text before the flags, and in the lowest bit whether catch-up is blocked
	atAfter  = 56 // length of the text after them
	lineSize = 60
	headSize = 4 // how many there are
)

// PackDay lays out a wire.Day.
func PackDay(body []byte) ([]byte, error) {
	var day wire.Day
	if err := json.Unmarshal(body, &day); err != nil {
		return nil, fmt.Errorf("guide: a channel's day: %w", err)
	}
	ids := make([]ID, len(day.Programs))
	for i := range day.Programs {
		var ok bool
		if ids[i], ok = ParseID(day.Programs[i].ID); !ok {
			return nil, fmt.Errorf("guide: a programme's id is %q", day.Programs[i].ID)
		}
	}
	order := make([]int, len(ids))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(day.Programs[a].Start, day.Programs[b].Start), bytes.Compare(ids[a][:], ids[b][:]))
	})
	table := binary.LittleEndian.AppendUint32(nil, uint32(len(order)))
	var texts []byte
	latest := int64(math.MinInt64)
	for _, i := range order {
		p := &day.Programs[i]
		latest = max(latest, p.End)
		table = appendLine(table, p, ids[i], latest, len(texts))
		texts = append(append(texts, p.Before...), p.After...)
	}
	if len(texts) > math.MaxInt32 {
		return nil, errors.New("guide: a channel's day is too large")
	}
	return append(table, texts...), nil
}

func appendLine(b []byte, p *wire.DayProgram, id ID, latest int64, text int) []byte {
	blocked := uint32(0)
	if p.CatchupBlocked {
		blocked = 1
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(p.Start))
	b = binary.LittleEndian.AppendUint64(b, uint64(p.End))
	b = binary.LittleEndian.AppendUint64(b, uint64(latest))
	b = binary.LittleEndian.AppendUint64(b, xxhash.Sum64String(p.Before+p.After))
	b = append(b, id[:]...)
	b = binary.LittleEndian.AppendUint32(b, uint32(text))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(p.Before))<<1|blocked)
	return binary.LittleEndian.AppendUint32(b, uint32(len(p.After)))
}

// Len is the number of programmes.
func (d Day) Len() int { return int(binary.LittleEndian.Uint32(d.bytes())) }

func (d Day) bytes() []byte { return unsafe.Slice(unsafe.StringData(string(d)), len(d)) }

// line is a programme's part of the table.
func (d Day) line(i int) []byte { return d.bytes()[headSize+i*lineSize:][:lineSize] }

func word(line []byte, at int) int64 { return int64(binary.LittleEndian.Uint64(line[at:])) }

func half(line []byte, at int) uint32 { return binary.LittleEndian.Uint32(line[at:]) }

// begun is how many programmes begin at the instant or before it.
func (d Day) begun(at int64) int {
	low, high := 0, d.Len()
	for low < high {
		if mid := int(uint(low+high) >> 1); word(d.line(mid), atStart) <= at {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// OnAir is the programme that is on at an instant, -1 for none: of those whose time it is the one that began last, of
// several of these the one that ends first, then the one with the lowest id.
func (d Day) OnAir(at int64) int {
	best := -1
	for i := d.begun(at) - 1; i >= 0; i-- {
		line := d.line(i)
		if best >= 0 && word(line, atStart) < word(d.line(best), atStart) || word(line, atLatest) <= at {
			break
		}
		if end := word(line, atEnd); end > at && (best < 0 || end <= word(d.line(best), atEnd)) {
			best = i
		}
	}
	return best
}

// after is the first programme that follows one in the order of start and id.
func (d Day) after(start int64, id ID) int {
	for i := d.begun(start - 1); ; i++ {
		if i == d.Len() {
			return i
		}
		line := d.line(i)
		if word(line, atStart) > start || bytes.Compare(line[atID:atID+16], id[:]) > 0 {
			return i
		}
	}
}

// state is what the clock makes of a programme.
type state uint8

const (
	plain     state = iota // to come, or over without catch-up
	live                   // on at this time
	available              // over, and to be seen again until it expires
)

// stateOf computes a programme's state at an instant on a channel with so many days of catch-up, 0 for none.
func stateOf(line []byte, at, days int64) state {
	switch end := word(line, atEnd); {
	case word(line, atStart) > at:
		return plain
	case at < end:
		return live
	case days > 0 && half(line, atBefore)&1 == 0 && at < end+days*DaySeconds:
		return available
	}
	return plain
}

// appendProgram writes a programme as it is at an instant.
func (d Day) appendProgram(b []byte, i int, at, days int64) []byte {
	line := d.line(i)
	text := string(d)[headSize+d.Len()*lineSize+int(half(line, atText)):]
	before := int(half(line, atBefore) >> 1)
	b = append(b, text[:before]...)
	switch stateOf(line, at, days) {
	case live:
		b = append(b, `"is_live":true,"is_catchup_available":false,"catchup_expires_at":null`...)
	case available:
		b = append(b, `"is_live":false,"is_catchup_available":true,"catchup_expires_at":"`...)
		b = time.Unix(word(line, atEnd)+days*DaySeconds, 0).UTC().AppendFormat(b, time.RFC3339)
		b = append(b, '"')
	default:
		b = append(b, `"is_live":false,"is_catchup_available":false,"catchup_expires_at":null`...)
	}
	return append(b, text[before:before+int(half(line, atAfter))]...)
}
