package ingest

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestGenerateShowsIsTheSameForEver(t *testing.T) {
	if got, want := digest(t, GenerateShows(100, 1, noon)), "8ffdae81960092a6"; got != want {
		t.Errorf("digest %s, want %s: seeded catalogues change with this", got, want)
	}
	if digest(t, GenerateShows(20, 1, noon)) == digest(t, GenerateShows(20, 2, noon)) {
		t.Error("the seed makes no difference")
	}
	all := slices.Collect(GenerateShows(40, 1, noon))
	if digest(t, slices.Values(all[:15])) != digest(t, GenerateShows(15, 1, noon)) {
		t.Error("a shorter one does not begin alike")
	}
}

func TestGenerateShowsStopsWhenAsked(t *testing.T) {
	for range GenerateShows(1000, 1, noon) {
		break
	}
}

func TestGeneratedShowsKeepTheLimits(t *testing.T) {
	keys := map[string]bool{}
	for s := range GenerateShows(1000, 3, noon) {
		n := utf8.RuneCountInString(s.Synopsis)
		switch {
		case s.fault() != "":
			t.Errorf("%s: %s", s.Key, s.fault())
		case keys[s.Key]:
			t.Errorf("%s occurs twice", s.Key)
		case n < synopsisShort || n > synopsisLong:
			t.Errorf("%s: synopsis of %d", s.Key, n)
		case s.ContentRating == "" || s.Network == "" || len(s.Cast) < 3 || len(s.Genres) == 0 || len(s.Seasons) == 0:
			t.Errorf("%s is not complete: %+v", s.Key, s)
		case s.FirstAired != s.Seasons[0].Aired || (s.LastAired == "") != (s.Airing == "ongoing"):
			t.Errorf("%s: from %s to %s, %s", s.Key, s.FirstAired, s.LastAired, s.Airing)
		}
		keys[s.Key] = true
		for i := range s.Seasons {
			checkGeneratedSeason(t, &s, &s.Seasons[i])
		}
	}
}

// checkGeneratedSeason holds a season's dates and windows against the clock.
func checkGeneratedSeason(t *testing.T, s *Show, season *Season) {
	t.Helper()
	today := noon.Format(time.DateOnly)
	for _, e := range season.Episodes {
		switch {
		case !strings.HasPrefix(e.Key, s.Key+":") || e.Title == "" || e.Synopsis == "" || e.RuntimeMinutes == 0:
			t.Errorf("%s is not complete: %+v", e.Key, e)
		case e.Published != s.Published:
			t.Errorf("%s: published as its show is not", e.Key)
		case e.Aired > today && e.AvailableFrom == nil || e.Aired < today && e.AvailableFrom != nil:
			t.Errorf("%s aired %s and comes %v", e.Key, e.Aired, e.AvailableFrom)
		case e.AvailableFrom != nil && (!e.AvailableFrom.After(noon) || s.Airing != "ongoing" || season.Status != "published" || season.Ended != ""):
			t.Errorf("%s: %s, in a season that is %s", e.Key, s.Airing, season.Status)
		}
	}
	if last := season.Episodes[len(season.Episodes)-1]; season.Status == "completed" && season.Ended != last.Aired {
		t.Errorf("%s ends on %s, and its season on %s", last.Key, last.Aired, season.Ended)
	}
}

func TestGeneratedShowsAreAsMany(t *testing.T) {
	const n = 2000
	count := map[string]int{}
	for s := range GenerateShows(n, 5, noon) {
		count[s.Airing]++
		count["seasons"] += len(s.Seasons)
		if s.Published {
			count["published"]++
		}
		for _, season := range s.Seasons {
			count["episodes"] += len(season.Episodes)
			if season.Episodes[0].Number == 0 {
				count["specials"]++
			}
			if season.Episodes[len(season.Episodes)-1].AvailableFrom != nil {
				count["seasons to come"]++
			}
		}
	}
	between := func(what string, low, high int) {
		t.Helper()
		if got := count[what]; got < low || got > high {
			t.Errorf("%s: %d, want %d to %d", what, got, low, high)
		}
	}
	between("seasons", n*19/10, n*21/10)
	between("episodes", n*15, n*17)
	between("published", n*93/100, n*97/100)
	between("ongoing", n*10/100, n*15/100)
	between("canceled", n*14/100, n*21/100)
	between("specials", n*15/100, n*25/100)
	between("seasons to come", n*6/100, n*11/100)
}
