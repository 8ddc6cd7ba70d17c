package bulk

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"encora/loadtest/device"
	"encora/loadtest/editor"
	"encora/loadtest/latency"
	"encora/loadtest/openloop"
)

// readers are as many reads as may be under way at once.
const readers = 64

// between is what reads are called that are due while edges are warmed again.
const between = "edges are warmed"

// audience reads what viewers read, from all edges.
type audience struct {
	stage    *stage
	seed     uint64
	hot      [][]string // paths by kind, the most popular first
	phase    atomic.Pointer[string]
	recorder latency.Recorder
	outcome  openloop.Outcome

	mu   sync.Mutex
	seen map[string]bool // edge, country and path of what was asked for since begin
}

// countries of readers: half of them are of the third.
var countries = []string{denied, next, other, other}

// newAudience chooses what is read: screens of the app, and what the newest titles lead to.
func newAudience(s *stage, seed uint64) (*audience, error) {
	lists := []string{firstPage, "/v2/movies?sort=title", "/v2/movies?sort=-average_rating", "/v2/movies?sort=-release_year&limit=50", "/v2/shows"}
	more, err := s.pages(5)
	if err != nil {
		return nil, err
	}
	genres, err := s.origin.Genres()
	if err != nil {
		return nil, err
	}
	slices.SortFunc(genres, func(a, b editor.Genre) int { return b.Count - a.Count })
	words := s.words(20)
	a := &audience{stage: s, seed: seed, seen: map[string]bool{}, hot: [][]string{
		{"/v2/home", "/v2/home?platform=web", "/v2/home?platform=ios"}, append(lists, more...),
		paths("/v2/movies?genre=", slugs(genres[:min(8, len(genres))]), ""), paths("/v2/search?q=", words, ""),
		paths("/v2/search/autocomplete?q=", beginnings(words), ""), paths("/v2/movies/", ids(s.films[:min(60, len(s.films))]), ""),
		append(paths("/v2/movies/", ids(s.films[:min(10, len(s.films))]), "/related"), "/v2/genres", "/v2/genres?content_type=movie",
			"/v2/collections", "/v2/collections/"+s.collection),
	}}
	a.begin(between)
	return a, nil
}

func paths(before string, values []string, after string) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = before + url.QueryEscape(v) + after
	}
	return all
}

// pages are the addresses of those that follow the first page of the list.
func (s *stage) pages(n int) ([]string, error) {
	var all []string
	for at := firstPage; len(all) < n; all = append(all, at) {
		answer, _, err := ask(s.public, look{"list", at, other}, s.tokens[other])
		if err != nil {
			return nil, err
		}
		var page struct {
			Meta struct {
				Next string `json:"next_cursor"`
			}
		}
		if err := json.Unmarshal(answer.Body, &page); err != nil || page.Meta.Next == "" {
			return all, err
		}
		at = firstPage + "&cursor=" + url.QueryEscape(page.Meta.Next)
	}
	return all, nil
}

// begin names what goes on, and forgets what was asked for.
func (a *audience) begin(phase string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.phase.Store(&phase)
	a.seen = map[string]bool{}
}

// asked is how many answers were asked of an edge since begin.
func (a *audience) asked() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.seen)
}

func (a *audience) note(edge int, country, path string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen[fmt.Sprint(edge, country, path)] = true
}

// warm asks every edge for everything that is hot, for each country.
func (a *audience) warm() error {
	var all errgroup.Group
	for _, edge := range a.stage.edges {
		for _, country := range countries[:3] {
			all.Go(func() error {
				for _, path := range slices.Concat(a.hot...) {
					if err := a.held(edge, look{"warm", path, country}); err != nil {
						return err
					}
				}
				return nil
			})
		}
	}
	return all.Wait()
}

// held asks until there is an answer: an edge that is cold says 503 when there is too much to ask for.
func (a *audience) held(edge *device.Client, l look) error {
	for tries := 1; ; tries++ {
		_, is, err := ask(edge, l, a.stage.tokens[l.country])
		if err == nil || is.status != 503 || tries == 20 {
			return err
		}
		time.Sleep(500 * time.Millisecond)
	}
}

// read offers reads until the function that it returns is called.
func (a *audience) read(ctx context.Context, load openloop.Load) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	rolls := make([]*rand.Rand, load.Workers)
	for w := range rolls {
		rolls[w] = rand.New(rand.NewPCG(a.seed, uint64(w)))
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.outcome = load.Run(ctx, func(w int, due time.Time) { a.one(rolls[w], due) })
	}()
	return func() {
		cancel()
		<-done
	}
}

// one is one read: any kind as likely as another, and of its kind the first most likely.
func (a *audience) one(rng *rand.Rand, due time.Time) {
	kind := a.hot[rng.IntN(len(a.hot))]
	at, country := rng.Float64(), countries[rng.IntN(len(countries))]
	path, edge := kind[int(at*at*float64(len(kind)))], rng.IntN(len(a.stage.edges))
	phase := *a.phase.Load()
	a.note(edge, country, path)
	_, is, err := ask(a.stage.edges[edge], look{"read", path, country}, a.stage.tokens[country])
	a.recorder.Record(phase, time.Since(due), is.status, err)
}

// words are distinct words of the affected films' titles.
func (s *stage) words(n int) []string {
	var words []string
	for _, f := range s.films {
		for _, w := range strings.Fields(f.Title) {
			if len(words) < n && len(w) > 3 && !slices.Contains(words, w) {
				words = append(words, w)
			}
		}
	}
	return words
}

// beginnings are what somebody has typed of the words.
func beginnings(words []string) []string {
	var all []string
	for _, w := range words {
		all = append(all, string([]rune(w)[:3]))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func slugs(genres []editor.Genre) []string {
	var all []string
	for _, g := range genres {
		all = append(all, g.Slug)
	}
	return all
}

func ids(films []editor.Listed) []string {
	var all []string
	for _, f := range films {
		all = append(all, f.ID)
	}
	return all
}
