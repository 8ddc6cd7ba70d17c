package app

import (
	"context"
	"errors"
	"iter"
	"time"

	"encora/origin/ingest"
	"encora/origin/pgdb"
)

type seed struct {
	database
	Demo     bool   `help:"Load the curated demo catalogue and channels; what is there already stays, and the schedule goes on from where it ends."`
	Movies   int    `help:"Generate this many movies."`
	Channels int    `help:"Generate this many channels with a schedule."`
	Days     int    `help:"How many days the generated schedule has, half of them before today." default:"14"`
	Seed     uint64 `help:"Number that what is generated follows from." default:"1"`
}

// maxDays is how long a generated schedule may be.
const maxDays = 366

// Validate is called by conf before anything starts.
func (s *seed) Validate() error {
	asked := 0
	for _, is := range []bool{s.Demo, s.Movies > 0, s.Channels > 0} {
		if is {
			asked++
		}
	}
	if asked != 1 || s.Movies < 0 || s.Channels < 0 {
		return errors.New("say what to load: --demo, or one of --movies N and --channels N with a number above 0")
	}
	if s.Days < 1 || s.Days > maxDays {
		return errors.New("--days: want 1 to 366")
	}
	return nil
}

// How many days before and after today the demo's schedule has.
const (
	demoDaysBack  = 7
	demoDaysAhead = 8
)

// Run loads the demo, or what is to be generated.
func (s *seed) Run(ctx context.Context, p *program) error {
	now := time.Now()
	switch {
	case s.Movies > 0:
		return bringIn(ctx, p, s.database, "generated catalogue", s.Movies, records(ingest.Generate(s.Movies, s.Seed, now)))
	case s.Channels > 0:
		back := s.Days / 2
		return s.guide(ctx, p, guideSeed{name: "generated", count: s.Channels, stations: ingest.GenerateStations(s.Channels, s.Seed),
			now: now, back: back, ahead: s.Days - back - 1})
	}
	films := ingest.Demo()
	if err := bringIn(ctx, p, s.database, "demo catalogue", len(films), records(sequence(films))); err != nil {
		return err
	}
	stations := ingest.DemoStations()
	return s.guide(ctx, p, guideSeed{name: "demo", count: len(stations), stations: sequence(stations), now: now, back: demoDaysBack, ahead: demoDaysAhead})
}

func (s *seed) guide(ctx context.Context, p *program, g guideSeed) error {
	db, err := pgdb.Open(ctx, string(s.DatabaseURL), 4)
	if err != nil {
		return err
	}
	defer db.Close()
	return g.load(ctx, p, newDomains(db, nil, ""))
}

func sequence[T any](items []T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, item := range items {
			if !yield(item) {
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
