package app

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/google/uuid"

	"encora/origin/epg"
	"encora/origin/ingest"
	"encora/origin/vocab"
)

// guideSeed is invented channels and the days of their schedule that are to be there.
type guideSeed struct {
	name        string
	count       int
	stations    iter.Seq[*ingest.Station]
	now         time.Time
	back, ahead int // days before and after the one that is on now
}

// load brings the channels in and fills those of their days that have no programme yet.
func (g *guideSeed) load(ctx context.Context, p *program, d *domains) error {
	if err := bringChannelsIn(ctx, p, d, g.name+" channels", g.count, g.channels()); err != nil {
		return err
	}
	films, err := demoFilms(ctx, d)
	if err != nil {
		return err
	}
	in := scheduleIntake{d: d, films: films, now: g.now}
	bar := progress(p.err, g.name+" schedule", g.count)
	for s := range g.stations {
		if err := in.station(ctx, s, g.back, g.ahead); err != nil {
			return fmt.Errorf("%s: %w", s.Channel.Key, err)
		}
		_ = bar.Add(1)
	}
	_ = bar.Finish() // it only draws
	if in.days == 0 {
		fmt.Fprintf(p.out, "%s schedule: complete already\n", g.name)
		return nil
	}
	fmt.Fprintf(p.out, "%s schedule: %d programmes added, of %d days of %d channels\n", g.name, in.programmes, in.days, in.channels)
	return nil
}

// channels numbers the channels as if they were lines of a file.
func (g *guideSeed) channels() iter.Seq2[ingest.ChannelRecord, error] {
	return func(yield func(ingest.ChannelRecord, error) bool) {
		line := 0
		for s := range g.stations {
			line++
			if !yield(ingest.ChannelRecord{Line: line, Channel: s.Channel}, nil) {
				return
			}
		}
	}
}

// demoFilms are the ids of the demo's films, by key, as far as they are there.
func demoFilms(ctx context.Context, d *domains) (map[string]uuid.UUID, error) {
	var keys []string
	for _, f := range ingest.Demo() {
		keys = append(keys, f.Key)
	}
	return d.catalog.MovieIDs(ctx, keys)
}

// scheduleIntake fills schedules.
type scheduleIntake struct {
	d                          *domains
	films                      map[string]uuid.UUID
	now                        time.Time
	programmes, days, channels int
}

// station fills the station's days without a programme. A day that has one stays as editors have left it.
func (in *scheduleIntake) station(ctx context.Context, s *ingest.Station, back, ahead int) error {
	ids, err := in.d.epg.ChannelIDs(ctx, []string{s.Channel.Key})
	if err != nil {
		return err
	}
	id, ok := ids[s.Channel.Key]
	if !ok {
		return nil // an editor was faster
	}
	first, end := s.DayOf(in.now)-back, s.DayOf(in.now)+ahead+1
	starts, err := in.d.epg.Starts(ctx, id, s.Begins(first), s.Begins(end))
	if err != nil {
		return err
	}
	taken := map[int]bool{}
	for _, t := range starts {
		taken[s.DayOf(t)] = true
	}
	before := in.days
	for day := first; day < end; {
		var feed []epg.Incoming
		for ; day < end && !taken[day]; day++ {
			feed = in.day(feed, s, day)
		}
		if err := in.ingest(ctx, id, feed); err != nil {
			return err
		}
		for day < end && taken[day] {
			day++
		}
	}
	if in.days > before {
		in.channels++
	}
	return nil
}

// day adds a day to the feed.
func (in *scheduleIntake) day(feed []epg.Incoming, s *ingest.Station, day int) []epg.Incoming {
	programmes := s.Day(day)
	if len(programmes) > 0 {
		in.days++
	}
	for i := range programmes {
		feed = append(feed, in.incoming(&programmes[i]))
	}
	return feed
}

func (in *scheduleIntake) ingest(ctx context.Context, channel uuid.UUID, feed []epg.Incoming) error {
	if len(feed) == 0 {
		return nil
	}
	diff, err := in.d.epg.IngestSchedule(ctx, commandLine, in.now, channel, feed)
	in.programmes += diff.Created
	return err
}

// incoming is a programme as the guide takes it.
func (in *scheduleIntake) incoming(p *ingest.Programme) epg.Incoming {
	b := epg.Incoming{
		Title: p.Title, Description: p.Description, ContentRating: p.ContentRating, Language: p.Language, Start: p.Start, End: p.End,
		Categories: p.Categories, Images: vocab.ImageSet{ThumbnailURL: p.ThumbnailURL},
	}
	if p.Episode > 0 {
		b.Season, b.Episode = &p.Season, &p.Episode
	}
	if id, ok := in.films[p.FilmKey]; ok {
		b.LinkedVODID = &id
	}
	return b
}
