package sign

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// akamaiSigner makes tokens of Akamai EdgeAuth 2.0: fields joined by ~ in a fixed order, the last one a MAC over those before.
type akamaiSigner struct {
	base, prefix string // the base URL and its path
	parameter    string
	key          *keyed
}

// What separates fields, paths of an acl, and what stands for any characters in one.
const akamaiSpecial = "~!*"

var errAkamai = fmt.Errorf("%w: the folder holds one of %s, which Akamai gives a meaning", ErrTarget, akamaiSpecial)

func (s *akamaiSigner) check(t *Target) (string, error) {
	scope, err := t.checked()
	if err == nil && strings.ContainsAny(scope, akamaiSpecial) {
		err = errAkamai
	}
	return scope, err
}

// AppendURL implements Signer.
func (s *akamaiSigner) AppendURL(b []byte, t *Target) ([]byte, error) {
	scope, err := s.check(t)
	if err != nil {
		return b, err
	}
	m := s.key.get()
	defer s.key.put(m)
	m.buf = s.appendFields(m.buf[:0], scope, t)
	n := len(m.buf)
	m.sum(n)
	b = append(append(b, s.base...), t.Path...)
	b, sep := appendPartFirst(b, t)
	b = append(append(append(b, sep), s.parameter...), '=')
	b = append(append(b, m.buf[:n]...), "~hmac="...)
	return hex.AppendEncode(b, m.buf[n:]), nil
}

func (s *akamaiSigner) appendFields(b []byte, scope string, t *Target) []byte {
	if ip := t.address(); ip.IsValid() {
		b = append(appendEscaped(append(b, "ip="...), ip), '~')
	}
	b = strconv.AppendInt(append(b, "exp="...), t.Expires.Unix(), 10)
	b = append(append(append(b, "~acl="...), s.prefix...), scope...)
	b = append(append(b, wildcard(scope)...), "~id="...)
	b = appendUUID(b, t.Session)
	if t.hasPart() {
		b = strconv.AppendInt(append(b, "~data="...), t.Begin.Unix(), 10)
		b = strconv.AppendInt(append(b, '-'), t.End.Unix(), 10)
	}
	return b
}

// appendEscaped appends an address with its colons as "escape early" of Akamai's implementations has them: small letters.
func appendEscaped(b []byte, ip netip.Addr) []byte {
	var room [39]byte
	for _, c := range ip.AppendTo(room[:0]) {
		if c == ':' {
			b = append(b, "%3a"...)
		} else {
			b = append(b, c)
		}
	}
	return b
}

// appendUUID appends the usual spelling.
func appendUUID(b []byte, id [16]byte) []byte {
	for i, from := range [5]int{0, 4, 6, 8, 10} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, id[from:[5]int{4, 6, 8, 10, 16}[i]])
	}
	return b
}

// appendPartFirst appends the part's parameters, and gives what separates the next one.
func appendPartFirst(b []byte, t *Target) ([]byte, byte) {
	if !t.hasPart() {
		return b, '?'
	}
	return t.appendPart(b, '?'), '&'
}

func newAkamaiSigner(_ *loader, o *object, c *CDN) Signer {
	s := &akamaiSigner{base: c.BaseURL, prefix: basePath(c.BaseURL), parameter: takeParameter(o, "hdnts")}
	if strings.ContainsAny(s.prefix, akamaiSpecial) {
		o.fault("base_url", "holds one of %s, which Akamai gives a meaning", akamaiSpecial)
	}
	if keys := takeSecrets(o, minSecret, maxName); len(keys) > 0 {
		s.key = newKeyed(keys[0].bytes)
	}
	return s
}
