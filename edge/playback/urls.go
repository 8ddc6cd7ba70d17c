package playback

import (
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"encora/shared/sign"
	"encora/shared/wire"
)

// ErrNoCDN reports media that no CDN is configured for.
var ErrNoCDN = errors.New("no CDN is configured for this path")

// URLs signs what sessions play. The configuration may be exchanged while it works.
type URLs struct {
	cdns atomic.Pointer[sign.CDNs]
}

// Set exchanges the configuration; nil signs nothing.
func (u *URLs) Set(cdns *sign.CDNs) { u.cdns.Store(cdns) }

// Verifier verifies what is signed by the keys of now; nil when no URLs are ours to verify.
func (u *URLs) Verifier() *sign.Verifier {
	if cdns := u.cdns.Load(); cdns != nil {
		return cdns.Verifier()
	}
	return nil
}

// standIn is a session's id before there is one: no signer makes a difference between ids.
var standIn = uuid.UUID{15: 1}

// Check reports why Append would refuse to make URLs of the media for a viewer now, or when they would be to be renewed. What
// it asks costs no signature.
func (u *URLs) Check(m *wire.Media, now time.Time, ip netip.Addr) (refreshAt int64, err error) {
	manifests, err := u.locate(m)
	if err != nil {
		return 0, err
	}
	ttl := shorter(manifests)
	t := newTarget(m, standIn, now.Add(ttl))
	for _, p := range manifests {
		if p.cdn == nil {
			continue
		}
		p.aim(t, ip)
		if err := p.cdn.Check(t); err != nil {
			return 0, fmt.Errorf("%s at %s: %w", p.path, p.cdn.Name, err)
		}
	}
	return renewal(t.Expires, ttl).UnixMilli(), nil
}

// renewal is when URLs are to be renewed: early enough for three beats to bring new ones, but not before half of their life.
func renewal(expires time.Time, ttl time.Duration) time.Time {
	return expires.Add(-min(ttl/2, max(ttl/4, 3*wire.BeatEvery)))
}

// newTarget is what both manifests' URLs have in common.
func newTarget(m *wire.Media, session uuid.UUID, expires time.Time) *sign.Target {
	return &sign.Target{Session: session, Expires: expires.Truncate(time.Second), Begin: m.Begin, End: m.End}
}

// placed is a manifest with the CDN where it lies.
type placed struct {
	path string
	cdn  *sign.CDN // nil for a manifest that there is none of
}

// locate finds the CDNs of both manifests in one configuration.
func (u *URLs) locate(m *wire.Media) ([2]placed, error) {
	found, cdns := [2]placed{{path: m.DASHPath}, {path: m.HLSPath}}, u.cdns.Load()
	for i := range found {
		p := &found[i]
		if p.path == "" {
			continue
		}
		if cdns != nil {
			p.cdn = cdns.For(p.path)
		}
		if p.cdn == nil {
			return found, fmt.Errorf("%w: %s", ErrNoCDN, p.path)
		}
	}
	return found, nil
}

// Append writes the four fields of URLs that begin to live now, and returns from when on beats are to bring new ones, in
// Unix milliseconds.
func (u *URLs) Append(b []byte, m *wire.Media, session uuid.UUID, now time.Time, ip netip.Addr) ([]byte, int64, error) {
	manifests, err := u.locate(m)
	if err != nil {
		return b, 0, err
	}
	ttl := shorter(manifests)
	t := newTarget(m, session, now.Add(ttl))
	for i, name := range [...]string{`"dash_url":`, `,"hls_url":`} {
		if b, err = manifests[i].appendURL(append(b, name...), t, ip); err != nil {
			return b, 0, err
		}
	}
	refresh := renewal(t.Expires, ttl)
	b = appendTime(append(b, `,"expires_at":`...), t.Expires)
	return appendTime(append(b, `,"token_refresh_before":`...), refresh), refresh.UnixMilli(), nil
}

// shorter is the life of a session's URLs, which end together.
func shorter(manifests [2]placed) time.Duration {
	ttl := 24 * time.Hour
	for _, p := range manifests {
		if p.cdn != nil {
			ttl = min(ttl, p.cdn.TTL)
		}
	}
	return ttl
}

// appendURL signs one. URLs hold no character that JSON would escape: paths are those of assets, tokens have their alphabets.
func (p *placed) appendURL(b []byte, t *sign.Target, ip netip.Addr) ([]byte, error) {
	if p.cdn == nil {
		return append(b, "null"...), nil
	}
	p.aim(t, ip)
	b, err := p.cdn.Signer.AppendURL(append(b, '"'), t)
	return append(b, '"'), err
}

// aim has the target be this manifest, for a viewer.
func (p *placed) aim(t *sign.Target, ip netip.Addr) {
	t.Path, t.IP = p.path, netip.Addr{}
	if p.cdn.BindIP {
		t.IP = ip
	}
}

func appendTime(b []byte, t time.Time) []byte {
	return append(t.UTC().AppendFormat(append(b, '"'), "2006-01-02T15:04:05.000Z"), '"')
}
