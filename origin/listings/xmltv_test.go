package listings

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"encora/origin/vocab"
)

func TestChannelsAreRead(t *testing.T) {
	k := read(t, `<tv><channel id=" one.example ">
<display-name lang="fr_FR">La <![CDATA[Une]]></display-name><icon src="x"/><display-name>1</display-name><display-name/><url>x</url><lcn>36</lcn></channel>
<channel id=""/><channel><display-name>No id</display-name></channel>
<channel id="`+strings.Repeat("é", 256)+`"/>`+aProgramme+`</tv>`)
	want := []Channel{{1, "one.example", []Text{{"fr-FR", "La Une"}, {"", "1"}}}}
	if !reflect.DeepEqual(k.channels, want) || codes(k.faults) != "invalid_channel 3, invalid_channel 3, invalid_channel 4" || len(k.programmes) != 1 {
		t.Errorf("%+v", k)
	}
}

// What the contract has a place for, and all the rest of the DTD.
func TestProgrammeIsRead(t *testing.T) {
	k := read(t, `<tv><programme
	start="20260331180000 +0000" stop="20260331190000 +0000" channel=" one " pdc-start="x" vps-start="y" showview="12345" clumpidx="1/2" x-foo="bar">
	<title lang="en">One</title><title lang="fr">Un</title><sub-title>Pilot</sub-title><desc lang="en"> Long
	 text </desc><credits><director>D</director><actor role="R" guest="yes">A<image type="poster">https://a.example/p</image></actor></credits>
	<date>nonsense</date><category lang="en">Drama</category><category>Drama</category><category> Crime  story</category><keyword>k</keyword>
	<language>English</language><orig-language>French</orig-language><length units="minutes">60</length>
	<icon src="https://a.example/small.jpg" width="10" height="10"/><icon src="https://a.example/large.jpg" width="100" height="100"/>
	<url>https://a.example</url><country>US</country><episode-num system="onscreen">S09E09</episode-num><episode-num system="xmltv_ns">1.2/10.0/1</episode-num>
	<video><present>yes</present></video><audio><stereo>dolby</stereo></audio><previously-shown start="?"/><premiere>P</premiere><last-chance/><new/>
	<subtitles type="teletext"><language>Welsh</language></subtitles><rating system="BBFC"><value>15</value><icon src="https://a.example/15.png"/></rating>
	<star-rating><value>4/5</value></star-rating><review type="text">R</review><image type="poster" size="1">https://a.example/p1.jpg</image>
	<image type="poster" size="2"> https://a.example/p2.jpg </image><image type="backdrop">https://a.example/b.jpg</image><image type="still">https://a.example/s.jpg</image>
	<x-extra><title>no</title></x-extra></programme></tv>`)
	two, three := 2, 3
	want := Programme{
		Line: 1, Channel: "one", Start: Moment{At: 1774980000}, Stop: &Moment{At: 1774983600}, Length: 3600, Part: 1, Parts: 2,
		Titles: []Text{{"en", "One"}, {"fr", "Un"}}, SubTitles: []Text{{"", "Pilot"}}, Descriptions: []Text{{"en", "Long text"}},
		Language: "en", Rating: "R", Season: &two, Episode: &three, Categories: []string{"Drama", "Crime story"},
		Images: vocab.ImageSet{ThumbnailURL: "https://a.example/large.jpg", PosterURL: "https://a.example/p2.jpg", BackdropURL: "https://a.example/b.jpg"},
	}
	if len(k.programmes) != 1 || !reflect.DeepEqual(k.programmes[0], want) {
		t.Errorf("%+v\nwant %+v", k, want)
	}
}

