package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
)

const badRequest = "BAD_REQUEST"

func TestTargetsThatAreRefused(t *testing.T) {
	b := setup(t)
	b.docs["/v2/movies/1"] = "film"
	b.get("/v2/movies/1")
	for _, target := range []string{
		"/v2/movies%2f1", "/v2/movies%2F1", "/v2/movies%5c1", "/v2/movies/1%00", "/v2/movies/../movies/1", "/v2/movies/%2e%2e/1", "/v2//movies/1",
		"//v2/movies/1", "/v2/./movies/1", "/v2/movies/1;x=1", "/v2/movies\\1", "/v2/movies/1%0d%0aX:1", "/v2/movies/%ff", "/v2/movies/1#x",
		"/v2/movies/1%3b", "/v2/movies/1%3F", "/v2/movies/%", "/v2/movies/%4", "/v2/movies/1%25", "/v2/movies/1?fields=%00", "*", "v2/movies/1", "ftp://edge/v2/movies/1",
		"http:///v2/movies/1", "http://a@b/v2/movies/1", "http://edge",
	} {
		b.wantFault(b.get(target), 400, badRequest)
	}
	for _, target := range []string{"http://edge/v2/movies/1", "HTTP://other:80/v2/movies/1", "/v2/movies/%31", "/v2/movies/1?", "/v2/movies/1?fields"} {
		if a := b.get(target); a.StatusCode != 200 {
			t.Errorf("%s: %d", target, a.StatusCode)
		}
	}
	if got := b.origin.Fills("/v2/movies/1"); got != 1 {
		t.Errorf("one film, spelled in several ways, was filled %d times", got)
	}
	b.docs["/v2/movies/a%7Cb"] = "odd"
	for _, target := range []string{"/v2/movies/a|b", "/v2/movies/a%7cb", "/v2/movies/%61%7Cb"} {
		b.want(b.get(target), 200, "odd")
	}
	if got := b.origin.Fills("/v2/movies/a%7Cb"); got != 1 {
		t.Errorf("one path, spelled in several ways, was filled %d times", got)
	}
	for _, target := range []string{"/", "/v2", "/v2/", "/v2/movies/", "/v2/movies/1/", "/v2/movies/1/x", "/V2/movies/1", "/internal/feed", "/internal/fill/v2/movies/1", "/v2/admin/movies/1", "/v2/admin"} {
		b.wantFault(b.get(target), 404, "NOT_FOUND")
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	b := setup(t)
	b.docs["/v2/movies/1"] = "film"
	b.get("/v2/movies/1")
	const line, host, who = "GET /v2/movies/1 HTTP/1.1\r\n", "Host: edge\r\n", viewer + "\r\n"
	post := "POST /v2/devices HTTP/1.1\r\n" + host + who
	for name, raw := range map[string]string{
		"length and coding":       post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"coding and length":       post + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
		"two lengths":             post + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
		"two other lengths":       post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
		"list of lengths":         post + "Content-Length: 2, 2\r\n\r\n{}",
		"signed length":           post + "Content-Length: +2\r\n\r\n{}",
		"negative length":         post + "Content-Length: -2\r\n\r\n{}",
		"hexadecimal length":      post + "Content-Length: 0x2\r\n\r\n{}",
		"unknown coding":          post + "Transfer-Encoding: gzip\r\n\r\n{}",
		"two codings":             post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"identity coding":         post + "Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}",
		"coding in HTTP/1.0":      "POST /v2/devices HTTP/1.0\r\n" + host + who + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"length on a GET, twice":  line + host + who + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
		"folded header":           line + host + who + "X-A: 1\r\n folded\r\n\r\n",
		"folded first header":     line + " " + host + who + "\r\n",
		"folded length":           post + "Content-Length:\r\n 2\r\n\r\n{}",
		"space before the colon":  line + "Host : edge\r\n" + who + "\r\n",
		"space in a name":         line + host + who + "X A: 1\r\n\r\n",
		"tab in a name":           line + host + who + "X\tA: 1\r\n\r\n",
		"no name":                 line + host + who + ": 1\r\n\r\n",
		"no colon":                line + host + who + "nonsense\r\n\r\n",
		"control in a value":      line + host + who + "X-A: \x01\r\n\r\n",
		"NUL in a value":          line + host + who + "X-A: a\x00b\r\n\r\n",
		"one bare line feed":      line + host + who + "X-A: 1\nX-B: 2\r\n\r\n",
		"carriage return inside":  line + host + who + "X-A: 1\rX-B: 2\r\n\r\n",
		"no host":                 line + who + "\r\n",
		"empty host":              line + "Host: \r\n" + who + "\r\n",
		"two hosts":               line + host + host + who + "\r\n",
		"two tokens":              line + host + who + "Authorization: Bearer other\r\n\r\n",
		"HTTP/2.0":                "GET /v2/movies/1 HTTP/2\r\n" + host + who + "\r\n",
		"no version":              "GET /v2/movies/1\r\n" + host + who + "\r\n",
		"two spaces":              "GET  /v2/movies/1 HTTP/1.1\r\n" + host + who + "\r\n",
		"space in the target":     "GET /v2/movies/1 2 HTTP/1.1\r\n" + host + who + "\r\n",
		"control in the target":   "GET /v2/movies/\x07 HTTP/1.1\r\n" + host + who + "\r\n",
		"letters beyond ASCII":    "GET /v2/movies/\u00e9 HTTP/1.1\r\n" + host + who + "\r\n",
		"CONNECT":                 "CONNECT edge:443 HTTP/1.1\r\n" + host + "\r\n",
		"method that is no token": "G(T /v2/movies/1 HTTP/1.1\r\n" + host + who + "\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			a := b.send(raw)
			if a.StatusCode != 400 || a.fault() != badRequest {
				t.Errorf("%d %s", a.StatusCode, a.body)
			}
			if !a.Close {
				t.Error("the connection stays open after a request whose end is in doubt")
			}
		})
	}
	if got := len(b.origin.PassedThrough()); got != 0 {
		t.Errorf("%d of them reached the origin", got)
	}
}

