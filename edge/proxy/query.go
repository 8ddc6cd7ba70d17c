package proxy

import (
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"

	"encora/shared/fault"
)

const (
	memoSlots = 1 << 12
	memoQuery = 512 // bytes of the longest query that is remembered
)

// memo remembers how queries were rewritten, so that a hit with a query string allocates nothing. It is a fixed table in
// which queries that meet push one another out: an endless stream of them costs time, never memory.
type memo struct {
	slots [memoSlots]atomic.Pointer[rewritten]
}

type rewritten struct {
	route          *route
	raw, canonical string
}

func (m *memo) slot(rt *route, raw []byte) *atomic.Pointer[rewritten] {
	return &m.slots[(xxhash.Sum64(raw)+uint64(rt.number))%memoSlots]
}

func (m *memo) get(rt *route, raw []byte) (string, bool) {
	if len(raw) == 0 {
		return "", true
	}
	if w := m.slot(rt, raw).Load(); w != nil && w.route == rt && w.raw == string(raw) {
		return w.canonical, true
	}
	return "", false
}

func (m *memo) put(rt *route, raw, canonical string) {
	if len(raw) <= memoQuery {
		m.slot(rt, []byte(raw)).Store(&rewritten{rt, strings.Clone(raw), strings.Clone(canonical)})
	}
}

// canonical rewrites a hot operation's query for key and fill, and reports whether its cursor, if it has one, was made for
// this list.
func (p *Proxy) canonical(rt *route, path, raw string) (q string, genuine bool, f *fault.Fault) {
	if q, ok := p.memo.get(rt, []byte(raw)); ok {
		return q, true, nil
	}
	q, err := rt.op.Canonical(raw)
	if err != nil {
		return "", false, fault.New(fault.BadRequest, "The query string is malformed.", fault.Detail{Field: "query", Code: "invalid", Message: "is not valid percent-encoding"})
	}
	if !p.cursorsGenuine(rt, path, raw, q) {
		return q, false, nil
	}
	if !strings.Contains(q, "cursor=") || !strings.Contains(rt.op.Path, "{") { // such a cursor was judged for this path alone
		p.memo.put(rt, raw, q)
	}
	return q, true, nil
}

// unreadable is the fault of a request with bad parameters.
func unreadable(wrong ...fault.Detail) *fault.Fault {
	return fault.New(fault.BadRequest, "The request can't be read as this operation.", wrong...)
}

func badCursor() *fault.Fault {
	return unreadable(foreignCursor)
}

// cursorsGenuine verifies the cursor, if the operation has one and it is given once; more are the origin's to refuse.
func (p *Proxy) cursorsGenuine(rt *route, path, raw, canonical string) bool {
	if !strings.Contains(canonical, "cursor=") {
		return true
	}
	given, err := url.ParseQuery(canonical)
	if err != nil {
		return false
	}
	filters, err := rt.op.Scope(path, raw)
	if err != nil {
		return false
	}
	for _, c := range given["cursor"] {
		if c != "" && !p.Cursors.Verify(rt.op.ID, filters, c) {
			return false
		}
	}
	return true
}
