package epg

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"encora/shared/wire"
)

// program is a programme as the tests think of it.
type program struct {
	id         ID
	start, end int64
	blocked    bool
	text       string
}

// guide is channels with all their programmes, and whoever holds some of their days.
type guide struct {
	programs map[*Channel][]program
	held     map[Want]Day
	lacking  map[Want]bool // not held until they were asked for
	at       int64         // the instant of what is on
}

func (g *guide) Day(c *Channel, day int64) (Day, bool) {
	w := Want{c, day}
	if g.lacking[w] {
		return "", false
	}
	if g.held == nil {
		g.held = map[Want]Day{}
	}
	if _, ok := g.held[w]; !ok {
		g.held[w] = pack(g.programs[c], day)
	}
	return g.held[w], true
}

// OnAir keeps what it finds, as the edge does.
func (g *guide) OnAir(c *Channel) (*OnAir, bool) {
	if o := c.Known(g.at); o != nil {
		return o, true
	}
	d, ok := g.Day(c, DayOf(g.at))
	if !ok {
		return nil, false
	}
	o := c.FindOnAir(d, g.at)
	c.Keep(o)
	return o, true
}

// pack is a day as the origin would send it.
func pack(all []program, day int64) Day {
	var d wire.Day
	for _, p := range all {
		if p.start < (day+1)*DaySeconds && p.end > day*DaySeconds {
			d.Programs = append(d.Programs, wire.DayProgram{ID: p.id.String(), Start: p.start, End: p.end, CatchupBlocked: p.blocked,
				Before: fmt.Sprintf(`{"id":%q,"title":%q,`, p.id, p.text), After: `,"categories":[]}`})
		}
	}
	rand.Shuffle(len(d.Programs), func(i, j int) { d.Programs[i], d.Programs[j] = d.Programs[j], d.Programs[i] })
	body, _ := json.Marshal(d)
	packed, err := PackDay(body)
	if err != nil {
		panic(err)
	}
	return Day(packed)
}

// shown is a programme as it reads at an instant.
func (p *program) shown(at, days int64) string {
	flags := `"is_live":false,"is_catchup_available":false,"catchup_expires_at":null`
	expires := p.end + days*DaySeconds
	switch {
	case p.start <= at && at < p.end:
		flags = strings.Replace(flags, "false", "true", 1)
	case days > 0 && !p.blocked && p.end <= at && at < expires:
		flags = `"is_live":false,"is_catchup_available":true,"catchup_expires_at":"` + time.Unix(expires, 0).UTC().Format(time.RFC3339) + `"`
	}
	return fmt.Sprintf(`{"id":%q,"title":%q,`, p.id, p.text) + flags + `,"categories":[]}`
}

const noon = 20_000*DaySeconds + DaySeconds/2 // of a day in 2024

// random makes a guide with gaps, overlaps, equal starts, and programmes across midnight and over days.
func random(r *rand.Rand, channels int) (*guide, []*Channel) {
	g := &guide{programs: map[*Channel][]program{}}
	var all []*Channel
	for range channels {
		c := newChannel(randomID(r), int64(r.IntN(3)))
		all = append(all, c)
		for range r.IntN(40) {
			start := noon + int64(r.IntN(6*DaySeconds)-3*DaySeconds)
			if r.IntN(3) == 0 {
				start = start / 3600 * 3600
			}
			length := 1 + int64(r.IntN(3*3600))
			if r.IntN(10) == 0 {
				length = 1 + int64(r.IntN(3*DaySeconds))
			}
			g.programs[c] = append(g.programs[c], program{randomID(r), start, start + length, r.IntN(4) == 0, strings.Repeat("t", r.IntN(5))})
		}
	}
	return g, all
}

func newChannel(id ID, days int64) *Channel { return &Channel{ID: id, Text: id.String(), Days: days} }

func randomID(r *rand.Rand) (id ID) {
	for i := range id {
		id[i] = byte(r.Uint32())
	}
	return id
}

