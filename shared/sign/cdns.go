package sign

import "strings"

// CDNs finds the CDN of an asset. It is safe for concurrent use, and does not change.
type CDNs struct {
	byPrefix map[string]*CDN // by a path without its last slash; "" is for all
	verifier *Verifier
}

// For finds the CDN of an asset by the longest configured prefix of its path, in whole segments: "/vod" is one of
// "/vod/abc/master.m3u8" and of "/vod", not of "/vodka". It is nil when none is configured for it.
func (c *CDNs) For(assetPath string) *CDN {
	for prefix := strings.TrimSuffix(assetPath, "/"); ; {
		if cdn := c.byPrefix[prefix]; cdn != nil {
			return cdn
		}
		i := strings.LastIndexByte(prefix, '/')
		if i < 0 {
			return nil
		}
		prefix = prefix[:i]
	}
}

// Verifier is of the keys of all CDNs whose signer is hmac; nil when there is none.
func (c *CDNs) Verifier() *Verifier { return c.verifier }
