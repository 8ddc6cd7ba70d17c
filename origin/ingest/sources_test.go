package ingest

import (
	"reflect"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"encora/shared/territory"
)

// one reads a file of one film.
func one(t *testing.T, file string, labels Labels) Film {
	t.Helper()
	var films []Film
	for rec, err := range Read(strings.NewReader(file), labels) {
		if err != nil {
			t.Fatal(err)
		}
		films = append(films, rec.Film)
	}
	if len(films) != 1 {
		t.Fatalf("%d films", len(films))
	}
	return films[0]
}

func TestWikidataFilm(t *testing.T) {
	labels := Labels{"Q130232": "drama film", "Q200092": "horror film"}
	got := one(t, `{"wikidata_id":"Q7","label":"Tambourine\u200e","enwiki_title":"Tambourine (film)","genre":["Q200092","Q130232","Q404"],`+
		`"director":["Q5"],"cast_member":["Q6"],"publication_date":"2008-01-01","country_of_origin":"Q794","original_language":"Q9168"}`, labels)
	want := Film{
		Key: "wikidata:Q7", Title: "Tambourine", ReleaseYear: 2008, Genres: []string{"horror", "drama"},
		CountryOfOrigin: []string{"IR"}, AudioLanguages: []string{"fa"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestWikidataFilmWithoutLabelTakesItsArticle(t *testing.T) {
	f := func(article, title string) {
		t.Helper()
		got := one(t, `{"wikidata_id":"Q7","enwiki_title":"`+article+`","publication_date":"2012-01-01","country_of_origin":"Q15180"}`, nil)
		if got.Title != title || got.CountryOfOrigin != nil || got.Genres != nil {
			t.Errorf("%+v, want title %q and nothing that can't be told", got, title)
		}
	}
	f("Le Brio", "Le Brio")
	f("Who? (film)", "Who?")
	f("Cándida (2006 film)", "Cándida")
	f("The Human Centipede 2 (Full Sequence)", "The Human Centipede 2 (Full Sequence)")
}

func TestCodesOfWikidataAreValid(t *testing.T) {
	for id, c := range wikidataCountries {
		if !territory.Valid(c) || id[0] != 'Q' {
			t.Errorf("%s: country %s", id, c)
		}
	}
	for id, l := range wikidataLanguages {
		if _, err := language.Parse(l); err != nil || id[0] != 'Q' {
			t.Errorf("%s: language %s", id, l)
		}
	}
}

func TestReadLabels(t *testing.T) {
	labels, err := ReadLabels(strings.NewReader(zipped(`{"wikidata_id":"Q1","genre_label":"novella"}` + "\n" + `{"wikidata_id":"Q2"}`)))
	if err != nil || !reflect.DeepEqual(labels, Labels{"Q1": "novella"}) {
		t.Errorf("%v, %v", labels, err)
	}
	for _, bad := range []string{"", "{}", `{"wikidata_id":"Q1","genre_label":"novella"}` + "\n{", "[7]", "\x1f\x8b"} {
		if labels, err := ReadLabels(strings.NewReader(bad)); err == nil {
			t.Errorf("%q: %v", bad, labels)
		}
	}
}

func TestWikipediaFilm(t *testing.T) {
	got := one(t, `[{"title":"Heat","year":1995,"cast":["Al Pacino","voices of","Al Pacino","John Wood (English actor)",
		"[a]","\"Weird Al\" Yankovic","(narrator)","X"],"genres":["Crime","Live Action","Superhero"],"href":"Heat_(1995_film)",
		"extract":"Heat is a film.\nIt is long.","thumbnail":"https://upload.wikimedia.org/x.jpg","thumbnail_width":1}]`, nil)
	want := Film{
		Key: "wikipedia:Heat_(1995_film)", Title: "Heat", ReleaseYear: 1995, Synopsis: "Heat is a film. It is long.",
		Genres: []string{"crime", "superhero", "action"},
		Cast: []CastMember{
			{Name: "Al Pacino", Role: "actor", SortOrder: 1}, {Name: "John Wood", Role: "actor", SortOrder: 2},
			{Name: `"Weird Al" Yankovic`, Role: "actor", SortOrder: 3}, {Name: "X", Role: "actor", SortOrder: 4},
		},
		Attribution: "Wikipedia contributors, CC BY-SA 4.0, https://en.wikipedia.org/wiki/Heat_(1995_film)",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestWikipediaFilmWithoutArticle(t *testing.T) {
	got := one(t, `[{"title":"The Limit","year":1972,"cast":[],"genres":[],"href":null}]`, nil)
	if want := (Film{Key: "wikipedia:The Limit:1972", Title: "The Limit", ReleaseYear: 1972}); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestWikipediaExtractOfSomethingElseIsNoSynopsis(t *testing.T) {
	got := one(t, `[{"title":"Fiesta","year":1971,"href":"Fiesta","extract":"Fiesta is a 1970 novel."}]`, nil)
	if got.Synopsis != "" || got.Attribution != "" {
		t.Errorf("%+v", got)
	}
}

func TestWikipediaArticleOfASeriesMayHoldAFilm(t *testing.T) {
	got := one(t, `[{"title":"Sanchez: the Movie","year":2006,"href":"Sanchez_(TV_series)#Sanchez:_the_Movie"}]`, nil)
	if got.Title != "Sanchez: the Movie" {
		t.Errorf("%+v", got)
	}
}

func TestWikipediaSynopsisKeepsTheLimit(t *testing.T) {
	long := strings.Repeat("A film of many words goes on. ", 300)
	got := one(t, `[{"title":"Long","year":1971,"href":"Long","extract":"`+long+`"}]`, nil)
	if n := len(got.Synopsis); n > 5000 || n < 4950 || !strings.HasSuffix(got.Synopsis, "goes on.") {
		t.Errorf("%d characters, …%q", n, got.Synopsis[n-20:])
	}
}
