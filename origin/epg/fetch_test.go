package epg

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"
)

// feedHost is a server of feeds on https, and settings that fetch from it: its certificate is known and its address, which is
// of this machine, is let pass.
func feedHost(t *testing.T, h http.HandlerFunc) (*httptest.Server, *Imports) {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are to fail
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return server, &Imports{Hosts: []string{server.Listener.Addr().String()}, roots: roots,
		control: func(string, string, syscall.RawConn) error { return nil }}
}

// fetched reads the document at the URL; a refusal gives its code.
func fetched(t *testing.T, s *Imports, url string) (string, string) {
	t.Helper()
	body, err := s.fetch(t.Context(), url)
	var text []byte
	if err == nil {
		text, err = io.ReadAll(body)
		if end := body.Close(); end != nil {
			t.Error(end)
		}
	}
	var bad *badSource
	if err != nil && !errors.As(err, &bad) {
		t.Fatalf("%v is no reason", err)
	}
	if bad == nil {
		return string(text), ""
	}
	if bad.message == "" || strings.Contains(bad.message, url) {
		t.Errorf("the message is %q", bad.message)
	}
	return string(text), bad.code
}

func gzipped(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text)) // to memory
	_ = z.Close()
	return b.Bytes()
}

// someText shrinks by gzip as texts do.
func someText(n int) string {
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, n)
	for i := range text {
		text[i] = "etaoin shrdlu"[random.IntN(13)]
	}
	return string(text)
}

func TestFetchUndoesGzip(t *testing.T) {
	f := func(body []byte, encoding, want, code string) {
		t.Helper()
		server, s := feedHost(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Accept-Encoding") != "gzip" || r.Header.Get("Authorization") != "" {
				t.Errorf("asked with %v", r.Header)
			}
			if encoding != "" {
				w.Header().Set("Content-Encoding", encoding)
			}
			_, _ = w.Write(body)
		})
		if text, got := fetched(t, s, server.URL); got != code || code == "" && text != want {
			t.Errorf("%d bytes as %q: %d bytes %q, want %d %q", len(body), encoding, len(text), got, len(want), code)
		}
	}
	plain := "<tv>" + someText(1<<20) + "</tv>"
	once := gzipped(plain)
	f([]byte(plain), "", plain, "")
	f([]byte(plain), "identity", plain, "")
	f(once, "", plain, "")     // a .xml.gz
	f(once, "gzip", plain, "") // encoded on the way
	f(gzipped(string(once)), "x-gzip", plain, "")
	f(append(bytes.Clone(once), once...), "", plain+plain, "")
	f([]byte("x"), "", "x", "")
	f(nil, "", "", "")
	f(once[:len(once)/2], "", "", "source_truncated")
	f(once[:5], "gzip", "", "source_truncated")
	f([]byte(plain), "gzip", "", "source_gzip")
	f(append(bytes.Clone(once), "junk after the end"...), "", "", "source_gzip")
	f(once, "br", "", "source_encoding")
}

func TestFetchEndsAtItsBounds(t *testing.T) {
	f := func(path string, body []byte, most int64, code string) {
		t.Helper()
		server, s := feedHost(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/encoded" {
				w.Header().Set("Content-Encoding", "gzip")
			}
			_, _ = w.Write(body)
		})
		s.MaxBytes = most
		if text, got := fetched(t, s, server.URL+path); got != code || int64(len(text)) > most {
			t.Errorf("%d bytes, at most %d: %d and %q, want %q", len(body), most, len(text), got, code)
		}
	}
	zeros := strings.Repeat("0", 8<<20)
	f("/", []byte(zeros[:1000]), 1000, "")
	f("/", []byte(zeros[:1001]), 1000, "source_too_large")
	f("/", gzipped(zeros[:100_000]), 100_000, "")
	f("/", gzipped(zeros[:100_001]), 100_000, "source_too_large")
	f("/", gzipped(zeros), 1<<30, "source_ratio")
	f("/encoded", gzipped(string(gzipped(zeros))), 1<<30, "source_ratio")
	var likeAFeed string
	words := someText(50_000)
	for i := 0; i < len(words); i += 125 {
		likeAFeed += strings.Repeat(words[i:i+125], 80)
	}
	if ratio := len(likeAFeed) / len(gzipped(likeAFeed)); ratio < 50 {
		t.Fatalf("the ratio is %d", ratio)
	}
	f("/", gzipped(likeAFeed), 1<<30, "")
}

func TestFetchFailuresSayWhy(t *testing.T) {
	f := func(h http.HandlerFunc, code string) {
		t.Helper()
		server, s := feedHost(t, h)
		s.idle = 200 * time.Millisecond
		if _, got := fetched(t, s, server.URL+"/feed?token=secret"); got != code {
			t.Errorf("%q, want %q", got, code)
		}
	}
	reached := false
	inner, _ := feedHost(t, func(http.ResponseWriter, *http.Request) { reached = true })
	for _, status := range []int{301, 302, 303, 307, 308} {
		f(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", inner.URL)
			w.WriteHeader(status)
		}, "source_redirects")
	}
	if reached {
		t.Error("a redirect was followed")
	}
	f(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "source_unavailable")
	f(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, "source_unavailable")
	f(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "source_stalled")
	f(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("<tv>"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}, "source_stalled")
	f(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("<tv>"))
	}, "source_unreachable")
	f(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "source_unreachable")
}

