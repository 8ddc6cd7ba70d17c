package discovery_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"encora/origin/apitest"
)

// catalogue stores titles that searches are tried on.
func (b *bundle) catalogue() {
	b.t.Helper()
	for i, t := range []title{
		{name: "Up", cast: []string{"Ed Asner"}}, {name: "Upgrade"}, {name: "Update the World", ratings: 900}, {name: "What's Up, Doc?", ratings: 500}, {name: "Down", synopsis: "What goes up must come."},
		{name: "Star Wars", ratings: 500}, {name: "A Star Is Born", ratings: 800}, {name: "Stardust", ratings: 900}, {name: "Wars of a Star", ratings: 700}, {name: "Starship Troopers", ratings: 100},
		{name: "Léon", other: "The Professional", cast: []string{"Jean Reno", "Natalie Portman"}}, {name: "The Godfather", cast: []string{"Al Pacino"}, ratings: 90}, {name: "The Godfather Part II", cast: []string{"Al Pacino"}, ratings: 80},
		{name: "Interstellar", ratings: 400}, {name: "The Matrix", ratings: 300}, {name: "Alien", ratings: 10}, {name: "Spider-Man: No Way Home", ratings: 10}, {name: "Amélie", other: "Le Fabuleux Destin d'Amélie Poulain"},
		{name: "東京物語", other: "Tokyo Story"}, {name: "기생충", other: "Parasite"}, {name: "S.W.A.T."}, {name: "L’Étranger"}, {name: "8½"}, {name: "AKB48の歌"}, {name: "Ночь"}, {name: "हिन्दी मीडियम"}, {name: "Straße"},
		{name: "ソードアート・オンライン"}, {name: "Face/Off"}, {name: "100% Wolf"}, {name: "ที่รัก"}, {name: "Белый Бим"}, {name: "Οδυσσεύς"}, {name: "أحلام"}, {name: "Heat", synopsis: "A film of Al, in which nobody called Pacino plays.", cast: []string{"Al Pacino", "Robert De Niro"}},
	} {
		t.year = 1990 + i%30
		b.film(t)
	}
	bad := b.show(title{name: "Breaking Bad", cast: []string{"Bryan Cranston"}, ratings: 1000})
	b.episode(bad, title{name: "Pilot"})
	b.channel(title{name: "Harbour One", synopsis: "News of the harbour."})
}

func TestWhatIsFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.catalogue()
	f := b.viewer().finds
	// How it matches comes first, then the popularity.
	f("up", "Up | Update the World | Upgrade | What's Up, Doc? | Down")
	f("star", "Stardust | Star Wars | Starship Troopers | A Star Is Born | Wars of a Star")
	f("star wars", "Star Wars | Wars of a Star")
	f("the godfather", "The Godfather | The Godfather Part II")
	f("godfather", "The Godfather | The Godfather Part II")
	f("god part", "The Godfather Part II")
	f("pacino", "The Godfather | The Godfather Part II | Heat")
	f("al pacino", "The Godfather | The Godfather Part II | Heat")
	f("heat pacino", "Heat") // in the name and in the cast
	f("nobody", "Heat")
	// Case, accents and punctuation.
	for _, q := range []string{"leon", "LEON", "Léon", "le\u0301on"} {
		f(q, "Léon")
	}
	f("amelie poulain", "Amélie")
	f("d'amelie", "Amélie")
	for _, q := range []string{"spider man", "spider-man", "spiderman", "SPIDERMAN no", "spider man: no way", "way home spider"} {
		f(q, "Spider-Man: No Way Home")
	}
	f("swat", "S.W.A.T.")
	f("s.w.a.t", "S.W.A.T.")
	f("etranger", "L’Étranger")
	f("l'etr", "L’Étranger")
	f("face/off", "Face/Off")
	f("faceoff", "Face/Off")
	f("100%", "100% Wolf")
	f("8 1/2", "8½")
	f("8½", "8½")
	f("strasse", "Straße")
	f("ночь", "Ночь")
	f("белыи", "Белый Бим")
	f("ΟΔΥΣΣΕΥΣ", "Οδυσσεύς")
	f("احلام", "أحلام")
	f("हिन्दी", "हिन्दी मीडियम")
	f("ｍａｔｒｉｘ", "The Matrix")
	// Any part of what is written without spaces.
	f("東京", "東京物語")
	f("京物", "東京物語")
	f("語", "東京物語")
	f("東語", "")
	f("생충", "기생충")
	f("오", "")
	f("オンライン", "ソードアート・オンライン")
	f("アートオン", "ソードアート・オンライン")
	f("の歌", "AKB48の歌")
	f("akb48", "AKB48の歌")
	f("รัก", "ที่รัก")
	f("tokyo", "東京物語")
	// All kinds of titles.
	f("pilot", "Pilot")
	f("harbour", "Harbour One")
	f("cranston", "Breaking Bad")
	// Nothing to look for.
	f("???", "")
	f("' -- %", "")
}

