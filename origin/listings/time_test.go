package listings

import (
	"strings"
	"testing"
	"time"
)

func zoneOf(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestTimes(t *testing.T) {
	paris := zoneOf(t, "Europe/Paris")
	f := func(text, want string) {
		t.Helper()
		c := clock{paris, map[string]*time.Location{}}
		m, bad := c.read([]byte(text))
		got := time.Unix(m.At, 0).UTC().Format("2006-01-02T15:04:05Z")
		if bad != nil {
			got = bad.code
		}
		if got != want || m.Later != 0 {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	f("20260301180102 +0000", "2026-03-01T18:01:02Z")
	// Shortened.
	f("202603011801 +0000", "2026-03-01T18:01:00Z")
	f("2026030118 +0000", "2026-03-01T18:00:00Z")
	f("20260301 +0000", "2026-03-01T00:00:00Z")
	for _, short := range []string{"", "2026", "202603", "2026030", "202603011", "20260301180", "2026030118010", "202603011801022", "x", "+0100", "2026-03-01T18:00:00Z"} {
		f(short, "invalid_time")
	}
	// Offsets.
	f("20260301180000+0100", "2026-03-01T17:00:00Z")
	f("20260301180000   +01:00", "2026-03-01T17:00:00Z")
	f("20260301180000 -0330", "2026-03-01T21:30:00Z")
	f("20260301180000 -03:30", "2026-03-01T21:30:00Z")
	f("20260301180000 +05", "2026-03-01T13:00:00Z")
	f("20260301180000 +1400", "2026-03-01T04:00:00Z")
	for _, none := range []string{"+1500", "+0160", "+1", "+100", "+01000", "+01:0", "+0:100", "+", "-", "+ab", "+:0100", "+01:", "0100", "+0100 x"} {
		f("20260301180000 "+none, "unknown_zone")
	}
	// Names.
	f("20260301180000 Z", "2026-03-01T18:00:00Z")
	f("20260301180000Z", "2026-03-01T18:00:00Z")
	f("20260301180000 UTC", "2026-03-01T18:00:00Z")
	f("20260301180000 gmt", "2026-03-01T18:00:00Z")
	f("20010829000500 BST", "2001-08-28T23:05:00Z")
	f("20260301180000 CET", "2026-03-01T17:00:00Z")
	f("20260301180000 CEST", "2026-03-01T16:00:00Z")
	f("20260301180000 EET", "2026-03-01T16:00:00Z")
	f("20260301180000 EEST", "2026-03-01T15:00:00Z")
	f("20260301180000 MSK", "2026-03-01T15:00:00Z")
	f("20260301180000 EST", "2026-03-01T23:00:00Z")
	f("20260301180000 EDT", "2026-03-01T22:00:00Z")
	f("20260301180000 PST", "2026-03-02T02:00:00Z")
	f("20260301180000 NST", "2026-03-01T21:30:00Z")
	f("20260301180000 Europe/London", "2026-03-01T18:00:00Z")
	f("20260701180000 Europe/London", "2026-07-01T17:00:00Z")
	f("20260701180000 America/New_York", "2026-07-01T22:00:00Z")
	for _, none := range []string{"IST", "XYZ", "Local", "Europe", "Europe/Atlantis", "../etc/passwd", "/etc/localtime", strings.Repeat("a/", 100)} {
		f("20260301180000 "+none, "unknown_zone")
	}
	// None: the document's.
	f("20260301180000", "2026-03-01T17:00:00Z")
	f("20260701180000 ", "2026-07-01T16:00:00Z")
	f("20260701", "2026-06-30T22:00:00Z")
	// Dates that don't exist, and ends of days and minutes.
	for _, none := range []string{"20260230", "20261301", "20260001", "20260100", "20250229", "2026030125", "202603012460", "20260301240001", "202603012401",
		"20260301186000", "20260301180061", "00000101", "18991231", "22000101"} {
		f(none+" Z", "invalid_time")
	}
	f("20240229 Z", "2024-02-29T00:00:00Z")
	f("20260228240000 Z", "2026-03-01T00:00:00Z")
	f("2026022824 Z", "2026-03-01T00:00:00Z")
	f("20161231235960 Z", "2017-01-01T00:00:00Z")
}

func TestTimesWithTwoReadings(t *testing.T) {
	f := func(zone, text, early, late string) {
		t.Helper()
		c := clock{zones: map[string]*time.Location{}}
		m, bad := c.read([]byte(text + " " + zone))
		if bad != nil {
			t.Fatal(bad)
		}
		at := func(unix int64) string { return time.Unix(unix, 0).UTC().Format("15:04") }
		if at(m.At) != early || m.Later == 0 != (late == "") || late != "" && at(m.Later) != late {
			t.Errorf("%s %s: %s, %s (%d)", text, zone, at(m.At), at(m.Later), m.Later)
		}
	}
	f("Europe/London", "202610250059", "23:59", "")
	f("Europe/London", "202610250100", "00:00", "01:00")
	f("Europe/London", "202610250159", "00:59", "01:59")
	f("Europe/London", "202610250200", "02:00", "")
	f("Europe/London", "202603290059", "00:59", "")
	f("Europe/London", "202603290100", "00:00", "01:00")
	f("Europe/London", "202603290159", "00:59", "01:59")
	f("Europe/London", "202603290200", "01:00", "")
	f("America/New_York", "202611010059", "04:59", "")
	f("America/New_York", "202611010100", "05:00", "06:00")
	f("America/New_York", "202611010200", "07:00", "")
	f("America/New_York", "202603080159", "06:59", "")
	f("America/New_York", "202603080230", "06:30", "07:30")
	f("America/New_York", "202603080300", "07:00", "")
	f("Australia/Lord_Howe", "202604050145", "14:45", "15:15") // half an hour
}

// As many zones as a document likes are no more than a few looked up.
func TestZonesThatAreRememberedAreBounded(t *testing.T) {
	c := clock{zones: map[string]*time.Location{}}
	for i := range 3 * maxMemo {
		c.location(strings.Repeat("x", i%50) + "/" + strings.Repeat("y", i/50))
	}
	if len(c.zones) != maxZones {
		t.Error(len(c.zones))
	}
	l := languages{}
	for i := range 3 * maxMemo {
		l.of([]byte(strings.Repeat("x", i%50) + "-" + strings.Repeat("y", i/50)))
	}
	if len(l) != maxMemo {
		t.Error(len(l))
	}
}

func TestYearsOutOfRangeAreNamed(t *testing.T) {
	c := clock{nil, map[string]*time.Location{}}
	for text, want := range map[string]string{"18991231": "a year from 1900 to 2199", "22000101000000": "a year from 1900 to 2199", "20260230": "doesn't exist"} {
		if _, bad := c.read([]byte(text)); bad == nil || !strings.Contains(bad.message, want) {
			t.Errorf("%s: %v", text, bad)
		}
	}
	var p Programme
	if bad := p.field("start_time", []byte(`"2200-01-01T00:00:00Z"`)); bad == nil || !strings.Contains(bad.message, "a year from 1900 to 2199") {
		t.Errorf("in JSON: %v", bad)
	}
}
