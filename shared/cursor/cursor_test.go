package cursor

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

type position struct {
	Title string
	ID    int
}

var (
	keyA = []byte("key A, sixteen b")
	keyB = []byte("key B, of more than sixteen bytes")
)

func newCodec(t testing.TB, keys ...[]byte) *Codec {
	t.Helper()
	c, err := New(keys)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// check asserts that Decode and Verify agree, and returns what was decoded.
func check(t testing.TB, c *Codec, opID, filters, s string, good bool) position {
	t.Helper()
	var p position
	err := c.Decode(opID, filters, s, &p)
	if good != (err == nil) || err != nil && err != ErrCursor || c.Verify(opID, filters, s) != good {
		t.Errorf("%s %s %q: %v, verify %v, want good %v", opID, filters, s, err, c.Verify(opID, filters, s), good)
	}
	return p
}

func TestRoundTrip(t *testing.T) {
	c := newCodec(t, keyA)
	f := func(filters string, want position) {
		t.Helper()
		s := c.Encode("listMovies", filters, want)
		if got := check(t, c, "listMovies", filters, s, true); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if len(s) > MaxLen || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Errorf("%q is not opaque", s)
		}
	}
	f("", position{})
	f("genre=a&sort=-title", position{"Ikiru", 7})
	f("q="+strings.Repeat("x", 10_000), position{"Ran", 1<<53 - 1})
	f("", position{strings.Repeat("<", 255), 1}) // the longest titles
	f("", position{strings.Repeat("𝄞", 255), 1})
	f("", position{strings.Repeat("\u2028", 255), 1})
}

func TestBoundToOperationAndFilters(t *testing.T) {
	c := newCodec(t, keyA)
	s := c.Encode("listMovies", "genre=a", position{"x", 1})
	check(t, c, "listMovies", "genre=a", s, true)
	check(t, c, "listShows", "genre=a", s, false)
	check(t, c, "listMovies", "genre=b", s, false)
	check(t, c, "listMovies", "", s, false)
	check(t, c, "listMovie", "sgenre=a", s, false) // the same bytes, split elsewhere
	check(t, c, "listMoviesg", "enre=a", s, false)
}

// What is signed must not read the same when its parts are cut elsewhere.
func TestPartsAreKeptApart(t *testing.T) {
	c := newCodec(t, keyA)
	seen := map[[macLen]byte]bool{}
	parts := [][3]string{{"abcd", "", ""}, {"abc", "d", ""}, {"ab", "cd", ""}, {"ab", "c", "d"}, {"a", "bc", "d"}, {"", "", "abcd"}}
	for _, p := range parts {
		seen[sign(c.keys[0], p[0], p[1], []byte(p[2]))] = true
	}
	if len(seen) != len(parts) {
		t.Errorf("%d signatures for %d meanings", len(seen), len(parts))
	}
}

func TestEveryChangeIsNoticed(t *testing.T) {
	c := newCodec(t, keyA)
	s := c.Encode("listMovies", "", position{"x", 1})
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/\n\r "
	for i := range s {
		for _, b := range []byte(alphabet) {
			if b != s[i] {
				check(t, c, "listMovies", "", s[:i]+string(b)+s[i+1:], false)
			}
		}
		check(t, c, "listMovies", "", s[:i], false)
		check(t, c, "listMovies", "", s[:i]+"\n"+s[i:], false)
	}
	for _, bad := range []string{s + "=", s + "A", s + s, strings.Repeat("A", MaxLen), strings.Repeat("A", MaxLen+4), "AQ"} {
		check(t, c, "listMovies", "", bad, false)
	}
}

func TestRotation(t *testing.T) {
	before, during, after := newCodec(t, keyA), newCodec(t, keyB, keyA), newCodec(t, keyB)
	old, fresh := before.Encode("op", "", position{"x", 1}), during.Encode("op", "", position{"x", 1})
	check(t, during, "op", "", old, true)
	check(t, during, "op", "", fresh, true)
	check(t, after, "op", "", fresh, true)
	check(t, after, "op", "", old, false)
	check(t, before, "op", "", fresh, false)
}

// A position whose shape changed with a release is a bad cursor, not a failure.
func TestForeignShape(t *testing.T) {
	c := newCodec(t, keyA)
	var p position
	if err := c.Decode("op", "", c.Encode("op", "", []int{1}), &p); !errors.Is(err, ErrCursor) {
		t.Error(err)
	}
}

func TestEncodeRefusesWhatDecodeWould(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a cursor was made that nobody can use")
		}
	}()
	newCodec(t, keyA).Encode("op", "", strings.Repeat("x", maxBody))
}

func TestLongestCursor(t *testing.T) {
	c := newCodec(t, keyA)
	s := c.Encode("op", "", strings.Repeat("x", maxBody-2))
	if len(s) > MaxLen || !c.Verify("op", "", s) {
		t.Errorf("%d characters", len(s))
	}
}

func TestKeysAreChecked(t *testing.T) {
	for _, keys := range [][][]byte{nil, {}, {nil}, {keyA[:MinKey-1]}, {keyA, keyB[:3]}} {
		if _, err := New(keys); err == nil {
			t.Errorf("%q are accepted", keys)
		}
	}
}

func FuzzDecode(f *testing.F) {
	c := newCodec(f, keyA, keyB)
	good := c.Encode("op", "a=b", position{"x", 1})
	f.Add("op", "a=b", good)
	f.Add("op", "", base64.RawURLEncoding.EncodeToString([]byte("\x01{}0123456789abcdef")))
	f.Fuzz(func(t *testing.T, opID, filters, s string) {
		check(t, c, opID, filters, s, opID == "op" && filters == "a=b" && s == good)
	})
}

func FuzzRoundTrip(f *testing.F) {
	c := newCodec(f, keyA)
	f.Add("op", "a=b", "title", 1)
	f.Fuzz(func(t *testing.T, opID, filters, title string, id int) {
		if len(title) > 255 || !utf8.ValidString(title) {
			return
		}
		want := position{title, id}
		if got := check(t, c, opID, filters, c.Encode(opID, filters, want), true); got != want {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	c := newCodec(b, keyA)
	s := c.Encode("listMovies", "genre=a", position{"Ikiru", 7})
	b.ReportAllocs()
	for b.Loop() {
		if !c.Verify("listMovies", "genre=a", s) {
			b.Fatal("refused")
		}
	}
}
