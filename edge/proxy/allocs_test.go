//go:build !race

package proxy

import (
	"bufio"
	"io"
	"runtime"
	"testing"
)

// TestHitsDontAllocate counts over a socket: what reads, answers and writes a hit is all in it.
func TestHitsDontAllocate(t *testing.T) {
	b := setup(t, withOrigins("https://tv.example"))
	b.docs["/v2/movies/1"], b.docs["/v2/movies"] = long, long
	f := func(name, raw string) {
		t.Helper()
		c := b.dial()
		r := bufio.NewReader(c)
		request := []byte(raw)
		var size int
		for range 3 { // fills, remembers, hits
			if _, err := c.Write(request); err != nil {
				t.Fatal(err)
			}
			a, err := readAnswer(r, "GET")
			if err != nil || a.StatusCode != 200 && a.StatusCode != 304 {
				t.Fatalf("%s: %d %v", name, a.StatusCode, err)
			}
			size = len(a.body)
		}
		if _, err := c.Write(request); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, size+2048)
		n, err := c.Read(buf) // the whole answer: its head tells how long all of them are
		if err != nil {
			t.Fatal(err)
		}
		const runs = 20_000
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			if _, err := c.Write(request); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(c, buf[:n]); err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		per := float64(after.Mallocs-before.Mallocs) / runs
		t.Logf("%s: %.4f allocations", name, per)
		if per > 0.02 {
			t.Errorf("%s: %.4f allocations a request, more than 0.02", name, per)
		}
	}
	f("plain", request("GET", "/v2/movies/1", viewer))
	f("query", request("GET", "/v2/movies?limit=5&genre=b,a&x=1", viewer))
	f("compressed", request("GET", "/v2/movies/1", viewer, "Accept-Encoding: gzip, deflate, br;q=0.9, zstd"))
	f("not modified", request("GET", "/v2/movies/1", viewer, `If-None-Match: "a", W/"b-gz", *`))
	f("browser", request("GET", "/v2/movies/1", viewer, "Origin: https://tv.example", "X-Request-Id: r-1", "User-Agent: x"))
}
