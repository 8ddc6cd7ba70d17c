package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"time"

	"encora/origin/ingest"
	"encora/origin/seeded"
	"encora/origin/series"
	"encora/origin/vocab"
)

// formed tells whether a file is of a form.
func formed(form ingest.Form) func(path string) bool {
	return func(path string) bool {
		f, err := os.Open(path)
		if err != nil {
			return false // whoever reads it says why it can't be opened
		}
		defer f.Close()
		return ingest.FormOf(f) == form
	}
}

// importShows imports files of shows, and then of their episodes.
func importShows(ctx context.Context, p *program, to database, shows, episodes []string) error {
	var failed error
	for _, name := range shows {
		failed = errors.Join(failed, showFile(ctx, p, to, name, func(f *os.File) iter.Seq2[line[series.IncomingShow], error] {
			return lined(ingest.ReadShows(f), func(r *ingest.ShowRecord) line[series.IncomingShow] {
				return line[series.IncomingShow]{r.Line, incomingShow(&r.Show)}
			})
		}))
	}
	for _, name := range episodes {
		failed = errors.Join(failed, showFile(ctx, p, to, name, func(f *os.File) iter.Seq2[line[series.IncomingShow], error] {
			return lined(ingest.ReadEpisodes(f), func(r *ingest.EpisodeRecord) line[series.IncomingShow] {
				return line[series.IncomingShow]{r.Line, episodeAlone(r)}
			})
		}))
	}
	return failed
}

func showFile(ctx context.Context, p *program, to database, name string, read func(*os.File) iter.Seq2[line[series.IncomingShow], error]) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: not begun: %w", name, ctx.Err())
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := bringShows(ctx, p, to, name, -1, read(f)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// bringShows stores shows with what they bring, batch by batch, as bringIn does films.
func bringShows(ctx context.Context, p *program, to database, name string, total int, shows iter.Seq2[line[series.IncomingShow], error]) error {
	d, closeDB, err := openCatalogue(ctx, to)
	if err != nil {
		return err
	}
	defer closeDB()
	in := intake[series.IncomingShow]{name: name, what: "show or episode", total: total,
		store: func(ctx context.Context, batch []series.IncomingShow) (vocab.Outcome, error) {
			return d.series.IngestShows(ctx, commandLine, time.Now(), batch)
		},
		key:    func(s series.IncomingShow) string { return s.Key },
		report: func(r *ingest.Reject) { fmt.Fprintln(p.out, r) }}
	return in.run(ctx, p, shows)
}

// demoShows brings in those of the demo's shows that never were.
func (s *seed) demoShows(ctx context.Context, p *program, once seeded.Marks, now time.Time) error {
	known, err := once.All(ctx)
	if err != nil {
		return err
	}
	shows := slices.DeleteFunc(ingest.DemoShows(now), func(show ingest.Show) bool {
		_, ok := known[show.Key]
		return ok
	})
	if len(shows) == 0 {
		return nil
	}
	if err := bringShows(ctx, p, s.database, "demo shows", len(shows), numberedShows(slices.Values(shows))); err != nil {
		return err
	}
	keys := make([]string, len(shows))
	for i := range shows {
		keys[i] = shows[i].Key
	}
	return once.Put(ctx, time.Time{}, keys...)
}

// numberedShows numbers shows as if they were lines of a file.
func numberedShows(shows iter.Seq[ingest.Show]) iter.Seq2[line[series.IncomingShow], error] {
	return func(yield func(line[series.IncomingShow], error) bool) {
		number := 0
		for show := range shows {
			number++
			if !yield(line[series.IncomingShow]{number, incomingShow(&show)}, nil) {
				return
			}
		}
	}
}

// incomingShow is a show as the catalogue takes it.
func incomingShow(s *ingest.Show) series.IncomingShow {
	in := series.IncomingShow{Key: s.Key, AverageRating: s.AverageRating, RatingCount: s.RatingCount, Airing: s.Airing, Trailer: s.Published,
		Show: series.ShowWrite{Title: s.Title, OriginalTitle: s.OriginalTitle, Synopsis: credited(s.Synopsis, s.Attribution), ContentRating: s.ContentRating,
			Genres: s.Genres, Network: s.Network, CountryOfOrigin: s.Countries, Language: s.Language, FirstAirDate: s.FirstAired, LastAirDate: s.LastAired,
			Cast: cast(s.Cast), Images: images(s.Images), Status: status(s.Published)}}
	for i := range s.Seasons {
		season := &s.Seasons[i]
		to := incomingSeason(season)
		for j := range season.Episodes {
			to.Episodes = append(to.Episodes, incomingEpisode(&season.Episodes[j], s.Language))
		}
		in.Seasons = append(in.Seasons, to)
	}
	return in
}

func incomingSeason(s *ingest.Season) series.IncomingSeason {
	to := series.SeasonWrite{SeasonNumber: s.Number, Synopsis: s.Synopsis, Images: images(s.Images), AirDate: s.Aired, Status: s.Status}
	if s.Title != "" {
		to.Title = &s.Title
	}
	if s.Ended != "" {
		to.EndDate = &s.Ended
	}
	return series.IncomingSeason{Season: to}
}

func incomingEpisode(e *ingest.Episode, language string) series.IncomingEpisode {
	to := series.IncomingEpisode{Key: e.Key, Video: e.Published, Episode: series.EpisodeWrite{EpisodeNumber: e.Number, Title: e.Title,
		Synopsis: credited(e.Synopsis, e.Attribution), RuntimeMinutes: e.RuntimeMinutes, ContentRating: e.ContentRating, Images: images(e.Images),
		AirDate: e.Aired, Status: status(e.Published), AvailableFrom: e.AvailableFrom, AvailableUntil: e.AvailableUntil}}
	if language != "" {
		to.AudioLanguages = []string{language}
	}
	return to
}

// episodeAlone is an episode of a show that was brought in before. Nothing is told of its season; should it be new, it is for editors
// to publish.
func episodeAlone(r *ingest.EpisodeRecord) series.IncomingShow {
	season := series.IncomingSeason{Season: series.SeasonWrite{SeasonNumber: r.Season, Status: "draft"},
		Episodes: []series.IncomingEpisode{incomingEpisode(&r.Episode, "")}}
	return series.IncomingShow{Key: r.ShowKey, Seasons: []series.IncomingSeason{season}}
}

func status(published bool) string {
	if published {
		return "published"
	}
	return "draft"
}
