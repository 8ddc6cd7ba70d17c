package listings

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

const maxDuration = 7 * 24 * 3600 // seconds

// Settle makes a schedule of one channel's programmes, which are in the document's order. Texts are chosen for the
// language, the channel's. Entries are ordered by start, faults by line.
func Settle(ps []Programme, language string) ([]Entry, []Fault) {
	s := &settling{language: language}
	s.resolve(ps)
	s.order()
	s.distinct()
	s.close()
	s.check()
	s.divide()
	s.check()
	s.order()
	entries := make([]Entry, len(s.slots))
	for i, slot := range s.slots {
		entries[i] = s.entry(slot)
	}
	slices.SortStableFunc(s.faults, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
	return entries, s.faults
}

// settling is a schedule in the making.
type settling struct {
	language string
	slots    []slot
	faults   []Fault
}

// slot is when a programme runs, in Unix seconds.
type slot struct {
	*Programme
	title      Text
	start, end int64
	open       bool // the programme doesn't say when it ends
}

// skipped reports whether the programme only ends the one before it.
func (p *Programme) skipped() bool { return len(p.Titles) == 0 }

func (s *settling) refuse(p *Programme, code, format string, args ...any) {
	s.faults = append(s.faults, Fault{Line: p.Line, Channel: p.Channel, Code: code, Message: fmt.Sprintf(format, args...)})
}

// resolve chooses readings, in the document's order.
func (s *settling) resolve(ps []Programme) {
	s.slots = make([]slot, 0, len(ps))
	for i := range ps {
		p := &ps[i]
		now := slot{Programme: p, title: firstText(p.Titles, s.language)}
		var before *slot
		if i > 0 {
			before = &s.slots[i-1]
		}
		now.start = now.startAfter(before)
		now.end, now.open = p.endAfter(now.start)
		s.slots = append(s.slots, now)
	}
}

// startAfter is the reading of the start that follows on the programme before. It is the earlier one, unless that one had
// begun by then already, or runs on to somewhere between the two.
func (t slot) startAfter(before *slot) int64 {
	early, late := t.Start.At, t.Start.Later
	switch {
	case late == 0 || before == nil || before.start >= late:
		return early
	case before.Start == t.Start && t.sharesWith(before):
		return before.start
	case before.start >= early, !before.open && before.end > early && before.end <= late:
		return late
	}
	return early
}

// sharesWith reports whether two programmes with one start mean the same instant by it: a clump, or a repetition.
func (t slot) sharesWith(before *slot) bool {
	return t.Parts > 0 && t.Parts == before.Parts || t.title.Value == before.title.Value
}

// endAfter is the first reading of the end that is after the start.
func (p *Programme) endAfter(start int64) (end int64, open bool) {
	switch {
	case p.Stop == nil && p.Length > 0:
		return start + p.Length, false
	case p.Stop == nil:
		return 0, true
	case p.Stop.At <= start && p.Stop.Later != 0:
		return p.Stop.Later, false
	}
	return p.Stop.At, false
}

func (s *settling) order() {
	slices.SortStableFunc(s.slots, func(a, b slot) int { return cmp.Compare(a.start, b.start) })
}

// distinct leaves out repetitions: the same start and title. Of those, the first that says its end stays.
func (s *settling) distinct() {
	type key struct {
		start int64
		part  int
		title string
	}
	seen := make(map[key]int, len(s.slots))
	kept := s.slots[:0]
	for _, now := range s.slots {
		if now.skipped() {
			kept = append(kept, now)
			continue
		}
		k := key{now.start, now.Part, now.title.Value}
		i, repeated := seen[k]
		if !repeated {
			seen[k] = len(kept)
			kept = append(kept, now)
			continue
		}
		if kept[i].open && !now.open {
			kept[i], now = now, kept[i]
		}
		s.refuse(now.Programme, FaultDuplicate, "The programme of line %d has the same start and title.", kept[i].Line)
	}
	s.slots = kept
}

// close ends programmes that don't say when they end where the next one starts, be that one skipped or not. Those that are
// have done their part then.
func (s *settling) close() {
	next := make([]int64, len(s.slots)+1) // the first start after that of each
	last := len(s.slots)
	for i := last - 1; i >= 0; i-- {
		next[i] = next[i+1]
		if i+1 < last && s.slots[i+1].start > s.slots[i].start {
			next[i] = s.slots[i+1].start
		}
	}
	kept := s.slots[:0]
	for i, now := range s.slots {
		switch {
		case now.skipped():
			continue
		case now.open && now.start == s.slots[last-1].start:
			s.refuse(now.Programme, FaultNoEnd, "The programme has neither stop nor length, and none starts after it.")
			continue
		case now.open:
			now.end, now.open = next[i], false
		}
		kept = append(kept, now)
	}
	s.slots = kept
}

// check leaves out what has no length that a programme can have.
func (s *settling) check() {
	kept := s.slots[:0]
	for _, now := range s.slots {
		switch length := now.end - now.start; {
		case length < 0:
			s.refuse(now.Programme, FaultStopBeforeStart, "The programme stops before it starts.")
		case length == 0:
			s.refuse(now.Programme, FaultZeroLength, "The programme stops when it starts.")
		case length > maxDuration:
			s.refuse(now.Programme, FaultTooLong, "The programme is longer than seven days.")
		default:
			kept = append(kept, now)
		}
	}
	s.slots = kept
}

// divide gives each programme of a clump its part of the slot that they share.
func (s *settling) divide() {
	type shared struct {
		start, end int64
		parts      int
	}
	clumps := map[shared][]*slot{}
	for i := range s.slots {
		if now := &s.slots[i]; now.Parts > 0 {
			k := shared{now.start, now.end, now.Parts}
			clumps[k] = append(clumps[k], now)
		}
	}
	for k, clump := range clumps {
		slices.SortStableFunc(clump, func(a, b *slot) int { return cmp.Compare(a.Part, b.Part) })
		n := int64(len(clump))
		for i, now := range clump {
			now.start, now.end = k.start+(k.end-k.start)*int64(i)/n, k.start+(k.end-k.start)*int64(i+1)/n
		}
	}
}

func (s *settling) entry(t slot) Entry {
	e := Entry{
		Line: t.Line, Title: shorten(t.title.Value, maxTitle), Description: s.description(t), ContentRating: t.Rating,
		Language: cmp.Or(t.Language, t.title.Lang), Start: time.Unix(t.start, 0).UTC(), End: time.Unix(t.end, 0).UTC(),
		Season: t.Season, Episode: t.Episode, Categories: t.Categories, Images: t.Images,
		ID: t.ID, LinkedVODID: t.LinkedVODID, CatchupBlocked: t.CatchupBlocked,
	}
	if e.Categories == nil {
		e.Categories = []string{}
	}
	return e
}

// description begins with the sub-title, for which the contract has no other place, unless that says nothing new.
func (s *settling) description(t slot) string {
	text := longestText(t.Descriptions, s.language).Value
	first := firstText(t.SubTitles, s.language).Value
	switch {
	case first == "" || strings.EqualFold(first, t.title.Value) || strings.EqualFold(first, text):
	case text == "":
		text = first
	default:
		text = first + "\n" + text
	}
	return shorten(text, maxDescription)
}
