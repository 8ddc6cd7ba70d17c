package lane

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"time"
)

// Request is a GET, or a POST of a small JSON body, that is understood down to the last byte. Its slices die with the call.
type Request struct {
	Post bool
	Body []byte // of a POST, whole

	Path           []byte // letters, digits, '-', '_', '/', without an empty segment
	Query          []byte // as sent, without the '?'
	Token          []byte // what follows `Authorization: Bearer `, nil without
	AcceptEncoding []byte
	IfNoneMatch    []byte
	Origin         []byte
	ID             []byte // X-Request-Id
	Peer           netip.Addr
	Now            time.Time // when it was read, of the base clock

	lines  []byte // the header lines
	values [][]byte
	length int // of the body; -1: not said
	json   bool
}

// contentLength reads the length of a POST's body, given once and in plain digits.
func (r *Request) contentLength(value []byte) bool {
	if !r.Post || r.length >= 0 || len(value) == 0 || len(value) > 4 || value[0] == '0' {
		return false
	}
	n := 0
	for _, c := range value {
		if c < '0' || c > '9' {
			return false
		}
		n = 10*n + int(c-'0')
	}
	r.length = n
	return true
}

// contentType wants JSON of a POST, said once. What a GET says of a body that it does not have is of no meaning.
func (r *Request) contentType(value []byte) bool {
	again := r.json
	r.json = equalFold(value, "application/json")
	return !r.Post || r.json && !again
}

// Values returns all values of a header, in the order received.
func (r *Request) Values(name string) [][]byte {
	r.values = r.values[:0]
	for rest := r.lines; len(rest) > 0; {
		var line []byte
		line, rest, _ = bytes.Cut(rest, crlf)
		if n := bytes.IndexByte(line, ':'); n == len(name) && equalFold(line[:n], name) {
			r.values = append(r.values, trim(line[n+1:]))
		}
	}
	return r.values
}

var crlf = []byte("\r\n")

const (
	method  = "GET /"
	post    = "POST /"
	version = " HTTP/1.1\r\n"
	bearer  = "Bearer "
)

// parse reads one request off the front of b and returns its length, or 0 for anything that is not complete or not as
// plain as this: GET in origin form, HTTP/1.1, CR LF, single spaces, no body, no header twice that matters, nothing that
// changes the connection. What is refused here is not wrong: the general parser, which is told all of it, decides.
func (r *Request) parse(b []byte) int {
	n := r.target(b)
	if n == 0 || len(b)-n < len(version) || string(b[n:n+len(version)]) != version {
		return 0
	}
	start := n + len(version)
	end := r.headers(b[start:])
	if end == 0 {
		return 0
	}
	r.lines = b[start : start+end-len(crlf)]
	return r.body(b, start+end)
}

// body takes the body of a POST, which must be JSON and have arrived whole; a GET has none.
func (r *Request) body(b []byte, at int) int {
	r.Body = nil
	if !r.Post {
		return at
	}
	if r.length < 1 || !r.json || len(b)-at < r.length {
		return 0
	}
	r.Body = b[at : at+r.length]
	return at + r.length
}

// target reads method and target and returns where the space after them is.
func (r *Request) target(b []byte) int {
	i := 0
	switch {
	case len(b) >= len(method) && string(b[:len(method)]) == method:
		i, r.Post = len(method), false
	case len(b) >= len(post) && string(b[:len(post)]) == post:
		i, r.Post = len(post), true
	default:
		return 0
	}
	begin := i - 1
	for ; i < len(b) && kinds[b[i]]&inPath != 0; i++ {
		if b[i] == '/' && b[i-1] == '/' {
			return 0
		}
	}
	r.Path, r.Query = b[begin:i], nil
	if i < len(b) && b[i] == '?' {
		i++
		from := i
		for i < len(b) && kinds[b[i]]&inQuery != 0 {
			i++
		}
		r.Query = b[from:i]
	}
	return i
}

