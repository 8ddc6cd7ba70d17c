package playback

import (
	"io"
	"log/slog"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/shared/wire"
)

// The accounts of tests: they fall into different shards of ends.
var (
	mine  = uuid.MustParse("0190a6e0-0000-7000-8000-0000000000a1")
	other = uuid.MustParse("0190a6e0-0000-7000-8000-0000000000b2")
)

const (
	second    = int64(1000)
	minute    = 60 * second
	sessionMS = int64(75_000)
	began     = int64(1_800_000_000_000) // Unix milliseconds of most tests
)

// num is a session's id; sessions of tests lie in different shards of the table.
func num(n int) uuid.UUID {
	id := uuid.UUID{0: 1, 6: 0x70, 8: 0x80, 12: byte(n >> 24), 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)}
	return id
}

// toldOf is a session as the origin tells of it, which beat at an instant.
func toldOf(id, account uuid.UUID, at int64) *wire.Session {
	return &wire.Session{SessionID: id.String(), AccountID: account.String(), LastBeatAt: time.UnixMilli(at), ExpiresAt: time.UnixMilli(at + sessionMS),
		Media: wire.Media{DASHPath: "/vod/one/manifest.mpd"}}
}

func newTable() *Table { return NewTable(Settings{PausedFor: 30 * time.Minute, Limit: 1 << 20}) }

// holding is a table with sessions of mine, 0 to n-1, that have URLs for a while.
func holding(n int) *Table {
	t := newTable()
	for i := range n {
		t.Enter(toldOf(num(i), mine, began), began+10*minute)
	}
	return t
}

func testLog() *slog.Logger {
	var out io.Writer = io.Discard
	if testing.Verbose() {
		out = os.Stderr
	}
	return slog.New(slog.NewTextHandler(out, nil))
}

// wantTaken checks standing and reason.
func wantTaken(t testing.TB, what string, got Taken, standing Standing, reason string) {
	t.Helper()
	if got.Standing != standing || got.Reason != reason {
		t.Errorf("%s: standing %d, reason %q; want %d, %q", what, got.Standing, got.Reason, standing, reason)
	}
}

// sends is what the origin is told of a session, once; nil when nothing waits.
func sends(t *Table, id uuid.UUID) *wire.Beat {
	for _, b := range t.drain(1 << 30).beats {
		if b.SessionID == id.String() {
			return &b
		}
	}
	return nil
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
