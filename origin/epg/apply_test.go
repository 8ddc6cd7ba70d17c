package epg

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/record"
	"encora/origin/vocab"
)

// try applies a feed in a transaction of its own.
func (b *guideBundle) try(channel uuid.UUID, replace bool, feed ...Incoming) (Diff, error) {
	b.t.Helper()
	var diff Diff
	err := b.DB.Write(b.t.Context(), func(tx pgx.Tx) error {
		w := record.Begin(tx, record.System("test"), b.Now())
		var err error
		if diff, err = b.d.apply(b.t.Context(), w, channel, feed, replace, nil); err != nil {
			return err
		}
		return w.Commit(b.t.Context())
	})
	return diff, err
}

func (b *guideBundle) apply(channel uuid.UUID, replace bool, feed ...Incoming) Diff {
	b.t.Helper()
	diff, err := b.try(channel, replace, feed...)
	if err != nil {
		b.t.Fatal(err)
	}
	if n := diff.Created + diff.Updated + diff.Deleted; len(diff.Changes) != min(n, maxChanges) {
		b.t.Fatalf("%d changes, of %d are told", n, len(diff.Changes))
	}
	return diff
}

// all reads everything that is stored of a channel.
func (b *guideBundle) all(channel uuid.UUID) []program {
	b.t.Helper()
	rows, err := b.DB.Pool().Query(b.t.Context(), `SELECT `+programColumns+` FROM programs p WHERE channel_id = $1 ORDER BY start_time, end_time, id`, channel)
	if err != nil {
		b.t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[program])
	if err != nil {
		b.t.Fatal(err)
	}
	return found
}