func TestMethods(t *testing.T) {
	b := setup(t)
	f := func(method, target string, status int, allow string) {
		t.Helper()
		a := b.do(method, target, viewer, "Content-Length: 0")
		if a.StatusCode != status || a.Header.Get("Allow") != allow {
			t.Errorf("%s %s: %d, Allow %q; want %d, %q", method, target, a.StatusCode, a.Header.Get("Allow"), status, allow)
		}
	}
	f("TRACE", "/v2/movies/1", 405, "GET, HEAD")
	f("POST", "/v2/movies/1", 405, "GET, HEAD")
	f("OPTIONS", "/v2/movies/1", 405, "GET, HEAD") // browsers are not let in
	f("PUT", "/v2/devices", 405, "GET, HEAD, POST")
	f("GET", "/v2/devices/1", 405, "DELETE")
	f("FANCY", "/v2/devices/1", 405, "DELETE")
	f("TRACE", "/nowhere", 404, "")
	f("PUT", "/v2/admin/movies/1", 404, "")
	long := strings.Repeat("x", 5000)
	b.wantFault(b.send("POST /v2/movies/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n"+long), 405, "METHOD_NOT_ALLOWED")
	b.wantFault(b.send("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n"+long), 404, "NOT_FOUND")
}

func TestBodyLimits(t *testing.T) {
	b := setup(t)
	f := func(name, raw string, status int) {
		t.Helper()
		if a := b.send(raw); a.StatusCode != status || status >= 400 && a.fault() != "PAYLOAD_TOO_LARGE" {
			t.Errorf("%s: %d %s, want %d", name, a.StatusCode, a.body, status)
		}
	}
	post := "POST /v2/devices HTTP/1.1\r\nHost: edge\r\n" + viewer + "\r\n"
	f("at the limit", post+"Content-Length: 1000\r\n\r\n"+strings.Repeat("x", 1000), 200)
	f("above", post+"Content-Length: 1001\r\n\r\n"+strings.Repeat("x", 1001), 413)
	f("far above, not sent", post+"Content-Length: 4000000000\r\n\r\n", 413)
	f("chunked, at the limit", post+"Transfer-Encoding: chunked\r\n\r\n3e8\r\n"+strings.Repeat("x", 1000)+"\r\n0\r\n\r\n", 200)
	f("chunked, above", post+"Transfer-Encoding: chunked\r\n\r\n3e9\r\n"+strings.Repeat("x", 1001)+"\r\n0\r\n\r\n", 413)
	f("where none belongs", "DELETE /v2/devices/1 HTTP/1.1\r\nHost: edge\r\n"+viewer+"\r\nContent-Length: 500\r\n\r\n", 413)
}

