package editor

import (
	"encoding/json"
	"fmt"
	"net/url"
)

// Genre is a genre of the taxonomy.
type Genre struct {
	ID           string   `json:"id,omitempty"`
	Name         string   `json:"name"`
	Slug         string   `json:"slug"`
	ContentTypes []string `json:"content_types"`
	ParentID     string   `json:"parent_id,omitempty"`
	ImageURL     string   `json:"image_url,omitempty"`
	Count        int      `json:"content_count,omitempty"`
}

// Genres lists the taxonomy with how many titles have each genre.
func (c *Client) Genres() ([]Genre, error) {
	var all struct{ Data []Genre }
	err := c.call("GET", "/v2/admin/genres", 200, nil, &all)
	return all.Data, err
}

// SaveGenre replaces a genre.
func (c *Client) SaveGenre(g Genre) error {
	path := "/v2/admin/genres/" + g.ID
	g.ID, g.Count = "", 0
	return c.call("PUT", path, 200, g, nil)
}

// Listed is a film in the admin list.
type Listed struct {
	ID     string   `json:"id"`
	Title  string   `json:"title"`
	Genres []string `json:"genres"`
}

// Published lists the newest n published films, or as many as there are.
func (c *Client) Published(n int) ([]Listed, error) {
	var films []Listed
	for cursor := ""; len(films) < n; {
		var page struct {
			Data []Listed
			Meta struct {
				Next string `json:"next_cursor"`
			}
		}
		path := "/v2/admin/movies?status=published&limit=100&fields=id,title,genres&cursor=" + url.QueryEscape(cursor)
		if cursor == "" {
			path = "/v2/admin/movies?status=published&limit=100&fields=id,title,genres"
		}
		if err := c.call("GET", path, 200, nil, &page); err != nil {
			return nil, err
		}
		films = append(films, page.Data...)
		if cursor = page.Meta.Next; cursor == "" {
			break
		}
	}
	return films[:min(n, len(films))], nil
}

// Rule is a geo rule that blocks territories.
type Rule struct {
	Name        string   `json:"name"`
	Policy      string   `json:"policy"`
	Territories []string `json:"territories"`
	AppliesTo   []string `json:"applies_to"`
}

// CreateRule makes a rule and returns its id. The token needs content:write.
func (c *Client) CreateRule(r Rule) (string, error) {
	return c.create("/v2/admin/geo-restrictions", r)
}

// SaveRule replaces a rule: whom it denies, and what it is attached to.
func (c *Client) SaveRule(id string, r Rule) error {
	return c.call("PUT", "/v2/admin/geo-restrictions/"+id, 200, r, nil)
}

// RemoveRule deletes a rule that is attached to nothing.
func (c *Client) RemoveRule(id string) error {
	return c.call("DELETE", "/v2/admin/geo-restrictions/"+id, 204, nil, nil)
}

// CreateCollection publishes a collection of what a filter selects, and returns its id.
func (c *Client) CreateCollection(slug, title, filter string) (string, error) {
	return c.create("/v2/admin/collections", map[string]any{
		"slug": slug, "title": title, "type": "dynamic", "status": "published", "query": filter, "sort_order": 0})
}

// RemoveCollection deletes a collection that no rail shows.
func (c *Client) RemoveCollection(id string) error {
	return c.call("DELETE", "/v2/admin/collections/"+id, 204, nil, nil)
}

// Rails are those of the home screen, as they are.
func (c *Client) Rails() ([]json.RawMessage, error) {
	var layout struct{ Rails []json.RawMessage }
	err := c.call("GET", "/v2/admin/home-layout", 200, nil, &layout)
	return layout.Rails, err
}

// SaveRails lays the home screen out anew.
func (c *Client) SaveRails(rails []json.RawMessage) error {
	return c.call("PUT", "/v2/admin/home-layout", 200, map[string]any{"rails": rails}, nil)
}

func (c *Client) create(path string, body any) (string, error) {
	var made struct {
		ID string `json:"id"`
	}
	if err := c.call("POST", path, 201, body, &made); err != nil {
		return "", err
	}
	if made.ID == "" {
		return "", fmt.Errorf("POST %s: an answer without an id", path)
	}
	return made.ID, nil
}
