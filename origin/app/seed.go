package app

import (
	"context"
	"errors"
	"iter"
	"time"

	"encora/origin/ingest"
)

type seed struct {
	database
	Demo   bool   `help:"Load the curated demo catalogue; what is there already stays."`
	Movies int    `help:"Generate this many movies."`
	Seed   uint64 `help:"Number that the generated catalogue follows from." default:"1"`
}

// Validate is called by conf before anything starts.
func (s *seed) Validate() error {
	if s.Demo == (s.Movies > 0) || s.Movies < 0 {
		return errors.New("say what to load: --demo, or --movies N with a number above 0")
	}
	return nil
}

// Run loads the demo catalogue or a generated one.
func (s *seed) Run(ctx context.Context, p *program) error {
	if s.Demo {
		films := ingest.Demo()
		return bringIn(ctx, p, s.database, "demo catalogue", len(films), records(sequence(films)))
	}
	films := ingest.Generate(s.Movies, s.Seed, time.Now())
	return bringIn(ctx, p, s.database, "generated catalogue", s.Movies, records(films))
}

func sequence(films []ingest.Film) iter.Seq[ingest.Film] {
	return func(yield func(ingest.Film) bool) {
		for _, f := range films {
			if !yield(f) {
				return
			}
		}
	}
}

// records numbers films as if they were lines of a file.
func records(films iter.Seq[ingest.Film]) iter.Seq2[ingest.Record, error] {
	return func(yield func(ingest.Record, error) bool) {
		line := 0
		for f := range films {
			line++
			if !yield(ingest.Record{Line: line, Film: f}, nil) {
				return
			}
		}
	}
}
