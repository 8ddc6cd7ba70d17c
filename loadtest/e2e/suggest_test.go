package e2e

import (
	"encoding/json"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
)

// The edge finds suggestions in its memory, the origin in the database: both say the same, byte for byte, of whatever is typed.
func TestSuggestionsAreOneAtEdgeAndOrigin(t *testing.T) {
	t.Parallel()
	s := start(t, 1)
	s.run("seed", "--demo")
	family := s.token("--country", "FR", "--plan", s.plan(object{"catalogue_filter": familyFilter}))
	titles := s.names()
	s.block("FR", titles[0].ID, titles[1].ID)
	viewers := []string{s.token("--country", "FR"), s.token("--country", "DE"), family}
	for _, blocked := range titles[:2] {
		s.settle(sight{view{path: "/v2/search/autocomplete?limit=20&q=" + url.QueryEscape(blocked.Title), holds: blocked.ID}, viewers[0], false})
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 400 {
		query := url.Values{"q": {typed(r, titles[r.IntN(len(titles))].Title)}, "limit": {[]string{"1", "3", "10", "20"}[r.IntN(4)]}}
		path, token := "/v2/search/autocomplete?"+query.Encode(), viewers[r.IntN(3)]
		edge := s.see(0, path, token)
		origin := call(t.Context(), "GET", "http://"+s.addr+path, token, "")
		if edge.status != origin.status || edge.status == 200 && edge.body != origin.body {
			t.Errorf("%q\nedge   %d %s\norigin %d %s", query, edge.status, edge.body, origin.status, origin.body)
		}
	}
}

// name is a title by its id.
type name struct {
	ID, Title string
}

// names are those of films, in the order of the list.
func (s *stack) names() []name {
	s.t.Helper()
	r := call(s.t.Context(), "GET", "http://"+s.addr+"/v2/search?fields=id,title&limit=100", s.token(), "")
	var list struct{ Data []name }
	if err := json.Unmarshal([]byte(r.body), &list); err != nil || r.status != 200 || len(list.Data) < 100 {
		s.t.Fatalf("titles: %d %s %v", r.status, r.body, err)
	}
	return list.Data
}

// typed is some of a title as people type it: from some word on, the first letters of some words, in either case.
func typed(r *rand.Rand, title string) string {
	words := strings.Fields(title)
	words = words[r.IntN(len(words)):]
	words = words[:1+r.IntN(len(words))]
	for i, word := range words {
		letters := []rune(word)
		if r.IntN(2) == 0 {
			words[i] = string(letters[:1+r.IntN(len(letters))])
		}
		if r.IntN(4) == 0 {
			words[i] = strings.ToUpper(words[i])
		}
	}
	if r.IntN(3) == 0 {
		r.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	}
	return strings.Join(words, " ")
}
