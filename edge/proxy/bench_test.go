package proxy

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"encora/edge/lane"
)

// BenchmarkWarm is a hit without the kernel: every check, the choice of variant, and the copy to the buffer that is sent.
func BenchmarkWarm(b *testing.B) {
	for _, films := range []int{1, 4000} {
		b.Run(fmt.Sprintf("films=%d", films), func(b *testing.B) {
			e := setup(b)
			paths := make([][]byte, films)
			for i := range paths {
				path := fmt.Sprintf("/v2/movies/01890a5d-ac96-774b-bcce-%012d", i)
				e.docs[path] = fmt.Sprintf("%d %s", i, long[:1500])
				e.get(path)
				paths[i] = []byte(path)
			}
			order := rand.Perm(films)
			r := lane.Request{Token: []byte("viewer"), AcceptEncoding: []byte("identity"), Now: time.Now()}
			out := lane.Reply{Head: make([]byte, 0, 8<<10)}
			buf := make([]byte, 0, 8<<10)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				r.Path = paths[order[i]]
				if i++; i == films {
					i = 0
				}
				out.Head = out.Head[:0]
				if !e.proxy.Warm(&r, &out) {
					b.Fatal("not a hit")
				}
				buf = append(append(append(buf[:0], out.Head...), out.Body...), out.BodyAfter...)
			}
		})
	}
}

// BenchmarkWarmNow composes what is on for 20 of 500 channels, another choice each time.
func BenchmarkWarmNow(b *testing.B) {
	g := setupGuide(b)
	const channels, choices = 500, 2000
	all := make([]int, channels)
	for n := range channels {
		all[n] = n + 1
		var day []aired
		for i := range 40 {
			day = append(day, aired{n*100 + i, time.Duration(i-20) * 36 * time.Minute, time.Duration(i-19) * 36 * time.Minute})
		}
		g.channel(n+1, day...)
	}
	g.filler = long[:600]
	for i := 0; i < channels; i += 50 {
		query := "/v2/epg/now?" + channelIDs(all[i:i+50]...)
		g.until("the days", func() bool { return g.get(query).Header.Get("Cache-Status") == "Encora; hit" })
	}
	queries := make([][]byte, choices)
	for i := range queries {
		rand.Shuffle(channels, func(i, j int) { all[i], all[j] = all[j], all[i] })
		queries[i] = []byte(channelIDs(all[:20]...))
	}
	r := lane.Request{Path: []byte("/v2/epg/now"), Token: []byte("viewer"), Now: g.now()}
	out := lane.Reply{Head: make([]byte, 0, 8<<10), Space: make([]byte, 0, 64<<10)}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		r.Query = queries[i]
		if i++; i == choices {
			i = 0
		}
		out.Head, out.Space = out.Head[:0], out.Space[:0]
		if !g.proxy.Warm(&r, &out) {
			b.Fatal("not a hit")
		}
	}
	b.ReportMetric(float64(len(out.Body)), "bytes")
}

// BenchmarkWarmBeat is a heartbeat without the kernel, of thousands of sessions in turn.
func BenchmarkWarmBeat(b *testing.B) {
	const sessions = 4000
	s := setupStage(b)
	s.movie(1)
	bodies := make([][]byte, sessions)
	for i := range bodies {
		bodies[i] = []byte(beatBody(s.started(s.play(movieStream(1), asAnn)).Session, i))
	}
	r := lane.Request{Post: true, Path: []byte(beatPath), Token: []byte("ann"), Now: s.now()}
	out := lane.Reply{Head: make([]byte, 0, 8<<10), Space: make([]byte, 0, 1<<10)}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		r.Body, r.Now = bodies[i], r.Now.Add(time.Microsecond)
		if i++; i == sessions {
			i = 0
		}
		out.Head, out.Space = out.Head[:0], out.Space[:0]
		if !s.proxy.Warm(&r, &out) {
			b.Fatal("not taken")
		}
	}
}

// BenchmarkWarmSuggestions completes prefixes of one to eight letters among 50,000 titles.
func BenchmarkWarmSuggestions(b *testing.B) {
	s := setupCorpus(b)
	words := make([]string, 20_000)
	for i := range words {
		words[i] = strconv.FormatInt(rand.Int64N(1<<40), 36)
	}
	word := func() string { u := rand.Float64(); return words[int(float64(len(words))*u*u*u)] }
	s.origin.Set(func() {
		for n := range 50_000 {
			s.title(n, word()+" "+word()+" "+word())
		}
	})
	s.until("the parts", func() bool { return s.suggest("a").Header.Get("Cache-Status") == "Encora; hit" })
	queries := make([][]byte, 4000)
	for i := range queries {
		w := word()
		queries[i] = []byte("q=" + w[:min(len(w), 1+rand.IntN(8))])
	}
	r := lane.Request{Path: []byte(suggestPath), Token: []byte("viewer"), Now: s.now()}
	out := lane.Reply{Head: make([]byte, 0, 8<<10), Space: make([]byte, 0, 64<<10)}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		r.Query = queries[i]
		if i++; i == len(queries) {
			i = 0
		}
		out.Head, out.Space = out.Head[:0], out.Space[:0]
		if !s.proxy.Warm(&r, &out) {
			b.Fatal("not a hit")
		}
	}
}
