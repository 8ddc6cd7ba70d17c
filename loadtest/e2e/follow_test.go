package e2e

import (
	"fmt"
	"testing"
	"time"
)

// What viewers may see of a write after its editor has the answer. It takes milliseconds; a machine that runs many tests has room.
const behind = 2 * time.Second

// sight is a view as somebody sees it.
type sight struct {
	view
	token string
	shows bool
}

// seekers are viewers in two countries, and one in the first with a plan that leaves something out.
type seekers struct {
	*stack
	france, germany, planned string
}

// A title comes to search and suggestions when it is published, changes there, and goes, as its editors say: for each viewer who may.
func TestFindersFollowEditors(t *testing.T) {
	t.Parallel()
	s := &seekers{stack: start(t, 2)}
	s.france, s.germany = s.token("--country", "FR"), s.token("--country", "DE")
	s.planned = s.token("--country", "FR", "--plan", s.plan(object{"catalogue_filter": `"drama" in genres`}))
	s.followAFilm()
	s.planned = s.token("--country", "FR", "--plan", s.plan(object{"catalogue_filter": `content_type != "show"`})) // nor what is part of one
	s.followAnEpisode()
}

func (s *seekers) followAFilm() {
	s.t.Helper()
	genre := s.make("/v2/admin/genres", genreBody("drama"))
	body := movieBody("Wandering", object{"genres": []string{"drama"}})
	id := s.make("/v2/admin/movies", body)
	at := "/v2/admin/movies/" + id
	s.asset("video_master", "movie", id)
	s.settle(s.finds(id, "wand", false, false, false)...)

	s.follows("publish", func() { s.act(at + "/publish") }, s.finds(id, "wand", true, true, true)...)
	s.follows("another title", func() {
		s.edit("PUT", at, text(with(body, object{"title": "Roaming", "status": "published"})))
	}, append(s.finds(id, "roam", true, true, true), s.finds(id, "wand", false, false, false)...)...)
	rule := ""
	s.follows("a rule", func() { rule = s.block("FR", id) }, s.finds(id, "roam", false, true, false)...)
	s.follows("the rule for another country", func() {
		s.edit("PUT", "/v2/admin/geo-restrictions/"+rule, text(object{"name": "Moved", "policy": "block_list", "territories": []string{"DE"}, "applies_to": []string{id}}))
	}, s.finds(id, "roam", true, false, true)...)
	s.follows("another address of the genre", func() { s.edit("PUT", "/v2/admin/genres/"+genre, text(genreBody("tragedy"))) },
		append(s.finds(id, "roam", true, false, false), s.ofGenre(id, "drama", false), s.ofGenre(id, "tragedy", true))...)
	s.follows("unpublish", func() { s.act(at + "/unpublish") }, append(s.finds(id, "roam", false, false, false), s.ofGenre(id, "tragedy", false))...)
}

// followAnEpisode, which goes with its show and comes with it.
func (s *seekers) followAnEpisode() {
	s.t.Helper()
	show := s.show("Serial", nil)
	at := "/v2/admin/shows/" + show
	episode := s.episode(show, 1, object{"title": "Pilot flight"})
	s.settle(s.finds(episode, "pilot", false, false, false)...)
	s.follows("publish", func() { s.act(at + firstSeason + "/1/publish") }, s.finds(episode, "pilot", true, true, false)...)
	s.follows("a rule of the show", func() { s.block("DE", show) }, s.finds(episode, "pilot", true, false, false)...)
	s.follows("unpublish the show", func() { s.act(at + "/unpublish") }, s.finds(episode, "pilot", false, false, false)...)
	s.follows("publish the show", func() { s.act(at + "/publish") }, s.finds(episode, "pilot", true, false, false)...)
	s.follows("a season as draft", func() { s.edit("PUT", at+"/seasons/1", text(seasonBody(1, "draft"))) }, s.finds(episode, "pilot", false, false, false)...)
}

// finds are search and suggestions as the three see them.
func (s *seekers) finds(id, typed string, france, germany, planned bool) []sight {
	var all []sight
	for _, path := range []string{"/v2/search?q=" + typed, "/v2/search/autocomplete?q=" + typed} {
		v := view{path: path, holds: id}
		all = append(all, sight{v, s.france, france}, sight{v, s.germany, germany}, sight{v, s.planned, planned})
	}
	return all
}

func (s *seekers) ofGenre(id, slug string, shows bool) sight {
	return sight{view{path: "/v2/search?genre=" + slug, holds: id}, s.france, shows}
}

// settle waits until all is so at every edge, and held.
func (s *stack) settle(sights ...sight) {
	s.t.Helper()
	for edge := range s.edges {
		for _, x := range sights {
			eventually(s.t, 5*time.Second, fmt.Sprintf("edge %d: %s shows it: %v", edge, x.path, x.shows), func() bool { return s.so(edge, x) })
		}
	}
}

func (s *stack) so(edge int, x sight) bool {
	shows, whole := x.view.shows(s.see(edge, x.path, x.token))
	return whole && shows == x.shows
}

// follows makes an edit and waits until all is so at every edge.
func (s *stack) follows(what string, edit func(), sights ...sight) {
	s.t.Helper()
	edit()
	began := time.Now()
	for edge := range s.edges {
		for _, x := range sights {
			eventually(s.t, behind-time.Since(began), fmt.Sprintf("after %s edge %d: %s shows it: %v", what, edge, x.path, x.shows), func() bool { return s.so(edge, x) })
		}
	}
	s.t.Logf("%s: everywhere %v after the answer", what, time.Since(began))
}
