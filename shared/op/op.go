// Package op describes operations of the API as plain data. The origin's typed entries are its source; `make gen` writes
// them to ops.gen.json, from which the edge takes routes, cache policy and metric labels, and the load tools their lists.
package op

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

// Serve says which tier answers an operation, and how.
type Serve string

const (
	Hot Serve = "hot" // the edge answers from its cache and fills from the origin
	// Composed answers are put together by the edge from parts that it caches, for every request anew.
	Composed Serve = "composed"
	Pass     Serve = "pass"   // the edge checks the token and passes the request on, uncached
	Origin   Serve = "origin" // only the origin's own listener has it; at the edge it is 404
	Both     Serve = "both"   // each binary answers for itself
	Stream   Serve = "stream" // the edge starts a playback session at the origin and signs its URLs
	Beat     Serve = "beat"   // the edge answers from the session in its memory and tells the origin in batches
)

// Shift says where in a channel's time a stream begins.
type Shift string

const (
	NoShift   Shift = ""          // a title from its beginning, a channel now
	CatchUp   Shift = "catchup"   // a past programme, by program_id
	StartOver Shift = "startover" // the programme on air, from its beginning
)

// Access values beside the scopes.
const (
	Public = "public" // no token
	Viewer = "viewer" // a token with an account_id
)

// Op is one operation. Its zero value is not useful.
type Op struct {
	ID           string  `json:"id"` // the contract's name, such as getMovie; also the metric label
	Method       string  `json:"method"`
	Path         string  `json:"path"`   // with {name} for path values
	Access       string  `json:"access"` // Public, Viewer or a scope such as content:read
	Serve        Serve   `json:"serve"`
	Success      int     `json:"success"`
	ByAudience   bool    `json:"by_audience,omitempty"`   // the answer varies by the viewer's audience class
	MaxAge       int     `json:"max_age,omitempty"`       // seconds for `public, max-age`; 0 is `private, no-cache`
	Query        []Param `json:"query,omitempty"`         // known query parameters, sorted by name; others are ignored and unkeyed
	MaxBody      int64   `json:"max_body,omitempty"`      // bytes; 0 means that no body is read
	EndsSessions bool    `json:"ends_sessions,omitempty"` // of what is passed: may end playback sessions
	Content      string  `json:"content,omitempty"`       // of a Stream: the content type that the path's value is an id of
	Shift        Shift   `json:"shift,omitempty"`         // of a Stream
}

// Param is a query parameter as far as keys and load tools need it.
type Param struct {
	Name    string `json:"name"`
	List    bool   `json:"list,omitempty"`    // a set: repeated or comma-separated, order without meaning
	Ordered bool   `json:"ordered,omitempty"` // a list whose order has a meaning
	Fold    bool   `json:"fold,omitempty"`    // letters of both cases are the same: a list of UUIDs
	Default string `json:"default,omitempty"` // the value that equals absence
	Page    bool   `json:"page,omitempty"`    // selects or projects a page (cursor, limit, fields): no part of the filters
}

//go:embed ops.gen.json
var generated []byte

// All returns every operation that the origin declares, in the contract's order.
func All() ([]Op, error) {
	var ops []Op
	if err := json.Unmarshal(generated, &ops); err != nil {
		return nil, fmt.Errorf("ops.gen.json: %w (run `make gen`)", err)
	}
	return ops, nil
}
