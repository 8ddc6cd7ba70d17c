package media

import (
	"bytes"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/valyala/fasthttp"

	"encora/shared/sign"
)

var (
	began   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	session = uuid.MustParse("0190c6f1-7f6e-7c3a-9b1e-2f4d5a6b7c8d")
)

// bundle is a handler on a socket, with a clock that tests set and a viewer's address that they choose.
type bundle struct {
	t       *testing.T
	dir     string
	base    string
	handler *Handler
	signer  sign.Signer
	now     atomic.Pointer[time.Time]
	viewer  atomic.Pointer[netip.Addr]
	over    atomic.Pointer[uuid.UUID] // the session that is
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{t: t, dir: filepath.Join(t.TempDir(), "media")}
	b.at(began)
	b.from("192.0.2.1")
	b.write("vod/one/master.m3u8", "playlist of one")
	b.write("vod/one/audio/1.m4s", "0123456789")
	b.write("vod/two/master.m3u8", "playlist of two")
	b.write("clip/master.m3u8", "playlist of the clip")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.base = "http://" + ln.Addr().String()
	cdns, err := sign.Parse([]byte(`{"cdns": [{"name": "own", "paths": ["/"], "base_url": "` + b.base + `", "signer": "hmac",
		"keys": [{"id": "a", "secret": "` + hex.EncodeToString(bytes.Repeat([]byte{7}, 32)) + `"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	b.signer = cdns.For("/").Signer
	ended := func(id uuid.UUID) bool { over := b.over.Load(); return over != nil && *over == id }
	if b.handler, err = New(Config{Dir: b.dir, Verifier: cdns.Verifier, Ended: ended}); err != nil {
		t.Fatal(err)
	}
	server := &fasthttp.Server{Handler: b.serve}
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(ln) }()
	t.Cleanup(func() {
		server.CloseOnShutdown = true
		if err := server.Shutdown(); err != nil {
			t.Error(err)
		}
		if err := <-stopped; err != nil {
			t.Error(err)
		}
		b.handler.Close()
	})
	return b
}

// serve is what the edge does around the handler.
func (b *bundle) serve(ctx *fasthttp.RequestCtx) {
	if status, fl := b.handler.Serve(ctx, string(ctx.Request.URI().PathOriginal()), string(ctx.URI().QueryString()), *b.now.Load(), *b.viewer.Load()); fl != nil {
		ctx.SetStatusCode(status)
		ctx.SetBody(fl.JSON("id"))
	}
}

func (b *bundle) at(now time.Time) { b.now.Store(&now) }

func (b *bundle) from(address string) {
	addr := netip.MustParseAddr(address)
	b.viewer.Store(&addr)
}

func (b *bundle) write(name, text string) {
	b.t.Helper()
	name = filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// url signs the URL of a manifest for ten minutes.
func (b *bundle) url(path string, changes ...func(*sign.Target)) string {
	b.t.Helper()
	target := sign.Target{Path: path, Session: session, Expires: began.Add(10 * time.Minute)}
	for _, change := range changes {
		change(&target)
	}
	u, err := b.signer.AppendURL(nil, &target)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(u)
}

// sibling is the URL of another file, as a player finds it from a manifest's.
func sibling(manifest, name string) string {
	return manifest[:strings.LastIndexByte(manifest, '/')+1] + name
}

type answer struct {
	*http.Response
	body string
}

func (b *bundle) do(method, url string, header ...string) answer {
	b.t.Helper()
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{resp, string(body)}
}

func (b *bundle) refused(url string, status int) {
	b.t.Helper()
	code := map[int]string{403: "FORBIDDEN", 404: "NOT_FOUND"}[status]
	if a := b.do("GET", url); a.StatusCode != status || !strings.Contains(a.body, `"code":"`+code+`"`) {
		b.t.Errorf("%s: %d %s, want %d", url, a.StatusCode, a.body, status)
	}
}

func (b *bundle) gives(url, want string) {
	b.t.Helper()
	if a := b.do("GET", url); a.StatusCode != 200 || a.body != want {
		b.t.Errorf("%s: %d %q, want %q", url, a.StatusCode, a.body, want)
	}
}
