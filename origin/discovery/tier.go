package discovery

import (
	"slices"
	"strings"

	"encora/origin/content"
)

// tier is one way to match a search's text. What it finds comes before what lower tiers find, and is in none of the others.
type tier struct {
	number int
	keys   string // what the title's keys meet, as a tsquery; empty: any do
	text   string // what its text holds the words of, and its keys don't meet apart; empty: whatever
	apart  string
}

// Numbers of tiers, the best last. What is found in spite of typing errors is a reading of its own.
const (
	everything = iota // there is no text
	far               // two errors in a word
	near
	inText
	inCast
	inNames // all words, in any order
	holding // the text as it stands, from the beginning of a word on
	beginning
	equal
)

// longest is how many characters a key has at most, beside its kind.
const longest = 100

// tiersOf are the ways to match a text and its words, best first.
func tiersOf(text string, words []string) []tier {
	phrase := cut(strings.Join(words, " "))
	is, begins, holds := content.Key("="+phrase), prefix("=", phrase), prefix("~", phrase)
	telling := content.Telling(words)
	names, cast := every("~", telling), every("@", telling)
	tiers := []tier{
		{number: equal, keys: is},
		{number: beginning, keys: but(begins, is)},
		{number: holding, keys: but(holds, begins)},
		{number: inNames, keys: but(names, holds)},
		{number: inCast, keys: but(cast, names)},
		{number: inText, text: text, apart: names + " | " + cast},
	}
	if len(words) == 1 { // it is the text
		tiers = slices.DeleteFunc(tiers, func(t tier) bool { return t.number == inNames })
	}
	return tiers
}

// closeTiers are the ways to match words in spite of typing errors: first those where no word has more than one.
func closeTiers(words []string, known []similar) []tier {
	one, two := closeTo(words, known, 1), closeTo(words, known, 2)
	tiers := []tier{{number: near, keys: one}}
	if two != one {
		tiers = append(tiers, tier{number: far, keys: but(two, one)})
	}
	return tiers
}

// closeTo is met by names that have words which begin with each word, or with one that differs from it by so many errors, and by
// names that begin with the words run together.
func closeTo(words []string, known []similar, errors int) string {
	ways := make([][]string, len(words))
	for i, word := range words {
		ways[i] = []string{prefix("~", word)}
	}
	for _, k := range known {
		if way := prefix("~", k.word); k.errors <= errors && len(ways[k.place]) <= mostMeant && !slices.Contains(ways[k.place], way) {
			ways[k.place] = append(ways[k.place], way)
		}
	}
	all := make([]string, len(words))
	for i := range ways {
		all[i] = "(" + strings.Join(ways[i], " | ") + ")"
	}
	query := "(" + strings.Join(all, " & ") + ")"
	if run := cut(strings.ReplaceAll(strings.Join(words, ""), " ", "")); len(run) >= shortestRun {
		query += " | " + prefix("+", run)
	}
	return query
}

// mostMeant is how many words may have been meant by one.
const mostMeant = 20

// shortestRun is how long words that are run together are, or half of all names begin with them.
const shortestRun = 5

func cut(text string) string {
	characters := []rune(text)
	return string(characters[:min(len(characters), longest)])
}

// prefix is met by a key of the kind that begins with the text.
func prefix(kind, text string) string { return content.Key(kind+text) + ":*" }

// every is met by keys of the kind of which each word begins one.
func every(kind string, words []string) string {
	keys := make([]string, len(words))
	for i, word := range words {
		keys[i] = prefix(kind, word)
	}
	return "(" + strings.Join(slices.Compact(keys), " & ") + ")"
}

// but is met by what meets the one and not the other.
func but(one, other string) string { return "(" + one + ") & !(" + other + ")" }
