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
	place  int // of the searched word
	word   string
	errors int
}

const (
	// mostTyped is for how many words what was meant is looked for.
	mostTyped = 10
	// perWord is how many words are compared with one, letter by letter.
	perWord = 500
)

// alike is how similar words are at least that are compared, by their letters: where two of four changed places, one of nine
// trigrams is left.
var alike = []struct {
	from, to int
	least    float64
}{{0, 5, 0.1}, {6, longest, 0.2}}

// wordsLike finds words of names that differ from the searched ones by typing errors, those first that differ by fewer.
func wordsLike(ctx context.Context, tx pgx.Tx, words []string) ([]similar, error) {
	if len(words) > mostTyped {
		return nil, nil
	}
	const swapped = `SELECT s.place, known.word FROM unnest($1::int[], $2::text[]) s(place, word) JOIN name_words known USING (word)`
	places, variants := swaps(words)
	rows, err := tx.Query(ctx, swapped, places, variants)
	if err != nil {
		return nil, err
	}
	all, err := appendSimilar(nil, rows, words)
	if err != nil {
		return nil, err
	}
	for _, a := range alike {
		if _, err := tx.Exec(ctx, `SELECT set_config('pg_trgm.similarity_threshold', $1::float8::text, true)`, a.least); err != nil {
			return nil, err
		}
		const q = `
			SELECT w.place::int - 1, k.word FROM unnest($1::text[]) WITH ORDINALITY w(word, place) CROSS JOIN LATERAL (
				SELECT known.word FROM name_words known WHERE known.word % w.word GROUP BY known.word
				ORDER BY similarity(known.word, w.word) DESC, known.word LIMIT $4) k
			WHERE length(w.word) BETWEEN $2 AND $3`
		rows, err := tx.Query(ctx, q, words, a.from, a.to, perWord)
		if err != nil {
			return nil, err
		}
		if all, err = appendSimilar(all, rows, words); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(all, func(a, b similar) int { return a.errors - b.errors })
	return all, nil
}

// appendSimilar appends those words that may have been meant.
func appendSimilar(all []similar, rows pgx.Rows, words []string) ([]similar, error) {
	var s similar
	_, err := pgx.ForEachRow(rows, []any{&s.place, &s.word}, func() error {
		typed := []rune(words[s.place])
		if s.errors = errorsBetween(typed, []rune(s.word)); s.errors > 0 && s.errors <= tolerated(len(typed)) {
			all = append(all, s)
		}
		return nil
	})
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
