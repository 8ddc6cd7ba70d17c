package epg

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// stopAfter works on the import until it has rested that many times, as one that is killed there.
func (b *importBundle) stopAfter(id uuid.UUID, rests int) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	defer cancel()
	b.d.Imports.rest = func(time.Duration) time.Duration {
		if rests--; rests == 0 {
			cancel()
		}
		return 0
	}
	if err := b.d.RunImport(ctx, id); err != nil {
		b.t.Fatal(err)
	}
	b.d.Imports.rest = func(time.Duration) time.Duration { return 0 }
	if job := b.job(id); job.CompletedAt != nil {
		b.t.Fatalf("it ended: %s", encoded(b.t, job))
	}
}

// An import that was submitted first and comes to a channel last does not undo the other's work there.
func TestAnOlderImportDoesNotUndoANewerOne(t *testing.T) {
	b := setupImports(t)
	channels := b.channels(4)
	older := b.asked(object{"format": "xmltv", "source": guideOf(4, 10, "Older")})
	b.stopAfter(older, 3) // the stage, two channels
	if got := b.windows(channels, 10); got["Older"] != 2 || got["none"] != 2 {
		t.Fatalf("%v", got)
	}
	newer := b.run(b.asked(object{"format": "xmltv", "source": guideOf(4, 10, "Newer")}))
	if newer.Status != importCompleted || newer.ErrorCount > 0 || newer.ChannelsSuperseded > 0 {
		t.Fatalf("%s", encoded(t, newer))
	}
	head := b.Head()
	job := b.run(older)
	if job.Status != importCompleted || codes(job) != "superseded c2.example, superseded c3.example" || job.ChannelsDone != 4 || job.ChannelsSuperseded != 2 ||
		job.ProgramsImported != 20 {
		t.Errorf("%s", encoded(t, job))
	}
	if e := job.Errors[0]; e.Line == nil || !strings.Contains(e.Message, newer.ID.String()) {
		t.Errorf("%s", encoded(t, e))
	}
	if got := b.windows(channels, 10); got["Newer"] != 4 || b.Head() != head {
		t.Errorf("%v", got)
	}
}

// So does one that has not begun when the other ends, and one that works beside it, whichever is first.
func TestTheLaterOfTwoImportsWins(t *testing.T) {
	b := setupImports(t)
	one := b.channel("One", "one.example")
	ask := func(programmes string, fields object) uuid.UUID {
		body := object{"format": "xmltv", "source": tv("one.example: " + programmes)}
		for k, v := range fields {
			body[k] = v
		}
		return b.asked(body)
	}
	f := func(older, newer uuid.UUID, want, schedule string) {
		t.Helper()
		b.run(newer)
		if job := b.run(older); job.Status != importCompleted || codes(job) != want || b.schedule(one) != schedule {
			t.Errorf("%s %s; %s", job.Status, codes(job), b.schedule(one))
		}
		b.Exec(`DELETE FROM programs`)
	}
	f(ask("18:00-19:00 A", nil), ask("18:00-19:00 B", nil), "superseded one.example", "18:00-19:00 B")
	f(ask("18:30-20:00 A", object{"replace_window": false}), ask("18:00-19:00 B", nil), "superseded one.example", "18:00-19:00 B")
	f(ask("18:00-19:00 A", nil), ask("18:00-19:00 B", object{"replace_window": false}), "superseded one.example", "18:00-19:00 B")
	// Times that don't overlap don't matter, nor do dry runs.
	f(ask("19:00-20:00 A", nil), ask("18:00-19:00 B", nil), "", "18:00-19:00 B, 19:00-20:00 A")
	f(ask("18:00-19:00 A", nil), ask("18:00-19:00 B", object{"dry_run": true}), "", "18:00-19:00 A")
	job := b.run(ask("18:00-19:00 C", nil))
	if job.ErrorCount != 0 || b.schedule(one) != "18:00-19:00 C" {
		t.Errorf("after all of them: %s", encoded(t, job))
	}

	// Of two at once the later wins, also when the older one has waited for the channel since before.
	for _, olderFirst := range []bool{true, false} {
		older, newer := ask("18:00-19:00 A", nil), ask("18:00-19:00 B", nil)
		editor, err := b.DB.Pool().Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := editor.Exec(t.Context(), `SELECT FROM channels WHERE id = $1 FOR UPDATE`, one); err != nil {
			t.Fatal(err)
		}
		order := []uuid.UUID{newer, older}
		if olderFirst {
			order = []uuid.UUID{older, newer}
		}
		done := make(chan error, 2)
		for n, id := range order {
			go func() { done <- b.d.RunImport(t.Context(), id) }()
			for valueOf[int](b, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) <= n {
				time.Sleep(time.Millisecond)
			}
		}
		if err := editor.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range order {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		want := "superseded one.example"
		if olderFirst {
			want = ""
		}
		if got := codes(b.job(older)); got != want || b.schedule(one) != "18:00-19:00 B" || codes(b.job(newer)) != "" {
			t.Errorf("older first %v: %q; %s", olderFirst, got, b.schedule(one))
		}
	}
}

// A programme that a feed names by id is taken from where a later import has put it only by a still later one.
func TestAnOlderImportTakesNothingFromANewerOne(t *testing.T) {
	b := setupImports(t)
	one := b.channel("One")
	list := func(start, end, more string) string {
		return `[{"channel_id": "` + one.String() + `", "title": "A", "start_time": "2026-03-02T` + start + `:00Z", "end_time": "2026-03-02T` + end + `:00Z"` + more + `}]`
	}
	b.run(b.asked(object{"format": "json", "source": list("10:00", "11:00", "")}))
	named := `, "id": "` + b.ids(one) + `"`
	older, newer := b.asked(object{"format": "json", "source": list("12:00", "13:00", named)}), b.asked(object{"format": "json", "source": list("20:00", "21:00", named)})
	b.run(newer)
	if job := b.run(older); codes(job) != "superseded "+one.String() || b.schedule(one) != "20:00-21:00 A" {
		t.Errorf("%s; %s", codes(job), b.schedule(one))
	}
}

// What imports have written is forgotten with them.
func TestWrittenTimesAreForgottenWithTheirImports(t *testing.T) {
	b := setupImports(t)
	b.channel("One", "one.example")
	b.completed(tv("one.example: 18:00-19:00 A"), nil, 0)
	b.completed(tv("one.example: 18:00-19:00 B"), object{"dry_run": true}, 0)
	if n := valueOf[int](b, `SELECT count(*) FROM epg_applied`); n != 1 {
		t.Errorf("%d rows", n)
	}
	b.Exec(`UPDATE epg_imports SET completed_at = now() - interval '31 days'`)
	if err := b.d.TidyImports(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if n := valueOf[int](b, `SELECT count(*) FROM epg_applied`); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}
