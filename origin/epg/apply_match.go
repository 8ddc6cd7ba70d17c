package epg

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"
)

// nearby is how far a programme may move and still be the same one.
const nearby = 3 * time.Hour

// Bounds of the work on feeds that no station sends: how many programmes of one start and title are told apart by all
// they hold, how many of one slot are compared by their titles, and how many of one title are aligned at once.
const (
	maxTwins   = 64
	maxSlot    = 16
	maxAligned = 512
)

// match finds which stored programme each of the feed's is, each once, so that ids are stable. It is, in this order: the
// one of the feed's id; the one with the same start, title and episode; the one with the same title and no other
// episode whose start is nearest, in an order that moves nothing past another; the one with the same start and title;
// the one in the same slot with a similar title. Titles are compared folded.
//
// What is stored is all that is on air in the feed's range. One that only runs into it can have moved if at least half of
// it lies in the range: otherwise it is of the time before. Without replace a programme must still overlap the one that it
// was, for the other may well be there as before.
func (m *merge) match() {
	m.found = make([]int, len(m.feed))
	for i := range m.found {
		m.found[i] = -1
	}
	m.taken = make([]bool, len(m.stored))
	m.matchIDs()
	titles := make([]string, len(m.stored))
	for s := range m.stored {
		titles[s] = fold(m.stored[s].Title)
	}
	m.matchStarts(titles, sameEpisode)
	m.matchMoved(titles)
	m.matchStarts(titles, func(*Incoming, *program) bool { return true })
	m.matchSlots(titles)
}

func (m *merge) take(i, s int) { m.found[i], m.taken[s] = s, true }

func (m *merge) matchIDs() {
	byID := make(map[uuid.UUID]int, len(m.stored))
	for s := range m.stored {
		byID[m.stored[s].ID] = s
	}
	for i := range m.feed {
		if s, ok := byID[m.feed[i].ID]; ok && !m.taken[s] {
			m.take(i, s)
		}
	}
}

// moment is a title at a start.
type moment struct {
	start int64
	title string
}

// matchStarts pairs programmes of one start and title that fit. Of several, those that are alike in everything come
// first, so that a repeated feed finds them all as they are.
func (m *merge) matchStarts(titles []string, fits func(*Incoming, *program) bool) {
	at := map[moment][]int{}
	for s := range m.stored {
		if !m.taken[s] {
			k := moment{m.stored[s].StartTime.Unix(), titles[s]}
			at[k] = append(at[k], s)
		}
	}
	pair := func(i int, fits func(*Incoming, *program) bool) {
		k := moment{m.feed[i].Start.Unix(), m.folded[i]}
		twins := at[k]
		for len(twins) > 0 && m.taken[twins[0]] {
			twins = twins[1:]
		}
		at[k] = twins
		for _, s := range twins[:min(len(twins), maxTwins)] {
			if !m.taken[s] && fits(&m.feed[i], &m.stored[s]) {
				m.take(i, s)
				return
			}
		}
	}
	for _, how := range []func(*Incoming, *program) bool{alike, fits} {
		for i := range m.feed {
			if m.found[i] < 0 {
				pair(i, how)
			}
		}
	}
}

// alike reports whether the feed changes nothing in the programme.
func alike(in *Incoming, p *program) bool {
	after := in.onto(*p)
	return same(p, &after)
}

// sameEpisode reports whether nothing says that these are two episodes.
func sameEpisode(in *Incoming, p *program) bool {
	return fitting(in.Season, p.SeasonNumber) && fitting(in.Episode, p.EpisodeNumber)
}

func fitting(a, b *int) bool { return a == nil || b == nil || *a == *b }

// airings are the programmes of one title, in the order of start: of the feed, and stored.
type airings struct{ feed, stored []int }

// matchMoved aligns what is left, title by title. What is matched already stays where it is in the order.
func (m *merge) matchMoved(titles []string) {
	byTitle := map[string]*airings{}
	for i, title := range m.folded {
		if byTitle[title] == nil {
			byTitle[title] = &airings{}
		}
		byTitle[title].feed = append(byTitle[title].feed, i)
	}
	for s, title := range titles {
		if a := byTitle[title]; a != nil {
			a.stored = append(a.stored, s)
		}
	}
	for _, a := range byTitle {
		slices.SortStableFunc(a.stored, func(x, y int) int { return m.stored[x].StartTime.Compare(m.stored[y].StartTime) })
		m.alignBetween(a)
	}
}

// alignBetween aligns the programmes of one title between those that are matched already.
func (m *merge) alignBetween(a *airings) {
	place := make(map[int]int, len(a.stored)) // of the stored ones in the order
	for at, s := range a.stored {
		place[s] = at
	}
	feedFrom, storedFrom := 0, 0
	for at, i := range a.feed {
		anchor, ok := place[m.found[i]]
		if m.found[i] < 0 || !ok || anchor < storedFrom {
			continue
		}
		m.alignAll(a.feed[feedFrom:at], a.stored[storedFrom:anchor])
		feedFrom, storedFrom = at+1, anchor+1
	}
	m.alignAll(a.feed[feedFrom:], a.stored[storedFrom:])
}

