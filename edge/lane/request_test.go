package lane

import (
	"bufio"
	"bytes"
	"io"
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

// beatHead is the head of a plain POST but for its end.
const beatHead = "POST /v2/playback/heartbeat HTTP/1.1\r\nHost: edge\r\nContent-Type: application/json\r\n"

func TestParseTakesPlainPosts(t *testing.T) {
	var r Request
	f := func(raw, body string) {
		t.Helper()
		n := r.parse([]byte(raw + "GET /next HTTP/1.1\r\n"))
		if n != len(raw) || !r.Post || string(r.Body) != body || string(r.Path) != "/v2/playback/heartbeat" {
			t.Errorf("%q: %d of %d bytes; body %q", raw, n, len(raw), r.Body)
		}
	}
	f(beatHead+"Content-Length: 2\r\n\r\n{}", "{}")
	f(beatHead+"content-length:11  \r\nAuthorization: Bearer a\r\n\r\n{\"a\":\"\r\n\x00\"}", "{\"a\":\"\r\n\x00\"}")
	f("POST /v2/playback/heartbeat HTTP/1.1\r\nContent-Length: 1\r\nHost: edge\r\nCONTENT-TYPE:  Application/JSON \r\n\r\n{", "{")
	f(beatHead+"Content-Length: 4100\r\n\r\n"+strings.Repeat("x", 4100), strings.Repeat("x", 4100))
	if n := r.parse([]byte(head + "\r\n{}")); n != len(head)+2 || r.Post || r.Body != nil {
		t.Errorf("the body before shows through: %d, %v, %q", n, r.Post, r.Body)
	}
}

// What might be taken for two requests, or for another body, by one of two programs in a row is left to the general server.
func TestParseLeavesPostsThatAreNotPlain(t *testing.T) {
	var r Request
	bare := "POST /v2/playback/heartbeat HTTP/1.1\r\nHost: edge\r\n"
	for name, raw := range map[string]string{
		"no length":                     beatHead + "\r\n{}",
		"length 0":                      beatHead + "Content-Length: 0\r\n\r\n",
		"shorter than said":             beatHead + "Content-Length: 3\r\n\r\n{}",
		"not arrived":                   beatHead + "Content-Length: 3\r\n\r\n",
		"length twice":                  beatHead + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
		"two lengths":                   beatHead + "Content-Length: 2\r\ncontent-length: 1\r\n\r\n{}",
		"list of lengths":               beatHead + "Content-Length: 2, 2\r\n\r\n{}",
		"sign":                          beatHead + "Content-Length: +2\r\n\r\n{}",
		"minus":                         beatHead + "Content-Length: -2\r\n\r\n{}",
		"space inside":                  beatHead + "Content-Length: 0 2\r\n\r\n{}",
		"leading zero":                  beatHead + "Content-Length: 02\r\n\r\n{}",
		"hexadecimal":                   beatHead + "Content-Length: 0x2\r\n\r\n{}",
		"tab":                           beatHead + "Content-Length: \t2\r\n\r\n{}",
		"empty length":                  beatHead + "Content-Length:\r\n\r\n{}",
		"space before the colon":        beatHead + "Content-Length : 2\r\n\r\n{}",
		"folded":                        beatHead + "Content-Length:\r\n 2\r\n\r\n{}",
		"too long":                      beatHead + "Content-Length: 10000\r\n\r\n" + strings.Repeat("x", 10_000),
		"beyond all numbers":            beatHead + "Content-Length: 18446744073709551618\r\n\r\n{}",
		"length and coding":             beatHead + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
		"coding and length":             beatHead + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}",
		"chunked":                       beatHead + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
		"identity":                      beatHead + "Content-Length: 2\r\nTransfer-Encoding: identity\r\n\r\n{}",
		"expect":                        beatHead + "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n{}",
		"upgrade":                       beatHead + "Content-Length: 2\r\nUpgrade: h2c\r\n\r\n{}",
		"close":                         beatHead + "Content-Length: 2\r\nConnection: close\r\n\r\n{}",
		"type twice":                    beatHead + "Content-Length: 2\r\nContent-Type: application/json\r\n\r\n{}",
		"another type before":           bare + "Content-Type: text/plain\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
		"another type behind":           beatHead + "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}",
		"no type":                       bare + "Content-Length: 2\r\n\r\n{}",
		"type with a parameter":         bare + "Content-Type: application/json; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}",
		"another type":                  bare + "Content-Type: application/jsonp\r\nContent-Length: 2\r\n\r\n{}",
		"compressed":                    beatHead + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
		"compressed by nothing":         beatHead + "Content-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}",
		"HTTP/1.0":                      strings.Replace(beatHead, "1.1", "1.0", 1) + "Content-Length: 2\r\n\r\n{}",
		"another method that begins so": "POSTS" + beatHead[4:] + "Content-Length: 2\r\n\r\n{}",
		"two hosts":                     beatHead + "Host: other\r\nContent-Length: 2\r\n\r\n{}",
		"no path":                       strings.Replace(beatHead, "/v2", "v2", 1) + "Content-Length: 2\r\n\r\n{}",
		"body of a GET":                 strings.Replace(beatHead, "POST", "GET", 1) + "Content-Length: 2\r\n\r\n{}",
	} {
		if n := r.parse([]byte(raw)); n != 0 {
			t.Errorf("%s: %d bytes are taken", name, n)
		}
	}
}