func TestTypingErrors(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.catalogue()
	f := b.viewer().finds
	f("godfahter", "The Godfather | The Godfather Part II")
	f("teh godfather", "The Godfather | The Godfather Part II")
	f("hte godfather", "The Godfather | The Godfather Part II")
	f("intersteller", "Interstellar")
	f("intrestelar", "Interstellar")
	f("braking bad", "Breaking Bad")
	f("breakin bda", "Breaking Bad")
	f("mtarix", "The Matrix")
	f("matrixx", "The Matrix")
	f("alein", "Alien")
	f("amelei", "Amélie")
	f("spidermann", "Spider-Man: No Way Home")
	f("starwars", "Star Wars")
	f("inter stellar", "Interstellar")
	f("breakingbad", "Breaking Bad")
	f("парсит", "")
	f("parasiet", "기생충")
	f("xqzwv", "")
	f("qwertz", "")
	f("asdf jkl", "")
	f("xx", "")
	// Only where the words find nothing; and fewer errors come before popularity.
	f("leon", "Léon")
	b.film(title{name: "Stat Wors"})
	f("stat", "Stat Wors")
	f("star war", "Star Wars | Wars of a Star")
	f("stat wars", "Wars of a Star | Star Wars | Stat Wors") // one error each
	b.film(title{name: "Startrooper", ratings: 5000})
	f("starttroper", "Startrooper") // two
	b.film(title{name: "Starttrope"})
	f("starttroper", "Starttrope | Startrooper")
}

// What is asked for is judged before anything is looked for.
func TestSearchIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.catalogue()
	b.Do(apitest.Request{Method: "GET", Path: "/v2/search"}).Want(401)
	b.Do(apitest.Request{Method: "GET", Path: "/v2/search", Access: "content:read"}).Want(403)
	f := func(field string, parameters ...string) {
		t.Helper()
		if got := b.viewer().get("/v2/search", parameters...).Want(400).Refused().Fields(); !slices.Equal(got, []string{field}) {
			t.Errorf("%q: 400 names %q", parameters, got)
		}
	}
	f("q", "q", strings.Repeat("é", 201))
	f("q", "q", "a\x00b")
	f("limit", "limit", "0")
	f("limit", "limit", "101")
	f("content_type", "content_type", "collection")
	f("content_rating", "content_rating", "X")
	f("release_year_min", "release_year_min", "1887")
	f("release_year_max", "release_year_max", "2101")
	f("release_year_min", "release_year_min", "2001", "release_year_max", "2000")
	f("fields", "fields", "synopsis")
	f("cursor", "cursor", "x")
	next := b.viewer().search("star", "limit", "1").Meta.NextCursor
	f("cursor", "q", "stars", "limit", "1", "cursor", *next)
	f("cursor", "q", "star", "genre", "drama", "cursor", *next)
	b.viewer().get("/v2/search", "q", strings.Repeat("é", 200), "unknown", "x").Want(200)
	b.viewer().get("/v2/search", "q", "star", "release_year_min", "2000", "release_year_max", "2000").Want(200)
}

