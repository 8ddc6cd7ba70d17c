package device

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"encora/loadtest/loopback"
)

func TestDoSendsAndReadsHeaders(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		want := map[string]string{"Authorization": "Bearer t", "Accept-Encoding": "br", "If-None-Match": `"old"`, "User-Agent": ""}
		for name, value := range want {
			if got := r.Header.Get(name); got != value {
				t.Errorf("%s: %q, want %q", name, got, value)
			}
		}
		if r.URL.RequestURI() != "/v2/movies?cursor=a%2Bb" {
			t.Errorf("asked for %s", r.URL.RequestURI())
		}
		w.Header().Set("ETag", `"new"`)
		w.Header().Set("Cache-Status", "edge; hit")
		w.Write([]byte("body"))
	}))
	defer server.Close()
	c, err := NewClient(server.URL, 1, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	a, err := c.Do(Request{Path: "/v2/movies?cursor=a%2Bb", Token: "t", Encoding: "br", ETag: `"old"`}, true)
	if err != nil || a.Status != 200 || a.ETag != `"new"` || a.CacheStatus != "edge; hit" || string(a.Body) != "body" {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestDoSendsBodies(t *testing.T) {
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.Header.Get("Content-Type")+" "+r.Header.Get("X-Device-Id")+" "+string(body))
	}))
	defer server.Close()
	c, err := NewClient(server.URL, 1, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, req := range []Request{{Path: "/", Body: "{}"}, {Path: "/", Method: "PUT", Body: "{}"}, {Path: "/", Method: "DELETE"}, {Path: "/", Device: "d"}} {
		if _, err := c.Do(req, false); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"POST application/json  {}", "PUT application/json  {}", "DELETE   ", "GET  d "}; !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
}

// A request that is sent twice would hide a server that drops connections.
func TestDoNeverRepeats(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked++
		panic(http.ErrAbortHandler)
	}))
	c, err := NewClient(server.URL, 1, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(Request{Path: "/"}, false); err == nil {
		t.Error("no error from a server that hung up")
	}
	server.Close() // so that asked may be read
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

func TestNewClientRefusesOthers(t *testing.T) {
	if _, err := NewClient("http://example.com:80", 1, time.Second); !errors.Is(err, loopback.ErrTarget) {
		t.Errorf("err %v", err)
	}
}

func TestReadTokens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	write := func(s string) {
		if err := os.WriteFile(path, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a\n\n b \r\nc")
	if got, err := ReadTokens(path); err != nil || !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("tokens %q, %v", got, err)
	}
	write("\n \n")
	if _, err := ReadTokens(path); !errors.Is(err, ErrTokens) {
		t.Errorf("empty file: %v", err)
	}
	if _, err := ReadTokens(path + ".absent"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent file: %v", err)
	}
}

func TestMetrics(t *testing.T) {
	got := Metrics([]byte("# HELP x\ncache_bytes 123\ncache_hits_total{op=\"getMovie\"} 4.5\n\nbroken\n"))
	if len(got) != 2 || got["cache_bytes"] != 123 || got[`cache_hits_total{op="getMovie"}`] != 4.5 {
		t.Errorf("metrics %v", got)
	}
}
