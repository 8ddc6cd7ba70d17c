package ingest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Record is one film of a file, with the line on which it starts.
type Record struct {
	Line int
	Film Film
}

// Reject is the error of one record that is not taken; reading goes on behind it.
type Reject struct {
	Line   int    // on which the record starts
	Key    string // of the film, when the record tells that much
	Reason string
}

// Error implements error: "line 12: wikidata:Q42: no release date".
func (r *Reject) Error() string {
	if r.Key == "" {
		return fmt.Sprintf("line %d: %s", r.Line, r.Reason)
	}
	return fmt.Sprintf("line %d: %s: %s", r.Line, r.Key, r.Reason)
}

// Read yields the films of a file in its order: JSON lines or one JSON array, plain or gzip, each record of Wikidata's or
// of Wikipedia's form, told by its shape. It holds one record at a time.
//
// A pair has either a Record or an error. A *Reject refuses its record alone. Any other error is the last pair: the file
// can't be read on, or its array is malformed at the line that the error names; the films before it stand. Records
// longer than 1 MiB are rejects.
//
// Required are a title and a year from 1888 to 2100: a film without them can't be told from its remakes. What a source
// says beyond that and our fields can't express (a state that is gone, a person without a name) is left out; a record
// with broken text, a value of the wrong type, or that is a television series is a reject as a whole. labels are the
// genre names of Wikidata's records; without them those have no genres.
func Read(r io.Reader, labels Labels) iter.Seq2[Record, error] {
	return decoded(r, func(rec raw) (Record, error) {
		film, reason := decode(rec.text, labels)
		if reason != "" {
			return Record{}, refused(rec, film.Key, reason)
		}
		return Record{Line: rec.line, Film: film}, nil
	})
}

// decoded yields what decode makes of each record of a file. What it refuses is a *Reject; any other error is the file's,
// and ends it.
func decoded[T any](r io.Reader, decode func(raw) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		s, err := newScanner(r)
		if err != nil {
			yield(none, err)
			return
		}
		for rec, err := range s.records() {
			if err != nil {
				yield(none, err)
				return
			}
			if !yield(decode(rec)) {
				return
			}
		}
	}
}

// refused is the error of a record. A key that is not for terminals is left out.
func refused(rec raw, key, reason string) *Reject {
	if strings.ContainsFunc(key, hostile) {
		key = ""
	}
	return &Reject{Line: rec.line, Key: key, Reason: reason}
}

// entry is a record of either form; the names of their fields don't meet.
type entry struct {
	wikidataFilm
	wikipediaFilm
	GenreLabel string `json:"genre_label"`
}

// decode makes a film of a record, or says why it can't; of a film that is refused only Key counts.
func decode(text []byte, labels Labels) (Film, string) {
	var e entry
	if reason := object(text, &e); reason != "" {
		return Film{}, reason
	}
	film, reason := e.film(labels)
	if reason == "" {
		reason = film.fault()
	}
	return film, reason
}

// object decodes a record, which has to be a JSON object, or says why it can't.
func object(text []byte, into any) string {
	switch {
	case text == nil:
		return "longer than 1 MiB"
	case !utf8.Valid(text):
		return "not UTF-8"
	case text[0] != '{':
		return "not an object"
	}
	if err := json.Unmarshal(text, into); err != nil {
		return decodeReason(err)
	}
	return ""
}

func (e *entry) film(labels Labels) (Film, string) {
	switch {
	case e.GenreLabel != "":
		return Film{}, "a genre label, not a film"
	case e.WikidataID != "":
		return e.wikidataFilm.film(labels)
	case e.Title != "" || e.Year != 0:
		return e.wikipediaFilm.film()
	}
	return Film{}, "neither a Wikidata nor a Wikipedia film"
}

// decodeReason puts an error of encoding/json in words of the file, without the names of our types.
func decodeReason(err error) string {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		field := wrong.Field[strings.LastIndexByte(wrong.Field, '.')+1:]
		return fmt.Sprintf("field %s holds a %s", field, wrong.Value)
	}
	return "malformed JSON: " + err.Error()
}

// series is at the end of the title of a television series' Wikipedia article: "Lace (TV series)".
var series = regexp.MustCompile(`\((?:[^()]* )?(?:(?:TV|television) (?:mini)?series|miniseries|TV serial)\)$`)

func isSeries(article string) bool {
	return series.MatchString(strings.ReplaceAll(article, "_", " "))
}
