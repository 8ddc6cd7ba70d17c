package epg

import (
	"encoding/binary"
	"strconv"

	"github.com/cespare/xxhash/v2"

	"encora/shared/wire"
)

// Days finds a channel's day; false when it is not held.
type Days interface {
	Day(c *Channel, day int64) (Day, bool)
}

// Airing finds what is on a channel at the page's instant; false when that can't be told from what is held.
type Airing interface {
	OnAir(c *Channel) (*OnAir, bool)
}

// Want is a channel's day that is needed and not held.
type Want struct {
	Channel *Channel
	Day     int64
}

// ahead is how many days a page asks for at once when it meets one that is not held: a page of a hundred programmes
// spans about four days of channels, and a channel that has no programmes should not cost a round each.
const ahead = 16

// Page is an answer in the making. It is used again and again: Reset, Gather until nothing is missing, then Hash and Append.
type Page struct {
	Ask
	Channels []*Channel // those of the ask that the viewer may see, each once, in the order asked
	At       int64      // the instant to answer for, in Unix seconds
	Missing  []Want     // what Gather needs and did not find
	// Next makes the cursor of the next page.
	Next func(wire.GuidePosition) string

	keys  []key
	items []item
	on    []*OnAir           // of what is on now
	from  wire.GuidePosition // what the page follows, if from.Channel is set
	next  string             // cursor; empty: there is no more
	print []byte             // what is hashed
}

// key is a channel of the answer, with where its programmes end among the items.
type key struct {
	channel *Channel
	end     int
}

// item is a programme of the answer.
type item struct {
	day   Day
	index int
}

// Reset forgets what was gathered and what it refers to.
func (p *Page) Reset() {
	p.Ask = Ask{Channels: p.Ask.Channels[:0]}
	clear(p.Channels)
	p.Channels, p.Next, p.next, p.from = p.Channels[:0], nil, "", wire.GuidePosition{}
	p.forget()
}

func (p *Page) forget() {
	clear(p.items) // they and the channels would keep answers alive that the cache has let go
	clear(p.keys)
	clear(p.on)
	clear(p.Missing)
	p.keys, p.items, p.on, p.Missing = p.keys[:0], p.items[:0], p.on[:0], p.Missing[:0]
}

// See adds a channel that the viewer may see, unless it is there already.
func (p *Page) See(c *Channel) {
	for _, other := range p.Channels {
		if other == c {
			return
		}
	}
	p.Channels = append(p.Channels, c)
}

// GatherNow finds what is on at p.At on each channel.
func (p *Page) GatherNow(airing Airing) {
	p.forget()
	for _, c := range p.Channels {
		o, ok := airing.OnAir(c)
		if !ok {
			p.Missing = append(p.Missing, Want{c, DayOf(p.At)})
			continue
		}
		p.on = append(p.on, o)
	}
}

// Follow makes the page go on after a position. false: the position is of a channel that was not asked for.
func (p *Page) Follow(at wire.GuidePosition) bool {
	id, ok := ParseID(at.Channel)
	if _, valid := ParseID(at.ID); !ok || !valid {
		return false
	}
	for _, asked := range p.Ask.Channels {
		if asked == id {
			p.from = at
			return true
		}
	}
	return false
}

// Gather finds the page's programmes: channel by channel, each in the order of start and id.
func (p *Page) Gather(days Days) {
	p.forget()
	w := walk{p: p, days: days}
	channels, start, id := p.rest()
	if start != nil {
		if !w.channel(channels[0], *start, id, true) {
			return
		}
		channels = channels[1:]
	}
	for _, c := range channels {
		if !w.channel(c, p.Start, ID{}, false) {
			return
		}
	}
}

// rest is what is left of the channels at the page's beginning; when the position is within the first of them, its start
// and id as well.
func (p *Page) rest() ([]*Channel, *int64, ID) {
	if p.from.Channel == "" {
		return p.Channels, nil, ID{}
	}
	channel, _ := ParseID(p.from.Channel)
	id, _ := ParseID(p.from.ID)
	left := p.Channels
	for _, asked := range p.Ask.Channels {
		if asked == channel {
			break
		}
		if len(left) > 0 && left[0].ID == asked {
			left = left[1:]
		}
	}
	if len(left) > 0 && left[0].ID == channel {
		return left, &p.from.Start, id
	}
	return left, nil, id
}

// walk passes over the days of a page's channels.
type walk struct {
	p    *Page
	days Days
}

