package token

import (
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

func TestKeysLeftOut(t *testing.T) {
	keys := testKeys()
	f := func(alg string, change func(*jwk), want string) {
		t.Helper()
		j := keys[alg].jwk()
		change(&j)
		if _, err := parseKeys(jwks(j)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
		set, err := parseKeys(jwks(j, keys["stranger"].jwk()))
		if err != nil || len(set) != 1 {
			t.Errorf("a bad key spoils its neighbour: %v", err)
		}
	}
	f("RS256", func(j *jwk) { j.Use = "enc" }, `use "enc"`)
	f("RS256", func(j *jwk) { j.KeyOps = []string{"encrypt"} }, "key_ops")
	f("RS256", func(j *jwk) { j.Alg = "PS256" }, `alg "PS256"`)
	f("RS256", func(j *jwk) { j.Alg = "HS256" }, `alg "HS256"`)
	f("RS256", func(j *jwk) { j.Alg = "ES256" }, `alg "ES256"`)
	f("RS256", func(j *jwk) { j.N = "" }, "RSA modulus of 0 bits")
	f("RS256", func(j *jwk) { j.N += "=" }, "not base64url")
	f("RS256", func(j *jwk) { j.N = b64(new(big.Int).Lsh(big.NewInt(1), 2048).Bytes()) }, "RSA modulus")
	f("RS256", func(j *jwk) { j.N = b64(make([]byte, 3000)) + j.N + j.N + j.N + j.N + j.N }, "")
	f("RS256", func(j *jwk) { j.E = b64([]byte{1}) }, "exponent")
	f("RS256", func(j *jwk) { j.E = b64([]byte{4}) }, "exponent")
	f("RS256", func(j *jwk) { j.E = b64([]byte{1, 0, 0, 0, 1}) }, "exponent")
	f("ES256", func(j *jwk) { j.Crv = "P-384" }, `crv "P-384"`)
	f("ES256", func(j *jwk) { j.X = j.Y }, "key 0")
	f("ES256", func(j *jwk) { j.X = b64([]byte{1}) }, "32 bytes")
	f("EdDSA", func(j *jwk) { j.Crv = "X25519" }, `crv "X25519"`)
	f("EdDSA", func(j *jwk) { j.X = b64([]byte{1}) }, "32 bytes")
	f("EdDSA", func(j *jwk) { j.Kty = "oct" }, `kty "oct"`)
}

func TestShortRSAKey(t *testing.T) {
	k, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseKeys(jwks(signer{"rsa", jwt.SigningMethodRS256, k}.jwk())); err == nil {
		t.Error("1024 bits are accepted")
	}
}

func TestKeysTaken(t *testing.T) {
	j := testKeys()["ES256"].jwk()
	j.Use, j.Alg, j.KeyOps = "sig", "ES256", []string{"sign", "verify"}
	other := testKeys()["stranger"].jwk()
	other.Kid = j.Kid
	rsaKey := testKeys()["RS256"].jwk()
	rsaKey.Kid = j.Kid
	set, err := parseKeys(jwks(j, other, rsaKey))
	if err != nil || len(set) != 2 || set[0].method.Alg() != "ES256" || set[1].method.Alg() != "RS256" {
		t.Fatalf("a kid names one key per algorithm, the first: %v, %v", set, err)
	}
	k, err := set.find(&compact{kid: j.Kid, alg: "RS256"})
	if err != nil || k.method != jwt.SigningMethodRS256 {
		t.Error(err)
	}
}

func TestDocumentsWithoutKeys(t *testing.T) {
	for _, doc := range []string{"", "{}", "[]", `{"keys":[]}`, `{"keys":[null]}`, `{"keys":{}}`, "<html>"} {
		if set, err := parseKeys([]byte(doc)); err == nil {
			t.Errorf("%q gives %v", doc, set)
		}
	}
}
