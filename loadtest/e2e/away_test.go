package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Without the origin, home, search, suggestions and collections are served as they were, and say so. What was taken away before
// is in none of them.
func TestCatalogueWithoutTheOrigin(t *testing.T) {
	t.Parallel()
	c := start(t, 1).stage()
	c.keepWhatIsHeld()
	c.keepTakenAway()
}

func (c *stage) keepWhatIsHeld() {
	c.t.Helper()
	gone := c.visitor("Visitor who goes", nil)
	held := c.holding()
	c.titles++
	c.held(held, true)
	c.act("/v2/admin/movies/" + gone + "/unpublish")
	c.held(c.everywhere(gone), false)
	c.held(held, true)
	c.kill()
	for _, v := range held {
		eventually(c.t, 10*time.Second, fmt.Sprintf("%s is marked", v.path), func() bool {
			r := c.see(0, v.path, c.viewer)
			if shows, whole := v.shows(r); !shows || !whole || strings.Contains(r.body, gone) {
				c.t.Fatalf("%s: %d %s %s", v.path, r.status, r.header.Get("Cache-Status"), r.body)
			}
			age, _ := strconv.Atoi(r.header.Get("Age"))
			return age >= 5 && strings.Contains(r.header.Get("Cache-Status"), "hit; detail=origin-away")
		})
	}
	for _, path := range []string{"/v2/search?q=cold", "/v2/home?platform=roku", "/v2/collections/" + c.selects + "?limit=7"} {
		if r := c.see(0, path, c.viewer); r.status != 503 || r.header.Get("Retry-After") == "" {
			c.t.Errorf("%s is not held: %d %s", path, r.status, r.body)
		}
	}
	if r := c.see(0, "/v2/search/autocomplete?q=never+asked", c.viewer); r.status != 200 || r.body != `{"data":[]}` {
		c.t.Errorf("suggestions need nobody: %d %s", r.status, r.body)
	}
	c.startOrigin()
	back := c.filmOf("Staying, too", object{"genres": []string{"drama"}})
	c.seen("/v2/search?q=staying", c.viewer, 200, back)
	c.seen("/v2/search/autocomplete?q=staying", c.viewer, 200, back)
}

// keepTakenAway: what is taken away just before the origin goes is not served, though nothing else could be fetched. An answer that
// has it is refused, or leaves it out.
func (c *stage) keepTakenAway() {
	c.t.Helper()
	gone := c.visitor("Visitor who goes", nil)
	show := c.show("Serial", nil)
	episode := c.aired(show, 1, object{"title": "Pilot flight"})
	pilot := view{path: "/v2/search/autocomplete?q=pilot", holds: episode}
	c.held(append(c.everywhere(gone), pilot), true)
	c.held([]view{{path: "/v2/search?q=pilot", holds: episode}}, true)
	c.act("/v2/admin/movies/" + gone + "/unpublish")
	c.act("/v2/admin/shows/" + show + "/unpublish")
	last := c.film("Last")
	c.seen("/v2/movies/"+last, c.viewer, 200, last) // the edge has heard of all
	c.kill()
	for end := time.Now().Add(6 * time.Second); time.Now().Before(end); pause(c.t, 100*time.Millisecond) {
		for _, v := range append(c.everywhere(gone), pilot) {
			r := c.see(0, v.path, c.viewer)
			if strings.Contains(r.body, v.holds) || r.status != 200 && r.status != 404 && r.status != 503 {
				c.t.Fatalf("%s: %d %s %s", v.path, r.status, r.header.Get("Cache-Status"), r.body)
			}
		}
		if r := c.see(0, "/v2/search/autocomplete?q=stay", c.viewer); r.status != 200 || !strings.Contains(r.body, c.stays) {
			c.t.Fatalf("what stays is not suggested: %d %s", r.status, r.body)
		}
	}
}

// holding are the answers that apps open with.
func (c *stage) holding() []view {
	return []view{
		{path: "/v2/home", holds: c.stays, times: 4},
		{path: "/v2/home?platform=web", holds: c.stays, times: 4},
		{path: "/v2/search?q=staying", holds: c.stays},
		{path: "/v2/search?genre=drama", holds: c.stays},
		{path: "/v2/search/autocomplete?q=st", holds: c.stays},
		{path: "/v2/collections", holds: c.picked},
		{path: "/v2/collections/" + c.picked, holds: c.stays},
		{path: "/v2/collections/" + c.selects, holds: c.stays},
		{path: "/v2/recommendations/trending", holds: c.stays},
	}
}

// everywhere are all places where a visitor shows, by its id.
func (c *stage) everywhere(id string) []view {
	all := append([]view{{path: "/v2/search?genre=drama", holds: id}}, c.found(id)...)
	for _, v := range c.listed(id) {
		if v.holds == id {
			all = append(all, v)
		}
	}
	return all
}
