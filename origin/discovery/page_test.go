package discovery_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"encora/origin/apitest"
	"encora/shared/wire"
)

// nights stores films of every tier for "night", more in some than are ordered at once, many of them as popular as others, and
// returns their ids in the order in which they are to be found.
func (b *bundle) nights() []string {
	b.t.Helper()
	all := []string{}
	for _, tier := range []struct {
		n                    int
		name, cast, synopsis string
	}{
		{30, "Night", "[]", ""}, {1200, "Nightfall ' || n || '", "[]", ""}, {1100, "A Night ' || n || '", "[]", ""},
		{40, "Day ' || n || '", `[{"name": "Ann Night"}]`, ""}, {1300, "Day ' || n || '", "[]", "All night long."},
	} {
		b.Exec(`
			INSERT INTO movies (id, slug, title, original_title, synopsis, tagline, release_year, runtime_minutes, content_rating, studio,
				country_of_origin, audio_languages, subtitle_languages, cast_members, images, average_rating, rating_count, state, announced,
				drm_required, created_at, updated_at)
			SELECT id, id::text, '`+tier.name+`', '', $2, '', 2000 + n % 2, 90, 'PG', '', '{}', '{}', '{}', $3::jsonb, '{}', 5, n % 100, 'published', 'published',
				false, now(), now()
			FROM (SELECT gen_random_uuid() AS id, n FROM generate_series(1, $1) n) new`, tier.n, tier.synopsis, tier.cast)
		all = append(all, apitest.Column[string](b.Bundle, `SELECT id::text FROM titles WHERE id::text <> ALL($1) ORDER BY popularity DESC, id DESC`, all)...)
	}
	return all
}

// Every title that was there all the time is found once, in the one order, whatever is written meanwhile.
func TestPagesHaveNoGapsAndNoRepeats(t *testing.T) {
	t.Parallel()
	b := setup(t)
	want := b.nights()
	if got := b.viewer().all("night", 100, nil); !slices.Equal(got, want) {
		t.Errorf("%d found, want %d, or in another order", len(got), len(want))
	}
	kept := func(got []string, gone ...string) []string {
		return slices.DeleteFunc(slices.Clone(got), func(id string) bool { return !slices.Contains(want, id) || slices.Contains(gone, id) })
	}
	gone := want[len(want)-150 : len(want)-100]
	got := b.viewer().all("night", 97, func(page int) {
		b.film(title{name: "Night"})
		b.film(title{name: "Nightfall " + strconv.Itoa(page), ratings: 50})
		b.film(title{name: "Another Day", synopsis: "By night.", ratings: 50})
		b.film(title{name: "Night of drafts", state: "draft"})
		b.Exec(`UPDATE movies SET synopsis = synopsis || ' More.' WHERE id::text = $1`, want[page])
		if page <= len(gone) {
			b.Exec(`UPDATE movies SET state = 'unpublished' WHERE id::text = $1`, gone[page-1])
		}
	})
	if stayed := kept(want, gone...); !slices.Equal(kept(got, gone...), stayed) {
		t.Errorf("%d found, want %d, or in another order", len(kept(got, gone...)), len(stayed))
	}
	slices.Sort(got)
	if n := len(got); len(slices.Compact(got)) != n {
		t.Error("some are found twice")
	}
	// So it is with filters, without a text, and one by one.
	found := kept(b.viewer().all("night", 100, nil))
	old := kept(b.viewer().all("night", 100, nil, "release_year_max", "2000"))
	young := kept(b.viewer().all("night", 100, nil, "release_year_min", "2001"))
	if len(old)+len(young) != len(found) || !slices.Equal(old, slices.DeleteFunc(slices.Clone(found), func(id string) bool { return !slices.Contains(old, id) })) {
		t.Errorf("%d old and %d young found of %d, or in another order", len(old), len(young), len(found))
	}
	everything := apitest.Column[string](b.Bundle, `SELECT id::text FROM titles WHERE published ORDER BY popularity DESC, id DESC`)
	if got := b.viewer().all("", 100, nil); !slices.Equal(got, everything) {
		t.Errorf("%d found without a text, want %d, or in another order", len(got), len(everything))
	}
	if ones := b.viewer().all("ann night", 1, nil); len(ones) != 40 {
		t.Errorf("%d found one by one", len(ones))
	}
}

// A page of what was found in spite of typing errors is followed by another, even when the words are found by then.
func TestPagesDontMixReadings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 7 {
		b.film(title{name: "Godfather " + strconv.Itoa(i), ratings: 10 * i})
	}
	var exact uuid.UUID
	got := b.viewer().all("godfahter", 3, func(page int) {
		if page == 1 {
			exact = b.film(title{name: "Godfahter", ratings: 1000})
		}
	})
	if len(got) != 7 || slices.Contains(got, exact.String()) {
		t.Errorf("found %d, with the exact one: %v", len(got), slices.Contains(got, exact.String()))
	}
	b.viewer().finds("godfahter", "Godfahter")
	var began string
	b.viewer().all("godfather", 3, func(page int) { // nor the other way round
		if began = fmt.Sprint(page); page == 1 {
			b.Exec(`UPDATE movies SET title = 'Godfahter' WHERE title LIKE 'Godfather %'`)
		}
	})
	if began != "1" {
		t.Errorf("%s pages", began)
	}
}

// An answer says what changes it: which titles there are, how popular they are, and the clock where it takes one away that is
// on the page or comes next.
func TestWhatChangesASearch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	soon, later, last := noon.Add(hour), noon.Add(2*hour), noon.Add(3*hour)
	b.film(title{name: "Star", ratings: 900, until: &later})
	b.film(title{name: "Star", ratings: 800, from: &soon})
	b.film(title{name: "Star", ratings: 700, until: &soon})
	b.film(title{name: "Star", ratings: 600, until: &last})
	f := func(query, tags, until string, header map[string]string) {
		t.Helper()
		a := b.Ask(wire.FillPrefix+"/v2/search?"+query, header).Want(200)
		if got := a.Header.Get(wire.Tags); got != tags {
			t.Errorf("%s: tags %q, want %q", query, got, tags)
		}
		got := a.Header.Get(wire.Until)
		if got = strings.TrimSuffix(strings.TrimPrefix(got, "2026-03-02T"), ":00:00Z"); got != until {
			t.Errorf("%s: until %q, want %q", query, got, until)
		}
	}
	b.plan(`content_type == "movie"`)
	all := "channels,episodes,movies,popularity,shows"
	f("q=star&limit=1", all, "14", nil)
	f("q=star&limit=2", all, "13", nil)
	f("q=star", all, "13", nil)
	f("q=satr", all, "13", nil)
	f("q=stars", all, "13", nil) // corrected
	f("q=moon", all, "", nil)
	f("", all, "13", nil)
	f("q=star&content_type=show", "popularity,shows", "", nil)
	f("q=star&content_type=movie", "movies,popularity,slugs", "13", map[string]string{wire.Plan: planID})
}
