package listings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/text/language"

	"encora/origin/vocab"
)

// problem says why an object is no programme.
type problem struct{ code, message string }

func invalid(field, expected string) *problem {
	return &problem{FaultInvalidField, field + ": expected " + expected + "."}
}

// decode reads an object of the contract's. Nothing is guessed: a field that is unknown, of the wrong type or out of its
// limits is a problem.
func (p *Programme) decode(object []byte) *problem {
	var seen []string
	problem := eachField(object, func(name string, value json.RawMessage) *problem {
		seen = append(seen, name)
		return p.field(name, value)
	})
	if problem != nil {
		return problem
	}
	return missing(seen)
}

// missing is the first required field that an object doesn't have.
func missing(seen []string) *problem {
	for _, required := range []struct{ field, code string }{
		{"channel_id", FaultNoChannel}, {"title", FaultNoTitle}, {"start_time", FaultNoStart}, {"end_time", FaultNoEnd},
	} {
		if !slices.Contains(seen, required.field) {
			return &problem{required.code, required.field + ": is required."}
		}
	}
	return nil
}

// eachField calls do for each field of an object, which must be well-formed JSON, until there is a problem.
func eachField(object []byte, do func(name string, value json.RawMessage) *problem) *problem {
	d := json.NewDecoder(bytes.NewReader(object))
	if begin, _ := d.Token(); begin != json.Delim('{') {
		return &problem{FaultInvalidField, "Expected an object."}
	}
	seen := map[string]bool{}
	for d.More() {
		name, _ := d.Token() // it is well-formed
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return &problem{FaultInvalidField, err.Error()}
		}
		field := fmt.Sprint(name)
		if seen[field] {
			return &problem{FaultInvalidField, quote(field) + ": stands twice."}
		}
		seen[field] = true
		if problem := do(field, value); problem != nil {
			return problem
		}
	}
	return nil
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
		return id(name, value, &p.LinkedVODID)
	case "id":
		return id(name, value, &p.ID)
	case "catchup_blocked":
		return decode(name, value, &p.CatchupBlocked, "true or false")
	case "is_live", "is_catchup_available", "catchup_expires_at", "duration_minutes":
		return nil
	}
	return &problem{FaultUnknownField, quote(name) + ": is no field of a programme."}
}

// decode reads a value of the type of the target. null is of none.
func decode(name string, value json.RawMessage, target any, expected string) *problem {
	if string(value) == "null" || json.Unmarshal(value, target) != nil {
		return invalid(name, expected)
	}
	return nil
}

// one reads a text of so many characters; a blank one has the code empty, unless that is "".
func one(name string, value json.RawMessage, target *string, limit int, empty string) *problem {
	expected := fmt.Sprintf("a text of at most %d characters, without control characters", limit)
	var text string
	if problem := decode(name, value, &text, expected); problem != nil {
		return problem
	}
	*target = strings.TrimSpace(text)
	switch {
	case *target == "" && empty != "":
		return &problem{empty, name + ": is empty."}
	case !acceptable(text) || utf8.RuneCountInString(*target) > limit:
		*target = ""
		return invalid(name, expected)
	}
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
	expected := "one of " + strings.Join(contentRatings, ", ")
	if problem := decode(name, value, &p.Rating, expected); problem != nil {
		return problem
	}
	if !slices.Contains(contentRatings, p.Rating) {
		return invalid(name, expected)
	}
	return nil
}

func (p *Programme) tag(name string, value json.RawMessage) *problem {
	const expected = "a BCP-47 language tag"
	if problem := decode(name, value, &p.Language, expected); problem != nil {
		return problem
	}
	if _, err := language.Parse(p.Language); err != nil {
		return invalid(name, expected)
	}
	return nil
}

// moment reads a time, of which fractions of a second don't count.
func moment(name string, value json.RawMessage, target *Moment) *problem {
	var text string
	if problem := decode(name, value, &text, "a time"); problem != nil {
		return problem
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Year() < firstYear || at.Year() > lastYear {
		return &problem{FaultInvalidTime, fmt.Sprintf("%s: %s is no time: expected one like 2006-01-02T15:04:05Z.", name, quote(text))}
	}
	*target = Moment{At: at.Unix()}
	return nil
}

// number reads a season's or an episode's, which may be null.
func number(name string, value json.RawMessage, target **int) *problem {
	if string(value) == "null" {
		return nil
	}
	expected := fmt.Sprintf("a whole number from 0 to %d, or null", maxNumber)
	if problem := decode(name, value, target, expected); problem != nil {
		return problem
	}
	if **target < 0 || **target > maxNumber {
		return invalid(name, expected)
	}
	return nil
}

func (p *Programme) tags(name string, value json.RawMessage) *problem {
	var values []json.RawMessage
	expected := fmt.Sprintf("at most %d texts", maxCategories)
	if problem := decode(name, value, &values, expected); problem != nil {
		return problem
	}
	if len(values) > maxCategories {
		return invalid(name, expected)
	}
	for i, v := range values {
		var text string
		if problem := one(fmt.Sprintf("%s[%d]", name, i), v, &text, maxCategory, FaultInvalidField); problem != nil {
			return problem
		}
		if !slices.Contains(p.Categories, text) {
			p.Categories = append(p.Categories, text)
		}
	}
	return nil
}

func images(value json.RawMessage, set *vocab.ImageSet) *problem {
	fields := map[string]*string{
		"poster_url": &set.PosterURL, "backdrop_url": &set.BackdropURL, "thumbnail_url": &set.ThumbnailURL,
		"logo_url": &set.LogoURL, "banner_url": &set.BannerURL,
	}
	return eachField(value, func(name string, value json.RawMessage) *problem {
		target, known := fields[name]
		if !known {
			return &problem{FaultUnknownField, quote("images."+name) + ": is no picture of a programme."}
		}
		const expected = "an absolute http(s) URL of at most 2048 bytes"
		if problem := decode("images."+name, value, target, expected); problem != nil {
			return problem
		}
		if !isWebAddress(*target) {
			return invalid("images."+name, expected)
		}
		return nil
	})
}

func id(name string, value json.RawMessage, target **uuid.UUID) *problem {
	var text string
	if problem := decode(name, value, &text, "a UUID"); problem != nil {
		return problem
	}
	parsed, err := uuid.Parse(text)
	if err != nil || len(text) != len(uuid.UUID{}.String()) {
		return invalid(name, "a UUID")
	}
	*target = &parsed
	return nil
}
