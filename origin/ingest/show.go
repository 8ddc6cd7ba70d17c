package ingest

import (
	"fmt"
	"slices"
	"time"
)

// Limits of the contract's seasons and episodes, in code points; that of numbers is ours: years, as seasons of daily shows are
// numbered, and episodes of the longest serials are below it.
const (
	partSynopsisMax = 2000
	partNumberMax   = 99999
)

// Show is one series within the limits of the contract's show (adminCreateShow). As with Film, JSON names are the
// contract's where it has the field, and what is empty the source does not tell.
type Show struct {
	// Key names the show in its source for ever: "demo:dark-2017", "generated:1:show:42", "tvmaze:83".
	Key           string       `json:"key"`
	Title         string       `json:"title"`                       // 1–255 code points
	OriginalTitle string       `json:"original_title,omitempty"`    // only where it differs from Title
	Synopsis      string       `json:"synopsis,omitempty"`          // at most 5000 code points, one paragraph
	ContentRating string       `json:"content_rating,omitempty"`    // of the contract, as a film's
	Genres        []string     `json:"genres,omitempty"`            // slugs of Taxonomy that are for shows; a genre's parent is always there too
	Network       string       `json:"network,omitempty"`           // at most 200 code points
	Countries     []string     `json:"country_of_origin,omitempty"` // ISO 3166-1 alpha-2
	Language      string       `json:"language,omitempty"`          // BCP-47
	FirstAired    string       `json:"first_air_date,omitempty"`    // a date, "2017-12-01"
	LastAired     string       `json:"last_air_date,omitempty"`     // a date; of a show that goes on it is mostly left out
	Airing        string       `json:"airing,omitempty"`            // ongoing, ended or canceled
	Cast          []CastMember `json:"cast,omitempty"`
	Images        Images       `json:"images,omitzero"`
	AverageRating float64      `json:"average_rating,omitempty"` // 1–5, one decimal; 0 without ratings
	RatingCount   int          `json:"rating_count,omitempty"`
	// Attribution is the credit that the licence of the texts asks for; it has to go wherever Synopsis goes.
	Attribution string   `json:"attribution,omitempty"`
	Published   bool     `json:"published,omitempty"` // meant to be seen; else a draft
	Seasons     []Season `json:"seasons,omitempty"`   // by number; files of shows have none, their episodes come on their own
}

// Season is one season of a show; the two together with its number name it.
type Season struct {
	Number   int       `json:"season_number"`      // from 1
	Title    string    `json:"title,omitempty"`    // where it has one of its own, at most 255 code points
	Synopsis string    `json:"synopsis,omitempty"` // at most 2000 code points
	Images   Images    `json:"images,omitzero"`
	Aired    string    `json:"air_date,omitempty"` // date of the first episode
	Ended    string    `json:"end_date,omitempty"` // date of the last one
	Status   string    `json:"status"`             // draft, published (there is more to come) or completed
	Episodes []Episode `json:"episodes,omitempty"` // by number
}

// Episode is one episode of a season.
type Episode struct {
	// Key names the episode in its source for ever: "demo:dark-2017:1:10" (season, episode), "generated:1:show:42:2:8",
	// "tvmaze:episode:4998".
	Key            string `json:"key"`
	Number         int    `json:"episode_number"`     // from 0, which is a special
	Title          string `json:"title"`              // 1–255 code points
	Synopsis       string `json:"synopsis,omitempty"` // at most 2000 code points, one paragraph
	RuntimeMinutes int    `json:"runtime_minutes,omitempty"`
	ContentRating  string `json:"content_rating,omitempty"` // where it is not the show's
	Images         Images `json:"images,omitzero"`
	Aired          string `json:"air_date,omitempty"` // a date
	// Attribution is to Synopsis what a show's is.
	Attribution    string     `json:"attribution,omitempty"`
	Published      bool       `json:"published,omitempty"` // meant to be seen, within the window and with its show; else a draft
	AvailableFrom  *time.Time `json:"available_from,omitempty"`
	AvailableUntil *time.Time `json:"available_until,omitempty"`
}

var (
	airings        = []string{"", "ongoing", "ended", "canceled"}
	seasonStatuses = []string{"draft", "published", "completed"}
)

// fault says what makes the show break the contract's limits, or "" when it keeps them.
func (s *Show) fault() string {
	switch {
	case s.Key == "":
		return "no key"
	case s.Title == "":
		return "no title"
	case !slices.Contains(airings, s.Airing):
		return "unknown airing state " + s.Airing
	}
	return firstFault(
		ratingFault(s.ContentRating),
		textsFault(limited{"key", s.Key, keyMax}, limited{"title", s.Title, titleMax}, limited{"original title", s.OriginalTitle, titleMax},
			limited{"synopsis", s.Synopsis, synopsisMax}, limited{"network", s.Network, studioMax}),
		castFault(s.Cast), genresFault(s.Genres, "show"), countriesFault(s.Countries),
		dateFault("first air date", s.FirstAired), dateFault("last air date", s.LastAired), s.seasonsFault())
}

func (s *Show) seasonsFault() string {
	last := 0
	for i := range s.Seasons {
		season := &s.Seasons[i]
		if season.Number <= last {
			return fmt.Sprintf("season %d after season %d", season.Number, last)
		}
		if reason := season.fault(); reason != "" {
			return fmt.Sprintf("season %d: %s", season.Number, reason)
		}
		last = season.Number
	}
	return ""
}

func (s *Season) fault() string {
	if !slices.Contains(seasonStatuses, s.Status) {
		return "unknown status " + s.Status
	}
	last := -1
	for i := range s.Episodes {
		e := &s.Episodes[i]
		if e.Number <= last {
			return fmt.Sprintf("episode %d after episode %d", e.Number, last)
		}
		if reason := e.fault(); reason != "" {
			return fmt.Sprintf("episode %d: %s", e.Number, reason)
		}
		last = e.Number
	}
	return firstFault(seasonNumberFault(s.Number), dateFault("air date", s.Aired), dateFault("end date", s.Ended),
		textsFault(limited{"title", s.Title, titleMax}, limited{"synopsis", s.Synopsis, partSynopsisMax}))
}

func seasonNumberFault(number int) string {
	if number < 1 || number > partNumberMax {
		return "season number outside 1–99999"
	}
	return ""
}

func (e *Episode) fault() string {
	switch {
	case e.Key == "":
		return "no key"
	case e.Title == "":
		return "no title"
	case e.Number < 0 || e.Number > partNumberMax:
		return "episode number outside 0–99999"
	case e.RuntimeMinutes < 0:
		return "runtime below zero"
	}
	return firstFault(ratingFault(e.ContentRating), dateFault("air date", e.Aired),
		textsFault(limited{"key", e.Key, keyMax}, limited{"title", e.Title, titleMax}, limited{"synopsis", e.Synopsis, partSynopsisMax}))
}
