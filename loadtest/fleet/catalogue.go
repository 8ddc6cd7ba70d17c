package fleet

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"encora/loadtest/device"
)

// Catalogue is what devices know of the titles: it is read from the API before the load begins.
type Catalogue struct {
	Films  []string // ids, in the order of the list
	Pages  []string // paths of the list's pages, the first one included
	Genres []string // slugs

	Channels []string  // ids of those that have something on
	Programs []string  // ids of what that is
	Hour     time.Time // at which the schedule is looked at
}

// window is the part of a schedule that a screen shows.
func (c *Catalogue) window() string {
	return "&start_time=" + c.Hour.Format(time.RFC3339) + "&end_time=" + c.Hour.Add(3*time.Hour).Format(time.RFC3339)
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

// ErrNothingOn reports an API whose channels have no programmes.
var ErrNothingOn = errors.New("nothing is on any channel (bin/origin seed --demo fills the guide)")

// DiscoverGuide adds the first channels that have something on, and what that is.
func (c *Catalogue) DiscoverGuide(client *device.Client, token string, now time.Time) error {
	channels, err := get[idList](client, "/v2/channels?limit=50", token)
	if err != nil || len(channels.Data) == 0 {
		return cmp.Or(err, ErrNothingOn)
	}
	var ids []string
	for _, channel := range channels.Data {
		ids = append(ids, channel.ID)
	}
	guide, err := get[onNow](client, "/v2/epg/now?channel_ids="+strings.Join(ids, ","), token)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if program := guide.Data[id]; program != nil {
			c.Channels, c.Programs = append(c.Channels, id), append(c.Programs, program.ID)
		}
	}
	c.Hour = now.UTC().Truncate(time.Hour)
	if len(c.Channels) == 0 {
		return ErrNothingOn
	}
	return nil
}

type idList struct {
	Data []struct {
		ID string `json:"id"`
	} `json:"data"`
}

type onNow struct {
	Data map[string]*struct {
		ID string `json:"id"`
	} `json:"data"`
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
	a, err := c.Do(device.Request{Path: path, Token: token}, true)
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
