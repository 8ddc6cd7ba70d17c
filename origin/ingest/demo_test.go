package ingest

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"
)

func TestDemoFilmsAreCompleteAndWithinLimits(t *testing.T) {
	for _, f := range Demo() {
		if reason := demoFault(&f); reason != "" {
			t.Errorf("%s: %s", f.Key, reason)
		}
	}
}

// demoFault says what a curated film lacks beyond the limits of every film.
func demoFault(f *Film) string {
	silent := slices.Contains(f.Genres, "silent")
	roles := map[string]int{}
	for i, c := range f.Cast {
		roles[c.Role]++
		if c.SortOrder != i+1 {
			return "cast out of order"
		}
	}
	sentences := len(sentenceEnd.FindAllString(f.Synopsis, -1))
	switch {
	case f.fault() != "":
		return f.fault()
	case !regexp.MustCompile(`^demo:[a-z0-9-]+-\d{4}$`).MatchString(f.Key):
		return "key"
	case f.RuntimeMinutes < 40 || f.ContentRating == "" || !f.Published:
		return "can't be published"
	case len(f.Genres) == 0 || len(f.CountryOfOrigin) == 0 || len(f.SubtitleLanguages) == 0:
		return "no genre, country or subtitles"
	case silent != (len(f.AudioLanguages) == 0):
		return "silent films have no audio language, others have"
	case roles["director"] == 0 || len(f.Cast) < 3:
		return "no director or too few credits"
	case sentences < 2 || sentences > 4:
		return "synopsis is not of 2–4 sentences"
	case f.Tagline == "" || len(f.Tagline) > 100:
		return "tagline"
	case f.OriginalTitle == f.Title:
		return "original title equals the title"
	}
	return languageFault(f)
}

var sentenceEnd = regexp.MustCompile(`[.?!](\s|$)`)

func languageFault(f *Film) string {
	for _, tag := range slices.Concat(f.AudioLanguages, f.SubtitleLanguages) {
		if parsed, err := language.Parse(tag); err != nil || !strings.EqualFold(parsed.String(), tag) {
			return "language " + tag + " is not canonical BCP-47"
		}
	}
	return ""
}

func TestDemoIsBroadAndWithoutRepeats(t *testing.T) {
	films := Demo()
	keys, titles := map[string]bool{}, map[string]bool{}
	decades, languages, countries := map[int]bool{}, map[string]bool{}, map[string]bool{}
	for _, f := range films {
		if keys[f.Key] || titles[f.Title] {
			t.Errorf("%s occurs twice", f.Key)
		}
		keys[f.Key], titles[f.Title] = true, true
		decades[f.ReleaseYear/10] = true
		for _, l := range f.AudioLanguages {
			languages[l] = true
		}
		for _, c := range f.CountryOfOrigin {
			countries[c] = true
		}
	}
	if len(films) < 80 || len(decades) != 11 || len(languages) < 25 || len(countries) < 40 {
		t.Errorf("%d films, %d decades, %d languages, %d countries", len(films), len(decades), len(languages), len(countries))
	}
}

func TestDemoIsSortedByYear(t *testing.T) {
	if !slices.IsSortedFunc(Demo(), func(a, b Film) int { return a.ReleaseYear - b.ReleaseYear }) {
		t.Error("the oldest film does not come first")
	}
}
