package suggest

import "slices"

// cursor goes over the titles of a source that are found, in their order.
type cursor struct {
	*Source
	number int    // of the source
	table  *table // of names that begin with the query, or of words
	spans  []span // the entries of each word, or of the query
	but    span   // names of what was found before
	title  int    // where it stands
	weight int64

	walks     bool // over all titles, else over those in the list
	next, end int
}

// open finds out how to go over what is found of a source; false: nothing is.
//
// Where matches are many, it goes over all titles and looks at each: it soon meets one. Where they are few, it lists those
// that the rarest word has.
func (s *Search) open(c *cursor) bool {
	first := len(s.spans)
	if c.table == &c.heads {
		s.spans = append(s.spans, s.begun[c.number])
	} else {
		for _, word := range s.words {
			found := c.table.find(word)
			if found.len() == 0 {
				return false
			}
			s.spans = append(s.spans, found)
		}
		c.but = s.begun[c.number]
	}
	c.spans = s.spans[first:]
	rarest, steps := c.spans[0], 1.0 // until the first match, if words were independent
	for _, found := range c.spans {
		if found.len() < rarest.len() {
			rarest = found
		}
		steps *= float64(c.count) / float64(found.len())
	}
	if c.walks = steps < float64(rarest.len()); c.walks {
		c.end = c.count
	} else {
		c.next, c.end = s.collect(c, rarest)
	}
	return c.next < c.end
}

// collect lists the titles that match and have an entry in a span.
func (s *Search) collect(c *cursor, rarest span) (int, int) {
	first := len(s.list)
	for i := rarest.from; i < rarest.to; i++ {
		if title := half(c.table.of, 4*i); c.matches(int(title), rarest) {
			s.list = append(s.list, title)
		}
	}
	slices.Sort(s.list[first:])
	s.list = append(s.list[:first], slices.Compact(s.list[first:])...)
	return first, len(s.list)
}

// advance goes on to the next title that is found; false: there is none.
func (s *Search) advance(c *cursor) bool {
	for ; c.next < c.end; c.next++ {
		title := c.next
		if !c.walks {
			title = int(s.list[c.next])
		}
		if s.shows(c, title) && (!c.walks || c.matches(title, span{})) {
			c.title, c.weight = title, c.Part.weight(title)
			c.next++
			return true
		}
	}
	return false
}

// matches reports whether a title has an entry in each of the spans, of which it is known to have one in a certain span, and
// was not found before.
func (c *cursor) matches(title int, known span) bool {
	for _, s := range c.spans {
		if s != known && !c.table.has(title, s) {
			return false
		}
	}
	return c.but.len() == 0 || !c.heads.has(title, c.but)
}

// shows reports whether a title may be shown.
func (s *Search) shows(c *cursor, title int) bool {
	mark := half(c.marks, 4*title)
	if mark == 0 && !c.Stale {
		return true
	}
	if set := int(mark &^ ends); set != 0 && (c.Shy || s.denied(c, set)) {
		return false
	}
	line := c.line(title)
	return (mark&ends == 0 || s.now < whole(line, atUntil)) && (!c.Stale || max(s.viewer.Removed(half(line, atSlot)), s.viewer.Removed(half(line, atWhole))) <= c.Pos)
}

func (s *Search) denied(c *cursor, set int) bool {
	v := &s.verdicts[s.judged[c.number]+set]
	if *v == unknown {
		if *v = seen; s.viewer.Denies(c.sets[set]) {
			*v = denied
		}
	}
	return *v == denied
}
