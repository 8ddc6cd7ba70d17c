package discovery_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/origin/apitest"
	"encora/shared/wire"
)

// played counts starts of a title, so long ago.
func (b *bundle) played(id uuid.UUID, starts int, ago time.Duration) {
	b.t.Helper()
	step := time.Hour
	if ago > 48*time.Hour {
		step = 24 * time.Hour
	}
	b.Exec(`INSERT INTO plays VALUES ($1, $2, $3) ON CONFLICT (bucket, content_id) DO UPDATE SET starts = plays.starts + excluded.starts`,
		b.Now().Add(-ago).Truncate(step), id, starts)
}

// trends wants titles to be trending in this order.
func (v viewer) trends(want string, parameters ...string) {
	v.b.t.Helper()
	var list struct{ Data []summary }
	v.get("/v2/recommendations/trending", parameters...).Want(200).Decode(&list)
	if got := (page{Data: list.Data}).names(); got != want {
		v.b.t.Errorf("%q: trending is %q, want %q", parameters, got, want)
	}
	for i, s := range list.Data {
		if s.Rank != i+1 {
			v.b.t.Errorf("%s has rank %d, want %d", s.Title, s.Rank, i+1)
		}
	}
}

func TestTrending(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.viewer().trends
	f("")
	heat := b.film(title{name: "Heat"})
	up := b.film(title{name: "Up", ratings: 10})
	b.film(title{name: "Loved", ratings: 900})
	b.film(title{name: "Liked", ratings: 100})
	b.show(title{name: "Liked Show", ratings: 50})
	b.channel(title{name: "Channel"})
	f("Loved | Liked | Liked Show | Up | Heat") // a new service has something to show
	show := b.show(title{name: "Show"})
	episode := b.episode(show, title{name: "Episode"})
	later := noon.Add(time.Hour)
	soon := b.film(title{name: "Soon", from: &later})
	gone := b.film(title{name: "Gone", until: &later})
	denied := b.film(title{name: "Denied", rating: "R"})
	b.deny("movie", denied)
	draft := b.film(title{name: "Draft", state: "draft"})
	for i, id := range []uuid.UUID{soon, gone, denied, draft, episode} {
		b.played(id, 1000-i, 0)
	}
	b.played(heat, 3, time.Hour)
	b.played(up, 3, 24*time.Hour)
	b.played(show, 5, 25*time.Hour)
	b.played(heat, 9, 6*24*time.Hour)
	b.played(up, 90, 29*24*time.Hour)
	b.played(show, 900, 32*24*time.Hour)
	f("Gone | Denied | Up | Heat | Loved", "window", "today", "limit", "5")
	f("Gone | Denied | Heat | Show | Up | Loved", "limit", "6")
	f("Gone | Denied | Heat | Show | Up | Loved", "window", "this_week", "limit", "6", "content_type", "mixed")
	f("Gone | Denied | Up | Heat | Show", "window", "this_month", "limit", "5")
	f("Gone | Denied | Heat", "content_type", "movie", "limit", "3")
	f("Show | Liked Show", "content_type", "show")
	f("Gone", "limit", "1")
	b.from("XX").trends("Gone | Heat", "limit", "2")
	b.plan(`content_rating != "R" && title != "Gone"`)
	b.of("").trends("Heat | Show", "limit", "2")
	b.Set(later)
	f("Soon | Denied", "limit", "2")
	for _, wrong := range [][]string{{"limit", "0"}, {"limit", "101"}, {"content_type", "channel"}, {"window", "always"}, {"fields", "score"}} {
		b.viewer().get("/v2/recommendations/trending", wrong...).Want(400)
	}
	viewer{b, "content:read"}.get("/v2/recommendations/trending").Want(403)
	b.Do(apitest.Request{Method: "GET", Path: "/v2/recommendations/trending"}).Want(401)
}

// A window moves by the hour, or by the day.
func TestWhatChangesWhatIsTrending(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Set(noon.Add(10 * time.Minute))
	f := func(query, tags, until string) {
		t.Helper()
		a := b.Ask(wire.FillPrefix+"/v2/recommendations/trending"+query, nil).Want(200)
		if got := a.Header.Get(wire.Tags); got != tags {
			t.Errorf("%s: tags %q, want %q", query, got, tags)
		}
		if got := a.Header.Get(wire.Until); got != until {
			t.Errorf("%s: until %q, want %q", query, got, until)
		}
	}
	f("", "movies,popularity,shows,trending", "2026-03-03T00:00:00Z")
	f("?window=this_month&content_type=show", "popularity,shows,trending", "2026-03-03T00:00:00Z")
	f("?window=today", "movies,popularity,shows,trending", "2026-03-02T13:00:00Z")
	closes := noon.Add(30 * time.Minute)
	b.film(title{name: "Heat", until: &closes})
	f("", "movies,popularity,shows,trending", "2026-03-02T12:30:00Z")
}

func TestPopularityFollowsPlays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	update := func(want ...string) {
		t.Helper()
		before := b.Head()
		n, err := b.d.UpdatePopularity(t.Context(), b.Now())
		if err != nil {
			t.Fatal(err)
		}
		got := apitest.Column[string](b.Bundle, `SELECT title || ' ' || plays FROM titles WHERE plays > 0 ORDER BY title`)
		if !slices.Equal(got, want) {
			t.Errorf("plays are %q, want %q", got, want)
		}
		tags := strings.Join(b.TagsSince(before), " ")
		if emitted := tags == "popularity"; emitted != (n > 0) || !emitted && tags != "" {
			t.Errorf("%d updated, emitted %q", n, tags)
		}
	}
	heat, up := b.film(title{name: "Heat"}), b.film(title{name: "Up"})
	channel := b.channel(title{name: "Channel"})
	update()
	b.played(heat, 100, 20*24*time.Hour)
	b.played(up, 1, time.Hour)
	b.played(channel, 7, time.Hour)
	b.played(newID(), 7, time.Hour) // of what is gone
	update("Channel 7", "Heat 100", "Up 1")
	update("Channel 7", "Heat 100", "Up 1")
	b.viewer().finds("", "Heat | Channel | Up")
	b.played(heat, 5, time.Hour)
	update("Channel 7", "Heat 100", "Up 1") // a twentieth is not worth it
	b.played(up, 1, time.Hour)
	b.played(heat, 1, time.Hour)
	update("Channel 7", "Heat 106", "Up 2")
	b.Set(noon.Add(12 * 24 * time.Hour))
	update("Channel 7", "Heat 6", "Up 2")
	b.Set(noon.Add(40 * 24 * time.Hour))
	update()
	b.played(heat, 1<<40, time.Hour)
	update("Heat 2000000000")
	// What an editor holds waits for the next time.
	tx, err := b.DB.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SELECT FROM titles WHERE id = $1 FOR NO KEY UPDATE`, up); err != nil {
		t.Fatal(err)
	}
	b.played(up, 1, time.Hour)
	b.played(channel, 1, time.Hour)
	update("Channel 1", "Heat 2000000000")
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	update("Channel 1", "Heat 2000000000", "Up 1")
}

// More titles than one transaction takes.
func TestPopularityOfMany(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, id := range b.Movies(1100, "published") {
		b.played(id, 3, time.Hour)
	}
	if n, err := b.d.UpdatePopularity(t.Context(), b.Now()); n != 1100 || err != nil {
		t.Errorf("%d updated: %v", n, err)
	}
	if got := fmt.Sprint(apitest.Column[int](b.Bundle, `SELECT count(*) FROM titles WHERE plays = 3`)); got != "[1100]" {
		t.Errorf("%s are as popular as they are played", got)
	}
}
