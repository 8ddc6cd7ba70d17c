package proxy

import (
	"bufio"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"encora/edge/media"
	"encora/shared/fault"
	"encora/shared/sign"
)

// withMedia has the edge serve two titles from a folder.
func withMedia(t *testing.T) (option, sign.Signer) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "media")
	for name, text := range map[string]string{"vod/one/master.m3u8": "playlist of one", "vod/two/master.m3u8": "playlist of two", "../secret": "secret"} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cdns, err := sign.Parse([]byte(`{"cdns": [{"name": "own", "paths": ["/"], "base_url": "http://edge/media", "signer": "hmac",
		"keys": [{"id": "a", "secret": "` + strings.Repeat("07", 32) + `"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	h, err := media.New(media.Config{Dir: dir, Verifier: cdns.Verifier})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return func(_ *bundle, c *Config, _ *Timeouts) { c.Media = h }, cdns.For("/").Signer
}

// signed is the target of a request for a manifest.
func signed(t *testing.T, s sign.Signer, path string) string {
	t.Helper()
	u, err := s.AppendURL(nil, &sign.Target{Path: path, Session: [16]byte{1}, Expires: time.Now().Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(string(u), "http://edge")
}

func TestMediaIsServedToHoldersOfURLs(t *testing.T) {
	serving, signer := withMedia(t)
	b := setup(t, serving)
	one := signed(t, signer, "/vod/one/master.m3u8")
	b.want(b.do("GET", one), 200, "playlist of one")
	b.want(b.do("HEAD", one), 200, "")
	b.want(b.do("GET", one, "Range: bytes=0-3"), 206, "play")
	b.want(b.do("GET", "http://edge"+one), 200, "playlist of one")
	b.wantFault(b.do("GET", strings.Replace(one, "one", "two", 1)), 403, "FORBIDDEN")
	b.wantFault(b.do("GET", "/media/vod/one/master.m3u8", viewer), 403, "FORBIDDEN")
	b.wantFault(b.do("GET", strings.Replace(one, "master", "absent", 1)), 404, "NOT_FOUND")
	a := b.do("GET", one, "Range: bytes=99-")
	b.wantFault(a, 416, badRequest)
	if a.Header.Get("Content-Range") != "bytes */15" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", a.Header)
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
		a := b.do(method, one, "Content-Length: 0")
		b.wantFault(a, 405, "METHOD_NOT_ALLOWED")
		if got := a.Header.Get("Allow"); got != "GET, HEAD" {
			t.Errorf("%s: Allow %q", method, got)
		}
	}
	if got := b.do("GET", "/metrics"); !strings.Contains(got.body, `encora_edge_media_requests_total{outcome="whole"} 3`) {
		t.Errorf("metrics without media:\n%s", got.body)
	}
}

func TestMediaIsNotServedWhereNoneIsSet(t *testing.T) {
	_, signer := withMedia(t)
	b := setup(t)
	b.wantFault(b.do("GET", signed(t, signer, "/vod/one/master.m3u8")), 404, "NOT_FOUND")
}

// Nothing that is written like a path out of the folder is one, however it is spelled.
func TestMediaStaysInItsFolder(t *testing.T) {
	serving, signer := withMedia(t)
	b := setup(t, serving)
	one := signed(t, signer, "/vod/one/master.m3u8")
	folder := strings.TrimSuffix(one, "master.m3u8")
	for _, rest := range []string{
		"../two/master.m3u8", "../../../secret", "%2e%2e/two/master.m3u8", "%2E%2E%2Ftwo%2Fmaster.m3u8", ".%2e/two/master.m3u8", "..%2ftwo/master.m3u8", "..%5ctwo/master.m3u8",
		"..\\two\\master.m3u8", "%252e%252e/two/master.m3u8", "%252e%252e%252ftwo/master.m3u8", "./master.m3u8", "%2e/master.m3u8", "/master.m3u8", "//etc/passwd", "%2fetc%2fpasswd",
		"master.m3u8%00", "master.m3u8%00.mpd", "master.m3u8;x", "master.m3u8%3bx", "master.m3u8%23", "..;/two/master.m3u8", "%c0%ae%c0%ae/two/master.m3u8", "..%c0%af/two/master.m3u8",
	} {
		if a := b.do("GET", folder+rest); a.StatusCode < 400 || strings.Contains(a.body, "playlist") || strings.Contains(a.body, "secret") {
			t.Errorf("%s: %d %q", rest, a.StatusCode, a.body)
		}
	}
	b.wantFault(b.do("GET", folder), 403, "FORBIDDEN")
	b.wantFault(b.do("GET", strings.TrimSuffix(folder, "/")), 403, "FORBIDDEN")
	b.want(b.do("GET", folder+"%6daster.m3u8"), 200, "playlist of one") // one spelling of what is signed, on the wire
	odd := signed(t, signer, "/vod/a!$&'()*+,=:@b/master.m3u8")
	b.wantFault(b.do("GET", odd), 404, "NOT_FOUND") // and so is what we would escape and signers don't
}

func TestMediaIsForAllowedOrigins(t *testing.T) {
	serving, signer := withMedia(t)
	b := setup(t, serving, withOrigins("https://tv.example.com"))
	one := signed(t, signer, "/vod/one/master.m3u8")
	a := b.do("GET", one, "Origin: https://tv.example.com")
	if a.Header.Get("Access-Control-Allow-Origin") != "https://tv.example.com" || !strings.Contains(a.Header.Get("Access-Control-Expose-Headers"), "Content-Range") || a.Header.Get("Vary") != "Origin" {
		t.Errorf("%v", a.Header)
	}
	if a := b.do("GET", one, "Origin: https://evil.example.com"); a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%v", a.Header)
	}
	if a := b.do("GET", strings.Replace(one, "one", "two", 1), "Origin: https://tv.example.com"); a.StatusCode != 403 || a.Header.Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("a page can't tell why it has no picture: %d %v", a.StatusCode, a.Header)
	}
	a = b.do("OPTIONS", one, "Origin: https://tv.example.com", "Access-Control-Request-Method: GET", "Access-Control-Request-Headers: range")
	if a.StatusCode != 204 || a.Header.Get("Access-Control-Allow-Methods") != mediaMethods || !strings.Contains(a.Header.Get("Access-Control-Allow-Headers"), "Range") {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	b.wantFault(b.do("OPTIONS", one, "Origin: https://evil.example.com"), 403, "FORBIDDEN")
}

// fakeMedia notes who asks.
type fakeMedia struct{ viewer atomic.Pointer[netip.Addr] }

func (f *fakeMedia) Serve(_ *fasthttp.RequestCtx, _, _ string, _ time.Time, viewer netip.Addr) (int, *fault.Fault) {
	f.viewer.Store(&viewer)
	return 0, nil
}

func (*fakeMedia) WriteMetrics(io.Writer) {}

// Only a proxy that is trusted says who the viewer is, to whose address a token may be bound.
func TestMediaKnowsTheViewersAddress(t *testing.T) {
	var seen fakeMedia
	b := setup(t, func(_ *bundle, c *Config, _ *Timeouts) { c.Media = &seen })
	f := func(from, want string) {
		t.Helper()
		c, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).Dial("tcp", b.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, request("GET", "/media/x/y", "X-Forwarded-For: 192.0.2.9")); err != nil {
			t.Fatal(err)
		}
		if _, err := readAnswer(bufio.NewReader(c), "GET"); err != nil {
			t.Fatal(err)
		}
		if got := seen.viewer.Load(); got == nil || got.String() != want {
			t.Errorf("from %s the viewer is %v, want %s", from, got, want)
		}
	}
	f("127.0.0.1", "127.0.0.1")
	f("127.0.0.2", "192.0.2.9")
}