// lines writes programmes as "18:00-19:30 Title", with the letter that names gives to the id.
func (b *guideBundle) lines(channel uuid.UUID, names map[uuid.UUID]string) string {
	b.t.Helper()
	var lines []string
	for _, p := range b.all(channel) {
		line := p.StartTime.Format("15:04") + "-" + p.EndTime.Format("15:04") + " " + p.Title
		if name := names[p.ID]; name != "" {
			line = name + ":" + line
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, ", ")
}

// incoming reads "18:00-19:30 Title", with " S1E2" after it for an episode.
func incoming(line string) Incoming {
	slot, title, _ := strings.Cut(strings.TrimSpace(line), " ")
	from, to, _ := strings.Cut(slot, "-")
	p := Incoming{Start: clock(from), End: clock(to)}
	if i := strings.LastIndex(title, " S"); i >= 0 {
		var season, episode int
		if n, _ := fmt.Sscanf(title[i:], " S%dE%d", &season, &episode); n == 2 {
			title, p.Season, p.Episode = title[:i], &season, &episode
		}
	}
	p.Title = title
	return p
}

func clock(text string) time.Time {
	at, err := time.Parse("15:04", text)
	if err != nil {
		panic(err)
	}
	return noon.Truncate(24 * time.Hour).Add(time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute)
}

func feedOf(text string) []Incoming {
	var feed []Incoming
	for line := range strings.SplitSeq(text, ",") {
		feed = append(feed, incoming(line))
	}
	return feed
}

// Each case has a schedule, whose programmes are named a, b, c … in their order, a feed, and what is to become of them.
func TestApply(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	for _, c := range []struct{ name, stored, feed, want string }{
		{"the same", "10:00-11:00 News, 11:00-12:00 Film", "10:00-11:00 News, 11:00-12:00 Film", "a:10:00-11:00 News, b:11:00-12:00 Film"},
		{"unsorted", "10:00-11:00 News, 11:00-12:00 Film", "11:00-12:00 Film, 10:00-11:00 News", "a:10:00-11:00 News, b:11:00-12:00 Film"},
		{"another", "10:00-11:00 News", "10:00-11:00 Football", "10:00-11:00 Football"},
		{"folded", "10:00-11:00 Amélie: the film", "10:00-11:00 AMELIE – The Film", "a:10:00-11:00 AMELIE – The Film"},
		{"moved", "10:00-11:00 News, 11:00-12:00 Film", "10:00-11:10 News, 11:10-12:10 Film", "a:10:00-11:10 News, b:11:10-12:10 Film"},
		{"moved by three hours", "10:00-11:00 Film, 13:00-13:30 News", "10:00-10:30 News, 13:00-14:00 Film", "b:10:00-10:30 News, a:13:00-14:00 Film"},
		{"moved by more", "10:00-11:00 Film, 13:30-14:00 News", "10:00-10:30 Other, 13:01-14:00 Film", "10:00-10:30 Other, 13:01-14:00 Film"},
		{"all of one title moved", "10:00-11:00 News, 11:00-12:00 News, 12:00-13:00 News", "10:05-11:05 News, 11:05-12:05 News, 12:05-13:05 News",
			"a:10:05-11:05 News, b:11:05-12:05 News, c:12:05-13:05 News"},
		{"one more of one title", "10:00-11:00 News, 11:30-12:00 News", "10:00-11:00 News, 11:05-11:10 News, 11:31-12:00 News",
			"a:10:00-11:00 News, 11:05-11:10 News, b:11:31-12:00 News"},
		{"none passes another", "09:00-09:30 News, 10:00-10:30 News, 11:00-11:30 News", "09:00-09:10 Other, 10:00-10:30 News, 11:00-11:30 News, 12:00-12:30 News",
			"09:00-09:10 Other, b:10:00-10:30 News, c:11:00-11:30 News, 12:00-12:30 News"},
		{"episodes shifted", "10:00-11:00 Serial S1E1, 11:00-12:00 Serial S1E2, 12:00-13:00 Serial S1E3",
			"10:00-11:00 Special, 11:00-12:00 Serial S1E1, 12:00-13:00 Serial S1E2, 13:00-14:00 Serial S1E3",
			"10:00-11:00 Special, a:11:00-12:00 Serial, b:12:00-13:00 Serial, c:13:00-14:00 Serial"},
		{"another episode instead", "10:00-11:00 Serial S1E1, 11:00-12:00 Film", "10:10-11:00 Serial S1E2, 11:00-12:00 Film", "a:10:00-10:10 Serial, 10:10-11:00 Serial, b:11:00-12:00 Film"},
		{"episode corrected", "10:00-11:00 Serial S1E1", "10:00-11:00 Serial S1E2", "a:10:00-11:00 Serial"},
		{"episode added", "10:00-11:00 Serial", "10:15-11:15 Serial S1E2", "a:10:15-11:15 Serial"},
		{"title corrected", "10:00-11:00 Inspektor Morse", "10:00-11:00 Inspector Morse", "a:10:00-11:00 Inspector Morse"},
		{"title prolonged", "10:00-11:00 Horizon", "10:00-11:00 Horizon: Why do we dream?", "a:10:00-11:00 Horizon: Why do we dream?"},
		{"hole filled", "10:00-11:00 A, 12:00-13:00 B", "10:00-11:00 A, 11:00-12:00 New, 12:00-13:00 B", "a:10:00-11:00 A, 11:00-12:00 New, b:12:00-13:00 B"},
		{"dropped", "10:00-11:00 A, 11:00-12:00 Gone, 12:00-13:00 B", "10:00-11:00 A, 12:00-13:00 B", "a:10:00-11:00 A, c:12:00-13:00 B"},
		{"around the range", "08:00-09:00 Before, 09:00-10:00 At, 11:00-12:00 End", "10:00-11:00 New", "a:08:00-09:00 Before, b:09:00-10:00 At, 10:00-11:00 New, c:11:00-12:00 End"},
		{"cut off", "09:00-10:30 Before, 10:30-11:00 In", "10:00-11:00 New", "a:09:00-10:00 Before, 10:00-11:00 New"},
		{"cut off though of the same title", "09:00-10:30 News", "10:00-11:00 News", "a:09:00-10:00 News, 10:00-11:00 News"},
		{"the first moved to later", "10:00-11:00 News, 11:00-12:00 Film", "10:05-11:00 News, 11:00-12:00 Film", "a:10:05-11:00 News, b:11:00-12:00 Film"},
		{"runs out of the range", "10:30-13:00 Long", "10:00-11:00 New", "10:00-11:00 New"},
		{"overlapping", "10:00-12:00 Long, 11:00-11:05 Flash", "10:00-12:00 Long, 11:00-11:05 Flash", "a:10:00-12:00 Long, b:11:00-11:05 Flash"},
		{"the end is of the longest", "10:00-12:00 Long, 11:30-11:45 Gone", "10:00-12:00 Long, 11:00-11:05 Flash", "a:10:00-12:00 Long, 11:00-11:05 Flash"},
	} {
		t.Run(c.name, func(t *testing.T) {
			channel, names := b.scheduled(c.stored)
			b.apply(channel, true, feedOf(c.feed)...)
			if got := b.lines(channel, names); got != c.want {
				t.Errorf("the schedule is %q, want %q", got, c.want)
			}
			head := b.Head()
			if again := b.apply(channel, true, feedOf(c.feed)...); again.Unchanged != len(feedOf(c.feed)) || len(again.Changes) > 0 || b.Head() != head {
				t.Errorf("the same feed again: %+v", again)
			}
		})
	}
}

// scheduled makes a channel with a schedule, and names its programmes a, b, c …
func (b *guideBundle) scheduled(text string) (uuid.UUID, map[uuid.UUID]string) {
	b.t.Helper()
	channel, names := b.channel(true, 0), map[uuid.UUID]string{}
	b.apply(channel, true, feedOf(text)...)
	for i, p := range b.all(channel) {
		names[p.ID] = string(rune('a' + i))
	}
	return channel, names
}

func TestApplyWithoutReplacing(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	for _, c := range []struct{ name, stored, feed, want string }{
		{"adds", "10:00-11:00 A, 12:00-13:00 B", "11:00-12:00 New", "a:10:00-11:00 A, 11:00-12:00 New, b:12:00-13:00 B"},
		{"leaves what overlaps", "10:00-11:00 A, 11:00-12:00 B", "10:30-11:30 New", "a:10:00-11:00 A, 10:30-11:30 New, b:11:00-12:00 B"},
		{"moves what it overlaps", "10:00-11:00 News, 11:00-12:00 B", "10:15-11:15 News", "a:10:15-11:15 News, b:11:00-12:00 B"},
		{"leaves others of the title", "09:00-09:30 News, 11:00-11:30 News", "10:00-10:30 News", "a:09:00-09:30 News, 10:00-10:30 News, b:11:00-11:30 News"},
	} {
		t.Run(c.name, func(t *testing.T) {
			channel, names := b.scheduled(c.stored)
			b.apply(channel, false, feedOf(c.feed)...)
			if got := b.lines(channel, names); got != c.want {
				t.Errorf("the schedule is %q, want %q", got, c.want)
			}
			if again := b.apply(channel, false, feedOf(c.feed)...); again.Unchanged != len(feedOf(c.feed)) || len(again.Changes) > 0 {
				t.Errorf("the same feed again: %+v", again)
			}
		})
	}
}

func TestApplyByID(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	channel, names := b.scheduled("08:00-09:00 A, 10:00-11:00 B")
	other := b.program(b.channel(true, 0), "Elsewhere", clock("10:00"), clock("11:00"))
	a := b.all(channel)[0].ID
	moved := incoming("20:00-21:00 Renamed")
	moved.ID = a
	foreign := incoming("21:00-22:00 C")
	foreign.ID = other
	twice := incoming("22:00-23:00 D")
	twice.ID = a
	diff := b.apply(channel, true, moved, foreign, twice)
	if got, want := b.lines(channel, names), "b:10:00-11:00 B, a:20:00-21:00 Renamed, 21:00-22:00 C, 22:00-23:00 D"; got != want {
		t.Errorf("the schedule is %q, want %q", got, want)
	}
	if diff.Created != 2 || diff.Updated != 1 || diff.Changes[0].Action != "moved" || *diff.Changes[0].ProgramID != a || diff.Changes[0].FromStartTime == nil || diff.Changes[1].ProgramID != nil {
		t.Errorf("diff %+v", diff)
	}
	if again := b.apply(channel, true, moved, foreign, twice); again.Unchanged != 3 {
		t.Errorf("again: %+v", again)
	}
}

// What editors set stays, unless the feed says otherwise.
func TestApplyKeepsWhatEditorsSet(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	channel, _ := b.scheduled("10:00-11:00 Film")
	film, other := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	b.Exec(`UPDATE programs SET linked_vod_id = $1, catchup_blocked = true`, film)
	if diff := b.apply(channel, true, incoming("10:00-11:00 Film")); diff.Unchanged != 1 {
		t.Errorf("a feed that says nothing of them: %+v", diff)
	}
	p := incoming("10:00-11:00 Film")
	p.Description, p.Categories, p.Images = "New", []string{"Drama, \"quoted\"", "é"}, vocab.ImageSet{PosterURL: "https://cdn.example.com/<p>.jpg"}
	p.Language, p.ContentRating = "en-GB", "PG"
	if diff := b.apply(channel, true, p); diff.Updated != 1 || diff.Changes[0].Action != "updated" {
		t.Errorf("diff %+v", diff)
	}
	stored := b.all(channel)[0]
	if *stored.LinkedVODID != film || !stored.CatchupBlocked || stored.Description != "New" || !slices.Equal(stored.Categories, p.Categories) || stored.Images != p.Images ||
		stored.Language != "en-GB" || stored.ContentRating != "PG" {
		t.Errorf("stored %+v", stored)
	}
	open := false
	p.LinkedVODID, p.CatchupBlocked = &other, &open
	if got := b.during(func() { b.apply(channel, true, p) }); got != tagSchedule(channel) {
		t.Errorf("emits %q", got)
	}
	if stored := b.all(channel)[0]; *stored.LinkedVODID != other || stored.CatchupBlocked {
		t.Errorf("stored %+v", stored)
	}
	blocked := true
	p.CatchupBlocked = &blocked
	if got := b.during(func() { b.apply(channel, true, p) }); got != "!"+tagSchedule(channel) {
		t.Errorf("blocking emits %q", got)
	}
}

func TestApplyTellsCaches(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	seen, hidden := b.channel(true, 0), b.channel(false, 0)
	f := func(channel uuid.UUID, feed, want string) {
		t.Helper()
		if got := b.during(func() { b.apply(channel, true, feedOf(feed)...) }); got != want {
			t.Errorf("%s emits %q, want %q", feed, got, want)
		}
	}
	f(seen, "10:00-11:00 A", tagSchedule(seen))
	f(seen, "10:00-11:00 A", "")
	f(seen, "10:00-11:00 Z", tagSchedule(seen))
	f(hidden, "10:00-11:00 A", "")
}

func TestApplyRefuses(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	channel := b.channel(true, 0)
	if _, err := b.try(uuid.Must(uuid.NewV7()), true, incoming("10:00-11:00 A")); !errors.Is(err, ErrNoChannel) {
		t.Errorf("an unknown channel: %v", err)
	}
	if diff := b.apply(channel, true); diff.Created+diff.Unchanged > 0 {
		t.Errorf("an empty feed: %+v", diff)
	}
	for name, change := range map[string]func(*Incoming){
		"blank title": func(p *Incoming) { p.Title = " " },
		"long title":  func(p *Incoming) { p.Title = strings.Repeat("é", 256) },
		"long text":   func(p *Incoming) { p.Description = strings.Repeat("é", 2001) },
		"no time":     func(p *Incoming) { p.End = p.Start.Add(999 * time.Millisecond) },
		"too long":    func(p *Incoming) { p.End = p.Start.Add(maxDuration + time.Second) },
		"year 0": func(p *Incoming) {
			p.Start, p.End = time.Date(0, 12, 31, 23, 0, 0, 0, time.UTC), time.Date(1, 1, 1, 1, 0, 0, 0, time.UTC)
		},
		"no UTF-8":     func(p *Incoming) { p.Title = "\xff" },
		"NUL":          func(p *Incoming) { p.Categories = []string{"a\x00"} },
		"many seasons": func(p *Incoming) { n := 1 << 40; p.Season = &n },
	} {
		p := incoming("10:00-11:00 A")
		change(&p)
		if _, err := b.try(channel, true, incoming("11:00-12:00 B"), p); err == nil || p.Fault() == "" {
			t.Errorf("%s: %v, %q", name, err, p.Fault())
		}
	}
	longest := incoming("10:00-11:00 " + strings.Repeat("é", 255))
	longest.End = longest.Start.Add(maxDuration)
	b.apply(channel, true, longest)
}

func TestIngestSchedule(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	channel := b.channel(true, 0)
	ingest := func() Diff {
		t.Helper()
		diff, err := b.d.IngestSchedule(t.Context(), record.System("test"), b.Now(), channel, feedOf("10:00-11:00 A, 11:00-12:00 B"))
		if err != nil {
			t.Fatal(err)
		}
		return diff
	}
	if got := b.during(func() { ingest() }); got != tagSchedule(channel) {
		t.Errorf("emits %q", got)
	}
	if diff := ingest(); diff.Unchanged != 2 {
		t.Errorf("again: %+v", diff)
	}
	if got := b.Actions(); !slices.Equal(got, []string{"epg.imported"}) {
		t.Errorf("audited as %q", got)
	}
	if _, err := b.d.IngestSchedule(t.Context(), record.System("test"), b.Now(), uuid.Nil, feedOf("10:00-11:00 A")); !errors.Is(err, ErrNoChannel) {
		t.Errorf("an unknown channel: %v", err)
	}
}

// Whatever was there, after a feed its range holds the feed, and nothing else has changed; small moves keep the ids.
func TestApplyAnything(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 7))
		channel := b.channel(seed%2 == 0, 0)
		for range 4 {
			feed := randomFeed(r)
			before := b.all(channel)
			b.apply(channel, true, feed...)
			b.holds(seed, channel, before, feed)
			head := b.Head()
			if again := b.apply(channel, true, feed...); again.Unchanged != len(feed) || len(again.Changes) > 0 || b.Head() != head {
				t.Fatalf("seed %d: again: %+v", seed, again)
			}
		}
	}
}

