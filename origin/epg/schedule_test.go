package epg

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/shared/wire"
)

// page is a page of the guide as "id:titles id:titles", with the names that the test gives to channels.
func (b *guideBundle) page(path string, names map[uuid.UUID]string) (string, api.Meta) {
	b.t.Helper()
	a := b.view(path).Want(200)
	var shape struct {
		Data json.RawMessage `json:"data"`
		Meta api.Meta        `json:"meta"`
	}
	a.Decode(&shape)
	dec := json.NewDecoder(strings.NewReader(string(shape.Data)))
	var parts []string
	if _, err := dec.Token(); err != nil {
		b.t.Fatal(err)
	}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			b.t.Fatal(err)
		}
		var programs []Program
		if err := dec.Decode(&programs); err != nil || programs == nil {
			b.t.Fatalf("%v in %s", err, a.Body)
		}
		var titles []string
		for _, p := range programs {
			titles = append(titles, p.Title)
		}
		parts = append(parts, names[uuid.MustParse(token.(string))]+":"+strings.Join(titles, ","))
	}
	return strings.Join(parts, " "), shape.Meta
}

func query(from, to time.Time, more string, ids ...uuid.UUID) string {
	q := "/v2/epg?start_time=" + url.QueryEscape(from.Format(time.RFC3339Nano)) + "&end_time=" + url.QueryEscape(to.Format(time.RFC3339Nano)) + more
	for _, id := range ids {
		q += "&channel_ids=" + id.String()
	}
	return q
}

// guide is channels a to f: a with four programmes, b and c empty, d with two, e hidden, f denied in XX.
func (b *guideBundle) guide() ([]uuid.UUID, map[uuid.UUID]string) {
	b.t.Helper()
	var ids []uuid.UUID
	names := map[uuid.UUID]string{}
	for i := range 6 {
		id := b.channel(i != 4, 0)
		ids, names[id] = append(ids, id), string(rune('a'+i))
	}
	b.deny(ids[5])
	hour := func(channel int, titles string) {
		for i, title := range strings.Split(titles, "") {
			at := noon.Add(time.Duration(i) * time.Hour)
			b.program(ids[channel], title, at, at.Add(time.Hour))
		}
	}
	hour(0, "1234")
	hour(3, "56")
	hour(4, "7")
	hour(5, "8")
	return ids, names
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	ids, names := b.guide()
	day := noon.Add(24 * time.Hour)
	f := func(path, want string, more bool) string {
		t.Helper()
		got, meta := b.page(path, names)
		if got != want || meta.HasMore != more || more != (meta.NextCursor != nil) {
			t.Errorf("%s: %q, more %v; want %q, %v", path, got, meta.HasMore, want, more)
		}
		if meta.NextCursor == nil {
			return ""
		}
		return "&cursor=" + *meta.NextCursor
	}
	f(query(noon, day, "", ids...), "a:1,2,3,4 b: c: d:5,6 f:8", false)
	f(query(noon, day, "", ids[3], ids[1], ids[0], ids[3]), "d:5,6 b: a:1,2,3,4", false)
	f(query(noon, day, "", uuid.Must(uuid.NewV7()), ids[4]), "", false)
	f(query(noon.Add(time.Hour), noon.Add(2*time.Hour), "", ids...), "a:2 b: c: d:6 f:", false)
	f(query(noon.Add(time.Hour+time.Nanosecond), noon.Add(2*time.Hour+time.Nanosecond), "", ids[0]), "a:2,3", false)
	f(query(noon.Add(2*time.Hour-time.Nanosecond), noon.Add(2*time.Hour), "", ids[0]), "a:2", false)

	next := f(query(noon, day, "&limit=3", ids...), "a:1,2,3", true)
	next = f(query(noon, day, "&limit=3"+next, ids...), "a:4 b: c: d:5,6", true)
	f(query(noon, day, "&limit=3"+next, ids...), "f:8", false)
	next = f(query(noon, day, "&limit=4", ids...), "a:1,2,3,4", true)
	next = f(query(noon, day, "&limit=1"+next, ids...), "b: c: d:5", true)
	next = f(query(noon, day, "&limit=1"+next, ids...), "d:6", true)
	f(query(noon, day, "&limit=1"+next, ids...), "f:8", false)
	f(query(noon, day, "&limit=6", ids[0], ids[3], ids[1]), "a:1,2,3,4 d:5,6 b:", false)
}

