package content

import "strings"

// Genre keeps what is of a genre, by its slug; an episode is of its show's. "" keeps all, as everywhere here.
func (q *Query) Genre(slug string) {
	if slug != "" {
		q.And(`EXISTS (SELECT 1 FROM title_genres tg WHERE tg.content_id = coalesce(t.parent_id, t.id)
			AND tg.genre_id = genre_of(@genre))`, "genre", slug)
	}
}

// Rating keeps what has the content rating.
func (q *Query) Rating(rating string) {
	if rating != "" {
		q.And("t.content_rating = @content_rating", "content_rating", rating)
	}
}

// Language keeps what can be heard in the language: en finds en-GB, too.
func (q *Query) Language(tag string) {
	if tag != "" {
		q.And("t.keys @@ @language::tsquery", "language", Key("#"+strings.ToLower(tag)))
	}
}

// Years keeps what is of the years from first to last; nil is open.
func (q *Query) Years(first, last *int) {
	if first != nil {
		q.And("t.release_year >= @first_year", "first_year", *first)
	}
	if last != nil {
		q.And("t.release_year <= @last_year AND t.release_year > 0", "last_year", *last)
	}
}

// Status keeps what has the status at the read's instant, as Publication.At computes it.
func (q *Query) Status(status string) {
	if status != "" {
		q.And(statusConditions[status])
	}
}

var statusConditions = map[string]string{
	Draft:       "t.state = 'draft'",
	Live:        "t.state = 'published' AND t.available_from <= @as_of AND t.available_until > @as_of",
	Scheduled:   "t.state = 'published' AND t.available_from > @as_of AND t.available_until > @as_of",
	Unpublished: "(t.state = 'unpublished' OR t.state = 'published' AND t.available_until <= @as_of)",
	Archived:    "(t.state = 'archived' OR t.state = 'published' AND t.available_until <= @as_of)",
}
