package ingest

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

const (
	simpsons = `{"id":83,"url":"http://www.tvmaze.com/shows/83/x","name":" The\nSimpsons ","type":"Animation","language":"English",
		"genres":["Comedy","Children","Adult"],"status":"Running","runtime":30,"premiered":"1989-12-17","rating":{"average":8.3},"weight":98,
		"network":{"id":4,"name":"FOX","country":{"name":"United States","code":"US"}},"webChannel":null,
		"image":{"original":"http://static.tvmaze.com/x.jpg"},"summary":"<p><b>The Simpsons</b> &amp; friends<br>live on.</p><p>Still.</p>"}`
	bart = `{"id":4998,"name":"Roasting","season":1,"number":1,"type":"regular","airdate":"1989-12-17","airtime":"20:00","runtime":30,
		"rating":{"average":7.7},"image":null,"summary":"<p>Fire.</p>","_links":{"show":{"href":"https://api.tvmaze.com/shows/83"}}}`
)

// collect is what a reader made of a file: what it took, and "LINE KEY REASON" of the rejects.
func collect[T any](t *testing.T, records iter.Seq2[T, error]) ([]T, []string) {
	t.Helper()
	var taken []T
	var rejects []string
	for rec, err := range records {
		var reject *Reject
		switch {
		case errors.As(err, &reject):
			rejects = append(rejects, fmt.Sprint(reject.Line, " ", reject.Key, " ", reject.Reason))
		case err != nil:
			t.Fatal(err)
		default:
			taken = append(taken, rec)
		}
	}
	return taken, rejects
}

func TestReadShows(t *testing.T) {
	for _, file := range []string{"[\n" + simpsons + "]", zipped("[\n" + simpsons + "]")} {
		got, rejects := collect(t, ReadShows(strings.NewReader(file)))
		want := []ShowRecord{{Line: 2, Show: Show{
			Key: "tvmaze:83", Title: "The Simpsons", Synopsis: "The Simpsons & friends live on. Still.", Genres: []string{"comedy", "family", "animation"},
			Network: "FOX", Countries: []string{"US"}, Language: "en", FirstAired: "1989-12-17", Airing: "ongoing", AverageRating: 4.2, RatingCount: 98,
			Attribution: "TVmaze, CC BY-SA 4.0, https://www.tvmaze.com/shows/83",
		}}}
		if !reflect.DeepEqual(got, want) || rejects != nil {
			t.Errorf("%+v, %v", got, rejects)
		}
	}
}

func TestReadShowsTakesWhatThereIs(t *testing.T) {
	f := func(fields string, want Show) {
		t.Helper()
		want.Key, want.Title = "tvmaze:7", "A"
		got, rejects := collect(t, ReadShows(strings.NewReader(`{"id":7,"name":"A"`+fields+`}`)))
		if rejects != nil || len(got) != 1 || !reflect.DeepEqual(got[0].Show, want) {
			t.Errorf("%s: %+v, %v", fields, got, rejects)
		}
	}
	f("", Show{})
	f(`,"language":null,"genres":[],"status":null,"premiered":null,"ended":null,"rating":{"average":null},"network":null,"webChannel":null,"summary":null`, Show{})
	f(`,"network":{"name":"MBS","country":null},"webChannel":{"name":"Netflix","country":{"code":"US"}}`, Show{Network: "MBS"})
	f(`,"webChannel":{"name":"Netflix","country":{"code":"US"}}`, Show{Network: "Netflix", Countries: []string{"US"}})
	f(`,"network":{"name":"X","country":{"code":"XX"}}`, Show{Network: "X"})
	f(`,"status":"Ended","premiered":"2017-12-01","ended":"2020-06-27"`, Show{Airing: "ended", FirstAired: "2017-12-01", LastAired: "2020-06-27"})
	f(`,"status":"To Be Determined"`, Show{})
	f(`,"status":"In Development"`, Show{})
	f(`,"language":"Scottish Gaelic"`, Show{Language: "gd"})
	f(`,"language":"Klingon"`, Show{})
	f(`,"type":"Talk Show","genres":["Medical","Science-Fiction"]`, Show{Genres: []string{"medical", "drama", "science-fiction", "talk-show"}})
	f(`,"type":"Scripted","genres":["DIY"]`, Show{})
	f(`,"rating":{"average":10},"weight":0`, Show{AverageRating: 5, RatingCount: 1})
	f(`,"rating":{"average":0.5},"weight":3`, Show{AverageRating: 1, RatingCount: 3})
	f(`,"rating":{"average":null},"weight":3`, Show{})
	f(`,"summary":"<p> </p>"`, Show{})
}

