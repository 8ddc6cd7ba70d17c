package media

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fake is a script that stands in for ffmpeg; each of its runs leaves a line in the file runs beside it.
func fake(t *testing.T, body string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ffmpeg")
	script := "#!/bin/sh\necho run >>\"$(dirname \"$0\")/runs\"\n" + body
	if err := os.WriteFile(name, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return name
}

func runs(t *testing.T, ffmpeg string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(ffmpeg), "runs"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Count(string(text), "\n")
}

func read(t *testing.T, parts ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// only fails unless the folder holds the clip and nothing else.
func only(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != clipFolder {
		t.Errorf("%s holds %v %v", dir, entries, err)
	}
}

func TestClipIsMadeOnceForEachRecipe(t *testing.T) {
	ffmpeg, dir := fake(t, "echo one >manifest.mpd\n"), filepath.Join(t.TempDir(), "media")
	for range 2 {
		if err := Package(t.Context(), ffmpeg, dir, io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	if n := runs(t, ffmpeg); n != 1 {
		t.Errorf("%d runs for one recipe", n)
	}
	only(t, dir)
	stamp := filepath.Join(dir, clipFolder, stampFile)
	if err := os.WriteFile(stamp, []byte("another recipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Package(t.Context(), filepath.Join(dir, "absent"), dir, io.Discard); err != nil {
		t.Errorf("a clip of another recipe does not do where there is no ffmpeg: %v", err)
	}
	other := fake(t, "echo two >manifest.mpd\n")
	if err := Package(t.Context(), other, dir, io.Discard); err != nil {
		t.Fatal(err)
	}
	if got := read(t, dir, clipFolder, "manifest.mpd"); got != "two\n" {
		t.Errorf("of another recipe the clip is %q", got)
	}
	only(t, dir)
}

func TestNoClipWithoutFFmpeg(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "media")
	if err := Package(t.Context(), filepath.Join(t.TempDir(), "absent"), dir, io.Discard); !errors.Is(err, ErrNoFFmpeg) {
		t.Error(err)
	}
	if err := Package(t.Context(), fake(t, "echo half >manifest.mpd; exit 3\n"), dir, io.Discard); err == nil || errors.Is(err, ErrNoFFmpeg) {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := Package(ctx, fake(t, "echo half >manifest.mpd; exec sleep 600\n"), dir, io.Discard); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("failures leave %v %v", entries, err)
	}
}

// What the real one makes is named by both descriptions, begins each fragment at a key frame, and is all there.
func TestClipOfFFmpeg(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed: only machines that have it can tell")
	}
	dir := t.TempDir()
	if err := Package(t.Context(), "ffmpeg", dir, t.Output()); err != nil {
		t.Fatal(err)
	}
	clip := filepath.Join(dir, clipFolder)
	for _, playlist := range []string{"media_0.m3u8", "media_1.m3u8", "media_2.m3u8"} {
		text := read(t, clip, playlist)
		if n := strings.Count(text, ".m4s\n"); n != 15 || !strings.HasSuffix(text, "#EXT-X-ENDLIST\n") || !strings.Contains(text, "#EXT-X-TARGETDURATION:4\n") {
			t.Errorf("%s:\n%s", playlist, text)
		}
		for line := range strings.SplitSeq(text, "\n") {
			if strings.HasSuffix(line, ".m4s") && len(read(t, clip, line)) < 10_000 {
				t.Errorf("%s is short", line)
			}
		}
	}
	if text := read(t, clip, "master.m3u8"); strings.Count(text, "#EXT-X-STREAM-INF:") != 2 || !strings.Contains(text, "media_2.m3u8") {
		t.Errorf("master.m3u8:\n%s", text)
	}
	var mpd struct {
		Type     string `xml:"type,attr"`
		Duration string `xml:"mediaPresentationDuration,attr"`
		Sets     []struct {
			Representations []struct {
				MimeType string `xml:"mimeType,attr"`
			} `xml:"Representation"`
		} `xml:"Period>AdaptationSet"`
	}
	if err := xml.Unmarshal([]byte(read(t, clip, "manifest.mpd")), &mpd); err != nil {
		t.Fatal(err)
	}
	if mpd.Type != "static" || !strings.HasPrefix(mpd.Duration, "PT1M0") || len(mpd.Sets) != 2 || len(mpd.Sets[0].Representations) != 2 {
		t.Errorf("manifest.mpd: %+v", mpd)
	}
}
