package proxy

import (
	"bytes"

	"encora/edge/cache"
)

// codings are the variants in the order in which they are liked.
var codings = [...]cache.Encoding{cache.Brotli, cache.Zstd, cache.Gzip, cache.Identity}

// choose picks the variant to send (RFC 9110, 12.5.3): of those stored, the one with the highest weight, and among equals
// the one that is liked best. A client that accepts none gets the text as it is.
func choose(acceptEncoding []byte, a *cache.Answer) cache.Encoding {
	if len(acceptEncoding) == 0 {
		return cache.Identity
	}
	weights := [len(codings)]int{-1, -1, -1, -1}
	others := -1
	for rest := acceptEncoding; len(rest) > 0; {
		var item []byte
		item, rest, _ = bytes.Cut(rest, comma)
		token, params, _ := bytes.Cut(item, semicolon)
		token = bytes.Trim(token, " \t")
		w := weight(params)
		if string(token) == "*" {
			others = w
		}
		for i, c := range codings {
			if len(token) == len(c.Token()) && bytes.EqualFold(token, tokenBytes[i]) {
				weights[i] = w
			}
		}
	}
	best, most := cache.Identity, 0
	for i, c := range codings {
		w := weights[i]
		if w < 0 {
			w = others
		}
		if w < 0 && c == cache.Identity {
			w = 1 // always acceptable unless excluded, but less than what is asked for
		}
		if w > most && a.Has(c) {
			best, most = c, w
		}
	}
	return best
}

var (
	comma, semicolon = []byte(","), []byte(";")
	tokenBytes       = func() [len(codings)][]byte {
		var t [len(codings)][]byte
		for i, c := range codings {
			t[i] = []byte(c.Token())
		}
		return t
	}()
)

// weight reads a quality value in thousandths: 1000 without one, 0 for what is none.
func weight(params []byte) int {
	params = bytes.Trim(params, " \t")
	if len(params) == 0 {
		return 1000
	}
	if len(params) < 3 || params[0]|0x20 != 'q' || params[1] != '=' || params[2] != '0' && params[2] != '1' {
		return 0
	}
	w, unit := int(params[2]-'0')*1000, 100
	for i, c := range params[3:] {
		switch {
		case i == 0 && c == '.':
		case i > 0 && i < 4 && '0' <= c && c <= '9':
			w += int(c-'0') * unit
			unit /= 10
		default:
			return 0
		}
	}
	if w > 1000 {
		return 0
	}
	return w
}

// bare is an entity tag without weakness, quotes and the suffix of its coding.
func bare(tag []byte) []byte {
	tag = bytes.TrimPrefix(tag, []byte("W/"))
	if len(tag) < 2 || tag[0] != '"' || tag[len(tag)-1] != '"' {
		return nil
	}
	tag, _, _ = bytes.Cut(tag[1:len(tag)-1], []byte("-"))
	return tag
}

// matches reports whether If-None-Match holds the entity tag (RFC 9110, 13.1.2). Codings don't count: a client that has
// the text compressed has the text.
func matches(ifNoneMatch []byte, etag string) bool {
	if len(ifNoneMatch) == 0 {
		return false
	}
	own := bare([]byte(etag))
	for len(ifNoneMatch) > 0 {
		var one []byte
		one, ifNoneMatch, _ = bytes.Cut(ifNoneMatch, []byte(","))
		one = bytes.TrimSpace(one)
		if string(one) == "*" || bytes.Equal(bare(one), own) {
			return true
		}
	}
	return false
}
