// Package vocab is what content of every kind has in common: artwork, rules, addresses, and how they are checked.
package vocab

import (
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"encora/shared/fault"
	"encora/shared/territory"
)

// ImageSet is a title's artwork. URLs are absolute, immutable and cache-safe.
type ImageSet struct {
	PosterURL    string `json:"poster_url,omitempty" format:"uri" maxLength:"2048"`
	BackdropURL  string `json:"backdrop_url,omitempty" format:"uri" maxLength:"2048"`
	ThumbnailURL string `json:"thumbnail_url,omitempty" format:"uri" maxLength:"2048"`
	LogoURL      string `json:"logo_url,omitempty" format:"uri" maxLength:"2048"`
	BannerURL    string `json:"banner_url,omitempty" format:"uri" maxLength:"2048"`
}

// CastMember is a person's part in a film or show.
type CastMember struct {
	Name          string `json:"name" minLength:"1" maxLength:"200" pattern:"^[^\\r\\n]*\\S[^\\r\\n]*$" patternDescription:"a text on one line that is not blank"`
	Role          string `json:"role" enum:"actor,director,writer,producer,host,guest"`
	CharacterName string `json:"character_name,omitempty" maxLength:"200"`
	ImageURL      string `json:"image_url,omitempty" format:"uri" maxLength:"2048"`
	SortOrder     int    `json:"sort_order,omitempty" minimum:"0" maximum:"100000"`
}

// GeoRestrictionRef is the first rule, by id, that is attached to a title.
type GeoRestrictionRef struct {
	RuleID      uuid.UUID `json:"rule_id"`
	Policy      string    `json:"policy" enum:"allow_list,block_list"`
	Territories []string  `json:"territories"`
}

// GeoRestriction names the rule to attach; of what a read shows, only rule_id counts.
type GeoRestriction struct {
	RuleID      uuid.UUID `json:"rule_id"`
	Policy      string    `json:"policy,omitempty" enum:"allow_list,block_list"`
	Territories []string  `json:"territories,omitempty"`
}

// Faults collects what is wrong with a body beyond what its schema says.
type Faults []fault.Detail

// Add adds one.
func (f *Faults) Add(field, code, message string) {
	*f = append(*f, fault.Detail{Field: field, Code: code, Message: message})
}

// URL wants an absolute http(s) URL, or nothing.
func (f *Faults) URL(field, text string) {
	if text == "" {
		return
	}
	if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		f.Add(field, "invalid_format", "Expected an absolute http(s) URL.")
	}
}

// Images wants URLs in an image set.
func (f *Faults) Images(field string, s ImageSet) {
	f.URL(field+".poster_url", s.PosterURL)
	f.URL(field+".backdrop_url", s.BackdropURL)
	f.URL(field+".thumbnail_url", s.ThumbnailURL)
	f.URL(field+".logo_url", s.LogoURL)
	f.URL(field+".banner_url", s.BannerURL)
}

// Language wants a BCP-47 tag, or nothing.
func (f *Faults) Language(field, tag string) {
	if tag == "" {
		return
	}
	if _, err := language.Parse(tag); err != nil {
		f.Add(field, "invalid_format", "Expected a BCP-47 language tag.")
	}
}

// Languages wants a BCP-47 tag in every place.
func (f *Faults) Languages(field string, tags []string) {
	for i, tag := range tags {
		if _, err := language.Parse(tag); err != nil {
			f.Add(field+"["+strconv.Itoa(i)+"]", "invalid_format", "Expected a BCP-47 language tag.")
		}
	}
}

// Countries wants an ISO 3166-1 alpha-2 code in every place.
func (f *Faults) Countries(field string, codes []string) {
	for i, code := range codes {
		if !territory.Valid(code) {
			f.Add(field+"["+strconv.Itoa(i)+"]", "not_allowed", "Expected an ISO 3166-1 alpha-2 code in capitals.")
		}
	}
}

// Cast wants URLs of the members' images.
func (f *Faults) Cast(field string, cast []CastMember) {
	for i, c := range cast {
		f.URL(field+"["+strconv.Itoa(i)+"].image_url", c.ImageURL)
	}
}

// Date wants a day that a calendar has, which the schema has checked, from the year 1 on, or nothing.
func (f *Faults) Date(field, day string) {
	if strings.HasPrefix(day, "0000-") {
		f.Add(field, "out_of_range", "Expected a year from 1 to 9999.")
	}
}

// Period wants days in their order; one that is not given is none.
func (f *Faults) Period(from, to, first, last string) {
	f.Date(from, first)
	f.Date(to, last)
	if first != "" && last != "" && last < first {
		f.Add(to, "out_of_range", "Expected a day that is not before "+from+".")
	}
}

// Slug makes the part of an address from a title: ASCII letters and digits, words joined by hyphens. A title without any
// (七人の侍) gives the other text.
func Slug(title, other string) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFKD.String(strings.ToLower(title)) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r) || r == '\'' || r == '’':
		default:
			gap = true
		}
		if b.Len() >= 80 {
			break
		}
	}
	if b.Len() == 0 {
		return other
	}
	return b.String()
}

// Words are those of a search's text: letters, digits and their marks.
func Words(q string) []string {
	return strings.FieldsFunc(q, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
}

// Some makes an empty list of an absent one.
func Some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Instant is a time as Postgres keeps it.
func Instant(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC().Truncate(time.Microsecond)
	return &u
}

// Emitter is the part of a write that tells caches.
type Emitter interface {
	Emit(tags ...string)
	EmitHard(tags ...string)
}

// Emit tells caches of a change, or, when it is hard, that something was taken away.
func Emit(w Emitter, hard bool, tags ...string) {
	if hard {
		w.EmitHard(tags...)
	} else {
		w.Emit(tags...)
	}
}
