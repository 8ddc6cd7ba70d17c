package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/edge/fill/filltest"
	"encora/shared/conf"
	"encora/shared/op"
	"encora/shared/sign"
	"encora/shared/token"
)

// env is a complete environment, changed by pairs.
func env(pairs ...string) func(string) (string, bool) {
	m := map[string]string{"EDGE_KEY": filltest.Key, "CURSOR_KEYS": "00112233445566778899aabbccddeeff", "JWKS_URL": "http://127.0.0.1:1/jwks.json"}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(name string) (string, bool) { v, ok := m[name]; return v, ok }
}

func TestSettingsAreCheckedBeforeListening(t *testing.T) {
	f := func(want string, pairs ...string) {
		t.Helper()
		var cfg Config
		_, err := conf.Parse(&cfg, conf.Program{Name: "edge", LookupEnv: env(pairs...), Out: io.Discard})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want something about %q", pairs, err, want)
		}
	}
	f("EDGE_KEY", "EDGE_KEY", "")
	f("EDGE_KEY", "EDGE_KEY", "short")
	f("CURSOR_KEYS", "CURSOR_KEYS", "nonsense")
	f("CURSOR_KEYS", "CURSOR_KEYS", "00")
	f("JWKS_URL", "JWKS_URL", "")
	f("JWKS_URL", "JWKS_URL", "file:///etc/passwd")
	f("ORIGIN_URL", "ORIGIN_URL", "127.0.0.1:8082")
	f("ORIGIN_URL", "ORIGIN_URL", "http://127.0.0.1:8082/internal")
	f("EDGE_ADDR", "EDGE_ADDR", "8080")
	f("CACHE_BYTES", "CACHE_BYTES", "1000")
	f("TRUSTED_PROXIES", "TRUSTED_PROXIES", "10.0.0.0")
	f("ALLOWED_ORIGINS", "ALLOWED_ORIGINS", "tv.example.com")
	f("ALLOWED_ORIGINS", "ALLOWED_ORIGINS", "https://tv.example.com/")
	f("ALLOWED_ORIGINS", "ALLOWED_ORIGINS", "*")
	f("FILL_TIMEOUT", "FILL_TIMEOUT", "0s")
	f("FEED_LOST_AFTER", "FEED_LOST_AFTER", "100ms")
	f("STALE_FOR: must be FEED_LOST_AFTER, which is 5s, or more", "STALE_FOR", "4999ms")
	f("STALE_FOR: must be FEED_LOST_AFTER, which is 48h0m0s, or more", "FEED_LOST_AFTER", "48h")
	f("LOG_LEVEL", "LOG_LEVEL", "loud")
	f("PAUSED_FOR", "PAUSED_FOR", "1m14s")
	f("PAUSED_FOR", "PAUSED_FOR", "-1h")
	f("MAX_SESSIONS", "MAX_SESSIONS", "999")
	f("PATIENCE", "PATIENCE", "0s")
	f("CDN_CONFIG", "CDN_CONFIG", "/nowhere/cdn.json")
	f("CDN_CONFIG", "CDN_CONFIG", cdnConfig(t, "not hex"))
	f("MEDIA_DIR", "MEDIA_DIR", t.TempDir())
	f("MEDIA_DIR", "MEDIA_DIR", "/nowhere/media", "CDN_CONFIG", cdnConfig(t, cdnKey))
	var cfg Config
	if _, err := conf.Parse(&cfg, conf.Program{Name: "edge", LookupEnv: env("ALLOWED_ORIGINS", "*", "ENV", "development", "STALE_FOR", "5s"), Out: io.Discard}); err != nil {
		t.Errorf("a complete environment is refused: %v", err)
	}
}

// cdnKey is a key of a CDN of our own.
const cdnKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

