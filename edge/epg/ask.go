package epg

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"
	"time"

	"encora/shared/fault"
)

// Limits of the contract.
const (
	MaxChannels  = 50
	MaxWindow    = 7 * DaySeconds
	maxLimit     = 100
	defaultLimit = 20
)

// Ask is what a request asks for.
type Ask struct {
	Channels   []ID  // as given
	Start, End int64 // Unix seconds; a window of the schedule
	Limit      int   // of the schedule
	Cursor     string
}

// ReadPlain reads the query of what's-on when it is plain: channel_ids in their usual form, separated by commas or repeated,
// and nothing that is encoded in another way. It allocates nothing once Channels has grown. false says nothing about the query but that
// Read must judge it.
func (a *Ask) ReadPlain(query []byte) bool {
	a.Channels = a.Channels[:0]
	for len(query) > 0 {
		var pair []byte
		pair, query, _ = bytes.Cut(query, ampersand)
		name, value, _ := bytes.Cut(pair, equals)
		if string(name) == "channel_ids" {
			if !a.readIDs(value) {
				return false
			}
		} else if bytes.ContainsAny(name, "%+") || bytes.IndexByte(pair, ';') >= 0 || bytes.IndexByte(value, '%') >= 0 {
			return false
		}
	}
	return len(a.Channels) > 0
}

var ampersand, equals = []byte("&"), []byte("=")

// readIDs reads a list of ids.
func (a *Ask) readIDs(list []byte) bool {
	const size = 36
	for {
		if len(list) < size || len(a.Channels) == MaxChannels {
			return false
		}
		id, ok := ParseID(list[:size])
		if !ok {
			return false
		}
		a.Channels = append(a.Channels, id)
		switch list = list[size:]; {
		case len(list) == 0:
			return true
		case list[0] == ',':
			list = list[1:]
		case len(list) > 2 && list[0] == '%' && list[1] == '2' && list[2]|0x20 == 'c':
			list = list[3:]
		default:
			return false
		}
	}
}

// Read reads a query and says everything that is wrong with it. schedule is whether a window and a page are asked for.
func Read(query string, schedule bool) (*Ask, []fault.Detail) {
	given, err := url.ParseQuery(query)
	if err != nil {
		return &Ask{}, []fault.Detail{{Field: "query", Code: "malformed", Message: "The query string is not valid percent-encoding."}}
	}
	r := reading{given: given}
	a := &Ask{Channels: r.ids()}
	if schedule {
		r.window(a)
		r.page(a)
	}
	return a, r.wrong
}

// reading collects faults.
type reading struct {
	given url.Values
	wrong []fault.Detail
}

func (r *reading) fault(field, code, message string) {
	r.wrong = append(r.wrong, fault.Detail{Field: field, Code: code, Message: message})
}

// one is a parameter's only value.
func (r *reading) one(name string) (string, bool) {
	switch values := r.given[name]; len(values) {
	case 0:
		return "", false
	case 1:
		return values[0], true
	}
	r.fault(name, "repeated", "Expected one value.")
	return "", false
}

func (r *reading) ids() []ID {
	var all []ID
	count := 0
	for _, list := range r.given["channel_ids"] {
		for text := range strings.SplitSeq(list, ",") {
			if text == "" {
				continue
			}
			count++
			id, ok := ParseID(text)
			if !ok {
				r.fault("channel_ids", "invalid_format", "Expected UUIDs.")
				return nil
			}
			if count <= MaxChannels {
				all = append(all, id)
			}
		}
	}
	switch {
	case count == 0:
		r.fault("channel_ids", "required", "Expected 1 to 50 channel ids.")
	case count > MaxChannels:
		r.fault("channel_ids", "too_many", "Expected at most 50 channel ids.")
	}
	return all
}

func (r *reading) window(a *Ask) {
	start, one := r.instant("start_time")
	end, two := r.instant("end_time")
	if !one || !two {
		return
	}
	switch length := end.Sub(start); {
	case length <= 0:
		r.fault("end_time", "out_of_range", "The window must end after it begins.")
	case length > MaxWindow*time.Second:
		r.fault("end_time", "out_of_range", "The window is 7 days at most.")
	}
	// What overlaps [start, end) overlaps it in whole seconds, too, since programmes begin and end with them: one that
	// begins within the window's last second does, one that ends within its first doesn't.
	a.Start, a.End = start.Unix(), end.Unix()
	if end.Nanosecond() > 0 {
		a.End++
	}
}

func (r *reading) instant(name string) (time.Time, bool) {
	text, given := r.one(name)
	if !given {
		if len(r.given[name]) == 0 {
			r.fault(name, "required", "Expected a time of RFC 3339.")
		}
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		r.fault(name, "invalid_format", "Expected a time of RFC 3339, such as 2026-01-31T20:15:00Z.")
		return time.Time{}, false
	}
	if at = at.UTC(); at.Year() < 1 || at.Year() > 9999 {
		r.fault(name, "out_of_range", "Expected a year from 1 to 9999 in UTC.")
		return time.Time{}, false
	}
	return at, true
}

func (r *reading) page(a *Ask) {
	a.Cursor, _ = r.one("cursor")
	a.Limit = defaultLimit
	text, given := r.one("limit")
	if !given {
		return
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxLimit {
		r.fault("limit", "out_of_range", "Expected a whole number from 1 to 100.")
	}
	a.Limit = n
}
