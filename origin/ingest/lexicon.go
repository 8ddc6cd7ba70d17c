package ingest

import (
	"embed"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

//go:embed lexicon/*.json
var lexiconFiles embed.FS

// lexicon is what the generator knows of one language. Sentences hold slots such as {place}; {a} is a woman and {b} a
// man, so that verbs and adjectives agree.
type lexicon struct {
	Language    string   `json:"language"` // BCP-47
	Female      []string `json:"female"`   // given names, in Latin script as credits are
	Male        []string `json:"male"`
	Family      []string `json:"family"`
	FamilyFirst bool     `json:"family_first"`
	Cities      []string `json:"cities"` // in Latin script
	// Slots are the words for sentences and titles, in the language's own script. Without a, b and place those are the
	// names above.
	Slots   map[string][]string `json:"slots"`
	Titles  []string            `json:"titles"`
	Opening []string            `json:"opening"`
	Middle  []string            `json:"middle"`
	Closing []string            `json:"closing"`

	slots []string // the names of Slots in a fixed order, since the random numbers have to be drawn in one
}

var lexicons = loadLexicons()

func loadLexicons() map[string]*lexicon {
	files, err := lexiconFiles.ReadDir("lexicon")
	if err != nil { // embedded: a broken invariant, as below
		panic(err)
	}
	all := map[string]*lexicon{}
	for _, file := range files {
		text, err := lexiconFiles.ReadFile(path.Join("lexicon", file.Name()))
		if err != nil {
			panic(err)
		}
		l := &lexicon{}
		if err := json.Unmarshal(text, l); err != nil {
			panic(err)
		}
		l.complete()
		all[l.Language] = l
	}
	return all
}

func (l *lexicon) complete() {
	for slot, names := range map[string][]string{"a": l.Female, "b": l.Male, "place": l.Cities} {
		if l.Slots[slot] == nil {
			l.Slots[slot] = names
		}
	}
	l.slots = slices.Sorted(maps.Keys(l.Slots))
}

// people is how many people the lexicon can name.
func (l *lexicon) people() int { return (len(l.Female) + len(l.Male)) * len(l.Family) }

// person is the name of person i, 0 ≤ i < people; neighbours share neither given nor family name.
func (l *lexicon) person(i int) string {
	given := len(l.Female) + len(l.Male)
	first := l.given(i % given)
	family := l.Family[(i/given+7*i)%len(l.Family)]
	if l.FamilyFirst {
		return family + " " + first
	}
	return first + " " + family
}

func (l *lexicon) given(i int) string {
	if i%2 == 0 && i/2 < len(l.Female) {
		return l.Female[i/2]
	}
	return l.Male[i/2%len(l.Male)]
}

// words picks one word for every slot that l's sentences have. Names and places are those of local, which differs from l
// when a film is told in another language than its own: then they are in Latin script.
func (l *lexicon) words(r *rand.Rand, local *lexicon) map[string]string {
	words := make(map[string]string, len(l.Slots))
	for _, slot := range l.slots {
		words[slot] = pick(r, l.Slots[slot])
	}
	if local != l {
		words["a"], words["b"], words["place"] = pick(r, local.Female), pick(r, local.Male), pick(r, local.Cities)
	}
	return words
}

// fill puts words into the slots of a sentence.
func fill(sentence string, words map[string]string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(sentence, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		slot, after, _ := strings.Cut(rest, "}")
		b.WriteString(words[slot])
		sentence = after
	}
}

// Bounds of a generated synopsis, in code points.
const (
	synopsisShort = 200
	synopsisLong  = 900
)

// synopsis tells a story of 200 to 900 code points: an opening, as much middle as its length asks for, a closing.
func (l *lexicon) synopsis(r *rand.Rand, words map[string]string) string {
	gap := l.gap()
	text, closing := fill(pick(r, l.Opening), words), fill(pick(r, l.Closing), words)
	size := utf8.RuneCountInString(text) + utf8.RuneCountInString(closing) + len(gap)
	want := synopsisShort + r.IntN(synopsisLong-synopsisShort)
	for _, i := range r.Perm(len(l.Middle)) {
		next := fill(l.Middle[i], words)
		n := utf8.RuneCountInString(next) + len(gap)
		if size >= synopsisShort && size+n > want {
			break
		}
		text += gap + next
		size += n
	}
	return text + gap + closing
}

// sketch tells of one episode in two sentences.
func (l *lexicon) sketch(r *rand.Rand, words map[string]string) string {
	return fill(pick(r, l.Middle), words) + l.gap() + fill(pick(r, l.Closing), words)
}

// gap is what the language has between sentences.
func (l *lexicon) gap() string {
	if l.Language == "ja" || l.Language == "zh" {
		return ""
	}
	return " "
}

func pick[T any](r *rand.Rand, items []T) T { return items[r.IntN(len(items))] }