// A feed that gives a byte now and then lasts no longer than the whole may.
func TestFetchEndsInTime(t *testing.T) {
	server, s := feedHost(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = w.Write([]byte(" "))
			w.(http.Flusher).Flush()
			time.Sleep(10 * time.Millisecond)
		}
	})
	s.total, s.idle = 300*time.Millisecond, time.Minute
	if _, got := fetched(t, s, server.URL); got != "source_too_slow" {
		t.Errorf("%q", got)
	}
}

// A reader that takes its time is no stall of the feed.
func TestFetchWaitsForItsReader(t *testing.T) {
	server, s := feedHost(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1<<20)) })
	s.idle = 100 * time.Millisecond
	body, err := s.fetch(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	for range 3 {
		if _, err := io.ReadFull(body, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(150 * time.Millisecond)
	}
	if n, err := io.Copy(io.Discard, body); err != nil || n != 1<<20-3000 {
		t.Errorf("%d more bytes, %v", n, err)
	}
}

func TestFetchEndsWithItsContext(t *testing.T) {
	server, s := feedHost(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := s.fetch(ctx, server.URL); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// The real check, which every dial passes: no name and no allow-list opens what is not public.
func TestPrivateAddressesAreNotDialled(t *testing.T) {
	dialled := make(chan struct{}, 100)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Close()
			dialled <- struct{}{}
		}
	}()
	port := listener.Addr().(*net.TCPAddr).Port
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "10.0.0.1", "172.16.0.1", "192.168.0.1",
		"169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.1", "224.0.0.1", "255.255.255.255", "[fd00::1]", "[fe80::1]",
		"[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[ff02::1]", "[2001:db8::1]"} {
		address := fmt.Sprintf("%s:%d", host, port)
		s := &Imports{Hosts: []string{address}}
		began := time.Now()
		if _, code := fetched(t, s, "https://"+address+"/"); code != "source_unreachable" {
			t.Errorf("%s: %q", host, code)
		}
		if time.Since(began) > 5*time.Second {
			t.Errorf("%s was waited for", host)
		}
	}
	if len(dialled) > 0 {
		t.Error("a private address was dialled")
	}
}

func TestFetchVerifiesCertificates(t *testing.T) {
	server, s := feedHost(t, func(http.ResponseWriter, *http.Request) {})
	s.roots = x509.NewCertPool()
	if _, code := fetched(t, s, server.URL); code != "source_unreachable" {
		t.Errorf("%q", code)
	}
}

// The environment's proxy would dial for us, past the check.
func TestFetchUsesNoProxy(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://192.0.2.1:3128")
	var dialled []string
	s := &Imports{Hosts: []string{"192.0.2.7"}, control: func(_, address string, _ syscall.RawConn) error {
		dialled = append(dialled, address)
		return errors.New("not in a test")
	}}
	fetched(t, s, "https://192.0.2.7/feed")
	if len(dialled) != 1 || dialled[0] != "192.0.2.7:443" {
		t.Errorf("dialled %v", dialled)
	}
}

func TestCheckHosts(t *testing.T) {
	for _, good := range []string{"feeds.example.com", "feeds.example.com:8443", "192.0.2.1", "[2001:db8::1]:443"} {
		if err := CheckHosts([]string{good}); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", "https://feeds.example.com", "feeds.example.com/path", "user@feeds.example.com", ":443", "a b", "*.example.com/x"} {
		if err := CheckHosts([]string{"good.example.com", bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// Editors learn what happened; the addresses of resolvers and inner networks are for the log.
func TestFetchFailuresNameNoAddress(t *testing.T) {
	f := func(s *Imports, url, want string) {
		t.Helper()
		_, err := s.fetch(t.Context(), url)
		var bad *badSource
		if !errors.As(err, &bad) || !strings.Contains(bad.message, want) || bad.detail == "" {
			t.Fatalf("%v, want %s", err, want)
		}
		for _, inner := range []string{"127.0.0.1", "10.0.0.1", "dial", "lookup", "read tcp"} {
			if strings.Contains(bad.message, inner) {
				t.Errorf("%q names %s", bad.message, inner)
			}
		}
	}
	closed, open := feedHost(t, nil)
	closed.Close()
	f(open, closed.URL, "refused the connection")
	f(&Imports{Hosts: []string{"10.0.0.1"}}, "https://10.0.0.1/", "no public address")
	f(&Imports{Hosts: []string{"no-such-host.invalid"}}, "https://no-such-host.invalid/", "its host's name")
	unknown, s := feedHost(t, func(http.ResponseWriter, *http.Request) {})
	s.roots = x509.NewCertPool()
	f(s, unknown.URL, "certificate could not be verified")
	ends, s := feedHost(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	f(s, ends.URL, "the connection ended")
}