// alignAll aligns what is not matched yet, some hundreds at a time.
func (m *merge) alignAll(feed, stored []int) {
	feed = slices.DeleteFunc(slices.Clone(feed), func(i int) bool { return m.found[i] >= 0 })
	stored = slices.DeleteFunc(slices.Clone(stored), func(s int) bool { return m.taken[s] })
	for len(feed) > 0 && len(stored) > 0 {
		some := feed[:min(len(feed), maxAligned/2)]
		feed = feed[len(some):]
		first, last := m.feed[some[0]].Start.Add(-nearby), m.feed[some[len(some)-1]].Start.Add(nearby)
		for len(stored) > 0 && (m.taken[stored[0]] || m.stored[stored[0]].StartTime.Before(first)) {
			stored = stored[1:]
		}
		n := 0
		for n < min(len(stored), maxAligned) && !m.stored[stored[n]].StartTime.After(last) {
			n++
		}
		if end := m.align(some, stored[:n]); end > 0 {
			stored = stored[end:]
		}
	}
}

// unmatched is what it costs to leave one of the feed without a stored one: more than any pair does.
const unmatched = int64(nearby/time.Second) + 1

// align pairs programmes of one title so that none moves past another, and they move as little as can be on the whole. It
// returns the place after the last stored one that was taken.
func (m *merge) align(feed, stored []int) int {
	width := len(stored) + 1
	costs := make([]int64, (len(feed)+1)*width) // of what follows the first i and the first s
	for i := len(feed) - 1; i >= 0; i-- {
		costs[i*width+len(stored)] = int64(len(feed)-i) * unmatched
		for s := len(stored) - 1; s >= 0; s-- {
			best := min(costs[i*width+s+1], costs[(i+1)*width+s]+unmatched)
			if d := m.distance(feed[i], stored[s]); d < unmatched {
				best = min(best, costs[(i+1)*width+s+1]+d)
			}
			costs[i*width+s] = best
		}
	}
	end := 0
	for i, s := 0, 0; i < len(feed) && s < len(stored); {
		d := m.distance(feed[i], stored[s])
		switch cost := costs[i*width+s]; {
		case d < unmatched && cost == costs[(i+1)*width+s+1]+d:
			m.take(feed[i], stored[s])
			i, s, end = i+1, s+1, s+1
		case cost == costs[i*width+s+1]:
			s++
		default:
			i++
		}
	}
	return end
}

// distance is by how many seconds a stored programme would move to be one of the feed's; unmatched when it isn't that.
func (m *merge) distance(i, s int) int64 {
	in, p := &m.feed[i], &m.stored[s]
	moved := in.Start.Sub(p.StartTime).Abs()
	switch {
	case moved > nearby, !sameEpisode(in, p), !m.replace && !overlap(in, p), p.StartTime.Before(m.from) && !m.mostlyIn(p):
		return unmatched
	}
	return int64(moved / time.Second)
}

func overlap(in *Incoming, p *program) bool {
	return in.Start.Before(p.EndTime) && p.StartTime.Before(in.End)
}

// mostlyIn reports whether at least half of a programme that runs into the range lies in it.
func (m *merge) mostlyIn(p *program) bool { return p.EndTime.Sub(m.from) >= m.from.Sub(p.StartTime) }

// slot is the time of a programme.
type slot struct{ start, end int64 }

// matchSlots finds programmes whose titles were corrected.
func (m *merge) matchSlots(titles []string) {
	at := map[slot][]int{}
	for s := range m.stored {
		if !m.taken[s] {
			k := slot{m.stored[s].StartTime.Unix(), m.stored[s].EndTime.Unix()}
			at[k] = append(at[k], s)
		}
	}
	for i := range m.feed {
		rivals := at[slot{m.feed[i].Start.Unix(), m.feed[i].End.Unix()}]
		for _, s := range rivals[:min(len(rivals), maxSlot)] {
			if m.found[i] < 0 && !m.taken[s] && similar(m.folded[i], titles[s]) {
				m.take(i, s)
			}
		}
	}
}

// fold reduces a title to what two spellings of it share: its letters and digits, without case and accents.
func fold(title string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(title) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	if b.Len() == 0 { // "???" is no other programme's title
		return title
	}
	return b.String()
}

// similar reports whether one folded title can be the other, corrected: one begins with the other (a part was added, such
// as the name of the episode), or not more than a fifth of the characters differ.
func similar(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) >= 4 && strings.HasPrefix(b, a) {
		return true
	}
	x, y := []rune(a), []rune(b)
	return edits(x, y) <= max(len(x), len(y))/5
}

// edits counts the characters to replace, add or take out to make one text the other (Levenshtein's distance).
func edits(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			replaced := diagonal
			if x != y {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
