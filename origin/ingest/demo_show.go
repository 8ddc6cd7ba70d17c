package ingest

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"time"
)

// demo_series.json holds facts about real series; synopses are written for this catalogue. Later seasons are left out of
// some, and air dates where sources differ on them.
//
//go:embed demo_series.json
var demoSeriesJSON []byte

// demoShow is a show as the file has it.
type demoShow struct {
	Show
	EpisodeMinutes int          `json:"episode_minutes"` // of episodes that don't tell their own
	Seasons        []demoSeason `json:"seasons"`
}

type demoSeason struct {
	Season
	Episodes []demoEpisode `json:"episodes"`
}

type demoEpisode struct {
	Episode
	AvailableAfterDays int `json:"available_after_days"` // 0: at once
}

// DemoShows are the curated series, oldest first. Every show and episode has what publishing asks of it but the video. Of
// the one that is still on, the last episode comes six days after now, at 20:00 UTC.
func DemoShows(now time.Time) []Show {
	var file []demoShow
	if err := json.Unmarshal(demoSeriesJSON, &file); err != nil { // embedded and tested: a broken invariant
		panic(err)
	}
	shows := make([]Show, len(file))
	for i := range file {
		shows[i] = file[i].show(now)
	}
	return shows
}

func (d *demoShow) show(now time.Time) Show {
	s := d.Show
	s.Published = true
	s.Genres = withParents(s.Genres)
	for i := range s.Cast {
		s.Cast[i].SortOrder = i + 1
	}
	for i := range d.Seasons {
		s.Seasons = append(s.Seasons, d.season(&d.Seasons[i], now))
	}
	return s
}

// season is completed when all of its episodes are out.
func (d *demoShow) season(file *demoSeason, now time.Time) Season {
	s := file.Season
	s.Status = "completed"
	for _, f := range file.Episodes {
		e := f.Episode
		e.Key, e.Published = fmt.Sprintf("%s:%d:%d", d.Key, s.Number, e.Number), true
		if e.RuntimeMinutes == 0 {
			e.RuntimeMinutes = d.EpisodeMinutes
		}
		if f.AvailableAfterDays > 0 {
			at := now.UTC().Truncate(day).Add(time.Duration(f.AvailableAfterDays)*day + 20*time.Hour)
			e.AvailableFrom, s.Status = &at, "published"
		}
		s.Episodes = append(s.Episodes, e)
		s.air(&e)
	}
	return s
}

// air makes the season begin with its first episode and end with its last; a special does neither.
func (s *Season) air(e *Episode) {
	if e.Number == 1 {
		s.Aired = e.Aired
	}
	if e.Number > 0 {
		s.Ended = e.Aired
	}
}
