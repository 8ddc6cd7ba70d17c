package ingest

import (
	"strings"
	"testing"
)

func TestFaultNamesTheLimit(t *testing.T) {
	f := func(want string, change func(*Film)) {
		t.Helper()
		film := Film{Key: "test:1", Title: "Heat", ReleaseYear: 1995, ContentRating: "R", Genres: []string{"crime"}}
		change(&film)
		if got := film.fault(); got != want {
			t.Errorf("fault %q, want %q", got, want)
		}
	}
	f("", func(*Film) {})
	f("", func(f *Film) { f.Title = strings.Repeat("界", 255) })
	f("", func(f *Film) { f.Title = "می\u200cخواهم" }) // a zero-width non-joiner is part of Persian
	f("no key", func(f *Film) { f.Key = "" })
	f("no title", func(f *Film) { f.Title = "" })
	f("title too long", func(f *Film) { f.Title = strings.Repeat("界", 256) })
	f("synopsis too long", func(f *Film) { f.Synopsis = strings.Repeat("a", 5001) })
	f("release year outside 1888–2100", func(f *Film) { f.ReleaseYear = 1887 })
	f("release year outside 1888–2100", func(f *Film) { f.ReleaseYear = 2101 })
	f("runtime below zero", func(f *Film) { f.RuntimeMinutes = -1 })
	f("unknown content rating X", func(f *Film) { f.ContentRating = "X" })
	f("unknown genre noir", func(f *Film) { f.Genres = []string{"noir"} })
	f("unknown country SU", func(f *Film) { f.CountryOfOrigin = []string{"SU"} })
	f("credit without a name or a known role", func(f *Film) { f.Cast = []CastMember{{Name: "A", Role: "grip"}} })
	for _, bad := range []string{"\x00", "\x1b[2J", "\u0085", "\u202e", "\u2067", "\u2028", "\ufffd", "\ue000"} {
		f("title holds control, direction or broken characters", func(f *Film) { f.Title = "He" + bad + "at" })
		f("cast name holds control, direction or broken characters", func(f *Film) {
			f.Cast = []CastMember{{Name: "Al" + bad, Role: "actor"}}
		})
	}
}

func TestClean(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := clean(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	f(" One\n\n two\tthree\u00a0", "One two three")
	f("Tambourine\u200e", "Tambourine")
	f("\ufeff می\u200cخواهم", "می\u200cخواهم")
	f("evil\u202e", "evil\u202e") // left in, so that it is refused
	f(" \u200b ", "")
}

func TestCutEndsAtASentence(t *testing.T) {
	f := func(in string, limit int, want string) {
		t.Helper()
		if got := cut(in, limit); got != want {
			t.Errorf("cut(%q, %d) = %q, want %q", in, limit, got, want)
		}
	}
	f("Short.", 6, "Short.")
	f("One. Two! Three?", 12, "One. Two!")
	f("One. Two! Three?", 9, "One. Two!")
	f("Version 2.5 runs", 12, "Version 2.5 ") // no sentence ends there
	f("夜。庭が見える。", 4, "夜。")
	f("ééééé", 3, "ééé")
}
