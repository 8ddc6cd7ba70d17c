package token

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	testIssuer   = "https://id.example"
	testAudience = "encora"
	testAccount  = "0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee"
)

// signer is an issuer's key pair in a test.
type signer struct {
	kid     string
	method  jwt.SigningMethod
	private crypto.Signer
}

var testKeys = sync.OnceValue(func() map[string]signer {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return map[string]signer{"RS256": {"rsa", jwt.SigningMethodRS256, rsaKey}, "ES256": newES256("ec"),
		"EdDSA": newEdDSA("ed"), "stranger": newES256("stranger")}
})

func newES256(kid string) signer {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return signer{kid, jwt.SigningMethodES256, k}
}

func newEdDSA(kid string) signer {
	_, k, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return signer{kid, jwt.SigningMethodEdDSA, k}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// jwk is the public key without an alg, so that tests show what is derived.
func (s signer) jwk() jwk {
	switch k := s.private.Public().(type) {
	case *rsa.PublicKey:
		return jwk{Kty: "RSA", Kid: s.kid, N: b64(k.N.Bytes()), E: b64(big.NewInt(int64(k.E)).Bytes())}
	case *ecdsa.PublicKey:
		p, err := k.Bytes()
		if err != nil {
			panic(err)
		}
		return jwk{Kty: "EC", Crv: "P-256", Kid: s.kid, X: b64(p[1:33]), Y: b64(p[33:])}
	case ed25519.PublicKey:
		return jwk{Kty: "OKP", Crv: "Ed25519", Kid: s.kid, X: b64(k)}
	}
	panic("unknown key")
}

func jwks(keys ...jwk) []byte {
	data, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		panic(err)
	}
	return data
}

// sign makes a token of a literal header and payload.
func (s signer) sign(header, payload string) string {
	signed := b64([]byte(header)) + "." + b64([]byte(payload))
	sig, err := s.method.Sign(signed, s.private)
	if err != nil {
		panic(err)
	}
	return signed + "." + b64(sig)
}

func (s signer) header() string { return fmt.Sprintf(`{"alg":%q,"kid":%q}`, s.method.Alg(), s.kid) }

func goodClaims(now time.Time) map[string]any {
	return map[string]any{"iss": testIssuer, "aud": testAudience, "exp": now.Add(time.Hour).Unix(), "sub": "user-1",
		"scope": "content:read epg:read", "account_id": testAccount, "profile_ids": []string{"p1", "p2"},
		"country": "GB", "plan_id": "plan-1", "role": "viewer"}
}

// with is the good claims, some replaced; a nil drops one.
func with(changes map[string]any) string {
	c := goodClaims(time.Now())
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	data, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func (s signer) token(changes map[string]any) string { return s.sign(s.header(), with(changes)) }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func fixed(document []byte) Source {
	return SourceFunc(func(context.Context) ([]byte, error) { return document, nil })
}

// newVerifier has the keys of the source already.
func newVerifier(t testing.TB, source Source) *Verifier {
	t.Helper()
	v, err := NewVerifier(Config{Issuer: testIssuer, Audience: testAudience, Keys: source, Log: quiet(), CacheSize: 64})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return v
}

// standard accepts the three keys of testKeys that are no strangers.
func standard(t testing.TB) *Verifier {
	k := testKeys()
	return newVerifier(t, fixed(jwks(k["RS256"].jwk(), k["ES256"].jwk(), k["EdDSA"].jwk())))
}
