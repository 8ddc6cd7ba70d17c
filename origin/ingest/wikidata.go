package ingest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
)

// Labels maps ids of Wikidata's genres ("Q130232") to their English labels ("drama film").
type Labels map[string]string

// ReadLabels reads a file of genre labels, {"wikidata_id", "genre_label"} a record, in the forms that Read takes. An
// entry without a label is passed over; any other fault of the file, such as no label at all, is an error, since a half-read table would quietly
// cost films their genres.
func ReadLabels(r io.Reader) (Labels, error) {
	s, err := newScanner(r)
	if err != nil {
		return nil, err
	}
	labels := Labels{}
	for rec, err := range s.records() {
		if err != nil {
			return nil, err
		}
		var e struct {
			ID    string `json:"wikidata_id"`
			Label string `json:"genre_label"`
		}
		if err := json.Unmarshal(rec.text, &e); err != nil || e.ID == "" {
			return nil, fmt.Errorf("line %d: not a genre label", rec.line)
		}
		if e.Label != "" {
			labels[e.ID] = e.Label
		}
	}
	if len(labels) == 0 {
		return nil, errors.New("no genre label")
	}
	return labels, nil
}

// wikidataFilm is a record of an extract of Wikidata, in which everything but titles and dates is a Q-id. Directors and
// cast come without names and are left out.
type wikidataFilm struct {
	WikidataID       string   `json:"wikidata_id"`
	Label            string   `json:"label"`
	Article          string   `json:"enwiki_title"`
	Genre            []string `json:"genre"`
	PublicationDate  string   `json:"publication_date"`
	CountryOfOrigin  string   `json:"country_of_origin"`
	OriginalLanguage string   `json:"original_language"`
}

func (w *wikidataFilm) film(labels Labels) (Film, string) {
	f := Film{Key: "wikidata:" + w.WikidataID, Title: clean(w.Label)}
	if isSeries(w.Article) {
		return f, "a television series"
	}
	if f.Title == "" {
		f.Title = clean(filmSuffix.ReplaceAllString(w.Article, ""))
	}
	if f.Title == "" {
		return f, "no label and no article"
	}
	if w.PublicationDate == "" {
		return f, "no release date"
	}
	year, err := strconv.Atoi(w.PublicationDate[:min(4, len(w.PublicationDate))])
	if err != nil {
		return f, "release date that starts with no year"
	}
	f.ReleaseYear = year
	f.Genres = genresOf(labels.of(w.Genre))
	f.CountryOfOrigin = code(wikidataCountries, w.CountryOfOrigin)
	f.AudioLanguages = code(wikidataLanguages, w.OriginalLanguage)
	return f, ""
}

// filmSuffix is what tells an article on a film from others of its name: "Squatters (film)", "Cándida (2006 film)".
var filmSuffix = regexp.MustCompile(` \([^()]*\bfilm\)$`)

func (l Labels) of(ids []string) []string {
	var labels []string
	for _, id := range ids {
		labels = append(labels, l[id])
	}
	return labels
}

func code(table map[string]string, id string) []string {
	if c, ok := table[id]; ok {
		return []string{c}
	}
	return nil
}