func TestProgrammesThatAreSkipped(t *testing.T) {
	f := func(programme, want, channel string) {
		t.Helper()
		k := read(t, "<tv>\n"+programme+aProgramme+"</tv>")
		if len(k.programmes) != 1 || codes(k.faults) != want || k.faults[0].Channel != channel || len(k.faults[0].Message) > 300 {
			t.Errorf("%.200s: %+v", programme, k)
		}
	}
	f(`<programme/>`, "no_channel 2", "")
	f(`<programme channel=" " start="20260301"><title>T</title></programme>`, "no_channel 2", "")
	f(`<programme channel="`+strings.Repeat("c", 256)+`" start="20260301"><title>T</title></programme>`, "no_channel 2", strings.Repeat("c", 254)+"…")
	f("<programme\nchannel='d'><title>T</title></programme>", "no_start 2", "d")
	f(`<programme channel="d" start=""><title>T</title></programme>`, "no_start 2", "d")
	f(`<programme channel="d" start="2026"><title>T</title></programme>`, "invalid_time 2", "d")
	f(`<programme channel="d" start="20260301" stop="soon"><title>T</title></programme>`, "invalid_time 2", "d")
	f(`<programme channel="d" start="20260301 XXX"><title>T</title></programme>`, "unknown_zone 2", "d")
	f(`<programme channel="d" start="20260301"/>`, "no_title 2", "d")
	f(`<programme channel="d" start="20260301"><title> </title><title/></programme>`, "no_title 2", "d")
	f(`<programme channel="d" start="20260301"><title>`+strings.Repeat("x", maxText+1)+`</title></programme>`, "too_large 2", "d")
	f(`<programme channel="d" start="20260301"><title x="`+strings.Repeat("x", maxAttr+1)+`">T</title></programme>`, "too_large 2", "d")
	f(`<programme channel="d" start="20260301"><title>T</title>`+strings.Repeat("<x/>", maxElements)+`</programme>`, "too_large 2", "d")
	f(`<programme channel="d" start="20260301">`+strings.Repeat("<desc>"+strings.Repeat("x", 60<<10)+"</desc>", 5)+`</programme>`, "too_large 2", "d")
	var attributes strings.Builder
	for i := range maxAttrs + 1 {
		fmt.Fprintf(&attributes, ` a%d=""`, i)
	}
	f(`<programme channel="d" start="20260301"><title`+attributes.String()+`>T</title></programme>`, "too_large 2", "d")
}

func TestTextsAreChosenByLanguage(t *testing.T) {
	f := func(content, language, want string) {
		t.Helper()
		e := entryOf(t, content, language)
		if got := e.Title + "|" + e.Description + "|" + e.Language; got != want {
			t.Errorf("%s in %s: %s, want %s", content, language, got, want)
		}
	}
	titles := `<title lang="es">ES</title><title lang="en">EN</title><title lang="en-GB">GB</title><title lang="">none</title><title lang="deu">DE</title>`
	f(titles, "en-GB", "GB||en-GB")
	f(titles, "en-gb", "GB||en-GB")
	f(titles, "en", "EN||en")
	f(titles, "en-US", "EN||en")
	f(titles, "es-MX", "ES||es")
	f(titles, "de", "DE||de")
	f(titles, "fr", "none||")
	f(titles, "", "none||")
	f(`<title lang="es">ES</title><title lang="en">EN</title>`, "fr", "ES||es")
	f(`<title lang="not a language">T</title>`, "fr", "T||")
	// The longest description of the language; the sub-title before it, unless it says nothing new.
	descriptions := `<title lang="fr">T</title><desc lang="en">english text</desc><desc lang="fr">court</desc><desc lang="fr">texte long</desc><desc lang="fr">court</desc>`
	f(descriptions, "fr", "T|texte long|fr")
	f(descriptions, "en", "T|english text|fr")
	f(descriptions, "de", "T|english text|fr")
	f(`<title>T</title><sub-title lang="en">Sub</sub-title><sub-title lang="fr">Sous</sub-title><desc>D</desc>`, "fr", "T|Sous\nD|")
	f(`<title>T</title><sub-title>Sub</sub-title>`, "fr", "T|Sub|")
	f(`<title>T</title><sub-title>t</sub-title><desc>D</desc>`, "fr", "T|D|")
	f(`<title>T</title><sub-title>d</sub-title><desc>D</desc>`, "fr", "T|D|")
	// The language that it is broadcast in, if it can be told.
	f(`<title lang="fr">T</title><language>en</language>`, "fr", "T||en")
	f(`<title lang="fr">T</title><language>English</language>`, "fr", "T||en")
	f(`<title lang="fr">T</title><language lang="fr">Deutsch</language>`, "fr", "T||de")
	f(`<title lang="fr">T</title><language>eng</language>`, "fr", "T||en")
	f(`<title lang="fr">T</title><language>ger</language>`, "fr", "T||de")
	f(`<title lang="fr">T</title><language>pt_BR</language>`, "fr", "T||pt-BR")
	f(`<title lang="fr">T</title><language>mul</language><language>Klingonese</language><language>it</language>`, "fr", "T||it")
	f(`<title lang="fr">T</title><language>Klingonese</language>`, "fr", "T||fr")
}

