package proxy

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"encora/edge/epg"
	"encora/edge/fill/filltest"
	"encora/shared/op"
	"encora/shared/wire"
)

var guideOps = []op.Op{
	{ID: opNow, Method: "GET", Path: "/v2/epg/now", Access: op.Viewer, Serve: op.Composed, ByAudience: true, Query: []op.Param{{Name: "channel_ids", List: true}}},
	{ID: opSchedule, Method: "GET", Path: "/v2/epg", Access: op.Viewer, Serve: op.Composed, ByAudience: true,
		Query: []op.Param{{Name: "channel_ids", List: true, Ordered: true, Fold: true}, {Name: "cursor", Page: true}, {Name: "end_time"}, {Name: "limit", Default: "20", Page: true}, {Name: "start_time"}}},
}

// aired is a programme of a test.
type aired struct {
	n          int
	start, end time.Duration // after the guide's base
}

// guide is a bundle over an origin that has channels.
type guide struct {
	*bundle
	base     time.Time // in the middle of a day
	shift    atomic.Int64
	lineup   map[int]*wire.LineupChannel
	programs map[int][]aired
	filler   string // of every programme
}

// testID is the id of a channel or programme of a test.
func testID(n int) string { return fmt.Sprintf("0190a6e0-0000-7000-8000-%012d", n) }

// withGuide has a day's clock, which can be moved on.
func setupGuide(t testing.TB) *guide {
	t.Helper()
	g := &guide{lineup: map[int]*wire.LineupChannel{}, programs: map[int][]aired{}}
	g.base = time.Now().UTC().Truncate(24 * time.Hour).Add(12 * time.Hour)
	start := time.Now()
	g.shift.Store(int64(g.base.Sub(start)))
	now := func() time.Time { return time.Now().Add(time.Duration(g.shift.Load())) }
	g.bundle = setup(t, func(b *bundle, c *Config, _ *Timeouts) {
		c.Ops = append(slices.Clone(testOps), guideOps...)
		c.LostAfter = 24 * time.Hour // moving the clock on makes the feed look lost
		b.now, b.origin.Now = now, now
		other := b.origin.Render
		b.origin.Render = func(a filltest.Ask) filltest.Answer {
			if answer, ok := g.render(a.Path); ok {
				return answer
			}
			return other(a)
		}
	})
	return g
}

// render answers for the line-up and days.
func (g *guide) render(path string) (filltest.Answer, bool) {
	if path == wire.LineupPath {
		var l wire.Lineup
		for _, c := range g.lineup {
			l.Channels = append(l.Channels, *c)
		}
		body, _ := json.Marshal(l)
		return filltest.Answer{Body: string(body), Tags: []string{wire.TagLineup}}, true
	}
	var channel, day string
	if _, err := fmt.Sscanf(strings.ReplaceAll(path, "/", " "), " internal epg %s %s", &channel, &day); err != nil {
		return filltest.Answer{}, false
	}
	midnight, _ := time.Parse(time.DateOnly, day)
	var d wire.Day
	for n, all := range g.programs {
		for _, p := range all {
			if start, end := g.base.Add(p.start), g.base.Add(p.end); testID(n) == channel && end.After(midnight) && start.Before(midnight.AddDate(0, 0, 1)) {
				d.Programs = append(d.Programs, wire.DayProgram{ID: testID(p.n), Start: start.Unix(), End: end.Unix(), Before: fmt.Sprintf(`{"n":%d,`, p.n) + g.filler, After: "}"})
			}
		}
	}
	body, _ := json.Marshal(d)
	return filltest.Answer{Body: string(body), Tags: []string{wire.TagSchedule(channel)}}, true
}

// channel adds a channel with its programmes.
func (g *guide) channel(n int, programs ...aired) {
	g.origin.Set(func() {
		g.lineup[n] = &wire.LineupChannel{ID: testID(n), Rules: []string{}}
		g.programs[n] = programs
	})
}

func (g *guide) pass(d time.Duration) { g.shift.Add(int64(d)) }

func channelIDs(channels ...int) string {
	var all []string
	for _, n := range channels {
		all = append(all, testID(n))
	}
	return "channel_ids=" + strings.Join(all, ",")
}

