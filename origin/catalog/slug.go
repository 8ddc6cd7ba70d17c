package catalog

import (
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// slugify makes the part of an address from a title: ASCII letters and digits, words joined by hyphens. A title without
// any (七人の侍) gives "movie".
func slugify(title string) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFKD.String(strings.ToLower(title)) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r) || r == '\'' || r == '’':
		default:
			gap = true
		}
		if b.Len() >= 80 {
			break
		}
	}
	if b.Len() == 0 {
		return contentMovie
	}
	return b.String()
}

// slugCandidates are tried in turn: the title, the title and year, and one that nothing else has.
func slugCandidates(m *movie) []string {
	base := slugify(m.Title)
	id := m.ID.String()
	candidates := []string{base}
	if m.ReleaseYear > 0 {
		base += "-" + strconv.Itoa(m.ReleaseYear)
		candidates = append(candidates, base)
	}
	return append(candidates, base+"-"+id[len(id)-12:])
}
