package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"iter"
	"regexp"
	"slices"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

var noon = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

// digest is a hash of the JSON of all titles.
func digest[T any](t *testing.T, titles iter.Seq[T]) string {
	t.Helper()
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(slices.Collect(titles)); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func TestGenerateIsTheSameForEver(t *testing.T) {
	if got, want := digest(t, Generate(500, 1, noon)), "71a17978e247d7fa"; got != want {
		t.Errorf("digest %s, want %s: seeded catalogues change with this", got, want)
	}
	if digest(t, Generate(50, 1, noon)) == digest(t, Generate(50, 2, noon)) {
		t.Error("the seed makes no difference")
	}
}

func TestGenerateBeginsAlikeWhateverItsLength(t *testing.T) {
	long := slices.Collect(Generate(200, 7, noon))
	if got, want := digest(t, Generate(100, 7, noon)), digest(t, slices.Values(long[:100])); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestGenerateStopsWhenAsked(t *testing.T) {
	n := 0
	for range Generate(1000, 1, noon) {
		if n++; n == 3 {
			break
		}
	}
	if n != 3 {
		t.Error(n)
	}
}

func TestGeneratedFilmsKeepTheLimits(t *testing.T) {
	keys := map[string]bool{}
	for f := range Generate(3000, 3, noon) {
		n := utf8.RuneCountInString(f.Synopsis)
		switch {
		case f.fault() != "":
			t.Errorf("%s: %s", f.Key, f.fault())
		case languageFault(&f) != "":
			t.Errorf("%s: %s", f.Key, languageFault(&f))
		case keys[f.Key]:
			t.Errorf("%s occurs twice", f.Key)
		case n < synopsisShort || n > synopsisLong:
			t.Errorf("%s: synopsis of %d", f.Key, n)
		case f.RuntimeMinutes == 0 || f.ContentRating == "" || f.Studio == "" || len(f.Cast) < 3 || len(f.Genres) == 0:
			t.Errorf("%s is not complete: %+v", f.Key, f)
		case f.ReleaseYear > noon.Year():
			t.Errorf("%s is from the future", f.Key)
		case f.AverageRating != 0 && (f.AverageRating < 1 || f.AverageRating > 5 || f.RatingCount == 0):
			t.Errorf("%s: rating %v of %d", f.Key, f.AverageRating, f.RatingCount)
		}
		keys[f.Key] = true
	}
}

func TestGeneratedCatalogueIsSkewed(t *testing.T) {
	const n = 10000
	count := map[string]int{}
	titles, people := map[string]bool{}, map[string]int{}
	for f := range Generate(n, 5, noon) {
		titles[f.Title] = true
		count[f.CountryOfOrigin[0]]++
		for _, g := range f.Genres {
			count[g]++
		}
		for _, c := range f.Cast {
			people[c.Name]++
		}
		if noon.Year()-f.ReleaseYear < 20 {
			count["recent"]++
		}
		for name, script := range scripts {
			if unicode.Is(script, firstLetter(f.Synopsis)) {
				count[name]++
			}
		}
	}
	between := func(name string, got, low, high int) {
		t.Helper()
		if got < low || got > high {
			t.Errorf("%s: %d of %d, want %d to %d", name, got, n, low, high)
		}
	}
	between("titles", len(titles), n*93/100, n)
	between("US", count["US"], n*28/100, n*38/100)
	between("drama", count["drama"], n*30/100, n*50/100)
	between("western", count["western"], n/1000, n*3/100)
	between("recent", count["recent"], n*60/100, n*85/100)
	for name := range scripts {
		between(name, count[name], n/1000, n)
	}
	most := 0
	for _, c := range people {
		most = max(most, c)
	}
	between("films of the busiest person", most, n/400, n/50)
	between("people", len(people), n/2, n*3)
}

var scripts = map[string]*unicode.RangeTable{
	"Latin": unicode.Latin, "Hangul": unicode.Hangul, "Han": unicode.Han, "Devanagari": unicode.Devanagari,
	"Cyrillic": unicode.Cyrillic, "Arabic": unicode.Arabic,
}

func firstLetter(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func TestGeneratedWindows(t *testing.T) {
	const n = 10000
	count := map[string]int{}
	for f := range Generate(n, 6, noon) {
		switch {
		case !f.Published:
			count["draft"]++
			if f.AvailableFrom != nil || f.AvailableUntil != nil {
				t.Errorf("%s: a draft with a window", f.Key)
			}
		case f.AvailableFrom != nil:
			count["upcoming"]++
			if !f.AvailableFrom.After(noon) || f.AvailableFrom.Location() != time.UTC {
				t.Errorf("%s: from %v", f.Key, f.AvailableFrom)
			}
		case f.AvailableUntil == nil:
			count["open"]++
		case f.AvailableUntil.After(noon):
			count["leaving"]++
		default:
			count["gone"]++
		}
	}
	for name, perMille := range map[string]int{"open": 900, "upcoming": 30, "leaving": 30, "gone": 20, "draft": 20} {
		if got, want := count[name], n*perMille/1000; got < want*7/10 || got > want*13/10 {
			t.Errorf("%s: %d, want about %d", name, got, want)
		}
	}
}

func TestLexiconsFillEverySlot(t *testing.T) {
	slots := regexp.MustCompile(`\{(\w*)\}`)
	for name, l := range lexicons {
		for _, s := range slices.Concat(l.Titles, l.Opening, l.Middle, l.Closing) {
			for _, slot := range slots.FindAllStringSubmatch(s, -1) {
				if len(l.Slots[slot[1]]) == 0 {
					t.Errorf("%s: no words for %s in %q", name, slot[0], s)
				}
			}
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	for range b.N {
		for range Generate(50000, 1, noon) {
			continue
		}
	}
}
