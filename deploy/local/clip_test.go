package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/shared/sign"
)

func TestClipIsMadeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env = append(w.env, "FFMPEG="+filepath.Join(w.dir, "ffmpeg"))
	for range 2 {
		p := w.start("run", "--", "true")
		p.ends(0)
		if log := p.log.String(); strings.Contains(log, "will not play") {
			t.Errorf("log\n%s", log)
		}
	}
	if calls := w.read("calls"); strings.Count(calls, "ffmpeg makes a clip\n") != 1 || !strings.HasPrefix(calls, "ffmpeg makes a clip\n") {
		t.Errorf("calls\n%s", calls)
	}
}

func TestRunGoesOnWithoutStreams(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.start("run", "--", "true")
	p.ends(0)
	if log := p.log.String(); strings.Count(log, "streams will not play until ffmpeg is installed") != 1 {
		t.Errorf("log\n%s", log)
	}
	w.env = append(w.env, "FFMPEG=false")
	p = w.start("run", "--", "true")
	p.ends(0)
	if log := p.log.String(); strings.Count(log, "streams will not play: ffmpeg: exit status 1\n") != 1 {
		t.Errorf("log\n%s", log)
	}
}

// The key outlives what else the file says, which follows the settings; the edge can read it.
func TestCDNsFollowTheSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "CDN_TTL=90s")
	name := filepath.Join(w.state(), "cdn.json")
	signed := func() string {
		t.Helper()
		w.start("run", "--", "true").ends(0)
		cdns, err := sign.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		cdn := cdns.For("/vod/one/manifest.mpd")
		if cdn.BaseURL != "http://"+w.edge+"/media" || cdn.TTL != 90*time.Second {
			t.Errorf("%+v", cdn)
		}
		u, err := cdn.Signer.AppendURL(nil, &sign.Target{Path: "/vod/one/manifest.mpd", Session: uuid.UUID{1}, Expires: time.Unix(2e9, 0)})
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimPrefix(string(u), cdn.BaseURL)
	}
	first := signed()
	w.edge = freeAddr(t)
	w.env = append(w.env, "EDGE_ADDR="+w.edge)
	if again := signed(); again != first {
		t.Errorf("another key signs: %s, then %s", first, again)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
}

func TestMediaMayLieElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "CDN_CONFIG=/etc/cdn.json", "CDN_BASE_URL=https://cdn.example.com", "MEDIA_DIR=")
	w.start("run", "--", "true").ends(0)
	for _, c := range []struct{ program, name, want string }{
		{"edge", "CDN_CONFIG", "/etc/cdn.json"}, {"edge", "MEDIA_DIR", ""}, {"origin", "CDN_BASE_URL", "https://cdn.example.com"},
	} {
		if got := w.variable(c.program, c.name); got != c.want {
			t.Errorf("%s: %s=%q, want %q", c.program, c.name, got, c.want)
		}
	}
	if _, err := os.Stat(filepath.Join(w.state(), "media")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a clip is made all the same: %v", err)
	}
}

func TestURLsLiveAsLongAsTheEdgeTakes(t *testing.T) {
	t.Parallel()
	for value, ok := range map[string]bool{"1m": true, "24h": true, "59s": false, "25h": false} {
		env := map[string]string{"CDN_TTL": value}
		_, _, err := load([]string{"run"}, func(name string) (string, bool) { v, ok := env[name]; return v, ok }, io.Discard)
		if (err == nil) != ok || !ok && !strings.Contains(err.Error(), "CDN_TTL") {
			t.Errorf("%s: %v", value, err)
		}
	}
}
