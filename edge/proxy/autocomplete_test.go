package proxy

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/edge/fill/filltest"
	"encora/shared/op"
	"encora/shared/wire"
)

var suggestOps = []op.Op{{ID: opAutocomplete, Method: "GET", Path: suggestPath, Access: op.Viewer, Serve: op.Composed, ByAudience: true,
	Query: []op.Param{{Name: "limit", Default: "10", Page: true}, {Name: "q"}}}}

const suggestPath = "/v2/search/autocomplete"

// corpus is a bundle over an origin that has titles to suggest.
type corpus struct {
	*bundle
	shift  atomic.Int64
	titles map[int]*wire.Suggestion // guarded by the origin
	broken int                      // the part that the origin can't give in a form that is read; -1: none
}

func setupCorpus(t testing.TB, options ...option) *corpus {
	t.Helper()
	s := &corpus{titles: map[int]*wire.Suggestion{}, broken: -1}
	now := func() time.Time { return time.Now().Add(time.Duration(s.shift.Load())) }
	s.bundle = setup(t, append(options, func(b *bundle, c *Config, _ *Timeouts) {
		c.Ops = append(slices.Clone(testOps), suggestOps...)
		b.now, b.origin.Now = now, now
		other := b.origin.Render
		b.origin.Render = func(a filltest.Ask) filltest.Answer {
			if part, ok := strings.CutPrefix(a.Path, "/internal/suggest/"); ok {
				return s.render(part)
			}
			return other(a)
		}
	})...)
	return s
}

func (s *corpus) render(text string) filltest.Answer {
	part, _ := strconv.Atoi(text)
	if part == s.broken {
		return filltest.Answer{Body: `{"titles":[{"id":"x"}]}`, Tags: []string{wire.TagSuggest(part)}}
	}
	var all wire.Suggestions
	for n, title := range s.titles {
		if partOf(n) == part {
			all.Titles = append(all.Titles, *title)
		}
	}
	body, _ := json.Marshal(all)
	return filltest.Answer{Body: string(body), Tags: []string{wire.TagSuggest(part)}}
}

func partOf(n int) int { return wire.SuggestPart(uuid.MustParse(testID(n))) }

// beside is the number of a title in the same part.
func beside(n int) int {
	other := n + 1
	for partOf(other) != partOf(n) {
		other++
	}
	return other
}

// title adds a film. The one of the lowest number is the most popular.
func (s *corpus) title(n int, name string, not ...string) *wire.Suggestion {
	title := &wire.Suggestion{ID: testID(n), Type: wire.ContentMovie, Title: name, Also: []string{}, Not: not, Weight: int64(-n)}
	s.titles[n] = title
	return title
}

// films adds films with the word "Star" in their names.
func (s *corpus) films(n int) {
	s.origin.Set(func() {
		for i := 1; i <= n; i++ {
			s.title(i, fmt.Sprintf("Film %d of a Star", i))
		}
	})
}

func (s *corpus) suggest(q string, headers ...string) answer {
	s.t.Helper()
	if !slices.ContainsFunc(headers, func(h string) bool { return strings.HasPrefix(h, "Authorization") }) {
		headers = append(headers, viewer)
	}
	return s.do("GET", suggestPath+"?q="+q, headers...)
}

// shows checks which titles an answer shows, in its order.
func (s *corpus) shows(a answer, titles ...int) {
	s.t.Helper()
	all := []string{}
	s.origin.Set(func() {
		for _, n := range titles {
			name := "?"
			if title := s.titles[n]; title != nil {
				name = title.Title
			}
			all = append(all, fmt.Sprintf(`{"content_type":"movie","id":%q,"title":%q}`, testID(n), name))
		}
	})
	s.want(a, 200, `{"data":[`+strings.Join(all, ",")+`]}`)
}

func (s *corpus) wantStatus(a answer, part string) {
	s.t.Helper()
	if got := a.Header.Get("Cache-Status"); !strings.Contains(got, part) {
		s.t.Errorf("Cache-Status %q, want %q in it", got, part)
	}
}

func (s *corpus) fills(n int) int { return s.origin.Fills(partPath(partOf(n))) }

// changed writes a title anew, with the changes that the origin tells of.
func (s *corpus) changed(n int, hard bool, change func()) {
	s.t.Helper()
	tag := "movie:" + testID(n)
	if hard {
		tag = "!" + tag
	}
	s.write(change, tag, "movies", wire.TagSuggest(partOf(n)))
}