func TestReadShowsRefusesByLine(t *testing.T) {
	f := func(record, reject string) {
		t.Helper()
		got, rejects := collect(t, ReadShows(strings.NewReader("["+simpsons+",\n"+record+",\n"+simpsons+"]")))
		if len(got) != 2 || !slices.Equal(rejects, []string{"5 " + reject}) { // simpsons is four lines long
			t.Errorf("%.60s: %d taken, %q, want %q", record, len(got), rejects, reject)
		}
	}
	f(`7`, " not an object")
	f(`{"name":"A"}`, " no id")
	f(`{"id":-1,"name":"A"}`, " no id")
	f(`{"id":"7","name":"A"}`, " field id holds a string")
	f(`{"id":7,"name":" "}`, "tvmaze:7 no title")
	f(`{"id":7}`, "tvmaze:7 no title")
	f(`{"id":7,"name":"A\u202eB"}`, "tvmaze:7 title holds control, direction or broken characters")
	f(`{"id":7,"name":"A","summary":"&#8238;"}`, "tvmaze:7 synopsis holds control, direction or broken characters")
	f(`{"id":7,"name":"A","premiered":"2017"}`, "tvmaze:7 first air date is no date from 1888 to 2100")
	f(`{"id":7,"name":"`+strings.Repeat("a", 256)+`"}`, "tvmaze:7 title too long")
	f(`{"id":7,"name":"A","network":"FOX"}`, " field network holds a string")
}

func TestReadEpisodes(t *testing.T) {
	got, rejects := collect(t, ReadEpisodes(strings.NewReader("[\n"+bart+"]")))
	want := []EpisodeRecord{{Line: 2, ShowKey: "tvmaze:83", Season: 1, Episode: Episode{
		Key: "tvmaze:episode:4998", Number: 1, Title: "Roasting", Synopsis: "Fire.", RuntimeMinutes: 30, Aired: "1989-12-17",
		Attribution: "TVmaze, CC BY-SA 4.0, https://www.tvmaze.com/episodes/4998",
	}}}
	if !reflect.DeepEqual(got, want) || rejects != nil {
		t.Errorf("%+v, %v", got, rejects)
	}
}

func episodeOf(id, show, season int, number string) string {
	return fmt.Sprintf(`{"id":%d,"name":"E","season":%d,"number":%s,"_links":{"show":{"href":"http://api.tvmaze.com/shows/%d"}}}`, id, season, number, show)
}

// A season has room for one special.
func TestFirstSpecialIsEpisodeZero(t *testing.T) {
	file := strings.Join([]string{episodeOf(1, 83, 1, "1"), episodeOf(2, 83, 1, "null"), episodeOf(3, 83, 1, "null"), episodeOf(4, 83, 2, "null"),
		episodeOf(5, 84, 1, "null"), episodeOf(2, 83, 1, "null"), episodeOf(6, 83, 1, "2")}, "\n")
	got, rejects := collect(t, ReadEpisodes(strings.NewReader(file)))
	var taken []string
	for _, e := range got {
		taken = append(taken, fmt.Sprintf("%d %s %d:%d", e.Line, e.ShowKey, e.Season, e.Episode.Number))
	}
	if want := []string{"1 tvmaze:83 1:1", "2 tvmaze:83 1:0", "4 tvmaze:83 2:0", "5 tvmaze:84 1:0", "6 tvmaze:83 1:0", "7 tvmaze:83 1:2"}; !slices.Equal(taken, want) {
		t.Errorf("%q, want %q", taken, want)
	}
	if want := []string{"3 tvmaze:episode:3 another special of season 1: tvmaze:episode:2 is its episode 0"}; !slices.Equal(rejects, want) {
		t.Errorf("%q, want %q", rejects, want)
	}
}

