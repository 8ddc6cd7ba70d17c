package discovery_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/shared/wire"
)

// corpus reads all parts, by title.
func (b *bundle) corpus() map[string]wire.Suggestion {
	b.t.Helper()
	all := map[string]wire.Suggestion{}
	for part := range wire.SuggestParts {
		var in wire.Suggestions
		b.Ask(fmt.Sprint("/internal/suggest/", part), nil).Want(200).Decode(&in)
		for i, s := range in.Titles {
			if wire.SuggestPart(uuid.MustParse(s.ID)) != part || i > 0 && in.Titles[i-1].ID >= s.ID {
				b.t.Errorf("%s is in part %d, or out of order", s.ID, part)
			}
			all[s.Title] = s
		}
	}
	return all
}

func TestTheCorpus(t *testing.T) {
	t.Parallel()
	b := setup(t)
	later, before := noon.Add(time.Hour).Add(999*time.Microsecond), noon.Add(-time.Hour)
	film := b.film(title{name: "Amélie", other: "Le Fabuleux Destin d'Amélie Poulain", until: &later, from: &later})
	b.film(title{name: "Same", other: "SAME"})
	b.film(title{name: "Over", until: &before})
	b.film(title{name: "Draft", state: "draft"})
	show := b.show(title{name: "Show", rating: "R"})
	b.deny("show", show)
	episode := b.episode(show, title{name: "Episode"})
	b.channel(title{name: "Channel"})
	b.Exec(`UPDATE titles SET plays = 99 WHERE id = $1`, film)
	got := b.corpus()
	f := func(name string, want wire.Suggestion) {
		t.Helper()
		s, ok := got[name]
		if want.ID == "" {
			want.ID = s.ID
		}
		if !ok || fmt.Sprint(s) != fmt.Sprint(want) {
			t.Errorf("%+v, want %+v", s, want)
		}
	}
	f("Amélie", wire.Suggestion{ID: film.String(), Type: "movie", Title: "Amélie", Also: []string{"le fabuleux destin d-amelie poulain"},
		Until: later.UnixMilli(), Not: []string{}, Weight: 180_000})
	f("Same", wire.Suggestion{Type: "movie", Title: "Same", Also: []string{}, Not: []string{}})
	f("Show", wire.Suggestion{ID: show.String(), Type: "show", Title: "Show", Also: []string{}, Not: []string{b.rule.String()}})
	f("Episode", wire.Suggestion{ID: episode.String(), Type: "episode", Parent: show.String(), Title: "Episode", Also: []string{}, Not: []string{b.rule.String()}})
	f("Channel", wire.Suggestion{Type: "channel", Title: "Channel", Also: []string{}, Not: []string{}})
	if len(got) != 5 {
		t.Errorf("%d titles: %v", len(got), got)
	}
	b.plan(`content_rating != "R" && content_type != "channel"`)
	for name, s := range b.corpus() {
		if left := slices.Contains([]string{"Show", "Episode", "Channel"}, name); left != slices.Contains(s.Not, planID) {
			t.Errorf("%s is not for %q", name, s.Not)
		}
	}
	for _, path := range []string{"/internal/suggest/64", "/internal/suggest/-1", "/internal/suggest/x", "/internal/suggest/"} {
		if a := b.Ask(path, nil); a.Status != 400 && a.Status != 404 {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
}

func TestWhatChangesThePartsOfTheCorpus(t *testing.T) {
	t.Parallel()
	b := setup(t)
	later := noon.Add(time.Hour)
	b.film(title{name: "Heat", until: &later})
	f := func(want string) {
		t.Helper()
		a := b.Ask("/internal/suggest/7", nil).Want(200)
		if got := a.Header.Get(wire.Tags); got != want || a.Header.Get(wire.Until) != "" {
			t.Errorf("tags %q, until %q, want %q", got, a.Header.Get(wire.Until), want)
		}
	}
	f("filters,popularity,suggest:7")
	b.plan("")
	b.plan(`"drama" in genres`)
	f("filters,popularity,slugs,suggest:7")
}

// An edge that judges the corpus by the viewer's class and the clock suggests what a search finds.
func TestTheCorpusIsWhatIsFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	soon, later, before := noon.Add(time.Minute), noon.Add(time.Hour), noon.Add(-time.Hour)
	n := 0
	for _, state := range []string{"", "draft", "unpublished"} {
		for _, window := range [][2]*time.Time{{}, {&later, nil}, {&before, &soon}, {nil, &before}} {
			for _, rating := range []string{"PG", "R"} {
				for range 2 {
					n++
					some := title{name: fmt.Sprintf("Film %d", n), state: state, from: window[0], until: window[1], rating: rating}
					film := b.film(some)
					some.name = fmt.Sprintf("Show %d", n)
					show := b.show(some)
					for _, other := range []string{"", "draft"} {
						some.name, some.state = fmt.Sprintf("Episode %d%s", n, other), other
						if episode := b.episode(show, some); n%3 == 0 {
							b.deny("episode", episode)
						}
					}
					if n%2 == 0 {
						b.deny("movie", film)
						b.deny("show", show)
					}
				}
			}
		}
	}
	b.channel(title{name: "Channel"})
	b.plan(`content_rating != "R" || content_type == "channel"`)
	corpus := b.corpus()
	for _, at := range []time.Time{noon, soon.Add(-time.Millisecond), soon, later} {
		b.Set(at)
		for who, denied := range map[viewer][]string{b.viewer(): nil, b.from("XX"): {b.rule.String()}, b.of(""): {planID}, b.of("XX"): {planID, b.rule.String()}} {
			var want []string
			for _, s := range corpus {
				if !slices.ContainsFunc(s.Not, func(id string) bool { return slices.Contains(denied, id) }) && (s.Until == 0 || at.UnixMilli() < s.Until) {
					want = append(want, s.ID)
				}
			}
			got := who.all("", 100, nil)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s at %s: %d found, %d suggested", who.access, at, len(got), len(want))
			}
		}
	}
}

