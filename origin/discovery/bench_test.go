package discovery_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// library makes up titles of words that are as often used as those of a language: few everywhere, most hardly ever.
type library struct {
	*rand.Rand
	words []string
	zipf  *rand.Zipf
}

func newLibrary() *library {
	l := &library{Rand: rand.New(rand.NewPCG(1, 1)), words: make([]string, 30_000)}
	syllables := strings.Fields("ba be bo ca ce co da de di fa fi ga go ha he ka la le li lo ma me mi mo na ne no pa pe ra re ri ro sa se si so sta ta te ti to tra va vi wa za")
	for i := range l.words {
		for range 2 + l.IntN(3) {
			l.words[i] += syllables[l.IntN(len(syllables))]
		}
	}
	copy(l.words, []string{"the", "of", "a", "and", "in", "to", "love", "man", "la", "night", "day", "last", "life", "house", "king"})
	l.zipf = rand.NewZipf(l.Rand, 1.2, 8, uint64(len(l.words)-1))
	return l
}

// text is so many words.
func (l *library) text(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = l.words[l.zipf.Uint64()]
	}
	return strings.Join(all, " ")
}

// name is that of a title: in ten of a hundred Japanese, too.
func (l *library) name() (string, string) {
	other := ""
	if l.IntN(10) == 0 {
		for range 2 + l.IntN(6) {
			other += string(rune(0x4E00 + l.IntN(2000)))
		}
	}
	return l.text(1 + l.IntN(5)), other
}

var (
	languages = strings.Fields("en en-GB fr de es ja ko it sv da is mt")
	ratings   = strings.Fields("G PG PG-13 R TV-MA UNRATED")
	genres    = strings.Fields("drama comedy thriller action crime horror family western noir silent")
)

// Titles of the bench: together 50,000.
const (
	benchFilms, benchShows, benchChannels = 20_000, 1_500, 500
	benchEpisodes                         = 50_000 - benchFilms - benchShows - benchChannels
	benchBatch                            = 1_000
)

// stock fills the database. Half of the titles were played.
func (b *bundle) stock(l *library) {
	b.t.Helper()
	conn, err := pgx.Connect(b.t.Context(), b.DB.Pool().Config().ConnString()) // one on which statements may take long
	if err != nil {
		b.t.Fatal(err)
	}
	defer conn.Close(b.t.Context())
	shows, seasons := make([]uuid.UUID, benchShows), make([]uuid.UUID, benchShows)
	var all []uuid.UUID
	id := func() uuid.UUID { all = append(all, newID()); return all[len(all)-1] }
	b.copy(conn, "movies", benchFilms, "id slug title original_title synopsis tagline release_year runtime_minutes content_rating studio country_of_origin audio_languages subtitle_languages cast_members images average_rating rating_count state announced drm_required created_at updated_at", func(int) []any {
		id := id()
		name, other := l.name()
		cast := []map[string]string{{"name": l.text(2)}, {"name": l.text(2)}, {"name": l.text(2)}}
		heard := []string{languages[l.IntN(4)], languages[min(l.IntN(len(languages)), l.IntN(len(languages)))]}
		return []any{id, id.String(), name, other, l.text(20 + l.IntN(60)), "", 1950 + l.IntN(75), 90, ratings[l.IntN(len(ratings))], "", []string{}, heard, []string{},
			cast, map[string]string{"poster_url": "https://cdn.example.com/" + id.String() + "/poster.jpg", "backdrop_url": "https://cdn.example.com/" + id.String() + "/backdrop.jpg"},
			float64(l.IntN(50)) / 10, l.IntN(1000), "published", "published", false, noon, noon}
	})
	b.copy(conn, "shows", benchShows, "id slug title original_title synopsis content_rating network country_of_origin language cast_members images average_rating rating_count state announced airing drm_required created_at updated_at", func(i int) []any {
		shows[i] = id()
		name, other := l.name()
		return []any{shows[i], shows[i].String(), name, other, l.text(50), ratings[l.IntN(len(ratings))], "", []string{}, languages[l.IntN(len(languages))], []map[string]string{{"name": l.text(2)}}, map[string]string{},
			4.0, l.IntN(1000), "published", "published", "", false, noon, noon}
	})
	b.copy(conn, "seasons", benchShows, "id show_id season_number synopsis images status created_at updated_at", func(i int) []any {
		seasons[i] = newID()
		return []any{seasons[i], shows[i], 1, "", map[string]string{}, "published", noon, noon}
	})
	b.copy(conn, "episodes", benchEpisodes, "id show_id season_id episode_number title synopsis runtime_minutes content_rating images state announced created_at updated_at", func(i int) []any {
		name, _ := l.name()
		return []any{id(), shows[i%benchShows], seasons[i%benchShows], i / benchShows, name, l.text(30), 45, "", map[string]string{}, "published", "published", noon, noon}
	})
	b.copy(conn, "channels", benchChannels, "id slug name number description category language website_url images status drm_required is_premium is_catchup_enabled sort_order epg_ids is_published created_at updated_at", func(i int) []any {
		id := id()
		return []any{id, id.String(), "Channel " + l.text(2), i, l.text(10), "News", "en", "", map[string]string{}, "live", false, false, false, i, []string{}, true, noon, noon}
	})
	b.copy(conn, "genres", len(genres), "id name slug content_types image_url created_at updated_at", func(i int) []any {
		return []any{newID(), genres[i], genres[i], []string{"movie", "show"}, "", noon, noon}
	})
	b.Exec(`INSERT INTO title_genres SELECT DISTINCT ON (t.id, g.id) t.id, g.id, 0 FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM titles WHERE content_type IN ('movie', 'show')) t
		JOIN (SELECT id, row_number() OVER (ORDER BY slug) AS n FROM genres) g ON t.n % (g.n * g.n + 1) = 0`)
	if _, err := conn.Exec(b.t.Context(), `UPDATE titles SET plays = (random() ^ 8 * 100000)::int WHERE get_byte(uuid_send(id), 14) < 128`); err != nil {
		b.t.Fatal(err)
	}
	if _, err := conn.Exec(b.t.Context(), `VACUUM ANALYZE`); err != nil {
		b.t.Fatal(err)
	}
}

