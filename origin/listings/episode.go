package listings

import (
	"regexp"
	"strconv"
	"strings"
)

const maxNumber = 1_000_000 // of a season or episode

// numbers are a season's and an episode's, from one; nil where the feed says nothing.
type numbers struct{ season, episode *int }

// countedNumbers reads xmltv_ns: season.episode.part, each counted from zero, perhaps followed by / and how many there are.
func countedNumbers(text string) numbers {
	season, rest, _ := strings.Cut(text, ".")
	episode, _, _ := strings.Cut(rest, ".")
	return numbers{counted(season), counted(episode)}
}

// counted is a number that counts from zero as one that counts from one.
func counted(text string) *int {
	number, _, _ := strings.Cut(text, "/")
	n, err := strconv.Atoi(strings.TrimSpace(number))
	if err != nil || n < 0 || n >= maxNumber {
		return nil
	}
	n++
	return &n
}

// Words for seasons and episodes in the languages of feeds.
const (
	seasonWords = `(?:season|series|saison|staffel|stagione|temporada|seizoen|säsong|sæson|sesong|` +
		`sezon|sezona|sezonul|série|řada|kausi|évad|сезон|σεζόν)`
	episodeWords = `(?:episode|épisode|episodio|episódio|capítulo|capitulo|puntata|` +
		`folge|teil|aflevering|avsnitt|afsnit|jakso|osa|odcinek|odc|` +
		`epizoda|epizod|díl|diel|bölüm|rész|серия|выпуск|эпизод|επεισόδιο|ep|e)`
	wordBegins, wordEnds = `(?:^|[^\pL\pN])`, `(?:[^\pL\pN]|$)`
)

// How programmes show their number on screen. A number alone says nothing: 427 may be the 27th episode of season 4.
var (
	bothPattern = regexp.MustCompile(`(?i)` + wordBegins + `[st]\s*(\d{1,4})\s*[.,:/ -]?\s*(?:ep|e|f)\.?\s*(\d{1,6})` + wordEnds +
		`|` + wordBegins + `(\d{1,3})\s*x\s*(\d{1,4})` + wordEnds)
	seasonThenNumber  = wordThenNumber(seasonWords)
	episodeThenNumber = wordThenNumber(episodeWords)
	numberThenSeason  = numberThenWord(seasonWords)
	numberThenEpisode = numberThenWord(episodeWords)
)

func wordThenNumber(words string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)` + wordBegins + words + `[:.#]?\s*(\d{1,6})` + wordEnds)
}

func numberThenWord(words string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)` + wordBegins + `(\d{1,6})[.ªºa]?\s*` + words + wordEnds)
}

// shownNumbers reads onscreen. A text that begins with a number has it before the word.
func shownNumbers(text string) numbers {
	if m := bothPattern.FindStringSubmatch(text); m != nil {
		return numbers{shown(m[1] + m[3]), shown(m[2] + m[4])}
	}
	if text[0] >= '0' && text[0] <= '9' {
		return numbers{firstShown(text, numberThenSeason, seasonThenNumber), firstShown(text, numberThenEpisode, episodeThenNumber)}
	}
	return numbers{firstShown(text, seasonThenNumber, numberThenSeason), firstShown(text, episodeThenNumber, numberThenEpisode)}
}

// firstShown is what the first of the patterns finds that finds anything.
func firstShown(text string, patterns ...*regexp.Regexp) *int {
	for _, p := range patterns {
		if m := p.FindStringSubmatch(text); m != nil {
			return shown(m[1])
		}
	}
	return nil
}

func shown(digits string) *int {
	n, err := strconv.Atoi(digits)
	if err != nil || n > maxNumber {
		return nil
	}
	return &n
}
