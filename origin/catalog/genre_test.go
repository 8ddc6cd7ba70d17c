package catalog_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
)

func TestGenreTree(t *testing.T) {
	t.Parallel()
	b := setup(t)
	action, hero := b.genre("action"), b.genre("superhero")
	put := func(id uuid.UUID, slug string, parent string) reply {
		return b.call("editor", "PUT", "/v2/admin/genres/"+id.String(), fmt.Sprintf(`{"name": %q, "slug": %q, "content_types": ["movie"]%s}`, slug, slug, parent))
	}
	under := func(id uuid.UUID) string { return fmt.Sprintf(`, "parent_id": %q`, id) }
	b.must(200, put(hero, "superhero", under(action)))
	b.must(422, put(action, "action", under(action)))
	b.must(422, put(action, "action", under(hero)))
	b.must(422, put(action, "action", under(uuid.New())))
	b.must(409, put(hero, "action", ""))
	b.must(409, b.call("editor", "DELETE", "/v2/admin/genres/"+action.String(), ""))
	if got := b.must(200, b.call("viewer-FR", "GET", "/v2/genres", "")).json(t)["data"].([]any)[1].(map[string]any)["parent_id"]; got != action.String() {
		t.Errorf("parent_id %v, want %s", got, action)
	}
	b.must(200, put(hero, "superhero", ""))
	b.must(204, b.call("editor", "DELETE", "/v2/admin/genres/"+action.String(), ""))
	b.must(404, b.call("editor", "DELETE", "/v2/admin/genres/"+action.String(), ""))
}

// Two moves that are each fine, at once, must not make a cycle together.
func TestGenreMovesAtOnceMakeNoCycle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 10 {
		one, two := b.genre("a"+strings.ToLower(uuid.NewString())), b.genre("b"+strings.ToLower(uuid.NewString()))
		move := func(id, below uuid.UUID) {
			b.call("editor", "PUT", "/v2/admin/genres/"+id.String(), fmt.Sprintf(`{"name": "G", "slug": "g-%s", "content_types": ["movie"], "parent_id": %q}`, id, below))
		}
		var wg sync.WaitGroup
		wg.Go(func() { move(one, two) })
		wg.Go(func() { move(two, one) })
		wg.Wait()
	}
	const q = `SELECT count(*) FROM genres a JOIN genres b ON a.parent_id = b.id AND b.parent_id = a.id`
	if n := oneOf[int](b, q); n > 0 {
		t.Errorf("%d genres are in a cycle", n)
	}
}

// A changed slug follows into every answer that shows it; counts follow what the caller may see.
func TestGenreSlugAndCount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	crime := b.genre("crime")
	id := b.published(map[string]any{"genres": []string{"crime"}})
	b.draft(map[string]any{"title": "Draft", "genres": []string{"crime"}})
	blocked := b.published(map[string]any{"title": "Blocked", "genres": []string{"crime"}})
	b.must(200, b.call("editor", "PUT", "/v2/admin/movies/"+blocked.String(), film(map[string]any{"title": "Blocked", "genres": []string{"crime"},
		"status": "published", "geo_restrictions": map[string]any{"rule_id": b.rule("DE")}})))
	count := func(as, path string) any {
		return b.must(200, b.call(as, "GET", path, "")).json(t)["data"].([]any)[0].(map[string]any)["content_count"]
	}
	for _, c := range []struct {
		as, path string
		want     float64
	}{{"editor", "/v2/admin/genres", 3}, {"viewer-FR", "/v2/genres", 2}, {"viewer-DE", "/v2/genres", 1}, {"viewer-DE", "/v2/genres?content_type=movie", 1}} {
		if got := count(c.as, c.path); got != c.want {
			t.Errorf("%s counts %v at %s, want %v", c.as, got, c.path, c.want)
		}
	}
	if n := len(b.must(200, b.call("viewer-FR", "GET", "/v2/genres?content_type=show", "")).json(t)["data"].([]any)); n != 0 {
		t.Errorf("%d genres of shows", n)
	}
	pos := b.head()
	b.must(200, b.call("editor", "PUT", "/v2/admin/genres/"+crime.String(), `{"name": "Crime", "slug": "true-crime", "content_types": ["movie"]}`))
	if got, want := b.tagsSince(pos), []string{"!slugs", "genre:" + crime.String(), "genres", "movies"}; !slices.Equal(got, want) {
		t.Errorf("a new slug emits %v, want %v", got, want)
	}
	if got := b.must(200, b.call("viewer-FR", "GET", "/v2/movies/"+id.String(), "")).json(t)["genres"]; fmt.Sprint(got) != "[true-crime]" {
		t.Errorf("the movie shows %v", got)
	}
	if got := len(ids(t, b.call("viewer-FR", "GET", "/v2/movies?genre=true-crime", ""))); got != 2 {
		t.Errorf("the filter finds %d", got)
	}
	b.must(409, b.call("editor", "DELETE", "/v2/admin/genres/"+crime.String(), ""))
	b.must(409, b.call("editor", "PUT", "/v2/admin/genres/"+crime.String(), `{"name": "Crime", "slug": "true-crime", "content_types": ["show"]}`))
	for _, m := range []uuid.UUID{id, blocked} {
		b.must(200, b.call("editor", "POST", fmt.Sprintf("/v2/admin/movies/%s/unpublish", m), ""))
	}
	b.must(204, b.call("editor", "DELETE", "/v2/admin/genres/"+crime.String(), ""))
}
