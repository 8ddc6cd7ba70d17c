package listings

import (
	"net/url"
	"strconv"
)

const maxURL = 2048

// artwork finds the best of the pictures that a programme names.
type artwork struct {
	thumbnail, poster, backdrop picture
}

type picture struct {
	url  string
	size int // 0: it doesn't say
}

// offer takes a picture that is larger than what is there, or the first of its size.
func (p *picture) offer(address string, size int) {
	if (p.url == "" || size > p.size) && isWebAddress(address) {
		*p = picture{address, size}
	}
}

// isWebAddress reports whether a text is an absolute http(s) URL that the contract has room for. One with a user name is
// not for the public.
func isWebAddress(text string) bool {
	if len(text) > maxURL {
		return false
	}
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http")
}

// area is how large an icon says it is, 0 if it doesn't.
func area(width, height []byte) int {
	w, errWidth := strconv.ParseUint(string(width), 10, 15)
	h, errHeight := strconv.ParseUint(string(height), 10, 15)
	if errWidth != nil || errHeight != nil {
		return 0
	}
	return int(w * h)
}
