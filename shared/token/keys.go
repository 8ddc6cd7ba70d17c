package token

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/golang-jwt/jwt/v5"
)

// RSA moduli outside these bounds, in bits, are too weak (RFC 7518, 3.3) or too slow to verify with.
const (
	minRSA = 2048
	maxRSA = 8192
)

// jwk is one member of a JWKS, with public parameters only (RFC 7517, RFC 7518 section 6, RFC 8037).
type jwk struct {
	Kty    string   `json:"kty"`
	Use    string   `json:"use,omitempty"`
	KeyOps []string `json:"key_ops,omitempty"`
	Alg    string   `json:"alg,omitempty"`
	Kid    string   `json:"kid,omitempty"`
	Crv    string   `json:"crv,omitempty"`
	X      string   `json:"x,omitempty"`
	Y      string   `json:"y,omitempty"`
	N      string   `json:"n,omitempty"`
	E      string   `json:"e,omitempty"`
}

// key is a public key with the one algorithm that it verifies.
type key struct {
	kid    string
	public crypto.PublicKey
	method jwt.SigningMethod
}

type keySet []key

var (
	errUnknownKid = errors.New("unknown kid")
	errNoKid      = errors.New("no kid, and the issuer has several keys")
	errAlgorithm  = errors.New("algorithm is not the key's")
)

// parseKeys reads a JWKS. Members that are of no use here are left out; a document without any usable key is an error,
// since it is likelier to be a mistake than an issuer that wants every token refused.
func parseKeys(data []byte) (keySet, error) {
	var doc struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("JWKS: %w", err)
	}
	var set keySet
	var skipped []error
	for i, raw := range doc.Keys {
		k, err := parseKey(raw)
		if err == nil && k.kid != "" && slices.ContainsFunc(set, k.sameName) {
			err = errors.New("kid is taken")
		}
		if err != nil {
			skipped = append(skipped, fmt.Errorf("key %d: %w", i, err))
			continue
		}
		set = append(set, k)
	}
	if len(set) == 0 {
		return nil, fmt.Errorf("JWKS: no usable key: %w", errors.Join(skipped...))
	}
	return set, nil
}

func (k key) sameName(other key) bool { return k.kid == other.kid && k.method == other.method }

func (k key) equal(other key) bool {
	public, ok := k.public.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.sameName(other) && public.Equal(other.public)
}

// includes reports whether every key of old is still in s.
func (s keySet) includes(old keySet) bool {
	return !slices.ContainsFunc(old, func(k key) bool { return !slices.ContainsFunc(s, k.equal) })
}

// find returns the key for a token's header. A kid may name one key per algorithm (RFC 7517, 4.5).
func (s keySet) find(c *compact) (key, error) {
	if c.kid == "" {
		if len(s) != 1 {
			return key{}, errNoKid
		}
		return s[0].matching(c.alg)
	}
	known := errUnknownKid
	for _, k := range s {
		if k.kid != c.kid {
			continue
		}
		if k, err := k.matching(c.alg); err == nil {
			return k, nil
		}
		known = errAlgorithm
	}
	return key{}, known
}

func (k key) matching(alg string) (key, error) {
	if k.method.Alg() != alg {
		return key{}, errAlgorithm
	}
	return k, nil
}

func parseKey(raw json.RawMessage) (key, error) {
	var j jwk
	if err := json.Unmarshal(raw, &j); err != nil {
		return key{}, err
	}
	if j.Use != "" && j.Use != "sig" {
		return key{}, fmt.Errorf("use %q", j.Use)
	}
	if j.KeyOps != nil && !slices.Contains(j.KeyOps, "verify") {
		return key{}, errors.New("key_ops without verify")
	}
	k, err := j.public()
	if err != nil {
		return key{}, err
	}
	if j.Alg != "" && j.Alg != k.method.Alg() {
		return key{}, fmt.Errorf("alg %q", j.Alg)
	}
	k.kid = j.Kid
	return k, nil
}

func (j *jwk) public() (key, error) {
	switch {
	case j.Kty == "RSA":
		return j.rsa()
	case j.Kty == "EC" && j.Crv == "P-256":
		return j.p256()
	case j.Kty == "OKP" && j.Crv == "Ed25519":
		return j.ed25519()
	}
	return key{}, fmt.Errorf("kty %q crv %q", j.Kty, j.Crv)
}

func (j *jwk) rsa() (key, error) {
	n, errN := decodeSegment([]byte(j.N))
	e, errE := decodeSegment([]byte(j.E))
	if err := errors.Join(errN, errE); err != nil {
		return key{}, err
	}
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	if bits := modulus.BitLen(); bits < minRSA || bits > maxRSA || modulus.Bit(0) == 0 {
		return key{}, fmt.Errorf("RSA modulus of %d bits", bits)
	}
	if exponent.BitLen() < 2 || exponent.BitLen() > 31 || exponent.Bit(0) == 0 {
		return key{}, errors.New("RSA exponent out of range")
	}
	return key{public: &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}, method: jwt.SigningMethodRS256}, nil
}

func (j *jwk) p256() (key, error) {
	x, errX := decodeSegment([]byte(j.X))
	y, errY := decodeSegment([]byte(j.Y))
	if err := errors.Join(errX, errY); err != nil {
		return key{}, err
	}
	if len(x) != 32 || len(y) != 32 {
		return key{}, errors.New("P-256 coordinate is not 32 bytes")
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), bytes.Join([][]byte{{4}, x, y}, nil))
	if err != nil {
		return key{}, err
	}
	return key{public: public, method: jwt.SigningMethodES256}, nil
}

func (j *jwk) ed25519() (key, error) {
	x, err := decodeSegment([]byte(j.X))
	if err != nil {
		return key{}, err
	}
	if len(x) != ed25519.PublicKeySize {
		return key{}, errors.New("Ed25519 key is not 32 bytes")
	}
	return key{public: ed25519.PublicKey(x), method: jwt.SigningMethodEdDSA}, nil
}
