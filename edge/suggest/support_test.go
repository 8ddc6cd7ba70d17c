package suggest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/google/uuid"

	"encora/shared/wire"
)

func slotOf(tag string) uint32 { return uint32(xxhash.Sum64String(tag)) % (1 << 18) }

func testID(n int) string { return fmt.Sprintf("0190a6e0-0000-7000-8000-%012x", n) }

// failing is what tests of both kinds have.
type failing interface{ Fatal(...any) }

func part(t testing.TB, titles ...wire.Suggestion) *Part {
	t.Helper()
	return packed(t, titles)
}

// packed packs titles and reads them back.
func packed(t failing, titles []wire.Suggestion) *Part {
	body, err := json.Marshal(wire.Suggestions{Titles: titles})
	if err != nil {
		t.Fatal(err)
	}
	text, err := Pack(body, slotOf)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Read(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// onlooker is a viewer of a test.
type onlooker struct {
	denied  []string
	removed map[uint32]uint64
}

func (o *onlooker) Denies(ids []string) bool {
	if len(ids) == 0 {
		panic("asked of nothing")
	}
	return slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(o.denied, id) })
}

func (o *onlooker) Removed(slot uint32) uint64 { return o.removed[slot] }

func uuidText(line string) string { return uuid.UUID([]byte(line[:16])).String() }

// answer is the body of an answer.
type answer struct {
	Data []struct {
		ContentType string `json:"content_type"`
		ID          string `json:"id"`
		Title       string `json:"title"`
	} `json:"data"`
}

// find searches, and returns what the answer shows.
func find(t testing.TB, s *Search, q string, limit int, now int64, sources []Source, viewer Viewer) answer {
	t.Helper()
	s.Find(Ask{Q: []byte(q), Limit: limit}, now, sources, viewer)
	body := s.Append(nil)
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return a
}

// naive looks at every title.
func naive(titles []wire.Suggestion, q string, limit int, hidden func(*wire.Suggestion) bool) []string {
	query := strings.ReplaceAll(fold(q), string(joint), " ")
	type match struct {
		begun bool
		first string
		*wire.Suggestion
	}
	var all []match
	for i := range titles {
		m := match{Suggestion: &titles[i]}
		var starts []string
		for _, name := range append([]string{titles[i].Title}, titles[i].Also...) {
			f := fold(name)
			for _, reading := range []string{strings.ReplaceAll(f, "-", " "), strings.ReplaceAll(f, "-", "")} {
				if m.first == "" {
					m.first = reading
				}
				m.begun = m.begun || strings.HasPrefix(reading, query)
				before := ' '
				for at, r := range reading {
					if r != ' ' && (before == ' ' || begins(before, r)) {
						starts = append(starts, reading[at:])
					}
					before = r
				}
			}
		}
		words := strings.Fields(query)
		if len(words) == 0 || hidden(&titles[i]) {
			continue
		}
		if !slices.ContainsFunc(words, func(w string) bool {
			return !slices.ContainsFunc(starts, func(s string) bool { return strings.HasPrefix(s, w) })
		}) {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b match) int {
		if a.begun != b.begun {
			if a.begun {
				return -1
			}
			return 1
		}
		return order{a.Weight, a.first, a.ID}.compare(order{b.Weight, b.first, b.ID})
	})
	ids := []string{}
	for _, m := range all[:min(limit, len(all))] {
		ids = append(ids, m.ID)
	}
	return ids
}

// corpus makes titles of words that are as often used as those of a language: few everywhere, most hardly ever.
func corpus(n int) []wire.Suggestion {
	rng := rand.New(rand.NewPCG(1, 1))
	syllables := strings.Fields("ba be bo ca ce co da de di fa fi ga go ha he ka la le li lo ma me mi mo na ne no pa pe ra re ri ro sa se si so sta ta te ti to tra va vi wa za")
	words := make([]string, 12_000)
	for i := range words {
		for range 1 + rng.IntN(4) {
			words[i] += syllables[rng.IntN(len(syllables))]
		}
	}
	copy(words, []string{"the", "of", "a", "and", "in", "le", "love", "man", "la", "night"})
	zipf := rand.NewZipf(rng, 1.3, 8, uint64(len(words)-1))
	name := func() string {
		var all []string
		for range 1 + rng.IntN(5) {
			all = append(all, words[zipf.Uint64()])
		}
		return strings.Join(all, " ")
	}
	titles := make([]wire.Suggestion, n)
	for i := range titles {
		titles[i] = wire.Suggestion{ID: testID(i), Type: kinds[i%3], Title: name(), Also: []string{}, Not: []string{}, Weight: int64(1e6 / (1 + rng.IntN(100_000)))}
		if i%4 == 0 {
			titles[i].Also = []string{name()}
		}
		if i%10 == 0 {
			titles[i].Not = []string{fmt.Sprint("rule-", i/10%20)}
		}
	}
	return titles
}

// parts are a corpus as edges hold it.
func parts(t testing.TB, titles []wire.Suggestion) []Source {
	t.Helper()
	var split [wire.SuggestParts][]wire.Suggestion
	for i, title := range titles {
		split[i%wire.SuggestParts] = append(split[i%wire.SuggestParts], title)
	}
	sources := make([]Source, wire.SuggestParts)
	for i := range sources {
		sources[i] = Source{Part: part(t, split[i]...)}
	}
	return sources
}
