package proxy

import "bytes"

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
