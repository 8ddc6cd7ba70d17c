//go:build !race

package sign

import "testing"

// Signing with one MAC, finding the CDN and verifying cost no garbage.
func TestAllocs(t *testing.T) {
	f := func(name string, do func()) {
		t.Helper()
		if n := testing.AllocsPerRun(1000, do); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	url := make([]byte, 0, 1024)
	for name, fields := range map[string]string{"hmac": ofKeys("a:" + secretA), "akamai": akamaiFields} {
		c, target := configured(t, fields), recording()
		f(name, func() { url, _ = c.For(target.Path).Signer.AppendURL(url[:0], target) })
	}
	c := configured(t, ofKeys("a:"+secretA))
	path, query := split(t, signed(t, c, recording()))
	f("verifying", func() {
		if err := verify(c.Verifier(), path, query, early, viewer); err != nil {
			t.Error(err)
		}
	})
	bad := path[:len(path)-1] + "%"
	f("refusing", func() {
		if err := verify(c.Verifier(), bad, query, early, viewer); err != ErrInvalid {
			t.Error(err)
		}
	})
}