// What is on air is what the rule says, looked for among all programmes.
func TestWhatIsOnNow(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	g, channels := random(r, 1)
	at := int64(noon - 2*DaySeconds)
	for range 30_000 {
		if at += int64(r.IntN(1000)); at > noon+2*DaySeconds { // time goes on, through what was kept
			g, channels = random(r, 1)
			at = noon - 2*DaySeconds
		}
		g.at = at
		c := channels[0]
		var best *program
		for i := range g.programs[c] {
			p := &g.programs[c][i]
			if p.start > at || p.end <= at {
				continue
			}
			if best == nil || p.start > best.start || p.start == best.start && (p.end < best.end || p.end == best.end && bytes.Compare(p.id[:], best.id[:]) < 0) {
				best = p
			}
		}
		want := `{"data":{"` + c.ID.String() + `":null}}`
		if best != nil {
			want = `{"data":{"` + c.ID.String() + `":` + best.shown(at, c.Days) + `}}`
		}
		p := Page{Channels: channels, At: at}
		p.GatherNow(g)
		if got := string(p.AppendNow(nil)); got != want {
			t.Fatalf("at %d\n%s\nwant\n%s", at, got, want)
		}
	}
}

// pages reads the schedule page by page, as players do, and returns the programmes of each channel in the order of the
// keys. Days that are missing come when they are asked for.
func pages(t *testing.T, g *guide, seen []*Channel, ask Ask, at int64) (keys []string, programs map[string][]string) {
	t.Helper()
	programs = map[string][]string{}
	var from *wire.GuidePosition
	for range 1000 {
		p := Page{Ask: ask, Channels: seen, At: at}
		if from != nil && !p.Follow(*from) {
			t.Fatalf("%+v does not follow", from)
		}
		from = nil
		p.Next = func(at wire.GuidePosition) string { from = &at; return "next" }
		for rounds := 0; ; rounds++ {
			p.Gather(g)
			if len(p.Missing) == 0 {
				break
			}
			if len(p.Missing) > ahead || rounds > 500 {
				t.Fatalf("%d days are asked for in round %d", len(p.Missing), rounds)
			}
			for _, w := range p.Missing {
				if !g.lacking[w] {
					t.Fatalf("%v is held and asked for", w)
				}
				delete(g.lacking, w)
			}
		}
		text := p.AppendPage(nil)
		var page struct {
			Data map[string][]json.RawMessage
			Meta struct {
				NextCursor *string `json:"next_cursor"`
				HasMore    bool    `json:"has_more"`
				Limit      int
			}
		}
		if err := json.Unmarshal(text, &page); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		count := 0
		for _, k := range p.keys {
			id := k.channel.ID.String()
			if slices.Contains(keys, id) && (len(page.Data[id]) == 0 || id != keys[len(keys)-1]) {
				t.Fatalf("%s comes again in %s", id, text)
			}
			if !slices.Contains(keys, id) {
				keys = append(keys, id)
			}
			for _, raw := range page.Data[id] {
				programs[id] = append(programs[id], string(raw))
				count++
			}
		}
		if page.Meta.HasMore != (page.Meta.NextCursor != nil) || page.Meta.HasMore && count != ask.Limit || page.Meta.Limit != ask.Limit {
			t.Fatalf("%d programmes with %+v", count, page.Meta)
		}
		if !page.Meta.HasMore {
			return keys, programs
		}
	}
	t.Fatal("no end")
	return nil, nil
}