func TestSuggestionsAreHits(t *testing.T) {
	s := setupCorpus(t)
	s.films(200)
	first := s.suggest("star")
	s.shows(first, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
	s.wantStatus(first, "fwd=uri-miss; stored")
	fills, general := s.proxy.Filler.Fills(), s.general.Load()
	s.shows(s.suggest("film+12"), 12, 120, 121, 122, 123, 124, 125, 126, 127, 128)
	s.shows(s.suggest("ST%C3%81r+film+5&limit=3&unknown=1"), 5, 50, 51)
	s.shows(s.suggest("star+film+7&limit=1", slow), 7)
	s.shows(s.suggest("nothing"))
	s.shows(s.suggest("%E2%98%85"))
	if n := s.general.Load() - general; n != 1 {
		t.Errorf("the lane left %d of five requests", n)
	}
	if n := s.proxy.Filler.Fills() - fills; n != 0 {
		t.Errorf("%d fills for what is held", n)
	}
	one, two := s.suggest("star", "X-Request-Id: r"), s.suggest("star", "X-Request-Id: r", slow)
	one.Header.Del("Date")
	two.Header.Del("Date")
	if one.body != two.body || fmt.Sprint(one.Header) != fmt.Sprint(two.Header) || one.Header.Get("Cache-Status") != "Encora; hit" {
		t.Errorf("%s %v\n%s %v", one.body, one.Header, two.body, two.Header)
	}
	both(func(headers ...string) {
		a := s.suggest("star", append(headers, `If-None-Match: "x", W/`+one.Header.Get("ETag"))...)
		if a.StatusCode != 304 || a.body != "" || a.Header.Get("ETag") != one.Header.Get("ETag") {
			t.Errorf("%d %v", a.StatusCode, a.Header)
		}
	})
	if a := s.suggest("film+7"); a.Header.Get("ETag") == one.Header.Get("ETag") {
		t.Error("two answers have one ETag")
	}
	if a := s.do("HEAD", suggestPath+"?q=star", viewer); a.StatusCode != 200 || a.ContentLength != int64(len(one.body)) || a.Header.Get("ETag") != one.Header.Get("ETag") {
		t.Errorf("HEAD: %d %v", a.StatusCode, a.Header)
	}
}

func TestBadQuestionsAreRefused(t *testing.T) {
	s := setupCorpus(t)
	s.films(1)
	for _, held := range []bool{false, true} {
		if held {
			s.shows(s.suggest("f"), 1)
		}
		for query, fields := range map[string]string{
			"": "q required", "q=": "q required", "q=a&q=b": "q repeated", "q=" + strings.Repeat("x", 101): "q too_long", "q=%ff": "q invalid_text",
			"q=a&limit=21": "limit out_of_range", "limit=0": "limit out_of_range q required", "q=%zz": "query malformed",
			"q=a&fields=slug": "fields unknown_field",
		} {
			both(func(headers ...string) {
				a := s.get(suggestPath+"?"+query, headers...)
				s.wantFault(a, 400, "BAD_REQUEST")
				if got := strings.Join(a.fields(), " "); got != fields {
					t.Errorf("%q: %s, want %s", query, got, fields)
				}
			})
		}
		both(func(headers ...string) {
			if a := s.get(suggestPath+"?q=f&fields=title", headers...); !strings.HasPrefix(a.body, `{"data":[{"title":"`) || strings.Contains(a.body, `"id"`) {
				t.Errorf("titles alone: %s", a.body)
			}
		})
		s.wantFault(s.do("GET", suggestPath+"?q=a"), 401, "UNAUTHORIZED")
		s.wantFault(s.do("POST", suggestPath+"?q=a", viewer), 405, "METHOD_NOT_ALLOWED")
	}
}

// What an editor publishes, renames and takes away is suggested so at once; nothing else is asked for again.
func TestSuggestionsFollowChanges(t *testing.T) {
	s := setupCorpus(t)
	s.films(3)
	s.shows(s.suggest("star"), 1, 2, 3)
	s.changed(4, false, func() { s.title(4, "A New Star") })
	a := s.suggest("star")
	s.shows(a, 1, 2, 3, 4)
	s.wantStatus(a, "fwd=stale; stored")
	if s.fills(4) != 2 || s.fills(1) != 1 {
		t.Errorf("%d and %d fills", s.fills(4), s.fills(1))
	}
	s.changed(2, false, func() { s.titles[2].Title = "Another Name" })
	s.shows(s.suggest("star", slow), 1, 3, 4)
	s.shows(s.suggest("ano"), 2)
	s.changed(3, true, func() { delete(s.titles, 3) })
	s.shows(s.suggest("star"), 1, 4)
	s.origin.Restore("epoch-2", 7)
	s.until("another world", func() bool { return s.proxy.versions.State().Epoch == "epoch-2" })
	s.shows(s.suggest("star"), 1, 4)
	if s.fills(1) != 2 {
		t.Errorf("in another world a part is asked for %d times", s.fills(1)-1)
	}
}

// Parts that were asked for are fetched when they change, before somebody waits for them; before that nothing is.
func TestTheCorpusIsFetchedAhead(t *testing.T) {
	s := setupCorpus(t)
	s.films(3)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.proxy.KeepAhead(ctx) })
	defer running.Wait()
	defer stop()
	s.changed(1, false, nil)
	time.Sleep(50 * time.Millisecond)
	if n := s.fills(1); n != 0 {
		t.Errorf("%d fills of a part that nobody had asked for", n)
	}
	s.shows(s.suggest("star"), 1, 2, 3)
	for i := range 3 {
		s.changed(1, i == 1, func() { s.titles[1].Title = fmt.Sprintf("Star %d", i) })
		s.until("the part", func() bool { return s.fills(1) >= 2+i })
		s.until("a hit", func() bool {
			a := s.suggest("star")
			s.shows(a, 1, 2, 3)
			return a.Header.Get("Cache-Status") == "Encora; hit"
		})
	}
	if n := s.fills(1); n < 4 || n > 7 || s.fills(2) != 1 { // a reader who looked right before a change was applied asks, too
		t.Errorf("%d and %d fills", n, s.fills(2))
	}
}