// randomFeed has few titles and many overlaps.
func randomFeed(r *rand.Rand) []Incoming {
	at := noon.Add(time.Duration(r.IntN(48)) * time.Hour)
	var feed []Incoming
	for range 1 + r.IntN(30) {
		length := time.Duration(1+r.IntN(24)) * 5 * time.Minute
		p := Incoming{Title: []string{"News", "NEWS!", "Film", "Serial", "Séance"}[r.IntN(5)], Start: at, End: at.Add(length), Description: fmt.Sprint(r.IntN(3))}
		if r.IntN(3) == 0 {
			season, episode := 1, r.IntN(4)
			p.Season, p.Episode = &season, &episode
		}
		feed = append(feed, p)
		at = at.Add(length + time.Duration(r.IntN(5)-2)*5*time.Minute)
	}
	r.Shuffle(len(feed), func(i, j int) { feed[i], feed[j] = feed[j], feed[i] })
	return feed
}

// holds checks a schedule after a feed against what it was.
func (b *guideBundle) holds(seed uint64, channel uuid.UUID, before []program, feed []Incoming) {
	b.t.Helper()
	from := slices.MinFunc(feed, func(x, y Incoming) int { return x.Start.Compare(y.Start) }).Start
	to := slices.MaxFunc(feed, func(x, y Incoming) int { return x.End.Compare(y.End) }).End
	var want, got []string
	for i := range feed {
		p := feed[i].onto(program{})
		want = append(want, describe(&p))
	}
	after := map[uuid.UUID]program{}
	for _, p := range b.all(channel) {
		after[p.ID] = p
		if p.StartTime.Before(to) && p.EndTime.After(from) {
			got = append(got, describe(&p))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		b.t.Fatalf("seed %d: the range holds %q, want %q", seed, got, want)
	}
	for _, p := range before {
		now, kept := after[p.ID]
		cut := p
		cut.EndTime = from
		switch {
		case !p.StartTime.Before(to) || !p.EndTime.After(from):
			if !kept || !same(&p, &now) {
				b.t.Fatalf("seed %d: %s is outside of the range and became %s", seed, describe(&p), describe(&now))
			}
		case p.StartTime.Before(from):
			if !kept || !same(&cut, &now) && now.StartTime.Before(from) {
				b.t.Fatalf("seed %d: %s runs into the range and became %s", seed, describe(&p), describe(&now))
			}
		}
		delete(after, p.ID)
	}
	for _, p := range after {
		if !p.StartTime.Before(to) || !p.EndTime.After(from) {
			b.t.Fatalf("seed %d: %s is new outside of the range", seed, describe(&p))
		}
	}
}

func describe(p *program) string {
	episode := "-"
	if p.EpisodeNumber != nil {
		episode = fmt.Sprint(*p.SeasonNumber, *p.EpisodeNumber)
	}
	return fmt.Sprintf("%s %s %s %s %s", p.StartTime.Format(time.DateTime), p.EndTime.Format(time.DateTime), p.Title, episode, p.Description)
}

// A day of many titles moves a little, here and there, and every programme keeps its id.
func TestSmallMovesKeepIDs(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 8))
		var feed []Incoming
		for i := range 60 {
			at := noon.Add(time.Duration(i) * 30 * time.Minute)
			feed = append(feed, Incoming{Title: fmt.Sprint("Programme ", i%12), Start: at, End: at.Add(30 * time.Minute)})
		}
		channel := b.channel(true, 0)
		b.apply(channel, true, feed...)
		ids := func() []uuid.UUID {
			var ids []uuid.UUID
			for _, p := range b.all(channel) {
				ids = append(ids, p.ID)
			}
			return ids
		}
		before := ids()
		late := time.Duration(0)
		for i := range feed {
			feed[i].Start = feed[i].Start.Add(late)
			late = max(0, late+time.Duration(r.IntN(7)-2)*time.Minute)
			feed[i].End = feed[i].End.Add(late)
		}
		if diff := b.apply(channel, true, feed...); diff.Created+diff.Deleted > 0 || diff.Updated == 0 || !slices.Equal(ids(), before) {
			t.Errorf("seed %d: %+v", seed, diff)
		}
	}
}

