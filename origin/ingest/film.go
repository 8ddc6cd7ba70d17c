// Package ingest makes normalised films and shows: from the curated demo catalogue, from a deterministic generator of large
// ones, and from files of Wikidata, Wikipedia and TVmaze. It writes nothing and knows no database; the catalogue does that.
package ingest

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of the contract's movie (adminCreateMovie), in code points and years; keyMax and nameMax are ours, the contract has none.
const (
	titleMax    = 255
	synopsisMax = 5000
	taglineMax  = 300
	studioMax   = 200
	nameMax     = 200
	keyMax      = 512
	firstYear   = 1888
	lastYear    = 2100
)

// Film is one film within the limits of the contract's movie. JSON names are the contract's; empty strings, nil slices
// and zeros mean that the source does not tell.
type Film struct {
	// Key names the record in its source for ever, so that a repeated import finds what it wrote: "demo:heat-1995",
	// "generated:1:42", "wikidata:Q42198", "wikipedia:Heat_(1995_film)". Two records of one file may share a key when the
	// source lists a film twice (Wikipedia does, under each of two release years): the first is the film.
	Key               string       `json:"key"`
	Title             string       `json:"title"`                    // 1–255 code points
	OriginalTitle     string       `json:"original_title,omitempty"` // only where it differs from Title
	Synopsis          string       `json:"synopsis,omitempty"`       // at most 5000 code points, one paragraph
	Tagline           string       `json:"tagline,omitempty"`        // at most 300 code points
	ReleaseYear       int          `json:"release_year"`             // 1888–2100
	RuntimeMinutes    int          `json:"runtime_minutes,omitempty"`
	ContentRating     string       `json:"content_rating,omitempty"`     // of the contract: G, PG, PG-13, R, NC-17, TV-…, UNRATED
	Genres            []string     `json:"genres,omitempty"`             // slugs of Taxonomy; a genre's parent is always there too
	CountryOfOrigin   []string     `json:"country_of_origin,omitempty"`  // ISO 3166-1 alpha-2
	Studio            string       `json:"studio,omitempty"`             // at most 200 code points
	AudioLanguages    []string     `json:"audio_languages,omitempty"`    // BCP-47
	SubtitleLanguages []string     `json:"subtitle_languages,omitempty"` // BCP-47
	Cast              []CastMember `json:"cast,omitempty"`
	Images            Images       `json:"images,omitzero"`
	AverageRating     float64      `json:"average_rating,omitempty"` // 1–5, one decimal; 0 without ratings
	RatingCount       int          `json:"rating_count,omitempty"`
	// Attribution is the credit that the licence of the texts asks for; it has to go wherever Synopsis goes.
	Attribution    string     `json:"attribution,omitempty"`
	Published      bool       `json:"published,omitempty"` // meant to be seen, within the window; else a draft
	AvailableFrom  *time.Time `json:"available_from,omitempty"`
	AvailableUntil *time.Time `json:"available_until,omitempty"`
}

// CastMember is one credit.
type CastMember struct {
	Name          string `json:"name"` // 1–200 code points
	Role          string `json:"role"` // actor, director, writer, producer, host or guest
	CharacterName string `json:"character_name,omitempty"`
	SortOrder     int    `json:"sort_order"` // from 1
}

// Images are the URLs of a film's artwork.
type Images struct {
	PosterURL    string `json:"poster_url,omitempty"`
	BackdropURL  string `json:"backdrop_url,omitempty"`
	ThumbnailURL string `json:"thumbnail_url,omitempty"`
}

// ratings are the contract's content ratings, mildest first within films and within television.
var ratings = []string{
	"G", "PG", "PG-13", "R", "NC-17", "TV-Y", "TV-G", "TV-PG", "TV-14", "TV-MA", "UNRATED",
}

var roles = []string{"actor", "director", "writer", "producer", "host", "guest"}

// fault says what makes the film break the contract's limits, or "" when it keeps them.
func (f *Film) fault() string {
	switch {
	case f.Key == "":
		return "no key"
	case f.Title == "":
		return "no title"
	case f.ReleaseYear < firstYear || f.ReleaseYear > lastYear:
		return "release year outside 1888–2100"
	case f.RuntimeMinutes < 0:
		return "runtime below zero"
	}
	return firstFault(ratingFault(f.ContentRating),
		textsFault(limited{"key", f.Key, keyMax}, limited{"title", f.Title, titleMax}, limited{"original title", f.OriginalTitle, titleMax},
			limited{"synopsis", f.Synopsis, synopsisMax}, limited{"tagline", f.Tagline, taglineMax}, limited{"studio", f.Studio, studioMax}),
		castFault(f.Cast), genresFault(f.Genres, "movie"), countriesFault(f.CountryOfOrigin))
}

// clean makes one paragraph of a text: runs of white space become one space, and white space and invisible format
// characters (a stray LRM or BOM) go from its ends. Inside they stay: Persian is not written without them.
func clean(text string) string {
	return strings.TrimFunc(strings.Join(strings.Fields(text), " "), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) && !hostile(r)
	})
}

// cut shortens a text to at most limit code points, after the last sentence that ends within them if there is one.
func cut(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	head := string([]rune(text)[:limit])
	for i := len(head); i > 0; {
		r, size := utf8.DecodeLastRuneInString(head[:i])
		rest := text[i:]
		if strings.ContainsRune("。！？", r) || strings.ContainsRune(".!?", r) && strings.HasPrefix(rest, " ") {
			return head[:i]
		}
		i -= size
	}
	return head
}
