package catalog

import (
	"strconv"

	"encora/origin/vocab"
)

// slugCandidates are tried in turn: the title, the title and year, and one that nothing else has.
func slugCandidates(m *movie) []string {
	base := vocab.Slug(m.Title, contentMovie)
	id := m.ID.String()
	candidates := []string{base}
	if m.ReleaseYear > 0 {
		base += "-" + strconv.Itoa(m.ReleaseYear)
		candidates = append(candidates, base)
	}
	return append(candidates, base+"-"+id[len(id)-12:])
}