func TestIdlePostsCostLittle(t *testing.T) {
	b := setup(t)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 60 {
		c := b.dial()
		fmt.Fprintf(c, "POST /v2/devices HTTP/1.1\r\nHost: edge\r\n%s\r\nContent-Length: 1000\r\n\r\nx", viewer)
	}
	b.until("the connections", func() bool { return b.server.Listener.Open() == 60 })
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapInuse) - int64(before.HeapInuse); grown > 60*64<<10 {
		t.Errorf("60 idle uploads hold %d KiB each", grown/60>>10)
	}
}

func TestExpect(t *testing.T) {
	b := setup(t)
	c := b.dial()
	r := bufio.NewReader(c)
	fmt.Fprintf(c, "POST /v2/devices HTTP/1.1\r\nHost: edge\r\n%s\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", viewer)
	if a, err := readAnswer(r, "POST"); err != nil || a.StatusCode != 100 {
		t.Fatalf("%d %v, want 100", a.StatusCode, err)
	}
	io.WriteString(c, "{}")
	if a, err := readAnswer(r, "POST"); err != nil || a.StatusCode != 200 {
		t.Errorf("%d %v, want 200", a.StatusCode, err)
	}
	fmt.Fprintf(c, "POST /v2/devices HTTP/1.1\r\nHost: edge\r\n%s\r\nExpect: 100-continue\r\nContent-Length: 2000\r\n\r\n", viewer)
	if a, err := readAnswer(r, "POST"); err != nil || a.StatusCode != 413 || !a.Close || a.fault() != "PAYLOAD_TOO_LARGE" {
		t.Errorf("%d %q %v, want 413 and the end of the connection", a.StatusCode, a.body, err)
	}
}

func TestLongHeads(t *testing.T) {
	b := setup(t)
	b.docs["/v2/movies/1"] = "film"
	b.want(b.get("/v2/movies/1", "X-A: "+strings.Repeat("x", 15_000)), 200, "film")
	if a := b.get("/v2/movies/1", "X-A: "+strings.Repeat("x", 20_000)); a.StatusCode != 431 || a.fault() != badRequest {
		t.Errorf("%d %s, want 431", a.StatusCode, a.body)
	}
	if a := b.get("/v2/movies/"+strings.Repeat("x", 20_000), ""); a.StatusCode != 431 {
		t.Errorf("%d, want 431", a.StatusCode)
	}
}

// A head that leaves the server's buffer one byte short makes it read a single byte in the middle of a request. What
// follows must not be taken for a request of its own.
func TestLaneKeepsOutOfRequestsUnderWay(t *testing.T) {
	b := setup(t)
	b.docs["/v2/movies/1"] = "film"
	b.get("/v2/movies/1")
	for short := range 4 {
		c := b.dial()
		head := "GET /v2/movies/2 HTTP/1.1\r\nHost: edge\r\nX-A: "
		head += strings.Repeat("x", maxHeader-short-len(head))
		io.WriteString(c, head)
		time.Sleep(20 * time.Millisecond) // so that it is read before the rest
		io.WriteString(c, request("GET", "/v2/movies/1", viewer))
		answers := 0
		for r := bufio.NewReader(c); ; answers++ {
			a, err := readAnswer(r, "GET")
			if err != nil {
				break
			}
			if a.StatusCode < 400 {
				t.Errorf("%d bytes short: the rest of a header was answered %d %q", short, a.StatusCode, a.body)
			}
		}
		if answers != 1 {
			t.Errorf("%d bytes short: %d answers", short, answers)
		}
	}
}

func TestSlowClientsAreClosed(t *testing.T) {
	b := setup(t, func(_ *bundle, _ *Config, times *Timeouts) {
		times.Read, times.Idle = 300*time.Millisecond, 600*time.Millisecond
	})
	b.docs["/v2/movies/1"] = "film"
	b.get("/v2/movies/1")
	f := func(name, first string, drip string, most time.Duration) {
		t.Helper()
		c := b.dial()
		io.WriteString(c, first)
		began := time.Now()
		go func() {
			for range 100 {
				if _, err := io.WriteString(c, drip); err != nil {
					return
				}
				time.Sleep(50 * time.Millisecond)
			}
		}()
		io.Copy(io.Discard, c)
		if took := time.Since(began); took > most {
			t.Errorf("%s: open for %v", name, took)
		}
	}
	f("a head that drips", "GET /v2/movies/1 HTTP/1.1\r\nHost: edge\r\n", "X: 1\r\n", time.Second)
	f("a body that drips", "POST /v2/devices HTTP/1.1\r\nHost: edge\r\n"+viewer+"\r\nContent-Length: 900\r\n\r\n", "x", time.Second)
	f("nothing", "", "", time.Second)
	f("idle after the lane", request("GET", "/v2/movies/1", viewer), "", 2*time.Second) // the lane's deadline is coarse
	f("idle after the server", request("GET", "/v2/movies/1", viewer, slow), "", time.Second)
}