func TestScheduleGoesOn(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	ids, names := b.guide()
	day := noon.Add(24 * time.Hour)
	first, meta := b.page(query(noon, day, "&limit=2", ids...), names)
	if first != "a:1,2" || meta.NextCursor == nil {
		t.Fatalf("%q, %+v", first, meta)
	}
	next := "&limit=2&cursor=" + *meta.NextCursor
	reversed := slices.Clone(ids)
	slices.Reverse(reversed)
	b.view(query(noon, day, next, reversed...)).Want(400) // in another order the page's end is another place
	if got, _ := b.page(query(noon, day, next, append(slices.Clone(ids), ids...)...), names); got != "a:3,4" {
		t.Errorf("with each channel twice: %q", got)
	}
	b.view(query(noon, day, next, ids[:3]...)).Want(400)
	b.view(query(noon, day.Add(time.Second), next, ids...)).Want(400)
	b.Exec(`UPDATE channels SET is_published = false WHERE id = $1`, ids[0])
	if got, _ := b.page(query(noon, day, next, ids...), names); got != "b: c: d:5,6" {
		t.Errorf("when its channel is gone: %q", got)
	}
	// A genuine cursor of a channel that is not asked for.
	filters := strings.TrimPrefix(query(noon, day, "", ids[1]), "/v2/epg?")
	sorted, _ := url.ParseQuery(filters)
	forged := b.Server.Cursors.Encode("getEpgSchedule", sorted.Encode(), wire.GuidePosition{Channel: ids[0].String(), Start: noon.Unix(), ID: uuid.Nil.String()})
	if got := b.view(query(noon, day, "&cursor="+forged, ids[1])).Want(400).Refused().Fields(); !slices.Equal(got, []string{"cursor"}) {
		t.Errorf("400 names %q", got)
	}
}

// Whatever the schedule, the order asked, the window and the limit: the pages show each programme once, in order, and each
// channel that is seen.
func TestPagesOfAnySchedule(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 9))
		var ids []uuid.UUID
		want := map[uuid.UUID][]string{}
		from := noon.Add(time.Duration(r.IntN(6)) * time.Hour)
		to := from.Add(time.Duration(1+r.IntN(12)) * time.Hour)
		for range 1 + r.IntN(8) {
			id := b.channel(r.IntN(4) > 0, 0)
			ids = append(ids, id)
			for range r.IntN(3) * r.IntN(8) {
				at := noon.Add(time.Duration(r.IntN(16)) * time.Hour)
				b.program(id, "P", at, at.Add(time.Duration(1+r.IntN(8))*time.Hour))
			}
			want[id] = b.column(`SELECT p.id::text FROM programs p JOIN channels c ON c.id = p.channel_id
				WHERE c.id = $1 AND is_published AND start_time < $2 AND end_time > $3 ORDER BY start_time, p.id`, id, to, from)
		}
		r.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
		b.walk(seed, query(from, to, fmt.Sprintf("&limit=%d", 1+r.IntN(9)), ids...), ids, want)
	}
}

// walk reads all pages of a schedule and compares what they show with the ids of the programmes wanted by channel.
func (b *guideBundle) walk(seed uint64, path string, ids []uuid.UUID, want map[uuid.UUID][]string) {
	b.t.Helper()
	got := map[uuid.UUID][]string{}
	for next := path; next != ""; {
		var page struct {
			Data map[uuid.UUID][]Program `json:"data"`
			Meta api.Meta                `json:"meta"`
		}
		b.view(next).Want(200).Decode(&page)
		shown := 0
		for id, programs := range page.Data {
			if _, seen := got[id]; seen && len(programs) == 0 {
				b.t.Fatalf("seed %d: %s is shown and then empty", seed, id)
			}
			got[id] = append([]string{}, got[id]...) // the key counts, without programmes, too
			for _, p := range programs {
				got[id] = append(got[id], p.ID.String())
			}
			shown += len(programs)
		}
		next = ""
		if page.Meta.HasMore {
			next = path + "&cursor=" + *page.Meta.NextCursor
			if shown != page.Meta.Limit {
				b.t.Fatalf("seed %d: a page of %d that has more shows %d", seed, page.Meta.Limit, shown)
			}
		}
	}
	published := b.column(`SELECT id::text FROM channels WHERE is_published AND id = ANY($1)`, ids)
	if len(got) != len(published) {
		b.t.Fatalf("seed %d: %d channels shown, want %d", seed, len(got), len(published))
	}
	for _, id := range published {
		if id := uuid.MustParse(id); !slices.Equal(got[id], want[id]) {
			b.t.Fatalf("seed %d: %s shows %q, want %q", seed, id, got[id], want[id])
		}
	}
}

