//go:build !race

package cache

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// TestAllocOverhead measures what an entry costs beyond its bodies, header blocks and key, with everything of ristretto's.
func TestAllocOverhead(t *testing.T) {
	const entries = 50_000
	v := world(1)
	const key = "0123456789abcdef/v2/movies/01890a5d-ac96-774b-bcce-%012d"
	measure := func(size, n int) (int, float64) {
		packed := make([]*Answer, 100)
		for i := range packed {
			packed[i] = draft(v, fmt.Sprintf(key, -1), 1, text(i, size+2*i), "movie:1", "genres", "geo", "movies").Pack()
		}
		before := heap() // the compressors' memory is in it
		s := newStore(t, 256<<20)
		payload := int64(0)
		for i := range n {
			k := NewKey(fmt.Appendf(nil, key, i))
			a := *packed[i%len(packed)] // compressing each would take a minute
			a.head = strings.Replace(a.head, a.Key(), k.String(), 1)
			a.tail = strings.Clone(a.tail)
			s.Put(k, &a)
			payload += int64(len(a.head) + len(a.tail) - tagSize*int(a.tags))
		}
		calm(s)
		held := 0
		s.Each(func(*Answer) bool { held++; return true })
		per := float64(heap()-before-payload) / float64(n)
		runtime.KeepAlive(s)
		runtime.KeepAlive(packed)
		s.Close()
		return held, per
	}
	f := func(size, n int, most float64) {
		t.Helper()
		held, per := measure(size, n)
		for try := 1; try < 3 && per > most; try++ { // what else lives on the heap comes and goes; an entry's cost stays
			held, per = measure(size, n)
		}
		t.Logf("%d entries with bodies of about %d bytes: %.0f bytes of overhead each", held, size, per)
		if held != n || per > most {
			t.Errorf("%d of %d entries are held, at %.0f bytes beyond their payload; want at most %.0f", held, n, per, most)
		}
	}
	f(300, entries, Overhead)
	f(1500, entries, Overhead)
	f(25_000, entries/20, 1200) // the fixed part of ristretto is shared by fewer
}
