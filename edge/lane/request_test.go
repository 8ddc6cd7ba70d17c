package lane

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

const head = "GET /v2/movies/1?fields=a HTTP/1.1\r\nHost: edge\r\n"

func TestParse(t *testing.T) {
	var r Request
	raw := head + "authorization:  bearer abc.def \r\nACCEPT-ENCODING: gzip\r\nIf-None-Match: *\r\nOrigin: null\r\nX-Request-Id: 7\r\nX-Country: GB\r\nx-country: FR\r\n\r\n"
	if n := r.parse([]byte(raw + "GET /next")); n != len(raw) {
		t.Fatalf("length %d, want %d", n, len(raw))
	}
	f := func(name string, got []byte, want string) {
		t.Helper()
		if string(got) != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	f("path", r.Path, "/v2/movies/1")
	f("query", r.Query, "fields=a")
	f("token", r.Token, "abc.def")
	f("encoding", r.AcceptEncoding, "gzip")
	f("tags", r.IfNoneMatch, "*")
	f("origin", r.Origin, "null")
	f("id", r.ID, "7")
	f("values", bytes.Join(r.Values("X-Country"), []byte("+")), "GB+FR")
	if got := r.Values("X-Absent"); len(got) != 0 {
		t.Errorf("absent header: %q", got)
	}
	if n := r.parse([]byte(head + "\r\n")); n == 0 || r.Token != nil || r.ID != nil || r.Origin != nil {
		t.Error("the request before shows through")
	}
}

func TestParseLeavesWhatIsNotPlain(t *testing.T) {
	var r Request
	if r.parse([]byte(head+"\r\n")) == 0 {
		t.Fatal("the plain request is refused")
	}
	for _, raw := range []string{
		"", "GET", head, head + "\r", head + "X: 1\r\n", // not complete
		"HEAD" + head[3:] + "\r\n", "get" + head[3:] + "\r\n", "POST" + head[3:] + "\r\n",
		"GET /a//b HTTP/1.1\r\nHost: e\r\n\r\n", "GET //a HTTP/1.1\r\nHost: e\r\n\r\n", "GET /a.b HTTP/1.1\r\nHost: e\r\n\r\n", "GET /a%20 HTTP/1.1\r\nHost: e\r\n\r\n",
		"GET /a;b HTTP/1.1\r\nHost: e\r\n\r\n", "GET /a?b#c HTTP/1.1\r\nHost: e\r\n\r\n", "GET /a?b;c HTTP/1.1\r\nHost: e\r\n\r\n", "GET a HTTP/1.1\r\nHost: e\r\n\r\n",
		"GET http://e/a HTTP/1.1\r\nHost: e\r\n\r\n", "GET  /a HTTP/1.1\r\nHost: e\r\n\r\n", "GET /a  HTTP/1.1\r\nHost: e\r\n\r\n",
		"GET /a HTTP/1.0\r\nHost: e\r\n\r\n", "GET /a HTTP/1.1\nHost: e\r\n\r\n", "GET /a HTTP/1.1 \r\nHost: e\r\n\r\n", "\r\n" + head + "\r\n",
		"GET /a HTTP/1.1\r\n\r\n", "GET /a HTTP/1.1\r\nHost:\r\n\r\n", head + "host: other\r\n\r\n", "GET /a HTTP/1.1\r\nHost: e\n\n",
		head + "X : 1\r\n\r\n", head + " X: 1\r\n\r\n", head + "X: 1\r\n folded\r\n\r\n", head + ": 1\r\n\r\n", head + "X\r\n\r\n", head + "X: \t1\r\n\r\n",
		head + "X: \x00\r\n\r\n", head + "X: \x7f\r\n\r\n", head + "X: é\r\n\r\n", head + "X: 1\r2\r\n\r\n", head + "X\x80: 1\r\n\r\n", head + "X: 1\nY: 2\r\n\r\n",
		head + "Content-Length: 0\r\n\r\n", head + "content-length: 5\r\n\r\n", head + "Transfer-Encoding: chunked\r\n\r\n", head + "Expect: 100-continue\r\n\r\n",
		head + "Upgrade: h2c\r\n\r\n", head + "Trailer: X\r\n\r\n", head + "Connection: close\r\n\r\n", head + "Connection: keep-alive, X\r\n\r\n",
		head + "Authorization: Basic x\r\n\r\n", head + "Authorization: Bearer\r\n\r\n", head + "Authorization: Bearer a\r\nAuthorization: Bearer a\r\n\r\n",
		head + "If-None-Match: a\r\nIf-None-Match: b\r\n\r\n", head + "Origin: a\r\nOrigin: a\r\n\r\n", head + "Accept-Encoding:\r\n\r\n",
	} {
		if n := r.parse([]byte(raw)); n != 0 {
			t.Errorf("%q: taken, %d bytes", raw, n)
		}
	}
}

func TestPlain(t *testing.T) {
	for c := range 256 {
		for at := range 17 {
			b := []byte(strings.Repeat("x", 17))
			b[at] = byte(c)
			if got, want := plain(b), c >= 0x20 && c < 0x7F; got != want {
				t.Fatalf("byte %#x at %d: %v", c, at, got)
			}
		}
	}
}

// FuzzParse holds the lane's reading of a request against the server's: what the lane takes, the server must understand
// in the same way, to the same length, and find no body behind.
func FuzzParse(f *testing.F) {
	f.Add([]byte(head + "\r\n"))
	f.Add([]byte(head + "Authorization: Bearer a\r\nAccept-Encoding: gzip\r\nX-Request-Id: 1\r\n\r\nGET / HTTP/1.1\r\n"))
	f.Add([]byte(head + "Content-Length: 3\r\n\r\nabc"))
	f.Add([]byte(head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))
	f.Add([]byte(head + "Connection: keep-alive\r\nIf-None-Match: \"a\"\r\nOrigin: x\r\n folded\r\n\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var r Request
		n := r.parse(raw)
		if n == 0 {
			return
		}
		var h fasthttp.RequestHeader
		br := bufio.NewReaderSize(bytes.NewReader(raw), len(raw)+16)
		if err := h.Read(br); err != nil {
			t.Fatalf("%q: the server refuses it: %v", raw[:n], err)
		}
		if left := len(raw) - n; br.Buffered() != left {
			t.Fatalf("%q: the server leaves %d bytes, the lane %d", raw, br.Buffered(), left)
		}
		if !h.IsGet() || !h.IsHTTP11() || h.ContentLength() > 0 || h.ContentLength() == -1 || h.ConnectionClose() || h.ConnectionUpgrade() || len(h.Peek("Expect")) > 0 {
			t.Fatalf("%q: length %d, close %v", raw[:n], h.ContentLength(), h.ConnectionClose())
		}
		target := string(r.Path)
		if rest := string(h.RequestURI())[len(target):]; rest != "" && rest[1:] != string(r.Query) || string(h.RequestURI())[:len(target)] != target {
			t.Fatalf("%q: %q ? %q", h.RequestURI(), r.Path, r.Query)
		}
		for name, got := range map[string][]byte{"Accept-Encoding": r.AcceptEncoding, "If-None-Match": r.IfNoneMatch, "Origin": r.Origin, "X-Request-Id": r.ID} {
			if string(h.Peek(name)) != string(got) {
				t.Fatalf("%s: %q and %q", name, h.Peek(name), got)
			}
		}
		if auth := string(h.Peek("Authorization")); r.Token != nil && !strings.HasSuffix(auth, string(r.Token)) || r.Token == nil && auth != "" {
			t.Fatalf("token %q of %q", r.Token, auth)
		}
		if req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw))); err != nil || req.ContentLength != 0 || req.URL.EscapedPath() != target && target != req.URL.Path {
			t.Fatalf("%q: net/http reads it differently: %v", raw[:n], err)
		}
	})
}