// Feeds that no station sends are applied in bounded time, and the same feed again still changes nothing.
func TestApplyManyOfOneTitle(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	channel := b.channel(true, 0)
	feed := make([]Incoming, 5000)
	for i := range feed {
		at := noon.Add(time.Duration(i) * 10 * time.Second)
		feed[i] = Incoming{Title: "Clip", Start: at, End: at.Add(10 * time.Second)}
	}
	if diff := b.apply(channel, true, feed...); diff.Created != 5000 || len(diff.Changes) != maxChanges {
		t.Errorf("%d created, %d told", diff.Created, len(diff.Changes))
	}
	if again := b.apply(channel, true, feed...); again.Unchanged != 5000 {
		t.Errorf("again: %d unchanged", again.Unchanged)
	}
	before := b.all(channel)
	for i := range feed {
		feed[i].Start, feed[i].End = feed[i].Start.Add(3*time.Second), feed[i].End.Add(3*time.Second)
	}
	diff := b.apply(channel, true, feed...)
	if after := b.all(channel); diff.Updated != 5000 || before[0].ID != after[0].ID || before[4999].ID != after[4999].ID {
		t.Errorf("moved: %d created, %d updated, %d deleted", diff.Created, diff.Updated, diff.Deleted)
	}
}

// Programmes that nothing but their texts tells apart are found again, each as it is.
func TestApplyTwins(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	channel := b.channel(true, 0)
	var feed []Incoming
	for i := range 3 * maxTwins {
		p := incoming("10:00-11:00 Twin")
		p.Description = fmt.Sprint(i)
		feed = append(feed, p)
	}
	again := func() {
		t.Helper()
		if diff := b.apply(channel, true, feed...); diff.Unchanged != len(feed) || len(diff.Changes) > 0 {
			t.Errorf("again: %d unchanged, %d updated", diff.Unchanged, diff.Updated)
		}
	}
	b.apply(channel, true, feed...)
	again()
	feed = feed[:maxTwins]
	b.apply(channel, true, feed...)
	slices.Reverse(feed)
	again()
}