func TestSuggestionsByAudienceAndClock(t *testing.T) {
	s := setupCorpus(t)
	s.films(4)
	s.shows(s.suggest("star"), 1, 2, 3, 4)
	const french = "Authorization: Bearer viewer-FR"
	s.write(func() {
		s.titles[2].Not = []string{"r0", "r1"}
		s.titles[3].Not = []string{"r2"}
		s.titles[4].Until = s.now().Add(time.Hour).UnixMilli()
		s.origin.Audiences = wire.Audiences{Deny: map[string][]string{"GB": {"r1"}, "FR": {"r2"}}}
	}, "!geo", "!movie:"+testID(2), "!movie:"+testID(3), wire.TagSuggest(partOf(2)), wire.TagSuggest(partOf(3)), wire.TagSuggest(partOf(4)))
	both(func(headers ...string) {
		s.shows(s.suggest("star", headers...), 1, 3, 4)
		s.shows(s.suggest("star", append(headers, french)...), 1, 2, 4)
	})
	s.write(func() { s.origin.Audiences.Deny["FR"] = nil }, "geo")
	s.shows(s.suggest("star", french), 1, 2, 3, 4)
	s.shift.Add(int64(59 * time.Minute))
	s.until("the feed", func() bool { behind, _ := s.proxy.versions.Behind(s.now()); return behind < time.Second })
	s.shows(s.suggest("star"), 1, 3, 4)
	s.shift.Add(int64(time.Minute))
	both(func(headers ...string) { s.shows(s.suggest("star", headers...), 1, 3) })
}

// A title that a plan's filter leaves out has the plan that stands for the filter among what keeps it from viewers.
func TestSuggestionsByPlan(t *testing.T) {
	s := setupCorpus(t)
	s.films(3)
	kids, kidsToo, sport := s.ofPlan(testID(71)), s.ofPlan(testID(72)), s.ofPlan(testID(73))
	f := func(who string, titles ...int) {
		t.Helper()
		both(func(headers ...string) { s.shows(s.suggest("star", append(headers, who)...), titles...) })
	}
	f(kids, 1, 2, 3)
	s.write(func() {
		s.titles[2].Not = []string{"r1", testID(71)}
		s.origin.Audiences.Filters = []wire.PlanFilter{filter("kids", 71, 72), filter("sport", 73)}
	}, "!filters", wire.TagSuggest(partOf(2)))
	f(kids, 1, 3)
	f(kidsToo, 1, 3)
	f(sport, 1, 2, 3)
	f(viewer, 1, 2, 3)
	// Another plan stands for the filter; the part that says so can't be had, the map can.
	s.failing()
	s.write(func() {
		s.titles[2].Not = []string{testID(72)}
		s.origin.Audiences.Filters = []wire.PlanFilter{filter("more", 71), filter("kids", 72)}
	}, "!filters", wire.TagSuggest(partOf(2)))
	a := s.suggest("star", kidsToo)
	s.shows(a, 1, 3)
	s.wantStatus(a, "origin-away")
}

