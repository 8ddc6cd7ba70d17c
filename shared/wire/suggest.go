package wire

import "strconv"

// What titles are suggested from goes to edges in parts that don't vary by viewer: a title's part follows from its id, so
// that a change of one title makes one part old.
const (
	SuggestPath  = "/internal/suggest/{part}" // GET, part from 0: Suggestions, which carry TagSuggest and TagFilters
	SuggestParts = 64
)

// SuggestPart is the part of a title. The last byte of a UUIDv7 is random.
func SuggestPart(id [16]byte) int { return int(id[15] % SuggestParts) }

// TagSuggest is the tag of a part: it changes with every title that is in it, was or will be. It is not hard, since one title
// that is taken away must not take its part along: while the origin is away, edges leave out what had a hard change under its
// own tag, `movie:ID`, or its show's.
func TagSuggest(part int) string { return "suggest:" + strconv.Itoa(part) }

// Suggestions are the titles of one part that are published or scheduled, in any order.
type Suggestions struct {
	Titles []Suggestion `json:"titles"`
}

// Suggestion is a title.
type Suggestion struct {
	ID     string   `json:"id"`
	Type   string   `json:"type"`             // ContentMovie, ContentShow, ContentEpisode or ContentChannel
	Parent string   `json:"parent,omitempty"` // an episode's show, whose tag is the title's too
	Title  string   `json:"title"`
	Also   []string `json:"also"`   // other names, such as the original title
	Until  int64    `json:"until"`  // Unix milliseconds from which on it is not shown; 0: never
	Not    []string `json:"not"`    // ids of the geo rules attached, its show's included, and of the plans that stand for filters which leave it out
	Weight int64    `json:"weight"` // how popular it is: the greater come first
}
