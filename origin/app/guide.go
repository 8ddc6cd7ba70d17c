package app

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/google/uuid"

	"encora/origin/epg"
	"encora/origin/ingest"
	"encora/origin/seeded"
	"encora/origin/vocab"
)

// guideSeed is invented channels and the days of their schedule that are to be there.
type guideSeed struct {
	name        string
	count       int
	stations    iter.Seq[*ingest.Station]
	once        *seeded.Marks // nil: channels that are gone, and days that are empty, are filled each time
	now         time.Time
	back, ahead int // days before and after the one that is on now
}

// load brings the channels in, each with a stream, and fills those of their days that have no programme yet. A channel that once has been
// brought in isn't again, and of its schedule only what comes after the last day that was filled.
func (g *guideSeed) load(ctx context.Context, p *program, d *domains) error {
	var known map[string]time.Time
	if g.once != nil {
		var err error
		if known, err = g.once.All(ctx); err != nil {
			return err
		}
	}
	if err := g.bringIn(ctx, p, d, known); err != nil {
		return err
	}
	if err := g.addStreams(ctx, d, known); err != nil {
		return err
	}
	films, err := demoFilms(ctx, d)
	if err != nil {
		return err
	}
	in := scheduleIntake{d: d, films: films, now: g.now}
	bar := progress(p.err, g.name+" schedule", g.count)
	for s := range g.stations {
		first, end := g.days(s, known)
		if err := in.station(ctx, s, first, end); err != nil {
			return fmt.Errorf("%s: %w", s.Channel.Key, err)
		}
		if g.once != nil && first < end {
			if err := g.once.Put(ctx, s.Begins(end), s.Channel.Key); err != nil {
				return err
			}
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

// longestCatchup is how many days back viewers may watch at most: no gap in a schedule matters before.
const longestCatchup = 30

// days are those of the station to be filled, from first to before end.
func (g *guideSeed) days(s *ingest.Station, known map[string]time.Time) (first, end int) {
	today := s.DayOf(g.now)
	end = today + g.ahead + 1
	if until, ok := known[s.Channel.Key]; ok {
		return max(s.DayOf(until), today-longestCatchup), end
	}
	return today - g.back, end
}

// bringIn brings the channels in that are not known.
func (g *guideSeed) bringIn(ctx context.Context, p *program, d *domains, known map[string]time.Time) error {
	name, count := g.name+" channels", g.count
	if len(known) > 0 {
		count = 0
		for range g.channels(known) {
			count++
		}
	}
	if count == 0 {
		fmt.Fprintln(p.out, name+": brought in already")
		return nil
	}
	return bringChannelsIn(ctx, p, d, name, count, g.channels(known))
}

// channels numbers the channels that are not known as if they were lines of a file.
func (g *guideSeed) channels(known map[string]time.Time) iter.Seq2[ingest.ChannelRecord, error] {
	return func(yield func(ingest.ChannelRecord, error) bool) {
		line := 0
		for s := range g.stations {
			line++
			if _, ok := known[s.Channel.Key]; ok {
				continue
			}
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

// station fills those of the station's days, from first to before end, that have no programme. A day that has one stays as
// editors have left it.
func (in *scheduleIntake) station(ctx context.Context, s *ingest.Station, first, end int) error {
	if first >= end {
		return nil
	}
	ids, err := in.d.epg.ChannelIDs(ctx, []string{s.Channel.Key})
	if err != nil {
		return err
	}
	id, ok := ids[s.Channel.Key]
	if !ok {
		return nil // an editor was faster
	}
	slots, err := in.d.epg.Slots(ctx, id, s.Begins(first), s.Begins(end))
	if err != nil {
		return err
	}
	taken := map[int]bool{}
	for _, slot := range slots {
		taken[s.DayOf(slot.Start)] = true
	}
	before := in.days
	for day := first; day < end; {
		var feed []epg.Incoming
		for ; day < end && !taken[day]; day++ {
			feed = in.day(feed, s, day, slots)
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

// day adds a day to the feed, but for programmes that would cut one short which is there and runs into the day.
func (in *scheduleIntake) day(feed []epg.Incoming, s *ingest.Station, day int, there []epg.Slot) []epg.Incoming {
	programmes := s.Day(day)
	if len(programmes) > 0 {
		in.days++
	}
	for i := range programmes {
		p := &programmes[i]
		if !slices.ContainsFunc(there, func(t epg.Slot) bool { return t.Start.Before(p.End) && p.Start.Before(t.End) }) {
			feed = append(feed, in.incoming(p))
		}
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
