package epg

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/pgdb"
)

// guideOf is a document of many channels, the same programmes on each: halves of hours with titles of that name.
func guideOf(channels, programmes int, name string) string {
	var text strings.Builder
	text.WriteString("<tv>\n")
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	for c := range channels {
		for p := range programmes {
			from := start.Add(time.Duration(p) * 30 * time.Minute)
			fmt.Fprintf(&text, "<programme start=\"%s\" stop=\"%s\" channel=\"c%d.example\"><title>%s %d</title></programme>\n",
				from.Format("20060102150405"), from.Add(30*time.Minute).Format("20060102150405"), c, name, p)
		}
	}
	text.WriteString("</tv>\n")
	return text.String()
}

func (b *importBundle) channels(n int) []uuid.UUID {
	b.t.Helper()
	var all []uuid.UUID
	for c := range n {
		all = append(all, b.channel(fmt.Sprintf("Channel %d", c), fmt.Sprintf("c%d.example", c)))
	}
	return all
}

// windows counts how the channels stand: their programmes' first word, which must be one and the same within a channel.
func (b *importBundle) windows(channels []uuid.UUID, programmes int) map[string]int {
	b.t.Helper()
	const q = `SELECT c.id, coalesce(string_agg(DISTINCT split_part(p.title, ' ', 1), '+'), 'none'), count(p.id)
		FROM channels c LEFT JOIN programs p ON p.channel_id = c.id WHERE c.id = ANY($1) GROUP BY c.id`
	rows, err := b.DB.Pool().Query(b.t.Context(), q, channels)
	if err != nil {
		b.t.Fatal(err)
	}
	found := map[string]int{}
	var id uuid.UUID
	var name string
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&id, &name, &n}, func() error {
		if n != programmes && name != "none" {
			b.t.Errorf("%s: %d programmes %q", id, n, name)
		}
		found[name]++
		return nil
	}); err != nil {
		b.t.Fatal(err)
	}
	return found
}

// An import that is stopped anywhere goes on where it stood.
func TestStoppedImportGoesOn(t *testing.T) {
	b := setupImports(t)
	channels := b.channels(6)
	b.completed(guideOf(6, 20, "Old"), nil, 0)
	id := b.asked(object{"format": "xmltv", "source": guideOf(6, 20, "New")})
	stops := 0
	for job := b.job(id); job.CompletedAt == nil; job = b.job(id) {
		ctx, cancel := context.WithCancel(t.Context())
		steps := 0
		b.d.Imports.rest = func(time.Duration) time.Duration {
			if steps++; steps == 2 {
				cancel()
			}
			return 0
		}
		if err := b.d.RunImport(ctx, id); err != nil {
			t.Fatal(err)
		}
		cancel()
		if stops++; stops > 20 {
			t.Fatal("it gets nowhere")
		}
		for name := range b.windows(channels, 20) {
			if name != "Old" && name != "New" {
				t.Errorf("a channel shows %s", name)
			}
		}
	}
	job := b.job(id)
	if stops < 3 || job.Status != importCompleted || job.ChannelsDone != 6 || job.ProgramsImported != 120 || job.ErrorCount != 0 {
		t.Errorf("after %d stops: %s", stops, encoded(t, job))
	}
	if got := b.windows(channels, 20); got["New"] != 6 {
		t.Errorf("%v", got)
	}
}

// A crash of Postgres empties the stage: the document is read again.
func TestLostStageIsStagedAnew(t *testing.T) {
	for _, dry := range []bool{false, true} {
		b := setupImports(t)
		channels := b.channels(4)
		id := b.asked(object{"format": "xmltv", "source": guideOf(4, 10, "New"), "dry_run": dry})
		ctx, cancel := context.WithCancel(t.Context())
		steps := 0
		b.d.Imports.rest = func(time.Duration) time.Duration {
			if steps++; steps == 3 { // the stage, one channel, another
				cancel()
			}
			return 0
		}
		if err := b.d.RunImport(ctx, id); err != nil {
			t.Fatal(err)
		}
		cancel()
		if job := b.job(id); job.Status != importProcessing || valueOf[int](b, `SELECT count(*) FROM epg_staged`) == 0 {
			t.Fatalf("%s", encoded(t, job))
		}
		b.Exec(`TRUNCATE epg_staged`)
		job := b.run(id)
		if job.Status != importCompleted || job.ChannelsDone != 4 || job.ProgramsRead != 40 || job.ProgramsImported != 40 || dry != (job.Diff != nil) {
			t.Errorf("%s", encoded(t, job))
		}
		if got := b.windows(channels, 10); !dry && got["New"] != 4 || dry && got["none"] != 4 {
			t.Errorf("%v", got)
		}
	}
}