func (b *guideBundle) column(q string, args ...any) []string {
	b.t.Helper()
	return apitest.Column[string](b.Bundle, q, args...)
}

func TestScheduleByTerritory(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	ids, _ := b.guide()
	for _, path := range []string{query(noon, noon.Add(time.Hour), "", ids[5]), "/v2/epg/now?channel_ids=" + ids[5].String()} {
		if a := b.view(path).Want(200); !strings.Contains(string(a.Body), ids[5].String()) {
			t.Errorf("answered %s", a.Body)
		}
		if a := b.Do(apitest.Request{Method: "GET", Path: path, Access: "viewer@XX"}).Want(200); !strings.HasPrefix(string(a.Body), `{"data":{}`) {
			t.Errorf("where it is denied: %s", a.Body)
		}
	}
}

func TestScheduleFaults(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	id := uuid.Must(uuid.NewV7())
	many := strings.Repeat(id.String()+",", 50)
	times := "&start_time=2026-03-02T00:00:00Z&end_time=2026-03-03T00:00:00Z"
	f := func(path string, want ...string) {
		t.Helper()
		if got := b.view(path).Want(400).Refused().Fields(); !slices.Equal(slices.Compact(got), want) {
			t.Errorf("%s: 400 names %q, want %q", path, got, want)
		}
	}
	f("/v2/epg", "channel_ids", "end_time", "start_time")
	f("/v2/epg?channel_ids="+times, "channel_ids")
	f("/v2/epg?channel_ids=,"+times, "channel_ids")
	f("/v2/epg?channel_ids="+many+id.String()+times, "channel_ids")
	f("/v2/epg?channel_ids=x"+times, "channel_ids")
	f("/v2/epg?start_time=2026-03-02T00:00:00Z&end_time=2026-03-02T00:00:00Z", "channel_ids", "end_time")
	f("/v2/epg?limit=0&channel_ids="+id.String()+"&start_time=2026-03-02T00:00:00Z&end_time=2026-03-01T00:00:00Z", "limit", "end_time")
	f(query(noon, noon.Add(maxWindow+time.Nanosecond), "", id), "end_time")
	f(query(noon, noon.Add(time.Hour), "&cursor=AAAA", id), "cursor")
	f("/v2/epg?channel_ids="+id.String()+"&start_time=2026-03-02&end_time=2026-03-03T00:00:00Z", "start_time")
	f("/v2/epg?channel_ids="+id.String()+"&start_time=9999-12-31T23:00:00Z&end_time="+url.QueryEscape("9999-12-31T23:59:59-23:59"), "end_time")
	f("/v2/epg/now", "channel_ids")
	if a := b.view("/v2/epg/now?channel_ids=" + strings.ToUpper(id.String())).Want(200); string(a.Body) != `{"data":{}}` {
		t.Errorf("answered %s", a.Body)
	}
	f("/v2/epg/now?channel_ids="+many+id.String(), "channel_ids")
	b.view(query(noon, noon.Add(maxWindow), "", id)).Want(200)
	b.view("/v2/epg/now?no_such=1&channel_ids=" + many).Want(200)
}

