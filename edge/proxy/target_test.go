package proxy

import (
	"net/url"
	"strings"
	"testing"

	"encora/shared/op"
)

// FuzzTarget holds that a target which is taken has one spelling, which is taken for itself again, and that no two
// paths which decode differently share it.
func FuzzTarget(f *testing.F) {
	for _, s := range []string{"/v2/movies/1?fields=a", "/v2/%6dovies/%C3%A9", "/a/%2e%2e/b", "http://e/a//b", "/a;b", "/%2f", "/?%00", "/a/b/%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, fl := readTarget([]byte(raw))
		if fl != nil {
			return
		}
		if !strings.HasPrefix(got.path, "/") || strings.Contains(got.path, "//") && got.path != "/" || strings.Contains(got.path, "..") || strings.ContainsAny(got.path, "\\;\x00 \r\n") {
			t.Fatalf("%q: path %q", raw, got.path)
		}
		if got.path != "/" || got.query != "" {
			if again, fl := readTarget([]byte(got.path)); fl != nil || again.path != got.path {
				t.Fatalf("%q: %q is spelled %q the second time (%v)", raw, got.path, again.path, fl)
			}
		}
		u, err := url.ParseRequestURI(raw)
		if err != nil {
			return
		}
		if decoded, err := url.PathUnescape(got.path); err != nil || decoded != u.Path {
			t.Fatalf("%q: decodes to %q, not %q", raw, decoded, u.Path)
		}
	})
}

// FuzzQuery holds that a canonical query is canonical, so that no answer has two keys.
func FuzzQuery(f *testing.F) {
	o := op.Op{Query: []op.Param{{Name: "cursor", Page: true}, {Name: "genre", List: true}, {Name: "limit", Default: "20", Page: true}}}
	for _, s := range []string{"genre=b,a&limit=20", "limit=1&limit=2", "genre=%2C&genre=+", "cursor=a%20b&x=1", "genre=,,"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		once, err := o.Canonical(raw)
		if err != nil {
			return
		}
		if twice, err := o.Canonical(once); err != nil || twice != once {
			t.Fatalf("%q: %q, then %q (%v)", raw, once, twice, err)
		}
	})
}
