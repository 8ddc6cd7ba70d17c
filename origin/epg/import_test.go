package epg

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/origin/apitest"
)

func TestImportFillsSchedules(t *testing.T) {
	b := setupImports(t)
	one, two := b.channel("One", "one.example"), b.channel("Two", "two.example")
	a := b.post(object{"format": "xmltv", "source": tv("one.example: 18:00-19:00 News, 19:00-21:00 Film", "two.example: 18:00-20:00 Match")}).Want(202)
	var queued ImportJob
	a.Decode(&queued)
	if queued.Status != importQueued || a.Header.Get("Location") != importPathOf+"/"+queued.ID.String() || !slices.Equal(b.queued, []uuid.UUID{queued.ID}) {
		t.Fatalf("%s %s %v", a.Body, a.Header.Get("Location"), b.queued)
	}
	if job := b.job(queued.ID); job.StartedAt != nil || job.CompletedAt != nil || job.Status != importQueued {
		t.Errorf("before it runs: %+v", job)
	}
	head := b.Head()
	job := b.run(queued.ID)
	want := ImportProgress{ProgramsRead: 3, ProgramsImported: 3, ProgramsCreated: 3, ChannelsTotal: 2, ChannelsDone: 2, Errors: []ImportError{}}
	if encoded(t, job.ImportProgress) != encoded(t, want) || job.Status != importCompleted || job.StartedAt == nil || job.CompletedAt == nil || job.Diff != nil {
		t.Errorf("%s", encoded(t, job))
	}
	if got := b.schedule(one); got != "18:00-19:00 News, 19:00-21:00 Film" {
		t.Errorf("one: %s", got)
	}
	if got := b.schedule(two); got != "18:00-20:00 Match" {
		t.Errorf("two: %s", got)
	}
	if tags := b.TagsSince(head); !slices.Equal(tags, []string{tagSchedule(one), tagSchedule(two)}) {
		t.Errorf("emitted %v", tags)
	}
	if actions := b.Actions(); !slices.Equal(actions, []string{"epg.import_requested", "epg.imported", "epg.imported"}) {
		t.Errorf("audit: %v", actions)
	}
	if n := valueOf[int](b, `SELECT count(*) FROM epg_staged`); n != 0 {
		t.Errorf("%d programmes are left on the stage", n)
	}
	if gone := valueOf[bool](b, `SELECT source IS NULL FROM epg_imports`); !gone {
		t.Error("the document is kept")
	}
}

func TestRepeatedImportChangesNothing(t *testing.T) {
	b := setupImports(t)
	one := b.channel("One", "one.example")
	source := tv("one.example: 18:00-19:00 News, 19:00-21:00 Film")
	b.completed(source, nil, 0)
	ids, head, actions := b.ids(one), b.Head(), b.Actions()
	job := b.completed(source, nil, 0)
	if job.ProgramsUnchanged != 2 || job.ProgramsImported != 2 || job.ProgramsCreated+job.ProgramsUpdated+job.ProgramsDeleted != 0 {
		t.Errorf("%s", encoded(t, job))
	}
	if b.ids(one) != ids || b.Head() != head {
		t.Error("ids or the feed have moved")
	}
	if got := b.Actions(); len(got) != len(actions)+1 || got[len(got)-1] != "epg.import_requested" {
		t.Errorf("audit: %v", got)
	}
}

func TestReplaceWindow(t *testing.T) {
	b := setupImports(t)
	one := b.channel("One", "one.example")
	b.completed(tv("one.example: 16:00-18:00 Before, 18:00-19:00 Gone, 21:00-22:00 After"), nil, 0)
	b.completed(tv("one.example: 18:00-19:30 Added"), object{"replace_window": false}, 0)
	if got := b.schedule(one); got != "16:00-18:00 Before, 18:00-19:00 Gone, 18:00-19:30 Added, 21:00-22:00 After" {
		t.Errorf("added: %s", got)
	}
	job := b.completed(tv("one.example: 18:00-19:30 New"), nil, 0)
	if got := b.schedule(one); got != "16:00-18:00 Before, 18:00-19:30 New, 21:00-22:00 After" {
		t.Errorf("replaced: %s", got)
	}
	if job.ProgramsImported != 1 || job.ProgramsDeleted == 0 {
		t.Errorf("%s", encoded(t, job))
	}
}

