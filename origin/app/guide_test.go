package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"encora/origin/ingest"
	"encora/origin/pgdb"
	"encora/origin/pgtest"
	"encora/origin/seeded"
)

// guideAt carries some of the demo's channels and their schedule on as of an instant, and returns what was printed.
func guideAt(t *testing.T, databaseURL string, now time.Time) string {
	t.Helper()
	db, err := pgdb.Open(t.Context(), databaseURL, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	stations := ingest.DemoStations()
	some := slices.Concat(stations[:2], stations[16:17], stations[18:20]) // with gaps, without schedule, with overlaps
	var out bytes.Buffer
	g := guideSeed{name: "demo", count: len(some), stations: slices.Values(some), once: &seeded.Marks{DB: db}, now: now, back: 2, ahead: 3}
	if err := g.load(t.Context(), &program{out: &out, err: io.Discard}, newDomains(db, nil, "")); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

const everyProgramme = `SELECT concat_ws('|', c.source_key, p.id, p.title, p.start_time, p.end_time) FROM programs p JOIN channels c ON c.id = p.channel_id ORDER BY 1`

func TestScheduleGoesOnDayByDay(t *testing.T) {
	t.Parallel()
	db := pgtest.URL(t)
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	wants(t, guideAt(t, db, noon), "demo channels: 5 created", "programmes added, of 24 days of 4 channels\n")
	before := rowsOf(t, db, everyProgramme)
	wants(t, guideAt(t, db, noon.Add(time.Minute)), "demo channels: brought in already\n", "demo schedule: complete already\n")
	if !slices.Equal(rowsOf(t, db, everyProgramme), before) {
		t.Error("seeding again changed the schedule")
	}
	wants(t, guideAt(t, db, noon.Add(48*time.Hour)), "programmes added, of 8 days of 4 channels\n")
	after := rowsOf(t, db, everyProgramme)
	for _, p := range before {
		if _, found := slices.BinarySearch(after, p); !found {
			t.Errorf("two days later it is not what it was: %s", p)
		}
	}
	if len(after) <= len(before) {
		t.Errorf("%d programmes, then %d", len(before), len(after))
	}
}

func TestSeedingLeavesWhatEditorsDid(t *testing.T) {
	t.Parallel()
	db := pgtest.URL(t)
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	guideAt(t, db, noon)
	edited := rowsOf(t, db, `
		WITH one AS (SELECT channel_id, id FROM programs ORDER BY start_time, id LIMIT 1)
		UPDATE programs p SET title = 'Edited' FROM one WHERE p.channel_id = one.channel_id AND p.id = one.id RETURNING p.id::text`)
	gone := rowsOf(t, db, `DELETE FROM programs WHERE title <> 'Edited' AND start_time < '2026-03-02' AND start_time >= '2026-03-01 18:00' RETURNING id::text`)
	if len(edited) != 1 || len(gone) == 0 {
		t.Fatal(edited, gone)
	}
	wants(t, guideAt(t, db, noon.Add(24*time.Hour)), "programmes added, of 4 days of 4 channels\n")
	if got := rowsOf(t, db, `SELECT title FROM programs WHERE id = $1::uuid`, edited[0]); !slices.Equal(got, []string{"Edited"}) {
		t.Errorf("the edited programme is %q", got)
	}
	const q = `SELECT count(*)::text FROM programs WHERE start_time < '2026-03-02' AND start_time >= '2026-03-01 18:00'`
	if got := rowsOf(t, db, q); got[0] != "0" {
		t.Errorf("%s programmes that were deleted are back", got[0])
	}
}

func TestSeedingAgainBringsNothingBack(t *testing.T) {
	t.Parallel()
	db := pgtest.URL(t)
	if status, text := runOrigin(t, db, "seed", "--demo"); status != 0 {
		t.Fatalf("status %d: %s", status, text)
	}
	for _, q := range []string{
		`DELETE FROM channels WHERE source_key = 'demo:public-square' RETURNING slug`,
		`DELETE FROM programs p USING (SELECT id FROM channels ORDER BY source_key LIMIT 2) c WHERE p.channel_id = c.id AND p.start_time > now() RETURNING title`,
		`DELETE FROM movies WHERE source_key = (SELECT min(source_key) FROM movies) RETURNING slug`,
	} {
		if gone := rowsOf(t, db, q); len(gone) == 0 {
			t.Fatal("there was nothing to delete", q)
		}
	}
	const films = `SELECT source_key FROM movies UNION ALL SELECT source_key FROM channels ORDER BY 1`
	before, schedule := rowsOf(t, db, films), rowsOf(t, db, everyProgramme)
	status, text := runOrigin(t, db, "seed", "--demo")
	if status != 0 {
		t.Fatalf("again: status %d: %s", status, text)
	}
	wants(t, text, "demo catalogue: brought in already\n", "demo channels: brought in already\n", "demo schedule: complete already\n")
	if got := rowsOf(t, db, films); !slices.Equal(got, before) {
		t.Errorf("%d films and channels, then %d", len(before), len(got))
	}
	if got := rowsOf(t, db, everyProgramme); !slices.Equal(got, schedule) {
		t.Errorf("%d programmes, then %d", len(schedule), len(got))
	}
}

func TestChannelsOfEarlierDemosGetStreams(t *testing.T) {
	t.Parallel()
	db := pgtest.URL(t)
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	guideAt(t, db, noon)
	const streams = `SELECT concat_ws(' ', c.source_key, a.hls_path) FROM media_assets a JOIN channels c ON c.id = a.content_id ORDER BY 1`
	all := rowsOf(t, db, streams)
	if len(all) != 5 {
		t.Fatal(all)
	}
	rowsOf(t, db, `DELETE FROM media_assets RETURNING id::text`)
	guideAt(t, db, noon.Add(time.Hour))
	if got := rowsOf(t, db, streams); len(got) > 0 {
		t.Errorf("what editors took away is back: %q", got)
	}
	rowsOf(t, db, `DELETE FROM seeded WHERE key LIKE 'stream:%' RETURNING key`)
	rowsOf(t, db, `INSERT INTO media_assets (id, asset_type, content_type, content_id, hls_path, key_ids, status, created_at)
		SELECT id, 'video_master', 'channel', id, '/own.m3u8', '{}', 'ready', now() FROM channels ORDER BY source_key LIMIT 1 RETURNING id::text`)
	guideAt(t, db, noon.Add(2*time.Hour))
	got := rowsOf(t, db, streams)
	if len(got) != 5 || !strings.HasSuffix(got[0], " /own.m3u8") || !slices.Equal(got[1:], all[1:]) {
		t.Errorf("streams are %q, were %q", got, all)
	}
}

func TestSeedingCutsNoProgrammeShort(t *testing.T) {
	t.Parallel()
	db := pgtest.URL(t)
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	guideAt(t, db, noon)
	late := rowsOf(t, db, `
		WITH last AS (SELECT DISTINCT ON (channel_id) channel_id, id FROM programs ORDER BY channel_id, start_time DESC)
		UPDATE programs p SET end_time = p.end_time + interval '50 minutes' FROM last
		WHERE p.channel_id = last.channel_id AND p.id = last.id RETURNING concat_ws(' ', p.id, p.end_time)`)
	wants(t, guideAt(t, db, noon.Add(24*time.Hour)), "programmes added, of 4 days of 4 channels\n")
	after := rowsOf(t, db, `SELECT concat_ws(' ', id, end_time) FROM programs`)
	for _, p := range late {
		if !slices.Contains(after, p) {
			t.Errorf("it does not end as it did: %s", p)
		}
	}
	if len(late) != 4 {
		t.Error(late)
	}
}

// lasts fails unless every channel with a schedule has one for the days to come.
func lasts(t *testing.T, databaseURL string, now time.Time) {
	t.Helper()
	const q = `SELECT count(*)::text FROM (SELECT max(end_time) AS last FROM programs GROUP BY channel_id) c WHERE last >= $1::timestamptz + interval '3 days'`
	if got := rowsOf(t, databaseURL, q, now); got[0] != "4" {
		t.Errorf("%v: %s channels have a schedule for three days, want 4", now, got[0])
	}
}

func TestScheduleNeverRunsDry(t *testing.T) {
	t.Parallel()
	db := pgtest.URL(t)
	now := time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)
	for range 30 { // the programs stay up for two months
		guideAt(t, db, now)
		lasts(t, db, now)
		now = now.Add(2 * 24 * time.Hour)
	}
	for range 2 { // they are started again after a pause
		now = now.Add(20 * 24 * time.Hour)
		guideAt(t, db, now)
		lasts(t, db, now)
	}
	const gaps = `SELECT concat_ws(' ', source_key, before, start_time) FROM (
		SELECT c.source_key, p.start_time, max(p.end_time) OVER (PARTITION BY p.channel_id ORDER BY p.start_time ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
		FROM programs p JOIN channels c ON c.id = p.channel_id WHERE c.source_key = ANY($1)) s WHERE start_time > before`
	stations := ingest.DemoStations()
	if got := rowsOf(t, db, gaps, []string{stations[0].Channel.Key, stations[1].Channel.Key}); len(got) > 0 {
		t.Errorf("gaps: %q", got)
	}
	now = now.Add(100 * 24 * time.Hour)
	guideAt(t, db, now)
	const q = `SELECT count(*)::text FROM (SELECT min(start_time) AS first FROM programs
		WHERE start_time > $1::timestamptz - interval '90 days' GROUP BY channel_id) c
		WHERE first BETWEEN $1::timestamptz - interval '31 days' AND $1::timestamptz - interval '29 days'`
	if got := rowsOf(t, db, q, now); got[0] != "4" {
		t.Errorf("after a long pause %s channels have what catch-up may reach, want 4", got[0])
	}
}

func TestSeedDemo(t *testing.T) {
	t.Parallel()
	db := pgtest.URL(t)
	status, text := runOrigin(t, db, "seed", "--demo")
	if status != 0 {
		t.Fatalf("status %d: %s", status, text)
	}
	wants(t, text, "demo catalogue: 219 created", "demo channels: 40 created, 0 known already, 0 rejected\n", "of 624 days of 39 channels\n")
	f := func(want, query string) {
		t.Helper()
		if got := rowsOf(t, db, query); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, want %s", query, got, want)
		}
	}
	f("219", `SELECT count(DISTINCT content_id)::text FROM media_assets WHERE content_type = 'movie' AND asset_type = 'video_master'
		AND hls_path = '/vod/' || content_id || '/master.m3u8' AND dash_path = '/vod/' || content_id || '/manifest.mpd'`)
	f("40", `SELECT count(*)::text FROM media_assets WHERE content_type = 'channel' AND asset_type = 'video_master' AND status = 'ready'
		AND hls_path = '/live/' || content_id || '/master.m3u8' AND dash_path = '/live/' || content_id || '/manifest.mpd'`)
	f("true", `SELECT (count(*) > 100)::text FROM programs p JOIN movies m ON m.id = p.linked_vod_id AND m.title = p.title AND p.linked_vod_id IS NOT NULL`)
	f("0", `SELECT count(*)::text FROM programs p LEFT JOIN movies m ON m.id = p.linked_vod_id WHERE p.linked_vod_id IS NOT NULL AND m.id IS NULL`)
	f("38", `SELECT count(DISTINCT channel_id)::text FROM programs WHERE start_time <= now() AND end_time > now()
		AND channel_id NOT IN (SELECT id FROM channels WHERE source_key = 'demo:public-square')`)
	f("39", `SELECT count(DISTINCT channel_id)::text FROM programs WHERE start_time > now() + interval '7 days'`)
	f("39", `SELECT count(DISTINCT channel_id)::text FROM programs WHERE end_time < now() - interval '6 days'`)
}

