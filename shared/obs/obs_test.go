package obs

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestRequestIDsAreUUIDv7(t *testing.T) {
	before := time.Now().Add(-2 * time.Millisecond) // both ends are cut to milliseconds
	s := NewRequestID()
	id, err := uuid.Parse(s)
	if err != nil || id.Version() != 7 || id.Variant() != uuid.RFC4122 || s != strings.ToLower(s) {
		t.Fatalf("%s: version %d, variant %v, %v", s, id.Version(), id.Variant(), err)
	}
	sec, nsec := id.Time().UnixTime()
	if at := time.Unix(sec, nsec); at.Before(before) || at.After(time.Now().Add(time.Millisecond)) {
		t.Errorf("%s says %v", s, at)
	}
	if !ValidRequestID([]byte(s)) {
		t.Error("our own id is not valid")
	}
	if got := string(AppendRequestID([]byte("id="))); len(got) != 39 || got[:3] != "id=" {
		t.Error(got)
	}
}

func TestRequestIDsAreUnique(t *testing.T) {
	const each = 2000
	var ids [4][each]string
	var wg sync.WaitGroup
	for g := range ids {
		wg.Go(func() {
			for i := range each {
				ids[g][i] = NewRequestID()
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for g := range ids {
		for _, id := range ids[g] {
			seen[id] = true
		}
	}
	if len(seen) != len(ids)*each {
		t.Errorf("%d of %d are different", len(seen), len(ids)*each)
	}
}

func TestValidRequestID(t *testing.T) {
	for _, s := range []string{"a", "A-Z_0.9", strings.Repeat("x", 128)} {
		if !ValidRequestID([]byte(s)) {
			t.Errorf("%q is refused", s)
		}
	}
	for _, s := range []string{"", strings.Repeat("x", 129), "a b", "a\r\nSet-Cookie: x", `"`, "é", "a/b", "\x00", "<", "a,b"} {
		if ValidRequestID([]byte(s)) {
			t.Errorf("%q is kept", s)
		}
	}
}

func TestLogger(t *testing.T) {
	var out bytes.Buffer
	log, err := NewLogger(&out, "warn")
	if err != nil {
		t.Fatal(err)
	}
	log.Info("hidden")
	log.Warn("shown", "n", 1)
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line["msg"] != "shown" || line["n"] != 1.0 || line["level"] != "WARN" {
		t.Errorf("%q: %v", out.String(), err)
	}
	for _, level := range []string{"", "loud"} {
		if _, err := NewLogger(&out, level); err == nil {
			t.Errorf("level %q is accepted", level)
		}
	}
}

func TestLoggerToFileIsJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	log, err := NewLogger(f, "info")
	if err != nil {
		t.Fatal(err)
	}
	log.Info("shown")
	if data, err := os.ReadFile(path); err != nil || !json.Valid(data) || len(data) == 0 {
		t.Errorf("%q, %v", data, err)
	}
}

func TestLoggerToTerminalIsText(t *testing.T) {
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	defer tty.Close()
	log, err := NewLogger(tty, "info")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := log.Handler().(*slog.TextHandler); !ok {
		t.Errorf("%T", log.Handler())
	}
}

func TestVersion(t *testing.T) {
	vcs := &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"},
		{Key: "vcs.time", Value: "2026-03-04T05:06:07Z"}}}
	f := func(sha, date string, info *debug.BuildInfo, wantSHA, wantDate string) {
		t.Helper()
		if got := version(sha, date, info); got != (VersionInfo{"2.0.0", wantDate, wantSHA}) {
			t.Errorf("got %+v", got)
		}
	}
	f("def", "2026-05-06", vcs, "def", "2026-05-06")
	f("", "", vcs, "abc", "2026-03-04")
	f("def", "", vcs, "def", "2026-03-04")
	f("", "", &debug.BuildInfo{}, "unknown", "0001-01-01")
	f("", "", nil, "unknown", "0001-01-01")
}

func BenchmarkAppendRequestID(b *testing.B) {
	buf := make([]byte, 0, 36)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendRequestID(buf[:0])
	}
}