func TestDryRunOnlyTells(t *testing.T) {
	b := setupImports(t)
	one, two := b.channel("One", "one.example"), b.channel("Two", "two.example")
	b.completed(tv("one.example: 18:00-19:00 News, 19:00-20:00 Old"), nil, 0)
	ids, head, actions := b.ids(one), b.Head(), len(b.Actions())
	source := tv("one.example: 18:00-19:00 News, 19:00-20:00 Film", "two.example: 18:00-20:00 Match", "three: 18:00-20:00 X")
	for _, ask := range []func() uuid.UUID{
		func() uuid.UUID { return b.asked(object{"format": "xmltv", "source": source, "dry_run": true}) },
		func() uuid.UUID {
			var job ImportJob
			b.Do(apitest.Request{Method: "POST", Path: importPathOf + "?dry_run=true", Access: writeGuide,
				Body: object{"format": "xmltv", "source": source}}).Want(202).Decode(&job)
			return job.ID
		},
	} {
		job := b.run(ask())
		if job.Status != importCompleted || !job.DryRun || job.Diff == nil || job.ErrorCount != 1 || job.ChannelsDone != 2 {
			t.Fatalf("%s", encoded(t, job))
		}
		want := []ChannelDiff{{one, "one.example", 1, 0, 1, 1}, {two, "two.example", 1, 0, 0, 0}}
		if !slices.Equal(job.Diff.Channels, want) || len(job.Diff.Changes) != 3 || job.ProgramsCreated != 2 || job.ProgramsDeleted != 1 {
			t.Errorf("%s", encoded(t, job))
		}
		for _, c := range job.Diff.Changes {
			if (c.ProgramID == nil) != (c.Action == "created") || c.FromStartTime != nil || c.ChannelID != one && c.ChannelID != two {
				t.Errorf("%s", encoded(t, c))
			}
		}
	}
	job := b.completed(tv("one.example: 18:30-19:00 News"), object{"dry_run": true, "replace_window": false}, 0)
	if c := job.Diff.Changes; len(c) != 1 || c[0].Action != "moved" || c[0].ChannelID != one || !strings.Contains(ids, c[0].ProgramID.String()) ||
		c[0].FromStartTime.Format("15:04") != "18:00" || c[0].StartTime.Format("15:04") != "18:30" {
		t.Errorf("%s", encoded(t, c))
	}
	if b.ids(one) != ids || b.schedule(two) != "" || b.Head() != head || len(b.Actions()) != actions+3 {
		t.Error("a dry run changed something")
	}
	if n := valueOf[int](b, `SELECT count(*) FROM epg_staged`); n != 0 {
		t.Errorf("%d programmes are left on the stage", n)
	}
}

func TestImportBodies(t *testing.T) {
	b := setupImports(t)
	b.d.Imports.Hosts = []string{"feeds.example.com", "other.example.com:8443"}
	known, unknown := b.channel("One").String(), uuid.NewString()
	doc := tv("x: 18:00-19:00 A")
	f := func(body object, want ...string) {
		t.Helper()
		a := b.post(body)
		if len(want) == 0 {
			a.Want(202)
			return
		}
		if got := a.Want(422).Refused().Fields(); !slices.Equal(got, want) {
			t.Errorf("%v names %v, want %v", body, got, want)
		}
	}
	f(object{"format": "xmltv"}, "source", "source_url")
	f(object{"format": "xmltv", "source": ""}, "source", "source_url")
	f(object{"format": "xmltv", "source": doc, "source_url": "https://feeds.example.com/a"}, "source", "source_url")
	f(object{"format": "csv", "source": doc}, "format")
	f(object{"source": doc}, "format")
	f(object{"format": "xmltv", "source": doc, "timezone": "Mars/Olympus"}, "timezone")
	f(object{"format": "xmltv", "source": doc, "timezone": "Local"}, "timezone")
	f(object{"format": "xmltv", "source": doc, "timezone": "../etc/passwd"}, "timezone")
	f(object{"format": "xmltv", "source": doc, "channel_ids": []string{known, unknown, known, unknown}}, "channel_ids[1]", "channel_ids[3]")
	f(object{"format": "xmltv", "source": doc, "channel_ids": slices.Repeat([]string{known}, 10_001)}, "channel_ids")
	f(object{"format": "xmltv", "channel_ids": []string{unknown}, "timezone": "x"}, "source", "source_url", "timezone", "channel_ids[0]")
	for _, url := range []string{"http://feeds.example.com/a", "https://feeds.example.com.evil.com/", "https://evil.com/feeds.example.com",
		"https://user:secret@feeds.example.com/", "https://feeds.example.com:444/", "https://other.example.com/", "ftp://feeds.example.com/",
		"https://127.0.0.1/", "//feeds.example.com/", "https:feeds.example.com"} {
		f(object{"format": "xmltv", "source_url": url}, "source_url")
	}
	f(object{"format": "xmltv", "source": doc, "timezone": "Europe/London", "channel_ids": []string{known, known}})
	f(object{"format": "json", "source_url": "https://FEEDS.example.com:443/a?b=c"})
	f(object{"format": "xmltv", "source_url": "https://other.example.com:8443/"})
	f(object{"format": "xmltv", "source": "\x00 \ufffd is for the reader to judge"})
	b.d.Imports.Hosts = nil
	a := b.post(object{"format": "xmltv", "source_url": "https://feeds.example.com/a"}).Want(422)
	if !strings.Contains(string(a.Body), "EPG_SOURCE_HOSTS") {
		t.Errorf("does not name the setting: %s", a.Body)
	}
	if addressed := valueOf[int](b, `SELECT count(*) FROM audit_log WHERE metadata::text LIKE '%b=c%'`); addressed > 0 {
		t.Error("the audit log has the whole URL")
	}
}

