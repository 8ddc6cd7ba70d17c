package token

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"encora/shared/op"
)

func TestAccepted(t *testing.T) {
	v := standard(t)
	for _, alg := range []string{"RS256", "ES256", "EdDSA"} {
		c, err := v.Verify([]byte(testKeys()[alg].token(nil)))
		if err != nil {
			t.Fatal(alg, err)
		}
		want := &Claims{Subject: "user-1", AccountID: testAccount, Country: "GB", PlanID: "plan-1", Role: "viewer",
			ProfileIDs: []string{"p1", "p2"}, Scopes: []string{"content:read", "epg:read"}, Expires: c.Expires}
		if !reflect.DeepEqual(c, want) || time.Until(c.Expires) > time.Hour || time.Until(c.Expires) < 59*time.Minute {
			t.Errorf("%s: %+v", alg, c)
		}
	}
}

func TestAcceptedClaims(t *testing.T) {
	v, k := standard(t), testKeys()["ES256"]
	now := time.Now()
	for name, changes := range map[string]map[string]any{
		"audience list":  {"aud": []string{"other", testAudience}},
		"least":          {"scope": nil, "account_id": nil, "profile_ids": nil, "country": nil, "plan_id": nil, "role": nil},
		"fraction":       {"exp": float64(now.Unix()) + 60.5},
		"recent":         {"iat": now.Unix(), "nbf": now.Unix()},
		"skew":           {"iat": now.Add(20 * time.Second).Unix(), "nbf": now.Add(20 * time.Second).Unix()},
		"unknown claims": {"nested": map[string]any{"a": []any{nil}}, "azp": "app"},
		"no profiles":    {"profile_ids": []string{}},
	} {
		if _, err := v.Verify([]byte(k.token(changes))); err != nil {
			t.Error(name, err)
		}
	}
	c, err := v.Verify([]byte(k.token(map[string]any{"account_id": strings.ToUpper(testAccount)})))
	if err != nil || c.AccountID != testAccount {
		t.Error("one account has two spellings:", err, c)
	}
	for given, want := range map[string]string{strings.ToUpper(testAccount): testAccount, "Gold": "Gold"} {
		if c, err := v.Verify([]byte(k.token(map[string]any{"plan_id": given}))); err != nil || c.PlanID != want {
			t.Error("plan", given, err, c)
		}
	}
}

func TestAcceptedHeaders(t *testing.T) {
	v, k := standard(t), testKeys()["ES256"]
	for _, typ := range []string{"JWT", "at+jwt", "application/at+JWT"} {
		if _, err := v.Verify([]byte(k.sign(`{"typ":"`+typ+`","alg":"ES256","kid":"ec"}`, with(nil)))); err != nil {
			t.Error(typ, err)
		}
	}
}

func TestRefusedClaims(t *testing.T) {
	v, k := standard(t), testKeys()["ES256"]
	now := time.Now()
	for want, changes := range map[string]map[string]any{
		"exp is past":                {"exp": now.Add(-time.Second).Unix()},
		"exp is missing":             {"exp": nil},
		"exp has the wrong type":     {"exp": "tomorrow"},
		"exp is out of range":        {"exp": 1e300},
		"nbf lies in the future":     {"nbf": now.Add(time.Minute).Unix()},
		"nbf has the wrong type":     {"nbf": "now"},
		"iat lies in the future":     {"iat": now.Add(time.Minute).Unix()},
		"iat is out of range":        {"iat": -1},
		"iss is another issuer":      {"iss": testIssuer + "/"},
		"iss is missing":             {"iss": nil},
		"iss has the wrong type":     {"iss": []string{testIssuer}},
		"aud names another audience": {"aud": []string{"other"}},
		"aud is missing":             {"aud": nil},
		"aud has the wrong type":     {"aud": []any{testAudience, 1}},
		"aud has an empty element":   {"aud": []any{testAudience, nil}},
		"sub is empty":               {"sub": ""},
		"sub is missing":             {"sub": nil},
		"sub has the wrong type":     {"sub": 7},
		"scope has the wrong type":   {"scope": []string{"content:read"}},
		"account_id is not a UUID":   {"account_id": "urn:uuid:" + testAccount},
		"account_id has the wrong":   {"account_id": 5},
		"profile_ids has the wrong":  {"profile_ids": "p1"},
		"profile_ids has an empty":   {"profile_ids": []string{""}},
		"country is not two capital": {"country": "gb"},
		"country has the wrong type": {"country": 44},
		"plan_id has the wrong type": {"plan_id": map[string]any{}},
		"role has the wrong type":    {"role": []string{"admin"}},
	} {
		refused(t, v, k.token(changes), want)
	}
	for _, name := range []string{"account_id", "profile_ids", "country", "plan_id", "role", "scope", "nbf", "iat"} {
		nulled := strings.TrimSuffix(with(map[string]any{name: nil}), "}") + `,"` + name + `":null}`
		refused(t, v, k.sign(k.header(), nulled), name+" has the wrong type")
	}
}

