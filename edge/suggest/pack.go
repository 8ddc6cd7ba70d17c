package suggest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"encora/shared/wire"
)

const (
	// ending ends each reading among the texts. It is less than all that a reading holds.
	ending = 0
	// maxPlaces bounds what one title costs, whose text has no spaces.
	maxPlaces = 128
)

// Pack lays out a part of all titles for searching, given the wire.Suggestions of the origin. slot gives the place of a tag
// among the versions of tags.
func Pack(body []byte, slot func(tag string) uint32) ([]byte, error) {
	var in wire.Suggestions
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, fmt.Errorf("suggestions: %w", err)
	}
	b := builder{slot: slot, known: map[string]uint32{}}
	b.set(nil)
	titles := make([]title, len(in.Titles))
	for i := range titles {
		if err := b.read(&titles[i], &in.Titles[i]); err != nil {
			return nil, fmt.Errorf("suggestions: %w", err)
		}
	}
	slices.SortFunc(titles, func(a, b title) int { return a.order.compare(b.order) })
	for i := range titles {
		b.add(&titles[i])
	}
	return b.layOut()
}

// title is a title before it is laid out.
type title struct {
	*wire.Suggestion
	order
	kind     byte
	tag      string
	whole    string // the tag of what it is part of, or its own
	readings []string
}

// builder puts a part together.
type builder struct {
	folder
	slot  func(string) uint32
	sets  [][]string
	known map[string]uint32 // the numbers of sets, by what they hold

	marks, lines, names, texts []byte
	words, heads               entries
}

// entries are those of a table, in the order of titles.
type entries struct {
	at, of []uint32
	starts []uint32 // of each title
}

func (e *entries) begin() { e.starts = append(e.starts, uint32(len(e.at))) }

func (e *entries) add(at int) {
	e.at, e.of = append(e.at, uint32(at)), append(e.of, uint32(len(e.starts)-1))
}

// read takes in what the origin says of a title.
func (b *builder) read(t *title, from *wire.Suggestion) error {
	id, err := uuid.Parse(from.ID)
	kind := slices.Index(kinds[:], from.Type)
	if err != nil || kind < 0 {
		return fmt.Errorf("a title is %q of type %q", from.ID, from.Type)
	}
	t.Suggestion, t.kind, t.tag = from, byte(kind), from.Type+":"+id.String()
	if t.whole = t.tag; from.Parent != "" {
		t.whole = wire.ContentShow + ":" + from.Parent
	}
	t.order = order{weight: from.Weight, id: string(id[:])}
	for _, name := range append([]string{from.Title}, from.Also...) {
		t.readings = appendReadings(t.readings, string(b.append(nil, name)))
	}
	if len(t.readings) > 0 {
		t.first = t.readings[0]
	}
	return nil
}

// appendReadings appends the readings of a folded name: with its joints open, and closed.
func appendReadings(readings []string, folded string) []string {
	for _, instead := range []string{" ", ""} {
		if r := strings.ReplaceAll(folded, string(joint), instead); r != "" && !slices.Contains(readings, r) {
			readings = append(readings, r)
		}
	}
	return readings
}

// add lays out a title.
func (b *builder) add(t *title) {
	mark := b.set(t.Not)
	if t.Until != 0 {
		mark |= ends
	}
	b.marks = little.AppendUint32(b.marks, mark)
	b.line(t)
	b.names = appendJSON(b.names, t.Title)
	b.words.begin()
	b.heads.begin()
	if len(t.readings) == 0 {
		b.texts = append(b.texts, ending)
	}
	var known []string
	for _, r := range t.readings {
		b.heads.add(len(b.texts))
		known = b.index(r, known)
		b.texts = append(append(b.texts, r...), ending)
	}
}

// line appends a title's line.
func (b *builder) line(t *title) {
	line := append(b.lines, t.order.id...)
	line = little.AppendUint64(line, uint64(t.Until))
	line = little.AppendUint64(line, uint64(t.Weight))
	for _, n := range []uint32{uint32(len(b.names)), uint32(len(b.texts)), b.slot(t.tag), b.slot(t.whole)} {
		line = little.AppendUint32(line, n)
	}
	b.lines = append(line, t.kind)
}

// index adds what may be looked for of a reading that goes to the end of the texts: its words, and parts of words in scripts
// that have no spaces. known is what the title has by now.
func (b *builder) index(reading string, known []string) []string {
	before := rune(space)
	for at, r := range reading {
		if before == space || begins(before, r) {
			word, _, _ := strings.Cut(reading[at:], string(space))
			if len(known) < maxPlaces && !slices.Contains(known, word) {
				known = append(known, word)
				b.words.add(len(b.texts) + at)
			}
		}
		before = r
	}
	return known
}

// set is the number of a set of ids.
func (b *builder) set(ids []string) uint32 {
	ids = slices.Sorted(slices.Values(ids))
	key := strings.Join(ids, "\x00")
	n, ok := b.known[key]
	if !ok {
		n = uint32(len(b.sets))
		b.known[key], b.sets = n, append(b.sets, ids)
	}
	return n
}

// appendJSON appends a text as JSON has it between quotes.
func appendJSON(b []byte, text string) []byte {
	var quoted bytes.Buffer
	e := json.NewEncoder(&quoted)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string always does
	return append(b, bytes.TrimSuffix(quoted.Bytes(), []byte("\"\n"))[1:]...)
}

// layOut puts everything in one piece, as Read takes it.
func (b *builder) layOut() ([]byte, error) {
	tail, err := json.Marshal(b.sets)
	if err != nil {
		return nil, err
	}
	last := make([]byte, lineSize)
	little.PutUint32(last[atName:], uint32(len(b.names)))
	tables := 16*(len(b.words.at)+len(b.heads.at)) + 2*(len(b.marks)+4)
	out := make([]byte, 0, header+len(b.marks)+len(b.lines)+lineSize+len(b.names)+len(b.texts)+tables+len(tail))
	for _, n := range []int{len(b.marks) / 4, len(b.names), len(b.texts), len(b.words.at), len(b.heads.at)} {
		out = little.AppendUint32(out, uint32(n))
	}
	for _, piece := range [][]byte{b.marks, b.lines, last, b.names, b.texts} {
		out = append(out, piece...)
	}
	out = b.words.append(out, b.texts)
	out = b.heads.append(out, b.texts)
	return append(out, tail...), nil
}

// append lays out a table: sorted by text.
func (e *entries) append(out, texts []byte) []byte {
	e.begin() // of what would come after the last title
	sorted := make([]uint32, len(e.at))
	for i := range sorted {
		sorted[i] = uint32(i)
	}
	slices.SortFunc(sorted, func(a, b uint32) int { return bytes.Compare(texts[e.at[a]:], texts[e.at[b]:]) })
	places := make([]uint32, len(e.at))
	for place, i := range sorted {
		places[i] = uint32(place)
		out = little.AppendUint32(out, keyOf(texts[e.at[i]:]))
	}
	for _, numbers := range [][]uint32{e.at, e.of} {
		for _, i := range sorted {
			out = little.AppendUint32(out, numbers[i])
		}
	}
	for _, n := range append(places, e.starts...) {
		out = little.AppendUint32(out, n)
	}
	return out
}
