package media

import (
	"bytes"
	"encoding/base64"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/shared/sign"
)

func TestFilesBelowTheSignedFolder(t *testing.T) {
	b := setup(t)
	u := b.url("/vod/one/master.m3u8")
	b.gives(u, "playlist of one")
	b.gives(sibling(u, "audio/1.m4s"), "0123456789")
	b.refused(sibling(u, "audio/2.m4s"), 404)
	b.refused(sibling(u, "manifest.mpd"), 404) // the title has a folder of its own: nothing of the clip's
	b.gives(b.url("/vod/absent/master.m3u8"), "playlist of the clip")
	b.gives(b.url("/live/deeper/still/master.m3u8"), "playlist of the clip")
	b.refused(b.url("/vod/absent/manifest.mpd"), 404)
}

func TestHeaders(t *testing.T) {
	b := setup(t)
	f := func(name, want string) {
		t.Helper()
		b.write("vod/one/"+name, "text")
		u := sibling(b.url("/vod/one/master.m3u8"), name)
		for _, method := range []string{"GET", "HEAD"} {
			a := b.do(method, u)
			if a.StatusCode != 200 || a.Header.Get("Content-Type") != want || a.ContentLength != 4 || a.Header.Get("Accept-Ranges") != "bytes" {
				t.Errorf("%s %s: %d %v", method, name, a.StatusCode, a.Header)
			}
			if got := map[string]string{"GET": "text"}[method]; a.body != got {
				t.Errorf("%s %s: %q", method, name, a.body)
			}
		}
	}
	f("x.m3u8", "application/vnd.apple.mpegurl")
	f("x.mpd", "application/dash+xml")
	f("x.m4s", "video/iso.segment")
	f("x.mp4", "video/mp4")
	f("x.vtt", "text/vtt")
	f("x", "application/octet-stream")
}

func TestKeptNoLongerThanTheTokenLives(t *testing.T) {
	b := setup(t)
	u := b.url("/vod/one/master.m3u8")
	f := func(after time.Duration, want string) {
		t.Helper()
		b.at(began.Add(after))
		a := b.do("GET", u)
		if got := a.Header.Get("Cache-Control"); got != want {
			t.Errorf("after %v: %q, want %q", after, got, want)
		}
	}
	f(0, "private, max-age=600")
	f(9*time.Minute+30*time.Second+time.Millisecond, "private, max-age=29")
	f(10*time.Minute-time.Millisecond, "private, max-age=0")
}

func TestWhatGivesNoAccess(t *testing.T) {
	b := setup(t)
	u := b.url("/vod/one/master.m3u8")
	b.refused(b.base+"/vod/one/master.m3u8", 403)
	b.refused(b.base+"/", 403)
	b.refused(strings.Replace(u, "/vod/one/", "/vod/two/", 1), 403)
	b.refused(strings.Replace(u, "/vod/one/", "/vod/", 1), 403)
	b.refused(strings.Replace(u, "/vod/one/", "/vod/one-more/", 1), 403)
	b.refused(strings.Replace(u, "/vod/one/", "/VOD/one/", 1), 403)
	b.refused(strings.Replace(u, "/vod/one/", "/vod/%6fne/", 1), 403)
	b.refused(strings.Replace(u, "/vod/one/", "/vod/one/../two/", 1), 403)
	b.refused(strings.Replace(u, "/vod/one/", "/vod/one//", 1), 403)
	b.refused(u[:strings.LastIndexByte(u, '/')], 403)

	b.at(began.Add(10 * time.Minute))
	b.refused(u, 403)
	b.at(began)
	other := uuid.New()
	b.over.Store(&other)
	b.gives(u, "playlist of one")
	over := session
	b.over.Store(&over)
	b.refused(u, 403)
	b.over.Store(nil)

	bound := b.url("/vod/one/master.m3u8", func(t *sign.Target) { t.IP = netip.MustParseAddr("192.0.2.1") })
	b.gives(bound, "playlist of one")
	b.from("192.0.2.2")
	b.refused(bound, 403)
	b.gives(u, "playlist of one")

	of := func(hours int) time.Time { return began.Add(time.Duration(hours) * time.Hour) }
	recording := b.url("/vod/one/master.m3u8", func(t *sign.Target) { t.Begin, t.End = of(-2), of(-1) })
	b.gives(recording, "playlist of one")
	b.refused(strings.Replace(recording, "T10:", "T09:", 1), 403)
	b.refused(u+"?begin=2026-03-01T10:00:00Z", 403)
}

