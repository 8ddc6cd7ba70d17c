package token

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// MaxLen is the length in bytes of the longest token that is looked at.
const MaxLen = 8 << 10

var (
	errNotObject = errors.New("not one JSON object")
	errDuplicate = errors.New("duplicate name")
)

// compact is a JWS in compact serialisation (RFC 7515, 3.1), decoded but not verified.
type compact struct {
	alg       string
	kid       string // empty: the header has none
	signed    string // what the signature is over
	payload   []byte
	signature []byte
}

func parseCompact(raw []byte) (*compact, error) {
	if len(raw) > MaxLen {
		return nil, errors.New("too long")
	}
	parts := bytes.Split(raw, []byte("."))
	if len(parts) != 3 {
		return nil, errors.New("not three parts")
	}
	var decoded [3][]byte
	for i, p := range parts {
		var err error
		if decoded[i], err = decodeSegment(p); err != nil {
			return nil, err
		}
	}
	c := &compact{signed: string(raw[:len(raw)-len(parts[2])-1]), payload: decoded[1], signature: decoded[2]}
	if err := c.readHeader(decoded[0]); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	return c, nil
}

// decodeSegment accepts the one spelling that an encoder makes. encoding/base64 skips line ends even when it is strict.
func decodeSegment(p []byte) ([]byte, error) {
	if bytes.ContainsAny(p, "\r\n") {
		return nil, errors.New("not base64url")
	}
	out, err := base64.RawURLEncoding.Strict().AppendDecode(nil, p)
	if err != nil {
		return nil, errors.New("not base64url")
	}
	return out, nil
}

func (c *compact) readHeader(data []byte) error {
	fields, err := parseObject(data)
	if err != nil {
		return err
	}
	r := reader{fields: fields}
	if _, ok := fields["crit"]; ok {
		return errors.New("crit names extensions, and none are understood") // RFC 7515, 4.1.11
	}
	c.alg, c.kid = r.text("alg"), r.text("kid")
	if _, ok := fields["kid"]; ok && c.kid == "" {
		r.fail("kid", "is empty")
	}
	// RFC 8725, 3.11: a logout token or the like of the same issuer is no access token.
	switch typ := strings.ToLower(r.text("typ")); strings.TrimPrefix(typ, "application/") {
	case "", "jwt", "at+jwt":
	default:
		r.fail("typ", "is no access token's")
	}
	return r.err
}

// parseObject splits one JSON object into its members and refuses a name that comes twice, of which parsers would
// differ on which one counts (RFC 7519, 4).
func parseObject(data []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(data) {
		return nil, errNotObject
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errNotObject
	}
	fields := map[string]json.RawMessage{}
	for d.More() {
		if err := readMember(d, fields); err != nil {
			return nil, err
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, errNotObject
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errNotObject
	}
	return fields, nil
}

func readMember(d *json.Decoder, fields map[string]json.RawMessage) error {
	t, err := d.Token()
	name, ok := t.(string)
	if err != nil || !ok {
		return errNotObject
	}
	if _, dup := fields[name]; dup {
		return errDuplicate
	}
	var value json.RawMessage
	if err := d.Decode(&value); err != nil {
		return errNotObject
	}
	fields[name] = value
	return nil
}