// A feed waits for an editor who holds a programme, and an editor for a feed: neither loses what the other wrote.
func TestFeedsTakeTurns(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	channel := b.channel(true, 0)
	one, other := feedOf("10:00-11:00 A, 11:00-12:00 B"), feedOf("10:00-10:30 X, 10:30-12:00 Y")
	done := make(chan error, 8)
	for i := range 8 {
		feed := one
		if i%2 == 0 {
			feed = other
		}
		go func() {
			_, err := b.d.IngestSchedule(context.WithoutCancel(t.Context()), record.System("test"), b.Now(), channel, feed)
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if got := b.lines(channel, nil); got != "10:00-11:00 A, 11:00-12:00 B" && got != "10:00-10:30 X, 10:30-12:00 Y" {
		t.Errorf("the schedule is %q", got)
	}
}

func TestFoldAndSimilar(t *testing.T) {
	for title, want := range map[string]string{"Amélie": "amelie", " The  A-Team! ": "theateam", "七人の侍": "七人の侍", "???": "???", "ＮＥＷＳ": "news", "Straße": "straße"} {
		if got := fold(title); got != want {
			t.Errorf("fold(%q) = %q, want %q", title, got, want)
		}
	}
	for _, c := range []struct {
		a, b string
		want bool
	}{{"horizon", "horizonwhydowedream", true}, {"news", "film", false}, {"inspektormorse", "inspectormorse", true}, {"abc", "abcdefghi", false},
		{"", "x", false}, {"eastenders", "emmerdale", false}, {"gardnersworld", "gardenersworld", true}} {
		if got := similar(c.a, c.b); got != c.want || similar(c.b, c.a) != c.want {
			t.Errorf("similar(%q, %q) = %v", c.a, c.b, got)
		}
	}
}
