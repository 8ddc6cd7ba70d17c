package suggest

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"encora/shared/wire"
)

// named are titles of given names, the first the heaviest; names behind a bar are other names.
func named(names ...string) []wire.Suggestion {
	var titles []wire.Suggestion
	for i, name := range names {
		all := strings.Split(name, "|")
		titles = append(titles, wire.Suggestion{ID: testID(i), Type: wire.ContentMovie, Title: all[0], Also: all[1:], Weight: int64(1000 - i)})
	}
	return titles
}

func TestWhatIsFound(t *testing.T) {
	sources := []Source{{Part: part(t, named("The Dark Knight", "Spider-Man: No Way Home", "Amélie|Le Fabuleux Destin d'Amélie Poulain", "東京物語|Tokyo Story",
		"기생충|Parasite", "S.W.A.T.", "Knight and Day", "L'Étranger", "ソードアート・オンライン", "Darkman", "8½", "8 Mile", "Straße", "???", "$", "Night of the Knight", "AKB48の歌")...)}}
	var s Search
	f := func(q string, want ...string) {
		t.Helper()
		var got []string
		for _, d := range find(t, &s, q, 20, 0, sources, &onlooker{}).Data {
			got = append(got, d.Title)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q finds %q, want %q", q, got, want)
		}
	}
	f("kni", "Knight and Day", "The Dark Knight", "Night of the Knight")
	f("knight", "Knight and Day", "The Dark Knight", "Night of the Knight")
	f("knights")
	f("the kn", "The Dark Knight", "Night of the Knight")
	f("kn the", "The Dark Knight", "Night of the Knight")
	f("THE DARK KN", "The Dark Knight")
	f("dark the the d", "The Dark Knight")
	f("dark", "Darkman", "The Dark Knight")
	f("day", "Knight and Day")
	f("da", "Darkman", "The Dark Knight", "Amélie", "Knight and Day")
	f("spider man", "Spider-Man: No Way Home")
	f("spider-man", "Spider-Man: No Way Home")
	f("spiderm", "Spider-Man: No Way Home")
	f("spiderman no way", "Spider-Man: No Way Home")
	f("home spider", "Spider-Man: No Way Home")
	f("way no", "Spider-Man: No Way Home")
	f("oma")
	f("amelie", "Amélie")
	f("AMÉLIE POU", "Amélie")
	f("le fab", "Amélie")
	f("damelie", "Amélie")
	f("京物", "東京物語")
	f("物語", "東京物語")
	f("tok", "東京物語")
	f("東語")
	f("생충", "기생충")
	f("생", "기생충")
	f("swat", "S.W.A.T.")
	f("s.w.a", "S.W.A.T.")
	f("l'etr", "L'Étranger")
	f("etranger", "L'Étranger")
	f("letr", "L'Étranger")
	f("オンライン", "ソードアート・オンライン")
	f("アート", "ソードアート・オンライン")
	f("ソードアートオン", "ソードアート・オンライン")
	f("8", "8½", "8 Mile")
	f("8 1/2", "8½")
	f("8½", "8½")
	f("strasse", "Straße")
	f("の歌", "AKB48の歌")
	f("歌", "AKB48の歌")
	f("48")
	f("?")
	f(" ")
	f("$ ' --")
}

func TestTheOrderOfWhatIsFound(t *testing.T) {
	weigh := func(n int, title string, weight int64) wire.Suggestion {
		return wire.Suggestion{ID: testID(n), Type: wire.ContentShow, Title: title, Weight: weight}
	}
	one := part(t, weigh(1, "Old Star", 90), weigh(4, "Star", 10), weigh(6, "Élan Star", 7), weigh(8, "zero Star", 7))
	two := part(t, weigh(2, "The Star", 95), weigh(3, "Starlight", 11), weigh(5, "Star", 10), weigh(7, "Fresh Star", 7), weigh(9, "Negative Star", -1))
	var got []string
	var s Search
	for _, d := range find(t, &s, "star", 20, 0, []Source{{Part: one}, {Part: two}}, &onlooker{}).Data {
		got = append(got, d.ID[len(d.ID)-1:])
	}
	if all := strings.Join(got, ""); all != "345216789" {
		t.Errorf("the order is %s", all)
	}
	if got := find(t, &s, "star", 2, 0, []Source{{Part: two}, {Part: one}}, &onlooker{}).Data; len(got) != 2 || got[1].ID != testID(4) {
		t.Errorf("of others the first are %v", got)
	}
}

func TestWhatMayNotBeShown(t *testing.T) {
	titles := named("Star 0", "Star 1", "Star 2", "Star 3", "Star 4", "Star 5", "Star 6")
	titles[1].Not = []string{"b", "a"}
	titles[2].Not = []string{"c"}
	titles[3].Until = 1000
	titles[4].Type, titles[4].Parent = wire.ContentEpisode, testID(77)
	titles[5].Type, titles[5].Parent = wire.ContentEpisode, testID(78)
	titles[6].Not = []string{"a", "b"}
	source := Source{Part: part(t, titles...), Pos: 7}
	if n := len(source.sets); n != 3 {
		t.Errorf("%d sets of ids, want that of none and two", n)
	}
	var s Search
	f := func(now int64, stale bool, o onlooker, want string) {
		t.Helper()
		source.Stale = stale
		got := ""
		for _, d := range find(t, &s, "star", 20, now, []Source{source}, &o).Data {
			got += d.Title[len(d.Title)-1:]
		}
		if got != want {
			t.Errorf("shown are %s, want %s", got, want)
		}
	}
	removed := map[uint32]uint64{slotOf("movie:" + testID(0)): 8, slotOf("show:" + testID(77)): 9, slotOf("show:" + testID(78)): 7}
	f(999, false, onlooker{}, "0123456")
	f(1000, false, onlooker{}, "012456")
	f(0, false, onlooker{denied: []string{"a"}}, "02345")
	f(0, false, onlooker{denied: []string{"c", "x"}}, "013456")
	f(0, false, onlooker{removed: removed}, "0123456")
	f(0, true, onlooker{removed: removed}, "12356")
	source.Shy = true
	f(0, false, onlooker{}, "0345")
}

