package openloop

import (
	"time"

	"golang.org/x/sys/unix"
)

// spin is how long before its instant SleepUntil stops trusting the kernel's timer slack (50 µs by default).
const spin = 60 * time.Microsecond

// SleepUntil waits by nanosleep: the runtime's own timers end up to a millisecond late when nothing else wakes the
// poller, and that millisecond would be counted as the server's.
func SleepUntil(at time.Time) {
	for {
		left := time.Until(at)
		if left <= spin {
			return
		}
		ts := unix.NsecToTimespec(int64(left - spin))
		_ = unix.Nanosleep(&ts, nil) // interrupted or not, the loop looks at the clock again
	}
}