// refused checks that a token is refused for the reason meant, twice, since a refusal must not be remembered as success.
func refused(t *testing.T, v *Verifier, raw, want string) {
	t.Helper()
	for range 2 {
		c, err := v.Verify([]byte(raw))
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) || c != nil {
			t.Errorf("got %v, %v, want %q", c, err, want)
		}
	}
}

func TestRefusedForm(t *testing.T) {
	v, k := standard(t), testKeys()["ES256"]
	good := k.token(nil)
	head, rest, _ := strings.Cut(good, ".")
	body, sig, _ := strings.Cut(rest, ".")
	h, p := k.header(), with(nil)
	refused(t, v, "", "not three parts")
	refused(t, v, "..", "header")
	refused(t, v, head+"."+body, "not three parts")
	refused(t, v, good+".", "not three parts")
	refused(t, v, good+"=", "not base64url")
	refused(t, v, good+"\n", "not base64url")
	refused(t, v, head+"."+body+"."+sig[:len(sig)-1], "not base64url")
	refused(t, v, head+"."+body+".", "verification error")
	refused(t, v, good+strings.Repeat("A", MaxLen), "too long")
	refused(t, v, k.sign(`{"alg":"ES256","kid":"ec","kid":"ec"}`, p), "duplicate name")
	refused(t, v, k.sign(`{"alg":"ES256","\u006bid":"ec","kid":"ec"}`, p), "duplicate name")
	refused(t, v, k.sign(`{"alg":"ES256","kid":"ec","crit":["exp"],"exp":1}`, p), "crit")
	refused(t, v, k.sign(`{"alg":"ES256","kid":"ec","crit":[]}`, p), "crit")
	refused(t, v, k.sign(`{"alg":"ES256","kid":""}`, p), "kid is empty")
	refused(t, v, k.sign(`{"alg":"ES256","kid":1}`, p), "kid has the wrong type")
	refused(t, v, k.sign(`{"alg":"ES256","kid":"ec","typ":"logout+jwt"}`, p), "typ")
	refused(t, v, k.sign(`["alg"]`, p), "not one JSON object")
	refused(t, v, k.sign(h+"{}", p), "not one JSON object")
	refused(t, v, k.sign(h, strings.TrimSuffix(p, "}")+`,"sub":"root"}`), "duplicate name")
	refused(t, v, k.sign(h, p[:len(p)-1]), "not one JSON object")
	refused(t, v, k.sign(h, "null"), "not one JSON object")
	refused(t, v, k.sign(h, strings.Replace(p, "user-1", "user-\xff", 1)), "not one JSON object")
	refused(t, v, k.sign(h, strings.Replace(p, `"sub"`, `"SUB"`, 1)), "sub is missing")
}

func TestRefusedSignatures(t *testing.T) {
	v, keys := standard(t), testKeys()
	ec := keys["ES256"]
	refused(t, v, keys["stranger"].token(nil), "unknown kid")
	refused(t, v, keys["stranger"].sign(ec.header(), with(nil)), "verification error")
	refused(t, v, ec.sign(`{"alg":"ES256"}`, with(nil)), "no kid")
	refused(t, v, ec.sign(`{"alg":"ES256","kid":"rsa"}`, with(nil)), "algorithm is not the key's")
	refused(t, v, keys["RS256"].sign(`{"alg":"RS256","kid":"ec"}`, with(nil)), "algorithm is not the key's")
	refused(t, v, ec.sign(`{"alg":"ES384","kid":"ec"}`, with(nil)), "algorithm is not the key's")
	refused(t, v, ec.sign(`{"kid":"ec"}`, with(nil)), "algorithm is not the key's")
	none := b64([]byte(`{"alg":"none","kid":"ec"}`)) + "." + b64([]byte(with(nil))) + "."
	refused(t, v, none, "algorithm is not the key's")
	refused(t, v, strings.Replace(none, b64([]byte(`{"alg":"none","kid":"ec"}`)), b64([]byte(`{"alg":"nOnE","kid":"ec"}`)), 1),
		"algorithm is not the key's")
	refused(t, v, hmacOfPublicKey(t, keys["RS256"]), "algorithm is not the key's")
}

