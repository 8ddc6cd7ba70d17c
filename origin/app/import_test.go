package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/apitest"
	"encora/origin/epg"
	"encora/origin/pgtest"
)

// listing is an XMLTV document of the channels, with one programme each.
func listing(title string, channels ...string) string {
	var text strings.Builder
	text.WriteString("<?xml version=\"1.0\"?>\n<tv>\n")
	for _, c := range channels {
		fmt.Fprintf(&text, "<programme start=\"20260302180000\" stop=\"20260302190000\" channel=\"%s\"><title>%s</title></programme>\n", c, title)
	}
	return text.String() + "</tv>\n"
}

// withImports lets the origin queue imports; nobody works on them until startWork.
func (o *origin) withImports(t *testing.T) {
	t.Helper()
	var err error
	if o.domains.epg.Enqueue, err = enqueueImports(o.DB); err != nil {
		t.Fatal(err)
	}
}

func (o *origin) startWork(t *testing.T) *jobs {
	t.Helper()
	work, err := startJobs(t.Context(), o.DB, o.domains, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		t.Fatal(err)
	}
	return work
}

func (o *origin) importFeed(source string) epg.ImportJob {
	var job epg.ImportJob
	o.Do(apitest.Request{Method: "POST", Path: "/v2/admin/epg/imports", Access: "epg:write", Body: object{"format": "xmltv", "source": source}}).
		Want(http.StatusAccepted).Decode(&job)
	return job
}

func (o *origin) importOf(id uuid.UUID) epg.ImportJob {
	var job epg.ImportJob
	o.Do(apitest.Request{Method: "GET", Path: epg.ImportJob{ID: id}.Location(), Access: "epg:read"}).Want(http.StatusOK).Decode(&job)
	return job
}

// ended waits until the import has ended.
func (o *origin) ended(t *testing.T, id uuid.UUID) epg.ImportJob {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		job := o.importOf(id)
		if job.CompletedAt != nil {
			return job
		}
		if time.Now().After(end) {
			t.Fatalf("it has not ended: %+v", job)
		}
	}
}

func TestImportIsAJob(t *testing.T) {
	t.Parallel()
	o := startOrigin(t)
	o.withImports(t)
	work := o.startWork(t)
	defer work.stop()
	c := o.channel("One")
	if job := o.ended(t, o.importFeed(listing("A", c.Slug)).ID); job.Status != "completed" || job.ProgramsCreated != 1 {
		t.Errorf("%+v", job)
	}
	if job := o.ended(t, o.importFeed("<html>").ID); job.Status != "failed" || job.Errors[0].Code == "" {
		t.Errorf("%+v", job)
	}
	o.Do(apitest.Request{Method: "POST", Path: "/v2/admin/epg/imports", Access: "epg:write", Body: object{"format": "xmltv"}}).Want(http.StatusUnprocessableEntity)
}

// A worker that was killed leaves a job that runs for ever, as far as river knows; its import is taken up by another.
func TestImportOfADeadWorkerIsTakenUp(t *testing.T) {
	t.Parallel()
	o := startOrigin(t)
	o.withImports(t)
	c := o.channel("One")
	id := o.importFeed(listing("A", c.Slug)).ID
	o.Exec(`UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now(), attempted_by = '{dead}' WHERE kind = 'import_epg'`)
	o.Exec(`UPDATE epg_imports SET status = 'processing', attempts = 1, attempted_at = now() - interval '2 seconds'`)
	work := o.startWork(t)
	defer work.stop()
	if job := o.ended(t, id); job.Status != "completed" || job.ProgramsCreated != 1 {
		t.Errorf("%+v", job)
	}
}

