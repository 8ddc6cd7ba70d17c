package feed

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"encora/shared/wire"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func newTailer(pages func(epoch string, after uint64) (*wire.FeedPage, error)) *Tailer {
	return &Tailer{Versions: NewVersions(1<<10, time.Now()), Clock: NewClock(time.Now), Log: quiet(), Jitter: func() float64 { return 0.5 },
		Poll: func(_ context.Context, epoch string, after uint64) (*wire.FeedPage, error) {
			return pages(epoch, after)
		}}
}

// script plays pages one after another, checking what is asked.
func script(t *testing.T, steps ...func(epoch string, after uint64) *wire.FeedPage) *Tailer {
	i := 0
	tl := newTailer(func(epoch string, after uint64) (*wire.FeedPage, error) {
		i++
		return steps[i-1](epoch, after), nil
	})
	for range steps {
		if err := tl.step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return tl
}

func TestFirstPollStartsAtTheHead(t *testing.T) {
	tl := script(t, func(epoch string, after uint64) *wire.FeedPage {
		if epoch != "" || after != 0 {
			t.Errorf("asked %q %d", epoch, after)
		}
		return &wire.FeedPage{Epoch: "e", Reset: true, Head: 50, Now: time.Now()}
	}, func(epoch string, after uint64) *wire.FeedPage {
		if epoch != "e" || after != 50 {
			t.Errorf("asked %q %d", epoch, after)
		}
		return &wire.FeedPage{Epoch: "e", Head: 51, Now: time.Now(), Changes: []wire.Change{change(51, "a")}}
	})
	st := tl.Versions.State()
	if st.Floor != 50 || st.Applied() != 51 {
		t.Errorf("floor %d applied %d", st.Floor, st.Applied())
	}
	if _, ok := tl.Versions.Behind(time.Now()); !ok {
		t.Error("the head was reached but not noted")
	}
}

func TestPagesThatProveNoHead(t *testing.T) {
	start := func(string, uint64) *wire.FeedPage { return &wire.FeedPage{Epoch: "e", Reset: true, Head: 10} }
	f := func(name string, page wire.FeedPage, applied uint64) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			tl := script(t, start, func(string, uint64) *wire.FeedPage {
				time.Sleep(time.Minute)
				p := page
				return &p
			})
			if st := tl.Versions.State(); st.Applied() != applied || st.Epoch != "e" {
				t.Errorf("%s: applied %d, want %d", name, st.Applied(), applied)
			}
			if d, _ := tl.Versions.Behind(time.Now()); d < time.Minute {
				t.Errorf("%s: counts as the head, %v ago", name, d)
			}
		})
	}
	f("more to come", wire.FeedPage{Epoch: "e", Head: 20, Changes: []wire.Change{change(11, "a")}}, 11)
	f("late copy", wire.FeedPage{Epoch: "e", Head: 9}, 10)
}

func TestWorldsEnd(t *testing.T) {
	start := func(string, uint64) *wire.FeedPage { return &wire.FeedPage{Epoch: "e", Reset: true, Head: 10} }
	f := func(name string, page wire.FeedPage, floor uint64) {
		t.Helper()
		tl := script(t, start, func(string, uint64) *wire.FeedPage { return &page })
		st := tl.Versions.State()
		if st.ID != 2 || st.Floor != floor || st.Applied() != floor || st.Epoch != page.Epoch {
			t.Errorf("%s: world %d, epoch %s, floor %d, applied %d; want a second one with floor %d", name, st.ID, st.Epoch, st.Floor, st.Applied(), floor)
		}
	}
	f("trimmed", wire.FeedPage{Epoch: "e", Reset: true, Head: 90}, 90)
	f("restored", wire.FeedPage{Epoch: "f", Reset: true, Head: 4}, 4)
	f("restored, unsaid", wire.FeedPage{Epoch: "f", Head: 12, Changes: []wire.Change{change(11), change(12)}}, 12)
	f("gap", wire.FeedPage{Epoch: "e", Head: 13, Changes: []wire.Change{change(12), change(13)}}, 13)
	f("gap below a later head", wire.FeedPage{Epoch: "e", Head: 20, Changes: []wire.Change{change(12)}}, 20)
}

func TestHeadIsOfTheInstantTheOriginLooked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tl := script(t, func(string, uint64) *wire.FeedPage {
			time.Sleep(3 * time.Second) // held for two, one on the way back
			return &wire.FeedPage{Epoch: "e", Reset: true, Head: 1, WaitedMS: 2000}
		})
		if d, _ := tl.Versions.Behind(time.Now()); d != time.Second {
			t.Errorf("behind by %v, want 1s", d)
		}
	})
}

func TestRunTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		polls := 0
		tl := newTailer(func(string, uint64) (*wire.FeedPage, error) {
			if polls++; polls < 6 {
				return nil, errors.New("down")
			}
			cancel()
			return &wire.FeedPage{Epoch: "e", Reset: true, Head: 1}, nil
		})
		began := time.Now()
		tl.Run(ctx)
		if polls != 6 || tl.Versions.State() == nil {
			t.Errorf("%d polls", polls)
		}
		if took := time.Since(began); took < 500*time.Millisecond || took > 5*time.Second {
			t.Errorf("five failures took %v", took)
		}
	})
}

func TestRunDoesNotSpinOnAnOriginThatHoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		polls := 0
		tl := newTailer(func(string, uint64) (*wire.FeedPage, error) {
			polls++
			return &wire.FeedPage{Epoch: "e", Reset: polls == 1, Head: 1}, nil
		})
		tl.Run(ctx)
		if polls < 100 || polls > 1200 {
			t.Errorf("%d polls in 10 s", polls)
		}
	})
}