// hmacOfPublicKey is the classic forgery: HS256 with the RSA public key, which everybody has, as the secret.
func hmacOfPublicKey(t *testing.T, k signer) string {
	der, err := x509.MarshalPKIXPublicKey(k.private.Public())
	if err != nil {
		t.Fatal(err)
	}
	secret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	signed := b64([]byte(`{"alg":"HS256","kid":"rsa"}`)) + "." + b64([]byte(with(nil)))
	sig, err := jwt.SigningMethodHS256.Sign(signed, secret)
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + b64(sig)
}

func TestTampered(t *testing.T) {
	v := standard(t)
	for _, alg := range []string{"RS256", "ES256", "EdDSA"} {
		good := []byte(testKeys()[alg].token(nil))
		if _, err := v.Verify(good); err != nil { // so that the cache holds what the forgeries resemble
			t.Fatal(err)
		}
		for i := range good {
			bad := append([]byte(nil), good...)
			if bad[i]++; bad[i] == '.' {
				bad[i]++
			}
			if _, err := v.Verify(bad); !errors.Is(err, ErrInvalid) {
				t.Fatalf("%s: byte %d changed: %v", alg, i, err)
			}
		}
	}
}

func TestWithoutKid(t *testing.T) {
	k := newES256("")
	v := newVerifier(t, fixed(jwks(k.jwk())))
	if _, err := v.Verify([]byte(k.sign(`{"alg":"ES256"}`, with(nil)))); err != nil {
		t.Error(err)
	}
	refused(t, v, k.sign(`{"alg":"ES256","kid":"x"}`, with(nil)), "unknown kid")
}

func TestAllows(t *testing.T) {
	f := func(c *Claims, access string, want bool) {
		t.Helper()
		if got := c.Allows(access); got != want {
			t.Errorf("%+v allows %s: %v", c, access, got)
		}
	}
	editor := &Claims{Role: "admin", Scopes: []string{"content:read", "viewer"}}
	viewer := &Claims{AccountID: testAccount}
	f(nil, op.Public, true)
	f(nil, op.Viewer, false)
	f(nil, "content:read", false)
	f(editor, op.Public, true)
	f(editor, op.Viewer, false)
	f(editor, "content:read", true)
	f(editor, "content:write", false)
	f(viewer, op.Viewer, true)
	f(viewer, "content:read", false)
}

func TestConfigIsChecked(t *testing.T) {
	for _, c := range []Config{{Audience: "a", Keys: fixed(nil)}, {Issuer: "i", Keys: fixed(nil)}, {Issuer: "i", Audience: "a"}} {
		if _, err := NewVerifier(c); err == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}

func FuzzVerify(f *testing.F) {
	v, k := standard(f), testKeys()["EdDSA"]
	good := k.token(nil)
	f.Add(good)
	f.Add(k.sign(`{"alg":"EdDSA","kid":"ed","crit":["x"]}`, `{}`))
	f.Add(strings.Replace(good, ".", "..", 1))
	f.Fuzz(func(t *testing.T, raw string) {
		c, err := v.Verify([]byte(raw))
		if err == nil && raw != good {
			t.Fatalf("forged: %q", raw)
		}
		if err != nil && (c != nil || !errors.Is(err, ErrInvalid)) {
			t.Fatalf("%q: %v, %v", raw, c, err)
		}
	})
}

// FuzzClaims reads claims that are signed, so that the fuzzer gets past the signature.
func FuzzClaims(f *testing.F) {
	v := standard(f)
	f.Add(with(nil))
	f.Add(`{"iss":null,"aud":[null],"exp":1e400}`)
	now := time.Now()
	f.Fuzz(func(t *testing.T, payload string) {
		c, err := v.readClaims([]byte(payload), now)
		if (c == nil) == (err == nil) {
			t.Fatalf("%q: %v, %v", payload, c, err)
		}
		if err == nil && (c.Subject == "" || !now.Before(c.Expires)) {
			t.Fatalf("%q: %+v", payload, c)
		}
	})
}
