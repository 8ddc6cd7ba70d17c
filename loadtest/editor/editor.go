// Package editor is the origin's admin API as load tools use it: films and channels that come, change, are published and
// go, and imports of schedules.
package editor

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/valyala/fasthttp"

	"encora/loadtest/loopback"
)

// Client calls one origin with one token of the scopes content:write, content:publish, media:write, epg:write and
// epg:read. It is safe for concurrent use.
type Client struct {
	base  string
	token string
	http  fasthttp.HostClient
}

// New checks that base (http://127.0.0.1:8081) is on this machine.
func New(base, token string) (*Client, error) {
	base, err := loopback.Base(base)
	if err != nil {
		return nil, err
	}
	host, _ := loopback.Host(base) // checked just now
	return &Client{base: base, token: token, http: fasthttp.HostClient{
		Addr: host, Dial: loopback.Dial, MaxConns: 256, MaxIdemponentCallAttempts: 1, MaxIdleConnDuration: 5 * time.Second,
		ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second, NoDefaultUserAgentHeader: true,
	}}, nil
}

// Movie is as much of a film's representation as the tools set.
type Movie struct {
	ID             string `json:"id,omitempty"`
	Title          string `json:"title"`
	Synopsis       string `json:"synopsis,omitempty"`
	Status         string `json:"status"` // draft, published or unpublished
	RuntimeMinutes int    `json:"runtime_minutes"`
	ContentRating  string `json:"content_rating"`
	ReleaseYear    int    `json:"release_year"`
	DRMRequired    bool   `json:"drm_required"`
}

// Film returns a film that has what publishing asks for, apart from the video that Create registers.
func Film(title, status string) Movie {
	return Movie{Title: title, Status: status, Synopsis: "Made by a load test.", RuntimeMinutes: 90, ContentRating: "PG", ReleaseYear: 2024}
}

// Create makes a draft with a ready video and returns its id.
func (c *Client) Create(title string) (string, error) {
	var made Movie
	if err := c.call("POST", "/v2/admin/movies", 201, Film(title, "draft"), &made); err != nil {
		return "", err
	}
	type target struct {
		ContentType string `json:"content_type"`
		ContentID   string `json:"content_id"`
	}
	asset := struct {
		AssetType string `json:"asset_type"`
		Target    target `json:"target"`
		HLSPath   string `json:"hls_path"`
	}{"video_master", target{"movie", made.ID}, "/loadtest/" + made.ID + "/master.m3u8"}
	return made.ID, c.call("POST", "/v2/admin/media/assets", 201, asset, nil)
}

// Save replaces the film.
func (c *Client) Save(id string, m Movie) error {
	return c.call("PUT", "/v2/admin/movies/"+id, 200, m, nil)
}

// Publish makes the film visible.
func (c *Client) Publish(id string) error {
	return c.call("POST", "/v2/admin/movies/"+id+"/publish", 200, nil, nil)
}

// Unpublish takes the film away.
func (c *Client) Unpublish(id string) error {
	return c.call("POST", "/v2/admin/movies/"+id+"/unpublish", 200, nil, nil)
}

// Delete removes a film that is a draft or unpublished.
func (c *Client) Delete(id string) error {
	return c.call("DELETE", "/v2/admin/movies/"+id, 204, nil, nil)
}

// call sends one request, whose body may be JSON already, wants the status, and decodes the answer into out unless that is nil.
func (c *Client) call(method, path string, want int, body, out any) error {
	q, p := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(q)
	defer fasthttp.ReleaseResponse(p)
	q.SetRequestURI(c.base + path)
	q.Header.SetMethod(method)
	q.Header.Set("Authorization", "Bearer "+c.token)
	if body != nil {
		raw, ready := body.([]byte)
		if !ready {
			var err error
			if raw, err = json.Marshal(body); err != nil {
				return err
			}
		}
		q.Header.SetContentType("application/json")
		q.SetBodyRaw(raw)
	}
	if err := c.http.Do(q, p); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if p.StatusCode() != want {
		return fmt.Errorf("%s %s: status %d: %.500s", method, path, p.StatusCode(), p.Body())
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(p.Body(), out)
}