// shows checks which programme each channel shows, 0 for none: pairs of channel and programme in the answer's order.
func (g *guide) shows(a answer, pairs ...int) {
	g.t.Helper()
	want := `{"data":{`
	for i := 0; i < len(pairs); i += 2 {
		if i > 0 {
			want += ","
		}
		want += `"` + testID(pairs[i]) + `":`
		if pairs[i+1] == 0 {
			want += "null"
		} else {
			want += fmt.Sprintf(`{"n":%d,"is_live":true,"is_catchup_available":false,"catchup_expires_at":null}`, pairs[i+1])
		}
	}
	if want += "}}"; a.StatusCode != 200 || a.body != want {
		g.t.Errorf("%d %s\nwant %s", a.StatusCode, a.body, want)
	}
}

func TestAnyChoiceOfChannelsIsAHit(t *testing.T) {
	g := setupGuide(t)
	for n := 1; n <= 60; n++ {
		g.channel(n, aired{100 + n, -time.Hour, time.Hour})
	}
	all := make([]int, 50)
	for i := range all {
		all[i] = i + 1
	}
	if a := g.get("/v2/epg/now?" + channelIDs(all...)); a.StatusCode != 200 || !strings.Contains(a.Header.Get("Cache-Status"), "fwd=") {
		t.Fatalf("%d %v", a.StatusCode, a.Header)
	}
	fills := g.proxy.Filler.Fills()
	both(func(headers ...string) {
		for _, choice := range [][]int{{3, 1}, {1, 3}, {50, 7, 7, 50, 9}, {1}} {
			a := g.get("/v2/epg/now?"+channelIDs(choice...), headers...)
			var pairs []int
			for i, n := range choice {
				if !slices.Contains(choice[:i], n) {
					pairs = append(pairs, n, 100+n)
				}
			}
			g.shows(a, pairs...)
			if got := a.Header.Get("Cache-Status"); got != "Encora; hit" {
				t.Errorf("%v: %s", choice, got)
			}
		}
	})
	if got := g.proxy.Filler.Fills(); got != fills {
		t.Errorf("%d fills for channels that are held", got-fills)
	}
	if a := g.get("/v2/epg/now?" + channelIDs(1, 2, 55)); !strings.Contains(a.Header.Get("Cache-Status"), "fwd=uri-miss; stored") {
		t.Errorf("a channel that is not held: %v", a.Header)
	}
}

// The lane and the server say the same, byte for byte and header for header.
func TestComposedAnswersAreOneOnBothWays(t *testing.T) {
	g := setupGuide(t)
	g.channel(1, aired{11, 0, time.Hour})
	g.channel(2)
	path := "/v2/epg/now?" + channelIDs(2, 1)
	g.get(path)
	general := g.general.Load()
	one, two := g.get(path, "X-Request-Id: r"), g.get(path, "X-Request-Id: r", slow)
	if g.general.Load() != general+1 {
		t.Fatal("the lane did not answer, or the server did not")
	}
	one.Header.Del("Date")
	two.Header.Del("Date")
	if one.body != two.body || fmt.Sprint(one.Header) != fmt.Sprint(two.Header) {
		t.Errorf("%s %v\n%s %v", one.body, one.Header, two.body, two.Header)
	}
	both(func(headers ...string) {
		a := g.get(path, append(headers, `If-None-Match: "x", W/`+one.Header.Get("ETag"))...)
		if a.StatusCode != 304 || a.body != "" || a.Header.Get("ETag") != one.Header.Get("ETag") || a.Header.Get("Vary") == "" || a.Header.Get("Age") != "0" {
			t.Errorf("%d %v", a.StatusCode, a.Header)
		}
	})
	if a := g.do("HEAD", path, viewer); a.StatusCode != 200 || a.ContentLength != int64(len(one.body)) || a.Header.Get("ETag") != one.Header.Get("ETag") {
		t.Errorf("HEAD: %d %v", a.StatusCode, a.Header)
	}
}

// At a programme's end the next one is on, with nobody asked, the origin gone and another ETag.
func TestTheClockTurnsTheAnswerOver(t *testing.T) {
	g := setupGuide(t)
	g.channel(1, aired{11, -time.Hour, 10 * time.Minute}, aired{12, 10 * time.Minute, 20 * time.Minute}, aired{13, 30 * time.Minute, 40 * time.Minute})
	path := "/v2/epg/now?" + channelIDs(1)
	first := g.get(path)
	g.shows(first, 1, 11)
	g.origin.Down(true)
	fills := g.proxy.Filler.Fills()
	g.pass(10 * time.Minute)
	second := g.get(path, "If-None-Match: "+first.Header.Get("ETag"))
	g.shows(second, 1, 12)
	if second.Header.Get("ETag") == first.Header.Get("ETag") {
		t.Error("another answer has the same ETag")
	}
	g.pass(10 * time.Minute)
	g.shows(g.get(path), 1, 0) // a gap
	g.pass(10 * time.Minute)
	g.shows(g.get(path, slow), 1, 13)
	if g.proxy.Filler.Fills() != fills {
		t.Error("the origin was asked")
	}
}

