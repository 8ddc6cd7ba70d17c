package token

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// jwksServer is an issuer's HTTP server whose answer can be changed.
type jwksServer struct {
	*httptest.Server
	handler atomic.Pointer[http.HandlerFunc]
	fetches atomic.Int32
}

func newJWKSServer(t *testing.T) *jwksServer {
	s := &jwksServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fetches.Add(1)
		(*s.handler.Load())(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *jwksServer) answer(h http.HandlerFunc) { s.handler.Store(&h) }

func (s *jwksServer) serve(keys ...jwk) {
	s.answer(func(w http.ResponseWriter, _ *http.Request) { w.Write(jwks(keys...)) })
}

func TestRotationOverHTTP(t *testing.T) {
	server, old, next := newJWKSServer(t), newES256("old"), newEdDSA("next")
	server.serve(old.jwk())
	v := newVerifier(t, HTTPSource{URL: server.URL})
	oldToken, nextToken := []byte(old.token(nil)), []byte(next.token(nil))
	accept(t, v, oldToken)

	server.serve(old.jwk(), next.jwk())
	refused(t, v, string(nextToken), "unknown kid") // the set was fetched a moment ago
	v.base = v.base.Add(-unknownEvery)
	accept(t, v, nextToken) // its unknown kid fetches the new set
	accept(t, v, oldToken)
	if n := server.fetches.Load(); n != 2 {
		t.Errorf("%d fetches, want 2", n)
	}

	server.serve(next.jwk())
	if err := v.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused(t, v, string(oldToken), "unknown kid") // although it was in the cache
	accept(t, v, nextToken)
}

func accept(t *testing.T, v *Verifier, raw []byte) {
	t.Helper()
	if _, err := v.Verify(raw); err != nil {
		t.Error(err)
	}
}

func TestReplacedKeyOfSameKid(t *testing.T) {
	old, next := newES256("k"), newES256("k")
	document := jwks(old.jwk())
	v := newVerifier(t, SourceFunc(func(context.Context) ([]byte, error) { return document, nil }))
	raw := old.token(nil)
	accept(t, v, []byte(raw))
	document = jwks(next.jwk())
	if err := v.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused(t, v, raw, "verification error")
}

func TestBadAnswersKeepTheKeys(t *testing.T) {
	server, k := newJWKSServer(t), newES256("k")
	server.serve(k.jwk())
	v := newVerifier(t, HTTPSource{URL: server.URL, Client: server.Client()})
	for want, h := range map[string]http.HandlerFunc{
		"500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"302": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://"+r.Host+"/elsewhere", http.StatusFound)
		},
		"longer than 1 MiB": func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, maxDocument+1)) },
		"no usable key":     func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"keys":[]}`)) },
		"invalid character": func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`<html>`)) },
		"EOF":               func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		server.answer(h)
		if err := v.Refresh(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		accept(t, v, []byte(k.token(nil)))
	}
}

func TestNoKeysYet(t *testing.T) {
	v, err := NewVerifier(Config{Issuer: testIssuer, Audience: testAudience, Log: quiet(),
		Keys: SourceFunc(func(context.Context) ([]byte, error) { return nil, errors.New("down") })})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Refresh(t.Context()); err == nil || v.Ready() {
		t.Error("ready without keys")
	}
	if _, err := v.Verify([]byte(newES256("k").token(nil))); err != ErrNoKeys {
		t.Error(err)
	}
}

// countingSource answers with the same keys after a second, and counts.
type countingSource struct {
	document []byte
	fetches  atomic.Int32
	failing  atomic.Bool
}

func (s *countingSource) Fetch(ctx context.Context) ([]byte, error) {
	s.fetches.Add(1)
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.failing.Load() {
		return nil, errors.New("down")
	}
	return s.document, nil
}

// forge makes tokens of kids that k's issuer does not have.
func (k signer) forge(n int) [][]byte {
	forged := make([][]byte, n)
	for i := range forged {
		header := signer{kid: fmt.Sprintf("kid%d", i), method: k.method, private: k.private}.header()
		forged[i] = []byte(b64([]byte(header)) + "." + b64([]byte("{}")) + ".AAAA")
	}
	return forged
}

// flood has all tokens verified at once, which none may pass.
func flood(t *testing.T, v *Verifier, forged [][]byte) {
	t.Helper()
	var wg sync.WaitGroup
	for _, raw := range forged {
		wg.Go(func() {
			if _, err := v.Verify(raw); !errors.Is(err, errUnknownKid) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestUnknownKidsFetchOncePerHalfMinute(t *testing.T) {
	k := newES256("k")
	forged := k.forge(5000)
	synctest.Test(t, func(t *testing.T) {
		source := &countingSource{document: jwks(k.jwk())}
		v := newVerifier(t, source)
		f := func(after time.Duration, want int32) {
			t.Helper()
			time.Sleep(after)
			flood(t, v, forged)
			if n := source.fetches.Load(); n != want {
				t.Errorf("%d fetches, want %d", n, want)
			}
		}
		const fetch = time.Second
		f(0, 1) // newVerifier's
		f(unknownEvery-fetch-1, 1)
		f(1, 2)
		f(unknownEvery-fetch-1, 2)
		if err := v.Refresh(t.Context()); err != nil { // by the clock: it counts, too
			t.Fatal(err)
		}
		f(unknownEvery-fetch-1, 3)
		source.failing.Store(true)
		f(1, 4)
		f(unknownEvery-fetch-1, 4) // an attempt that failed counts, if such a kid caused it
		f(1, 5)
		if err := v.Refresh(t.Context()); err == nil {
			t.Fatal("the source does not fail")
		}
		f(unknownEvery-2*fetch, 7) // one that failed by the clock does not
		accept(t, v, []byte(k.token(map[string]any{"exp": time.Now().Add(time.Hour).Unix()})))
	})
}

// A crowd of forged tokens at the start costs the issuer nothing.
func TestUnknownKidsAtTheStart(t *testing.T) {
	server, k := newJWKSServer(t), newES256("k")
	server.serve(k.jwk())
	v := newVerifier(t, HTTPSource{URL: server.URL})
	forged := k.forge(5000)
	f := func(after time.Duration, want int32) {
		t.Helper()
		v.base = v.base.Add(-after)
		flood(t, v, forged)
		if n := server.fetches.Load(); n != want {
			t.Errorf("%d requests, want %d", n, want)
		}
	}
	f(0, 1)
	f(unknownEvery/2, 1)
	f(unknownEvery/2, 2)
	f(0, 2)
	accept(t, v, []byte(k.token(nil)))
}

// Keys that are exchanged right after a fetch are known half a minute after it, or as soon as there is one by the clock.
func TestARotationRightAfterAFetch(t *testing.T) {
	old, next := newES256("old"), newES256("next")
	f := func(byClock bool, want time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			source := &countingSource{document: jwks(old.jwk())}
			v := newVerifier(t, source)
			rotated := time.Now()
			source.document = jwks(old.jwk(), next.jwk())
			raw := []byte(next.token(map[string]any{"exp": rotated.Add(time.Hour).Unix()}))
			if byClock {
				if err := v.Refresh(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			for {
				if _, err := v.Verify(raw); err == nil {
					break
				}
				time.Sleep(time.Second)
			}
			if took := time.Since(rotated); took != want {
				t.Errorf("it took %v, want %v", took, want)
			}
		})
	}
	f(false, unknownEvery) // the fetch before it took a second, as does the one that finds it
	f(true, time.Second)
}

func TestRunsPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newES256("k")
		source := &countingSource{document: jwks(k.jwk())}
		source.failing.Store(true)
		v, err := NewVerifier(Config{Issuer: testIssuer, Audience: testAudience, Keys: source, Log: quiet()})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { v.Run(ctx); close(ended) }()
		seen := int32(0) // Run may have begun
		fetchesAfter := func(d time.Duration, want int32) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if n := source.fetches.Load() - seen; n != want {
				t.Errorf("%d fetches in %v, want %d", n, d, want)
			}
			seen = source.fetches.Load()
		}
		// The half second keeps the test's instants apart from the source's.
		fetchesAfter(20*time.Second+time.Second/2, 5) // at 0, 2, 5, 10 and 19 s: each takes a second, then 1, 2, 4, 8 s go by
		fetchesAfter(160*time.Second, 10)             // at 35 s and then every 16
		source.failing.Store(false)
		fetchesAfter(20*time.Second, 1)
		if !v.Ready() {
			t.Error("not ready")
		}
		fetchesAfter(20*time.Minute, 4)
		source.failing.Store(true)
		for before := source.fetches.Load(); source.fetches.Load() < before+3; { // ends with the bubble's clock if stuck
			time.Sleep(time.Second)
		}
		accept(t, v, []byte(k.token(nil)))
		cancel()
		<-ended
	})
}

func TestPanickingSourceBlocksNobody(t *testing.T) {
	var calls atomic.Int32
	k := newES256("k")
	v, err := NewVerifier(Config{Issuer: testIssuer, Audience: testAudience, Log: quiet(),
		Keys: SourceFunc(func(context.Context) ([]byte, error) {
			if calls.Add(1) == 1 {
				panic("source")
			}
			return jwks(k.jwk()), nil
		})})
	if err != nil {
		t.Fatal(err)
	}
	func() {
		defer func() { recover() }()
		v.Refresh(t.Context())
	}()
	if err := v.Refresh(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestFollowerLeavesWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, err := NewVerifier(Config{Issuer: testIssuer, Audience: testAudience, Log: quiet(),
			Keys: &countingSource{document: jwks(newES256("k").jwk())}})
		if err != nil {
			t.Fatal(err)
		}
		go v.Refresh(t.Context())
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := v.Refresh(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if err := v.Refresh(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
