package epg

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/record"
)

// week is a channel's feed of n programmes of half an hour, as real ones have them.
func week(n int, late time.Duration) []Incoming {
	feed := make([]Incoming, n)
	for i := range feed {
		at := noon.Add(time.Duration(i)*30*time.Minute + late)
		episode := i
		feed[i] = Incoming{Title: fmt.Sprintf("Series of the evening, number %d", i%40), Description: "What happens in it is told here in about as many words as a listing has, and in some more than that, since a listing also names those who play.",
			Language: "en-GB", ContentRating: "TV-PG", Start: at, End: at.Add(30 * time.Minute), Episode: &episode, Categories: []string{"Drama", "Series"}}
	}
	return feed
}

// BenchmarkApply is one channel's week of 300 programmes in a transaction of its own: into an empty schedule, unchanged, and
// with every programme five minutes later.
func BenchmarkApply(b *testing.B) {
	g := setupGuide(b)
	channel := g.channel(true, 7)
	apply := func(channel uuid.UUID, feed []Incoming) {
		if _, err := g.d.IngestSchedule(b.Context(), record.System("bench"), g.Now(), channel, feed); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("new", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			channel := g.channel(true, 7)
			b.StartTimer()
			apply(channel, week(300, 0))
		}
	})
	apply(channel, week(300, 0))
	b.Run("unchanged", func(b *testing.B) {
		for b.Loop() {
			apply(channel, week(300, 0))
		}
	})
	b.Run("moved", func(b *testing.B) {
		late := time.Duration(0)
		for b.Loop() {
			late = 5*time.Minute - late
			apply(channel, week(300, late))
		}
	})
}

// BenchmarkApplyMany is 100,000 programmes of 500 channels, each channel in a transaction of its own.
func BenchmarkApplyMany(b *testing.B) {
	g := setupGuide(b)
	for b.Loop() {
		b.StopTimer()
		channels := make([]uuid.UUID, 500)
		for i := range channels {
			channels[i] = g.channel(true, 7)
		}
		b.StartTimer()
		for _, channel := range channels {
			if _, err := g.d.IngestSchedule(b.Context(), record.System("bench"), g.Now(), channel, week(200, 0)); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkDay is what an edge asks fifty of for a page of the guide: the query and the fragments, without HTTP.
func BenchmarkDay(b *testing.B) {
	g := setupGuide(b)
	var channels []uuid.UUID
	for range 50 {
		channels = append(channels, g.channel(true, 7))
		g.apply(channels[len(channels)-1], true, week(672, 0)...)
	}
	err := g.DB.Snapshot(b.Context(), func(tx pgx.Tx) error {
		for i := 0; b.Loop(); i++ {
			from := noon.Truncate(24*time.Hour).AddDate(0, 0, 1+i%12)
			programs, err := programsBetween(b.Context(), tx, channels[i%50], from, from.AddDate(0, 0, 1))
			if err != nil || len(programs) != 49 && len(programs) != 48 {
				b.Fatal(len(programs), err)
			}
			for i := range programs {
				if _, err := programs[i].fragment(); err != nil {
					b.Fatal(err)
				}
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
