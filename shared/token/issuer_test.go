package token

import (
	"bytes"
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

func devVerifier(t *testing.T, is *Issuer) *Verifier {
	t.Helper()
	v, err := NewVerifier(Config{Issuer: DevIssuer, Audience: DevAudience, Keys: fixed(is.JWKS()), Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return v
}

func openIssuer(t *testing.T, dir string) *Issuer {
	t.Helper()
	is, err := OpenIssuer(dir)
	if err != nil {
		t.Fatal(err)
	}
	return is
}

func TestMint(t *testing.T) {
	is := openIssuer(t, t.TempDir())
	v := devVerifier(t, is)
	f := func(s Spec, want Claims) {
		t.Helper()
		raw, err := is.Mint(s)
		if err != nil {
			t.Fatal(err)
		}
		got, err := v.Verify([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		if left := time.Until(got.Expires); left > lifetime(s) || left < lifetime(s)-time.Minute {
			t.Errorf("lasts %v", left)
		}
		want.Expires = got.Expires
		if !reflect.DeepEqual(*got, want) {
			t.Errorf("got %+v, want %+v", *got, want)
		}
	}
	f(Spec{Role: "viewer"}, Claims{Subject: DemoAccount, AccountID: DemoAccount, ProfileIDs: []string{DemoProfile}, Role: "viewer"})
	f(Spec{Role: "viewer", Account: testAccount, Profiles: []string{"p"}, Country: "GB", Plan: "basic", Subject: "me", TTL: time.Hour},
		Claims{Subject: "me", AccountID: testAccount, ProfileIDs: []string{"p"}, Country: "GB", PlanID: "basic", Role: "viewer"})
	f(Spec{Role: "editor"}, Claims{Subject: "editor", Role: "editor", Scopes: roles["editor"]})
	f(Spec{Role: "admin", Account: testAccount}, Claims{Subject: testAccount, AccountID: testAccount, Role: "admin", Scopes: roles["admin"]})
}

func lifetime(s Spec) time.Duration { return cmp.Or(s.TTL, defaultTTL) }

func TestMintExpired(t *testing.T) {
	is := openIssuer(t, t.TempDir())
	v := devVerifier(t, is)
	for _, s := range []Spec{{Role: "admin", TTL: -time.Minute}, {Role: "admin", Now: time.Now().Add(-13 * time.Hour)}} {
		raw, err := is.Mint(s)
		if err != nil {
			t.Fatal(err)
		}
		refused(t, v, raw, "exp is past")
	}
}

func TestMintRefuses(t *testing.T) {
	is := openIssuer(t, t.TempDir())
	for _, s := range []Spec{{}, {Role: "root"}, {Role: "viewer", Account: "me"}, {Role: "viewer", Country: "gb"}} {
		if raw, err := is.Mint(s); err == nil {
			t.Errorf("%+v gives %s", s, raw)
		}
	}
}

func TestMintMany(t *testing.T) {
	is := openIssuer(t, t.TempDir())
	v := devVerifier(t, is)
	var out bytes.Buffer
	if err := is.MintMany(&out, 20, Spec{Role: "viewer", Country: "DE"}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 20 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, raw := range lines {
		c, err := v.Verify([]byte(raw))
		if err != nil || c.AccountID != AccountID(i).String() || c.ProfileIDs[0] != ProfileID(i).String() || c.Country != "DE" {
			t.Errorf("%d: %+v, %v", i, c, err)
		}
	}
	if err := is.MintMany(failingWriter{}, 2, Spec{Role: "viewer"}); err == nil {
		t.Error("a full disk goes unnoticed")
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestGeneratedIDs(t *testing.T) {
	ids := []string{DemoAccount, DemoProfile, DemoPlan}
	for _, i := range []int{0, 1, 255, 1_000_000, 1 << 40} {
		ids = append(ids, AccountID(i).String(), ProfileID(i).String(), DeviceID(i).String())
	}
	seen := map[string]bool{}
	for _, s := range ids {
		id, err := uuid.Parse(s)
		if err != nil || id.Version() != 7 || id.Variant() != uuid.RFC4122 || seen[s] {
			t.Errorf("%s: version %d, seen %v, %v", s, id.Version(), seen[s], err)
		}
		seen[s] = true
	}
	if got := AccountID(1).String(); got != "01990000-0000-7acc-8000-000000000001" {
		t.Errorf("ids that other processes rely on have changed: %s", got)
	}
}

func TestIssuerFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "state")
	first := openIssuer(t, dir)
	info, err := os.Stat(filepath.Join(dir, issuerFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if again := openIssuer(t, dir); !again.private.Equal(first.private) || again.kid != first.kid {
		t.Error("another key when opened again")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Error("left-overs:", entries, err)
	}
	if bytes.Contains(first.JWKS(), []byte(`"d"`)) {
		t.Error("the private key is published")
	}
}

func TestBrokenIssuerFile(t *testing.T) {
	for _, content := range []string{"", "{}", `{"kty":"EC","d":"AAAA"}`, `{"d":"=="}`} {
		dir := t.TempDir()
		path := filepath.Join(dir, issuerFile)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenIssuer(dir); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v", content, err)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != content {
			t.Errorf("%q was replaced: %q, %v", content, after, err)
		}
	}
}

// Edge, origin and the token command of one state directory start at once, each a process of its own.
func TestProcessesAgree(t *testing.T) {
	if dir := os.Getenv("ISSUER_TEST_DIR"); dir != "" {
		os.Stdout.Write(append([]byte("jwks "), openIssuer(t, dir).JWKS()...))
		return
	}
	dir := t.TempDir()
	var outs [8]bytes.Buffer
	var cmds [8]*exec.Cmd
	for i := range cmds {
		cmds[i] = exec.Command(os.Args[0], "-test.run=^TestProcessesAgree$")
		cmds[i].Env = append(os.Environ(), "ISSUER_TEST_DIR="+dir)
		cmds[i].Stdout, cmds[i].Stderr = &outs[i], os.Stderr
		if err := cmds[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range cmds {
		if err := cmds[i].Wait(); err != nil {
			t.Fatal(err)
		}
	}
	want := "jwks " + string(openIssuer(t, dir).JWKS())
	for i := range outs {
		if !strings.Contains(outs[i].String(), want) {
			t.Errorf("process %d: %s, want %s", i, outs[i].String(), want)
		}
	}
}
