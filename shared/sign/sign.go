// Package sign makes the signed URLs of stream manifests, by one of four plug-ins that the CDN of an asset is configured
// with: our own path token (which Verifier checks), Akamai EdgeAuth 2.0, CloudFront, and CTA's Common Access Token. Every URL
// is bound to the folder of its manifest, an expiry and a session; to the viewer's address where that is asked for.
//
// The configuration is one JSON document:
//
//	{"cdns": [{
//	  "name": "own",                              // for people, and for errors
//	  "paths": ["/"],                             // prefixes of assets' paths, in whole segments; the longest one wins
//	  "base_url": "https://media.example.com",    // what assets' paths are appended to
//	  "signer": "hmac",                           // or akamai, cloudfront, cat
//	  "keys": [{"id": "a", "secret": "<hex>"}, …] // the first signs, all verify; what a key holds depends on the signer
//	  "ttl": "10m",                               // optional: how long a URL lives, 1m to 24h
//	  "bind_ip": false,                           // optional: URLs work from the viewer's address only
//	  "parameter": "hdnts",                       // optional, akamai and cat: the query parameter of the token
//	  "policy": "custom",                         // cloudfront: or canned
//	  "issuer": "encora"                          // cat: its iss
//	}]}
//
// shared/docs/SIGNING.md has every field, an example for each signer, what the CDNs have to be told, and how keys rotate.
package sign

import (
	"errors"
	"fmt"
	"net/netip"
	"path"
	"strings"
	"time"

	"github.com/google/uuid"
)

// ErrTarget reports a Target that no URL is made for, because what it asks for can't be bound.
var ErrTarget = errors.New("no URL can be signed")

// Target is what one URL gives access to.
type Target struct {
	Path    string // of the manifest below the CDN's base URL: "/vod/abc/master.m3u8"; segments lie below its folder
	Session uuid.UUID
	Expires time.Time  // whole seconds
	IP      netip.Addr // the viewer's; the zero Addr binds no address
	Begin   time.Time  // of the part of a recording (catch-up, start-over), whole seconds; zero: no part
	End     time.Time
}

// Signer makes signed URLs. It is safe for concurrent use.
type Signer interface {
	// AppendURL appends the whole absolute URL. The error is an ErrTarget, or says why a private key did not sign; b is
	// then returned as it was.
	AppendURL(b []byte, t *Target) ([]byte, error)

	// check is all of AppendURL that can refuse a target, and what the URL gives access to: whoever asks beforehand and
	// whoever signs can't differ.
	check(t *Target) (scope string, err error)
}

// CDN is where the assets below some paths lie.
type CDN struct {
	Name    string
	BaseURL string // without a slash at its end
	Signer  Signer
	TTL     time.Duration // how long its URLs are to live
	BindIP  bool          // whether targets are to name the viewer's address
}

// Check reports why no URL would be made for a target, without the cost of a signature.
func (c *CDN) Check(t *Target) error {
	_, err := c.Signer.check(t)
	return err
}

// scope is what a URL gives access to: the manifest's folder, up to and with its last slash. A manifest at the root is all
// that its URL opens, since its folder would be everything.
func (t *Target) scope() (string, error) {
	if !cleanPath(t.Path) || t.Path == "/" {
		return "", fmt.Errorf("%w: its path is not in the one spelling that signers take", ErrTarget)
	}
	if i := strings.LastIndexByte(t.Path, '/'); i > 0 {
		return t.Path[:i+1], nil
	}
	return t.Path, nil
}

// isFolder tells the scope that is a folder from the one that is a file.
func isFolder(scope string) bool { return strings.HasSuffix(scope, "/") }

// wildcard is what stands behind a scope in patterns.
func wildcard(scope string) string {
	if isFolder(scope) {
		return "*"
	}
	return ""
}

// claims checks everything but the path.
func (t *Target) claims() error {
	switch {
	case t.Session == uuid.Nil:
		return fmt.Errorf("%w: it has no session", ErrTarget)
	case !fits(t.Expires):
		return fmt.Errorf("%w: it has no expiry before 2106", ErrTarget)
	case t.Begin.IsZero() && t.End.IsZero():
		return nil
	case !fits(t.Begin) || !fits(t.End) || t.Begin.Unix() >= t.End.Unix():
		return fmt.Errorf("%w: its part has no end after its beginning", ErrTarget)
	}
	return nil
}

// fits reports whether the time is one of those that tokens have room for: 32 bits of seconds.
func fits(t time.Time) bool { return t.Unix() > 0 && t.Unix() <= 1<<32-1 }

// checked is the scope of a target in order.
func (t *Target) checked() (string, error) {
	if err := t.claims(); err != nil {
		return "", err
	}
	return t.scope()
}

// address is what the URL is bound to: an IPv4 address that came as IPv6 is the same viewer's.
func (t *Target) address() netip.Addr { return t.IP.Unmap().WithZone("") }

func (t *Target) hasPart() bool { return !t.Begin.IsZero() }

// appendPart appends the part's query parameters, if there is one, after sep.
func (t *Target) appendPart(b []byte, sep byte) []byte {
	if !t.hasPart() {
		return b
	}
	b = append(append(b, sep), "begin="...)
	b = t.Begin.UTC().AppendFormat(b, time.RFC3339)
	b = append(b, "&end="...)
	return t.End.UTC().AppendFormat(b, time.RFC3339)
}

// cleanPath reports whether a path is in its one spelling: from the root, without empty, . and .. segments, and of
// characters that no URL escapes, so that it means the same to whoever decodes it once, twice or not at all.
func cleanPath(p string) bool {
	if p == "" || p[0] != '/' || path.Clean(p) != p {
		return false
	}
	for i := range len(p) {
		if !inPaths[p[i]] {
			return false
		}
	}
	return true
}

// inPaths are the characters of RFC 3986's pchar, except for escapes, and the slash.
var inPaths = func() (set [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/") {
		set[c] = true
	}
	return set
}()
