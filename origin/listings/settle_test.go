package listings

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

// settle settles programmes, each written "start stop title", with "-" for no stop, and perhaps further attributes and content
// behind a bar. It shows entries as "15:04-15:04 title", with the day before a start that is on another than the one before.
func settle(t *testing.T, zone *time.Location, programmes ...string) (entries, faults string) {
	t.Helper()
	var b strings.Builder
	b.WriteString("<tv>")
	for _, p := range programmes {
		p, attributes, _ := strings.Cut(p, "|")
		attributes, content, _ := strings.Cut(attributes, "|")
		words := strings.SplitN(strings.TrimSpace(p), " ", 3)
		if words[1] != "-" {
			attributes += ` stop="` + words[1] + `"`
		}
		fmt.Fprintf(&b, "\n"+`<programme channel="c" start="%s" %s><title>%s</title>%s</programme>`, words[0], attributes, words[2], content)
	}
	b.WriteString("</tv>")
	var k kept
	if err := ReadXMLTV(strings.NewReader(b.String()), Options{Zone: zone}, &k); err != nil {
		t.Fatal(err)
	}
	if k.faults != nil {
		t.Fatal(k.faults)
	}
	var all []string
	schedule, skipped := Settle(k.programmes, "")
	for _, e := range schedule {
		all = append(all, e.Start.Format("15:04")+"-"+e.End.Format("15:04")+" "+e.Title)
	}
	return strings.Join(all, ", "), codes(skipped)
}

func TestSettle(t *testing.T) {
	f := func(entries, faults string, programmes ...string) {
		t.Helper()
		gotEntries, gotFaults := settle(t, nil, programmes...)
		if gotEntries != entries || gotFaults != faults {
			t.Errorf("%s; %s\nwant %s; %s", gotEntries, gotFaults, entries, faults)
		}
	}
	// Ends.
	f("18:00-19:00 A, 19:00-20:00 B", "", "202603011800 202603011900 A", "202603011900 202603012000 B")
	f("18:00-19:00 A, 19:00-20:00 B", "no_end 4", "202603011800 - A", "202603011900 - B", "202603012000 - C")
	f("18:00-19:00 A, 18:00-19:00 B, 19:00-20:00 C", "", "202603011800 - A", "202603011800 - B", "202603011900 202603012000 C")
	f("18:00-18:45 A, 19:00-20:30 B", "", `202603011800 - A||<length units="minutes">45</length>`, `202603011900 - B||<length units="hours">1.5</length>`)
	f("18:00-19:00 A", "", `202603011800 202603011900 A||<length units="minutes">45</length>`)
	f("18:00-19:00 A", "no_end 3", `202603011800 - A||<length units="parsecs">45</length>`, `202603011900 - B||<length units="minutes">no</length>`)
	// Lengths that can't be.
	f("", "zero_length 2", "202603011800 202603011800 A")
	f("18:00-18:30 A, 18:30-19:00 C", "zero_length 3", "202603011800 - A", "202603011830 202603011830 B", "202603011830 202603011900 C")
	f("", "stop_before_start 2", "202603011800 202603011759 A")
	f("18:00-18:00 A", "too_long 3", "202603011800 202603081800 A", "202603011800 202603081801 B")
	f("", "too_long 2, no_end 3", "202603011800 - A", "202603101800 - B")
	// Order.
	f("18:00-19:00 A, 19:00-20:00 B, 20:00-21:00 C", "", "202603012000 202603012100 C", "202603011900 - B", "202603011800 - A")
	// Repetitions: the first that says its end stays.
	f("18:00-19:00 A", "duplicate 3, duplicate 4", "202603011800 202603011900 A", "202603011800 202603011900 A", "202603011800 - A")
	f("18:00-18:30 A", "duplicate 2, duplicate 4", "202603011800 - A", "202603011800 202603011830 A", "202603011800 202603011900 A")
	f("18:00-19:00 A, 18:00-19:00 a", "", "202603011800 202603011900 A", "202603011800 202603011900 a")
	// Overlaps stay.
	f("18:00-20:00 A, 18:30-19:00 B, 19:30-21:00 C", "", "202603011800 202603012000 A", "202603011830 202603011900 B", "202603011930 202603012100 C")
	// Clumps.
	f("18:00-18:30 A, 18:30-19:00 B", "", `202603011800 202603011900 B|clumpidx="1/2"`, `202603011800 202603011900 A|clumpidx="0/2"`)
	f("18:00-18:20 A, 18:20-18:40 B, 18:40-19:00 C, 19:00-20:00 D", "", `202603011800 - A|clumpidx="0/3"`, `202603011800 - B|clumpidx="1/3"`,
		`202603011800 - C|clumpidx="2/3"`, "202603011900 202603012000 D")
	f("18:00-19:00 A", "", `202603011800 202603011900 A|clumpidx="0/2"`)
	f("18:00-18:30 A, 18:30-19:00 A", "duplicate 4", `202603011800 202603011900 A|clumpidx="0/2"`, `202603011800 202603011900 A|clumpidx="1/2"`,
		`202603011800 202603011900 A|clumpidx="0/2"`)
	f("18:00-18:00 C", "zero_length 2, zero_length 3", `20260301180000 20260301180001 A|clumpidx="0/3"`, `20260301180000 20260301180001 B|clumpidx="1/3"`,
		`20260301180000 20260301180001 C|clumpidx="2/3"`)
	f("18:00-19:00 A, 18:00-19:00 B, 18:00-19:00 C, 18:00-19:00 D", "", `202603011800 202603011900 A|clumpidx="0/1"`, `202603011800 202603011900 B|clumpidx="2/2"`,
		`202603011800 202603011900 C|clumpidx="x"`, `202603011800 202603011900 D|clumpidx="1/99999"`)
}