func TestTextsAreCut(t *testing.T) {
	word := "wörd "
	e := entryOf(t, "<title>"+strings.Repeat(word, 60)+"</title><sub-title>Sub</sub-title><desc>"+strings.Repeat(word, 500)+"</desc>", "")
	if want := strings.Repeat(word, 50) + "wörd…"; e.Title != want {
		t.Errorf("title %q", e.Title)
	}
	if want := "Sub\n" + strings.TrimSpace(strings.Repeat(word, 399)) + "…"; e.Description != want {
		t.Errorf("description of %d ends in %q", len([]rune(e.Description)), e.Description[len(e.Description)-20:])
	}
	e = entryOf(t, "<title>"+strings.Repeat("é", 255)+"</title>", "")
	if e.Title != strings.Repeat("é", 255) {
		t.Error(e.Title)
	}
	e = entryOf(t, "<title>"+strings.Repeat("é", 256)+"</title>", "")
	if e.Title != strings.Repeat("é", 254)+"…" {
		t.Error(e.Title)
	}
	var categories strings.Builder
	for i := range 30 {
		fmt.Fprintf(&categories, "<category>%d %s</category>", i, strings.Repeat("x", 120))
	}
	e = entryOf(t, "<title>T</title>"+categories.String(), "")
	if len(e.Categories) != 20 || len([]rune(e.Categories[19])) != 100 {
		t.Errorf("%q", e.Categories)
	}
	if e := entryOf(t, "<title>T</title>", ""); e.Categories == nil || len(e.Categories) != 0 {
		t.Errorf("%#v", e.Categories)
	}
}

func TestEpisodes(t *testing.T) {
	f := func(content, want string) {
		t.Helper()
		p := readOne(t, "<title>T</title>"+content)
		show := func(n *int) string {
			if n == nil {
				return "-"
			}
			return fmt.Sprint(*n)
		}
		if got := show(p.Season) + " " + show(p.Episode); got != want {
			t.Errorf("%s: %s, want %s", content, got, want)
		}
	}
	ns := func(text, want string) {
		t.Helper()
		f(`<episode-num system="xmltv_ns">`+text+`</episode-num>`, want)
	}
	shown := func(text, want string) {
		t.Helper()
		f(`<episode-num system="onscreen">`+text+`</episode-num>`, want)
		f(`<episode-num>`+text+`</episode-num>`, want)
	}
	ns("1.0.0/1", "2 1")
	ns("18.50/30.", "19 51")
	ns(" 2 . 9 / 12 . 0/3 ", "3 10")
	ns("0 . 12/13 . 0/3", "1 13")
	ns("0..", "1 -")
	ns(".4.", "- 5")
	ns(".4/8", "- 5")
	ns("3", "4 -")
	ns("..0/2", "- -")
	ns("x.y.z", "- -")
	ns("-1.-1.", "- -")
	ns("99999999999999999999.1000000.", "- -")
	shown("S01E02", "1 2")
	shown("s1 e2", "1 2")
	shown("S01.E02 (of 10)", "1 2")
	shown("S1, Ep. 2", "1 2")
	shown("T2:E3", "2 3")
	shown("1x02", "1 2")
	shown("Season 1, Episode 2", "1 2")
	shown("Series 3 Episode 4", "3 4")
	shown("Stagione 2 Episodio 3", "2 3")
	shown("Episodio 3", "- 3")
	shown("Staffel 1, Folge 2", "1 2")
	shown("1. Staffel, 2. Folge", "1 2")
	shown("Saison 4 Épisode 5", "4 5")
	shown("Temporada 1 Capítulo 2", "1 2")
	shown("Seizoen 1, aflevering 2", "1 2")
	shown("1 сезон, 2 серия", "1 2")
	shown("Сезон 1 Серия 2", "1 2")
	shown("1 сезон 2 серия", "1 2")
	shown("Season 2 Part 3", "2 -")
	shown("Ep 5", "- 5")
	shown("Ep.5", "- 5")
	shown("E5", "- 5")
	shown("Season 2", "2 -")
	shown("427", "- -")
	shown("EP01006886.0028", "- -")
	shown("1920x1080", "- -")
	shown("The 39 Steps", "- -")
	shown("S"+strings.Repeat("9", 300), "- -")
	f(`<episode-num system="dd_progid">EP01006886.0028</episode-num>`, "- -")
	f(`<episode-num system="themoviedb.org">S01E02</episode-num>`, "- -")
	f(`<episode-num system="onscreen">S01E02</episode-num><episode-num system="xmltv_ns">4.5.</episode-num>`, "5 6")
	f(`<episode-num system="xmltv_ns">..</episode-num><episode-num system="onscreen">S01E02</episode-num>`, "1 2")
}

