package content

import (
	"strings"
	"unicode"

	"encora/origin/vocab"
)

// Text keeps what is found by a search's words: each must begin a word of a name, of who is in it or of what is said of it;
// Chinese, Japanese and Korean are found by any part of a name.
func (q *Query) Text(text string) {
	if text == "" {
		return
	}
	words, runs := split(text)
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