// SIGTERM doesn't wait for an import's end: the next process goes on with it.
func TestImportIsInterruptedByAStop(t *testing.T) {
	t.Parallel()
	o := startOrigin(t)
	o.withImports(t)
	c := o.channel("One")
	editor, err := o.DB.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := editor.Exec(t.Context(), `SELECT FROM channels WHERE id = $1 FOR UPDATE`, c.ID); err != nil {
		t.Fatal(err)
	}
	work := o.startWork(t)
	id := o.importFeed(listing("A", c.Slug)).ID
	for o.importOf(id).ChannelsTotal == 0 { // until it waits for the channel
		time.Sleep(10 * time.Millisecond)
	}
	began := time.Now()
	work.stop()
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("stopping took %v", took)
	}
	if job := o.importOf(id); job.Status != "processing" {
		t.Errorf("%+v", job)
	}
	if err := editor.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	work = o.startWork(t)
	defer work.stop()
	if job := o.ended(t, id); job.Status != "completed" || job.ProgramsCreated != 1 || job.ErrorCount != 0 {
		t.Errorf("%+v", job)
	}
}

func TestImportSchedulesByCommand(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	dir := folder(t, map[string]string{
		"channels.csv": channelTables["channels.csv"], "feeds.csv": channelTables["feeds.csv"], "categories.csv": channelTables["categories.csv"],
		"guide.xml": listing("A", "One.uk", "nobody"), "page": "\ufeff <!DOCTYPE html><html></html>"})
	zipped, err := os.Create(filepath.Join(dir, "more.gz"))
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(zipped)
	if _, err := z.Write([]byte(listing("B", "Two.fr"))); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	programs := func() string { return strings.Join(rowsOf(t, url, `SELECT title FROM programs ORDER BY title`), " ") }

	// What is asked of schedules alone is refused for others, before anything is written.
	for _, alone := range [][]string{{"--dry-run"}, {"--timezone", "Europe/Paris"}, {"--channel", uuid.NewString()}} {
		status, text := runOrigin(t, url, append([]string{"import", filepath.Join(dir, "guide.xml"), filepath.Join(dir, "channels.csv")}, alone...)...)
		if status != 1 || len(rowsOf(t, url, `SELECT id::text FROM channels UNION ALL SELECT id::text FROM epg_imports`)) > 0 {
			t.Errorf("%v: status %d", alone, status)
		}
		wants(t, text, "for schedules alone", "these are none: "+filepath.Join(dir, "channels.csv")+";")
	}
	if status, text := runOrigin(t, url, "import", filepath.Join(dir, "channels.csv")); status != 0 || strings.Contains(text, "█") {
		t.Errorf("status %d: %s", status, text)
	}

	status, text := runOrigin(t, url, "import", "--dry-run", filepath.Join(dir, "guide.xml"))
	if status != 0 || programs() != "" {
		t.Errorf("dry run: status %d, programmes %q", status, programs())
	}
	wants(t, text, "dry run, completed; 2 programmes read, 1 in the schedules of 1 channel: 1 created")

	status, text = runOrigin(t, url, "import", dir)
	if status != 1 {
		t.Errorf("status %d", status)
	}
	wants(t, text, "guide.xml:4: channel nobody: ", "(unknown_channel)", "guide.xml: completed; 2 programmes read, 1 in the schedules of 1 channel: 1 created, 0 updated, 0 unchanged; 0 deleted; 1 error",
		"page:1: ", "(html)", "page: failed", "more.gz: completed; 1 programme read")
	if got := programs(); got != "A B" {
		t.Errorf("programmes %q", got)
	}

	id := rowsOf(t, url, `SELECT id::text FROM channels WHERE name = 'One'`)[0]
	status, text = runOrigin(t, url, "import", "--timezone", "Europe/Paris", "--channel", id, filepath.Join(dir, "guide.xml"))
	if status != 0 {
		t.Errorf("status %d: %s", status, text)
	}
	if at := rowsOf(t, url, `SELECT to_char(start_time, 'HH24:MI') FROM programs WHERE title = 'A' ORDER BY start_time`); len(at) != 2 || at[0] != "17:00" {
		t.Errorf("at %v", at)
	}
	for _, wrong := range [][]string{{"--timezone", "Mars"}, {"--channel", uuid.NewString()}} {
		if status, text = runOrigin(t, url, append([]string{"import", filepath.Join(dir, "guide.xml")}, wrong...)...); status != 1 {
			t.Errorf("%v: status %d: %s", wrong, status, text)
		}
	}
	if status, _ = runOrigin(t, url, "import", "--channel", "x", filepath.Join(dir, "guide.xml")); status != 2 {
		t.Errorf("status %d for what is no id", status)
	}
}

