package listings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/text/language"

	"encora/origin/vocab"
)

const (
	maxFields = 100 // of one object
	maxTags   = 100 // categories, as the API has it
)

// problem says why an object is no programme.
type problem struct{ code, message string }

func invalid(field, expected string) *problem {
	return &problem{FaultInvalidField, field + ": expected " + expected + "."}
}

// decode reads an object of the contract's. Nothing is guessed: a field that is unknown, of the wrong type or out of its
// limits is a problem.
func (p *Programme) decode(object []byte) *problem {
	var first *problem
	started := false
	whole := eachField(object, func(name string, value json.RawMessage) *problem {
		started = started || name == "start_time"
		if problem := p.field(name, value); first == nil {
			first = problem
		}
		return nil // go on: the fault should name the channel
	})
	switch {
	case first != nil:
		return first
	case whole != nil:
		return whole
	case p.Channel == "":
		return missing("channel_id", FaultNoChannel)
	case p.Titles == nil:
		return missing("title", FaultNoTitle)
	case !started:
		return missing("start_time", FaultNoStart)
	case p.Stop == nil:
		return missing("end_time", FaultNoEnd)
	}
	return nil
}

func missing(field, code string) *problem { return &problem{code, field + ": is required."} }

// eachField calls do for each field of an object, a well-formed value, until there is a problem. Numbers and other values
// without brackets or quotes end with the object.
func eachField(object []byte, do func(name string, value json.RawMessage) *problem) *problem {
	if object[0] != '{' {
		return &problem{FaultInvalidField, "Expected an object."}
	}
	seen := make([]string, 0, 16)
	for rest := afterSigns(object[1:]); rest[0] != '}'; rest = afterSigns(rest) {
		var key, value []byte
		key, rest = cutValue(rest)
		value, rest = cutValue(afterSigns(rest))
		name, _ := text(key) // it is well-formed
		if slices.Contains(seen, name) {
			return &problem{FaultInvalidField, quote(name) + ": stands twice."}
		}
		if len(seen) == maxFields {
			return &problem{FaultTooLarge, fmt.Sprintf("An object has more than %d fields.", maxFields)}
		}
		seen = append(seen, name)
		if problem := do(name, value); problem != nil {
			return problem
		}
	}
	return nil
}

// afterSigns is what follows blanks, commas and colons.
func afterSigns(text []byte) []byte {
	return bytes.TrimLeft(text, " \n\r\t,:")
}

// cutValue takes the value, or the name of a field, that a part of an object begins with.
func cutValue(text []byte) (value, rest []byte) {
	var e extent
	for i, c := range text {
		if e.ends(c) || c == ':' && !e.quoted && e.depth == 0 {
			return text[:i], text[i:]
		}
	}
	return text, nil
}

// text is the string that a value is.
func text(value []byte) (string, bool) {
	if value[0] != '"' {
		return "", false
	}
	if inner := value[1 : len(value)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return string(inner), true
	}
	var s string
	err := json.Unmarshal(value, &s)
	return s, err == nil
}

// field reads one. What is computed from the clock is ignored, whatever it is.
func (p *Programme) field(name string, value json.RawMessage) *problem {
	switch name {
	case "channel_id":
		return one(name, value, &p.Channel, maxChannel, FaultNoChannel)
	case "title":
		p.Titles = make([]Text, 1)
		return one(name, value, &p.Titles[0].Value, maxTitle, FaultNoTitle)
	case "description":
		p.Descriptions = make([]Text, 1)
		return one(name, value, &p.Descriptions[0].Value, maxDescription, "")
	case "content_rating":
		return p.contentRating(name, value)
	case "language":
		return p.tag(name, value)
	case "start_time":
		return moment(name, value, &p.Start)
	case "end_time":
		p.Stop = new(Moment)
		return moment(name, value, p.Stop)
	case "season_number":
		return number(name, value, &p.Season)
	case "episode_number":
		return number(name, value, &p.Episode)
	case "categories":
		return p.tags(name, value)
	case "images":
		return images(value, &p.Images)
	case "linked_vod_id":
		if string(value) == "null" { // the same as none: what an editor set stays
			return nil
		}
		return id(name, value, &p.LinkedVODID)
	case "id":
		return id(name, value, &p.ID)
	case "catchup_blocked":
		return flag(name, value, &p.CatchupBlocked)
	case "is_live", "is_catchup_available", "catchup_expires_at", "duration_minutes":
		return nil
	}
	return &problem{FaultUnknownField, quote(name) + ": is no field of a programme."}
}

