//go:build !race

package proxy

import (
	"bufio"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"encora/shared/wire"
)

// allocations are those per request of an answer from memory, counted over a socket: what reads, answers and writes a hit
// is all in it.
func (b *bundle) allocations(raw string) float64 {
	b.t.Helper()
	c := b.dial()
	r := bufio.NewReader(c)
	request := []byte(raw)
	var size int
	for range 3 { // fills, remembers, hits
		if _, err := c.Write(request); err != nil {
			b.t.Fatal(err)
		}
		a, err := readAnswer(r, "GET")
		if err != nil || a.StatusCode != 200 && a.StatusCode != 304 {
			b.t.Fatalf("%d %v", a.StatusCode, err)
		}
		size = len(a.body)
	}
	if _, err := c.Write(request); err != nil {
		b.t.Fatal(err)
	}
	buf := make([]byte, size+2048)
	n, err := c.Read(buf) // the whole answer: its head tells how long all of them are
	if err != nil {
		b.t.Fatal(err)
	}
	const runs = 20_000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		if _, err := c.Write(request); err != nil {
			b.t.Fatal(err)
		}
		if _, err := io.ReadFull(c, buf[:n]); err != nil {
			b.t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / runs
}

func (b *bundle) wantNoAllocations(name, raw string) {
	b.t.Helper()
	per := b.allocations(raw)
	for range 2 { // what the feed's polls allocate meanwhile counts, too, and more of it on a slow machine
		if per > 0.02 {
			per = min(per, b.allocations(raw))
		}
	}
	b.t.Logf("%s: %.4f allocations", name, per)
	if per > 0.02 {
		b.t.Errorf("%s: %.4f allocations a request, more than 0.02", name, per)
	}
}

func TestHitsDontAllocate(t *testing.T) {
	b := setup(t, withOrigins("https://tv.example"))
	b.docs["/v2/movies/1"], b.docs["/v2/movies"], b.docs["/v2/shows/1/seasons/2/episodes/3"] = long, long, long
	b.wantNoAllocations("plain", request("GET", "/v2/movies/1", viewer))
	b.wantNoAllocations("three values", request("GET", "/v2/shows/1/seasons/2/episodes/3", viewer))
	b.wantNoAllocations("query", request("GET", "/v2/movies?limit=5&genre=b,a&x=1", viewer))
	b.wantNoAllocations("compressed", request("GET", "/v2/movies/1", viewer, "Accept-Encoding: gzip, deflate, br;q=0.9, zstd"))
	b.wantNoAllocations("not modified", request("GET", "/v2/movies/1", viewer, `If-None-Match: "a", W/"b-gz", *`))
	kids := b.ofPlan(testID(1))
	b.write(b.filters(filter("kids", 1)), "!filters")
	b.wantNoAllocations("of a plan", request("GET", "/v2/movies/1", kids))
	b.wantNoAllocations("browser", request("GET", "/v2/movies/1", viewer, "Origin: https://tv.example", "X-Request-Id: r-1", "User-Agent: x"))
}

func TestComposedAnswersDontAllocate(t *testing.T) {
	g := setupGuide(t)
	choice := make([]int, 20)
	for i := range choice {
		choice[i] = i + 1
		g.channel(i+1, aired{100 + i, -time.Hour, time.Hour}, aired{200 + i, time.Hour, 2 * time.Hour})
	}
	g.wantNoAllocations("what's on", request("GET", "/v2/epg/now?"+channelIDs(choice...), viewer))
	g.wantNoAllocations("not modified", request("GET", "/v2/epg/now?"+channelIDs(choice...), viewer, "If-None-Match: *"))
	kids := g.ofPlan(testID(71))
	g.write(func() {
		g.lineup[2].Rules = []string{testID(71)}
		g.origin.Audiences.Filters = []wire.PlanFilter{filter("kids", 71)}
	}, "!filters", wire.TagLineup)
	g.wantNoAllocations("of a plan", request("GET", "/v2/epg/now?"+channelIDs(choice...), kids))
}

func TestBeatsDontAllocate(t *testing.T) {
	s := setupStage(t, withOrigins("https://tv.example"))
	id := s.playing()
	s.wantNoAllocations("heartbeat", beatRequest(beatBody(id, 1234), asAnn))
	s.wantNoAllocations("paused, of a browser", beatRequest(strings.TrimSuffix(beatBody(id, 1234), "}")+`,"is_paused":true}`, asAnn, "Origin: https://tv.example", "X-Request-Id: r-1"))
}

func TestSuggestionsDontAllocate(t *testing.T) {
	s := setupCorpus(t)
	s.films(100)
	s.origin.Set(func() {
		for n := range s.titles {
			s.titles[n].Not = []string{[]string{"a", "b", "c"}[n%3]}
		}
	})
	kids := s.ofPlan(testID(71))
	s.write(s.filters(filter("kids", 71)), "!filters")
	s.wantNoAllocations("suggestions", request("GET", suggestPath+"?q=st", kids))
	s.wantNoAllocations("of several words", request("GET", suggestPath+"?q=st%C3%A1r+fi&limit=20", viewer))
	s.wantNoAllocations("not modified", request("GET", suggestPath+"?q=film", viewer, "If-None-Match: *"))
}