func TestWhatIsShownOfATitle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.film(title{name: "Heat", year: 1995, rating: "R", languages: []string{"en"}})
	got := b.viewer().search("heat")
	if len(got.Data) != 1 || got.Meta.HasMore || got.Meta.NextCursor != nil || got.Meta.Limit != 20 {
		t.Fatalf("%+v", got)
	}
	h := got.Data[0]
	h.Images = nil
	if want := (summary{ContentType: "movie", ID: h.ID, Title: "Heat", Slug: h.ID, Rating: "R", Year: 1995, Minutes: 90}); !reflect.DeepEqual(h, want) {
		t.Errorf("%+v, want %+v", h, want)
	}
	if body := b.viewer().get("/v2/search", "q", "heat", "fields", "id,title").Want(200).Body; strings.Contains(string(body), "slug") {
		t.Errorf("sparse: %s", body)
	}
	if body := string(b.viewer().get("/v2/search", "q", "xqzwv").Want(200).Body); body != `{"data":[],"meta":{"next_cursor":null,"has_more":false,"limit":20}}`+"\n" && body != `{"data":[],"meta":{"next_cursor":null,"has_more":false,"limit":20}}` {
		t.Errorf("nothing: %s", body)
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.film(title{name: "One Night", year: 1990, rating: "PG", languages: []string{"en-GB", "zh-Hant-TW"}, genre: "drama", ratings: 90})
	b.film(title{name: "Two Nights", year: 2000, rating: "R", languages: []string{"EN", "fr"}, genre: "comedy", ratings: 80})
	b.film(title{name: "Night without a Year"})
	show := b.show(title{name: "Night Shows", year: 2010, rating: "TV-MA", languages: []string{"de"}, genre: "drama", ratings: 70})
	b.episode(show, title{name: "A Night's Episode"})
	b.channel(title{name: "Night TV"})
	all := func(want string, filters ...string) {
		t.Helper()
		b.viewer().finds("night", want, filters...)
		got := strings.Split(b.viewer().search("", append([]string{"limit", "100"}, filters...)...).names(), " | ")
		wanted := strings.Split(want, " | ")
		slices.Sort(got)
		slices.Sort(wanted)
		if !slices.Equal(got, wanted) {
			t.Errorf("%q, without a text: %q, want %q", filters, got, wanted)
		}
	}
	all("Night Shows | Night TV | Night without a Year | One Night | Two Nights | A Night's Episode")
	all("One Night | Two Nights", "release_year_min", "1990", "release_year_max", "2000")
	all("Night Shows", "release_year_min", "2001")
	all("One Night", "release_year_max", "1999")
	all("Night without a Year | One Night | Two Nights", "content_type", "movie")
	all("A Night's Episode", "content_type", "episode")
	all("Night TV", "content_type", "channel")
	all("Night Shows | One Night | A Night's Episode", "genre", "drama")
	all("", "genre", "western")
	all("Two Nights", "content_rating", "R")
	all("Night Shows | A Night's Episode", "content_rating", "TV-MA")
	all("One Night | Two Nights", "language", "en")
	all("One Night", "language", "en-gb")
	all("One Night", "language", "zh-Hant")
	all("", "language", "en-G")
	all("", "language", `e'\n`)
	all("Night Shows | A Night's Episode", "language", "DE", "genre", "drama", "content_rating", "TV-MA")
	// A typing error is corrected within what the filters leave.
	b.viewer().finds("nihgt", "One Night", "genre", "drama", "content_type", "movie")
	b.viewer().finds("two nihgt", "", "genre", "drama")
}

// Without a text there is everything, the most popular first.
func TestEverythingByPopularity(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.film(title{name: "A", ratings: 10})
	b.film(title{name: "B", ratings: 1000})
	id := b.film(title{name: "C"})
	b.Exec(`UPDATE titles SET plays = 5 WHERE id = $1`, id)
	b.channel(title{name: "D"})
	b.Exec(`INSERT INTO collections (id, slug, title, type, state, announced, sort_order, images, created_by, created_at, updated_at)
		VALUES ($1, 'e', 'E', 'manual', 'published', 'published', 0, '{}', $1, now(), now())`, newID())
	b.viewer().finds("", "C | B | A | D")
	b.viewer().finds("e", "")
}

func TestWhoFindsWhat(t *testing.T) {
	t.Parallel()
	b := setup(t)
	later, before := noon.Add(time.Hour), noon.Add(-time.Hour)
	b.film(title{name: "Star open", from: &before, until: &later})
	b.film(title{name: "Star scheduled", from: &later})
	b.film(title{name: "Star over", until: &before})
	b.film(title{name: "Star draft", state: "draft"})
	b.film(title{name: "Star unpublished", state: "unpublished"})
	b.deny("movie", b.film(title{name: "Star denied"}))
	show := b.show(title{name: "Star show", rating: "R"})
	b.episode(show, title{name: "Star episode", rating: "PG"})
	denied := b.show(title{name: "Star denied show"})
	b.deny("show", denied)
	b.deny("episode", b.episode(show, title{name: "Star denied episode"}))
	b.episode(denied, title{name: "Star episode of a denied show"})
	hidden := b.show(title{name: "Star draft show", state: "draft"})
	b.episode(hidden, title{name: "Star episode of a draft show"})
	b.channel(title{name: "Star channel"})
	b.channel(title{name: "Star closed channel", state: "unpublished"})
	visible := []string{"Star channel", "Star denied", "Star denied episode", "Star denied show", "Star episode", "Star episode of a denied show", "Star open", "Star scheduled", "Star show"}
	allowed := []string{"Star channel", "Star episode", "Star open", "Star scheduled", "Star show"}
	f := func(who string, v viewer, want ...string) {
		t.Helper()
		for _, q := range []string{"star", "satr", ""} {
			got := strings.Split(v.search(q, "limit", "100").names(), " | ")
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("a viewer %s finds for %q %q, want %q", who, q, got, want)
			}
		}
	}
	f("of anywhere", b.viewer(), visible...)
	f("from XX", b.from("XX"), allowed...)
	b.plan(`content_type != "channel" && content_rating != "R"`) // an episode is left out with its show
	f("of the plan", b.of("XX"), "Star open", "Star scheduled")
	b.Set(later)
	f("later", b.from("XX"), "Star channel", "Star episode", "Star scheduled", "Star show")
}
