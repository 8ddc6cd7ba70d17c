package discovery_test

import (
	"testing"
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
		{name: "ソードアート・オンライン"}, {name: "Face/Off"}, {name: "100% Wolf"}, {name: "ที่รัก"}, {name: "Heat", synopsis: "A film of Al, in which nobody called Pacino plays.", cast: []string{"Al Pacino", "Robert De Niro"}},
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