// cdnConfig is the name of a file with one CDN of our own and its key.
func cdnConfig(t *testing.T, key string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "cdn.json")
	text := `{"cdns": [{"name": "own", "paths": ["/"], "base_url": "http://edge/media", "signer": "hmac", "keys": [{"id": "a", "secret": "` + key + `"}]}]}`
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestMainTellsWhatIsWrong(t *testing.T) {
	var out bytes.Buffer
	if status := Main(t.Context(), nil, Streams{LookupEnv: env("EDGE_KEY", ""), Out: &out, Err: &out}); status != 2 || !strings.Contains(out.String(), "EDGE_KEY") {
		t.Errorf("status %d: %s", status, out.String())
	}
	out.Reset()
	if status := Main(t.Context(), []string{"--help"}, Streams{LookupEnv: env(), Out: &out, Err: &out}); status != 0 || !strings.Contains(out.String(), "$CACHE_BYTES") {
		t.Errorf("status %d: %s", status, out.String())
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	out.Reset()
	if status := Main(t.Context(), nil, Streams{LookupEnv: env("EDGE_ADDR", taken.Addr().String()), Out: &out, Err: &out}); status != 1 || !strings.Contains(out.String(), "EDGE_ADDR") {
		t.Errorf("status %d: %s", status, out.String())
	}
}

// world is an origin, an issuer and an edge.
type world struct {
	t      *testing.T
	origin *filltest.Origin
	addr   string
	viewer string
	stop   context.CancelFunc
	ended  chan error
}

func start(t *testing.T, ops []op.Op, more ...string) *world {
	t.Helper()
	issuer, err := token.OpenIssuer(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(issuer.JWKS()) }))
	t.Cleanup(keys.Close)
	viewer, err := issuer.Mint(token.Spec{Role: "viewer", Country: "GB"})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, origin: filltest.New(t), viewer: viewer, ended: make(chan error, 1)}
	var cfg Config
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.addr = free.Addr().String()
	free.Close()
	if _, err := conf.Parse(&cfg, conf.Program{Name: "edge", Out: io.Discard, LookupEnv: env(append(more, "EDGE_ADDR", w.addr, "ORIGIN_URL", w.origin.URL.String(),
		"JWKS_URL", keys.URL+"/.well-known/jwks.json", "STOP_AFTER", "5s")...)}); err != nil {
		t.Fatal(err)
	}
	cfg.Log, cfg.Ops, cfg.LookEvery = slog.New(slog.DiscardHandler), ops, 10*time.Millisecond
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	go func() { w.ended <- Run(ctx, &cfg) }()
	t.Cleanup(stop)
	return w
}

func (w *world) get(target string) (int, string, error) {
	req, err := http.NewRequest(http.MethodGet, "http://"+w.addr+target, nil)
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+w.viewer)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

func (w *world) until(what string, cond func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !cond(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("%s did not come", what)
		}
	}
}

var ops = []op.Op{
	{ID: "getMovie", Method: "GET", Path: "/v2/movies/{movie_id}", Access: op.Viewer, Serve: op.Hot, ByAudience: true},
	{ID: "getReadiness", Method: "GET", Path: "/v2/ready", Access: op.Public, Serve: op.Both},
}

func TestEdgeServesAndStops(t *testing.T) {
	w := start(t, ops)
	title := "first"
	hold := make(chan struct{})
	var held atomic.Bool
	w.origin.Render = func(filltest.Ask) filltest.Answer { return filltest.Answer{Body: title, Tags: []string{"m"}} }
	w.origin.BeforeFill = func(a filltest.Ask) {
		if strings.HasSuffix(a.Path, "/slow") {
			held.Store(true)
			<-hold
		}
	}
	w.until("readiness", func() bool { status, _, err := w.get("/v2/ready"); return err == nil && status == 200 })
	w.until("the film", func() bool { _, body, _ := w.get("/v2/movies/1"); return body == "first" })
	began := time.Now()
	w.origin.Write(func() { title = "second" }, "m")
	w.until("the edit", func() bool { _, body, _ := w.get("/v2/movies/1"); return body == "second" })
	if took := time.Since(began); took > time.Second {
		t.Errorf("an edit took %v to arrive", took)
	}
	slow := make(chan error, 1)
	go func() {
		status, body, err := w.get("/v2/movies/slow")
		if err == nil && (status != 200 || body != "second") {
			err = fmt.Errorf("%d %q", status, body)
		}
		slow <- err
	}()
	w.until("the slow fill", held.Load)
	w.stop()
	w.until("the end of accepting", func() bool {
		conn, err := net.Dial("tcp", w.addr)
		if err == nil {
			conn.Close() // one that came just in time is waited for
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	})
	close(hold)
	if err := <-slow; err != nil {
		t.Errorf("a request under way was not finished: %v", err)
	}
	began = time.Now()
	if err := <-w.ended; err != nil {
		t.Errorf("Run: %v", err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %v to stop with nothing left to do", took)
	}
}

func TestEdgeKnowsEveryDeclaredOperation(t *testing.T) {
	w := start(t, nil)
	w.until("readiness", func() bool { status, _, err := w.get("/v2/ready"); return err == nil && status == 200 })
}

func TestEdgeServesMedia(t *testing.T) {
	dir, config := t.TempDir(), cdnConfig(t, cdnKey)
	if err := os.MkdirAll(filepath.Join(dir, "clip"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "clip", "manifest.mpd"), []byte("clip"), 0o600); err != nil {
		t.Fatal(err)
	}
	w := start(t, ops, "MEDIA_DIR", dir, "CDN_CONFIG", config)
	w.until("readiness", func() bool { status, _, err := w.get("/v2/ready"); return err == nil && status == 200 })
	cdns, err := sign.Load(config)
	if err != nil {
		t.Fatal(err)
	}
	u, err := cdns.For("/").Signer.AppendURL(nil, &sign.Target{Path: "/vod/one/manifest.mpd", Session: uuid.New(), Expires: time.Now().Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	target := strings.TrimPrefix(string(u), "http://edge")
	if status, body, err := w.get(target); status != 200 || body != "clip" {
		t.Errorf("%d %q %v", status, body, err)
	}
	if status, body, err := w.get(strings.Replace(target, "one", "two", 1)); status != 403 {
		t.Errorf("%d %q %v", status, body, err)
	}
}
