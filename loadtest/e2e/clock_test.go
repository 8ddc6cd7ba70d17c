package e2e

import (
	"cmp"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// view is a place where a title shows: what the answer holds then, so many times (0: once), and else not at all.
type view struct {
	path, holds string
	times       int
}

// stage is a home screen, collections and a genre, into which a title comes by the clock and leaves.
type stage struct {
	*stack
	viewer          string
	picked, selects string   // collections by hand and by filter
	items           []object // those that were picked: all films of the genre
	stays           string   // the first of them
	titles          int      // how many of them are open
}

func (s *stack) stage() *stage {
	s.t.Helper()
	s.make("/v2/admin/genres", genreBody("drama"))
	c := &stage{stack: s, viewer: s.token("--country", "FR"), titles: 1}
	c.stays = s.filmOf("Staying drama", object{"genres": []string{"drama"}})
	c.items = []object{ref("movie", c.stays)}
	c.picked = s.collection("picked", object{"item_refs": c.items})
	c.selects = s.selection("selected", `"drama" in genres`)
	s.layOut(railOf(c.picked), railOf(c.selects), object{"type": "new_releases", "content_type": "movie"}, object{"type": "trending"})
	return c
}

// visitor is a film of the genre that is in the collections, with a window.
func (c *stage) visitor(title string, window object) string {
	c.t.Helper()
	id := c.filmOf(title, with(object{"genres": []string{"drama"}}, window))
	c.items = append(c.items, ref("movie", id))
	c.edit("PUT", "/v2/admin/collections/"+c.picked, text(collectionBody("picked", object{"item_refs": c.items})))
	return id
}

// listed are the places where what is open shows. One more title of the genre than there are makes its counts.
func (c *stage) listed(id string) []view {
	const rails = 4
	counted := fmt.Sprintf(`_count":%d,`, c.titles+1)
	return []view{
		{path: "/v2/movies", holds: id},
		{path: "/v2/movies?genre=drama&fields=id", holds: id},
		{path: "/v2/movies/" + c.stays + "/related", holds: id},
		{path: "/v2/genres?content_type=movie&fields=slug,content_count", holds: fmt.Sprintf(`"content_count":%d`, c.titles+1)},
		{path: "/v2/collections/" + c.picked, holds: id},
		{path: "/v2/collections/" + c.selects, holds: id},
		{path: "/v2/collections", holds: `"item` + counted, times: 2},
		{path: "/v2/home", holds: id, times: rails},
		{path: "/v2/recommendations/trending", holds: id},
	}
}

// found are the places where also shows what will open.
func (c *stage) found(id string) []view {
	return []view{
		{path: "/v2/movies/" + id, holds: id},
		{path: "/v2/search?q=visitor", holds: id},
		{path: "/v2/search", holds: id},
		{path: "/v2/search/autocomplete?q=vis", holds: id},
	}
}

// instant is a whole second so far from now.
func instant(lead time.Duration) time.Time {
	return time.Now().Add(lead + time.Second).UTC().Truncate(time.Second)
}

const (
	lead = 3 * time.Second
	late = time.Second // is what viewers may see of an instant that has passed
)

// A title opens and closes everywhere within a second of the instant, with nobody's help; without the origin, too, in answers that
// were held: their successors were there before it went.
func TestClockTurnsAnswers(t *testing.T) {
	t.Parallel()
	c := start(t, 1).stage()
	c.turnWithTheOrigin()
	c.turnWithoutTheOrigin()
}

func (c *stage) turnWithTheOrigin() {
	c.t.Helper()
	opens := instant(lead)
	closes := opens.Add(lead)
	id := c.visitor("Visitor", object{"available_from": opens, "available_until": closes})
	c.held(c.listed(id), false)
	c.held(c.found(id), true) // as upcoming
	c.turns(c.listed(id), opens, true)
	c.held(c.found(id), true)
	c.turns(append(c.listed(id), c.found(id)...), closes, false)
}

func (c *stage) turnWithoutTheOrigin() {
	c.t.Helper()
	opens := instant(2 * lead)
	id := c.visitor("Second visitor", object{"available_from": opens})
	c.held(c.listed(id), false)
	c.abandon(opens)
	c.turns(c.listed(id), opens, true)
	c.titles++

	c.startOrigin()
	closes := instant(3 * lead)
	id = c.visitor("Third visitor", object{"available_until": closes})
	all := append(c.listed(id), c.found(id)...)
	c.held(all, true)
	c.abandon(closes)
	c.turns(all, closes, false)
}

// abandon kills the origin once the edge has had time for successors, which must be before the instant.
func (c *stage) abandon(before time.Time) {
	c.t.Helper()
	pause(c.t, lead/2)
	c.kill()
	if left := time.Until(before); left < lead/6 {
		c.t.Fatalf("the origin was killed %v before the instant: too slow a machine", left)
	}
}

// held waits until the edge has the views, with the title or without, in memory.
func (c *stage) held(views []view, with bool) {
	c.t.Helper()
	for _, v := range views {
		eventually(c.t, 5*time.Second, fmt.Sprintf("%s is held, the title in it: %v", v.path, with), func() bool {
			r := c.see(0, v.path, c.viewer)
			shows, whole := v.shows(r)
			return whole && shows == with && strings.Contains(r.header.Get("Cache-Status"), "; hit")
		})
	}
}

// shows reports whether the title shows, and whether the answer is one that may be.
func (v view) shows(r reply) (bool, bool) {
	n := strings.Count(r.body, v.holds)
	switch {
	case r.status == 404:
		return false, true
	case r.status != 200:
		return false, false
	}
	return n > 0, n == 0 || n == cmp.Or(v.times, 1)
}

// turns watches views until all have turned to show the title, or not to show it: at the instant, not earlier nor late.
func (c *stage) turns(views []view, at time.Time, to bool) {
	c.t.Helper()
	var all sync.WaitGroup
	for _, v := range views {
		all.Go(func() { c.watchTurn(v, at, to) })
	}
	all.Wait()
}

func (c *stage) watchTurn(v view, at time.Time, to bool) {
	for {
		asked := time.Now()
		r := c.see(0, v.path, c.viewer)
		answered := time.Now()
		shows, whole := v.shows(r)
		switch {
		case !whole:
			c.t.Errorf("%s, %v after the instant: %d %q %.2000s", v.path, asked.Sub(at), r.status, r.header.Get("Cache-Status"), r.body)
			return
		case shows == to && answered.Before(at):
			c.t.Errorf("%s turned %v before the instant", v.path, at.Sub(answered))
			return
		case shows == to:
			c.t.Logf("%s turned %v after the instant (%s)", v.path, answered.Sub(at), r.header.Get("Cache-Status"))
			return
		case asked.After(at.Add(late)):
			c.t.Errorf("%s has not turned %v after the instant: %d %q %.2000s", v.path, asked.Sub(at), r.status, r.header.Get("Cache-Status"), r.body)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
