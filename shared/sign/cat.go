package sign

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/fxamacker/cbor/v2"
)

// catSigner makes Common Access Tokens (CTA-5007): CBOR Web Tokens (RFC 8392) with a COSE_Mac0 (RFC 9052) of
// HMAC 256/256. They are encoded by CBOR's core deterministic rules (RFC 8949, 4.2.1), one spelling per token.
type catSigner struct {
	base, prefix string // the base URL and its path
	host         string
	parameter    string
	issuer       string
	id           string
	key          *keyed
}

// Tags and labels of RFC 8392, RFC 9052, RFC 9053, RFC 9164 and CTA-5007.
const (
	tagCWT, tagMac0, tagIPv4, tagIPv6 = 61, 17, 52, 54
	uriHost, uriPath                  = 1, 3
	matchExact, matchPrefix           = 0, 1
	macSecret                         = 32 // HMAC 256/256 has keys of so many bytes (RFC 9053, 3.1)
	macFull                           = 32
)

// macHeader is the protected header, {1: 5}: the algorithm is HMAC 256/256.
var macHeader = []byte{0xa1, 0x01, 0x05}

// catClaims are a token's claims. Part is of ours, of the labels for private use: it tells the media server what CDNs
// don't look at.
type catClaims struct {
	Issuer  string                 `cbor:"1,keyasint"`
	Subject string                 `cbor:"2,keyasint"` // the session
	Expires int64                  `cbor:"4,keyasint"`
	Version int                    `cbor:"310,keyasint"`           // catv
	Network []cbor.Tag             `cbor:"311,keyasint,omitempty"` // catnip
	URI     map[int]map[int]string `cbor:"312,keyasint"`           // catu: component, match, value
	Part    []int64                `cbor:"-65537,keyasint,omitempty"`
}

// mac0 is a COSE_Mac0.
type mac0 struct {
	_         struct{} `cbor:",toarray"`
	Protected []byte
	Header    struct {
		KeyID []byte `cbor:"4,keyasint"`
	}
	Payload []byte
	Tag     []byte
}

// macInput is the MAC_structure that is hashed.
type macInput struct {
	_         struct{} `cbor:",toarray"`
	Context   string
	Protected []byte
	External  []byte
	Payload   []byte
}

var deterministic = func() cbor.EncMode {
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		panic(err) // the options are the library's own
	}
	return mode
}()

func (s *catSigner) check(t *Target) (string, error) { return t.checked() }

// AppendURL implements Signer.
func (s *catSigner) AppendURL(b []byte, t *Target) ([]byte, error) {
	scope, err := s.check(t)
	if err != nil {
		return b, err
	}
	token, err := s.token(scope, t)
	if err != nil {
		return b, fmt.Errorf("token of CTA-5007: %w", err)
	}
	b = append(append(b, s.base...), t.Path...)
	b, sep := appendPartFirst(b, t)
	b = append(append(append(b, sep), s.parameter...), '=')
	return base64URL.AppendEncode(b, token), nil
}

func (s *catSigner) token(scope string, t *Target) ([]byte, error) {
	payload, err := deterministic.Marshal(s.claims(scope, t))
	if err != nil {
		return nil, err
	}
	m := mac0{Protected: macHeader, Payload: payload}
	m.Header.KeyID = []byte(s.id)
	if m.Tag, err = s.mac(payload); err != nil {
		return nil, err
	}
	return deterministic.Marshal(cbor.Tag{Number: tagCWT, Content: cbor.Tag{Number: tagMac0, Content: m}})
}

// how a scope is matched.
func how(scope string) int {
	if isFolder(scope) {
		return matchPrefix
	}
	return matchExact
}

func (s *catSigner) claims(scope string, t *Target) *catClaims {
	c := &catClaims{
		Issuer: s.issuer, Subject: t.Session.String(), Expires: t.Expires.Unix(), Version: 1,
		URI: map[int]map[int]string{uriHost: {matchExact: s.host}, uriPath: {how(scope): s.prefix + scope}},
	}
	if ip := t.address(); ip.Is4() {
		c.Network = []cbor.Tag{{Number: tagIPv4, Content: ip.AsSlice()}}
	} else if ip.IsValid() {
		c.Network = []cbor.Tag{{Number: tagIPv6, Content: ip.AsSlice()}}
	}
	if t.hasPart() {
		c.Part = []int64{t.Begin.Unix(), t.End.Unix()}
	}
	return c
}

func (s *catSigner) mac(payload []byte) ([]byte, error) {
	text, err := deterministic.Marshal(macInput{Context: "MAC0", Protected: macHeader, External: []byte{}, Payload: payload})
	if err != nil {
		return nil, err
	}
	m := s.key.get()
	defer s.key.put(m)
	m.buf = append(m.buf[:0], text...)
	m.sum(0)
	return append(make([]byte, 0, macFull), m.buf...), nil
}

func newCATSigner(_ *loader, o *object, c *CDN) Signer {
	s := &catSigner{base: c.BaseURL, prefix: basePath(c.BaseURL), parameter: takeParameter(o, "CAT"), issuer: takeString(o, "issuer")}
	if u, err := url.Parse(c.BaseURL); err == nil { // else it was reported
		s.host = strings.ToLower(u.Hostname()) // as verifiers see it
	}
	if keys := takeSecrets(o, macSecret, maxName); len(keys) > 0 {
		s.id, s.key = keys[0].id, newKeyed(keys[0].bytes)
	}
	return s
}
