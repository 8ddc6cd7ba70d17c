//go:build !race

package token

import "testing"

func TestHitAllocatesNothing(t *testing.T) {
	v := standard(t)
	raw := realistic(testKeys()["ES256"], 0)
	accept(t, v, raw)
	if n := testing.AllocsPerRun(1000, func() { v.Verify(raw) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
