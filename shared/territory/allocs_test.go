//go:build !race

package territory

import (
	"net/netip"
	"testing"
)

func TestCommonPathsAllocateNothing(t *testing.T) {
	peer := netip.MustParseAddr("203.0.113.9")
	proxy := netip.MustParseAddr("10.0.0.1")
	values := [][]byte{[]byte("GB")}
	h := func(string) [][]byte { return values }
	f := func(name string, c Config, peer netip.Addr) {
		r := newResolver(t, c)
		n := testing.AllocsPerRun(100, func() {
			if r.Country(peer, h, "GB") != "GB" {
				t.Error(name)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	f("no proxies", Config{}, peer)
	f("not a proxy", Config{CountryHeader: cdnHeader, TrustedProxies: proxies}, peer)
	f("behind the CDN", Config{CountryHeader: cdnHeader, TrustedProxies: proxies}, proxy)
	r := newResolver(t, Config{})
	if n := testing.AllocsPerRun(100, func() { r.ClientAddr(peer, h) }); n != 0 {
		t.Errorf("ClientAddr: %v allocations", n)
	}
}