// In the night when clocks go back an hour is shown twice.
func TestSettleWhenClocksGoBack(t *testing.T) {
	f := func(zone, day, entries, faults string, programmes ...string) {
		t.Helper()
		for i := range programmes {
			programmes[i] = strings.ReplaceAll(programmes[i], "@", day)
		}
		gotEntries, gotFaults := settle(t, zoneOf(t, zone), programmes...)
		if gotEntries != entries || gotFaults != faults {
			t.Errorf("%s: %s; %s\nwant %s; %s", zone, gotEntries, gotFaults, entries, faults)
		}
	}
	london := func(entries, faults string, programmes ...string) {
		t.Helper()
		f("Europe/London", "20261025", entries, faults, programmes...)
	}
	// London: 01:00 to 02:00 is 00:00 to 01:00 and 01:00 to 02:00 UTC.
	london("23:30-00:00 A, 00:00-00:30 B, 00:30-01:00 C, 01:00-01:30 D, 01:30-02:00 E, 02:00-03:00 F", "",
		"@0030 @0100 A", "@0100 @0130 B", "@0130 @0100 C", "@0100 @0130 D", "@0130 @0200 E", "@0200 @0300 F")
	london("23:30-00:00 A, 00:00-00:30 B, 00:30-01:00 C, 01:00-01:30 D, 01:30-02:00 E", "no_end 7",
		"@0030 - A", "@0100 - B", "@0130 - C", "@0100 - D", "@0130 - E", "@0200 - F")
	london("23:00-00:00 A, 00:00-02:00 B, 02:00-03:00 C", "", "@0000 @0100 A", "@0100 @0200 B", "@0200 @0300 C")
	london("23:00-00:00 A, 00:00-01:00 B, 01:00-02:00 C", "", "@0000 @0100 A", "@0100 @0100 B", "@0100 @0200 C")
	london("00:30-01:15 A", "", "@0130 @0115 A")
	london("00:45-01:45 A, 01:45-03:00 B", "", "@0145 @0145 A", "@0145 @0300 B")
	london("00:00-00:30 A, 00:30-01:00 B, 01:00-02:00 C", "duplicate 4", "@0100 @0130 A", "@0130 @0100 B", "@0130 @0100 B", "@0100 @0200 C")
	london("00:00-01:00 A, 01:00-02:00 B", "", `@0100 @0200 A|clumpidx="0/2"`, `@0100 @0200 B|clumpidx="1/2"`)
	// What began after both readings says nothing.
	london("00:00-00:30 B, 00:30-01:00 C, 02:00-03:00 A", "", "@0200 @0300 A", "@0100 @0130 B", "@0130 @0100 C")
	// New York: 01:00 to 02:00 is 05:00 to 06:00 and 06:00 to 07:00 UTC.
	f("America/New_York", "20261101", "04:30-05:00 A, 05:00-05:30 B, 05:30-06:00 C, 06:00-06:30 D, 06:30-07:00 E, 07:00-08:00 F", "",
		"@0030 @0100 A", "@0100 @0130 B", "@0130 @0100 C", "@0100 @0130 D", "@0130 @0200 E", "@0200 @0300 F")
}

