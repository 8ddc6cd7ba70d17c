package sign

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Why a URL of our own is refused. Whatever is wrong with a token is ErrInvalid; the others are of genuine ones.
var (
	ErrInvalid = errors.New("the URL is not signed for this path")
	ErrExpired = errors.New("the URL has expired")
	ErrAddress = errors.New("the URL is another address's")
	ErrPart    = errors.New("the URL is of another part of the recording")
)

var errDepth = fmt.Errorf("%w: the manifest lies more than %d folders deep", ErrTarget, maxDepth)

// Claims is what a genuine token says.
type Claims struct {
	Session uuid.UUID
	Expires time.Time
	Begin   time.Time // of the part of a recording that may be given, in UTC; zero: all of it
	End     time.Time
}

// Verifier checks our own URLs, where media is served. It is safe for concurrent use.
type Verifier struct {
	keys  map[string]*keyed
	decoy *keyed // for tokens of no known key: they cost what others cost
}

func newVerifier(keys map[string]*keyed) *Verifier {
	return &Verifier{keys: keys, decoy: newKeyed(make([]byte, 32))}
}

// Verify checks a request whose path below the base URL begins with the token's segment, and gives the rest of the path,
// which is known to be in its one spelling and below the signed folder. The path is as it came, not decoded: one with
// escapes is refused. The address is the viewer's, and counts when the token is bound to one.
//
// A part of a recording that the query asks for is the signed one; when it asks for none, Claims still says which may be
// given.
func (v *Verifier) Verify(path, rawQuery string, now time.Time, ip netip.Addr) (Claims, string, error) {
	token, rest := cutToken(path)
	p, ok := v.open(token, rest)
	switch {
	case !ok:
		return Claims{}, "", ErrInvalid
	case !now.Before(p.claims.Expires):
		return Claims{}, "", ErrExpired
	case p.ip.IsValid() && p.ip != ip.Unmap().WithZone(""):
		return Claims{}, "", ErrAddress
	case !partAgrees(rawQuery, &p.claims):
		return Claims{}, "", ErrPart
	}
	return p.claims, rest, nil
}

// cutToken splits "/TOKEN/vod/abc/x.m4s" before its second slash.
func cutToken(path string) (string, string) {
	path, ok := strings.CutPrefix(path, "/")
	if i := strings.IndexByte(path, '/'); ok && i >= 0 {
		return path[:i], path[i:]
	}
	return "", ""
}

// open reads a genuine token. What a token says that is none is used for nothing but to find the MAC that it would need:
// one is made and compared whatever is wrong.
func (v *Verifier) open(token, rest string) (payload, bool) {
	m := v.decoy.get() // for its buffer
	defer v.decoy.put(m)
	raw, decoded := m.decode(token)
	body, mac := raw[:len(raw)-macLen], raw[len(raw)-macLen:]
	p, readable := readPayload(body)
	folder, below := leading(rest, p.depth)
	key, known := v.keys[string(p.id)]
	if !known {
		key = v.decoy
	}
	genuine := key.check(body, folder, mac)
	p.id = nil // is the buffer's
	return p, decoded && readable && below && known && genuine
}

// blank is what is looked at in place of a token that can't be decoded.
var blank = make([]byte, minToken)

// decode decodes a token into the buffer. It reports whether that could be one.
func (s *scratch) decode(token string) ([]byte, bool) {
	if len(token) > maxToken || strings.ContainsAny(token, "\r\n") { // which base64 would skip
		return blank, false
	}
	text := append(s.buf[:0], token...)
	raw, err := base64URL.AppendDecode(text, text)
	s.buf = raw
	if err != nil || len(raw)-len(text) < minToken {
		return blank, false
	}
	return raw[len(text):], true
}

// check compares a MAC in constant time.
func (k *keyed) check(body []byte, folder string, mac []byte) bool {
	m := k.get()
	defer k.put(m)
	m.buf = append(append(m.buf[:0], body...), folder...)
	m.sum(0)
	return subtle.ConstantTimeCompare(m.buf[:macLen], mac) == 1
}

// leading is the path's first depth segments with the slashes around them; the whole of it for a depth of 0, which is that of
// a file at the root. It reports whether the path is clean and has more than these.
func leading(path string, depth int) (string, bool) {
	if depth == 0 {
		return path, strings.LastIndexByte(path, '/') == 0 && cleanPath(path)
	}
	end := 0
	for range depth {
		i := strings.IndexByte(path[min(end+1, len(path)):], '/')
		if i < 0 {
			return path, false
		}
		end += 1 + i
	}
	return path[:min(end+1, len(path))], cleanPath(path)
}

// partAgrees reports whether every begin and end of the query is the claims'. Both separators that servers know are
// looked behind, and names are decoded: what a media server may read as begin is read as such here.
func partAgrees(query string, c *Claims) bool {
	for query != "" {
		pair := query
		if i := strings.IndexAny(query, "&;"); i >= 0 {
			pair, query = query[:i], query[i+1:]
		} else {
			query = ""
		}
		name, value, _ := strings.Cut(pair, "=")
		if !pairAgrees(name, value, c) {
			return false
		}
	}
	return true
}

func pairAgrees(name, value string, c *Claims) bool {
	name, ok := unescape(name)
	if !ok {
		return false
	}
	switch name {
	case "begin":
		return isTime(value, c.Begin)
	case "end":
		return isTime(value, c.End)
	}
	return true
}

func unescape(s string) (string, bool) {
	if !strings.ContainsAny(s, "%+") {
		return s, true
	}
	s, err := url.QueryUnescape(s)
	return s, err == nil
}

// isTime reports whether the value is the time as AppendURL writes it, escaped or not. Nothing is the zero time.
func isTime(value string, t time.Time) bool {
	value, ok := unescape(value)
	if !ok || t.IsZero() {
		return false
	}
	var room [len(time.RFC3339)]byte
	return value == string(t.AppendFormat(room[:0], time.RFC3339))
}