// Page after page, the schedule is every programme that overlaps the window, once, in order.
func TestSchedule(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for round := range 200 {
		g, channels := random(r, 1+r.IntN(5))
		ask := Ask{Limit: 1 + r.IntN(30)}
		ask.Start = noon + int64(r.IntN(4*DaySeconds)-2*DaySeconds)
		ask.End = ask.Start + 1 + int64(r.IntN(3*DaySeconds))
		if round%3 == 0 { // on the edges of days
			ask.Start, ask.End = ask.Start/DaySeconds*DaySeconds, ask.Start/DaySeconds*DaySeconds+DaySeconds
		}
		g.lacking = map[Want]bool{}
		for _, c := range channels {
			ask.Channels = append(ask.Channels, c.ID)
			for day := DayOf(ask.Start); day <= DayOf(ask.End-1); day++ {
				g.lacking[Want{c, day}] = r.IntN(2) == 0
			}
		}
		keys, got := pages(t, g, channels, ask, noon)
		var order []string
		for _, c := range channels {
			id := c.ID.String()
			order = append(order, id)
			all := slices.Clone(g.programs[c])
			slices.SortFunc(all, func(a, b program) int {
				if a.start != b.start {
					return int(a.start - b.start)
				}
				return bytes.Compare(a.id[:], b.id[:])
			})
			var want []string
			for _, p := range all {
				if p.start < ask.End && p.end > ask.Start {
					want = append(want, p.shown(noon, c.Days))
				}
			}
			if !slices.Equal(got[id], want) {
				t.Fatalf("round %d, %s:\n%s\nwant\n%s", round, id, strings.Join(got[id], "\n"), strings.Join(want, "\n"))
			}
		}
		if !slices.Equal(keys, order) {
			t.Fatalf("round %d: channels %v, want %v", round, keys, order)
		}
	}
}

// A channel that was taken away between two pages ends its part, not the schedule.
func TestScheduleGoesOnBehindAChannelThatLeft(t *testing.T) {
	g := &guide{programs: map[*Channel][]program{}}
	r := rand.New(rand.NewPCG(5, 6))
	var seen []*Channel
	ask := Ask{Start: noon, End: noon + 3600, Limit: 1}
	for range 3 {
		c := newChannel(randomID(r), 0)
		seen, ask.Channels = append(seen, c), append(ask.Channels, c.ID)
		g.programs[c] = []program{{id: randomID(r), start: noon, end: noon + 60}, {id: randomID(r), start: noon + 60, end: noon + 90}}
	}
	p := Page{Ask: ask, Channels: []*Channel{seen[0], seen[2]}, At: noon}
	if !p.Follow(wire.GuidePosition{Channel: seen[1].ID.String(), Start: noon, ID: randomID(r).String()}) {
		t.Fatal("a channel that was asked for is not known")
	}
	p.Next = func(wire.GuidePosition) string { return "x" }
	p.Gather(g)
	if want := g.programs[seen[2]][0]; len(p.items) != 1 || !strings.Contains(string(p.AppendPage(nil)), want.id.String()) {
		t.Errorf("%s", p.AppendPage(nil))
	}
	for _, at := range []wire.GuidePosition{{Channel: randomID(r).String(), ID: randomID(r).String()}, {Channel: "x", ID: randomID(r).String()}, {Channel: seen[0].ID.String()}} {
		if p.Follow(at) {
			t.Errorf("%+v follows", at)
		}
	}
}

// Two answers have the same hash exactly when they have the same text.
func TestHashFollowsTheText(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	texts := map[string]uint64{}
	hashes := map[uint64]string{}
	for range 40 {
		g, channels := random(r, 3)
		for range 50 {
			seen := channels[:1+r.IntN(3)]
			if r.IntN(2) == 0 {
				seen = []*Channel{channels[1], channels[0]}
			}
			g.at = noon + int64(r.IntN(DaySeconds))
			p := Page{Channels: seen, At: g.at}
			p.GatherNow(g)
			text := string(p.AppendNow(nil))
			if r.IntN(2) == 0 {
				p.Ask = Ask{Start: noon, End: noon + 7200, Limit: 1 + r.IntN(4)}
				p.Next = func(at wire.GuidePosition) string { return at.ID }
				p.Gather(g)
				text = string(p.AppendPage(nil))
			}
			h := p.Hash()
			if old, ok := texts[text]; ok && old != h {
				t.Fatalf("one text, two hashes: %s", text)
			}
			if old, ok := hashes[h]; ok && old != text {
				t.Fatalf("one hash, two texts:\n%s\n%s", old, text)
			}
			texts[text], hashes[h] = h, text
		}
	}
}