// headers reads the header section and returns its length with the empty line.
func (r *Request) headers(b []byte) int {
	r.Token, r.AcceptEncoding, r.IfNoneMatch, r.Origin, r.ID = nil, nil, nil, nil, nil
	r.length, r.json = -1, false
	hosts := 0
	for at := 0; ; {
		lf := bytes.IndexByte(b[at:], '\n')
		if lf < 1 || b[at+lf-1] != '\r' {
			return 0
		}
		line := b[at : at+lf-1]
		at += lf + 1
		if len(line) == 0 {
			if hosts != 1 {
				return 0
			}
			return at
		}
		colon := bytes.IndexByte(line, ':')
		if colon < 1 || !plain(line) || !token(line[:colon]) {
			return 0
		}
		value := trim(line[colon+1:])
		if !r.header(line[:colon], value, &hosts) {
			return 0
		}
	}
}

// header takes a header in; false when it makes the request one for the general parser.
func (r *Request) header(name, value []byte, hosts *int) bool {
	switch len(name) {
	case 4:
		if equalFold(name, "host") {
			*hosts++
			return len(value) > 0
		}
	case 6:
		if equalFold(name, "origin") {
			return once(&r.Origin, value)
		}
		return !equalFold(name, "expect")
	case 7:
		return !equalFold(name, "upgrade") && !equalFold(name, "trailer")
	case 10:
		return !equalFold(name, "connection") || equalFold(value, "keep-alive")
	case 12:
		switch {
		case equalFold(name, "x-request-id"):
			return once(&r.ID, value)
		case equalFold(name, "content-type"):
			return r.contentType(value)
		}
	case 13:
		switch {
		case equalFold(name, "authorization"):
			return len(value) > len(bearer) && equalFold(value[:len(bearer)], bearer) && once(&r.Token, value[len(bearer):])
		case equalFold(name, "if-none-match"):
			return once(&r.IfNoneMatch, value)
		}
	case 14:
		return !equalFold(name, "content-length") || r.contentLength(value)
	case 15:
		if equalFold(name, "accept-encoding") {
			return once(&r.AcceptEncoding, value)
		}
	case 16:
		return !equalFold(name, "content-encoding") || !r.Post
	case 17:
		return !equalFold(name, "transfer-encoding")
	}
	return true
}

func once(field *[]byte, value []byte) bool {
	if *field != nil || len(value) == 0 {
		return false
	}
	*field = value
	return true
}

func trim(v []byte) []byte {
	for len(v) > 0 && v[0] == ' ' {
		v = v[1:]
	}
	for len(v) > 0 && v[len(v)-1] == ' ' {
		v = v[:len(v)-1]
	}
	return v
}

// equalFold compares with s, which is in small letters or has the letters' case that is common.
func equalFold[S string | []byte](b []byte, s S) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range b {
		if lower[b[i]] != lower[s[i]] {
			return false
		}
	}
	return true
}

var lower = func() [256]byte {
	var t [256]byte
	for i := range t {
		t[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			t[i] = byte(i) + 'a' - 'A'
		}
	}
	return t
}()

// plain reports whether all bytes are printable ASCII or spaces; eight at a time, since tokens are long.
func plain(b []byte) bool {
	const high, less, one = 0x8080808080808080, 0x6060606060606060, 0x0101010101010101
	for ; len(b) >= 8; b = b[8:] {
		x := binary.LittleEndian.Uint64(b)
		if x&high != 0 || (x+less)&high != high || (x+one)&high != 0 { // above 0x7F, below 0x20, 0x7F
			return false
		}
	}
	for _, c := range b {
		if c < 0x20 || c > 0x7E {
			return false
		}
	}
	return true
}

// Where a byte may stand.
const (
	inPath = 1 << iota
	inQuery
	inToken // RFC 9110, 5.6.2
)

func token(b []byte) bool {
	for _, c := range b {
		if kinds[c]&inToken == 0 {
			return false
		}
	}
	return true
}

var kinds = func() [256]uint8 {
	var t [256]uint8
	mark := func(chars string, kind uint8) {
		for _, c := range []byte(chars) {
			t[c] |= kind
		}
	}
	const alnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	mark(alnum+"-_/", inPath)
	mark(alnum+"-_.~%&=+,:@!$'()*/?", inQuery)
	mark(alnum+"!#$%&'*+-.^_`|~", inToken)
	return t
}()
