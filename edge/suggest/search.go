package suggest

import (
	"cmp"
	"slices"
	"strings"
	"unsafe"
)

// Source is a part as it may be searched.
type Source struct {
	*Part
	Pos   uint64 // feed position that the part was read at
	Stale bool   // changes after it were not read: what they took away is left out
	Shy   bool   // what is known of the viewer may be of another time: what is kept from anybody is left out
}

// Viewer says what may not be shown.
type Viewer interface {
	// Denies reports whether one of the ids is of what keeps titles from the viewer. The list is never empty.
	Denies(ids []string) bool
	// Removed is the position of the last change of a tag's slot that took something away.
	Removed(slot uint32) uint64
}

// Search is one search after another: it keeps what it works with, so that a search allocates nothing.
type Search struct {
	folder
	ask     Ask
	now     int64 // Unix milliseconds
	sources []Source
	viewer  Viewer

	folded []byte
	query  string   // of folded
	words  []string // of the query, the longest first

	verdicts []verdict // on the sets of each source
	judged   []int     // where those of a source begin
	begun    []span    // of each source, the readings that begin with the query
	spans    []span    // of each cursor, the entries of its words
	list     []uint32  // titles of cursors
	cursors  []cursor
	heap     []int32 // of cursors: the one whose title comes first is on top
	found    []found
}

// verdict is what the viewer says of a set.
type verdict uint8

const (
	unknown verdict = iota
	seen
	denied
)

// found is a title of a source.
type found struct {
	part  *Part
	title int
}

// Find finds the titles that are shown for what was asked: those of which every word asked for begins a word. First come
// those of which a name begins with all that was asked, each in the order of titles. now is in Unix milliseconds.
//
// A word need not be whole, wherever it stands: that is how the catalogue's lists take their q, and who corrects what they
// typed is still typing.
func (s *Search) Find(a Ask, now int64, sources []Source, viewer Viewer) {
	if a.Fields == 0 {
		a.Fields = allFields
	}
	s.ask, s.now, s.sources, s.viewer = a, now, sources, viewer
	s.read(a.Q)
	s.found = s.found[:0]
	if len(s.words) == 0 {
		return
	}
	sets := 0
	s.judged, s.begun = s.judged[:0], s.begun[:0]
	for i := range sources {
		s.judged = append(s.judged, sets)
		s.begun = append(s.begun, sources[i].heads.find(s.query))
		sets += len(sources[i].sets)
	}
	s.verdicts = slices.Grow(s.verdicts[:0], sets)[:sets]
	clear(s.verdicts)
	s.merge(true)
	s.merge(false)
}

// Forget lets go of what was searched.
func (s *Search) Forget() {
	clear(s.found)
	clear(s.cursors)
	s.sources, s.viewer, s.found, s.cursors = nil, nil, s.found[:0], s.cursors[:0]
}

// read folds a query and takes it apart. A word that another one begins with says nothing.
func (s *Search) read(q []byte) {
	s.folded = s.folder.append(s.folded[:0], text(q))
	for i, c := range s.folded {
		if c == joint {
			s.folded[i] = space
		}
	}
	s.query, s.words = text(s.folded), s.words[:0]
	for rest := s.query; rest != ""; {
		var word string
		word, rest, _ = strings.Cut(rest, " ")
		s.words = append(s.words, word)
	}
	slices.SortFunc(s.words, longer)
	kept := s.words[:0]
	for _, word := range s.words {
		if !slices.ContainsFunc(kept, func(k string) bool { return strings.HasPrefix(k, word) }) {
			kept = append(kept, word)
		}
	}
	s.words = kept
}

func longer(a, b string) int { return cmp.Compare(len(b), len(a)) }

// text reads bytes as a string for as long as they stay as they are.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// merge adds what is found until there is enough: of names that begin with the query, or of the others.
func (s *Search) merge(begun bool) {
	s.cursors, s.heap, s.spans, s.list = s.cursors[:0], s.heap[:0], s.spans[:0], s.list[:0]
	for i := range s.sources {
		if len(s.found) >= s.ask.Limit {
			return
		}
		c := cursor{Source: &s.sources[i], number: i, table: &s.sources[i].words}
		if begun {
			c.table = &s.sources[i].heads
		}
		if s.open(&c) && s.advance(&c) {
			s.heap = append(s.heap, int32(len(s.cursors)))
			s.cursors = append(s.cursors, c)
		}
	}
	for i := len(s.heap)/2 - 1; i >= 0; i-- {
		s.sink(i)
	}
	for len(s.heap) > 0 && len(s.found) < s.ask.Limit {
		c := &s.cursors[s.heap[0]]
		s.found = append(s.found, found{c.Part, c.title})
		if !s.advance(c) {
			last := len(s.heap) - 1
			s.heap[0] = s.heap[last]
			s.heap = s.heap[:last]
		}
		s.sink(0)
	}
}

// sink restores the heap below a cursor that may have to come later than those beneath it.
func (s *Search) sink(i int) {
	for {
		first := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(s.heap); child++ {
			if s.before(child, first) {
				first = child
			}
		}
		if first == i {
			return
		}
		s.heap[i], s.heap[first] = s.heap[first], s.heap[i]
		i = first
	}
}

func (s *Search) before(i, j int) bool {
	a, b := &s.cursors[s.heap[i]], &s.cursors[s.heap[j]]
	if a.weight != b.weight {
		return a.weight > b.weight
	}
	return a.compare(a.title, b.Part, b.title) < 0
}

// Append writes the answer.
func (s *Search) Append(b []byte) []byte {
	b = append(b, `{"data":[`...)
	for i, f := range s.found {
		if i > 0 {
			b = append(b, ',')
		}
		b = f.part.append(b, f.title, s.ask.Fields)
	}
	return append(b, "]}"...)
}
