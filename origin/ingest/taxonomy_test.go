package ingest

import (
	"regexp"
	"slices"
	"testing"
)

func TestTaxonomyIsATreeOfTwoLevels(t *testing.T) {
	seen := map[string]Genre{}
	for _, g := range Taxonomy() {
		if _, twice := seen[g.Slug]; twice || !regexp.MustCompile(`^[a-z0-9-]+$`).MatchString(g.Slug) || g.Name == "" {
			t.Errorf("bad or repeated genre %+v", g)
		}
		if parent, known := seen[g.Parent]; g.Parent != "" && (!known || parent.Parent != "") {
			t.Errorf("%s: its parent %q is not before it at the top", g.Slug, g.Parent)
		}
		if both := []string{"movie", "show"}; !slices.Equal(g.ContentTypes, both) && !slices.Equal(g.ContentTypes, both[1:]) {
			t.Errorf("%s: content types %v", g.Slug, g.ContentTypes)
		}
		seen[g.Slug] = g
	}
	if len(seen) < 30 || seen["superhero"].Parent != "action" || seen["science-fiction"].Name != "Science Fiction" {
		t.Errorf("%d genres, %+v, %+v", len(seen), seen["superhero"], seen["science-fiction"])
	}
}

func TestEveryMappedGenreIsInTheTaxonomy(t *testing.T) {
	f := func(source, contentType string, slugs ...string) {
		t.Helper()
		if reason := genresFault(slugs, contentType); reason != "" {
			t.Errorf("%s: %s", source, reason)
		}
	}
	for _, p := range phrases { // of films' labels
		f(p.words, "movie", p.slugs...)
	}
	for name, slug := range tvmazeGenres {
		f(name, "show", slug)
	}
	f("generated films", "movie", filmGenres...)
	f("generated shows", "show", showGenres...)
	films := slices.DeleteFunc(Taxonomy(), func(g Genre) bool { return !slices.Contains(g.ContentTypes, "movie") })
	if len(filmGenres) != len(films) {
		t.Errorf("the generator uses %d of %d genres of films", len(filmGenres), len(films))
	}
}

func TestGenresOfForeignLabels(t *testing.T) {
	f := func(want []string, labels ...string) {
		t.Helper()
		if got := genresOf(labels); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", labels, got, want)
		}
	}
	f([]string{"comedy", "horror"}, "comedy horror")
	f([]string{"comedy", "romantic-comedy", "romance"}, "romantic comedy")
	f([]string{"superhero", "action"}, "Superhero")
	f([]string{"dystopian", "science-fiction"}, "post-apocalyptic film")
	f([]string{"family"}, "children's film")
	f([]string{"animation"}, "live-action/animated film")
	f([]string{"martial-arts", "action"}, "martial arts film") // and not art house
	f([]string{"drama", "war"}, "drama film", "war film", "Drama")
	f(nil, "warehouse", "live action", "buddy film", "")
}
