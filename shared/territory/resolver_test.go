package territory

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

const cdnHeader = "CloudFront-Viewer-Country"

var proxies = []netip.Prefix{netip.MustParsePrefix("10.1.2.3/8"), netip.MustParsePrefix("2001:db8:1::/48")}

func newResolver(t testing.TB, c Config) *Resolver {
	t.Helper()
	r, err := NewResolver(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// request gives the headers name, value, name, value …
func request(pairs ...string) Header {
	return func(name string) [][]byte {
		var out [][]byte
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				out = append(out, []byte(pairs[i+1]))
			}
		}
		return out
	}
}

func TestCountryWithoutGeoIP(t *testing.T) {
	r := newResolver(t, Config{CountryHeader: cdnHeader, TrustedProxies: proxies})
	f := func(peer string, h Header, token, want string) {
		t.Helper()
		if got := r.Country(netip.MustParseAddr(peer), h, token); got != want {
			t.Errorf("from %s with token %q: %s, want %s", peer, token, got, want)
		}
	}
	gb := request(cdnHeader, "GB")
	f("10.0.0.1", gb, "DE", "GB")
	f("::ffff:10.0.0.1", gb, "DE", "GB")
	f("2001:db8:1::5", gb, "DE", "GB")
	f("203.0.113.9", gb, "DE", "DE") // no proxy: the client wrote it
	f("203.0.113.9", gb, "", Unknown)
	f("2001:db8:2::5", gb, "", Unknown)
	f("10.0.0.1", request(), "DE", "DE")
	f("10.0.0.1", request(), "", Unknown)
	for _, bad := range []string{"", "gb", "UK", "XX", "ZZ", "T1", "GBR", "GB, DE", " GB", "G\x00"} {
		f("10.0.0.1", request(cdnHeader, bad), "DE", "DE")
	}
	f("10.0.0.1", request(cdnHeader, "GB", cdnHeader, "GB"), "DE", "DE")
	for _, bad := range []string{"UK", "XK", "ZZ", "gb", "GBR"} {
		f("203.0.113.9", request(), bad, Unknown)
	}
}

func TestZeroConfigBelievesTheTokenOnly(t *testing.T) {
	r := newResolver(t, Config{})
	h := request(cdnHeader, "GB", "X-Forwarded-For", "203.0.113.1", "", "GB")
	if got := r.Country(netip.MustParseAddr("127.0.0.1"), h, "FR"); got != "FR" {
		t.Error(got)
	}
}

func TestCountryByGeoIP(t *testing.T) {
	file := writeMMDB(t, map[string]string{"203.0.113.0/24": "GB", "198.51.100.0/24": "UK", "2001:db8:9::/48": "FR"})
	r := newResolver(t, Config{CountryHeader: cdnHeader, TrustedProxies: proxies, GeoIPFile: file})
	f := func(peer string, h Header, want string) {
		t.Helper()
		if got := r.Country(netip.MustParseAddr(peer), h, "DE"); got != want {
			t.Errorf("from %s: %s, want %s", peer, got, want)
		}
	}
	f("203.0.113.9", request(), "GB")
	f("::ffff:203.0.113.9", request(), "GB")
	f("2001:db8:9::1", request(), "FR")
	f("192.0.2.1", request(), "DE")    // not in the file
	f("198.51.100.1", request(), "DE") // in it with no ISO code
	f("203.0.113.9", request(cdnHeader, "US"), "GB")
	f("10.0.0.1", request(cdnHeader, "US", "X-Forwarded-For", "203.0.113.9"), "US")
	f("10.0.0.1", request(cdnHeader, "XX", "X-Forwarded-For", "203.0.113.9"), "GB")
	f("10.0.0.1", request("X-Forwarded-For", "203.0.113.9, 192.0.2.1"), "DE") // 203… is the client's own word
	f("203.0.113.9", request("X-Forwarded-For", "2001:db8:9::1"), "GB")
}

func TestClientAddr(t *testing.T) {
	r := newResolver(t, Config{TrustedProxies: proxies})
	f := func(peer string, h Header, want string) {
		t.Helper()
		if got := r.ClientAddr(netip.MustParseAddr(peer), h); got != netip.MustParseAddr(want) {
			t.Errorf("from %s: %s, want %s", peer, got, want)
		}
	}
	const xff = "X-Forwarded-For"
	f("192.0.2.1", request(xff, "203.0.113.9"), "192.0.2.1")
	f("::ffff:192.0.2.1", request(), "192.0.2.1")
	f("fe80::1%eth0", request(), "fe80::1")
	f("10.0.0.1", request(), "10.0.0.1")
	f("10.0.0.1", request(xff, ""), "10.0.0.1")
	f("10.0.0.1", request(xff, "203.0.113.9"), "203.0.113.9")
	f("10.0.0.1", request(xff, "1.1.1.1, 203.0.113.9,10.9.9.9 , 2001:db8:1::7"), "203.0.113.9")
	f("10.0.0.1", request(xff, "1.1.1.1", xff, "203.0.113.9", xff, "10.0.0.2"), "203.0.113.9")
	f("10.0.0.1", request(xff, "10.0.0.3, 10.0.0.2"), "10.0.0.3")
	f("10.0.0.1", request(xff, "203.0.113.9:4711"), "203.0.113.9")
	f("10.0.0.1", request(xff, "[2001:db8::9]:4711"), "2001:db8::9")
	f("10.0.0.1", request(xff, "::ffff:203.0.113.9"), "203.0.113.9")
	f("10.0.0.1", request(xff, "1.1.1.1, unknown, 10.0.0.2"), "10.0.0.2")
	f("10.0.0.1", request(xff, "1.1.1.1, , 10.0.0.2"), "10.0.0.2")
	f("10.0.0.1", request(xff, "203.0.113.9", xff, "nonsense"), "10.0.0.1")
}

func TestConfigIsChecked(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.mmdb")
	if err := os.WriteFile(text, []byte("no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []Config{{GeoIPFile: text}, {GeoIPFile: text + ".absent"}, {TrustedProxies: make([]netip.Prefix, 1)}} {
		if _, err := NewResolver(c); err == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}

func FuzzClientAddr(f *testing.F) {
	r := newResolver(f, Config{TrustedProxies: proxies})
	f.Add("1.1.1.1, 10.0.0.2", "203.0.113.9:80")
	f.Fuzz(func(t *testing.T, first, second string) {
		h := request("X-Forwarded-For", first, "X-Forwarded-For", second)
		got := r.ClientAddr(netip.MustParseAddr("10.0.0.1"), h)
		if !got.IsValid() || got.Zone() != "" || got.Is4In6() {
			t.Fatalf("%q, %q: %v", first, second, got)
		}
	})
}
