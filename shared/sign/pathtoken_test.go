package sign

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// The vectors were made by node's crypto from the description of the token, in testdata/vectors/hmac.mjs.
func TestPathTokenVectors(t *testing.T) {
	for _, v := range vectors[vector](t, "hmac.json", 10) {
		c := configured(t, ofKeys(v.ID+":"+v.Key))
		if got := signed(t, c, v.target()); got != v.URL {
			t.Errorf("%s: got\n%s, want\n%s", v.Name, got, v.URL)
		}
		path, query := split(t, v.URL)
		want := v.target()
		claims, rest, err := c.Verifier().Verify(path, query, want.Expires.Add(-time.Second), want.IP)
		if err != nil || rest != v.Path || claims.Session != want.Session || !claims.Expires.Equal(want.Expires) ||
			!claims.Begin.Equal(want.Begin) || !claims.End.Equal(want.End) {
			t.Errorf("%s: %+v %q %v", v.Name, claims, rest, err)
		}
	}
}

// split is the path below the base URL of ofKeys, and the query.
func split(t testing.TB, url string) (string, string) {
	t.Helper()
	below, ok := strings.CutPrefix(url, "https://media.example.com/enc")
	if !ok {
		t.Fatalf("%s is not below the base URL", url)
	}
	path, query, _ := strings.Cut(below, "?")
	return path, query
}

func TestSignersAppend(t *testing.T) {
	f := func(fields string) {
		t.Helper()
		signer := configured(t, fields).For("/vod").Signer
		whole, err := signer.AppendURL(nil, film())
		if err != nil {
			t.Fatal(err)
		}
		got, err := signer.AppendURL([]byte("url="), film())
		if err != nil || string(got) != "url="+string(whole) {
			t.Errorf("got %s %v", got, err)
		}
		got, err = signer.AppendURL([]byte("url="), &Target{})
		if err == nil || string(got) != "url=" {
			t.Errorf("got %s %v of nothing", got, err)
		}
	}
	f(ofKeys("a:" + secretA))
	f(akamaiFields)
	f(cloudFrontFields + `, "policy": "canned"`)
	f(cloudFrontFields + `, "policy": "custom"`)
	f(catFields)
}

// What is refused is refused beforehand, for the same reason.
func TestTargetsThatAreRefused(t *testing.T) {
	all := map[string]*CDN{}
	for name, fields := range map[string]string{
		"hmac": ofKeys("a:" + secretA), "akamai": akamaiFields, "cat": catFields,
		"canned": cloudFrontFields + `, "policy": "canned"`, "custom": cloudFrontFields + `, "policy": "custom"`,
	} {
		all[name] = configured(t, fields).For("/")
	}
	f := func(change func(*Target), refusing ...string) {
		t.Helper()
		target := film()
		change(target)
		for name, cdn := range all {
			want := len(refusing) == 0 || strings.Contains(strings.Join(refusing, " "), name)
			_, err := cdn.Signer.AppendURL(nil, target)
			if before := cdn.Check(target); before != nil && !errors.Is(before, ErrTarget) || fmt.Sprint(before) != fmt.Sprint(err) {
				t.Errorf("%s of %+v: %v before, %v when it is signed", name, target, before, err)
			}
			if want != errors.Is(err, ErrTarget) || err != nil && !want {
				t.Errorf("%s of %+v: %v, want it refused: %v", name, target, err, want)
			}
		}
	}
	none := "nobody"
	f(func(*Target) {}, none)
	for _, path := range []string{"", "vod/abc/x", "/", "//x/y", "/vod//x", "/vod/./x", "/vod/../x", "/vod/x/", "/vod/..",
		"/vod/%41/x", "/vod/a b/x", "/vod/é/x", "/vod/a?b/x", "/vod/a#b/x", "/vod/a\\b/x", "/vod/a\nb/x", "/vod/\x00/x"} {
		f(func(t *Target) { t.Path = path })
	}
	f(func(t *Target) { t.Path = "/master.m3u8" }, none)
	f(func(t *Target) { t.Path = "/mas*ter.m3u8" }, "akamai", "custom")
	f(func(t *Target) { t.Path = "/vod/a*b/x" }, "akamai", "custom")
	f(func(t *Target) { t.Path = "/vod/a~b/x" }, "akamai")
	f(func(t *Target) { t.Path = "/vod/a!b/x" }, "akamai")
	f(func(t *Target) { t.Path = "/vod/a/*~!" }, none)
	f(func(t *Target) { t.Path = strings.Repeat("/a", 256) }, none)
	f(func(t *Target) { t.Path = strings.Repeat("/a", 257) }, "hmac")
	f(func(t *Target) { t.Session = [16]byte{} })
	f(func(t *Target) { t.Expires = time.Time{} })
	f(func(t *Target) { t.Expires = time.Unix(1<<32, 0) })
	f(func(t *Target) { t.Expires = time.Unix(1<<32-1, 0) }, none)
	f(func(t *Target) { t.Begin = expires })
	f(func(t *Target) { t.End = expires })
	f(func(t *Target) { t.Begin, t.End = expires, expires })
	f(func(t *Target) { t.Begin, t.End = expires, expires.Add(time.Second) }, none)
	f(func(t *Target) { t.IP = viewer }, "canned")
	f(func(t *Target) { t.IP = netip.MustParseAddr("::ffff:203.0.113.7") }, "canned")
	f(func(t *Target) { t.IP = netip.MustParseAddr("2001:db8::7") }, "canned", "custom")
	f(func(t *Target) { t.IP = netip.MustParseAddr("fe80::7%eth0") }, "canned", "custom")
}

// One viewer's address has one spelling, however it came.
func TestAddressesAreUnmapped(t *testing.T) {
	for _, fields := range []string{ofKeys("a:" + secretA), akamaiFields, cloudFrontFields + `, "policy": "custom"`, catFields} {
		c := configured(t, fields)
		plain, mapped := film(), film()
		plain.IP, mapped.IP = viewer, netip.MustParseAddr("::ffff:203.0.113.7")
		if a, b := signed(t, c, plain), signed(t, c, mapped); a != b || a == signed(t, c, film()) {
			t.Errorf("got %s and %s", a, b)
		}
	}
}