// Midnight is a turn like any other: tomorrow is held, also when it was changed since, for channels that are asked for.
func TestMidnightNeedsNoOrigin(t *testing.T) {
	g := setupGuide(t)
	g.channel(1, aired{11, 11 * time.Hour, 12*time.Hour + 5*time.Minute}, aired{12, 12*time.Hour + 5*time.Minute, 13 * time.Hour})
	g.channel(2, aired{21, 0, 24 * time.Hour})
	path := "/v2/epg/now?" + channelIDs(1)
	tomorrow := "/internal/epg/" + testID(1) + "/" + g.base.AddDate(0, 0, 1).Format(time.DateOnly)
	g.pass(11*time.Hour + 30*time.Minute)
	g.shows(g.get(path), 1, 11)
	ahead := func() { // what KeepAhead does
		g.proxy.lookAhead()
		for len(g.proxy.ahead) > 0 {
			g.proxy.fetchAhead(<-g.proxy.ahead)
		}
	}
	ahead()
	ahead()
	if n := g.origin.Fills(tomorrow); n != 1 {
		t.Errorf("tomorrow was asked for %d times", n)
	}
	g.write(func() { g.programs[1][1].n = 13 }, wire.TagSchedule(testID(1)))
	g.shows(g.get(path), 1, 11)
	ahead()
	g.origin.Down(true)
	g.pass(31 * time.Minute)
	g.shows(g.get(path), 1, 11)
	g.pass(5 * time.Minute)
	g.shows(g.get(path), 1, 13)
	if n := g.origin.Fills("/internal/epg/" + testID(2) + "/" + g.base.AddDate(0, 0, 1).Format(time.DateOnly)); n != 0 {
		t.Error("a channel nobody asked for was fetched")
	}
}

// Days that are asked for are fetched when they change, before somebody waits for them.
func TestChangedDaysAreFetchedAhead(t *testing.T) {
	g := setupGuide(t)
	g.channel(1, aired{11, 0, time.Hour})
	g.channel(2, aired{21, 0, time.Hour})
	g.shows(g.get("/v2/epg/now?"+channelIDs(1)), 1, 11)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { g.proxy.KeepAhead(ctx) })
	defer running.Wait()
	defer stop()
	day := func(n, days int) int {
		return g.origin.Fills("/internal/epg/" + testID(n) + "/" + g.base.AddDate(0, 0, days).Format(time.DateOnly))
	}
	g.write(func() { g.programs[1][0].n = 12 }, "!"+wire.TagSchedule(testID(1)), wire.TagSchedule(testID(2)), "epg:", "movies")
	g.until("both days", func() bool { return day(1, 0) == 2 && day(1, 1) == 1 })
	g.until("a hit", func() bool {
		a := g.get("/v2/epg/now?" + channelIDs(1))
		g.shows(a, 1, 12)
		return a.Header.Get("Cache-Status") == "Encora; hit"
	})
	if day(1, 0) != 2 || day(2, 0)+day(2, 1) != 0 {
		t.Errorf("%d and %d fills", day(1, 0), day(2, 0)+day(2, 1))
	}
}

func TestAnImportShowsAtOnce(t *testing.T) {
	g := setupGuide(t)
	g.channel(1, aired{11, 0, time.Hour})
	g.channel(2, aired{21, 0, time.Hour})
	path := "/v2/epg/now?" + channelIDs(1, 2)
	g.shows(g.get(path), 1, 11, 2, 21)
	other := g.origin.Fills("/internal/epg/" + testID(2) + "/" + g.base.Format(time.DateOnly))
	g.write(func() { g.programs[1] = []aired{{12, -time.Hour, time.Hour}} }, wire.TagSchedule(testID(1)))
	g.shows(g.get(path), 1, 12, 2, 21)
	if g.origin.Fills("/internal/epg/"+testID(2)+"/"+g.base.Format(time.DateOnly)) != other {
		t.Error("a channel without a change was asked for again")
	}
}

