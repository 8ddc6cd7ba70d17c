// Package cursor makes the opaque page positions of lists: signed, so that nobody can make one up, and bound to the
// operation and filters that they continue, so that none is used elsewhere. Edge and origin share the keys: the edge
// verifies before it uses a cursor in a cache key.
package cursor

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync"
)

// ErrCursor reports a cursor that was tampered with, belongs to another operation or to other filters, or was signed by
// a key that is no longer live: 400.
var ErrCursor = errors.New("cursor is not valid for this request")

// MaxLen is the length in characters of the longest cursor. It holds a position by title, which is 255 characters long
// and, when JSON escapes them all, six bytes each.
const MaxLen = 4 << 10

// MinKey is the length in bytes of the shortest key.
const MinKey = 16

const (
	version = 1
	macLen  = 16 // 128 bits of HMAC-SHA256 (RFC 2104, 5, asks for half of it at least)
	maxBody = MaxLen*3/4 - 1 - macLen
)

// strict decodes one spelling per cursor, so that the trailing bits can't multiply cache keys.
var strict = base64.RawURLEncoding.Strict()

// Codec makes and checks cursors. It is safe for concurrent use.
type Codec struct {
	keys []*sync.Pool // of *signer: an HMAC that is reset costs a fifth of a new one
}

// signer is an HMAC of one key, with room for what it signs.
type signer struct {
	hash hash.Hash
	buf  []byte
}

// New makes a Codec. The first key signs and all verify, so that a rotation breaks no page that is being read.
func New(keys [][]byte) (*Codec, error) {
	if len(keys) == 0 {
		return nil, errors.New("cursor: no key")
	}
	c := &Codec{}
	for i, k := range keys {
		if len(k) < MinKey {
			return nil, fmt.Errorf("cursor: key %d is shorter than %d bytes", i+1, MinKey)
		}
		c.keys = append(c.keys, &sync.Pool{New: func() any { return &signer{hash: hmac.New(sha256.New, k)} }})
	}
	return c, nil
}

// Encode makes the cursor of an operation with the given filters (op.Op.Filters). The payload is the position, in any
// shape that encoding/json takes; Encode panics on another, and on one of more than 3,000 bytes of JSON.
func (c *Codec) Encode(opID, filters string, payload any) string {
	body, err := json.Marshal(payload)
	if err != nil || len(body) > maxBody { // positions are the list's own data, made by its code
		panic(fmt.Sprintf("cursor: payload of %s, %d bytes: %v", opID, len(body), err))
	}
	raw := append([]byte{version}, body...)
	mac := sign(c.keys[0], opID, filters, raw)
	return base64.RawURLEncoding.EncodeToString(append(raw, mac[:]...))
}

// Decode checks a cursor and reads its position into payload. The error is ErrCursor.
func (c *Codec) Decode(opID, filters, s string, payload any) error {
	body, ok := c.open(opID, filters, s)
	if !ok || json.Unmarshal(body, payload) != nil { // signed, but by a version whose position had another shape
		return ErrCursor
	}
	return nil
}

// Verify reports whether Decode would find the cursor genuine, without reading its position.
func (c *Codec) Verify(opID, filters, s string) bool {
	_, ok := c.open(opID, filters, s)
	return ok
}

func (c *Codec) open(opID, filters, s string) ([]byte, bool) {
	if len(s) > MaxLen || strings.ContainsAny(s, "\r\n") { // which base64 would skip
		return nil, false
	}
	data, err := strict.DecodeString(s)
	if err != nil || len(data) < 1+macLen || data[0] != version {
		return nil, false
	}
	raw, mac := data[:len(data)-macLen], data[len(data)-macLen:]
	for _, k := range c.keys {
		want := sign(k, opID, filters, raw)
		if hmac.Equal(mac, want[:]) {
			return raw[1:], true
		}
	}
	return nil, false
}

// sign is over the lengths too: otherwise the end of one part could pass for the start of the next.
func sign(pool *sync.Pool, opID, filters string, raw []byte) [macLen]byte {
	s := pool.Get().(*signer)
	defer pool.Put(s)
	s.buf = binary.BigEndian.AppendUint32(s.buf[:0], uint32(len(opID)))
	s.buf = binary.BigEndian.AppendUint32(s.buf, uint32(len(filters)))
	s.buf = append(append(append(s.buf, opID...), filters...), raw...)
	s.hash.Reset()
	s.hash.Write(s.buf)
	s.buf = s.hash.Sum(s.buf[:0])
	return [macLen]byte(s.buf)
}
