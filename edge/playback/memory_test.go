//go:build !race

package playback

import (
	"fmt"
	"runtime"
	"testing"
	"unsafe"

	"github.com/google/uuid"

	"encora/shared/wire"
)

// mostBytes is what a session may take: a million of them are meant to fit an edge beside its cache.
const mostBytes = 400

// million fills a table with sessions of thousands of titles that all have a beat waiting, which is the most that one takes.
func million(sessions int) *Table {
	t := NewTable(Settings{PausedFor: 1, Limit: sessions})
	for i := range sessions {
		id := uuid.Must(uuid.NewV7())
		w := toldOf(id, id, began)
		w.Media = wire.Media{DASHPath: fmt.Sprintf("/vod/%d/manifest.mpd", i%5000), HLSPath: fmt.Sprintf("/vod/%d/master.m3u8", i%5000)}
		t.Enter(w, began)
		t.Take(&Beat{Session: id}, id, on(began+second), false)
	}
	return t
}

func bytesEach(sessions int) float64 {
	before := heap()
	t := million(sessions)
	after := heap()
	runtime.KeepAlive(t)
	return float64(after-before) / float64(sessions)
}

func TestAllocSessionMemory(t *testing.T) {
	if size := unsafe.Sizeof(session{}); size > 80 {
		t.Errorf("a session is %d bytes", size)
	}
	if testing.Short() {
		t.Skip("a million sessions take a while")
	}
	each := bytesEach(1_000_000)
	t.Logf("%.0f bytes each of a million sessions", each)
	if each > mostBytes {
		t.Errorf("%.0f bytes a session, more than %d", each, mostBytes)
	}
}

func TestAllocOfALongAbsence(t *testing.T) { absence(t, 100_000) }

func BenchmarkSessionMemory(b *testing.B) {
	var each float64
	for b.Loop() {
		each = bytesEach(1_000_000)
	}
	b.ReportMetric(each, "bytes/session")
}

// BenchmarkTake is a beat without socket and token, of a million sessions in turn.
func BenchmarkTake(b *testing.B) {
	const sessions = 1 << 20
	t := NewTable(Settings{PausedFor: 1, Limit: sessions})
	for i := range sessions {
		t.Enter(toldOf(num(i), mine, began), began+60*minute)
	}
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			t.TakeWarm(&Beat{Session: num(i * 7919 % sessions)}, mine, on(began+second))
		}
	})
}