func TestSeedGeneratedChannels(t *testing.T) {
	t.Parallel()
	db := pgtest.URL(t)
	status, text := runOrigin(t, db, "seed", "--channels", "6", "--days", "3", "--seed", "9")
	if status != 0 {
		t.Fatalf("status %d: %s", status, text)
	}
	wants(t, text, "generated channels: 6 created, 0 known already, 0 rejected\n", "of 18 days of 6 channels\n")
	status, text = runOrigin(t, db, "seed", "--channels", "6", "--days", "3", "--seed", "9")
	if status != 0 {
		t.Fatalf("again: status %d: %s", status, text)
	}
	wants(t, text, "generated channels: 0 created, 6 known already", "generated schedule: complete already\n")
	if got := rowsOf(t, db, `SELECT count(DISTINCT source_key)::text FROM channels WHERE source_key LIKE 'generated:9:%'`); got[0] != "6" {
		t.Errorf("%v channels", got)
	}
	if got := rowsOf(t, db, `SELECT count(*)::text FROM media_assets WHERE content_type = 'channel'`); got[0] != "6" {
		t.Errorf("%v streams", got)
	}
}

func TestSeedIsToldWhatToLoad(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"--demo", "--movies", "3"}, {"--movies", "3", "--channels", "3"}, {"--channels", "-1"}, {"--movies", "0"},
		{"--channels", "3", "--days", "0"}, {"--channels", "3", "--days", "367"}} {
		status, text := runOrigin(t, "postgres://nowhere/none", append([]string{"seed"}, args...)...)
		if status != 2 || !strings.Contains(text, "origin: ") {
			t.Errorf("%v: status %d, %s", args, status, text)
		}
	}
}

func TestSeedingEnds(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	db, err := pgdb.Open(t.Context(), url, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, cancel := context.WithCancel(t.Context())
	taken := 0
	stations := func(yield func(*ingest.Station) bool) {
		for _, s := range ingest.DemoStations()[:3] {
			if taken++; taken == 8 { // three channels first, then their streams, then their schedules
				cancel()
			}
			if !yield(s) {
				return
			}
		}
	}
	g := guideSeed{name: "demo", count: 3, stations: stations, now: time.Now(), back: 1, ahead: 1}
	if err := g.load(ctx, &program{out: io.Discard, err: io.Discard}, newDomains(db, nil, "")); err == nil {
		t.Error("goes on when it is told to stop")
	}
	if got := rowsOf(t, url, `SELECT count(DISTINCT channel_id)::text FROM programs`); got[0] != fmt.Sprint(1) {
		t.Errorf("%v channels have a schedule", got)
	}
}
