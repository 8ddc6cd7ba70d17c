package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"encora/origin/ingest"
	"encora/origin/pgdb"
	"encora/origin/seeded"
)

type seed struct {
	database
	Demo     bool   `help:"Load the curated demo catalogue and channels, plans and the demo account. Repeated, it only carries the schedule on: what editors changed or deleted stays so."`
	Movies   int    `help:"Generate this many movies."`
	Shows    int    `help:"Generate this many shows with seasons and episodes."`
	Channels int    `help:"Generate this many channels with a schedule."`
	Accounts int    `help:"Generate this many subscribed accounts with a device each, those of 'token --count'."`
	Days     int    `help:"How many days the generated schedule has, half of them before today." default:"14"`
	Seed     uint64 `help:"Number that what is generated follows from." default:"1"`
}

// maxDays is how long a generated schedule may be.
const maxDays = 366

// Validate is called by conf before anything starts.
func (s *seed) Validate() error {
	asked := 0
	for _, is := range []bool{s.Demo, s.Movies > 0, s.Shows > 0, s.Channels > 0, s.Accounts > 0} {
		if is {
			asked++
		}
	}
	if asked != 1 || s.Movies < 0 || s.Shows < 0 || s.Channels < 0 || s.Accounts < 0 {
		return errors.New("say what to load: --demo, or one of --movies N, --shows N, --channels N and --accounts N with a number above 0")
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
	case s.Shows > 0:
		return bringShows(ctx, p, s.database, "generated shows", s.Shows, numberedShows(ingest.GenerateShows(s.Shows, s.Seed, now)))
	case s.Demo:
		return s.demo(ctx, p, now)
	}
	db, err := pgdb.Open(ctx, string(s.DatabaseURL), 4)
	if err != nil {
		return err
	}
	defer db.Close()
	d := newDomains(db, nil, "")
	if s.Accounts > 0 {
		return generateAccounts(ctx, p, &d.subscriber, s.Accounts)
	}
	back := s.Days / 2
	g := guideSeed{name: "generated", count: s.Channels, stations: ingest.GenerateStations(s.Channels, s.Seed), now: now,
		back: back, ahead: s.Days - back - 1}
	return g.load(ctx, p, d)
}

// demo brings in what of the demo never was, and carries its schedule on.
func (s *seed) demo(ctx context.Context, p *program, now time.Time) error {
	db, err := pgdb.Open(ctx, string(s.DatabaseURL), 4)
	if err != nil {
		return err
	}
	defer db.Close()
	once := seeded.Marks{DB: db}
	if err := s.demoCatalogue(ctx, p, once); err != nil {
		return err
	}
	if err := s.demoShows(ctx, p, once, now); err != nil {
		return err
	}
	d := newDomains(db, nil, "")
	if err := demoSubscribers(ctx, p, &d.subscriber, once); err != nil {
		return err
	}
	if err := demoHome(ctx, p, d, once, now); err != nil {
		return err
	}
	stations := ingest.DemoStations()
	g := guideSeed{name: "demo", count: len(stations), stations: slices.Values(stations), once: &once, now: now,
		back: demoDaysBack, ahead: demoDaysAhead}
	return g.load(ctx, p, d)
}

func (s *seed) demoCatalogue(ctx context.Context, p *program, once seeded.Marks) error {
	known, err := once.All(ctx)
	if err != nil {
		return err
	}
	var films []ingest.Film
	var keys []string
	for _, f := range ingest.Demo() {
		if _, ok := known[f.Key]; !ok {
			films, keys = append(films, f), append(keys, f.Key)
		}
	}
	const name = "demo catalogue"
	if len(films) == 0 {
		fmt.Fprintln(p.out, name+": brought in already")
		return nil
	}
	if err := bringIn(ctx, p, s.database, name, len(films), records(slices.Values(films))); err != nil {
		return err
	}
	return once.Put(ctx, time.Time{}, keys...)
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