func TestRatings(t *testing.T) {
	f := func(system, value, want string) {
		t.Helper()
		if got := readOne(t, `<title>T</title><rating system="`+system+`"><value>`+value+`</value></rating>`).Rating; got != want {
			t.Errorf("%s %s: %q, want %q", system, value, got, want)
		}
	}
	for _, r := range []string{"G", "PG", "PG-13", "R", "NC-17", "UNRATED"} {
		f("MPAA", r, r)
	}
	for _, r := range []string{"TV-Y", "TV-G", "TV-PG", "TV-14", "TV-MA"} {
		f("VCHIP", r, r)
		f("USA Parental Rating", strings.ReplaceAll(r, "-", ""), r)
		f("", r, r)
	}
	f("VCHIP", "TV-Y7-FV", "TV-PG")
	f("BBFC", "U", "G")
	f("BBFC", "12A", "PG-13")
	f("BBFC", "15", "R")
	f("FSK", "FSK 12", "PG-13")
	f("FSK", "16", "R")
	f("CSA", "Tout public", "TV-G")
	f("CSA", "-10", "TV-PG")
	f("CSA", "-12", "TV-14")
	f("CSA", "-16", "TV-MA")
	f("Canadian Parental Rating", "14+", "TV-14")
	f("ACB", "MA15+", "TV-MA")
	f("OFLC", "M", "TV-14")
	f("Kijkwijzer", "AL", "TV-G")
	f("Kijkwijzer", "9", "TV-PG")
	f("it", "LIBERO DA DIVIETI", "TV-G")
	f("it", "Yellow", "TV-PG")
	f("it", "Red", "TV-MA")
	f("it", "14", "TV-14")
	f("it", "1", "")
	f("PEGI", "7", "TV-PG")
	f("PEGI", "12", "TV-14")
	f("RARS", "16+", "TV-MA")
	f("RARS", "0+", "TV-G")
	f("PEGI", "99", "")
	f("Nobody", "PG", "")
	f("MPAA", "Z", "")
	f("", "G", "G")
	f("", "R", "R")
	f("", "Unrated", "UNRATED")
	f("", "M", "")
	one := func(content, want string) {
		t.Helper()
		if got := readOne(t, "<title>T</title>"+content).Rating; got != want {
			t.Errorf("%s: %q, want %q", content, got, want)
		}
	}
	one("<rating>16+</rating>", "TV-MA") // without value, as some feeds write it
	one("<rating system='MPAA'><icon src='x'>R</icon><value>P<b>x</b>G</value></rating>", "PG")
	one("<rating/><rating><value/></rating>", "")
	// The contract's own systems are believed first.
	one(`<rating system="PEGI"><value>18</value></rating><rating system="BBFC"><value>15</value></rating><rating system="VCHIP"><value>TV-14</value></rating>`, "TV-14")
	one(`<rating system="VCHIP"><value>TV-14</value></rating><rating system="MPAA"><value>PG</value></rating>`, "PG")
	one(`<rating system="MPAA"><value>?</value></rating><rating system="CSA"><value>-12</value></rating>`, "TV-14")
	one(`<rating system="X"><value>7</value></rating><rating system="Y"><value>18</value></rating>`, "TV-PG")
	for _, s := range ratingSystems {
		for value, r := range s.values {
			if foldRating(value) != value || !slices.Contains(contentRatings, r) {
				t.Errorf("%v: %s %s", s.names, value, r)
			}
		}
	}
}

func TestArtwork(t *testing.T) {
	f := func(content string, want vocab.ImageSet) {
		t.Helper()
		if got := readOne(t, "<title>T</title>"+content).Images; got != want {
			t.Errorf("%s: %+v", content, got)
		}
	}
	thumbnail := func(url string) vocab.ImageSet { return vocab.ImageSet{ThumbnailURL: url} }
	f(`<icon src="https://user:secret@a.example/1.jpg"/><icon src="http://a.example/2.jpg"/>`, thumbnail("http://a.example/2.jpg"))
	f(`<icon src="http://a.example/1.jpg"/><icon src="http://a.example/2.jpg"/>`, thumbnail("http://a.example/1.jpg"))
	f(`<icon src="http://a.example/1.jpg"/><icon src="http://a.example/2.jpg" width="2" height="3"/>`, thumbnail("http://a.example/2.jpg"))
	f(`<icon src="http://a.example/1.jpg" width="2" height="3"/><icon src="http://a.example/2.jpg" width="3" height="2"/>`, thumbnail("http://a.example/1.jpg"))
	f(`<icon src="http://a.example/1.jpg"/><icon src="http://a.example/2.jpg" width="9999999" height="9999999"/>`, thumbnail("http://a.example/1.jpg"))
	for _, none := range []string{"p1_b.jpg", "/a.jpg", "//a.example/b.jpg", "ftp://a.example/b.jpg", "javascript:alert(1)", "https://", "http://a b/", "https://a.example/" + strings.Repeat("x", 2048), ""} {
		f(`<icon src="`+none+`"/><image type="poster">`+none+`</image>`, vocab.ImageSet{})
	}
	f(`<icon/>`, vocab.ImageSet{})
	f(`<image>https://a.example/x.jpg</image><image type="backdrop" size="9">https://a.example/1.jpg</image><image type="backdrop" size="3">https://a.example/2.jpg</image>`,
		vocab.ImageSet{BackdropURL: "https://a.example/2.jpg"})
}