func TestDaysBeforeTheEpoch(t *testing.T) {
	for at, want := range map[int64]int64{0: 0, -1: -1, DaySeconds - 1: 0, DaySeconds: 1, -DaySeconds: -1, -DaySeconds - 1: -2} {
		if got := DayOf(at); got != want {
			t.Errorf("DayOf(%d) = %d, want %d", at, got, want)
		}
	}
}

func TestPackDayRefusesWhatItCantRead(t *testing.T) {
	for _, body := range []string{"", "[]", `{"programs":[{"id":"x"}]}`, `{"programs":[{"id":""}]}`} {
		if _, err := PackDay([]byte(body)); err == nil {
			t.Errorf("%q is a day", body)
		}
	}
	if d, err := PackDay([]byte(`{"programs":null}`)); err != nil || Day(d).Len() != 0 || Day(d).OnAir(noon) != -1 {
		t.Errorf("a day without programmes: %v", err)
	}
}

func TestReadLineup(t *testing.T) {
	slot := func(tag string) uint32 { return uint32(len(tag)) }
	l, err := ReadLineup([]byte(`{"channels":[{"id":"0190a6e0-0000-7000-8000-0000000000AA","catchup_days":7,"rules":["r"]}]}`), slot)
	if err != nil {
		t.Fatal(err)
	}
	id, _ := ParseID("0190a6e0-0000-7000-8000-0000000000aa")
	c := l.Channel(id)
	if c == nil || c.Days != 7 || len(c.Rules) != 1 || c.Slot != uint32(len("channel:")+36) || len(l.channels) != 1 {
		t.Errorf("%+v", c)
	}
	id[0]++
	if l.Channel(id) != nil {
		t.Error("a channel that is not there")
	}
	for _, body := range []string{"", `{"channels":[{"id":"a"}]}`} {
		if _, err := ReadLineup([]byte(body), slot); err == nil {
			t.Errorf("%q is a line-up", body)
		}
	}
}

const (
	idA = "0190a6e0-0000-7000-8000-0000000000aa"
	idB = "0190A6E0-0000-7000-8000-0000000000BB"
)

func TestReadPlain(t *testing.T) {
	for query, want := range map[string]int{
		"channel_ids=" + idA:                               1,
		"channel_ids=" + idA + "," + idB:                   2,
		"channel_ids=" + idA + "%2c" + idB + "%2C" + idA:   3,
		"channel_ids=" + idA + "&x=1&channel_ids=" + idB:   2,
		"x&channel_ids=" + idA + "&":                       1,
		"channel_ids=" + strings.Repeat(idA+",", 49) + idB: 50,
		"channel_ids=" + strings.Repeat(idA+",", 50) + idB: 0,
		"":                              0,
		"channel_ids=":                  0,
		"channel_ids=" + idA + ",":      0, // Read's to judge
		"channel%5Fids=" + idA:          0,
		"channel_ids=" + idA + "&x=%zz": 0,
		"channel_ids=" + idA + "&x;y":   0,
		"channel_ids=" + idA[:35]:       0,
		"channel_ids=" + strings.ReplaceAll(idA, "-", "0"):        0,
		"channel_ids=" + strings.Replace(idA, "a", "g", 1):        0,
		"channel_ids=" + idA + "x" + idB:                          0,
		"CHANNEL_IDS=" + idA:                                      0,
		"channel_ids=" + idA + "&channel_ids":                     0,
		"channel_ids=" + idA + "&start_time=2024-01-01T00:00:00Z": 1,
	} {
		var a Ask
		if got := a.ReadPlain([]byte(query)); got != (want > 0) || got && len(a.Channels) != want {
			t.Errorf("%q: %v with %d, want %d", query, got, len(a.Channels), want)
		}
		if full, fl := Read(query, false); want > 0 && (fl != nil || !slices.Equal(full.Channels, a.Channels)) {
			t.Errorf("%q is read in two ways: %v", query, fl)
		}
	}
}

