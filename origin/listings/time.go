package listings

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones by name, on machines without their files too
)

// A year outside of these is no year of television.
const firstYear, lastYear = 1900, 2199

var outOfYears = fmt.Sprintf("is out of range: expected a year from %d to %d", firstYear, lastYear)

func yearOut(year int) bool { return year < firstYear || year > lastYear }

// zoneOffsets are zones by their usual abbreviations, in seconds east of Greenwich. Where several zones share one, it is the
// one that listings mean: BST is British, CST and AST are American. IST is not here: India, Ireland and Israel all use it.
var zoneOffsets = map[string]int{
	"Z": 0, "UTC": 0, "UT": 0, "GMT": 0, "WET": 0, "WEST": 3600, "BST": 3600, "CET": 3600, "CEST": 7200, "MET": 3600,
	"MEST": 7200, "MEZ": 3600, "MESZ": 7200, "EET": 7200, "EEST": 10800, "MSK": 10800, "MSD": 14400, "TRT": 10800,
	"SAST": 7200, "SGT": 28800, "HKT": 28800, "AWST": 28800, "JST": 32400, "KST": 32400, "ACST": 34200, "ACDT": 37800,
	"AEST": 36000, "AEDT": 39600, "NZST": 43200, "NZDT": 46800, "NST": -12600, "NDT": -9000, "AST": -14400, "ADT": -10800,
	"EST": -18000, "EDT": -14400, "CST": -21600, "CDT": -18000, "MST": -25200, "MDT": -21600, "PST": -28800,
	"PDT": -25200, "AKST": -32400, "AKDT": -28800, "HST": -36000, "BRT": -10800, "BRST": -7200, "ART": -10800,
}

const maxZones = 200 // of one document, by name; each takes some KiB

// clock reads the times of a document.
type clock struct {
	zone  *time.Location // of times without one; nil is UTC
	zones map[string]*time.Location
}

// timeFault says why a text is no time.
type timeFault struct{ code, message string }

func badTime(code, format string, args ...any) *timeFault {
	return &timeFault{code, fmt.Sprintf(format, args...)}
}

// read reads a time of XMLTV: YYYYMMDDhhmmss or as much of it as gives at least the day, and perhaps a zone.
func (c *clock) read(text []byte) (Moment, *timeFault) {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	if n != 8 && n != 10 && n != 12 && n != 14 {
		return Moment{}, badTime(FaultInvalidTime, "%s is no time: expected YYYYMMDDhhmmss, and a zone such as +0100.",
			quote(string(text)))
	}
	wall, ok := wallClock(text[:n])
	if year, _ := strconv.Atoi(string(text[:4])); yearOut(year) {
		return Moment{}, badTime(FaultInvalidTime, "%s %s.", quote(string(text)), outOfYears)
	}
	if !ok {
		return Moment{}, badTime(FaultInvalidTime, "%s is a time that doesn't exist.", quote(string(text)))
	}
	return c.inZone(wall, text[n:])
}

// wallClock is a time of the clock in Unix seconds, as if it were UTC. Second 60 is the next minute's first, and 24:00:00 is
// the end of the day.
func wallClock(digits []byte) (int64, bool) {
	number := func(from, to int) int {
		n := 0
		for i := from; i < to && i < len(digits); i++ {
			n = n*10 + int(digits[i]-'0')
		}
		return n
	}
	year, month, day := number(0, 4), number(4, 6), number(6, 8)
	hour, minute, second := number(8, 10), number(10, 12), number(12, 14)
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	ok := month >= 1 && month <= 12 && date.Day() == day &&
		minute <= 59 && second <= 60 && (hour <= 23 || hour == 24 && minute == 0 && second == 0)
	return date.Unix() + int64(hour*3600+minute*60+second), ok
}

// inZone is a time of the clock in the zone that the rest of the text names.
func (c *clock) inZone(wall int64, rest []byte) (Moment, *timeFault) {
	name := strings.TrimSpace(string(rest))
	if name == "" {
		return inLocation(wall, c.zone), nil
	}
	if offset, ok := parseOffset(name); ok {
		return Moment{At: wall - int64(offset)}, nil
	}
	if offset, ok := zoneOffsets[strings.ToUpper(name)]; ok {
		return Moment{At: wall - int64(offset)}, nil
	}
	zone := c.location(name)
	if zone == nil {
		return Moment{}, badTime(FaultUnknownZone, "The time zone %s is not known.", quote(name))
	}
	return inLocation(wall, zone), nil
}

// parseOffset reads +hh, +hhmm and +hh:mm, in seconds.
func parseOffset(text string) (int, bool) {
	digits := strings.Replace(text[1:], ":", "", 1)
	if text[0] != '+' && text[0] != '-' || len(digits) != 2 && len(digits) != 4 || len(digits) == 2 && len(text) != 3 ||
		len(text) == 6 && text[3] != ':' {
		return 0, false
	}
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	digits += "00"
	hours, minutes := int(digits[0]-'0')*10+int(digits[1]-'0'), int(digits[2]-'0')*10+int(digits[3]-'0')
	seconds := hours*3600 + minutes*60
	if text[0] == '-' {
		seconds = -seconds
	}
	return seconds, hours <= 14 && minutes <= 59
}

// location is a zone of the IANA database, nil if it has none of that name.
func (c *clock) location(name string) *time.Location {
	zone, known := c.zones[name]
	if known || !strings.Contains(name, "/") || len(name) > 64 || len(c.zones) == maxZones {
		return zone
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		zone = nil
	}
	c.zones[name] = zone
	return zone
}

// inLocation finds the readings of a time of the clock. One that the clocks skip is read by the offset after, which gives
// the earlier instant, and by the offset before, which gives the later.
func inLocation(wall int64, zone *time.Location) Moment {
	if zone == nil || zone == time.UTC {
		return Moment{At: wall}
	}
	const day = 24 * 3600
	before, after := offsetAt(wall-day, zone), offsetAt(wall+day, zone)
	early, late := wall-max(before, after), wall-min(before, after)
	if early == late {
		return Moment{At: early}
	}
	isEarly, isLate := wall-offsetAt(early, zone) == early, wall-offsetAt(late, zone) == late
	switch {
	case isEarly && !isLate:
		return Moment{At: early}
	case isLate && !isEarly:
		return Moment{At: late}
	}
	return Moment{At: early, Later: late}
}

func offsetAt(unix int64, zone *time.Location) int64 {
	_, offset := time.Unix(unix, 0).In(zone).Zone()
	return int64(offset)
}