func TestImportOperationsAreGuarded(t *testing.T) {
	b := setupImports(t)
	b.channel("One", "one.example")
	body := object{"format": "xmltv", "source": tv("one.example: 18:00-19:00 A")}
	b.Denied(t, apitest.Request{Method: "POST", Path: importPathOf, Body: body})
	id := b.asked(body)
	b.Denied(t, apitest.Request{Method: "GET", Path: importPathOf + "/" + id.String()})
	b.Do(apitest.Request{Method: "GET", Path: importPathOf + "/" + uuid.NewString(), Access: readGuide}).Want(404)
	b.Do(apitest.Request{Method: "GET", Path: importPathOf + "/x", Access: readGuide}).Want(400)
	b.Do(apitest.Request{Method: "POST", Path: importPathOf + "?dryrun=true", Access: writeGuide, Body: body}).Want(400)
}

func TestImportIsAskedForOnce(t *testing.T) {
	b := setupImports(t)
	body := object{"format": "xmltv", "source": tv("one.example: 18:00-19:00 A")}
	ask := func() *apitest.Answer {
		return b.Do(apitest.Request{Method: "POST", Path: importPathOf, Access: writeGuide, Body: body, Header: map[string]string{"Idempotency-Key": "k"}}).Want(202)
	}
	first, second := ask(), ask()
	if string(first.Body) != string(second.Body) || second.Header.Get("Idempotent-Replayed") != "true" || len(b.queued) != 1 {
		t.Errorf("%s, then %s; queued %d times", first.Body, second.Body, len(b.queued))
	}
}

func TestImportETagFollowsProgress(t *testing.T) {
	b := setupImports(t)
	b.channel("One", "one.example")
	id := b.asked(object{"format": "xmltv", "source": tv("one.example: 18:00-19:00 A")})
	get := func(tag string) *apitest.Answer {
		return b.Do(apitest.Request{Method: "GET", Path: importPathOf + "/" + id.String(), Access: readGuide, Header: map[string]string{"If-None-Match": tag}})
	}
	tag := get("").Want(200).Header.Get("ETag")
	get(tag).Want(304)
	b.run(id)
	if again := get(tag).Want(200).Header.Get("ETag"); again == tag || again == "" {
		t.Errorf("the tag is %s, as before", again)
	}
}

func TestWaitingImportsAreBounded(t *testing.T) {
	b := setupImports(t)
	body := object{"format": "xmltv", "source": tv("one.example: 18:00-19:00 A")}
	for range maxOpenImports {
		b.asked(body)
	}
	if a := b.post(body).Want(429); a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	b.run(b.queued[0]) // fails, since nothing is known
	b.post(body).Want(202)
}