// failing makes fills fail, while the feed and the map of audiences go on.
func (s *corpus) failing() {
	s.origin.Set(func() { s.origin.BeforeFill = func(filltest.Ask) { panic(http.ErrAbortHandler) } })
}

// While the origin is away suggestions go on, marked, but what was taken away stays away.
func TestSuggestionsGoOnWhileTheOriginIsAway(t *testing.T) {
	s := setupCorpus(t)
	s.films(5)
	s.failing()
	s.wantFault(s.suggest("star"), 503, "UNAVAILABLE")
	s.origin.Set(func() { s.origin.BeforeFill = nil })
	s.until("all", func() bool { return s.suggest("star").StatusCode == 200 })
	s.failing()
	s.shows(s.suggest("star"), 1, 2, 3, 4, 5)
	s.changed(1, false, func() { s.titles[1].Not = nil })
	a := s.suggest("star")
	s.shows(a, 1, 2, 3, 4, 5)
	s.wantStatus(a, "hit; ttl=-")
	s.wantStatus(a, "detail=origin-away")
	if age, err := strconv.Atoi(a.Header.Get("Age")); err != nil || age < 0 || age > 60 {
		t.Errorf("Age: %s", a.Header.Get("Age"))
	}
	s.changed(2, true, nil)
	both(func(headers ...string) { s.shows(s.suggest("star", headers...), 1, 3, 4, 5) })
	s.write(nil, "!"+wire.TagSuggest(partOf(3)))
	s.wantFault(s.suggest("star"), 503, "UNAVAILABLE")
	s.origin.Set(func() { s.origin.BeforeFill = nil })
	s.until("the origin", func() bool { return s.suggest("star").Header.Get("Cache-Status") == "Encora; hit" })
	s.shows(s.suggest("star"), 1, 2, 3, 4, 5)
	s.origin.Down(true)
	s.shift.Add(int64(time.Hour)) // nothing is known to have changed
	both(func(headers ...string) {
		a := s.suggest("star", headers...)
		s.shows(a, 1, 2, 3, 4, 5)
		s.wantStatus(a, "hit; detail=origin-away")
	})
	s.shift.Add(int64(24 * time.Hour))
	s.wantFault(s.suggest("star"), 503, "UNAVAILABLE")
}

// lag makes the feed lose what it brings, until the returned function is called.
func (s *corpus) lag() func() {
	var hold atomic.Bool
	hold.Store(true)
	s.origin.Set(func() { s.origin.Mangle = func(*wire.FeedPage) bool { return !hold.Load() } })
	return func() { hold.Store(false) }
}

// ahead makes the edge hold an answer that was read at a position which the feed has not brought yet.
func ahead[T any](s *corpus, pinned *pinned[T]) {
	s.t.Helper()
	pinned.current.Store(nil)
	if _, err := pinned.get("", 0, s.now().Add(time.Second)); err != nil {
		s.t.Fatal(err)
	}
	if pinned.current.Load().answer.Pos() <= s.proxy.applied() {
		s.t.Fatal("the feed was faster")
	}
}

// An edge whose feed is late must not judge today's titles by yesterday's territories: a rule exchanged for another that
// denies the same country would hide nothing.
func TestAnExchangedRuleSuggestsNothing(t *testing.T) {
	for name, ahead := range map[string]func(*corpus){
		"the part is ahead": func(s *corpus) { ahead(s, s.proxy.corpus[partOf(2)]) },
		"the map is ahead":  func(s *corpus) { ahead(s, s.proxy.audiences) },
	} {
		t.Run(name, func(t *testing.T) {
			s := setupCorpus(t)
			s.films(3)
			s.origin.Set(func() {
				s.titles[2].Not = []string{"old"}
				s.title(beside(2), "Star for some", "elsewhere")
				s.origin.Audiences = wire.Audiences{Deny: map[string][]string{"GB": {"old"}, "FR": {"elsewhere"}}}
			})
			seen := []int{beside(2), 1, 3}
			s.shows(s.suggest("star"), seen...)
			release := s.lag()
			s.origin.Write(func() {
				s.titles[2].Not = []string{"new"}
				s.origin.Audiences.Deny["GB"] = []string{"new"}
			}, "!geo", "!movie:"+testID(2), wire.TagSuggest(partOf(2)))
			ahead(s)
			both(func(headers ...string) { s.shows(s.suggest("star", headers...), seen...) })
			release()
			s.until("the change", func() bool { return s.proxy.applied() >= s.origin.Head() })
			both(func(headers ...string) { s.shows(s.suggest("star", headers...), seen...) })
		})
	}
}