// Trouble of the database leaves the import to be taken up again; it does not fail it.
func TestTroubleOfTheDatabaseDoesNotFailAnImport(t *testing.T) {
	b := setupImports(t)
	channels := b.channels(4)
	id := b.asked(object{"format": "xmltv", "source": guideOf(4, 10, "New")})
	steps := 0
	b.d.Imports.rest = func(time.Duration) time.Duration {
		if steps++; steps == 3 {
			b.Exec(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()
				AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
		}
		return 0
	}
	if err := b.d.RunImport(t.Context(), id); err == nil {
		t.Fatal("no error")
	}
	if job := b.job(id); job.Status != importProcessing || job.ErrorCount != 0 {
		t.Errorf("%s", encoded(t, job))
	}
	for b.run(id).Status == importProcessing { // the lock of a session that is being ended is let go soon
		time.Sleep(10 * time.Millisecond)
	}
	if job := b.job(id); job.Status != importCompleted || job.ChannelsDone != 4 || job.ProgramsCreated != 40 {
		t.Errorf("%s", encoded(t, job))
	}
	if got := b.windows(channels, 10); got["New"] != 4 {
		t.Errorf("%v", got)
	}
}

func TestImportIsWorkedOnByOne(t *testing.T) {
	b := setupImports(t)
	b.channels(1)
	id := b.asked(object{"format": "xmltv", "source": guideOf(1, 3, "New")})
	b.d.Imports.rest = func(time.Duration) time.Duration {
		if open, err := b.d.OpenImports(t.Context(), time.Now().Add(time.Hour)); err != nil || len(open) > 0 {
			t.Errorf("one that is worked on is listed as %v, %v", open, err)
		}
		if err := b.d.RunImport(t.Context(), id); err != nil {
			t.Error(err)
		}
		if job := b.job(id); job.Status != importProcessing {
			t.Errorf("another worked on it: %s", job.Status)
		}
		return 0
	}
	if job := b.run(id); job.Status != importCompleted || job.ErrorCount > 0 {
		t.Errorf("%s", encoded(t, job))
	}
}

func TestOpenImports(t *testing.T) {
	b := setupImports(t)
	b.channels(1)
	id := b.asked(object{"format": "xmltv", "source": guideOf(1, 3, "New")})
	f := func(after time.Duration, want ...OpenImport) {
		t.Helper()
		open, err := b.d.OpenImports(t.Context(), time.Now().Add(after))
		if err != nil || !slices.Equal(open, want) {
			t.Errorf("after %v: %v %v, want %v", after, open, err, want)
		}
	}
	f(0, OpenImport{id, 0})
	b.Exec(`UPDATE epg_imports SET status = 'processing', attempts = 5, attempted_at = now()`)
	f(20 * time.Second)
	f(30*time.Second, OpenImport{id, 5})
	b.Exec(`UPDATE epg_imports SET attempts = 29`)
	f(290 * time.Second)
	f(310*time.Second, OpenImport{id, 29})
	b.Exec(`UPDATE epg_imports SET attempts = $1`, maxAttempts)
	if job := b.run(id); job.Status != importFailed || job.Errors[0].Code != "gave_up" {
		t.Errorf("%s", encoded(t, job))
	}
	f(time.Hour)
	b.run(id) // and nothing more happens
}

// Two imports of the same channels at once: each channel ends as that which was submitted later, whole.
func TestImportsAtOnceGiveOneOrTheOther(t *testing.T) {
	b := setupImports(t)
	channels := b.channels(5)
	b.completed(guideOf(5, 30, "Old"), nil, 0)
	var both sync.WaitGroup
	for _, name := range []string{"Left", "Right"} {
		id := b.asked(object{"format": "xmltv", "source": guideOf(5, 30, name)})
		both.Go(func() {
			if err := b.d.RunImport(t.Context(), id); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	got := b.windows(channels, 30)
	if got["Right"] != 5 { // it was submitted later
		t.Errorf("%v", got)
	}
	if n := valueOf[int](b, `SELECT count(*) FROM epg_imports WHERE status = 'completed' AND error_count = channels_superseded`); n != 3 {
		t.Errorf("%d imports completed", n)
	}
}

// Readers beside an import see the old schedule of a channel or the new one, never a hole.
func TestReadersSeeOldOrNew(t *testing.T) {
	b := setupImports(t)
	channels := b.channels(10)
	b.completed(guideOf(10, 40, "Old"), nil, 0)
	id := b.asked(object{"format": "xmltv", "source": guideOf(10, 40, "New")})
	b.d.Imports.rest = func(time.Duration) time.Duration { return 5 * time.Millisecond }
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := b.d.RunImport(t.Context(), id); err != nil {
			t.Error(err)
		}
	}()
	mixed := 0
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		got := b.windows(channels, 40)
		if got["Old"]+got["New"] != 10 {
			t.Fatalf("%v", got)
		}
		if got["Old"] > 0 && got["New"] > 0 {
			mixed++
		}
	}
	if mixed == 0 {
		t.Error("no reader looked while it ran")
	}
}

// childImport names the database and the import of a child process.
const childImport = "EPG_TEST_CHILD"

// The child: works on one import until it is killed or done.
func TestChildWorksOnImport(t *testing.T) {
	url, id, found := strings.Cut(os.Getenv(childImport), " ")
	if !found {
		t.Skip("only in a child process")
	}
	db, err := pgdb.Open(t.Context(), url, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	d := &Domain{DB: db, Imports: Imports{rest: func(time.Duration) time.Duration { return 3 * time.Millisecond }}}
	fmt.Println("working")
	if err := d.RunImport(t.Context(), uuid.MustParse(id)); err != nil {
		t.Fatal(err)
	}
}

// Whenever the worker is killed, the schedule of each channel is the old or the new one, and in the end the new one, with ids
// kept.
func TestKilledImportIsTakenUpAgain(t *testing.T) {
	b := setupImports(t)
	const channels, programmes = 30, 60
	all := b.channels(channels)
	b.completed(guideOf(channels, programmes, "Old"), nil, 0)
	ids := b.ids(all[7])
	source := strings.ReplaceAll(guideOf(channels, programmes, "Old"), "</title>", "</title><desc>New</desc>")
	id := b.asked(object{"format": "xmltv", "source": source})
	random := rand.New(rand.NewPCG(7, 11))
	kills := 0
	for attempt := 0; b.job(id).CompletedAt == nil; attempt++ {
		if attempt > 25 {
			t.Fatalf("it gets nowhere: %s", encoded(t, b.job(id)))
		}
		if b.killChild(id, time.Duration(20+random.IntN(250+50*attempt))*time.Millisecond) {
			kills++
		}
		const q = `SELECT count(*) FROM (SELECT channel_id FROM programs GROUP BY channel_id
			HAVING count(*) <> $1 OR count(DISTINCT description) <> 1) mixed`
		if n := valueOf[int](b, q, programmes); n > 0 {
			t.Fatalf("%d channels are neither old nor new", n)
		}
	}
	job := b.job(id)
	if kills < 2 || job.Status != importCompleted || job.ChannelsDone != channels || job.ProgramsImported != channels*programmes {
		t.Errorf("after %d kills: %s", kills, encoded(t, job))
	}
	if n := valueOf[int](b, `SELECT count(*) FROM programs WHERE description = 'New'`); n != channels*programmes {
		t.Errorf("%d programmes are new", n)
	}
	if b.ids(all[7]) != ids {
		t.Error("ids changed")
	}
	if n := valueOf[int](b, `SELECT count(*) FROM epg_staged`); n != 0 {
		t.Errorf("%d programmes are left on the stage", n)
	}
}

// killChild works on the import in a process of its own and kills that some time after it began; it reports whether the
// process was alive until then.
func (b *importBundle) killChild(id uuid.UUID, after time.Duration) bool {
	b.t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestChildWorksOnImport$")
	child.Env = append(os.Environ(), childImport+"="+b.DB.Pool().Config().ConnString()+" "+id.String())
	out, err := child.StdoutPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		b.t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 8)); err != nil {
		b.t.Fatalf("the child: %v", err)
	}
	kill := time.AfterFunc(after, func() { _ = child.Process.Kill() }) // it may have gone already
	defer kill.Stop()
	return child.Wait() != nil
}