// Whatever ReadPlain takes, Read takes in the same way.
func FuzzReadPlain(f *testing.F) {
	f.Add("channel_ids=" + idA + "%2C" + idB + "&x=1")
	f.Add("channel_ids=" + idA + "&channel_ids=" + idB + "&;")
	f.Fuzz(func(t *testing.T, query string) {
		var a Ask
		if !a.ReadPlain([]byte(query)) {
			return
		}
		full, fl := Read(query, false)
		if fl != nil || !slices.Equal(full.Channels, a.Channels) {
			t.Fatalf("%q: %v %v, plain %v", query, full, fl, a.Channels)
		}
	})
}

func TestReadFaults(t *testing.T) {
	window := func(start, end string) string {
		return "channel_ids=" + idA + "&start_time=" + start + "&end_time=" + end
	}
	good := window("2024-01-01T00:00:00Z", "2024-01-08T00:00:00Z")
	for query, fields := range map[string][]string{
		good:               nil,
		good + "&limit=1":  nil,
		good + "&limit=0":  {"limit"},
		good + "&limit=":   {"limit"},
		good + "&limit=1e": {"limit"}, good + "&limit=101": {"limit"}, good + "&limit=1&limit=1": {"limit"},
		window("2024-01-01T00:00:00Z", "2024-01-08T00:00:01Z"):        {"end_time"},
		window("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"):        {"end_time"},
		window("2024-01-02T00:00:00Z", "2024-01-01T00:00:00Z"):        {"end_time"},
		window("2024-01-02", "2024-01-03T00:00:00Z"):                  {"start_time"},
		window("2024-01-01T02:00:00%2B02:00", "2024-01-08T00:00:00Z"): nil,
		window("0001-01-01T00:00:00%2B02:00", "0001-01-02T00:00:00Z"): {"start_time"},
		"limit=x": {"channel_ids", "start_time", "end_time", "limit"},
		"%zz":     {"query"},
		"channel_ids=x&start_time=2024-01-01T00:00:00Z&end_time=2024-01-02T00:00:00Z&cursor=a&cursor=b": {"channel_ids", "cursor"},
		strings.Replace(good, idA, strings.Repeat(idA+",", 51), 1):                                      {"channel_ids"},
		strings.Replace(good, idA, strings.Repeat(idA+",", 50), 1):                                      nil,
	} {
		_, wrong := Read(query, true)
		var got []string
		for _, d := range wrong {
			got = append(got, d.Field)
		}
		if !slices.Equal(got, fields) {
			t.Errorf("%q: %v, want %v", query, got, fields)
		}
	}
}

// A window between whole seconds shows what a window of real numbers would.
func TestWindowsBetweenSeconds(t *testing.T) {
	a, fl := Read("channel_ids="+idA+"&start_time=2024-01-01T00:00:00.5Z&end_time=2024-01-01T00:00:01.5Z", true)
	if fl != nil {
		t.Fatal(fl)
	}
	base := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	if a.Start != base || a.End != base+2 || a.Limit != defaultLimit {
		t.Errorf("%+v after %s", a, strconv.FormatInt(base, 10))
	}
}

func BenchmarkNow(b *testing.B) {
	r := rand.New(rand.NewPCG(9, 10))
	g, channels := random(r, 20)
	g.at = noon
	p := Page{Channels: channels, At: noon}
	buf := make([]byte, 0, 64<<10)
	p.GatherNow(g)
	b.ReportAllocs()
	for b.Loop() {
		p.GatherNow(g)
		_ = p.Hash()
		buf = p.AppendNow(buf[:0])
	}
}