func TestHostileImports(t *testing.T) {
	b := setupImports(t)
	known := b.channel("One").String()
	valid := object{"format": "xmltv", "source": "<tv/>", "channel_ids": []string{known}, "replace_window": true, "timezone": "UTC", "dry_run": false}
	for name, body := range map[string]object{
		"null": {"source": nil}, "number": {"source": 1}, "list": {"channel_ids": known}, "ids": {"channel_ids": []any{1, nil, "x"}},
		"window": {"replace_window": "true"}, "zone": {"timezone": []any{}}, "url": {"source_url": nil}, "unknown": {"sauce": "x"},
	} {
		merged := object{}
		for k, v := range valid {
			merged[k] = v
		}
		for k, v := range body {
			merged[k] = v
		}
		if a := b.post(merged); a.Status != 400 && a.Status != 422 {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
}

func TestLargeSourceIsTaken(t *testing.T) {
	b := setupImports(t)
	one := b.channel("One", "one.example")
	source := strings.Replace(tv("one.example: 18:00-19:00 A"), "<tv>", "<tv>"+strings.Repeat(" ", 8<<20), 1)
	if job := b.completed(source, nil, 0); job.ProgramsCreated != 1 || b.schedule(one) != "18:00-19:00 A" {
		t.Errorf("%s", encoded(t, job))
	}
	if a := b.post(object{"format": "xmltv", "source": strings.Repeat(" ", 32<<20)}).Want(413); !strings.Contains(string(a.Body), "source_url") {
		t.Errorf("%s", a.Body)
	}
}

func TestZoneOfTimesWithoutOne(t *testing.T) {
	b := setupImports(t)
	one := b.channel("One", "one.example")
	source := strings.ReplaceAll(tv("one.example: 18:00-19:00 A"), " +0000", "")
	b.completed(source, object{"timezone": "America/New_York"}, 0)
	if got := b.schedule(one); got != "23:00-00:00 A" {
		t.Errorf("New York: %s", got)
	}
	b.completed(source, nil, 0)
	if got := b.schedule(one); got != "18:00-19:00 A, 23:00-00:00 A" {
		t.Errorf("UTC: %s", got)
	}
}

func TestErrorsAreCountedAndTheFirstKept(t *testing.T) {
	b := setupImports(t)
	one := b.channel("One", "one.example")
	bad := strings.Repeat("<programme start=\"20260302180000 +0000\" stop=\"20260302190000 +0000\" channel=\"one.example\"></programme>\n", 250)
	job := b.completed(tv("one.example: 18:00-19:00 A", strings.TrimSpace(bad)), nil, 250)
	if len(job.Errors) != maxErrors || *job.Errors[0].Line != 4 || *job.Errors[99].Line != 103 || *job.Errors[0].Channel != "one.example" || job.ProgramsRead != 251 {
		t.Errorf("%d errors: %s", len(job.Errors), encoded(t, job))
	}
	if got := b.schedule(one); got != "18:00-19:00 A" {
		t.Error(got)
	}
}

// Documents that are no listings fail the import with a reason, and change nothing.
func TestRefusedDocumentsChangeNothing(t *testing.T) {
	b := setupImports(t)
	one := b.channel("One", "one.example")
	good := tv("one.example: 18:00-19:00 A, 19:00-20:00 B")
	b.completed(good, nil, 0)
	ids, head := b.ids(one), b.Head()
	for name, source := range map[string]string{
		"empty list":  "<tv></tv>",
		"html":        "<!DOCTYPE html>\n<html><body>502 Bad Gateway</body></html>",
		"json":        `[{"channel_id": "one.example"}]`,
		"truncated":   tv("one.example: 18:00-19:00 C, 19:00-20:00 D")[:200],
		"cut":         strings.TrimSuffix(tv("one.example: 18:00-19:00 C"), "</tv>\n"),
		"junk behind": tv("one.example: 18:00-19:00 C") + "<tv>",
		"nul":         strings.Replace(good, "News", "Ne\x00ws", 1) + "\x00",
		"text":        "not found",
	} {
		job := b.imported(source, nil)
		if job.Status != importFailed || job.ErrorCount == 0 || job.Errors[0].Code == "" || job.Errors[0].Message == "" || job.CompletedAt == nil {
			t.Errorf("%s: %s", name, encoded(t, job))
		}
		if n := valueOf[int](b, `SELECT count(*) FROM epg_staged`); n != 0 {
			t.Errorf("%s: %d programmes are left on the stage", name, n)
		}
	}
	if b.ids(one) != ids || b.Head() != head {
		t.Error("the schedule changed")
	}
}

func TestJSONImport(t *testing.T) {
	b := setupImports(t)
	one := b.channel("One")
	program := func(start, end, more string) string {
		return `{"channel_id": "` + one.String() + `", "title": "A", "start_time": "2026-03-02T` + start + `:00Z", "end_time": "2026-03-02T` + end + `:00Z"` + more + `}`
	}
	list := "[" + program("18:00", "19:00", `, "is_live": false, "is_catchup_available": true, "catchup_blocked": true`) + ",\n" + program("19:00", "20:00", `, "nonsense": 1`) + "]"
	job := b.run(b.asked(object{"format": "json", "source": list}))
	if job.Status != importCompleted || job.ErrorCount != 1 || *job.Errors[0].Line != 2 || b.schedule(one) != "18:00-19:00 A" {
		t.Errorf("%s", encoded(t, job))
	}
	if blocked := valueOf[bool](b, `SELECT catchup_blocked FROM programs`); !blocked {
		t.Error("catchup_blocked was lost")
	}
	id := b.ids(one)
	moved := "[" + program("20:00", "21:00", `, "id": "`+id+`"`) + "]"
	b.run(b.asked(object{"format": "json", "source": moved}))
	if b.ids(one) != id || b.schedule(one) != "20:00-21:00 A" {
		t.Errorf("a programme named by id: %s", b.schedule(one))
	}
}

// A programme that is linked to content that is not there is refused, as by the API; null and nothing leave what an editor set.
func TestLinkedContentOfAnImport(t *testing.T) {
	b := setupImports(t)
	one, film := b.channel("One"), b.Movies(1, "published")[0]
	program := func(start, end, linked string) string {
		return `{"channel_id": "` + one.String() + `", "title": "A", "start_time": "2026-03-02T` + start + `:00Z", "end_time": "2026-03-02T` + end + `:00Z"` + linked + `}`
	}
	f := func(want string, errors int64, programs ...string) {
		t.Helper()
		job := b.run(b.asked(object{"format": "json", "source": "[" + strings.Join(programs, ",\n") + "]"}))
		linked := valueOf[string](b, `SELECT coalesce(string_agg(coalesce(linked_vod_id::text, '-'), ' ' ORDER BY start_time), '') FROM programs`)
		if job.Status != importCompleted || job.ErrorCount != errors || linked != want {
			t.Errorf("%s; linked to %s", encoded(t, job), linked)
		}
		if e := job.Errors; errors > 0 && (*e[0].Line != 2 || e[0].Code != "invalid_program" || !strings.Contains(e[0].Message, "linked_vod_id")) {
			t.Errorf("%s", encoded(t, e))
		}
	}
	f(film.String(), 1, program("18:00", "19:00", `, "linked_vod_id": "`+film.String()+`"`), program("19:00", "20:00", `, "linked_vod_id": "`+uuid.NewString()+`"`))
	f(film.String(), 0, program("18:00", "19:00", `, "linked_vod_id": null`))
	f(film.String(), 0, program("18:00", "19:00", ""))
}

// A programme that is skipped ends the one before it, which does not say when it ends.
func TestSkippedProgrammeEndsTheOneBefore(t *testing.T) {
	b := setupImports(t)
	one := b.channel("One", "one.example")
	job := b.completed(tv(`<programme start="20260302180000" channel="one.example"><title>A</title></programme>`,
		`<programme start="20260302190000" channel="one.example"></programme>`, "one.example: 20:00-21:00 B"), nil, 1)
	if got := b.schedule(one); got != "18:00-19:00 A, 20:00-21:00 B" || job.ProgramsRead != 3 || job.ProgramsImported != 2 {
		t.Errorf("%s; %s", got, encoded(t, job))
	}
}

func TestImportsOfThirtyDaysAgoAreForgotten(t *testing.T) {
	b := setupImports(t)
	b.channel("One", "one.example")
	source := tv("one.example: 18:00-19:00 A")
	old, young, open := b.completed(source, nil, 0), b.completed(source, nil, 0), b.asked(object{"format": "xmltv", "source": source})
	b.Exec(`UPDATE epg_imports SET completed_at = now() - interval '31 days' WHERE id = $1`, old.ID)
	for _, id := range []uuid.UUID{young.ID, open, uuid.New()} {
		b.Exec(`INSERT INTO epg_staged SELECT $1, 0, n, '{}' FROM generate_series(1, 3) n`, id)
	}
	if err := b.d.TidyImports(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	b.Do(apitest.Request{Method: "GET", Path: importPathOf + "/" + old.ID.String(), Access: readGuide}).Want(404)
	b.job(young.ID)
	b.job(open)
	if left := valueOf[string](b, `SELECT string_agg(DISTINCT import_id::text, ' ') FROM epg_staged`); left != open.String() {
		t.Errorf("on the stage: %s", left)
	}
	if n := valueOf[int](b, `SELECT count(*) FROM epg_import_channels`); n != 1 {
		t.Errorf("%d channels of imports", n)
	}
}

// A feed of which every programme is bad fails, and changes nothing.
func TestAFeedWithoutAUsableProgrammeFails(t *testing.T) {
	t.Parallel()
	b := setupImports(t)
	one := b.channel("One", "one.example")
	b.completed(tv("one.example: 18:00-19:00 A"), nil, 0)
	before := b.schedule(one)
	job := b.imported(tv("one.example: 18:00-18:00 A, 20:00-20:00 B"), nil)
	if job.Status != importFailed || codes(job) != "no_usable_program, zero_length one.example, zero_length one.example" || b.schedule(one) != before {
		t.Errorf("%s %s; the schedule is %s", job.Status, codes(job), b.schedule(one))
	}
}
