package fleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"encora/loadtest/device"
)

// Catalogue is what devices know of the titles: it is read from the API before the load begins.
type Catalogue struct {
	Films  []string // ids, in the order of the list
	Pages  []string // paths of the list's pages, the first one included
	Genres []string // slugs
}

// ErrEmpty reports an API that lists no film.
var ErrEmpty = errors.New("the catalogue is empty (bin/origin seed fills it)")

// Discover walks the list of movies, a hundred a page, until it has the wanted number of films or all of them, and reads
// the genres.
func Discover(c *device.Client, token string, films int) (Catalogue, error) {
	var cat Catalogue
	for path := "/v2/movies?limit=100"; path != "" && len(cat.Films) < films; {
		cat.Pages = append(cat.Pages, path)
		page, err := get[moviePage](c, path, token)
		if err != nil {
			return Catalogue{}, err
		}
		for _, m := range page.Data {
			cat.Films = append(cat.Films, m.ID)
		}
		path = page.next()
	}
	if len(cat.Films) == 0 {
		return Catalogue{}, ErrEmpty
	}
	cat.Films = cat.Films[:min(films, len(cat.Films))]
	genres, err := get[genreList](c, "/v2/genres", token)
	for _, g := range genres.Data {
		cat.Genres = append(cat.Genres, g.Slug)
	}
	return cat, err
}

type moviePage struct {
	Data []struct {
		ID string `json:"id"`
	} `json:"data"`
	Meta struct {
		NextCursor *string `json:"next_cursor"`
	} `json:"meta"`
}

func (p moviePage) next() string {
	if p.Meta.NextCursor == nil || *p.Meta.NextCursor == "" {
		return ""
	}
	return "/v2/movies?limit=100&cursor=" + url.QueryEscape(*p.Meta.NextCursor)
}

type genreList struct {
	Data []struct {
		Slug string `json:"slug"`
	} `json:"data"`
}

func get[T any](c *device.Client, path, token string) (T, error) {
	var v T
	a, err := c.Get(device.Request{Path: path, Token: token}, true)
	if err != nil {
		return v, err
	}
	if a.Status != 200 {
		return v, fmt.Errorf("GET %s: status %d: %.200s", path, a.Status, a.Body)
	}
	if err := json.Unmarshal(a.Body, &v); err != nil {
		return v, fmt.Errorf("GET %s: %w", path, err)
	}
	return v, nil
}
