// Package ids reads the ids of objects.
package ids

import "github.com/google/uuid"

// Parse reads a UUID in its hyphened form of 36 characters (RFC 9562, 4), in letters of either case: the only one of those
// that uuid.Parse takes which the API does. The id is all zero when it is none.
func Parse(text string) (uuid.UUID, bool) {
	id, err := uuid.Parse(text)
	if len(text) != 36 || err != nil {
		return uuid.Nil, false // what uuid.Parse got as far as is none
	}
	return id, true
}

// Valid reports whether Parse takes a text.
func Valid(text string) bool { return len(text) == 36 && uuid.Validate(text) == nil }
