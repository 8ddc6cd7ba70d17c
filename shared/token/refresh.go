package token

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	refreshEvery  = 5 * time.Minute  // Run's pace while all is well
	unknownEvery  = 30 * time.Second // the least from a fetch to one that an unknown kid causes
	retryFirst    = time.Second      // Run's first pause after a failure; it doubles
	retryMaxEmpty = 15 * time.Second // its longest while there are no keys at all
)

// flight is a fetch under way; err may be read once done is closed.
type flight struct {
	done chan struct{}
	err  error
}

// Run fetches the key set at once and then every 5 minutes, sooner after failures, until ctx ends.
func (v *Verifier) Run(ctx context.Context) {
	pause := retryFirst
	for {
		wait := refreshEvery
		if err := v.Refresh(ctx); err == nil {
			pause = retryFirst
		} else {
			if ctx.Err() != nil {
				return
			}
			wait = min(pause, v.longestPause())
			pause = 2 * wait
			v.log.Warn("key set not refreshed", "error", err, "retry_in", wait.String(), "has_keys", v.Ready())
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

func (v *Verifier) longestPause() time.Duration {
	if v.Ready() {
		return refreshEvery
	}
	return retryMaxEmpty
}

// Refresh fetches the key set, or waits for the fetch that is under way. After an error the keys are the old ones.
func (v *Verifier) Refresh(ctx context.Context) error {
	v.mu.Lock()
	f, leads := v.board()
	v.mu.Unlock()
	return v.fly(ctx, f, leads)
}

// refreshUnknown refreshes for an unknown kid, unless the key set was fetched a short while ago, whoever caused that, or such
// a kid caused an attempt: otherwise forged tokens would be a way to load the issuer.
func (v *Verifier) refreshUnknown(ctx context.Context) {
	v.mu.Lock()
	now := v.elapsed()
	if v.flight == nil && now < v.nextUnknown {
		v.mu.Unlock()
		return
	}
	f, leads := v.board()
	if leads {
		v.nextUnknown = now + unknownEvery
	}
	v.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	if err := v.fly(ctx, f, leads); err != nil && leads {
		v.log.Warn("key set not refreshed for an unknown kid", "error", err)
	}
}

// board joins the flight under way, or starts one that the caller leads. The caller holds v.mu.
func (v *Verifier) board() (*flight, bool) {
	if v.flight != nil {
		return v.flight, false
	}
	v.flight = &flight{done: make(chan struct{}), err: errors.New("fetch was abandoned")}
	return v.flight, true
}

func (v *Verifier) fly(ctx context.Context, f *flight, leads bool) error {
	if !leads {
		select {
		case <-f.done:
			return f.err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer v.land(f) // also when the source panics, lest everyone after wait for ever
	f.err = v.load(ctx)
	return f.err
}

func (v *Verifier) land(f *flight) {
	v.mu.Lock()
	v.flight = nil
	v.mu.Unlock()
	close(f.done)
}

// load fetches and installs the key set; only the leader of a flight calls it.
func (v *Verifier) load(ctx context.Context) error {
	began := v.elapsed()
	data, err := v.source.Fetch(ctx)
	if err != nil {
		return fmt.Errorf("fetch JWKS: %w", err)
	}
	keys, err := parseKeys(data)
	if err != nil {
		return err
	}
	next := &state{keys: keys}
	if old := v.state.Load(); old != nil && keys.includes(old.keys) {
		next.cache = old.cache
	} else {
		next.cache = newCache(v.cacheSize)
	}
	v.state.Store(next)
	v.rest(began + unknownEvery)
	return nil
}

// rest has unknown kids cause no fetch before an instant. It is counted from when the issuer was asked: of a rotation since
// then the next fetch knows.
func (v *Verifier) rest(until time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.nextUnknown = max(v.nextUnknown, until)
}
