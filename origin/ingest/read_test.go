package ingest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// outcome is what Read made of a file: "LINE TITLE" a film, "LINE REASON" a reject, and the error that stopped it.
type outcome struct {
	films, rejects []string
	stopped        string
}

func readAll(r io.Reader) outcome {
	var o outcome
	for rec, err := range Read(r, Labels{"Q1": "drama film"}) {
		var reject *Reject
		switch {
		case errors.As(err, &reject):
			o.rejects = append(o.rejects, fmt.Sprint(reject.Line, " ", reject.Reason))
		case err != nil:
			o.stopped = err.Error()
		default:
			o.films = append(o.films, fmt.Sprint(rec.Line, " ", rec.Film.Title))
		}
	}
	return o
}

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text) // into memory
	_ = z.Close()
	return b.String()
}

const heat = `{"title":"Heat","year":1995}`

func TestReadFindsRecordsAndTheirLines(t *testing.T) {
	f := func(file string, want outcome) {
		t.Helper()
		for _, r := range []io.Reader{strings.NewReader(file), strings.NewReader(zipped(file))} {
			if got := readAll(r); !reflect.DeepEqual(got, want) {
				t.Errorf("%.80q:\n got %+v\nwant %+v", file, got, want)
			}
		}
	}
	two := outcome{films: []string{"2 Heat", "4 Ran"}}
	f("\n"+heat+"\r\n\n{\"title\":\"Ran\",\"year\":1985}", two)
	f("\ufeff\n"+heat+"\n\n{\"title\":\"Ran\",\"year\":1985}\n", two)
	f("[\n"+heat+",\n\n{\"title\":\"Ran\",\n\"year\":1985}]\n", two)
	f("\ufeff[\n"+heat+"\n,\n{\"title\":\"Ran\",\"year\":1985}\n]", two)
	f(`[{"title":"}],\"\\","year":1995,"cast":[]}, `+heat+`]`, outcome{films: []string{`1 }],"\`, "1 Heat"}})
	f("[]", outcome{})
	f("[ \n ] \n", outcome{})
	f("", outcome{stopped: "line 1: nothing to read"})
	f("\n\n<!DOCTYPE html>", outcome{stopped: "line 3: neither JSON lines nor a JSON array"})
	f(heat+"\n{\"title\":\"Ran\"\n"+heat+"\nnoise\n", outcome{
		films:   []string{"1 Heat", "3 Heat"},
		rejects: []string{"2 malformed JSON: unexpected end of JSON input", "4 not an object"},
	})
}

func TestReadStopsAtAMalformedArray(t *testing.T) {
	f := func(file, stopped string) {
		t.Helper()
		got := readAll(strings.NewReader("[" + heat + ",\n" + file))
		want := outcome{films: []string{"1 Heat"}, stopped: stopped}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q:\n got %+v\nwant %+v", file, got, want)
		}
	}
	f("]", "line 2: malformed array: a value is missing")
	f("\n,"+heat+"]", "line 3: malformed array: a value is missing")
	f("", "line 2: array is not closed")
	f(`{"title":"Ran"`, "line 2: array is not closed")
	f("\n{\"title\":\"Ran\n\"}]", "line 3: malformed array: a string that is not closed")
	f(`{"title":}, `+heat+`]`, `line 2: malformed array: invalid character '}' looking for beginning of value`)
	f(heat+" "+heat+"]", "line 2: malformed array: invalid character '{' after top-level value")
	f("}, "+heat+"]", "line 2: malformed array: '}' closes nothing")
}

func TestReadNamesWhatFollowsAnArray(t *testing.T) {
	got := readAll(strings.NewReader("[" + heat + "]\n" + heat))
	if want := "line 2: text after the array"; got.stopped != want || len(got.films) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestReadKeepsWhatCameBeforeATruncation(t *testing.T) {
	file := zipped(strings.Repeat(heat+"\n", 1000))
	got := readAll(strings.NewReader(file[:len(file)-10]))
	if len(got.films) == 0 || !strings.HasSuffix(got.stopped, "unexpected EOF") {
		t.Errorf("%d films, stopped by %q", len(got.films), got.stopped)
	}
}

func TestReadRefusesALongRecordAndGoesOn(t *testing.T) {
	long := `{"title":"` + strings.Repeat("a", maxRecord) + `","year":1995}`
	want := outcome{films: []string{"1 Heat", "3 Heat"}, rejects: []string{"2 longer than 1 MiB"}}
	for _, file := range []string{heat + "\n" + long + "\n" + heat, "[" + heat + ",\n" + long + ",\n" + heat + "]"} {
		if got := readAll(strings.NewReader(file)); !reflect.DeepEqual(got, want) {
			t.Errorf("got %.300v", got)
		}
	}
}

// endless repeats its text for ever.
type endless struct{ text, rest string }

func (e *endless) Read(p []byte) (int, error) {
	if e.rest == "" {
		e.rest = e.text
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

func TestReadStreamsAndStopsWhenAsked(t *testing.T) {
	for start, separator := range map[string]string{"": "\n", "[": ",\n"} {
		source := io.MultiReader(strings.NewReader(start), &endless{text: heat + separator})
		n := 0
		for rec, err := range Read(source, nil) {
			if n++; err != nil || rec.Line != n {
				t.Fatalf("record %d: line %d, %v", n, rec.Line, err)
			}
			if n == 5000 {
				break
			}
		}
	}
}

func TestReadRefusesRecordsThatAreNoFilms(t *testing.T) {
	f := func(record, reason string) {
		t.Helper()
		got := readAll(strings.NewReader("[" + record + "]"))
		if !slices.Equal(got.rejects, []string{"1 " + reason}) || len(got.films) > 0 || got.stopped != "" {
			t.Errorf("%.80s: %+v, want %q", record, got, reason)
		}
	}
	f(`{}`, "neither a Wikidata nor a Wikipedia film")
	f(`7`, "not an object")
	f(`null`, "not an object")
	f(`{"wikidata_id":"Q1","genre_label":"novella"}`, "a genre label, not a film")
	f("{\"title\":\"\xff\",\"year\":1995}", "not UTF-8")
	f(`{"title":"Heat","year":"1995"}`, "field year holds a string")
	f(`{"title":"Heat","year":1995.5}`, "field year holds a number 1995.5")
	f(`{"title":"Heat","year":1995,"cast":[7]}`, "field cast holds a number")
	f(`{"title":" ","year":1995}`, "no title")
	f(`{"title":"Heat"}`, "no release year")
	f(`{"title":"Heat","year":1887}`, "release year outside 1888–2100")
	f(`{"title":"Heat","year":2101}`, "release year outside 1888–2100")
	f(`{"title":"`+strings.Repeat("a", 256)+`","year":1995}`, "title too long")
	f(`{"title":"He\u0000at","year":1995,"href":"Heat"}`, "title holds control, direction or broken characters")
	f(`{"title":"He\ud800at","year":1995,"href":"Heat"}`, "title holds control, direction or broken characters")
	f(`{"title":"Heat","year":1995,"href":"a\u202eb"}`, "key holds control, direction or broken characters")
	f(`{"title":"Naked Gun .mw-parser-output .frac{}","year":1994}`, "title holds a style sheet")
	f(`{"title":"Lace","year":1984,"href":"Lace_(TV_series)"}`, "a television series")
	f(`{"wikidata_id":"Q2","label":"Lace","enwiki_title":"Lace (U.S. TV series)","publication_date":"1984-01-01"}`, "a television series")
	f(`{"wikidata_id":"Q2","publication_date":"1995-01-01"}`, "no label and no article")
	f(`{"wikidata_id":"Q2","label":"Heat"}`, "no release date")
	f(`{"wikidata_id":"Q2","label":"Heat","publication_date":"unknown"}`, "release date that starts with no year")
	f(`{"wikidata_id":"Q2","label":"Heat","publication_date":"19"}`, "release year outside 1888–2100")
}

func TestRejectSaysWhere(t *testing.T) {
	for _, err := range Read(strings.NewReader(`{"wikidata_id":"Q2","label":"Heat"}`), nil) {
		if got := fmt.Sprint(err); got != "line 1: wikidata:Q2: no release date" {
			t.Error(got)
		}
	}
	for _, err := range Read(strings.NewReader("[\n\n{\"title\":\"Heat\",\"year\":1,\"href\":\"\\u001b[2J\"}]"), nil) {
		if got := fmt.Sprint(err); got != "line 3: release year outside 1888–2100" { // its key is not for terminals
			t.Error(got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("[" + heat + ",\n{\"title\":\"Ran\"}]"))
	f.Add([]byte("\ufeff{\"wikidata_id\":\"Q1\",\"label\":\"A\",\"publication_date\":\"1999-01-01\"}\n{"))
	f.Add([]byte(zipped(heat)))
	f.Fuzz(func(t *testing.T, file []byte) {
		last := 1
		for rec, err := range Read(bytes.NewReader(file), nil) {
			if err != nil {
				continue
			}
			if rec.Line < last || rec.Film.fault() != "" {
				t.Errorf("line %d after %d: %q", rec.Line, last, rec.Film.fault())
			}
			last = rec.Line
		}
	})
}