func TestBadPartsAreRefused(t *testing.T) {
	for _, body := range []string{"", "[]", `{"titles":[{"id":"x","type":"movie"}]}`, `{"titles":[{"id":"` + testID(1) + `","type":"genre"}]}`} {
		if _, err := Pack([]byte(body), slotOf); err == nil {
			t.Errorf("%q is taken", body)
		}
	}
	for _, packed := range []string{"", "short", strings.Repeat("\x01", 100)} {
		if _, err := Read(packed); err == nil {
			t.Errorf("%q is read", packed)
		}
	}
	p := part(t)
	var s Search
	if got := find(t, &s, "a", 20, 0, []Source{{Part: p}}, &onlooker{}); p.Len() != 0 || len(got.Data) != 0 || got.Data == nil {
		t.Errorf("an empty part: %v", got)
	}
}

func TestTextsAreShownAsTheyAre(t *testing.T) {
	title := `Q"uo\te <b>&amp; ` + "\t\u2028é東"
	var s Search
	got := find(t, &s, "quo te", 1, 0, []Source{{Part: part(t, wire.Suggestion{ID: strings.ToUpper(testID(0xABC)), Type: wire.ContentChannel, Title: title})}}, &onlooker{})
	if len(got.Data) != 1 || got.Data[0].Title != title || got.Data[0].ContentType != wire.ContentChannel || got.Data[0].ID != testID(0xABC) {
		t.Errorf("shown is %+v", got)
	}
	if body := s.Append([]byte("x")); !strings.HasPrefix(string(body), `x{"data":[{"content_type":"channel","id":"0190a6e0-`) || !strings.Contains(string(body), "<b>&amp;") {
		t.Errorf("%s", body)
	}
}

// A long text without spaces costs no more than its bound.
func TestPlacesAreBounded(t *testing.T) {
	p := part(t, wire.Suggestion{ID: testID(1), Type: wire.ContentMovie, Title: strings.Repeat("東京物語一二三四五六", 100)})
	if n := len(p.words.keys) / keySize; n > maxPlaces {
		t.Errorf("%d places", n)
	}
}

// Whatever is asked, the search finds what one finds who looks at every title.
func TestSearchFindsWhatAScanFinds(t *testing.T) {
	words := []string{"a", "ab", "abc", "b", "ba", "the", "them", "man", "Man", "é", "ê", "東京", "京", "京a", "한", "하", "1", "12", "", "-", "'"}
	word := rapid.SampledFrom(words)
	gap := rapid.SampledFrom([]string{" ", " ", " ", "-", "'", ": ", ""})
	phrase := rapid.Custom(func(t *rapid.T) string {
		text := word.Draw(t, "word")
		for range rapid.IntRange(0, 3).Draw(t, "more") {
			text += gap.Draw(t, "gap") + word.Draw(t, "word")
		}
		return text
	})
	ids := rapid.SliceOfN(rapid.SampledFrom([]string{"r1", "r2", "p1"}), 0, 2)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 150).Draw(t, "titles")
		titles := make([]wire.Suggestion, n)
		sources := make([]Source, rapid.IntRange(1, 5).Draw(t, "sources"))
		split := make([][]wire.Suggestion, len(sources))
		for i := range titles {
			titles[i] = wire.Suggestion{ID: testID(i), Type: rapid.SampledFrom(kinds[:]).Draw(t, "type"), Title: phrase.Draw(t, "title"),
				Also: rapid.SliceOfN(phrase, 0, 2).Draw(t, "also"), Not: ids.Draw(t, "not"), Weight: int64(rapid.IntRange(0, 3).Draw(t, "weight")),
				Until: int64(rapid.SampledFrom([]int{0, 0, 5, 6}).Draw(t, "until"))}
			k := rapid.IntRange(0, len(sources)-1).Draw(t, "source")
			split[k] = append(split[k], titles[i])
		}
		for i := range sources {
			sources[i] = Source{Part: packed(t, split[i]), Pos: 10, Stale: true}
		}
		viewer := &onlooker{denied: ids.Draw(t, "denied"), removed: map[uint32]uint64{slotOf("movie:" + testID(3)): 12, slotOf("movie:" + testID(4)): 10}}
		hidden := func(w *wire.Suggestion) bool {
			return len(w.Not) > 0 && viewer.Denies(w.Not) || w.Until != 0 && w.Until <= 5 || w.Type == wire.ContentMovie && w.ID == testID(3)
		}
		var s Search
		for range 10 {
			q, limit := phrase.Draw(t, "q"), rapid.IntRange(1, 20).Draw(t, "limit")
			s.Find(Ask{Q: []byte(q), Limit: limit}, 5, sources, viewer)
			got := []string{}
			for _, f := range s.found {
				got = append(got, uuidText(f.part.line(f.title)))
			}
			if want := naive(titles, q, limit, hidden); !slices.Equal(got, want) {
				t.Fatalf("%q finds %v, want %v", q, got, want)
			}
		}
	})
}
