package playback

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/origin/apitest"
	"encora/shared/wire"
)

// count counts what was started, and says whether it did.
func (b *bundle) count() bool {
	b.t.Helper()
	did, err := b.d.CountPlays(b.t.Context(), b.Now())
	if err != nil {
		b.t.Fatal(err)
	}
	return did
}

// wantPlays compares the counts: hour or day, and starts.
func (b *bundle) wantPlays(of uuid.UUID, want ...string) {
	b.t.Helper()
	got := apitest.Column[string](b.Bundle, `SELECT to_char(bucket, 'DD HH24:MI ') || starts FROM plays WHERE content_id = $1 ORDER BY bucket`, of)
	if !slices.Equal(got, want) {
		b.t.Errorf("plays are %q, want %q", got, want)
	}
}

func TestStartsAreCounted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.viewer(4)
	waiting := func(want int) {
		t.Helper()
		if got := apitest.Column[int](b.Bundle, `SELECT count(*) FROM play_starts`)[0]; got != want {
			t.Errorf("%d starts wait, want %d", got, want)
		}
	}
	film, channel, show, episode := newID(), newID(), newID(), newID()
	b.series(show, episode)
	head := b.Head()
	if b.count() || b.Head() != head {
		t.Error("counted nothing, and told of it")
	}
	of := func(kind string, id, channel uuid.UUID) func(*wire.Start) {
		return func(in *wire.Start) {
			in.ContentType, in.ContentID, in.ChannelID = kind, id.String(), channel.String()
		}
	}
	b.began(v.film(of(wire.ContentMovie, film, uuid.Nil)))
	b.began(v.film(of(wire.ContentMovie, film, uuid.Nil))) // the same session
	b.began(v.film(of(wire.ContentEpisode, episode, uuid.Nil)))
	b.began(v.film(of(wire.ContentProgram, newID(), channel)))
	b.began(v.film(of(wire.ContentProgram, newID(), uuid.Nil))) // of no known channel
	if got := b.refused(v.film(of(wire.ContentMovie, newID(), uuid.Nil))); got != "409 CONCURRENCY_LIMIT_EXCEEDED" {
		t.Errorf("a fifth: %s", got)
	}
	waiting(3)
	head = b.Head()
	if !b.count() {
		t.Error("counted nothing")
	}
	if got := b.TagsSince(head); !slices.Equal(got, []string{"trending"}) {
		t.Errorf("emitted %q", got)
	}
	waiting(0)
	for _, id := range []uuid.UUID{film, channel, show, episode} {
		b.wantPlays(id, "02 20:00 1")
	}
	b.at(75 * time.Minute)
	next := v.film(of(wire.ContentMovie, film, uuid.Nil))
	b.sync("one")
	b.run(77*time.Minute+30*time.Second, "one")
	b.began(next)
	b.count()
	b.wantPlays(film, "02 20:00 1", "02 21:00 1")
	if n := apitest.Column[int](b.Bundle, `SELECT count(*) FROM plays`)[0]; n != 5 {
		t.Errorf("%d counts", n)
	}
}

// series stores a show with an episode.
func (b *bundle) series(show, episode uuid.UUID) {
	b.t.Helper()
	season := newID()
	b.Exec(`INSERT INTO shows (id, slug, title, original_title, synopsis, content_rating, network, country_of_origin, language, cast_members, images, state, announced, airing,
		drm_required, created_at, updated_at) VALUES ($1, 's', 'S', '', '', '', '', '{}', '', '[]', '{}', 'published', 'published', '', false, now(), now())`, show)
	b.Exec(`INSERT INTO seasons (id, show_id, season_number, synopsis, images, status, created_at, updated_at)
		VALUES ($1, $2, 1, '', '{}', 'published', now(), now())`, season, show)
	b.Exec(`INSERT INTO episodes (id, show_id, season_id, episode_number, title, synopsis, runtime_minutes, content_rating, images, state, announced, created_at, updated_at)
		VALUES ($1, $2, $3, 1, 'E', '', 45, '', '{}', 'published', 'published', now(), now())`, episode, show, season)
}

// Starts come in while several count: each counts once.
func TestCountsAreExact(t *testing.T) {
	t.Parallel()
	b := setup(t)
	show, episode, film := newID(), newID(), newID()
	b.series(show, episode)
	const writers, each = 4, 500
	done := make(chan struct{})
	var counting, writing sync.WaitGroup
	for range 3 {
		counting.Go(func() {
			for {
				if _, err := b.d.CountPlays(t.Context(), b.Now()); err != nil {
					t.Error(err)
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for range writers {
		writing.Go(func() {
			for range each {
				b.Exec(`INSERT INTO play_starts VALUES ($1, $3), ($2, $3)`, episode, film, b.Now())
			}
		})
	}
	writing.Wait()
	close(done)
	counting.Wait()
	b.count()
	for _, id := range []uuid.UUID{show, episode, film} {
		b.wantPlays(id, "02 20:00 2000")
	}
}

// More starts than one transaction takes.
func TestManyStartsAreCounted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	film := newID()
	b.Exec(`INSERT INTO play_starts SELECT $1, $2 FROM generate_series(1, $3)`, film, b.Now(), 2*countedAtOnce+5)
	b.count()
	b.wantPlays(film, "02 20:00 40005")
}

// Of what is two days old only the day is kept, and nothing of what is a month old. No start is lost meanwhile, or counted twice.
func TestCountsAreKeptShort(t *testing.T) {
	t.Parallel()
	b := setup(t)
	film := newID()
	for _, at := range []string{"03-02 20:00", "03-02 00:00", "03-01 23:00", "02-28 21:00", "02-28 20:00", "02-28 19:00", "02-28 00:00", "02-27 23:00", "02-27 22:00", "01-30 00:00", "01-29 00:00"} {
		b.Exec(`INSERT INTO plays VALUES ($1::text::timestamptz, $2, 1)`, "2026-"+at, film)
	}
	want := []string{"30 00:00 1", "27 00:00 2", "28 00:00 2", "28 20:00 1", "28 21:00 1", "01 23:00 1", "02 00:00 1", "02 20:00 1"}
	for range 2 {
		if err := b.d.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.wantPlays(film, want...)
	}
	b.at(time.Hour)
	if err := b.d.Tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.wantPlays(film, "30 00:00 1", "27 00:00 2", "28 00:00 3", "28 21:00 1", "01 23:00 1", "02 00:00 1", "02 20:00 1")
}
