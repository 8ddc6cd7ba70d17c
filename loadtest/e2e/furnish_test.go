package e2e

// hidden is in the title of whatever the viewer must not see.
const hidden = "Hidden"

// shelves are a catalogue with something of everything, for each operation to succeed on and to fail on.
type shelves struct {
	*stack
	viewer *household // in France
	device string
	usual  at // values of paths that viewers see

	film, draftShow, blockedShow, unrated, relative       string
	draftCollection, blockedCollection, spareCollection   string
	draftEpisode, blockedEpisode, hiddenEpisode, freePlan string
}

// furnish makes them: a show whose first season has an episode that is published (1), drafts that are ready (2), lack a video (3)
// and may go (5), and a further published one (4); a second season without episodes, and a third that is a draft.
func furnish(s *stack) *shelves {
	s.t.Helper()
	c := &shelves{stack: s}
	s.make("/v2/admin/genres", genreBody("drama"))
	drama := object{"genres": []string{"drama"}}
	c.film = s.filmOf("Seen film", drama)
	c.freePlan = s.plan(nil)
	c.viewer = s.subscribe(s.plan(nil), "--country", "FR")
	c.device = c.viewer.device(0, "Screen")
	show := s.show("Seen show", drama)
	c.relative = s.show("Relative of the show", drama)
	s.asset("trailer", "show", show)
	episode := s.aired(show, 1, nil)
	s.asset("subtitle", "episode", episode)
	c.furnishSeasons(show)
	c.furnishHidden()
	collection := s.collection("seen", object{"item_refs": []object{ref("movie", c.film), ref("show", show), ref("episode", episode), ref("episode", c.draftEpisode)}})
	s.layOut(railOf(collection))
	c.usual = at{"show_id": show, "season_number": "1", "episode_number": "1", "episode_id": episode, "collection_id": collection}
	return c
}

func (c *shelves) furnishSeasons(show string) {
	c.t.Helper()
	at := "/v2/admin/shows/" + show
	c.draftEpisode = c.episode(show, 2, nil)
	c.make(at+firstSeason, episodeBody(3, nil))
	c.aired(show, 4, nil)
	c.make(at+firstSeason, episodeBody(5, nil))
	c.make(at+"/seasons", seasonBody(2, "published"))
	c.make(at+"/seasons", seasonBody(3, "draft"))
	third := episodeBody(1, object{"season_number": 3, "title": hidden + " season"})
	c.hiddenEpisode = c.make(at+"/seasons/3/episodes", third)
	c.asset("video_master", "episode", c.hiddenEpisode)
	c.act(at + "/seasons/3/episodes/1/publish")
}

// furnishHidden makes what is there, but not for the viewer.
func (c *shelves) furnishHidden() {
	c.t.Helper()
	c.draftShow = c.make("/v2/admin/shows", showBody(hidden+" draft", nil))
	c.unrated = c.make("/v2/admin/shows", showBody(hidden+", not rated", object{"content_rating": nil}))
	c.blockedShow = c.show(hidden+" in France", object{"genres": []string{"drama"}})
	c.blockedEpisode = c.aired(c.blockedShow, 1, object{"title": hidden + " episode"})
	c.draftCollection = c.collection("draft", object{"title": hidden + " draft", "status": "draft"})
	c.spareCollection = c.collection("spare", object{"title": hidden + " spare", "status": "draft"})
	c.blockedCollection = c.collection("blocked", object{"title": hidden + " in France", "item_refs": []object{ref("movie", c.film)}})
	c.block("FR", c.blockedShow, c.blockedCollection)
}
