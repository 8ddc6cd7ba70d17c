package cache

import (
	"bytes"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"encora/edge/feed"
	"encora/shared/wire"
)

// world is a fresh one with the given floor.
func world(floor uint64) *feed.Versions {
	v := feed.NewVersions(1<<14, time.Now())
	v.Reset("e", floor)
	return v
}

func draft(v *feed.Versions, key string, pos uint64, body string, tags ...string) *Draft {
	return &Draft{Key: NewKey([]byte(key)), World: v.State(), Pos: pos, Until: Never, Filled: time.Unix(1_700_000_000, 0), Tags: tags,
		Status: 200, ContentType: "application/json", Headers: "Cache-Control: private, no-cache\r\n", Body: []byte(body)}
}

// text is compressible, and different for every seed.
func text(seed, n int) string {
	r := rand.New(rand.NewPCG(uint64(seed), 1))
	words := strings.Fields("title synopsis genre drama comedy runtime minutes poster backdrop cast director writer published season")
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(words[r.IntN(len(words))])
		b.WriteString(strconv.Itoa(r.IntN(1000)))
		b.WriteByte(' ')
	}
	return b.String()[:n]
}

func decode(t *testing.T, e Encoding, coded []byte) []byte {
	t.Helper()
	var r io.Reader = bytes.NewReader(coded)
	var err error
	switch e {
	case Brotli:
		r = brotli.NewReader(r)
	case Gzip:
		r, err = gzip.NewReader(r)
	case Zstd:
		r, err = zstd.NewReader(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPackKeepsEveryVariant(t *testing.T) {
	v := world(1)
	for _, n := range []int{0, 1, 511, 512, 1500, 4096, 25_000, 40_000, 300_000} {
		body := text(n, n)
		a := draft(v, "key-"+strconv.Itoa(n), 1, body, "a", "b", "c").Pack()
		if a.Key() != "key-"+strconv.Itoa(n) {
			t.Errorf("%d: key %q", n, a.Key())
		}
		for e := range encodings {
			if !a.Has(e) {
				if n >= minEncode {
					t.Errorf("%d: no %s", n, tokens[e])
				}
				continue
			}
			one, two := a.Body(e)
			if got := decode(t, e, []byte(one+two)); string(got) != body {
				t.Errorf("%d: %s gives %d other bytes", n, tokens[e], len(got))
			}
			if want := "Content-Length: " + strconv.Itoa(len(one+two)) + "\r\n"; !strings.Contains(a.Block(e), want) {
				t.Errorf("%d: block %q lacks %q", n, a.Block(e), want)
			}
		}
		if n < minEncode && (a.Has(Brotli) || a.Has(Gzip) || a.Has(Zstd)) {
			t.Errorf("%d: compressed", n)
		}
	}
}

func TestPackSkipsWhatSavesLittle(t *testing.T) {
	noise := make([]byte, 4000)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	if a := draft(world(1), "k", 1, string(noise)).Pack(); a.Has(Brotli) || a.Has(Gzip) || a.Has(Zstd) {
		t.Error("noise is stored compressed")
	}
}

func TestETagDependsOnDataAlone(t *testing.T) {
	v, w := world(1), world(70)
	w.Reset("other", 90)
	body := text(1, 2000)
	a := draft(v, "k", 1, body, "x").Pack()
	b := draft(w, "other key", 95, body).Pack()
	for e, suffix := range []string{"-br", "-zst", "-gz", ""} {
		tag := a.ETag(Encoding(e))
		if tag != b.ETag(Encoding(e)) || len(tag) != 18+len(suffix) || !strings.HasSuffix(tag, suffix+`"`) {
			t.Errorf("%s and %s", tag, b.ETag(Encoding(e)))
		}
	}
	if c := draft(v, "k", 1, body+" ").Pack(); c.ETag(Identity) == a.ETag(Identity) {
		t.Error("two bodies, one ETag")
	}
}

func TestCheck(t *testing.T) {
	v := world(10)
	now := time.Now().UnixNano()
	put := func(pos uint64, until int64, tags ...string) *Answer {
		d := draft(v, "k", pos, "body", tags...)
		d.Until = until
		return d.Pack()
	}
	f := func(name string, a *Answer, want Verdict) {
		t.Helper()
		if got := a.Check(v.State(), now); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	a, b := put(10, Never, "a", "b"), put(12, Never, "a", "b")
	f("untouched", a, Fresh)
	v.Apply([]wire.Change{{Pos: 11, Tags: []string{"c"}}})
	f("others changed", a, Fresh)
	v.Apply([]wire.Change{{Pos: 12, Tags: []string{"b"}}})
	f("edited", a, Stale)
	f("snapshot of the edit", b, Fresh)
	v.Apply([]wire.Change{{Pos: 13, Tags: []string{"!a"}}})
	f("taken away", a, Gone)
	f("taken away", b, Gone)
	v.Apply([]wire.Change{{Pos: 14, Tags: []string{"b"}}})
	f("taken away, then edited", b, Gone)
	f("instant to come", put(14, now+1, "a"), Fresh)
	f("instant has come", put(14, now, "a"), Gone)
	c := put(14, Never)
	f("no tags", c, Fresh)
	v.Reset("e", 14)
	f("another world", c, Gone)
	d := draft(v, "k", 99, "body")
	d.World = nil
	f("no world", d.Pack(), Gone)
}
