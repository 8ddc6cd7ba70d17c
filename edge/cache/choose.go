package cache

import "bytes"

// Choose picks the variant to send (RFC 9110, 12.5.3): of those stored, the one with the highest weight, and among equals
// the one that is liked best. A client that accepts none gets the text as it is.
func (a *Answer) Choose(acceptEncoding []byte) Encoding {
	if len(acceptEncoding) == 0 {
		return Identity
	}
	weights := [encodings]int{-1, -1, -1, -1}
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
		for e := range encodings {
			if len(token) == len(tokens[e]) && bytes.EqualFold(token, tokenBytes[e]) {
				weights[e] = w
			}
		}
	}
	best, most := Identity, 0
	for e, w := range weights {
		if w < 0 {
			w = others
		}
		if w < 0 && Encoding(e) == Identity {
			w = 1 // always acceptable unless excluded, but less than what is asked for
		}
		if w > most && a.Has(Encoding(e)) {
			best, most = Encoding(e), w
		}
	}
	return best
}

var (
	comma, semicolon = []byte(","), []byte(";")
	tokenBytes       = func() [encodings][]byte {
		var t [encodings][]byte
		for e := range encodings {
			t[e] = []byte(tokens[e])
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