// In the night when they go forward an hour is never shown.
func TestSettleWhenClocksGoForward(t *testing.T) {
	f := func(zone, day, entries, faults string, programmes ...string) {
		t.Helper()
		for i := range programmes {
			programmes[i] = strings.ReplaceAll(programmes[i], "@", day)
		}
		gotEntries, gotFaults := settle(t, zoneOf(t, zone), programmes...)
		if gotEntries != entries || gotFaults != faults {
			t.Errorf("%s: %s; %s\nwant %s; %s", zone, gotEntries, gotFaults, entries, faults)
		}
	}
	// London: 01:00 to 02:00 doesn't exist.
	f("Europe/London", "20260329", "00:00-01:00 A, 01:00-02:00 B", "", "@0000 @0200 A", "@0200 @0300 B")
	f("Europe/London", "20260329", "00:00-01:00 A, 01:00-02:00 B", "", "@0000 @0100 A", "@0200 @0300 B")
	f("Europe/London", "20260329", "00:30-01:00 A, 01:00-01:30 B, 01:30-02:00 C", "", "@0030 @0100 A", "@0100 @0230 B", "@0230 @0300 C")
	f("Europe/London", "20260329", "00:00-01:00 A, 01:00-02:00 C", "zero_length 3", "@0000 @0100 A", "@0100 @0200 B", "@0200 @0300 C")
	// New York: 02:00 to 03:00 doesn't.
	f("America/New_York", "20260308", "06:00-07:00 A, 07:00-08:00 B", "", "@0100 @0200 A", "@0300 @0400 B")
	f("America/New_York", "20260308", "06:30-07:00 A, 07:00-07:30 B", "", "@0130 @0200 A", "@0200 @0330 B")
}

// Whatever the programmes, each becomes an entry or a fault.
func TestSettleAnything(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		ps := make([]Programme, random.IntN(12))
		for i := range ps {
			p := Programme{Line: int64(i), Titles: []Text{{Value: string(rune('A' + random.IntN(3)))}}, Start: Moment{At: random.Int64N(10) * 600}}
			if random.IntN(4) == 0 {
				p.Start.Later = p.Start.At + 3600
			}
			switch random.IntN(3) {
			case 0:
				p.Stop = &Moment{At: random.Int64N(10) * 600}
			case 1:
				p.Length = random.Int64N(3) * 600
			}
			if random.IntN(3) == 0 {
				p.Part, p.Parts = random.IntN(2), 2
			}
			ps[i] = p
		}
		checkSettled(t, ps)
		a, af := Settle(ps, "")
		b, bf := Settle(ps, "")
		if !reflect.DeepEqual(a, b) || !reflect.DeepEqual(af, bf) {
			t.Fatal("the same programmes are settled in two ways")
		}
	}
}

// A programme that is skipped although its start is known still ends the one before it, and is nothing else.
func TestSkippedProgrammeEndsTheOneBefore(t *testing.T) {
	f := func(want, faults, skipped string) {
		t.Helper()
		k := read(t, `<tv><programme channel="c" start="202603011800"><title>A</title></programme>`+skipped+
			`<programme channel="c" start="202603012000" stop="202603012100"><title>B</title></programme></tv>`)
		entries, more := k.settled("")
		var all []string
		for _, e := range entries {
			all = append(all, e.Start.Format("15:04")+"-"+e.End.Format("15:04")+" "+e.Title)
		}
		if got := strings.Join(all, ", "); got != want || codes(more) != faults {
			t.Errorf("%s: %s; %s", skipped, got, codes(more))
		}
	}
	const ended, open = "18:00-19:00 A, 20:00-21:00 B", "18:00-20:00 A, 20:00-21:00 B"
	f(open, "", "")
	f(ended, "no_title 1", `<programme channel="c" start="202603011900" stop="202603012000"></programme>`)
	f(ended, "no_title 1, no_title 1", strings.Repeat(`<programme channel="c" start="202603011900"></programme>`, 2))
	f(ended, "invalid_time 1", `<programme channel="c" start="202603011900" stop="tomorrow"><title>X</title></programme>`)
	f(ended, "too_large 1", `<programme channel="c" start="202603011900"><title>X</title>`+strings.Repeat("<x/>", maxElements+1)+`</programme>`)
	f(ended, "zero_length 1", `<programme channel="c" start="202603011900" stop="202603011900"><title>X</title></programme>`)
	f(ended, "too_long 1", `<programme channel="c" start="202603011900" stop="202604011900"><title>X</title></programme>`)
	f(open, "no_title 1", `<programme channel="d" start="202603011900"></programme>`)
	f(open, "no_channel 1", `<programme start="202603011900"><title>X</title></programme>`)
	f(open, "invalid_time 1", `<programme channel="c" start="nineteen"><title>X</title></programme>`)
	f("18:00-20:00 A, 20:00-21:00 B", "no_title 1", `<programme channel="c" start="202603012200"></programme>`)
}