func TestWhatMayNotBeSeenIsLeftOut(t *testing.T) {
	g := setupGuide(t)
	for n := 1; n <= 3; n++ {
		g.channel(n, aired{10 + n, 0, time.Hour})
	}
	path := "/v2/epg/now?" + channelIDs(9, 3, 2, 1)
	g.shows(g.get(path), 3, 13, 2, 12, 1, 11)
	g.write(func() {
		g.lineup[2].Rules = []string{"r0", "r1"}
		g.origin.Audiences = wire.Audiences{Deny: map[string][]string{"GB": {"r1"}, "FR": {"r2"}}}
	}, "!geo", wire.TagLineup, "!"+wire.TagChannel(testID(2)))
	both(func(headers ...string) {
		g.shows(g.get(path, headers...), 3, 13, 1, 11)
		g.shows(g.do("GET", path, append(headers, "Authorization: Bearer viewer-FR")...), 3, 13, 2, 12, 1, 11)
	})
	g.write(func() { delete(g.lineup, 3) }, wire.TagLineup, "!"+wire.TagChannel(testID(3)))
	g.shows(g.get(path), 1, 11)
	if g.origin.Fills("/internal/epg/"+testID(9)+"/"+g.base.Format(time.DateOnly)) != 0 {
		t.Error("an unknown channel costs a question")
	}
}

// A channel that a plan's filter leaves out has the plan that stands for the filter among its rules.
func TestAChannelIsNotInThePlan(t *testing.T) {
	g := setupGuide(t)
	g.channel(1, aired{11, 0, time.Hour})
	g.channel(2, aired{21, 0, time.Hour})
	path := "/v2/epg/now?" + channelIDs(2, 1)
	kids, kidsToo, sport := g.ofPlan(testID(71)), g.ofPlan(testID(72)), g.ofPlan(testID(73))
	f := func(who string, pairs ...int) {
		t.Helper()
		both(func(headers ...string) { g.shows(g.do("GET", path, append(headers, who)...), pairs...) })
	}
	f(kids, 2, 21, 1, 11)
	g.write(func() {
		g.lineup[2].Rules = []string{"r1", testID(71)}
		g.origin.Audiences.Filters = []wire.PlanFilter{filter("kids", 71, 72), filter("sport", 73)}
	}, "!filters", wire.TagLineup)
	f(kids, 1, 11)
	f(kidsToo, 1, 11)
	f(sport, 2, 21, 1, 11)
	f(viewer, 2, 21, 1, 11)
	schedule := "/v2/epg?" + channelIDs(2) + "&start_time=" + g.base.Format(time.RFC3339) + "&end_time=" + g.base.Add(time.Hour).Format(time.RFC3339)
	if a := g.do("GET", schedule, kids); !strings.HasPrefix(a.body, `{"data":{},`) {
		t.Errorf("the schedule: %s", a.body)
	}
	g.write(g.filters(filter("more", 71), filter("kids", 72)), "!filters", wire.TagLineup)
	g.write(func() { g.lineup[2].Rules = []string{testID(72)} }, wire.TagLineup)
	f(kids, 2, 21, 1, 11)
	f(kidsToo, 1, 11)
}

// While the origin is away the guide goes on, but a channel that was taken away stays away.
func TestTheOriginIsAway(t *testing.T) {
	g := setupGuide(t)
	g.channel(1, aired{11, 0, time.Hour})
	g.channel(2, aired{21, 0, time.Hour})
	g.channel(3, aired{31, 0, time.Hour})
	g.get("/v2/epg/now?" + channelIDs(1, 2))
	g.origin.Set(func() { // fills fail, and the feed goes on
		g.origin.BeforeFill = func(filltest.Ask) { panic(http.ErrAbortHandler) }
	})
	g.write(func() { delete(g.lineup, 2) }, wire.TagLineup, "!"+wire.TagChannel(testID(2)))
	a := g.get("/v2/epg/now?" + channelIDs(1, 2))
	g.shows(a, 1, 11)
	if s := a.Header.Get("Cache-Status"); !strings.Contains(s, "origin-away") {
		t.Errorf("old data is not marked: %s", s)
	}
	g.write(nil, wire.TagSchedule(testID(1)))
	if a := g.get("/v2/epg/now?" + channelIDs(1)); !strings.Contains(a.Header.Get("Cache-Status"), "ttl=-") {
		t.Errorf("an old schedule is not marked: %v", a.Header)
	}
	g.write(nil, "!"+wire.TagSchedule(testID(1)))
	g.wantFault(g.get("/v2/epg/now?"+channelIDs(1)), 503, "UNAVAILABLE")
	g.wantFault(g.get("/v2/epg/now?"+channelIDs(3)), 503, "UNAVAILABLE")
}

