package ingest

import (
	"strings"
	"testing"
)

func TestShowFaultNamesTheLimit(t *testing.T) {
	f := func(want string, change func(*Show, *Episode)) {
		t.Helper()
		show := Show{Key: "test:1", Title: "Dark", ContentRating: "TV-MA", Genres: []string{"drama", "sitcom"}, Countries: []string{"DE"},
			FirstAired: "2017-12-01", Airing: "ended", Seasons: []Season{{Number: 1, Status: "completed", Episodes: []Episode{
				{Key: "test:1:0", Title: "Making of"}, {Key: "test:1:1", Number: 1, Title: "Secrets", RuntimeMinutes: 51, Aired: "2017-12-01"}}}}}
		change(&show, &show.Seasons[0].Episodes[1])
		if got := show.fault(); got != want {
			t.Errorf("fault %q, want %q", got, want)
		}
	}
	f("", func(*Show, *Episode) {})
	f("no key", func(s *Show, _ *Episode) { s.Key = "" })
	f("no title", func(s *Show, _ *Episode) { s.Title = "" })
	f("title too long", func(s *Show, _ *Episode) { s.Title = strings.Repeat("界", 256) })
	f("synopsis too long", func(s *Show, _ *Episode) { s.Synopsis = strings.Repeat("a", 5001) })
	f("network too long", func(s *Show, _ *Episode) { s.Network = strings.Repeat("a", 201) })
	f("network holds control, direction or broken characters", func(s *Show, _ *Episode) { s.Network = "A\x00" })
	f("unknown content rating 16", func(s *Show, _ *Episode) { s.ContentRating = "16" })
	f("unknown genre soap", func(s *Show, _ *Episode) { s.Genres = []string{"soap"} })
	f("unknown country DD", func(s *Show, _ *Episode) { s.Countries = []string{"DD"} })
	f("unknown airing state Running", func(s *Show, _ *Episode) { s.Airing = "Running" })
	f("first air date is no date from 1888 to 2100", func(s *Show, _ *Episode) { s.FirstAired = "2017-02-29" })
	f("last air date is no date from 1888 to 2100", func(s *Show, _ *Episode) { s.LastAired = "0001-01-01" })
	f("credit without a name or a known role", func(s *Show, _ *Episode) { s.Cast = []CastMember{{Name: "A", Role: "creator"}} })
	f("season 0 after season 0", func(s *Show, _ *Episode) { s.Seasons[0].Number = 0 })
	f("season 1 after season 1", func(s *Show, _ *Episode) { s.Seasons = append(s.Seasons, s.Seasons[0]) })
	f("season 100000: season number outside 1–99999", func(s *Show, _ *Episode) { s.Seasons[0].Number = 100000 })
	f("season 1: unknown status ended", func(s *Show, _ *Episode) { s.Seasons[0].Status = "ended" })
	f("season 1: title too long", func(s *Show, _ *Episode) { s.Seasons[0].Title = strings.Repeat("a", 256) })
	f("season 1: synopsis too long", func(s *Show, _ *Episode) { s.Seasons[0].Synopsis = strings.Repeat("a", 2001) })
	f("season 1: end date is no date from 1888 to 2100", func(s *Show, _ *Episode) { s.Seasons[0].Ended = "soon" })
	f("season 1: episode 0 after episode 0", func(_ *Show, e *Episode) { e.Number = 0 })
	f("season 1: episode 1: no key", func(_ *Show, e *Episode) { e.Key = "" })
	f("season 1: episode 1: no title", func(_ *Show, e *Episode) { e.Title = "" })
	f("season 1: episode 1: runtime below zero", func(_ *Show, e *Episode) { e.RuntimeMinutes = -1 })
	f("season 1: episode 1: synopsis too long", func(_ *Show, e *Episode) { e.Synopsis = strings.Repeat("a", 2001) })
	f("season 1: episode 1: unknown content rating X", func(_ *Show, e *Episode) { e.ContentRating = "X" })
	f("season 1: episode 1: air date is no date from 1888 to 2100", func(_ *Show, e *Episode) { e.Aired = "2017" })
	f("season 1: episode 100000: episode number outside 0–99999", func(_ *Show, e *Episode) { e.Number = 100000 })
}

func TestGenresOfShowsAreNoGenresOfFilms(t *testing.T) {
	if reason := genresFault([]string{"sitcom"}, "movie"); reason != "unknown genre sitcom" {
		t.Error(reason)
	}
}