// A database that was restored in the middle of an answer is another world: what was gathered before is not of it.
func TestAnotherWorldInTheMiddleOfAnAnswer(t *testing.T) {
	s := setupCorpus(t)
	s.films(3)
	s.shows(s.suggest("star"), 1, 2, 3)
	s.changed(2, false, nil)
	restore := sync.OnceFunc(func() {
		s.origin.Set(func() { delete(s.titles, 1) })
		s.origin.Restore("epoch-2", 7)
		s.until("another world", func() bool { return s.proxy.versions.State().Epoch == "epoch-2" })
	})
	s.origin.Set(func() { s.origin.BeforeFill = func(filltest.Ask) { restore() } })
	s.shows(s.suggest("star"), 2, 3)
}

// A part that is newer than the feed waits for it; not everything is read again.
func TestPartsThatAreAheadWaitForTheFeed(t *testing.T) {
	s := setupCorpus(t)
	s.films(3)
	s.shows(s.suggest("star"), 1, 2, 3)
	release := s.lag()
	s.origin.Write(func() { s.titles[2].Title = "Star Two" }, "movie:"+testID(2), wire.TagSuggest(partOf(2)))
	ahead(s, s.proxy.corpus[partOf(2)])
	time.AfterFunc(20*time.Millisecond, release)
	began := time.Now()
	s.shows(s.suggest("star"), 2, 1, 3)
	if took := time.Since(began); took > awaitFor {
		t.Logf("the feed took %v", took)
	} else if s.fills(1) != 1 || s.origin.Fills(wire.AudiencesPath) != 1 {
		t.Errorf("%d and %d fills", s.fills(1), s.origin.Fills(wire.AudiencesPath))
	}
}

// The origin may go away just then. What only some may see can't be told; the rest is suggested, marked.
func TestTheOriginGoesAwayAheadOfTheFeed(t *testing.T) {
	s := setupCorpus(t)
	s.films(3)
	s.origin.Set(func() { s.titles[3].Not = []string{"elsewhere"} })
	s.shows(s.suggest("star"), 1, 2, 3)
	s.lag()
	s.origin.Write(func() { s.title(beside(2), "Star in Two", "new") }, wire.TagSuggest(partOf(2)))
	ahead(s, s.proxy.corpus[partOf(2)])
	s.origin.Down(true)
	both(func(headers ...string) {
		a := s.suggest("star", headers...)
		s.shows(a, 1, 2, 3)
		s.wantStatus(a, "origin-away")
	})
}

// A part that can't be read fails the answer, and is no answer with a hole.
func TestABrokenPartFailsTheAnswer(t *testing.T) {
	s := setupCorpus(t)
	s.films(3)
	s.broken = 63
	s.wantFault(s.suggest("star"), 500, "INTERNAL")
	s.origin.Set(func() { s.broken = -1 })
	s.shows(s.suggest("star"), 1, 2, 3)
}

// A crowd that meets an empty edge asks for each part once.
func TestACrowdAsksForSuggestions(t *testing.T) {
	s := setupCorpus(t, func(_ *bundle, c *Config, _ *Timeouts) { c.Patience = 30 * time.Second }) // for a slow machine to gather the crowd
	s.films(100)
	var asked atomic.Int64
	open := make(chan struct{})
	release := sync.OnceFunc(func() { close(open) })
	t.Cleanup(release)
	s.origin.Set(func() {
		s.origin.BeforeFill = func(a filltest.Ask) {
			if strings.HasPrefix(a.Path, "/internal/suggest/") {
				asked.Add(1)
				<-open
			}
		}
	})
	before := runtime.NumGoroutine()
	const crowd = 150
	answers := make(chan answer, crowd)
	for range crowd {
		go func() { answers <- s.suggest("star") }()
	}
	s.until("the crowd", func() bool { return s.general.Load() >= crowd && len(s.proxy.loading) == loading })
	if n := runtime.NumGoroutine() - before; n > gathering*wire.SuggestParts+10*crowd {
		t.Errorf("%d goroutines", n)
	}
	release()
	for range crowd {
		s.shows(<-answers, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
	}
	if n := asked.Load(); n < wire.SuggestParts || n > wire.SuggestParts+10 { // one who looked right before a part came asks again
		t.Errorf("%d questions for %d parts", n, wire.SuggestParts)
	}
}
