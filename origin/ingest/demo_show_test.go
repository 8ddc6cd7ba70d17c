package ingest

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"
)

func TestDemoSeriesHaveNoUnknownFields(t *testing.T) {
	d := json.NewDecoder(bytes.NewReader(demoSeriesJSON))
	d.DisallowUnknownFields()
	var file []demoShow
	if err := d.Decode(&file); err != nil {
		t.Error(err)
	}
}

func TestDemoShowsAreCompleteAndWithinLimits(t *testing.T) {
	shows := DemoShows(noon)
	if len(shows) != 20 {
		t.Errorf("%d shows", len(shows))
	}
	for i := range shows {
		s := &shows[i]
		if reason := demoShowFault(s); reason != "" {
			t.Errorf("%s: %s", s.Key, reason)
		}
		for j := range s.Seasons {
			if reason := demoSeasonFault(s, j); reason != "" {
				t.Errorf("%s, season %d: %s", s.Key, j+1, reason)
			}
		}
	}
	if !slices.IsSortedFunc(shows, func(a, b Show) int { return strings.Compare(a.FirstAired, b.FirstAired) }) {
		t.Error("the oldest show does not come first")
	}
}

// demoShowFault says what a curated show lacks beyond the limits of every show.
func demoShowFault(s *Show) string {
	tag, err := language.Parse(s.Language)
	sentences := len(sentenceEnd.FindAllString(s.Synopsis, -1))
	year := regexp.MustCompile(`^demo:[a-z0-9-]+-(\d{4})$`).FindStringSubmatch(s.Key)
	switch {
	case s.fault() != "":
		return s.fault()
	case year == nil || s.FirstAired[:4] != year[1]:
		return "key and first air date"
	case s.ContentRating == "" || !s.Published:
		return "can't be published"
	case len(s.Genres) == 0 || len(s.Countries) == 0 || s.Network == "":
		return "no genre, country or network"
	case err != nil || tag.String() != s.Language:
		return "language " + s.Language + " is not canonical BCP-47"
	case sentences < 1 || sentences > 2:
		return "synopsis is not of one or two sentences"
	case s.OriginalTitle == s.Title:
		return "original title equals the title"
	case s.Airing == "" || s.LastAired != "" && s.LastAired < s.FirstAired || s.Airing == "ongoing" && s.LastAired != "":
		return "airing state"
	case s.FirstAired != s.Seasons[0].Aired:
		return "does not begin with its first season"
	}
	for i, c := range s.Cast {
		if c.SortOrder != i+1 {
			return "cast out of order"
		}
	}
	return ""
}

// demoSeasonFault says what the season at an index lacks: there are no gaps in its numbers and none in what publishing asks,
// and episodes air in order.
func demoSeasonFault(s *Show, at int) string {
	season := &s.Seasons[at]
	episodes := season.Episodes
	if len(episodes) > 0 && episodes[0].Number == 0 {
		episodes = episodes[1:]
	}
	if season.Number != at+1 || len(episodes) < 6 || len(episodes) > 10 {
		return "number or length"
	}
	aired := season.Aired
	for i := range episodes {
		e := &episodes[i]
		switch {
		case e.Number != i+1:
			return "gap before " + e.Title
		case e.RuntimeMinutes < 5 || !e.Published:
			return "can't be published: " + e.Title
		case e.Aired != "" && e.Aired < aired:
			return "aired before the one before it: " + e.Title
		case len(sentenceEnd.FindAllString(e.Synopsis, -1)) > 2:
			return "synopsis of more than two sentences: " + e.Title
		}
		if e.Aired != "" {
			aired = e.Aired
		}
	}
	if season.Ended != "" && season.Ended != aired {
		return "does not end with its last episode"
	}
	return ""
}

// What was brought in is remembered by key alone.
func TestDemoKeysAreDifferent(t *testing.T) {
	keys, titles := map[string]bool{}, map[string]bool{}
	key := func(k string) {
		if keys[k] {
			t.Errorf("%s occurs twice", k)
		}
		keys[k] = true
	}
	for _, f := range Demo() {
		key(f.Key)
	}
	for _, s := range DemoStations() {
		key(s.Channel.Key)
	}
	for _, s := range DemoShows(noon) {
		key(s.Key)
		if titles[s.Title] {
			t.Errorf("%s occurs twice", s.Title)
		}
		titles[s.Title] = true
		for _, season := range s.Seasons {
			for _, e := range season.Episodes {
				key(e.Key)
			}
		}
	}
}

// What the demo has to have for others to show what they do with it.
func TestDemoShowsAreBroad(t *testing.T) {
	countries, languages, decades, count := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]int{}
	for _, s := range DemoShows(noon) {
		languages[s.Language], decades[s.FirstAired[:3]] = true, true
		for _, c := range s.Countries {
			countries[c] = true
		}
		count[s.Airing]++
		if len(s.Seasons) > 1 {
			count["longer than a season"]++
		}
		for _, season := range s.Seasons {
			if season.Title != "" {
				count["season with a title"]++
			}
			for _, e := range season.Episodes {
				if e.Number == 0 {
					count["special"]++
				}
				if e.AvailableFrom != nil {
					count[s.Airing+" with an episode to come"]++
				}
			}
		}
	}
	if len(countries) < 12 || len(languages) < 10 || len(decades) < 6 {
		t.Errorf("%d countries, %d languages, %d decades", len(countries), len(languages), len(decades))
	}
	for what, want := range map[string]int{"ongoing": 1, "canceled": 1, "ended": 18, "longer than a season": 14, "season with a title": 4, "special": 1,
		"ongoing with an episode to come": 1} {
		if count[what] != want {
			t.Errorf("%s: %d, want %d", what, count[what], want)
		}
	}
}

func TestDemoEpisodeComesAfterSeeding(t *testing.T) {
	for _, now := range []time.Time{noon, noon.Add(11 * time.Hour), noon.In(time.FixedZone("", 14*3600))} {
		for _, s := range DemoShows(now) {
			for _, season := range s.Seasons {
				last := season.Episodes[len(season.Episodes)-1]
				if coming := last.AvailableFrom != nil; coming != (season.Status == "published") {
					t.Errorf("%s: a season that is %s", s.Key, season.Status)
				}
				if at := last.AvailableFrom; at != nil && !at.Equal(time.Date(2026, 1, 21, 20, 0, 0, 0, time.UTC)) {
					t.Errorf("%s comes at %v", last.Key, at)
				}
			}
		}
	}
}
