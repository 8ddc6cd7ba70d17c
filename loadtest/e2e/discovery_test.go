package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
)

// found are the titles that a viewer finds without a text.
func (s *stack) found(token string) (names, ids []string) {
	s.t.Helper()
	for after := ""; ; {
		var page struct {
			Data []struct{ ID, Title string }
			Meta struct {
				Next *string `json:"next_cursor"`
			}
		}
		r := s.see(0, "/v2/search?limit=100"+after, token)
		if err := json.Unmarshal([]byte(r.body), &page); err != nil || r.status != 200 {
			s.t.Fatalf("%d %s: %v", r.status, r.body, err)
		}
		for _, d := range page.Data {
			names, ids = append(names, d.Title), append(ids, d.ID)
		}
		if page.Meta.Next == nil {
			return names, ids
		}
		after = "&cursor=" + *page.Meta.Next
	}
}

// typed is something that somebody types who looks for a title.
func typed(r *rand.Rand, name string) string {
	words := strings.Fields(name)
	word := []rune(words[r.IntN(len(words))])
	first := string(word[:1+r.IntN(len(word))])
	switch r.IntN(6) {
	case 0:
		return string([]rune(name)[:1+r.IntN(min(100, len([]rune(name))))])
	case 1:
		return words[r.IntN(len(words))] + " " + first
	case 2:
		return strings.NewReplacer("-", "", "'", "", ".", "").Replace(name)
	case 3:
		return string(word[r.IntN(len(word)):])
	}
	return strings.ToUpper(first)
}

// The edge suggests titles from the parts of the corpus, the origin from the database: both say the same, byte for byte.
func TestSuggestionsAreOneAtEdgeAndOrigin(t *testing.T) {
	s := start(t, 1)
	s.run("seed", "--movies", "500")
	for _, name := range []string{"Spider-Man: No Way Home", "S.W.A.T.", "L’Étranger", "8½", "東京物語", "ソードアート・オンライン", "기생충", "AKB48の歌", "Łódź – Straße", "Ночь Ёлки", "هُنا آسمان", "שָׁלוֹם", "हिन्दी", "ที่รัก", "★ (…)", "ガンダム", "ｶﾞﾝﾀﾞﾑ", "İstanbul"} {
		s.film(name)
	}
	viewers := []string{s.token("--role", "viewer", "--country", "FR"), s.token("--role", "viewer", "--country", "DE")}
	names, ids := s.found(viewers[0])
	if len(names) < 400 {
		t.Fatalf("%d titles", len(names))
	}
	for i := 0; i < len(ids); i += 3 {
		s.edit("POST", "/v2/admin/geo-restrictions", ruleFor(fmt.Sprintf("not in France %d", i), []string{"FR"}, ids[i]))
		if i > 60 {
			break
		}
	}
	s.seen("/v2/search/autocomplete?q="+url.QueryEscape(names[0]), viewers[0], 200, "data")
	r := rand.New(rand.NewPCG(1, 2))
	shown := 0
	for range 1000 {
		q, token := typed(r, names[r.IntN(len(names))]), viewers[r.IntN(2)]
		if q == "" {
			continue
		}
		path := fmt.Sprintf("/v2/search/autocomplete?q=%s&limit=%d", url.QueryEscape(q), 1+r.IntN(20))
		edge, origin := s.see(0, path, token), call(t.Context(), "GET", "http://"+s.addr+path, token, "")
		if edge.status != 200 || edge.status != origin.status || strings.TrimSpace(edge.body) != strings.TrimSpace(origin.body) {
			t.Errorf("%q\nedge   %d %s\norigin %d %s", q, edge.status, edge.body, origin.status, origin.body)
		}
		shown += strings.Count(edge.body, `"id"`)
	}
	if shown < 1000 {
		t.Errorf("only %d titles were suggested", shown)
	}
}