// flag reads true or false.
func flag(name string, value json.RawMessage, target **bool) *problem {
	is := string(value) == "true"
	if !is && string(value) != "false" {
		return invalid(name, "true or false")
	}
	*target = &is
	return nil
}

// one reads a text of so many characters; a blank one has the code empty, unless that is "".
func one(name string, value json.RawMessage, target *string, limit int, empty string) *problem {
	got, ok := text(value)
	got = strings.TrimSpace(got)
	switch {
	case !ok || !acceptable(got) || utf8.RuneCountInString(got) > limit:
		return invalid(name, fmt.Sprintf("a text of at most %d characters, without control characters", limit))
	case got == "" && empty != "":
		return &problem{empty, name + ": is empty."}
	}
	*target = got
	return nil
}

// acceptable reports whether a text is without what the API takes from nobody.
func acceptable(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool {
		return r == utf8.RuneError || unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r'
	}) < 0
}

var contentRatings = []string{"G", "PG", "PG-13", "R", "NC-17", "TV-Y", "TV-G", "TV-PG", "TV-14", "TV-MA", "UNRATED"}

func (p *Programme) contentRating(name string, value json.RawMessage) *problem {
	got, ok := text(value)
	if !ok || !slices.Contains(contentRatings, got) {
		return invalid(name, "one of "+strings.Join(contentRatings, ", "))
	}
	p.Rating = got
	return nil
}

func (p *Programme) tag(name string, value json.RawMessage) *problem {
	got, ok := text(value)
	if _, err := language.Parse(got); !ok || err != nil || len(got) > maxTag {
		return invalid(name, "a BCP-47 language tag")
	}
	p.Language = got
	return nil
}

// moment reads a time, of which fractions of a second don't count.
func moment(name string, value json.RawMessage, target *Moment) *problem {
	got, _ := text(value)
	at, err := time.Parse(time.RFC3339, got)
	if err != nil {
		return &problem{FaultInvalidTime, fmt.Sprintf(
			"%s: %s is no time: expected one like 2006-01-02T15:04:05Z.", name, quote(string(value)))}
	}
	if yearOut(at.Year()) {
		return &problem{FaultInvalidTime, fmt.Sprintf("%s: %s %s.", name, quote(string(value)), outOfYears)}
	}
	*target = Moment{At: at.Unix()}
	return nil
}

// number reads a season's or an episode's, which may be null.
func number(name string, value json.RawMessage, target **int) *problem {
	if string(value) == "null" {
		return nil
	}
	n, err := strconv.Atoi(string(value))
	if err != nil || n < 0 || n > maxNumber {
		return invalid(name, fmt.Sprintf("a whole number from 0 to %d, or null", maxNumber))
	}
	*target = &n
	return nil
}

func (p *Programme) tags(name string, value json.RawMessage) *problem {
	var values []json.RawMessage
	if err := json.Unmarshal(value, &values); err != nil || values == nil || len(values) > maxTags {
		return invalid(name, fmt.Sprintf("at most %d texts", maxTags))
	}
	for i, v := range values {
		var category string
		if problem := one(fmt.Sprintf("%s[%d]", name, i), v, &category, maxCategory, FaultInvalidField); problem != nil {
			return problem
		}
		if !slices.Contains(p.Categories, category) {
			p.Categories = append(p.Categories, category)
		}
	}
	return nil
}

func images(value json.RawMessage, set *vocab.ImageSet) *problem {
	if value[0] != '{' {
		return invalid("images", "an object of URLs")
	}
	fields := map[string]*string{
		"poster_url": &set.PosterURL, "backdrop_url": &set.BackdropURL, "thumbnail_url": &set.ThumbnailURL,
		"logo_url": &set.LogoURL, "banner_url": &set.BannerURL,
	}
	return eachField(value, func(name string, value json.RawMessage) *problem {
		target, known := fields[name]
		if !known {
			return &problem{FaultUnknownField, quote("images."+name) + ": is no picture."}
		}
		got, ok := text(value)
		if !ok || !isWebAddress(got) {
			return invalid("images."+name, "an absolute http(s) URL of at most 2048 bytes")
		}
		*target = got
		return nil
	})
}

func id(name string, value json.RawMessage, target **uuid.UUID) *problem {
	got, _ := text(value)
	parsed, err := uuid.Parse(got)
	if err != nil || len(got) != len("00000000-0000-0000-0000-000000000000") {
		return invalid(name, "a UUID")
	}
	*target = &parsed
	return nil
}
