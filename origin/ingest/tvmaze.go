package ingest

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"iter"
	"math"
	"regexp"
	"strings"
	"unicode/utf8"

	"encora/shared/territory"
)

// ShowRecord is one show of a file, with the line on which it starts.
type ShowRecord struct {
	Line int
	Show Show
}

// EpisodeRecord is one episode of a file, with the line on which it starts and what it belongs to.
type EpisodeRecord struct {
	Line    int
	ShowKey string // the show's Key, such as "tvmaze:83"; the show need not be in the file, nor in any other
	Season  int    // its number
	Episode Episode
}

// ReadShows yields the shows of a file of TVmaze's form, which has no seasons of them; pairs are as Read's. They are drafts,
// since TVmaze knows no content ratings. Languages, genres and countries that we have no code for are left out; so are
// images, none of which are free. A rating comes with no number of votes: TVmaze's weight, how popular a show is from 0 to
// 100, stands for it.
func ReadShows(r io.Reader) iter.Seq2[ShowRecord, error] {
	return decoded(r, func(rec raw) (ShowRecord, error) {
		var s tvmazeShow
		show, reason := Show{}, object(rec.text, &s)
		if reason == "" {
			show, reason = s.show()
		}
		if reason = cmp.Or(reason, show.fault()); reason != "" {
			return ShowRecord{}, refused(rec, show.Key, reason)
		}
		return ShowRecord{Line: rec.line, Show: show}, nil
	})
}

// ReadEpisodes yields the episodes of a file of TVmaze's form; pairs are as Read's. Specials, which have no number, are
// episode 0 of their season: the first of them in the file is, and any other is a reject.
func ReadEpisodes(r io.Reader) iter.Seq2[EpisodeRecord, error] {
	specials := map[string]string{} // the keys of those taken, by season
	return decoded(r, func(rec raw) (EpisodeRecord, error) {
		var e tvmazeEpisode
		made, reason := EpisodeRecord{Line: rec.line}, object(rec.text, &e)
		if reason == "" {
			reason = e.into(&made)
		}
		if reason = cmp.Or(reason, seasonNumberFault(made.Season), made.Episode.fault()); reason == "" && e.Number == nil {
			season := fmt.Sprint(made.ShowKey, ":", made.Season)
			if first, taken := specials[season]; taken && first != made.Episode.Key {
				reason = fmt.Sprintf("another special of season %d: %s is its episode 0", made.Season, first)
			} else {
				specials[season] = made.Episode.Key
			}
		}
		if reason != "" {
			return EpisodeRecord{}, refused(rec, made.Episode.Key, reason)
		}
		return made, nil
	})
}

// tvmazeShow is a show as TVmaze's API answers it (tvmaze.com/api).
type tvmazeShow struct {
	ID         int64          `json:"id"`
	Name       string         `json:"name"`
	Type       string         `json:"type"` // Scripted, Reality, Talk Show …
	Language   string         `json:"language"`
	Genres     []string       `json:"genres"`
	Status     string         `json:"status"`
	Premiered  string         `json:"premiered"`
	Ended      string         `json:"ended"`
	Rating     tvmazeRating   `json:"rating"`
	Weight     int            `json:"weight"`
	Network    *tvmazeChannel `json:"network"`
	WebChannel *tvmazeChannel `json:"webChannel"`
	Summary    string         `json:"summary"` // HTML
}

type tvmazeRating struct {
	Average float64 `json:"average"` // of 10, 0 without ratings
}

type tvmazeChannel struct {
	Name    string `json:"name"`
	Country struct {
		Code string `json:"code"`
	} `json:"country"`
}

func (t *tvmazeShow) show() (Show, string) {
	if t.ID <= 0 {
		return Show{}, "no id"
	}
	s := Show{
		Key: fmt.Sprintf("tvmaze:%d", t.ID), Title: clean(t.Name), Language: tvmazeLanguages[hyphened(t.Language)], Genres: t.genres(),
		FirstAired: t.Premiered, LastAired: t.Ended, Airing: tvmazeAirings[t.Status],
	}
	channel := cmp.Or(t.Network, t.WebChannel, &tvmazeChannel{})
	s.Network = clean(channel.Name)
	if territory.Valid(channel.Country.Code) {
		s.Countries = []string{channel.Country.Code}
	}
	if average := t.Rating.Average; average > 0 {
		s.AverageRating = min(max(math.Round(average*5)/10, 1), 5)
		s.RatingCount = max(t.Weight, 1)
	}
	s.Synopsis, s.Attribution = tvmazeText(t.Summary, synopsisMax, "shows", t.ID)
	return s, ""
}

// tvmazeAirings leaves out what does not tell whether a show goes on: To Be Determined, In Development.
var tvmazeAirings = map[string]string{"Running": "ongoing", "Ended": "ended"}

func (t *tvmazeShow) genres() []string {
	var slugs []string
	for _, name := range append(t.Genres, t.Type) {
		slugs = append(slugs, tvmazeGenres[hyphened(name)])
	}
	return withParents(slugs)
}

// tvmazeEpisode is an episode as TVmaze's API answers it.
type tvmazeEpisode struct {
	ID      int64  `json:"id"`
	Name    string `json:"name"`
	Season  int    `json:"season"`
	Number  *int   `json:"number"` // null for specials
	Airdate string `json:"airdate"`
	Runtime int    `json:"runtime"`
	Summary string `json:"summary"` // HTML
	Links   struct {
		Show struct {
			Href string `json:"href"`
		} `json:"show"`
	} `json:"_links"`
}

var tvmazeShowLink = regexp.MustCompile(`/shows/([1-9][0-9]{0,17})$`)

// into makes an episode, or says why it can't.
func (t *tvmazeEpisode) into(made *EpisodeRecord) string {
	if t.ID <= 0 {
		return "no id"
	}
	e := &made.Episode
	*e = Episode{Key: fmt.Sprintf("tvmaze:episode:%d", t.ID), Title: clean(t.Name), RuntimeMinutes: t.Runtime, Aired: t.Airdate}
	if t.Number != nil {
		e.Number = *t.Number
	}
	e.Synopsis, e.Attribution = tvmazeText(t.Summary, partSynopsisMax, "episodes", t.ID)
	link := tvmazeShowLink.FindStringSubmatch(t.Links.Show.Href)
	if link == nil {
		return "no link to its show"
	}
	made.ShowKey, made.Season = "tvmaze:"+link[1], t.Season
	return ""
}

// tvmazeText is a summary as plain text, and the credit that goes with it; together they stay within the limit.
func tvmazeText(summary string, limit int, kind string, id int64) (string, string) {
	text := plainText(summary)
	if text == "" {
		return "", ""
	}
	credit := fmt.Sprintf("TVmaze, CC BY-SA 4.0, https://www.tvmaze.com/%s/%d", kind, id)
	return cut(text, limit-utf8.RuneCountInString("\n\n"+credit)), credit
}

var (
	htmlBreak = regexp.MustCompile(`(?i)</?(?:p|br|div|li|ul|ol|h[1-6])\b[^<>]*>`)
	htmlTag   = regexp.MustCompile(`(?s)<!--.*?-->|</?[a-zA-Z][^<>]*>`)
)

// plainText makes one paragraph of a bit of HTML.
func plainText(markup string) string {
	text := htmlTag.ReplaceAllString(htmlBreak.ReplaceAllString(markup, " "), "")
	return clean(html.UnescapeString(text))
}

// hyphened makes one word of a name, for tables of words.
func hyphened(name string) string { return strings.ReplaceAll(name, " ", "-") }