// copy stores rows in batches.
func (b *bundle) copy(conn *pgx.Conn, table string, n int, columns string, row func(i int) []any) {
	b.t.Helper()
	for first := 0; first < n; first += benchBatch {
		_, err := conn.CopyFrom(b.t.Context(), pgx.Identifier{table}, strings.Fields(columns),
			pgx.CopyFromSlice(min(benchBatch, n-first), func(i int) ([]any, error) { return row(first + i), nil }))
		if err != nil {
			b.t.Fatal(err)
		}
	}
}

// BenchmarkSearch asks the origin for pages of searches over 50,000 titles, each for another text, and reports what one in a
// hundred takes longer than.
func BenchmarkSearch(b *testing.B) {
	s := setup(b)
	l := newLibrary()
	began := time.Now()
	s.stock(l)
	b.Logf("stocked in %s", time.Since(began))
	v := s.viewer()
	word := func(from, to int) string { return l.words[from+l.IntN(to-from)] }
	for _, c := range []struct {
		name string
		ask  func() []string // parameters
	}{
		{"everything", func() []string { return nil }},
		{"everything by type and genre", func() []string {
			return []string{"content_type", []string{"movie", "show"}[l.IntN(2)], "genre", genres[l.IntN(len(genres))]}
		}},
		{"everything by language", func() []string { return []string{"language", languages[l.IntN(len(languages))]} }},
		{"one letter", func() []string { return []string{"q", string(rune('a' + l.IntN(26)))} }},
		{"two letters", func() []string { return []string{"q", word(0, len(l.words))[:2]} }},
		{"common words", func() []string { return []string{"q", word(0, 15)} }},
		{"words", func() []string { return []string{"q", l.words[l.zipf.Uint64()]} }},
		{"rare words", func() []string { return []string{"q", word(5_000, len(l.words))} }},
		{"two words", func() []string { return []string{"q", l.text(2)} }},
		{"whole names", func() []string { name, _ := l.name(); return []string{"q", name} }},
		{"Japanese", func() []string { return []string{"q", string([]rune{rune(0x4E00 + l.IntN(2000))})} }},
		{"typing errors", func() []string { return []string{"q", l.mistype(word(15, 5_000))} }},
		{"two with errors", func() []string { return []string{"q", l.mistype(word(15, 1_000)) + " " + l.mistype(word(15, 1_000))} }},
		{"many common words", func() []string {
			return []string{"q", strings.TrimSpace(strings.Repeat("the of and a in to love man la night ", 5))}
		}},
		{"many letters", func() []string { return []string{"q", "q w e r t y u i o p a s d f g h j k l z x c v b n m"} }},
		{"nonsense", func() []string { return []string{"q", fmt.Sprintf("xq%dzwv", l.IntN(1e6))} }},
		{"filters", func() []string { return l.filtered([]string{"q", l.words[l.zipf.Uint64()]}) }},
		{"common words with filters", func() []string { return l.filtered([]string{"q", word(0, 15)}) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				parameters := c.ask()
				began := time.Now()
				v.get("/v2/search", parameters...).Want(200)
				took = append(took, time.Since(began))
			}
			report(b, took)
		})
	}
	b.Run("deep pages", func(b *testing.B) {
		var took []time.Duration
		q, cursor := word(0, 15), ""
		for b.Loop() {
			var p page
			parameters := []string{"q", q, "limit", "100"}
			if cursor != "" {
				parameters = append(parameters, "cursor", cursor)
			}
			began := time.Now()
			v.get("/v2/search", parameters...).Want(200).Decode(&p)
			took = append(took, time.Since(began))
			if cursor = ""; p.Meta.HasMore {
				cursor = *p.Meta.NextCursor
			} else {
				q = word(0, 15)
			}
		}
		report(b, took)
	})
	b.Run("part of the corpus", func(b *testing.B) {
		var took []time.Duration
		for i := 0; b.Loop(); i++ {
			began := time.Now()
			s.Ask(fmt.Sprintf("/internal/suggest/%d", i%64), nil).Want(200)
			took = append(took, time.Since(began))
		}
		report(b, took)
	})
}

func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	at := func(share float64) float64 {
		return float64(took[int(share*float64(len(took)-1))].Microseconds()) / 1000
	}
	b.ReportMetric(at(0.5), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
	b.ReportMetric(at(1), "max-ms")
}

// mistype exchanges two neighbours in a word.
func (l *library) mistype(word string) string {
	i := l.IntN(len(word) - 1)
	return word[:i] + word[i+1:i+2] + word[i:i+1] + word[i+2:]
}

// filtered adds some filters.
func (l *library) filtered(parameters []string) []string {
	for _, more := range [][]string{
		{"content_type", []string{"movie", "show", "episode", "channel"}[l.IntN(4)]}, {"genre", genres[l.IntN(len(genres))]}, {"content_rating", ratings[l.IntN(len(ratings))]},
		{"release_year_min", "1990"}, {"release_year_max", "2000"}, {"language", languages[l.IntN(len(languages))]},
	} {
		if l.IntN(3) == 0 {
			parameters = append(parameters, more...)
		}
	}
	return parameters
}