// An edge whose feed is late must not judge today's line-up by yesterday's territories: a rule exchanged for another that
// denies the same country would hide nothing.
func TestAnExchangedRuleLeaksNothing(t *testing.T) {
	g := setupGuide(t)
	g.channel(1, aired{11, 0, time.Hour})
	g.origin.Set(func() {
		g.lineup[1].Rules = []string{"old"}
		g.origin.Audiences = wire.Audiences{Deny: map[string][]string{"GB": {"old"}}}
	})
	path := "/v2/epg/now?" + channelIDs(1)
	g.shows(g.get(path))
	g.shows(g.do("GET", path, "Authorization: Bearer viewer-FR"), 1, 11) // the channel's day is held
	var hold atomic.Bool
	hold.Store(true)
	g.origin.Set(func() { g.origin.Mangle = func(*wire.FeedPage) bool { return !hold.Load() } })
	g.origin.Write(func() {
		g.lineup[1].Rules = []string{"new"}
		g.origin.Audiences = wire.Audiences{Deny: map[string][]string{"GB": {"new"}}}
	}, "!geo", wire.TagLineup, "!"+wire.TagChannel(testID(1)))
	g.proxy.lineup.current.Store(nil) // it is read anew, the map is not
	if _, err := g.proxy.lineup.get("", 0, g.now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	both(func(headers ...string) { g.shows(g.get(path, headers...)) })
	hold.Store(false)
	g.until("the change", func() bool { return g.proxy.applied() >= g.origin.Head() })
	both(func(headers ...string) { g.shows(g.get(path, headers...)) })
}

func TestSchedulePages(t *testing.T) {
	g := setupGuide(t)
	g.channel(1, aired{11, -13 * time.Hour, -11 * time.Hour}, aired{12, 0, time.Hour}, aired{13, 13 * time.Hour, 14 * time.Hour})
	g.channel(2)
	g.channel(3, aired{31, 0, time.Hour})
	day := g.base.Truncate(24 * time.Hour)
	path := "/v2/epg?" + channelIDs(1, 2, 3, 4) + "&start_time=" + day.Format(time.RFC3339) + "&end_time=" + day.AddDate(0, 0, 2).Format(time.RFC3339)
	plain := func(n int) string {
		return fmt.Sprintf(`{"n":%d,"is_live":false,"is_catchup_available":false,"catchup_expires_at":null}`, n)
	}
	on := func(n int) string { return strings.Replace(plain(n), "false", "true", 1) }
	whole := fmt.Sprintf(`{"data":{%q:[%s,%s,%s],%q:[],%q:[%s]},"meta":{"next_cursor":null,"has_more":false,"limit":20}}`,
		testID(1), plain(11), on(12), plain(13), testID(2), testID(3), on(31))
	first := g.get(path)
	g.want(first, 200, whole)
	g.want(g.get(path, slow), 200, whole)
	if a := g.get(path, "If-None-Match: "+first.Header.Get("ETag")); a.StatusCode != 304 {
		t.Errorf("%d", a.StatusCode)
	}
	var page struct {
		Meta struct {
			NextCursor string `json:"next_cursor"`
		}
	}
	a := g.get(path + "&limit=2")
	if err := json.Unmarshal([]byte(a.body), &page); err != nil || page.Meta.NextCursor == "" {
		t.Fatalf("%s", a.body)
	}
	g.want(g.get(path+"&limit=2&cursor="+page.Meta.NextCursor), 200,
		fmt.Sprintf(`{"data":{%q:[%s],%q:[],%q:[%s]},"meta":{"next_cursor":null,"has_more":false,"limit":2}}`, testID(1), plain(13), testID(2), testID(3), on(31)))
	for _, bad := range []string{
		path + "&cursor=x",
		strings.Replace(path, testID(3), testID(5), 1) + "&limit=2&cursor=" + page.Meta.NextCursor, // other filters
		"/v2/epg?" + channelIDs(1), "/v2/epg/now", "/v2/epg/now?channel_ids=", "/v2/epg/now?channel_ids=x", "/v2/epg/now?" + channelIDs(make([]int, 51)...),
	} {
		g.wantFault(g.get(bad), 400, "BAD_REQUEST")
	}
	swapped := strings.Replace(path, testID(1)+","+testID(2), testID(2)+","+testID(1), 1) // another order is another question
	g.wantFault(g.get(swapped+"&limit=2&cursor="+page.Meta.NextCursor), 400, "BAD_REQUEST")
	if a := g.get(strings.Replace(path, testID(1), strings.ToUpper(testID(1)), 1) + "&limit=2&cursor=" + page.Meta.NextCursor); a.StatusCode != 200 {
		t.Errorf("another spelling: %d %s", a.StatusCode, a.body)
	}
	if a := g.get("/v2/epg?channel_ids=x&limit=0&cursor=y"); strings.Count(a.body, `"field"`) != 5 || !strings.Contains(a.body, `"cursor"`) {
		t.Errorf("not all faults: %s", a.body)
	}
	g.wantFault(g.do("GET", path), 401, "UNAUTHORIZED")
	if a := g.do("DELETE", path, viewer); a.StatusCode != 405 || a.Header.Get("Allow") == "" {
		t.Errorf("DELETE: %d", a.StatusCode)
	}
}

// A part that the origin can't give is no answer with a hole.
func TestAFailedPartFailsTheAnswer(t *testing.T) {
	g := setupGuide(t)
	g.channel(1, aired{11, 0, time.Hour})
	g.channel(2, aired{21, 0, time.Hour})
	g.get("/v2/epg/now?" + channelIDs(1))
	bad := wire.DayProgram{ID: "x"}
	other := g.origin.Render
	g.origin.Set(func() {
		g.origin.Render = func(a filltest.Ask) filltest.Answer {
			if strings.Contains(a.Path, testID(2)) {
				body, _ := json.Marshal(wire.Day{Programs: []wire.DayProgram{bad}})
				return filltest.Answer{Body: string(body), Tags: []string{"x"}}
			}
			return other(a)
		}
	})
	g.wantFault(g.get("/v2/epg/now?"+channelIDs(1, 2)), 500, "INTERNAL")
	g.shows(g.get("/v2/epg/now?"+channelIDs(1)), 1, 11)
}

// A crowd that meets an empty cache waits in line, not with fifty goroutines each, and asks for each part once.
func TestACrowdMeetsAnEmptyCache(t *testing.T) {
	g := setupGuide(t)
	all := make([]int, 50)
	for i := range all {
		all[i] = i + 1
		g.channel(i+1, aired{100 + i, 0, time.Hour})
	}
	var asked atomic.Int64
	open := make(chan struct{})
	release := sync.OnceFunc(func() { close(open) })
	t.Cleanup(release) // a server with a handler that waits would not end
	g.origin.Set(func() {
		g.origin.BeforeFill = func(a filltest.Ask) {
			if strings.HasPrefix(a.Path, "/internal/epg/") {
				asked.Add(1)
				<-open
			}
		}
	})
	before := runtime.NumGoroutine()
	const crowd = 150
	answers := make(chan answer, crowd)
	for range crowd {
		go func() { answers <- g.get("/v2/epg/now?" + channelIDs(all...)) }()
	}
	g.until("the crowd", func() bool { return g.general.Load() >= crowd && len(g.proxy.fetching) == fetching })
	if n := runtime.NumGoroutine() - before; n > gathering*50+10*crowd {
		t.Errorf("%d goroutines", n)
	}
	release()
	for range crowd {
		if a := <-answers; a.StatusCode != 200 {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
	}
	if n := asked.Load(); n < 50 || n > 60 { // one who looked right before a part came asks again
		t.Errorf("%d questions for 50 parts", n)
	}
}

func TestWantKeys(t *testing.T) {
	c := &epg.Channel{}
	var a, b [partKey]byte
	one, two := dayKey(&a, epg.Want{Channel: c, Day: -1}), dayKey(&b, epg.Want{Channel: c, Day: 1})
	if one.String() == two.String() {
		t.Error("two days share a key")
	}
	if got := dayPath(epg.Want{Channel: c, Day: -1}); got != "/internal/epg/00000000-0000-0000-0000-000000000000/1969-12-31" {
		t.Error(got)
	}
}
