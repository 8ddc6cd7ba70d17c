package bench

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"encora/loadtest/mdtable"
	"encora/shared/sign"
)

// signed is a signer with what of the configuration is its own.
type signed struct {
	name   string
	fields map[string]any
}

// signers are all that URLs can be signed by, with new keys.
func signers() ([]signed, error) {
	secret := func(id string) any { return map[string]string{"id": id, "secret": fmt.Sprintf("%064x", 1)} }
	rsaKey, errRSA := rsa.GenerateKey(rand.Reader, 2048)
	ecdsaKey, errECDSA := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if errRSA != nil || errECDSA != nil {
		return nil, fmt.Errorf("keys: %w, %w", errRSA, errECDSA)
	}
	all := []signed{
		{"hmac", map[string]any{"signer": "hmac", "keys": []any{secret("a")}}},
		{"akamai", map[string]any{"signer": "akamai", "keys": []any{secret("a")}}},
		{"cat", map[string]any{"signer": "cat", "keys": []any{secret("a")}, "issuer": "encora"}},
	}
	for _, c := range []struct {
		name, policy string
		key          crypto.Signer
	}{{"cloudfront, RSA, canned policy", "canned", rsaKey}, {"cloudfront, RSA, custom policy", "custom", rsaKey}, {"cloudfront, ECDSA, custom policy", "custom", ecdsaKey}} {
		der, err := x509.MarshalPKCS8PrivateKey(c.key)
		if err != nil {
			return nil, err
		}
		text := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
		key := map[string]string{"key_pair_id": "K2JCJMDEHXQW5F", "private_key": text}
		all = append(all, signed{c.name, map[string]any{"signer": "cloudfront", "policy": c.policy, "keys": []any{key}}})
	}
	return all, nil
}

// signer is what the configuration makes of it.
func (s signed) signer() (sign.Signer, error) {
	cdn := map[string]any{"name": "bench", "paths": []string{"/"}, "base_url": "https://media.example.com"}
	for name, value := range s.fields {
		cdn[name] = value
	}
	text, err := json.Marshal(map[string]any{"cdns": []any{cdn}})
	if err != nil {
		return nil, err
	}
	cdns, err := sign.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return cdns.For(signedPath).Signer, nil
}

const signedPath = "/vod/01980000-0000-7060-8000-000000000000/master.m3u8"

// sign says how many URLs one core signs by each signer. The collector's work is in it: all of this program runs on the core
// meanwhile.
func (r *rig) sign(ctx context.Context, out io.Writer) error {
	all, err := signers()
	if err != nil {
		return err
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	t := &mdtable.Table{Title: "Signing the URL of a manifest, on one core", Columns: []string{"signer", "signs/s:", "µs each:", "URL bytes:"}}
	for _, s := range all {
		signer, err := s.signer()
		if err != nil {
			return err
		}
		perSecond, length, err := signing(ctx, signer, r.round)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		t.Add(s.name, fmt.Sprintf("%.0f", perSecond), fmt.Sprintf("%.2f", 1e6/perSecond), length)
	}
	return write(out, t)
}

// signing signs for so long and returns how many a second of the processor's time, which others on the core don't shorten, and
// how long a URL is.
func signing(ctx context.Context, s sign.Signer, d time.Duration) (float64, int, error) {
	target := &sign.Target{Path: signedPath, Session: uuid.New(), Expires: time.Now().Add(10 * time.Minute).Truncate(time.Second)}
	var url []byte
	start, n, used := time.Now(), 0, ownCPU()
	for time.Since(start) < d && ctx.Err() == nil {
		for range 16 { // the clock costs something, too
			var err error
			if url, err = s.AppendURL(url[:0], target); err != nil {
				return 0, 0, err
			}
			n++
		}
	}
	return float64(n) / (ownCPU() - used).Seconds(), len(url), ctx.Err()
}

// ownCPU is the time that this process has used.
func ownCPU() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil { // the arguments are right; a broken invariant
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
