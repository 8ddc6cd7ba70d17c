package ingest

import (
	"bufio"
	"encoding/json"
	"io"
)

// Form is what the records of a JSON file are, told by the fields that they have.
type Form int

// The forms, each with its reader. NoForm is any other file; whoever reads it says what is wrong with it.
const (
	NoForm      Form = iota
	Films            // of Wikidata's or Wikipedia's form, for Read
	GenreLabels      // for ReadLabels
	Shows            // of TVmaze's form, for ReadShows
	Episodes         // of TVmaze's form, for ReadEpisodes
)

// forms are told by fields that all records of the form have.
var forms = []struct {
	form   Form
	fields []string
}{
	{GenreLabels, []string{"wikidata_id", "genre_label"}},
	{Films, []string{"wikidata_id"}},
	{Films, []string{"title", "year"}},
	{Episodes, []string{"id", "name", "season", "number"}},
	{Shows, []string{"id", "name", "premiered"}},
}

// How much of a file is looked at.
const (
	formBytes   = 4 << 20
	formRecords = 10
)

// FormOf tells the form of a file, plain or gzip, by the first of its records that has one.
func FormOf(r io.Reader) Form {
	s, err := newScanner(r)
	if err != nil {
		return NoForm
	}
	s.r = bufio.NewReader(io.LimitReader(s.r, formBytes))
	n := 0
	for rec, err := range s.records() {
		if n++; err != nil || n > formRecords {
			break
		}
		if form := formOf(rec); form != NoForm {
			return form
		}
	}
	return NoForm
}

func formOf(rec raw) Form {
	var fields map[string]json.RawMessage
	if object(rec.text, &fields) != "" {
		return NoForm
	}
	for _, f := range forms {
		known := 0
		for _, name := range f.fields {
			if _, ok := fields[name]; ok {
				known++
			}
		}
		if known == len(f.fields) {
			return f.form
		}
	}
	return NoForm
}

// String implements fmt.Stringer.
func (f Form) String() string {
	return [...]string{"another file", "films", "genre labels", "shows", "episodes"}[f]
}
