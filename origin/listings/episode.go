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

// How programmes show their number on screen. A number alone says nothing: 427 may be the 27th episode of season 4.
var (
	bothPattern = regexp.MustCompile(`(?i)(?:^|[^\pL\pN])(?:s|t)\s*(\d{1,4})\s*[.,:/ -]?\s*(?:e|ep|f)\.?\s*(\d{1,6})(?:[^\pL\pN]|$)` +
		`|(?:^|[^\pL\pN])(\d{1,3})\s*x\s*(\d{1,4})(?:[^\pL\pN]|$)`)
	seasonPattern = regexp.MustCompile(`(?i)(?:^|[^\pL\pN])(?:` +
		`(?:season|series|saison|staffel|stagione|temporada|seizoen|säsong|sæson|sesong|sezon|sezona|sezonul|série|řada|kausi|сезон|σεζόν|évad)[:.#]?\s*(\d{1,4})` +
		`|(\d{1,4})[.ªºa]?\s*(?:season|saison|staffel|stagione|temporada|seizoen|säsong|sæson|sesong|sezon|sezona|řada|kausi|сезон|évad))(?:[^\pL\pN]|$)`)
	episodePattern = regexp.MustCompile(`(?i)(?:^|[^\pL\pN])(?:` +
		`(?:episode|épisode|episodio|episódio|capítulo|capitulo|puntata|folge|teil|aflevering|avsnitt|afsnit|jakso|osa|odcinek|odc|epizoda|epizod|díl|diel|bölüm|серия|выпуск|эпизод|επεισόδιο|ep|e)[:.#]?\s*(\d{1,6})` +
		`|(\d{1,6})[.ªºa]?\s*(?:episode|épisode|episodio|episódio|capítulo|puntata|folge|aflevering|avsnitt|afsnit|jakso|odcinek|epizoda|díl|bölüm|серия|выпуск|rész))(?:[^\pL\pN]|$)`)
)

// shownNumbers reads onscreen.
func shownNumbers(text string) numbers {
	if m := bothPattern.FindStringSubmatch(text); m != nil {
		return numbers{shown(m[1] + m[3]), shown(m[2] + m[4])}
	}
	var n numbers
	if m := seasonPattern.FindStringSubmatch(text); m != nil {
		n.season = shown(m[1] + m[2])
	}
	if m := episodePattern.FindStringSubmatch(text); m != nil {
		n.episode = shown(m[1] + m[2])
	}
	return n
}

func shown(digits string) *int {
	n, err := strconv.Atoi(digits)
	if err != nil || n > maxNumber {
		return nil
	}
	return &n
}
