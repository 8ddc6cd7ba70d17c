//go:build !race

package suggest

import (
	"encoding/json"
	"runtime"
	"testing"

	"encora/shared/wire"
)

func TestSearchDoesNotAllocate(t *testing.T) {
	titles := corpus(5000)
	sources := parts(t, titles)
	viewer := &onlooker{denied: []string{"rule-1", "rule-3"}}
	queries := [][]byte{[]byte("s"), []byte("the ma"), []byte("Sä-ta b"), []byte("東京"), []byte(titles[7].Title)}
	var s Search
	out := make([]byte, 0, 16<<10)
	search := func() {
		for _, q := range queries {
			s.Find(Ask{Q: q, Limit: 20}, 0, sources, viewer)
			out = s.Append(out[:0])
			s.Forget()
		}
	}
	search()
	if n := testing.AllocsPerRun(100, search); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// heap is what is in use.
func heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// A title costs at most 200 bytes beyond its names, everything on the heap counted.
func TestAllocOfTitles(t *testing.T) {
	const most = 200
	titles := corpus(catalogue)
	split := make([][]byte, wire.SuggestParts)
	names := 0
	for i := range split {
		var in wire.Suggestions
		for n := i; n < len(titles); n += wire.SuggestParts {
			in.Titles = append(in.Titles, titles[n])
			names += len(titles[n].Title)
			for _, also := range titles[n].Also {
				names += len(also)
			}
		}
		split[i], _ = json.Marshal(in)
	}
	before := heap()
	sources := make([]Source, len(split))
	for i, body := range split {
		packed, err := Pack(body, slotOf)
		if err != nil {
			t.Fatal(err)
		}
		if sources[i].Part, err = Read(string(packed)); err != nil {
			t.Fatal(err)
		}
	}
	held := heap() - before
	runtime.KeepAlive(sources)
	runtime.KeepAlive(split)
	runtime.KeepAlive(titles)
	each := float64(held-names) / float64(len(titles))
	t.Logf("%.1f bytes a title beyond %.1f of names", each, float64(names)/float64(len(titles)))
	if each > most {
		t.Errorf("a title costs %.1f bytes beyond its names, more than %d", each, most)
	}
}
