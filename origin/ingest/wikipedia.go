package ingest

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// wikipediaFilm is an entry of Wikipedia's lists of American films with the opening of the film's article. Images come
// with it as well, none of them free: they are never taken.
type wikipediaFilm struct {
	Title   string   `json:"title"`
	Year    int      `json:"year"`
	Cast    []string `json:"cast"`
	Genres  []string `json:"genres"`
	Href    string   `json:"href"` // the article's name in a URL
	Extract string   `json:"extract"`
}

func (w *wikipediaFilm) film() (Film, string) {
	f := Film{Key: "wikipedia:" + w.Href, Title: clean(w.Title), ReleaseYear: w.Year}
	if w.Href == "" {
		f.Key = fmt.Sprintf("wikipedia:%s:%d", f.Title, w.Year)
	}
	switch {
	case isSeries(w.Href):
		return f, "a television series"
	case f.Title == "":
		return f, "no title"
	case w.Year == 0:
		return f, "no release year"
	case strings.Contains(f.Title, ".mw-parser-output"):
		return f, "title holds a style sheet"
	}
	f.Genres = genresOf(w.Genres)
	f.Cast = w.actors()
	if extract := clean(w.Extract); aboutFilm.MatchString(extract) {
		f.Synopsis = cut(extract, synopsisMax)
		f.Attribution = "Wikipedia contributors, CC BY-SA 4.0, https://en.wikipedia.org/wiki/" + w.Href
	}
	return f, ""
}

// aboutFilm tells the articles of films from those of the novel, play or person that a list links to instead.
var aboutFilm = regexp.MustCompile(`(?i)\b(films?|movies?|motion picture|documentary|directed)\b`)

func (w *wikipediaFilm) actors() []CastMember {
	var cast []CastMember
	seen := map[string]bool{}
	for _, name := range w.Cast {
		name = clean(remark.ReplaceAllString(name, ""))
		if !seen[name] && isName(name) {
			cast = append(cast, CastMember{Name: name, Role: "actor", SortOrder: len(cast) + 1})
		}
		seen[name] = true
	}
	return cast
}

// remark follows a name: "John Wood (English actor)".
var remark = regexp.MustCompile(` \([^()]*\)$`)

// isName tells names from the scraps of sentences that lists have among them ("voices of", "(narrator)", "[a]"): a name
// begins with a letter or digit, quoted or not, that is not a small one.
func isName(s string) bool {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, `"'“‘`))
	return (unicode.IsLetter(first) || unicode.IsDigit(first)) && !unicode.IsLower(first)
}
