package suggest

import (
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"encora/shared/wire"
)

const catalogue = 50_000

// prefixes are what somebody types who looks for one of the titles: so many letters of one of its words.
func prefixes(titles []wire.Suggestion, n, letters int) []string {
	rng := rand.New(rand.NewPCG(2, uint64(letters)))
	var all []string
	for len(all) < n {
		words := strings.Fields(titles[rng.IntN(len(titles))].Title)
		if len(words) == 0 {
			continue
		}
		word := []rune(words[rng.IntN(len(words))])
		all = append(all, string(word[:min(letters, len(word))]))
	}
	return all
}

// BenchmarkSearch searches 50,000 titles in 64 parts, and writes the answer.
func BenchmarkSearch(b *testing.B) {
	titles := corpus(catalogue)
	sources := parts(b, titles)
	bench := func(name string, queries []string, viewer *onlooker) {
		b.Run(name, func(b *testing.B) {
			var s Search
			var out []byte
			asks := make([]Ask, len(queries))
			for i, q := range queries {
				asks[i] = Ask{Q: []byte(q), Limit: 10}
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s.Find(asks[i%len(asks)], 0, sources, viewer)
				out = s.Append(out[:0])
			}
		})
	}
	for letters := 1; letters <= 8; letters++ {
		bench("letters="+strconv.Itoa(letters), prefixes(titles, 1000, letters), &onlooker{})
	}
	long := prefixes(titles, 1000, 8)
	var two, whole []string
	for i, last := range prefixes(titles, 1000, 3) {
		two = append(two, long[i]+" "+last)
		whole = append(whole, titles[i].Title)
	}
	bench("two words", two, &onlooker{})
	bench("whole titles", whole, &onlooker{})
	bench("of both kinds", []string{"the le", "le the", "a t", "la of"}, &onlooker{})
	everything := &onlooker{}
	for i := range 20 {
		everything.denied = append(everything.denied, "rule-"+strconv.Itoa(i))
	}
	for i := range titles {
		titles[i].Not = []string{"rule-" + strconv.Itoa(i%20)}
	}
	sources = parts(b, titles)
	bench("all denied", prefixes(titles, 1000, 1), everything)
}

// BenchmarkPack lays out one part.
func BenchmarkPack(b *testing.B) {
	titles := corpus(catalogue)[:catalogue/wire.SuggestParts]
	body, _ := json.Marshal(wire.Suggestions{Titles: titles})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Pack(body, slotOf); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(utf8.RuneCount(body)), "bytes")
}
