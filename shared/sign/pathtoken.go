package sign

import (
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"strings"
	"time"
)

// The token of our own URLs is a path segment, so that relative URLs in manifests inherit it: base64url of
//
//	version, flags, depth, length of the key's id    1 byte each
//	key's id                                         1 to 8 bytes
//	expiry                                           4 bytes, Unix seconds
//	session                                          16 bytes
//	address, if bound                                4 or 16 bytes
//	begin and end, if of a part                      4 bytes each
//	MAC                                              16 bytes of HMAC-SHA256 over all that, and the folder
//
// The folder is the first depth segments of the path, with both slashes around. What is before the MAC says how long it
// is, so that nothing of it passes for the folder.
const (
	tokenVersion = 1
	macLen       = 16 // 128 bits of HMAC-SHA256 (RFC 2104, 5, asks for half of it at least)
	maxKeyID     = 8
	maxDepth     = 255
	maxPayload   = 4 + maxKeyID + 4 + 16 + 16 + 8
	minToken     = 4 + 1 + 4 + 16 + macLen
)

const (
	flagIPv4 = 1 << iota
	flagIPv6
	flagPart
	allFlags = flagIPv4 | flagIPv6 | flagPart
)

// base64URL decodes one spelling per token.
var base64URL = base64.RawURLEncoding.Strict()

// maxToken is the length in characters of the longest token.
var maxToken = base64URL.EncodedLen(maxPayload + macLen)

// pathSigner makes URLs with our own token.
type pathSigner struct {
	base string
	id   string
	key  *keyed
}

func (s *pathSigner) check(t *Target) (string, error) {
	scope, err := t.checked()
	if err == nil && depthOf(scope) > maxDepth {
		err = errDepth
	}
	return scope, err
}

// depthOf is how many folders deep a scope is; 0: the file alone.
func depthOf(scope string) int { return strings.Count(scope, "/") - 1 }

// AppendURL implements Signer.
func (s *pathSigner) AppendURL(b []byte, t *Target) ([]byte, error) {
	scope, err := s.check(t)
	if err != nil {
		return b, err
	}
	m := s.key.get()
	defer s.key.put(m)
	m.buf = appendPayload(m.buf[:0], s.id, depthOf(scope), t)
	n := len(m.buf)
	m.buf = append(m.buf, scope...)
	m.sum(n)
	b = append(append(b, s.base...), '/')
	b = base64URL.AppendEncode(b, m.buf[:n+macLen])
	return t.appendPart(append(b, t.Path...), '?'), nil
}

func appendPayload(b []byte, id string, depth int, t *Target) []byte {
	ip := t.address()
	b = append(b, tokenVersion, flags(ip, t.hasPart()), byte(depth), byte(len(id)))
	b = append(b, id...)
	b = appendTime(b, t.Expires)
	b = append(b, t.Session[:]...)
	b = appendAddress(b, ip)
	if t.hasPart() {
		b = appendTime(appendTime(b, t.Begin), t.End)
	}
	return b
}

func flags(ip netip.Addr, part bool) byte {
	var f byte
	switch {
	case ip.Is4():
		f = flagIPv4
	case ip.IsValid():
		f = flagIPv6
	}
	if part {
		f |= flagPart
	}
	return f
}

func appendTime(b []byte, t time.Time) []byte {
	return binary.BigEndian.AppendUint32(b, uint32(t.Unix()))
}

// appendAddress appends an address's bytes, and nothing for the zero one.
func appendAddress(b []byte, ip netip.Addr) []byte {
	switch {
	case ip.Is4():
		a := ip.As4()
		return append(b, a[:]...)
	case ip.IsValid():
		a := ip.As16()
		return append(b, a[:]...)
	}
	return b
}

// payload is what a token says before it is known to be genuine.
type payload struct {
	id     []byte // a part of what it was read from
	depth  int
	ip     netip.Addr
	claims Claims
}

// readPayload reads what precedes the MAC. It reports whether that is a payload and nothing more.
func readPayload(raw []byte) (payload, bool) {
	r := reader{rest: raw}
	head := r.next(4)
	if r.short || head[0] != tokenVersion || head[1]&^allFlags != 0 {
		return payload{}, false
	}
	p := payload{depth: int(head[2]), id: r.next(int(head[3]))}
	p.claims.Expires = r.time()
	copy(p.claims.Session[:], r.next(16))
	switch head[1] & (flagIPv4 | flagIPv6) {
	case flagIPv4:
		p.ip, _ = netip.AddrFromSlice(r.next(4))
	case flagIPv6:
		p.ip, _ = netip.AddrFromSlice(r.next(16))
	case flagIPv4 | flagIPv6:
		return payload{}, false
	}
	if head[1]&flagPart != 0 {
		p.claims.Begin, p.claims.End = r.time(), r.time()
	}
	return p, !r.short && len(r.rest) == 0
}

// reader takes bytes from the front, and remembers that there weren't enough.
type reader struct {
	rest  []byte
	short bool
}

func (r *reader) next(n int) []byte {
	if n > len(r.rest) {
		r.short, r.rest = true, nil
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) time() time.Time {
	b := r.next(4)
	if b == nil {
		return time.Time{}
	}
	return time.Unix(int64(binary.BigEndian.Uint32(b)), 0).UTC()
}