// FuzzParse holds the lane's reading of requests against the servers': what the lane takes, one after the other, they must
// understand in the same way, to the same length, with the same body.
func FuzzParse(f *testing.F) {
	f.Add([]byte(head + "\r\n"))
	f.Add([]byte(head + "Authorization: Bearer a\r\nAccept-Encoding: gzip\r\nX-Request-Id: 1\r\n\r\nGET / HTTP/1.1\r\n"))
	f.Add([]byte(head + "Content-Length: 3\r\n\r\nabc"))
	f.Add([]byte(head + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))
	f.Add([]byte(head + "Connection: keep-alive\r\nIf-None-Match: \"a\"\r\nOrigin: x\r\n folded\r\n\r\n"))
	f.Add([]byte(beatHead + "Content-Length: 2\r\n\r\n{}" + head + "\r\n"))
	f.Add([]byte(beatHead + "Content-Length: 49\r\n\r\n" + head + "\r\n" + beatHead + "Content-Length: 1\r\n\r\n{"))
	f.Add([]byte(beatHead + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"))
	f.Add([]byte(beatHead + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"))
	f.Add([]byte(beatHead + "Content-Length: +2\r\nContent-Encoding: gzip\r\n\r\n{}"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var r Request
		for n := r.parse(raw); n > 0; n = r.parse(raw) {
			asFasthttp(t, &r, raw, n)
			asNetHTTP(t, &r, raw, n)
			raw = raw[n:]
		}
	})
}

// asFasthttp holds a request against the server that the lane stands before.
func asFasthttp(t *testing.T, r *Request, raw []byte, n int) {
	var req fasthttp.Request
	br := bufio.NewReaderSize(bytes.NewReader(raw), len(raw)+16)
	if err := req.Read(br); err != nil {
		t.Fatalf("%q: the server refuses it: %v", raw[:n], err)
	}
	if left := len(raw) - n; br.Buffered() != left {
		t.Fatalf("%q: the server leaves %d bytes, the lane %d", raw, br.Buffered(), left)
	}
	h := &req.Header
	if r.Post != h.IsPost() || !r.Post && !h.IsGet() || string(req.Body()) != string(r.Body) || max(h.ContentLength(), 0) != len(r.Body) && r.Post {
		t.Fatalf("%q: %s, length %d, body %q; the lane: %q", raw[:n], h.Method(), h.ContentLength(), req.Body(), r.Body)
	}
	if r.Post && (!strings.EqualFold(string(h.ContentType()), "application/json") || len(h.Peek("Content-Encoding")) > 0) {
		t.Fatalf("%q: the body is %s", raw[:n], h.ContentType())
	}
	if !h.IsHTTP11() || h.ContentLength() == -1 || !r.Post && h.ContentLength() > 0 || h.ConnectionClose() || h.ConnectionUpgrade() || len(h.Peek("Expect")) > 0 {
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
}

// asNetHTTP holds a request against another server, as there may be one in front.
func asNetHTTP(t *testing.T, r *Request, raw []byte, n int) {
	br := bufio.NewReaderSize(bytes.NewReader(raw), len(raw)+16)
	req, err := http.ReadRequest(br)
	if err != nil || req.ContentLength != int64(len(r.Body)) || req.URL.EscapedPath() != string(r.Path) && string(r.Path) != req.URL.Path {
		t.Fatalf("%q: net/http reads it differently: %v", raw[:n], err)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil || string(body) != string(r.Body) || br.Buffered() != len(raw)-n || len(req.TransferEncoding) > 0 {
		t.Fatalf("%q: net/http reads the body %q and leaves %d bytes: %v", raw[:n], body, br.Buffered(), err)
	}
}
