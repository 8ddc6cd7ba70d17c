package ingest

import (
	_ "embed"
	"encoding/json"
)

//go:embed demo_home.json
var demoHomeJSON []byte

// Home is what editors of the demo have put together: collections, and the home screen that shows them.
type Home struct {
	Collections []Collection `json:"collections"`
	Rails       []Rail       `json:"rails"`
}

// Collection is a collection of the demo: titles by their keys, or by a filter.
type Collection struct {
	Slug     string   `json:"slug"`
	Title    string   `json:"title"`
	Subtitle string   `json:"subtitle"`
	Type     string   `json:"type"` // manual, dynamic, editorial or franchise
	Query    string   `json:"query"`
	Keys     []string `json:"keys"`
}

// Rail is a row of the demo's home screen.
type Rail struct {
	Type        string   `json:"type"`
	Title       string   `json:"title"`
	Display     string   `json:"display"`
	Collection  string   `json:"collection"` // its slug
	ContentType string   `json:"content_type"`
	Window      string   `json:"window"`
	Limit       int      `json:"limit"`
	Platforms   []string `json:"platforms"`
}

// DemoHome is the demo's home screen with its collections.
func DemoHome() Home {
	var h Home
	if err := json.Unmarshal(demoHomeJSON, &h); err != nil { // embedded and tested: a broken invariant
		panic(err)
	}
	return h
}
