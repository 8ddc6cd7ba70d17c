package obs

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"sync/atomic"
	"time"
)

// maxRequestID is the length of the longest request id that is taken from a client.
const maxRequestID = 128

// Request ids are UUIDv7 (RFC 9562, 5.7): the time, then 42 random bits of this process, then a counter, which starts
// anywhere. They are unique without being secret, so a request needs neither a lock nor the kernel's randomness.
var (
	started   = time.Now()
	startedMS = started.UnixMilli()
	process   = randomUint64()
	counter   = newCounter()
)

func randomUint64() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails: it ends the process instead
	return binary.BigEndian.Uint64(b[:])
}

func newCounter() *atomic.Uint32 {
	var c atomic.Uint32
	c.Store(uint32(randomUint64()))
	return &c
}

// NewRequestID returns a new UUIDv7.
func NewRequestID() string {
	var b [36]byte
	return string(AppendRequestID(b[:0]))
}

// AppendRequestID appends a new UUIDv7, 36 characters, and allocates nothing when dst has room for it.
func AppendRequestID(dst []byte) []byte {
	// time.Since reads the monotonic clock alone, which costs half of time.Now.
	ms := uint64(startedMS + time.Since(started).Milliseconds())
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], ms<<16|0x7000|process>>52)
	binary.BigEndian.PutUint32(id[8:], 0x8000_0000|uint32(process)>>2)
	binary.BigEndian.PutUint32(id[12:], counter.Add(1))
	return appendUUID(dst, &id)
}

func appendUUID(dst []byte, id *[16]byte) []byte {
	var b [36]byte
	hex.Encode(b[0:8], id[0:4])
	hex.Encode(b[9:13], id[4:6])
	hex.Encode(b[14:18], id[6:8])
	hex.Encode(b[19:23], id[8:10])
	hex.Encode(b[24:36], id[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return append(dst, b[:]...)
}

// ValidRequestID reports whether a client's X-Request-Id may be kept: 1 to 128 characters of [A-Za-z0-9._-], which are
// harmless in headers, logs and JSON.
func ValidRequestID(b []byte) bool {
	if len(b) == 0 || len(b) > maxRequestID {
		return false
	}
	for _, c := range b {
		if !idChars[c] {
			return false
		}
	}
	return true
}

var idChars = func() [256]bool {
	var t [256]bool
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-" {
		t[c] = true
	}
	return t
}()
