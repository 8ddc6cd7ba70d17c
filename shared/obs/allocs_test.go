//go:build !race

package obs

import "testing"

func TestAppendRequestIDAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, 36)
	if n := testing.AllocsPerRun(1000, func() { buf = AppendRequestID(buf[:0]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
