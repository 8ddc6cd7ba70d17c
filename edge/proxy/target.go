package proxy

import (
	"bytes"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"encora/shared/fault"
)

// target is a request's path, spelled one way, and its query as sent.
type target struct {
	path  string
	query string
}

// readTarget takes a raw request target apart. Spellings that two programs in a row might read in two ways are refused:
// encoded slashes, backslashes and controls, dot segments, empty segments, path parameters.
func readTarget(raw []byte) (target, *fault.Fault) {
	s, ok := originForm(string(raw))
	if !ok {
		return target{}, errMalformed
	}
	path, query, _ := strings.Cut(s, "?")
	if len(path) > 1 && strings.Contains(path, "//") || strings.ContainsAny(path, ";\\#") || !printable(s) || nulEscaped(query) {
		return target{}, errMalformed
	}
	for segment := range strings.SplitSeq(path[1:], "/") {
		if segment == "." || strings.Contains(segment, "..") {
			return target{}, errMalformed
		}
	}
	if path, ok = canonicalPath(path); !ok {
		return target{}, errMalformed
	}
	return target{path: path, query: query}, nil
}

// originForm strips scheme and authority off a target in absolute form, which servers must accept (RFC 9112, 3.2.2).
func originForm(s string) (string, bool) {
	if strings.HasPrefix(s, "/") {
		return s, true
	}
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return "", false
	}
	slash := strings.IndexByte(rest, '/')
	if slash < 1 || strings.ContainsAny(rest[:slash], "@?#") {
		return "", false
	}
	return rest[slash:], true
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func nulEscaped(query string) bool { return strings.Contains(query, "%00") }

// canonicalPath spells every segment as url.PathEscape does. What would change the path's shape when decoded is refused.
func canonicalPath(path string) (string, bool) {
	if !strings.ContainsFunc(path, odd) {
		return path, true
	}
	var b strings.Builder
	for segment := range strings.SplitSeq(path[1:], "/") {
		v, err := url.PathUnescape(segment)
		if err != nil || !utf8.ValidString(v) || v == "." || strings.Contains(v, "..") || strings.ContainsFunc(v, unfit) {
			return "", false
		}
		b.WriteByte('/')
		b.WriteString(url.PathEscape(v))
	}
	return b.String(), true
}

// odd reports whether a character may be spelled in more than one way.
func odd(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_' || r == '.' || r == '~' || r == '/')
}

// unfit reports whether a decoded character has no place in a path segment.
func unfit(r rune) bool {
	return r < ' ' || r == 0x7F || r == '/' || r == '\\' || r == '%' || r == ';' || r == '?' || r == '#'
}

// sound reports whether the header section reads the same to every server. fasthttp has refused most of what is not;
// this is about what it tolerates: folded lines, bare line feeds, spaces in names, and two ideas of how long the body is.
func sound(h *fasthttp.RequestHeader) bool {
	lengths, codings, tokens := 0, 0, 0
	for rest := h.RawHeaders(); len(rest) > 0; {
		line, more, _ := bytes.Cut(rest, []byte("\n"))
		rest = more
		if len(line) == 0 || line[len(line)-1] != '\r' {
			return false
		}
		if line = line[:len(line)-1]; len(line) == 0 {
			break
		}
		colon := bytes.IndexByte(line, ':')
		if colon < 1 || !isToken(line[:colon]) {
			return false
		}
		switch name := string(line[:colon]); {
		case strings.EqualFold(name, fasthttp.HeaderContentLength):
			lengths++
		case strings.EqualFold(name, fasthttp.HeaderTransferEncoding):
			codings++
			if !strings.EqualFold(strings.TrimSpace(string(line[colon+1:])), "chunked") {
				return false
			}
		case strings.EqualFold(name, fasthttp.HeaderAuthorization):
			tokens++
		}
	}
	return lengths+codings <= 1 && tokens <= 1
}

// isToken reports whether b is a header name (RFC 9110, 5.6.2).
func isToken(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c > '~' || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return true
}