func TestReadEpisodesRefuses(t *testing.T) {
	f := func(record, reject string) {
		t.Helper()
		got, rejects := collect(t, ReadEpisodes(strings.NewReader("["+record+"]")))
		if len(got) > 0 || !slices.Equal(rejects, []string{"1 " + reject}) {
			t.Errorf("%.60s: %+v, %q, want %q", record, got, rejects, reject)
		}
	}
	f(`null`, " not an object")
	f(`{"name":"A","season":1,"number":1}`, " no id")
	f(`{"id":7,"name":"A","season":1,"number":1}`, "tvmaze:episode:7 no link to its show")
	f(`{"id":7,"name":"A","season":1,"number":1,"_links":{"show":{"href":"http://api.tvmaze.com/shows/0"}}}`, "tvmaze:episode:7 no link to its show")
	f(episodeOf(7, 83, 0, "1"), "tvmaze:episode:7 season number outside 1–99999")
	f(episodeOf(7, 83, 1, "-1"), "tvmaze:episode:7 episode number outside 0–99999")
	f(episodeOf(7, 83, 1, `"1"`), " field number holds a string")
	f(strings.Replace(episodeOf(7, 83, 1, "1"), `"E"`, `""`, 1), "tvmaze:episode:7 no title")
	f(strings.Replace(episodeOf(7, 83, 1, "1"), `"E"`, `"E","airdate":"1989"`, 1), "tvmaze:episode:7 air date is no date from 1888 to 2100")
	f(strings.Replace(episodeOf(7, 83, 1, "1"), `"E"`, `"E","runtime":-1`, 1), "tvmaze:episode:7 runtime below zero")
}

func TestPlainText(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := plainText(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	f("", "")
	f("Plain.", "Plain.")
	f("<p>One.</p><p>Two<br/>lines.</p>\n<ul><li>A</li><li>B</li></ul>", "One. Two lines. A B")
	f("<P>Re<b>mark</b>able<i>!</i></P>", "Remarkable!")
	f(`<a href="http://x/?a>b">Link</a>`, `b">Link`) // it is only text
	f("5 < 7 &amp; 7 > 5, &lt;b&gt; &quot;&#39;&nbsp;x", "5 < 7 & 7 > 5, <b> \"' x")
	f("A<!-- <p>not\nthis</p> -->B", "AB")
	f("AC&amp;amp;DC", "AC&amp;DC")
	f("<p>Unclosed <b", "Unclosed <b")
	f("<pre>x</pre><param>", "x")
}

func TestTextAndCreditStayWithinTheLimit(t *testing.T) {
	text, credit := tvmazeText(strings.Repeat("A sentence. ", 400), partSynopsisMax, "episodes", 7)
	if n := len(text + "\n\n" + credit); n > partSynopsisMax || n < partSynopsisMax-20 || !strings.HasSuffix(text, "sentence.") {
		t.Errorf("%d: …%q", n, text[max(len(text)-30, 0):])
	}
}

func TestLanguagesOfTVmazeAreNamedSo(t *testing.T) {
	for name, tag := range tvmazeLanguages {
		parsed, err := language.Parse(tag)
		called := display.English.Languages().Name(parsed)
		known := map[string]string{"Bangla": "Bengali", "Filipino": "Tagalog", "Punjabi": name, "Sinhala": "Sinhalese"}[called]
		if err != nil || parsed.String() != tag || hyphened(called) != name && known != name && called != "Norwegian Bokmål" {
			t.Errorf("%s: %s is %s, %v", name, tag, called, err)
		}
	}
}

// The shows and episodes in DATA_DIR/series are read to their ends.
func TestRealSeries(t *testing.T) {
	dir := os.Getenv("DATA_DIR")
	if dir == "" {
		t.Skip("DATA_DIR names no folder of real files")
	}
	names, err := filepath.Glob(filepath.Join(dir, "series", "*.json*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no series in %s: %v", dir, err)
	}
	count := map[string]int{}
	for _, name := range names {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		form := FormOf(file)
		if _, err := file.Seek(0, 0); err != nil {
			t.Fatal(err)
		}
		switch form {
		case Shows:
			countShows(t, count, file)
		case Episodes:
			countEpisodes(t, count, file)
		default:
			t.Errorf("%s: %v", name, form)
		}
	}
	want := map[string]int{"shows": 240, "with genres": 240, "with language": 240, "with country": 235, "with network": 240, "with synopsis": 240,
		"with rating": 234, "ongoing": 42, "ended": 197, "episodes": 751, "of the Simpsons": 751, "episodes with synopsis": 750, "of season 1": 13}
	if fmt.Sprint(count) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", count, want)
	}
}

