package content

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"encora/origin/vocab"
)

// Text keeps what is found by a search's words: each must begin a word of a name, of who is in it or of what is said of it;
// Chinese, Japanese and Korean are found by any part of a name.
func (q *Query) Text(text string) {
	if text == "" {
		return
	}
	words, runs := split(text)
	words, runs = Telling(words), Telling(runs)
	if len(words)+len(runs) == 0 {
		q.And("false") // a question without a word matches nothing
		return
	}
	q.searched = true
	if len(words) > 0 {
		q.And("t.search @@ search_query(@words)", "words", words)
	}
	if len(runs) > 0 {
		q.And("t.search @@ grams_query(@grams)", "grams", grams(runs))
		q.And("(SELECT bool_and(strpos(t.name || ' ' || t.other_name, run) > 0) FROM unnest(@runs::text[]) run)", "runs", runs)
	}
}

// What is looked for of a text: more words find nothing else, and cost whoever waits behind them.
const (
	maxWords   = 6
	maxLetters = 4 // of words of one letter, each of which begins thousands of others
)

// Telling are the words of a text by which titles are found, in their order: each once, at most 6, the longest. Of words of one
// letter the last counts, which somebody may be typing, and where there are no longer ones, the last four.
func Telling(words []string) []string {
	var places []int
	for i, word := range words {
		if slices.Index(words, word) == i {
			places = append(places, i)
		}
	}
	length := func(place int) int { return utf8.RuneCountInString(words[place]) }
	letters := slices.DeleteFunc(slices.Clone(places), func(place int) bool { return length(place) > 1 })
	if longer := len(places) - len(letters); longer > 0 && len(letters) > 0 && letters[len(letters)-1] != places[len(places)-1] {
		letters = nil
	} else if longer > 0 {
		letters = letters[max(0, len(letters)-1):]
	} else {
		letters = letters[max(0, len(letters)-maxLetters):]
	}
	kept := slices.DeleteFunc(slices.Clone(places), func(place int) bool { return length(place) == 1 && !slices.Contains(letters, place) })
	slices.SortStableFunc(kept, func(a, b int) int { return length(b) - length(a) })
	kept = slices.Sorted(slices.Values(kept[:min(len(kept), maxWords)]))
	telling := make([]string, len(kept))
	for i, place := range kept {
		telling[i] = words[place]
	}
	return telling
}

// Key quotes one of the keys of titles for a tsquery. The migration says what the keys are.
func Key(key string) string {
	return "'" + strings.NewReplacer("'", "''", "\\", "\\\\").Replace(key) + "'"
}

// split takes a text apart into words and runs of characters that are written without spaces between words.
func split(text string) (words, runs []string) {
	for _, word := range vocab.Words(text) {
		begin, of := 0, false
		for i, r := range word {
			if is := unspaced(r); is != of {
				words, runs = appendPart(words, runs, word[begin:i], of)
				begin, of = i, is
			}
		}
		words, runs = appendPart(words, runs, word[begin:], of)
	}
	return words, runs
}

func appendPart(words, runs []string, part string, run bool) ([]string, []string) {
	switch {
	case part == "":
	case run:
		runs = append(runs, part)
	default:
		words = append(words, part)
	}
	return words, runs
}

// unspaced is the class of characters in name_grams.
func unspaced(r rune) bool { return unicode.In(r, cjk) }

var cjk = &unicode.RangeTable{R16: []unicode.Range16{
	{Lo: 0x3005, Hi: 0x3007, Stride: 1}, {Lo: 0x3040, Hi: 0x30FF, Stride: 1}, {Lo: 0x3400, Hi: 0x9FFF, Stride: 1},
	{Lo: 0xAC00, Hi: 0xD7AF, Stride: 1}, {Lo: 0xF900, Hi: 0xFAFF, Stride: 1}, {Lo: 0xFF66, Hi: 0xFF9F, Stride: 1},
}}

// grams are a run's pairs of characters, or the one that it has.
func grams(runs []string) []string {
	var all []string
	for _, run := range runs {
		characters := []rune(run)
		if len(characters) == 1 {
			all = append(all, run)
		}
		for i := 1; i < len(characters); i++ {
			all = append(all, string(characters[i-1:i+1]))
		}
	}
	return all
}
