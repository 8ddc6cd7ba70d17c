package wire

import "strconv"

// The corpus of autocompletion goes to edges in parts, each an answer of its own.
const (
	SuggestPath  = "/internal/suggest/{part}" // GET, part from 0: Suggestions, which carry TagSuggest
	SuggestParts = 64
)

// SuggestPart is the part that a title is in.
func SuggestPart(id [16]byte) int { return int(id[15]) % SuggestParts }

// TagSuggest is the tag of a part.
func TagSuggest(part int) string { return "suggest:" + strconv.Itoa(part) }
