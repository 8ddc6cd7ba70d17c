package token

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Errors of Verify.
var (
	ErrInvalid = errors.New("invalid token")            // 401; wraps the reason, which is for logs
	ErrNoKeys  = errors.New("no key set was ever read") // 503; nothing can be said about any token yet
)

// rememberFor is how long a verified token is believed without looking at its signature again.
const rememberFor = 60 * time.Second

// defaultCacheSize costs 1 MiB empty, and about 80 MB when full of 700-byte tokens.
const defaultCacheSize = 1 << 16

// Config describes whose tokens to accept.
type Config struct {
	Issuer    string // the iss that tokens must carry
	Audience  string // must be among the token's aud
	Keys      Source
	Now       func() time.Time // nil: the system's clock
	Log       *slog.Logger     // nil: slog.Default()
	CacheSize int              // verified tokens to remember; 0: 65,536
}

// Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct {
	issuer, audience string
	source           Source
	now              func() time.Time // nil: the system's clock
	base             time.Time        // where the verifier's own clock starts
	log              *slog.Logger
	cacheSize        int
	state            atomic.Pointer[state]

	mu          sync.Mutex // guards what follows
	flight      *flight
	nextUnknown time.Duration // before this, unknown kids cause no fetch
}

// state is a key set with the tokens that were verified by it. They change together, so that a token which is being
// verified while its key is withdrawn can't enter the cache that follows.
type state struct {
	keys  keySet
	cache *cache
}

// NewVerifier makes a Verifier, which has no keys until Refresh or Run has fetched them.
func NewVerifier(c Config) (*Verifier, error) {
	if c.Issuer == "" || c.Audience == "" || c.Keys == nil {
		return nil, errors.New("token: issuer, audience and key source are required")
	}
	v := &Verifier{issuer: c.Issuer, audience: c.Audience, source: c.Keys, now: c.Now, log: c.Log, cacheSize: c.CacheSize}
	if v.log == nil {
		v.log = slog.Default()
	}
	if v.cacheSize <= 0 {
		v.cacheSize = defaultCacheSize
	}
	v.base = v.wall()
	return v, nil
}

func (v *Verifier) wall() time.Time {
	if v.now == nil {
		return time.Now()
	}
	return v.now()
}

// elapsed is the verifier's own clock. With the system's it is monotonic and costs half of time.Now.
func (v *Verifier) elapsed() time.Duration {
	if v.now == nil {
		return time.Since(v.base)
	}
	return v.now().Sub(v.base)
}

// Ready reports whether any key set was ever read.
func (v *Verifier) Ready() bool { return v.state.Load() != nil }

// Verify returns the claims of a token in compact form, without the `Bearer ` before it. raw is not kept. The error is
// ErrInvalid or ErrNoKeys. An unknown kid may wait for a fetch of the key set, for 5 s at most.
func (v *Verifier) Verify(raw []byte) (*Claims, error) {
	st := v.state.Load()
	if st == nil {
		return nil, ErrNoKeys
	}
	if c := st.cache.get(raw, v.elapsed()); c != nil {
		return c, nil
	}
	c, err := v.verify(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return c, nil
}

func (v *Verifier) verify(raw []byte) (*Claims, error) {
	t, err := parseCompact(raw)
	if err != nil {
		return nil, err
	}
	k, st, err := v.key(t)
	if err != nil {
		return nil, err
	}
	if err := k.method.Verify(t.signed, t.signature, k.public); err != nil {
		return nil, err
	}
	now := v.wall()
	c, err := v.readClaims(t.payload, now)
	if err != nil {
		return nil, err
	}
	dies := v.elapsed() + min(rememberFor, c.Expires.Sub(now))
	st.cache.put(&entry{raw: bytes.Clone(raw), claims: c, dies: dies})
	return c, nil
}

// key finds the token's key and the state that it belongs to, fetching the key set anew for an unknown kid.
func (v *Verifier) key(t *compact) (key, *state, error) {
	st := v.state.Load()
	k, err := st.keys.find(t)
	if errors.Is(err, errUnknownKid) {
		v.refreshUnknown(context.Background())
		st = v.state.Load()
		k, err = st.keys.find(t)
	}
	return k, st, err
}
