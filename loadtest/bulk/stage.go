package bulk

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"encora/loadtest/device"
	"encora/loadtest/editor"
	"encora/shared/token"
)

// Countries of viewers. The rule denies the first, then the second instead.
const (
	denied = "SE"
	next   = "NO"
	other  = "FR"
)

// stage is what the changes are made to. It brings a rule, a collection and a rail of its own, and takes them away again.
type stage struct {
	origin *editor.Client
	public *device.Client   // the origin, asked as a viewer: what every edge must come to show
	edges  []*device.Client // asked by readers
	looks  []*device.Client // the same, looked at
	tokens map[string]string

	genre      editor.Genre    // that many titles have
	titles     []string        // that the rule is attached to: the newest
	shown      editor.Listed   // one of them that has the genre and is on the first page
	unaffected string          // a title that the rule is not attached to
	films      []editor.Listed // affected ones, for readers to ask for
	rule       string
	collection string            // of what has the genre
	rails      []json.RawMessage // as they were; nil: they are so
}

// connections are as many as may look at one edge at once.
const connections = 64

// stage prepares everything. What it returns is to be cleared even when it fails.
func (c *Command) stage(urls []string) (*stage, error) {
	s := &stage{}
	if err := s.connect(c, urls); err != nil {
		return s, err
	}
	if err := s.choose(c.Titles); err != nil {
		return s, err
	}
	return s, s.furnish()
}

func (s *stage) connect(c *Command, urls []string) error {
	admin, err := c.Admin()
	if err != nil {
		return err
	}
	if s.origin, err = editor.New(c.Origin(), admin); err != nil {
		return err
	}
	if s.public, err = device.NewClient(c.Origin(), 4, 30*time.Second); err != nil {
		return err
	}
	for _, url := range urls {
		for _, clients := range []*[]*device.Client{&s.edges, &s.looks} {
			client, err := device.NewClient(url, connections, 30*time.Second)
			if err != nil {
				return err
			}
			client.Keep(time.Minute)
			*clients = append(*clients, client)
		}
	}
	issuer, err := token.OpenIssuer(c.StateDir)
	if err != nil {
		return err
	}
	s.tokens = map[string]string{}
	for _, country := range []string{denied, next, other} {
		if s.tokens[country], err = issuer.Mint(token.Spec{Role: "viewer", Country: country}); err != nil {
			return err
		}
	}
	return nil
}

// choose finds the genre and the titles.
func (s *stage) choose(n int) error {
	genres, err := s.origin.Genres()
	if err != nil {
		return err
	}
	for _, g := range genres {
		if g.Count > s.genre.Count {
			s.genre = g
		}
	}
	films, err := s.origin.Published(n + 1000)
	if err != nil {
		return err
	}
	if s.genre.Count < n || len(films) <= n {
		return fmt.Errorf("%d titles have the genre %s and %d films are published, which is too little for %d (bin/origin seed --movies 50000)", s.genre.Count, s.genre.Slug, len(films), n)
	}
	s.unaffected = films[len(films)-1].ID
	for _, f := range films[:n] {
		s.titles = append(s.titles, f.ID)
	}
	first := slices.IndexFunc(films, func(f editor.Listed) bool { return slices.Contains(f.Genres, s.genre.Slug) })
	s.shown, s.films = films[first], films[:min(n, 400)]
	if !s.listed(s.shown.ID) {
		return fmt.Errorf("%q, the newest film of the genre %s, is not on the first page of the list", s.shown.Title, s.genre.Slug)
	}
	return nil
}

// listed reports whether the film is on the first page of the list.
func (s *stage) listed(id string) bool {
	answer, err := s.public.Do(device.Request{Path: firstPage, Token: s.tokens[other]}, true)
	return err == nil && strings.Contains(string(answer.Body), id)
}

const firstPage = "/v2/movies?limit=20"

// furnish makes the rule, the collection and its rail.
func (s *stage) furnish() error {
	name := fmt.Sprintf("bulk-%d", time.Now().UnixNano())
	var err error
	if s.rule, err = s.origin.CreateRule(s.ruled(name, denied, nil)); err != nil {
		return err
	}
	if s.collection, err = s.origin.CreateCollection(name, name, fmt.Sprintf("%q in genres", s.genre.Slug)); err != nil {
		return err
	}
	rails, err := s.origin.Rails()
	if err != nil {
		return err
	}
	rail, err := json.Marshal(map[string]any{"type": "collection", "title": name, "collection_id": s.collection})
	if err != nil {
		return err
	}
	if err := s.origin.SaveRails(append(slices.Clone(rails), rail)); err != nil {
		return err
	}
	s.rails = append([]json.RawMessage{}, rails...)
	return nil
}

func (s *stage) ruled(name, country string, titles []string) editor.Rule {
	return editor.Rule{Name: name, Policy: "block_list", Territories: []string{country}, AppliesTo: append([]string{}, titles...)}
}

// clear leaves everything as it was.
func (s *stage) clear() error {
	var errs []error
	if s.rails != nil {
		errs = append(errs, s.origin.SaveRails(s.rails))
	}
	if s.collection != "" {
		errs = append(errs, s.origin.RemoveCollection(s.collection))
	}
	if s.rule != "" {
		errs = append(errs, s.origin.SaveRule(s.rule, s.ruled("bulk", denied, nil)), s.origin.RemoveRule(s.rule), s.origin.SaveGenre(s.genre))
	}
	return errors.Join(errs...)
}

// change is a write, and the answers that it changes.
type change struct {
	name  string
	write func() error
	looks []look
}

// look is an answer as viewers of a country get it.
type look struct{ kind, path, country string }

// changes are those of a round. They end where they began.
func (s *stage) changes() []change {
	renamed := s.genre
	renamed.Slug += "-renamed"
	rename := func(to editor.Genre) change {
		return change{"genre renamed", func() error { return s.origin.SaveGenre(to) }, s.answers(denied, s.genre.Slug, renamed.Slug)}
	}
	rule := func(name, country string, titles []string, who ...string) change {
		c := change{name: name, write: func() error { return s.origin.SaveRule(s.rule, s.ruled("bulk", country, titles)) }}
		for _, country := range who {
			c.looks = append(append(c.looks, s.answers(country, s.genre.Slug)...), s.found(country)...)
		}
		return c
	}
	return []change{rename(renamed), rename(s.genre),
		rule(ruleAttached, denied, s.titles, denied), rule("territory changed", next, s.titles, denied, next), rule(ruleDetached, next, nil, next)}
}

// answers are those that show genres, or what has them.
func (s *stage) answers(country string, slugs ...string) []look {
	name := "q=" + url.QueryEscape(s.shown.Title)
	looks := []look{
		{"film", "/v2/movies/" + s.shown.ID, country}, {"list", firstPage, country}, {"list, q", "/v2/movies?" + name, country},
		{"genres", "/v2/genres", country}, {"collection", "/v2/collections/" + s.collection, country},
		{"collections", "/v2/collections?limit=100", country}, {"home", "/v2/home", country},
	}
	for _, slug := range slugs {
		looks = append(looks, look{"list, genre", "/v2/movies?genre=" + slug, country}, look{"search", "/v2/search?" + name + "&genre=" + slug, country})
	}
	return looks
}

// found are answers that show titles, but nothing of their genres.
func (s *stage) found(country string) []look {
	return []look{{"autocomplete", "/v2/search/autocomplete?q=" + url.QueryEscape(s.shown.Title), country},
		{"related", "/v2/movies/" + s.unaffected + "/related", country}}
}
