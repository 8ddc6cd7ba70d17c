package ingest

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"encora/shared/territory"
)

// firstFault is the first of the reasons that is one.
func firstFault(reasons ...string) string {
	for _, reason := range reasons {
		if reason != "" {
			return reason
		}
	}
	return ""
}

func ratingFault(rating string) string {
	if rating != "" && !slices.Contains(ratings, rating) {
		return "unknown content rating " + rating
	}
	return ""
}

// dateFault refuses what is neither empty nor a date of our years.
func dateFault(name, date string) string {
	if date == "" {
		return ""
	}
	t, err := time.Parse(time.DateOnly, date)
	if err != nil || t.Year() < firstYear || t.Year() > lastYear {
		return name + " is no date from 1888 to 2100"
	}
	return ""
}

func castFault(cast []CastMember) string {
	for _, c := range cast {
		if c.Name == "" || !slices.Contains(roles, c.Role) {
			return "credit without a name or a known role"
		}
		if reason := textFault("cast name", c.Name+" "+c.CharacterName, nameMax); reason != "" {
			return reason
		}
	}
	return ""
}

// genresFault refuses genres that are not in the taxonomy, or there not for titles of the content type.
func genresFault(slugs []string, contentType string) string {
	for _, slug := range slugs {
		if !slices.Contains(genres[slug].ContentTypes, contentType) {
			return "unknown genre " + slug
		}
	}
	return ""
}

func countriesFault(codes []string) string {
	for _, code := range codes {
		if !territory.Valid(code) {
			return "unknown country " + code
		}
	}
	return ""
}

// limited is a text, its name and its limit in code points.
type limited struct {
	name, text string
	limit      int
}

// textsFault is the first fault of the texts.
func textsFault(texts ...limited) string {
	for _, t := range texts {
		if reason := textFault(t.name, t.text, t.limit); reason != "" {
			return reason
		}
	}
	return ""
}

// textFault refuses what no honest title, name or synopsis holds, and what players draw wrongly.
func textFault(name, text string, limit int) string {
	if n := utf8.RuneCountInString(text); n > limit {
		return name + " too long"
	}
	if strings.ContainsFunc(text, hostile) {
		return name + " holds control, direction or broken characters"
	}
	return ""
}

// hostile is true for controls and line separators, explicit direction marks (UAX #9: they reorder the text around them),
// private use, and U+FFFD, which stands for something that was broken before.
func hostile(r rune) bool {
	return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Co, r) || r == utf8.RuneError ||
		r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}
