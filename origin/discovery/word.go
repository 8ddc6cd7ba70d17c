package discovery

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
)

// wordsOf are the words of a text as names have them: folded, and with spaces between characters of scripts that have none
// between words.
func wordsOf(ctx context.Context, tx pgx.Tx, text string) ([]string, error) {
	var words []string
	err := tx.QueryRow(ctx, `SELECT search_words($1)`, text).Scan(&words)
	return words, err
}

// similar is a word of names that one of a search's may have been meant for.
type similar struct {
	Place  int // of the searched word
	Word   string
	errors int
}

const (
	// mostTyped is for how many words what was meant is looked for.
	mostTyped = 10
	// alike is how similar words are at least that are compared letter by letter: where two of four letters changed places,
	// one of nine trigrams is left.
	alike = "0.1"
	// perWord is how many of them are.
	perWord = 500
)

// wordsLike finds words of names that differ from the searched ones by typing errors, those first that differ by fewer.
func wordsLike(ctx context.Context, tx pgx.Tx, words []string) ([]similar, error) {
	if len(words) > mostTyped {
		return nil, nil
	}
	if _, err := tx.Exec(ctx, `SET LOCAL pg_trgm.similarity_threshold = `+alike); err != nil {
		return nil, err
	}
	const q = `
		SELECT w.place::int - 1 AS place, k.word FROM unnest($1::text[]) WITH ORDINALITY w(word, place) CROSS JOIN LATERAL (
			SELECT known.word FROM name_words known WHERE known.word % w.word GROUP BY known.word
			ORDER BY similarity(known.word, w.word) DESC, known.word LIMIT $2) k
		UNION SELECT s.place, known.word FROM unnest($3::int[], $4::text[]) s(place, word) JOIN name_words known USING (word)`
	places, swapped := swaps(words)
	rows, err := tx.Query(ctx, q, words, perWord, places, swapped)
	if err != nil {
		return nil, err
	}
	var all []similar
	var s similar
	_, err = pgx.ForEachRow(rows, []any{&s.Place, &s.Word}, func() error {
		typed := []rune(words[s.Place])
		if s.errors = errorsBetween(typed, []rune(s.Word)); s.errors <= tolerated(len(typed)) {
			all = append(all, s)
		}
		return nil
	})
	slices.SortStableFunc(all, func(a, b similar) int { return a.errors - b.errors })
	return all, err
}

// swaps are the words with two neighbours that have changed places, and the places of the words: a short word that is typed so
// shares no trigram with what was meant.
func swaps(words []string) ([]int, []string) {
	var places []int
	var swapped []string
	for place, word := range words {
		letters := []rune(word)
		for i := 1; i < len(letters); i++ {
			letters[i-1], letters[i] = letters[i], letters[i-1]
			places, swapped = append(places, place), append(swapped, string(letters))
			letters[i-1], letters[i] = letters[i], letters[i-1]
		}
	}
	return places, swapped
}

// tolerated is how many errors a word of so many letters may have.
func tolerated(letters int) int {
	switch {
	case letters < 3:
		return 0
	case letters < 6:
		return 1
	}
	return 2
}

// errorsBetween counts the letters that were left out, put in or mistaken, and neighbours that changed places (the distance of
// optimal string alignment).
func errorsBetween(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			wrong := 1
			if a[i-1] == b[j-1] {
				wrong = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+wrong)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
