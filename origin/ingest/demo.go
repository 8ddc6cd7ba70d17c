package ingest

import (
	_ "embed"
	"encoding/json"
)

// demo.json holds facts about real films; synopses and taglines are written for this catalogue. The country of a film is
// today's country of the place where it was made, since states that are gone have no code in ISO 3166-1.
//
//go:embed demo.json
var demoJSON []byte

// Demo is the curated catalogue, oldest film first. Every film has what publishing asks of it but the video.
func Demo() []Film {
	var films []Film
	if err := json.Unmarshal(demoJSON, &films); err != nil { // embedded and tested: a broken invariant
		panic(err)
	}
	for i := range films {
		f := &films[i]
		f.Published = true
		f.Genres = withParents(f.Genres)
		for j := range f.Cast {
			f.Cast[j].SortOrder = j + 1
		}
	}
	return films
}