// channel takes in a channel's programmes; within says that those up to a position were shown before. It reports false
// when the page is complete, or something is missing.
func (w *walk) channel(c *Channel, start int64, id ID, within bool) bool {
	p := w.p
	keyed := len(p.keys)
	if !within {
		p.keys = append(p.keys, key{c, len(p.items)})
	}
	first := DayOf(p.Start)
	for day := max(first, DayOf(start)); day <= DayOf(p.End-1); day++ {
		d, ok := w.days.Day(c, day)
		if !ok {
			w.want(c, day)
			return false
		}
		i := 0
		if within {
			i = d.after(start, id)
		}
		if day > first {
			i = max(i, d.begun(day*DaySeconds-1)) // the rest was on the day before
		}
		for ; i < d.Len() && word(d.line(i), atStart) < p.End; i++ {
			if word(d.line(i), atEnd) <= p.Start {
				continue
			}
			if len(p.items) == p.Limit {
				w.cut()
				return false
			}
			if len(p.keys) == keyed {
				p.keys = append(p.keys, key{c, len(p.items)})
			}
			p.items = append(p.items, item{d, i})
			p.keys[len(p.keys)-1].end = len(p.items)
		}
	}
	return true
}

// cut ends a page that is full while there is more. Channels after the last programme's are the next page's.
func (w *walk) cut() {
	p := w.p
	for len(p.keys) > 1 && p.keys[len(p.keys)-2].end == len(p.items) {
		p.keys = p.keys[:len(p.keys)-1]
	}
	last := p.items[len(p.items)-1]
	line := last.day.line(last.index)
	p.next = p.Next(wire.GuidePosition{Channel: p.keys[len(p.keys)-1].channel.Text, Start: word(line, atStart), ID: ID(line[atID : atID+16]).String()})
}

// want lists what is missing from here on, as far as it is likely to be needed.
func (w *walk) want(c *Channel, day int64) {
	p := w.p
	found := false
	for _, other := range p.Channels {
		if found = found || other == c; !found {
			continue
		}
		for ; day <= DayOf(p.End-1); day++ {
			if _, ok := w.days.Day(other, day); !ok {
				p.Missing = append(p.Missing, Want{other, day})
			}
			if len(p.Missing) == ahead {
				return
			}
		}
		day = DayOf(p.Start)
	}
}

// Hash is of everything that the answer shows: two answers with one hash have one text.
func (p *Page) Hash() uint64 {
	b, at := p.print[:0], 0
	for _, o := range p.on {
		b = binary.LittleEndian.AppendUint64(b, o.hash)
	}
	for _, k := range p.keys {
		b = append(b, k.channel.ID[:]...)
		for ; at < k.end; at++ {
			line := p.items[at].day.line(p.items[at].index)
			s, days := stateOf(line, p.At, k.channel.Days), uint64(0)
			if s == available {
				days = uint64(k.channel.Days)
			}
			b = append(append(b, line[atHash:atHash+8]...), byte(s))
			b = binary.LittleEndian.AppendUint64(b, days)
		}
	}
	if p.Limit > 0 {
		b = append(append(b, p.next...), byte(p.Limit))
	}
	p.print = b
	return xxhash.Sum64(b)
}

// AppendNow writes the answer to what is on now.
func (p *Page) AppendNow(b []byte) []byte {
	b = append(b, `{"data":{`...)
	for i, o := range p.on {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, o.text...)
	}
	return append(b, "}}"...)
}

func (p *Page) appendKey(b []byte, i int) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, p.keys[i].channel.Text...)
	return append(b, `":`...)
}

// AppendPage writes a page of the schedule.
func (p *Page) AppendPage(b []byte) []byte {
	b = append(b, `{"data":{`...)
	at := 0
	for i, k := range p.keys {
		b = append(p.appendKey(b, i), '[')
		for first := at; at < k.end; at++ {
			if at > first {
				b = append(b, ',')
			}
			b = p.items[at].day.appendProgram(b, p.items[at].index, p.At, k.channel.Days)
		}
		b = append(b, ']')
	}
	b = append(b, `},"meta":{"next_cursor":`...)
	if p.next == "" {
		b = append(b, `null,"has_more":false`...)
	} else {
		b = append(append(b, '"'), p.next...)
		b = append(b, `","has_more":true`...)
	}
	b = append(b, `,"limit":`...)
	b = strconv.AppendInt(b, int64(p.Limit), 10)
	return append(b, "}}"...)
}
