package apitest

import (
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Movies stores n films of a state, for domains that own none, and returns their ids in order.
func (b *Bundle) Movies(n int, state string) []uuid.UUID {
	b.t.Helper()
	ids := make([]uuid.UUID, n)
	for i := range ids {
		ids[i] = uuid.Must(uuid.NewV7())
	}
	slices.SortFunc(ids, func(x, y uuid.UUID) int { return strings.Compare(x.String(), y.String()) })
	b.Exec(`
		INSERT INTO movies (id, slug, title, original_title, synopsis, tagline, release_year, runtime_minutes, content_rating, studio,
			country_of_origin, audio_languages, subtitle_languages, cast_members, images, state, announced, drm_required, created_at, updated_at)
		SELECT id, id::text, 'Film', '', '', '', 2000, 90, 'PG', '', '{}', '{}', '{}', '[]', '{}', $2, $2, false, $3, $3
		FROM unnest($1::uuid[]) id`, ids, state, b.Now())
	return ids
}

// TitleTags are those of the tags that are of one title or rule, sorted and joined: without lists, counts and the corpus of suggestions.
func TitleTags(tags []string) string {
	own := slices.DeleteFunc(slices.Clone(tags), func(tag string) bool {
		_, id, named := strings.Cut(tag, ":")
		return tag != "geo" && tag != "!geo" && (!named || len(id) < 36)
	})
	slices.Sort(own)
	return strings.Join(own, " ")
}