func TestEveryBitOfATokenCounts(t *testing.T) {
	b := setup(t)
	u := b.url("/vod/one/master.m3u8", func(t *sign.Target) { t.IP = netip.MustParseAddr("192.0.2.1") })
	b.gives(u, "playlist of one")
	token, rest, _ := strings.Cut(strings.TrimPrefix(u, b.base+"/"), "/")
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		for bit := range 8 {
			flipped := bytes.Clone(raw)
			flipped[i] ^= 1 << bit
			b.refused(b.base+"/"+base64.RawURLEncoding.EncodeToString(flipped)+"/"+rest, 403)
		}
	}
	b.refused(b.base+"/"+base64.RawURLEncoding.EncodeToString(raw[:len(raw)-1])+"/"+rest, 403)
	b.refused(b.base+"/"+token+"A/"+rest, 403)
	b.refused(b.base+"/"+token+"%3D/"+rest, 403)
}

func TestOnlyFilesInTheFolder(t *testing.T) {
	b := setup(t)
	outside := filepath.Join(filepath.Dir(b.dir), "secret.mpd")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := func(to, name string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(b.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	link(outside, "vod/one/absolute.mpd")
	link("../../../secret.mpd", "vod/one/relative.mpd")
	link(filepath.Dir(b.dir), "vod/out")
	link("one", "vod/within")
	b.write("vod/one/.hidden.mpd", "hidden")
	b.write("vod/.one/master.mpd", "hidden")
	b.write("clip/.recipe", "hidden")
	if err := syscall.Mkfifo(filepath.Join(b.dir, "vod/one/pipe.mpd"), 0o600); err != nil {
		t.Fatal(err)
	}
	u := b.url("/vod/one/manifest.mpd")
	for _, name := range []string{"absolute.mpd", "relative.mpd", ".hidden.mpd", "pipe.mpd", "audio", "absent/" + strings.Repeat("x", 300)} {
		b.refused(sibling(u, name), 404)
	}
	b.refused(b.url("/vod/out/secret.mpd"), 404)
	b.refused(b.url("/vod/.one/master.mpd"), 404)
	b.refused(b.url("/vod/absent/.recipe"), 404)
	b.gives(b.url("/vod/within/master.m3u8"), "playlist of one")
	b.refused(sibling(u, ""), 403) // a folder is not spelled as signers spell paths
}

func TestParts(t *testing.T) {
	b := setup(t)
	u := sibling(b.url("/vod/one/master.m3u8"), "audio/1.m4s")
	f := func(header string, status int, contentRange, body string) {
		t.Helper()
		a := b.do("GET", u, "Range", header)
		if a.StatusCode != status || a.Header.Get("Content-Range") != contentRange || status != 416 && a.body != body {
			t.Errorf("%q: %d %q %q", header, a.StatusCode, a.Header.Get("Content-Range"), a.body)
		}
	}
	f("bytes=0-0", 206, "bytes 0-0/10", "0")
	f("bytes=2-4", 206, "bytes 2-4/10", "234")
	f("Bytes=0-1", 206, "bytes 0-1/10", "01")
	f("BYTES=-1", 206, "bytes 9-9/10", "9")
	f("bYtEs=10-", 416, "bytes */10", "")
	f("bytes=7-", 206, "bytes 7-9/10", "789")
	f("bytes=7-99999999999999999999", 206, "bytes 7-9/10", "789")
	f("bytes=-3", 206, "bytes 7-9/10", "789")
	f("bytes=-30", 206, "bytes 0-9/10", "0123456789")
	f("bytes=10-", 416, "bytes */10", "")
	f("bytes=99999999999999999999-", 416, "bytes */10", "")
	f("bytes=-0", 416, "bytes */10", "")
	for _, header := range []string{"bytes=4-2", "bytes=0-1,3-4", "bytes=", "bytes=-", "bytes=a-b", "bytes=+1-2", "bytes=1--2", "lines=1-2", "bytes 1-2", "byte=1-2", "bytes =1-2", "byte\u017f=1-2", "=1-2"} {
		f(header, 200, "", "0123456789")
	}
	if a := b.do("HEAD", u, "Range", "bytes=2-4"); a.StatusCode != 200 || a.ContentLength != 10 {
		t.Errorf("HEAD: %d, %d bytes", a.StatusCode, a.ContentLength)
	}
	tag := b.do("GET", u).Header.Get("ETag")
	if a := b.do("GET", u, "Range", "bytes=2-4", "If-Range", tag); a.StatusCode != 206 {
		t.Errorf("the same file: %d", a.StatusCode)
	}
	if a := b.do("GET", u, "Range", "bytes=2-4", "If-Range", `"other"`); a.StatusCode != 200 || a.body != "0123456789" {
		t.Errorf("another file: %d %q", a.StatusCode, a.body)
	}
	b.write("vod/one/empty.m4s", "")
	empty := sibling(b.url("/vod/one/master.m3u8"), "empty.m4s")
	b.gives(empty, "")
	if a := b.do("GET", empty, "Range", "bytes=0-"); a.StatusCode != 416 {
		t.Errorf("of nothing: %d", a.StatusCode)
	}
}

func TestNotSentAgain(t *testing.T) {
	b := setup(t)
	u := b.url("/vod/one/master.m3u8")
	tag := b.do("GET", u).Header.Get("ETag")
	f := func(header string, status int) {
		t.Helper()
		if a := b.do("GET", u, "If-None-Match", header); a.StatusCode != status || status == 304 && a.body != "" {
			t.Errorf("%s: %d %q", header, a.StatusCode, a.body)
		}
	}
	f(tag, 304)
	f(`"x", W/`+tag, 304)
	f("*", 304)
	f(`"x"`, 200)
	b.write("vod/one/master.m3u8", "another playlist")
	f(tag, 200)
}

// A long file arrives whole, also by way of many requests on one connection.
func TestLongFiles(t *testing.T) {
	b := setup(t)
	long := strings.Repeat("0123456789abcdef", 1<<17)
	b.write("vod/one/long.m4s", long)
	u := sibling(b.url("/vod/one/master.m3u8"), "long.m4s")
	for range 3 {
		b.gives(u, long)
		if a := b.do("GET", u, "Range", "bytes=1000000-1999999"); a.body != long[1000000:2000000] {
			t.Errorf("a part of it is %d bytes", len(a.body))
		}
	}
}

func TestOutcomesAreCounted(t *testing.T) {
	b := setup(t)
	u := b.url("/vod/one/master.m3u8", func(t *sign.Target) { t.IP = netip.MustParseAddr("192.0.2.1") })
	b.gives(u, "playlist of one")
	b.do("GET", u, "Range", "bytes=0-1")
	b.do("GET", u, "Range", "bytes=99-")
	b.do("GET", u, "If-None-Match", "*")
	b.refused(sibling(u, "absent.mpd"), 404)
	b.refused(b.base+"/none/vod/one/master.m3u8", 403)
	b.refused(u+"?end=2026-03-01T10:00:00Z", 403)
	b.from("192.0.2.2")
	b.refused(u, 403)
	b.from("192.0.2.1")
	over := session
	b.over.Store(&over)
	b.refused(u, 403)
	b.at(began.Add(time.Hour))
	b.refused(u, 403)
	var out strings.Builder
	b.handler.WriteMetrics(&out)
	for _, name := range outcomeNames {
		if line := `encora_edge_media_requests_total{outcome="` + name + `"} 1` + "\n"; !strings.Contains(out.String(), line) {
			t.Errorf("no %q in\n%s", line, &out)
		}
	}
}

func TestFolderMustBeThere(t *testing.T) {
	if _, err := New(Config{Dir: filepath.Join(t.TempDir(), "absent")}); err == nil {
		t.Error("no folder, no error")
	}
}
