package sign

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestLongestPrefixOfWholeSegments(t *testing.T) {
	parse := func(prefixes ...string) *CDNs {
		var all []string
		for i, p := range prefixes {
			all = append(all, fmt.Sprintf(`{"name": "n%d", "paths": [%q], `+ofKeys("a:"+secretA)+`}`, i, p))
		}
		c, err := Parse([]byte(`{"cdns": [` + strings.Join(all, ", ") + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	all := parse("/", "/vod", "/vod/kids/", "/live/hd")
	some := parse("/vod")
	f := func(c *CDNs, path, want string) {
		t.Helper()
		got := "none"
		if cdn := c.For(path); cdn != nil {
			got = cdn.Name
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", path, got, want)
		}
	}
	f(all, "/x/master.m3u8", "n0")
	f(all, "/", "n0")
	f(all, "/vod/x/master.m3u8", "n1")
	f(all, "/vod", "n1")
	f(all, "/vod/", "n1")
	f(all, "/vodka/x", "n0")
	f(all, "/vod/kids", "n2")
	f(all, "/vod/kids/1/x", "n2")
	f(all, "/vod/kids2/x", "n1")
	f(all, "/live/x", "n0")
	f(all, "/live/hd/x", "n3")
	f(some, "/vod/x", "n0")
	f(some, "/x", "none")
	f(some, "/", "none")
	f(some, "", "none")
	f(some, "vod/x", "none")
}

func TestWhatIsConfigured(t *testing.T) {
	f := func(fields string, want CDN, verifies bool) {
		t.Helper()
		c := configured(t, fields)
		got := *c.For("/x")
		got.Signer = nil
		if want.Name = "own"; got != want || (c.Verifier() != nil) != verifies {
			t.Errorf("got %+v, want %+v; a verifier: %v", got, want, c.Verifier() != nil)
		}
	}
	own := ofKeys("a:" + secretA)
	f(own, CDN{BaseURL: "https://media.example.com/enc", TTL: DefaultTTL}, true)
	f(own+`, "ttl": "1m", "bind_ip": true`, CDN{BaseURL: "https://media.example.com/enc", TTL: time.Minute, BindIP: true}, true)
	f(own+`, "ttl": "24h", "bind_ip": false`, CDN{BaseURL: "https://media.example.com/enc", TTL: MaxTTL}, true)
	f(strings.Replace(own, "https://media.example.com/enc", "http://127.0.0.1:8090/", 1)+`, "ttl": null`, CDN{BaseURL: "http://127.0.0.1:8090", TTL: DefaultTTL}, true)
	f(akamaiFields, CDN{BaseURL: "https://ak.example.com", TTL: DefaultTTL}, false)
}

// Every fault is told, with where it is, and nothing else is.
func TestFaults(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		_, err := Parse([]byte(text))
		if err == nil {
			t.Fatalf("%s is taken", text)
		}
		got := strings.Split(strings.TrimPrefix(err.Error(), "CDNs: "), "\n")
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: got\n%s\nwant\n%s", text, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	one := func(fields string) string { return `{"cdns": [{"name": "own", "paths": ["/"], ` + fields + `}]}` }
	base := `"base_url": "https://x", `
	own := base + `"signer": "hmac", "keys": [{"id": "a", "secret": "` + secretA + `"}]`
	f(``, "is not JSON, from byte 0 on")
	f(`{"cdns": [}`, "is not JSON, from byte 11 on")
	f(one(own)+"x", fmt.Sprintf("is not JSON, from byte %d on", len(one(own))+1))
	f(`[]`, "is not a JSON object")
	f(`null`, "is not a JSON object")
	f(`{}`, "cdns: is missing")
	f(`{"cdns": [], "100%d": 1}`, "cdns: holds nothing", `"100%d": is not known here`)
	f(`{"cdns": {}}`, "cdns: is not a list", "cdns: holds nothing")
	f(`{"cdns": [1]}`, "cdns[0]: is not an object")
	f(`{"cdns": [{}]}`, "cdns[0].name: is missing", "cdns[0].paths: is missing", "cdns[0].base_url: is missing", "cdns[0].signer: is missing")
	f(one(base+`"signer": "HMAC", "keys": 1, "tll": 1`), "cdns[0].signer: is none of hmac, akamai, cloudfront, cat")
	f(one(base+`"signer": "hmac"`), "cdns[0].keys: is missing")
	f(one(own+`, "tll": "1m", "policy": "canned"`), `cdns[0]."policy": is not known here`, `cdns[0]."tll": is not known here`)
	for _, ttl := range []string{`"59s"`, `"24h1s"`, `"-10m"`, `"10"`, `""`, `"secret"`} {
		f(one(own+`, "ttl": `+ttl), "cdns[0].ttl: is not a duration from 1m0s to 24h0m0s")
	}
	f(one(own+`, "ttl": 600, "bind_ip": "no"`), `cdns[0].ttl: is not a string like "10m"`, "cdns[0].bind_ip: is not true or false")
	for _, url := range []string{"", "x", "//x", "/x", "ftp://x", "https://", "https://:80", "https:x", ":", "https://x:y/"} {
		f(one(strings.Replace(own, "https://x", url, 1)), "cdns[0].base_url: is not an absolute http or https URL")
	}
	for _, url := range []string{"https://u:p@x", "https://x/?a", "https://x?", "https://x/#a"} {
		f(one(strings.Replace(own, "https://x", url, 1)), "cdns[0].base_url: holds more than scheme, host and path")
	}
	for _, url := range []string{"HTTPS://x", "https://x/a/../b", "https://x//", "https://x/a%20b", "https://x/a b"} {
		f(one(strings.Replace(own, "https://x", url, 1)), "cdns[0].base_url: is not in its one spelling")
	}
	f(strings.Replace(one(own), `["/"]`, `["", "vod", "/a//b", "/a/..", "/%41", "/ok", "/ok/"]`, 1),
		`cdns[0].paths: "" is not a path from the root in its one spelling`, `cdns[0].paths: "vod" is not a path from the root in its one spelling`,
		`cdns[0].paths: "/a//b" is not a path from the root in its one spelling`, `cdns[0].paths: "/a/.." is not a path from the root in its one spelling`,
		`cdns[0].paths: "/%41" is not a path from the root in its one spelling`, `cdns[0].paths: "/ok/" is there already`)
	f(strings.Replace(one(own), `["/"]`, `[]`, 1), "cdns[0].paths: holds no path")
	f(strings.Replace(one(own), `}]}]}`, `}]}, {"name": "own", "paths": ["/"], `+own+`}]}`, 1),
		"cdns[1].name: is another CDN's too", `cdns[1].paths: "/" is there already`)
}

func TestFaultsOfKeys(t *testing.T) {
	f := func(fields string, want ...string) {
		t.Helper()
		_, err := Parse([]byte(`{"cdns": [{"name": "own", "paths": ["/"], "base_url": "https://x", ` + fields + `}]}`))
		text := "CDNs: cdns[0]." + strings.Join(want, "\ncdns[0].")
		if err == nil || err.Error() != text {
			t.Errorf("%s: got\n%v\nwant\n%s", fields, err, text)
		}
	}
	hmacKeys := func(keys string) string { return `"signer": "hmac", "keys": [` + keys + `]` }
	f(hmacKeys(``), "keys: holds nothing")
	f(hmacKeys(`{}`), "keys[0].id: is missing", "keys[0].secret: is missing")
	f(hmacKeys(`{"id": "", "secret": ""}`), "keys[0].id: is empty, or not a string", "keys[0].secret: is empty, or not a string")
	f(hmacKeys(`{"id": "123456789", "secret": "`+secretA[2:]+`"}`), "keys[0].id: is not 1 to 8 letters, digits, - and _", "keys[0].secret: is shorter than 16 bytes")
	f(hmacKeys(`{"id": "a/b", "secret": "`+secretA+`x", "kid": 1}`), "keys[0].id: is not 1 to 8 letters, digits, - and _", "keys[0].secret: is not hexadecimal", `keys[0]."kid": is not known here`)
	f(hmacKeys(`{"id": "a", "secret": "`+secretA+`"}, {"id": "a", "secret": "`+secretB+`"}`), "keys[1].id: is another key's too", "keys: two secrets have the id of its key 2")
	f(strings.TrimPrefix(akamaiFields, `"base_url": "https://ak.example.com", `)+`, "parameter": "begin", "issuer": "x"`,
		"parameter: is not 1 to 64 letters, digits, - and _, other than begin and end", `"issuer": is not known here`)
	f(`"signer": "cat", "keys": [{"id": "a", "secret": "`+secretA+`"}], "parameter": "a=b"`,
		"parameter: is not 1 to 64 letters, digits, - and _, other than begin and end", "issuer: is missing", "keys[0].secret: is shorter than 32 bytes")
}

// CDNs may share a key; two keys may not share an id, as tokens name no CDN.
func TestKeysOfSeveralCDNs(t *testing.T) {
	f := func(other string, want bool) {
		t.Helper()
		_, err := Parse([]byte(`{"cdns": [{"name": "a", "paths": ["/a"], ` + ofKeys("a:"+secretA) + `}, {"name": "b", "paths": ["/b"], ` + ofKeys("b:"+secretB, other) + `}]}`))
		if (err == nil) != want || err != nil && !strings.Contains(err.Error(), "cdns[1].keys: two secrets have the id of its key 2") {
			t.Errorf("%s: %v", other, err)
		}
	}
	f("a:"+secretA, true)
	f("c:"+secretA, true)
	f("a:"+secretB, false)
}

func TestPrivateKeys(t *testing.T) {
	f := func(key, policy string, want ...string) {
		t.Helper()
		_, err := Parse([]byte(`{"cdns": [{"name": "own", "paths": ["/"], "base_url": "https://x", "signer": "cloudfront", "keys": [{"key_pair_id": "K1", ` + key + `}], ` + policy + `}]}`))
		text := "CDNs: cdns[0]." + strings.Join(want, "\ncdns[0].")
		if err == nil && len(want) > 0 || err != nil && err.Error() != text {
			t.Errorf("%.60s: got\n%v\nwant\n%s", key, err, text)
		}
	}
	inline := func(pem string) string { return `"private_key": ` + strconv.Quote(pem) }
	file, custom := `"private_key_file": "testdata/rsa.pem"`, `"policy": "custom"`
	text, _ := os.ReadFile("testdata/rsa.pem")
	key, err := parsePrivateKey(text)
	if err != nil {
		t.Fatal(err)
	}
	f(file, custom)
	f(inline(string(text)), custom)
	f(inline(pkcs8(t, key)), custom)
	f(file, `"policy": "canned"`)
	f(file, `"policy": "canned", "bind_ip": true`, "bind_ip: is nothing that the canned policy can do")
	f(file, `"policy": "canned", "base_url": "https://exämple.com"`, "base_url: is not ASCII: write the host as Punycode")
	f(file, `"policy": "both"`, "policy: is neither canned nor custom")
	f(file, `"ttl": "1h"`, "policy: is missing")
	f(file+`, `+inline("x"), custom, "keys[0].private_key: is needed, or private_key_file, and not both")
	f(`"x": 1`, custom, "keys[0].private_key: is needed, or private_key_file, and not both", `keys[0]."x": is not known here`)
	f(`"private_key_file": "testdata/none.pem"`, custom, "keys[0].private_key_file: open testdata/none.pem: no such file or directory")
	f(`"private_key_file": "config_test.go"`, custom, "keys[0].private_key_file: is not one private key in PEM")
	f(inline("x"), custom, "keys[0].private_key: is not one private key in PEM")
	f(inline(string(text)+string(text)), custom, "keys[0].private_key: is not one private key in PEM")
	f(inline("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), custom, "keys[0].private_key: is not a private key that can be read")
	f(inline("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), custom, "keys[0].private_key: is not a private key that can be read")
	unsuitable := "keys[0].private_key: is neither RSA of 2048 bits nor ECDSA on P-256, which CloudFront takes"
	curve, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	f(inline(pkcs8(t, curve)), custom, unsuitable)
	long, _ := rsa.GenerateKey(rand.Reader, 3072)
	f(inline(pkcs8(t, long)), custom, unsuitable)
}

func TestLoad(t *testing.T) {
	folder := t.TempDir()
	text, err := os.ReadFile("testdata/rsa.pem")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "cdns.json")
	doc := `{"cdns": [{"name": "own", "paths": ["/"], ` + strings.Replace(cloudFrontFields, "testdata/", "", 1) + `, "policy": "custom"}]}`
	if os.WriteFile(filepath.Join(folder, "rsa.pem"), text, 0o600) != nil || os.WriteFile(file, []byte(doc), 0o600) != nil {
		t.Fatal("the files were not written")
	}
	if c, err := Load(file); err != nil || c.For("/x") == nil || c.Verifier() != nil {
		t.Error(c, err)
	}
	if _, err := Load(filepath.Join(folder, "none")); err == nil {
		t.Error("no file is taken")
	}
	if os.WriteFile(file, []byte("{}"), 0o600) != nil {
		t.Fatal("the file was not written")
	}
	if _, err := Load(file); err == nil || err.Error() != "CDNs of "+file+": cdns: is missing" {
		t.Error(err)
	}
}

// Nothing that is printed, logged or encoded holds a secret, in any spelling that those have for bytes.
func TestSecretsAreNotShown(t *testing.T) {
	text, err := os.ReadFile("testdata/rsa.pem")
	if err != nil {
		t.Fatal(err)
	}
	key, err := parsePrivateKey(text)
	if err != nil {
		t.Fatal(err)
	}
	hidden := []string{key.(*rsa.PrivateKey).D.String(), key.(*rsa.PrivateKey).Primes[0].String()}
	for _, s := range []string{secretA, secretB} {
		raw, _ := hex.DecodeString(s)
		hidden = append(hidden, s, strings.Trim(fmt.Sprint(raw), "[]"), strings.Trim(fmt.Sprintf("%#v", raw), "[]byte{}"), string(raw))
	}
	hides := func(what, shown string) {
		t.Helper()
		for _, h := range hidden {
			if strings.Contains(shown, h) || strings.Contains(strings.ToLower(shown), h) {
				t.Errorf("%s shows a secret: %.200s", what, shown)
			}
		}
	}
	for _, fields := range []string{ofKeys("a:"+secretA, "b:"+secretB), akamaiFields, catFields, cloudFrontFields + `, "policy": "custom"`} {
		c := configured(t, fields)
		cdn := c.For("/x")
		var log bytes.Buffer
		for _, v := range []any{c, *c, cdn, *cdn, cdn.Signer, c.Verifier()} {
			slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
			slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
			encoded, _ := json.Marshal(v)
			hides(fmt.Sprintf("%T", v), fmt.Sprintf("%v %+v %#v %s %q %x", v, v, v, v, v, v)+string(encoded))
		}
		hides("a log", log.String())
		_, err := Parse([]byte(`{"cdns": [{"name": "` + secretA + `", "ttl": "` + secretA + `", "paths": 1, "base_url": "https://` + secretB + `@x", ` + strings.ReplaceAll(fields, `"id"`, `"idd"`) + `}]}`))
		hides("an error", err.Error())
	}
}

// Each example of shared/docs/SIGNING.md is a configuration.
func TestExamples(t *testing.T) {
	page, err := os.ReadFile("../docs/SIGNING.md")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(page), "```json\n")
	if len(parts) != 1+len(signers) {
		t.Fatalf("%d examples for %d signers", len(parts)-1, len(signers))
	}
	for _, part := range parts[1:] {
		text, _, _ := strings.Cut(part, "```")
		if _, err := Parse([]byte(strings.Replace(text, `"cloudfront.pem"`, `"testdata/rsa.pem"`, 1))); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