func TestNow(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	overlap, gap, edge, hidden := b.channel(true, 0), b.channel(true, 0), b.channel(true, 0), b.channel(false, 0)
	b.program(overlap, "long", noon.Add(-maxDuration+time.Minute), noon.Add(time.Minute))
	b.program(overlap, "later end", noon, noon.Add(2*time.Hour))
	want := b.program(overlap, "first id", noon, noon.Add(time.Hour))
	b.program(overlap, "last id", noon, noon.Add(time.Hour))
	b.program(overlap, "began before", noon.Add(-time.Hour), noon.Add(30*time.Minute))
	b.program(overlap, "to come", noon.Add(time.Minute), noon.Add(2*time.Minute))
	b.program(gap, "over", noon.Add(-time.Hour), noon.Add(30*time.Second))
	b.program(gap, "to come", noon.Add(31*time.Second), noon.Add(time.Hour))
	b.program(edge, "over", noon.Add(-time.Hour), noon.Add(30*time.Second))
	b.program(edge, "now", noon.Add(30*time.Second), noon.Add(31*time.Second))
	b.program(hidden, "unseen", noon, noon.Add(time.Hour))
	path := "/v2/epg/now?channel_ids=" + strings.Join([]string{gap.String(), hidden.String(), overlap.String()}, ",") + "&channel_ids=" + edge.String() + "," + gap.String()
	a := b.view(path).Want(200)
	var now struct {
		Data map[uuid.UUID]*Program `json:"data"`
	}
	a.Decode(&now)
	if len(now.Data) != 3 || now.Data[gap] != nil || now.Data[overlap].ID != want || now.Data[edge].Title != "now" || !now.Data[edge].IsLive {
		t.Errorf("answered %s", a.Body)
	}
	if prefix := fmt.Sprintf(`{"data":{"%s":null,"%s":{"id":"%s",`, gap, overlap, want); !strings.HasPrefix(string(a.Body), prefix) || strings.Index(string(a.Body), edge.String()) < len(prefix) {
		t.Errorf("order: %s", a.Body)
	}
	b.Do(apitest.Request{Method: "GET", Path: path, Access: "viewer", Header: map[string]string{"If-None-Match": a.Header.Get("ETag")}}).Want(304)
	b.Ask(wire.FillPrefix+path, nil).Want(404) // edges compose it
}

// A day's fragments, with the flags between their halves, are what the guide shows.
func TestDay(t *testing.T) {
	t.Parallel()
	b := setupGuide(t)
	channel := b.channel(false, 0)
	midnight := noon.Truncate(24 * time.Hour)
	day := 24 * time.Hour
	film := b.Movies(1, "published")[0]
	b.program(channel, "long before", midnight.Add(-maxDuration), midnight)
	first := b.program(channel, "the longest", midnight.Add(-maxDuration+time.Second), midnight.Add(time.Second))
	second, _ := b.create(channel, object{"title": `<b> & "q" \ ` + "\u2028", "season_number": 1, "linked_vod_id": film, "catchup_blocked": true})
	third := b.program(channel, "at the end", midnight.Add(day-time.Second), midnight.Add(2*day))
	b.program(channel, "next", midnight.Add(day), midnight.Add(day+time.Hour))
	path := strings.NewReplacer("{channel_id}", channel.String(), "{day}", "2026-03-02").Replace(wire.DayPath)
	a := b.Ask(path, nil).Want(200)
	var got wire.Day
	a.Decode(&got)
	var ids []string
	for _, p := range got.Programs {
		ids = append(ids, p.ID)
		stored := b.all(channel)[slices.IndexFunc(b.all(channel), func(s program) bool { return s.ID.String() == p.ID })]
		for _, at := range []time.Time{noon, stored.EndTime} {
			shown := stored.at(at, 7)
			flags := strings.Trim(encoded(t, shown.ProgramFlags), "{}")
			if composed := p.Before + flags + p.After; composed != encoded(t, shown) {
				t.Errorf("composed %s, want %s", composed, encoded(t, shown))
			}
		}
		if p.Start != stored.StartTime.Unix() || p.End != stored.EndTime.Unix() || p.CatchupBlocked != stored.CatchupBlocked {
			t.Errorf("%+v of %+v", p, stored)
		}
	}
	if want := []string{first.String(), second.ID.String(), third.String()}; !slices.Equal(ids, want) {
		t.Errorf("the day has %q, want %q", ids, want)
	}
	if a.Header.Get(wire.Tags) != "epg:"+channel.String() || a.Header.Get(wire.Until) != "" {
		t.Errorf("tags %q, until %q", a.Header.Get(wire.Tags), a.Header.Get(wire.Until))
	}
	never := "/internal/epg/" + uuid.Must(uuid.NewV7()).String() + "/"
	for _, day := range []string{"0001-01-01", "9999-12-31"} {
		if a := b.Ask(never+day, nil).Want(200); string(a.Body) != `{"programs":[]}` || a.Header.Get(wire.Tags) == "" {
			t.Errorf("a channel that is not there: %s", a.Body)
		}
	}
	for _, day := range []string{"0000-12-31", "2026-02-30", "2026-3-2", "10000-01-01", "today", "2026-03-02T00:00:00Z"} {
		if got := b.Ask(never+day, nil).Want(400).Refused().Fields(); !slices.Equal(got, []string{"day"}) {
			t.Errorf("%s: 400 names %q", day, got)
		}
	}
	b.Ask("/internal/epg/x/2026-03-02", nil).Want(400)
}
