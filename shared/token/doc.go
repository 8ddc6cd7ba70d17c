// Package token says who is calling: it verifies OAuth 2.0 bearer JWTs (RFC 6750, RFC 7519) against an issuer's JWKS
// (RFC 7517) and, for development, is such an issuer itself. Edge and origin use it alike.
//
// The algorithm belongs to the key, never to the token (RFC 8725, 3.1), so neither `none` nor an HMAC keyed with a public
// key can pass. A verified token is remembered for a minute at most, which costs a lookup instead of a signature check.
package token