// A client that does not read must not hold a goroutine for ever.
func TestClientsThatDontReadAreClosed(t *testing.T) {
	b := setup(t, func(_ *bundle, _ *Config, times *Timeouts) { times.Write = 300 * time.Millisecond })
	b.docs["/v2/movies/1"] = strings.Repeat(long, 10)
	b.get("/v2/movies/1")
	before := b.server.Listener.Open()
	c := b.dial()
	go io.WriteString(c, strings.Repeat(request("GET", "/v2/movies/1", viewer), 2000))
	b.until("the end of the connection", func() bool {
		return b.server.Listener.Open() <= before && b.count("getMovie", hit) > 20
	})
}

func TestConnectionLimit(t *testing.T) {
	b := setup(t)
	for range 200 {
		b.dial()
	}
	b.until("the limit", func() bool { return b.server.Listener.Open() == 200 })
	c := b.dial()
	a, err := readAnswer(bufio.NewReader(c), "GET")
	if err != nil || a.StatusCode != 503 || a.Header.Get("Retry-After") == "" || a.fault() != "UNAVAILABLE" {
		t.Errorf("beyond the limit: %d %q %v", a.StatusCode, a.body, err)
	}
}

func TestPanicIsOneRequestsTrouble(t *testing.T) {
	b := setup(t)
	b.docs["/v2/movies/1"] = "film"
	for range 2 {
		b.wantFault(b.do("GET", "/v2/devices", "Authorization: Bearer panic"), 500, "INTERNAL")
	}
	b.want(b.get("/v2/movies/1"), 200, "film")
	if got := b.proxy.metrics.panics.Get(); got != 2 {
		t.Errorf("%d panics were counted", got)
	}
}

func TestPipelining(t *testing.T) {
	b := setup(t)
	var want []string
	var raw strings.Builder
	for i := range 30 {
		body := fmt.Sprintf("film %d %s", i, long[:i*50])
		b.docs[fmt.Sprint("/v2/movies/", i)] = body
		if i%2 == 0 {
			b.get(fmt.Sprint("/v2/movies/", i)) // every other one is warm
		}
		want = append(want, body)
		headers := []string{viewer}
		if i%5 == 0 {
			headers = append(headers, slow)
		}
		raw.WriteString(request("GET", fmt.Sprint("/v2/movies/", i), headers...))
	}
	for _, piece := range []int{raw.Len(), 1000, 37} {
		c := b.dial()
		go func() {
			for rest := raw.String(); rest != ""; {
				n := min(piece, len(rest))
				io.WriteString(c, rest[:n])
				rest = rest[n:]
				time.Sleep(time.Millisecond)
			}
		}()
		r := bufio.NewReader(c)
		for i, body := range want {
			a, err := readAnswer(r, "GET")
			if err != nil || a.body != body {
				t.Fatalf("pieces of %d, answer %d: %q %v", piece, i, a.body, err)
			}
		}
	}
}

func TestHTTP10AndClose(t *testing.T) {
	b := setup(t)
	b.docs["/v2/movies/1"] = "film"
	b.get("/v2/movies/1")
	f := func(raw string) {
		t.Helper()
		c := b.dial()
		io.WriteString(c, raw)
		all, err := io.ReadAll(c) // ends, since the edge closes
		if err != nil || !strings.HasSuffix(string(all), "\r\n\r\nfilm") {
			t.Errorf("%q: %q %v", raw, all, err)
		}
	}
	f("GET /v2/movies/1 HTTP/1.0\r\n" + viewer + "\r\n\r\n")
	f(request("GET", "/v2/movies/1", viewer, "Connection: close"))
	c := b.dial()
	io.WriteString(c, request("GET", "/v2/movies/1", viewer))
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(c)
	if err != nil || !strings.HasSuffix(string(all), "\r\n\r\nfilm") {
		t.Errorf("a client that closed its side got %q %v", all, err)
	}
}