// suggests wants titles to be suggested in this order.
func (v viewer) suggests(q, want string, more ...string) {
	v.b.t.Helper()
	var list struct {
		Data []struct {
			ContentType string `json:"content_type"`
			ID, Title   string
		}
	}
	v.get("/v2/search/autocomplete", append([]string{"q", q}, more...)...).Want(200).Decode(&list)
	var names []string
	for _, s := range list.Data {
		names = append(names, s.Title)
	}
	if got := strings.Join(names, " | "); got != want {
		v.b.t.Errorf("%q suggests %q, want %q", q, got, want)
	}
}

func TestAutocomplete(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i, name := range []string{"The Dark Knight", "Spider-Man: No Way Home", "Amélie|Le Fabuleux Destin d'Amélie Poulain", "東京物語|Tokyo Story",
		"기생충|Parasite", "S.W.A.T.", "Knight and Day", "L'Étranger", "ソードアート・オンライン", "Darkman", "8½", "8 Mile", "Straße", "???", "$", "Night of the Knight", "AKB48の歌"} {
		all := strings.Split(name+"|", "|")
		id := b.film(title{name: all[0], other: all[1], synopsis: "knight spider"})
		b.Exec(`UPDATE titles SET plays = $2 WHERE id = $1`, id, 1000-50*i)
	}
	f := b.viewer().suggests
	f("kni", "Knight and Day | The Dark Knight | Night of the Knight")
	f("the kn", "The Dark Knight | Night of the Knight")
	f("kn the", "The Dark Knight | Night of the Knight")
	f("dark", "Darkman | The Dark Knight")
	f("da", "Darkman | The Dark Knight | Amélie | Knight and Day")
	f("da", "Darkman | The Dark Knight", "limit", "2")
	f("da", "Darkman", "limit", "1")
	f("spiderm", "Spider-Man: No Way Home")
	f("home spider", "Spider-Man: No Way Home")
	f("oma", "")
	f("AMÉLIE POU", "Amélie")
	f("le fab", "Amélie")
	f("京物", "東京物語")
	f("東語", "")
	f("生", "")
	f("생", "기생충")
	f("기새", "기생충") // of which a letter is to come
	f("swat", "S.W.A.T.")
	f("letr", "L'Étranger")
	f("オンライン", "ソードアート・オンライン")
	f("8", "8½ | 8 Mile")
	f("8 1/2", "8½")
	f("strasse", "Straße")
	f("の歌", "AKB48の歌")
	f("48", "")
	f("?", "")
	f("kinght", "") // as it is typed
	b.film(title{name: "Zed"})
	b.film(title{name: "Éa"})
	b.film(title{name: "Ed"})
	f("z", "Zed")
	f("e", "Éa | Ed | L'Étranger")
	b.deny("movie", b.film(title{name: "Denied"}))
	f("denied", "Denied")
	b.from("XX").suggests("denied", "")
	b.plan(`title != "Denied"`)
	b.of("").suggests("denied", "")
	for _, wrong := range [][]string{{"q", ""}, {"q", strings.Repeat("a", 101)}, {"q", "a", "limit", "21"}, {"q", "a", "limit", "0"}} {
		b.viewer().get("/v2/search/autocomplete", wrong...).Want(400)
	}
	viewer{b, "content:read"}.get("/v2/search/autocomplete", "q", "a").Want(403)
}
