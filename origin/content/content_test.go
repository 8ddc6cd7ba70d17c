package content_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/origin/content"
	"encora/origin/record"
)

func setup(t *testing.T) *apitest.Bundle {
	return apitest.New(t, func(*apitest.Bundle) []api.Entry { return nil })
}

func write(t *testing.T, b *apitest.Bundle, fn func(ctx context.Context, w *api.Write) error) {
	t.Helper()
	err := b.DB.Write(t.Context(), func(tx pgx.Tx) error {
		w := &api.Write{Tx: record.Begin(tx, record.System("test"), b.Now())}
		if err := fn(t.Context(), w); err != nil {
			return err
		}
		return w.Commit(t.Context())
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A genre may be deleted between the reading of a title that has it and its writing.
func TestGenresThatAreGoneAreLeftOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	film, there := b.Movies(1, "draft")[0], uuid.Must(uuid.NewV7())
	b.Exec(`INSERT INTO genres VALUES ($1, 'Drama', 'drama', '{movie}', NULL, '', now(), now())`, there)
	write(t, b, func(ctx context.Context, w *api.Write) error {
		return content.ReplaceGenres(ctx, w.Tx.Tx, film, []uuid.UUID{uuid.Must(uuid.NewV7()), there})
	})
	if got := apitest.Column[uuid.UUID](b, `SELECT genre_id FROM title_genres WHERE content_id = $1`, film); !slices.Equal(got, []uuid.UUID{there}) {
		t.Errorf("genres %v", got)
	}
}

// An edit by which some plan's viewers lose a title takes something away; one by which they gain it doesn't.
func TestPlansThatLoseATitle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	film := b.Movies(1, "published")[0]
	b.Exec(`INSERT INTO plans (id, name, description, price, currency, billing_cycle, max_profiles, max_concurrent_streams, max_devices, max_quality,
		has_downloads, allow_download_count, has_ads, has_hdr, has_dolby_atmos, trial_days, is_active, includes_premium_channels, created_at, updated_at, catalogue_filter)
		VALUES ($1, 'p', '', 1, 'EUR', 'monthly', 1, 1, 1, 'HD', false, 0, false, false, false, 0, true, true, now(), now(), 'content_rating == "PG"')`, uuid.Must(uuid.NewV7()))
	in := func(filter string) bool {
		var in bool
		write(t, b, func(ctx context.Context, w *api.Write) error {
			var err error
			in, err = content.InPlan(ctx, w.Tx.Tx, filter, film)
			return err
		})
		return in
	}
	if !in(`content_rating == "PG"`) || in(`content_rating == "R"`) || in(`content_rating ==`) || !in("") {
		t.Error("what is in a plan")
	}
}

// The status by intent and clock, at the edges of windows.
func TestPublicationAt(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	before, after := noon.Add(-time.Second), noon.Add(time.Second)
	f := func(want, state string, from, until *time.Time) {
		t.Helper()
		p := content.Publication{State: state}
		if got := p.At(content.Window{AvailableFrom: from, AvailableUntil: until}, noon); got != want {
			t.Errorf("%s from %v until %v: %s, want %s", state, from, until, got, want)
		}
	}
	f("draft", "draft", nil, nil)
	f("published", "published", nil, nil)
	f("published", "published", &noon, nil)
	f("scheduled", "published", &after, nil)
	f("published", "published", &before, &after)
	f("unpublished", "published", nil, &noon)
	f("unpublished", "published", &after, &before)
	f("unpublished", "unpublished", nil, nil)
}

// Whoever holds content keeps editors out, and several may; a lock is of the show for its episodes.
func TestLocksAreOfTheKind(t *testing.T) {
	t.Parallel()
	b := setup(t)
	film := b.Movies(1, "draft")[0]
	write(t, b, func(ctx context.Context, w *api.Write) error {
		for kind, there := range map[string]bool{content.Movie: true, content.Show: false} {
			if e, err := content.Lock(ctx, w.Tx.Tx, kind, film); err != nil || (e != nil) != there {
				t.Errorf("%s: %v, %v", kind, e, err)
			}
		}
		types, err := content.Hold(ctx, w.Tx.Tx, []uuid.UUID{film, uuid.New()})
		if len(types) != 1 || types[film] != content.Movie {
			t.Errorf("held %v", types)
		}
		return err
	})
}

// A text's cost is bounded by the words that it is looked up by.
func TestTelling(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		if got := strings.Join(content.Telling(strings.Fields(text)), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	f("", "")
	f("the godfather", "the godfather")
	f("the of the of", "the of")
	f("spider m", "spider m")
	f("a b c murders", "murders")
	f("m", "m")
	f("v w x y z", "w x y z")
	f("é ü", "é ü")
	f("one two three four five six seven eight nine", "three four five seven eight nine")
	f(strings.Repeat("the of and a in to ", 10), "the of and in to")
}