func TestImportFindsSchedulesInFolders(t *testing.T) {
	t.Parallel()
	url, dir := pgtest.URL(t), folder(t, channelTables)
	for name, text := range map[string]string{
		"a/guide.xml": listing("A", "One.uk"), "a/xmltv.dtd": "<!ELEMENT tv (channel*, programme*)>", "a/.hidden/guide.xml": listing("Hidden", "One.uk"),
		"b/c/list.json": "\ufeff [\n {\"channel_id\": \"Two.fr\", \"title\": \"B\", \"start_time\": \"2026-03-02T18:00:00Z\", \"end_time\": \"2026-03-02T19:00:00Z\"}]",
		"b/films.json":  `[{"title": "A Film of the Year", "year": 1970, "cast": [], "genres": []}]`,
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	status, text := runOrigin(t, url, "import", dir)
	if status != 0 {
		t.Errorf("status %d", status)
	}
	wants(t, text, "a/guide.xml: completed;", "a/xmltv.dtd: passed over", "b/c/list.json: completed; 1 programme read, 1 in the schedules", "b/films.json: 1 created")
	if got := rowsOf(t, url, `SELECT title FROM programs ORDER BY title`); strings.Join(got, " ") != "A B" {
		t.Errorf("programmes %v", got)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Join(dir, "a"), link); err != nil {
		t.Fatal(err)
	}
	if status, text := runOrigin(t, url, "import", "--dry-run", link); status != 0 {
		t.Errorf("a link to a folder: status %d: %s", status, text)
	}
}

// A command that is stopped in the middle of a statement ends its import, begins no other, and says so.
func TestInterruptedImportByCommand(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	dir := folder(t, map[string]string{"channels.csv": channelTables["channels.csv"], "1.xml": listing("A", "One.uk"), "2.xml": listing("B", "One.uk")})
	if status, text := runOrigin(t, url, "import", filepath.Join(dir, "channels.csv")); status != 0 {
		t.Fatalf("status %d: %s", status, text)
	}
	editor, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer editor.Close(t.Context())
	if _, err := editor.Exec(t.Context(), `BEGIN; SELECT FROM channels FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, log bytes.Buffer
	done := make(chan int, 1)
	go func() {
		done <- Main(ctx, []string{"import", filepath.Join(dir, "1.xml"), filepath.Join(dir, "2.xml")}, Streams{Out: &out, Err: &log,
			LookupEnv: func(name string) (string, bool) {
				return map[string]string{"DATABASE_URL": url}[name], name == "DATABASE_URL"
			}})
	}()
	const waits = `SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
	for len(rowsOf(t, url, waits)) == 0 {
		select {
		case status := <-done:
			t.Fatalf("it ended with status %d: %s%s", status, out.String(), log.String())
		case <-time.After(5 * time.Millisecond):
		}
	}
	cancel()
	if status := <-done; status != 1 {
		t.Errorf("status %d: %s", status, log.String())
	}
	wants(t, out.String(), "(interrupted)", "1.xml: failed; 1 programme read")
	wants(t, log.String(), "1.xml: interrupted", "not begun: "+filepath.Join(dir, "2.xml"))
	if jobs := rowsOf(t, url, `SELECT status || ' ' || (errors->0->>'code') FROM epg_imports`); strings.Join(jobs, ", ") != "failed interrupted" {
		t.Errorf("imports: %v", jobs)
	}
}
