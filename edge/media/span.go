package media

import (
	"strconv"
	"strings"
)

// span is a part of a file, in bytes.
type span struct{ from, length int64 }

// readRange is the part of a file that a Range header asks for, and whether it is that part that is to be sent, the whole
// file, or nothing, as there is no such range. The unit's case does not matter (RFC 9110, 14.1). Several ranges at once, other
// units and what can't be read count as no header (14.2).
func readRange(header string, size int64) (span, outcome) {
	unit, text, _ := strings.Cut(header, "=")
	first, last, dash := strings.Cut(text, "-")
	if strings.ToLower(unit) != "bytes" || !dash { // EqualFold would take a long s, too
		return span{0, size}, whole
	}
	from, to, ok := bounds(first, last, size)
	switch {
	case !ok:
		return span{0, size}, whole
	case from >= size:
		return span{}, noRange
	}
	return span{from, to - from + 1}, part
}

// bounds are the first and last byte of a range; false when it can't be read. Without a first one it is the last so many.
func bounds(first, last string, size int64) (int64, int64, bool) {
	if first == "" {
		n, ok := number(last)
		return max(size-n, 0), size - 1, ok
	}
	from, ok := number(first)
	if last == "" {
		return from, size - 1, ok
	}
	to, isNumber := number(last)
	return from, min(to, size-1), ok && isNumber && from <= to
}

// number reads digits and nothing else. More than there can be are as many as there can be.
func number(s string) (int64, bool) {
	n, err := strconv.ParseUint(s, 10, 63)
	return int64(n), err == nil || n > 0
}