func countShows(t *testing.T, count map[string]int, file *os.File) {
	taken, rejects := collect(t, ReadShows(file))
	if rejects != nil {
		t.Error(rejects)
	}
	for i := range taken {
		s := &taken[i].Show
		count["shows"]++
		for what, is := range map[string]bool{"with genres": s.Genres != nil, "with language": s.Language != "", "with country": s.Countries != nil,
			"with network": s.Network != "", "with synopsis": s.Synopsis != "", "with rating": s.AverageRating > 0, s.Airing: s.Airing != ""} {
			if is {
				count[what]++
			}
		}
		if strings.ContainsAny(s.Synopsis, "<>") || s.Images != (Images{}) {
			t.Errorf("%s: markup or images: %s", s.Key, s.Synopsis)
		}
	}
}

func countEpisodes(t *testing.T, count map[string]int, file *os.File) {
	taken, rejects := collect(t, ReadEpisodes(file))
	if rejects != nil {
		t.Error(rejects)
	}
	for i := range taken {
		e := &taken[i]
		count["episodes"]++
		for what, is := range map[string]bool{"of the Simpsons": e.ShowKey == "tvmaze:83", "episodes with synopsis": e.Episode.Synopsis != "", "of season 1": e.Season == 1} {
			if is {
				count[what]++
			}
		}
		if e.Line != 2+28*i || e.Episode.RuntimeMinutes == 0 || e.Episode.Aired == "" || e.Episode.Images != (Images{}) {
			t.Errorf("line %d: %+v", e.Line, e)
		}
	}
}

func FuzzSeries(f *testing.F) {
	f.Add([]byte("[" + simpsons + "," + bart + "]"))
	f.Add([]byte(episodeOf(1, 83, 1, "null") + "\n" + episodeOf(2, 83, 1, "null")))
	f.Add([]byte(`{"id":7,"name":"A","summary":"<p>&#0;<b"}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		_ = FormOf(strings.NewReader(string(file)))
		for rec, err := range ReadShows(strings.NewReader(string(file))) {
			if err == nil && rec.Show.fault() != "" {
				t.Errorf("line %d: %q", rec.Line, rec.Show.fault())
			}
		}
		for rec, err := range ReadEpisodes(strings.NewReader(string(file))) {
			if err == nil && (rec.Episode.fault() != "" || rec.Season < 1 || rec.ShowKey == "") {
				t.Errorf("line %d: %+v", rec.Line, rec)
			}
		}
	})
}
