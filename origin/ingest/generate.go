package ingest

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Generate yields n films that look like a large catalogue: genres and credits follow power laws (so that films are
// related), years lean to the recent, countries and languages are skewed, and texts come in twelve languages. The same
// seed and now give the same films, byte for byte, and a smaller n gives their beginning. Of the films 90 % are
// published, 3 % published from an instant within 60 days after now, 5 % published until an instant within 180 days
// before or after it, and 2 % drafts. Keys are "generated:SEED:INDEX" and image URLs lead nowhere (RFC 2606).
func Generate(n int, seed uint64, now time.Time) iter.Seq[Film] {
	return func(yield func(Film) bool) {
		g := newGenerator(seed, filmStream, filmGenres, now)
		for i := range n {
			if !yield(g.film(i)) {
				return
			}
		}
	}
}

// Films and shows are drawn each from random numbers of their own.
const (
	filmStream = iota
	showStream
)

// origins are the countries in which films are made, how many of a thousand, and in which language.
var origins = []struct {
	country, language string
	weight            int
}{
	{"US", "en", 330}, {"IN", "hi", 90}, {"GB", "en", 80}, {"FR", "fr", 70}, {"JP", "ja", 62}, {"KR", "ko", 48},
	{"DE", "de", 42}, {"ES", "es", 40}, {"IT", "it", 38}, {"CN", "zh", 32}, {"CA", "en", 28}, {"BR", "pt", 22},
	{"MX", "es", 20}, {"RU", "ru", 18}, {"AU", "en", 14}, {"AR", "es", 12}, {"TW", "zh", 10}, {"EG", "ar", 9},
	{"IE", "en", 6}, {"NZ", "en", 5}, {"BE", "fr", 5}, {"AT", "de", 4}, {"PT", "pt", 4}, {"CL", "es", 3},
	{"CH", "de", 3}, {"MA", "ar", 2}, {"LB", "ar", 2}, {"NG", "en", 1},
}

// filmGenres are the genres of films by how common they are.
var filmGenres = []string{
	"drama", "comedy", "thriller", "romance", "action", "crime", "horror", "documentary", "family", "adventure",
	"science-fiction", "romantic-comedy", "mystery", "fantasy", "animation", "historical", "biographical", "musical",
	"coming-of-age", "war", "psychological-thriller", "lgbtq", "teen", "supernatural", "superhero", "sports", "anime",
	"martial-arts", "arthouse", "satire", "western", "dystopian", "espionage", "political", "heist", "holiday",
	"film-noir", "erotic", "silent",
}

type generator struct {
	r       *rand.Rand
	seed    uint64
	now     time.Time
	genres  []string // by how common they are
	genre   *rand.Zipf
	studio  *rand.Zipf
	people  map[string]*rand.Zipf // by language
	weights int
}

func newGenerator(seed, stream uint64, genres []string, now time.Time) *generator {
	r := rand.New(rand.NewPCG(seed, stream))
	g := &generator{r: r, seed: seed, now: now.UTC().Truncate(time.Second), genres: genres, people: map[string]*rand.Zipf{}}
	g.genre = rand.NewZipf(r, 1.4, 3, uint64(len(genres)-1))
	g.studio = rand.NewZipf(r, 1.5, 4, 1<<16)
	for language, l := range lexicons {
		g.people[language] = rand.NewZipf(r, 1.2, float64(l.people()/40), uint64(l.people()-1))
	}
	for _, o := range origins {
		g.weights += o.weight
	}
	return g
}

// origin is an index into origins.
func (g *generator) origin() int {
	at := g.r.IntN(g.weights)
	for i, o := range origins {
		if at -= o.weight; at < 0 {
			return i
		}
	}
	panic("weights of origins") // their sum is weights
}

func (g *generator) film(i int) Film {
	from := origins[g.origin()]
	l := lexicons[from.language]
	f := Film{
		Key:             fmt.Sprintf("generated:%d:%d", g.seed, i),
		CountryOfOrigin: []string{from.country},
		ReleaseYear:     g.year(),
		Genres:          g.drawGenres(),
		RuntimeMinutes:  g.runtime(),
	}
	if g.chance(0.12) { // made together
		if other := origins[g.origin()].country; other != from.country {
			f.CountryOfOrigin = append(f.CountryOfOrigin, other)
		}
	}
	st := g.story(l)
	f.Title, f.OriginalTitle, f.Synopsis = st.title, st.original, st.synopsis
	if g.chance(0.8) {
		f.Tagline = fill(pick(g.r, st.teller.Closing), st.words)
	}
	f.Studio = g.company(l, studioKinds)
	f.ContentRating = g.rating(&f)
	f.Cast = g.cast(l)
	g.languages(&f, l)
	f.AverageRating, f.RatingCount = g.audience()
	g.window(&f)
	f.Images = artwork(fmt.Sprintf("https://images.example.com/generated/%d/%d/", g.seed, i))
	return f
}

func artwork(base string) Images {
	return Images{PosterURL: base + "poster.jpg", BackdropURL: base + "backdrop.jpg", ThumbnailURL: base + "thumbnail.jpg"}
}

func (g *generator) chance(p float64) bool { return g.r.Float64() < p }

// year is on average 14 years ago, and one in 25 anywhere in the century before.
func (g *generator) year() int {
	age := int(g.r.ExpFloat64() * 14)
	if g.chance(0.04) {
		age = g.r.IntN(100)
	}
	return g.now.Year() - min(age, 100)
}

func (g *generator) runtime() int {
	return int(min(max(104+g.r.NormFloat64()*19, 58), 215))
}

func (g *generator) drawGenres() []string {
	slugs := make([]string, 1+g.r.IntN(3))
	for i := range slugs {
		slugs[i] = g.genres[g.genre.Uint64()]
	}
	return withParents(slugs)
}

// story is what a film or show is called and tells.
type story struct {
	title, original, synopsis string
	teller                    *lexicon          // in whose language the synopsis is
	words                     map[string]string // of the synopsis
	images                    string            // base of the URLs of artwork
}

// story gives foreign titles an English one and their own as the original in seven of ten cases, and an English synopsis
// in six.
func (g *generator) story(l *lexicon) story {
	en := lexicons["en"]
	s := story{teller: l, words: l.words(g.r, l)}
	s.title = fill(pick(g.r, l.Titles), s.words)
	if l != en && g.chance(0.7) {
		s.original, s.title = s.title, fill(pick(g.r, en.Titles), en.words(g.r, l))
	}
	if l != en && g.chance(0.6) {
		s.teller, s.words = en, en.words(g.r, l)
	}
	s.synopsis = s.teller.synopsis(g.r, s.words)
	return s
}

var studioKinds = []string{"Pictures", "Films", "Entertainment", "Film Company", "Studios", "Cinema"}

// company is one with its home in a city of the lexicon.
func (g *generator) company(l *lexicon, kinds []string) string {
	i := int(g.studio.Uint64())
	return l.Cities[i%len(l.Cities)] + " " + kinds[i/len(l.Cities)%len(kinds)]
}

var (
	mildRatings  = []string{"G", "G", "PG", "PG", "PG", "PG-13"}
	usualRatings = []string{"PG", "PG", "PG-13", "PG-13", "PG-13", "PG-13", "R", "R", "R", "UNRATED", "TV-14"}
	harshRatings = []string{"PG-13", "R", "R", "R", "R", "R", "NC-17", "TV-MA", "UNRATED"}
)

// rating goes by the genres; films older than the ratings (1968) mostly have none.
func (g *generator) rating(f *Film) string {
	switch {
	case f.ReleaseYear < 1968 && g.chance(0.8):
		return "UNRATED"
	case hasAny(f.Genres, "family", "animation"):
		return pick(g.r, mildRatings)
	case hasAny(f.Genres, "horror", "crime", "war", "erotic"):
		return pick(g.r, harshRatings)
	}
	return pick(g.r, usualRatings)
}

func hasAny(genres []string, slugs ...string) bool {
	return slices.ContainsFunc(slugs, func(s string) bool { return slices.Contains(genres, s) })
}

// cast is a director, at times a writer and a producer, and three to nine actors, mostly of the film's own language.
func (g *generator) cast(l *lexicon) []CastMember {
	jobs := []string{"director"}
	if g.chance(0.6) {
		jobs = append(jobs, "writer")
	}
	if g.chance(0.3) {
		jobs = append(jobs, "producer")
	}
	crew := len(jobs)
	for range 3 + g.r.IntN(7) {
		jobs = append(jobs, "actor")
	}
	members := make([]CastMember, 0, len(jobs))
	for i, job := range jobs {
		// Crews start halfway into the pool: the best-known actors are not the best-known directors.
		m := CastMember{Name: g.person(l, i < crew), Role: job, SortOrder: len(members) + 1}
		if job == "actor" {
			m.CharacterName = l.given(g.r.IntN(len(l.Female) + len(l.Male)))
		}
		if !slices.ContainsFunc(members, func(other CastMember) bool { return other.Name == m.Name }) {
			members = append(members, m)
		}
	}
	return members
}

func (g *generator) person(l *lexicon, crew bool) string {
	if g.chance(0.1) {
		l = lexicons[origins[g.origin()].language]
	}
	i := int(g.people[l.Language].Uint64())
	if crew {
		i = (i + l.people()/2) % l.people()
	}
	return l.person(i)
}

// tracks are the languages in which dubs and subtitles come, with their chances for a film of another language.
var tracks = []struct {
	language  string
	dub, subs float64
}{
	{"en", 0.35, 0.95}, {"es", 0.3, 0.6}, {"fr", 0.25, 0.5}, {"de", 0.22, 0.4}, {"pt-BR", 0.18, 0.35}, {"it", 0.12, 0.25},
	{"hi", 0.1, 0.1}, {"ja", 0.08, 0.2}, {"ko", 0.02, 0.15}, {"ar", 0.03, 0.15}, {"zh-Hans", 0.04, 0.15},
	{"nl", 0, 0.12}, {"sv", 0, 0.1}, {"pl", 0.03, 0.1}, {"tr", 0.03, 0.08},
}

func (g *generator) languages(f *Film, l *lexicon) {
	f.AudioLanguages = []string{l.Language}
	for _, t := range tracks {
		if t.language != l.Language && g.chance(t.dub) {
			f.AudioLanguages = append(f.AudioLanguages, t.language)
		}
		if g.chance(t.subs) {
			f.SubtitleLanguages = append(f.SubtitleLanguages, t.language)
		}
	}
}

// audience rates nineteen titles of twenty; counts run from one to hundreds of thousands.
func (g *generator) audience() (float64, int) {
	if g.chance(0.05) {
		return 0, 0
	}
	average := math.Round(min(max(3.3+g.r.NormFloat64()*0.7, 1), 5)*10) / 10
	return average, 1 + g.r.IntN(1<<g.r.IntN(19))
}

func (g *generator) window(f *Film) {
	at := func(days int) *time.Time {
		t := g.now.Add(time.Duration(1+g.r.IntN(days*24)) * time.Hour)
		return &t
	}
	switch p := g.r.Float64(); {
	case p < 0.90:
		f.Published = true
	case p < 0.93:
		f.Published, f.AvailableFrom = true, at(60)
	case p < 0.98:
		f.Published, f.AvailableUntil = true, at(180)
		if g.chance(0.4) { // it is over
			t := g.now.Add(g.now.Sub(*f.AvailableUntil))
			f.AvailableUntil = &t
		}
	}
}
