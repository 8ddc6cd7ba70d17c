package token

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestRememberedForAMinute(t *testing.T) {
	k := newES256("k")
	synctest.Test(t, func(t *testing.T) {
		v := newVerifier(t, fixed(jwks(k.jwk())))
		raw := []byte(k.token(nil))
		first, err := v.Verify(raw)
		if err != nil {
			t.Fatal(err)
		}
		f := func(wait time.Duration, same bool) {
			t.Helper()
			time.Sleep(wait)
			c, err := v.Verify(raw)
			if err != nil || (c == first) != same {
				t.Errorf("after %v: from the cache %v, want %v (%v)", wait, c == first, same, err)
			}
		}
		f(0, true)
		f(rememberFor-1, true)
		f(1, false)
	})
}

func TestRememberedNoLongerThanItLasts(t *testing.T) {
	k := newES256("k")
	synctest.Test(t, func(t *testing.T) {
		v := newVerifier(t, fixed(jwks(k.jwk())))
		raw := k.token(map[string]any{"exp": time.Now().Add(10 * time.Second).Unix()})
		accept(t, v, []byte(raw))
		time.Sleep(10*time.Second - 1)
		accept(t, v, []byte(raw))
		time.Sleep(time.Nanosecond)
		refused(t, v, raw, "exp is past")
	})
}

func TestOwnClock(t *testing.T) {
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	k := newES256("k")
	v, err := NewVerifier(Config{Issuer: testIssuer, Audience: testAudience, Keys: fixed(jwks(k.jwk())), Log: quiet(),
		Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	raw := k.token(map[string]any{"exp": now.Add(30 * time.Second).Unix()})
	accept(t, v, []byte(raw))
	now = now.Add(30 * time.Second)
	refused(t, v, raw, "exp is past")
}

// A caller's buffer is reused after Verify returns, as fasthttp does.
func TestCallersBufferIsNotKept(t *testing.T) {
	v, k := standard(t), testKeys()["EdDSA"]
	a, b := k.token(map[string]any{"sub": "a"}), k.token(map[string]any{"sub": "b"})
	buf := []byte(a)
	accept(t, v, buf)
	copy(buf, b)
	c, err := v.Verify(buf)
	if err != nil || c.Subject != "b" {
		t.Fatal(c, err)
	}
	copy(buf, a)
	accept(t, v, buf)
	buf[len(buf)/2]++ // a forgery with the tail, and so the hash, of the token that was verified here
	refused(t, v, string(buf), "verification error")
}

// Tokens of one tail share hash and set: only the comparison of all bytes keeps them apart.
func TestSameTail(t *testing.T) {
	c := newCache(64)
	tail := strings.Repeat("s", tailLen)
	for i := range ways {
		c.put(&entry{raw: fmt.Appendf(nil, "%d%s", i, tail), claims: &Claims{Subject: fmt.Sprint(i)}, dies: 1})
		if got := c.get(fmt.Appendf(nil, "%d%s", i, tail), 0); got == nil || got.Subject != fmt.Sprint(i) {
			t.Errorf("%d: %+v", i, got)
		}
		if got := c.get(fmt.Appendf(nil, "%d%s", i+1, tail), 0); got != nil {
			t.Errorf("%d stands for %d", i, i+1)
		}
	}
}

func TestSoonestToDieGoesFirst(t *testing.T) {
	c := newCache(ways) // one set
	raw := func(i int) []byte { return fmt.Appendf(nil, "token-%d", i) }
	for i := range ways {
		c.put(&entry{raw: raw(i), claims: &Claims{}, dies: time.Duration(100 - i)})
	}
	c.put(&entry{raw: raw(ways), claims: &Claims{}, dies: 200})
	for i := range ways + 1 {
		if held := c.get(raw(i), 0) != nil; held != (i != ways-1) {
			t.Errorf("%d: held %v", i, held)
		}
	}
}

func TestCacheSizes(t *testing.T) {
	for size, want := range map[int]int{1: 1, ways: 1, ways + 1: 2, 64: 8, 65: 16, 1 << 16: 1 << 13} {
		if got := len(newCache(size).sets); got != want {
			t.Errorf("%d: %d sets, want %d", size, got, want)
		}
	}
}

// Many tokens, a small cache and rotations at once: everyone always gets the claims of their own token.
func TestConcurrentUse(t *testing.T) {
	k := newEdDSA("k")
	other := newEdDSA("other").jwk()
	var mu sync.Mutex
	document := jwks(k.jwk(), other)
	v := newVerifier(t, SourceFunc(func(context.Context) ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		return document, nil
	}))
	tokens := make([][]byte, 200)
	for i := range tokens {
		tokens[i] = []byte(k.token(map[string]any{"sub": fmt.Sprint(i)}))
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 500 {
				n := i * 7 % len(tokens)
				c, err := v.Verify(tokens[n])
				if err != nil || c.Subject != fmt.Sprint(n) {
					t.Errorf("%d: %+v, %v", n, c, err)
					return
				}
			}
		})
	}
	for i := range 20 {
		mu.Lock()
		if document = jwks(k.jwk()); i%2 == 1 {
			document = jwks(k.jwk(), other)
		}
		mu.Unlock()
		if err := v.Refresh(t.Context()); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
}

// realistic is a token of about the length that identity providers make.
func realistic(k signer, i int) []byte {
	return []byte(k.token(map[string]any{"sub": fmt.Sprintf("user-%06d", i), "pad": strings.Repeat("x", 150)}))
}

func BenchmarkVerifyHit(b *testing.B) {
	v := standard(b)
	raw := realistic(testKeys()["ES256"], 0)
	b.Logf("%d bytes", len(raw))
	for b.Loop() {
		if _, err := v.Verify(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyHitOf4000(b *testing.B) {
	k := newEdDSA("k")
	v, err := NewVerifier(Config{Issuer: testIssuer, Audience: testAudience, Keys: fixed(jwks(k.jwk())), Log: quiet()})
	if err != nil || v.Refresh(b.Context()) != nil {
		b.Fatal(err)
	}
	tokens := make([][]byte, 4000)
	for i := range tokens {
		tokens[i] = realistic(k, i)
		if _, err := v.Verify(tokens[i]); err != nil {
			b.Fatal(err)
		}
	}
	i := 0
	for b.Loop() {
		if _, err := v.Verify(tokens[i%len(tokens)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkVerifyMiss(b *testing.B) {
	for _, alg := range []string{"RS256", "ES256", "EdDSA"} {
		b.Run(alg, func(b *testing.B) {
			v, raw := standard(b), realistic(testKeys()[alg], 0)
			for b.Loop() {
				if _, err := v.verify(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
