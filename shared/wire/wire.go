// Package wire holds the words that edge and origin speak on the internal listener (ARCHITECTURE.md, "Between edge and
// origin"). Everything below is HTTP/1.1 with `Authorization: Bearer <one of EDGE_KEYS>`.
package wire

import "time"

// Paths of the internal listener.
const (
	FeedPath      = "/internal/feed"      // GET ?epoch=&after=&wait_ms= : long poll of the change feed
	FillPrefix    = "/internal/fill"      // GET + viewer path + canonical query: an answer to cache
	PassPrefix    = "/internal/pass"      // any method + path: an operation that is not cached
	AudiencesPath = "/internal/audiences" // GET: an Audiences, itself a cacheable answer
)

// Request headers, edge → origin.
const (
	AsOf       = "Encora-As-Of"     // RFC 3339 with nanoseconds, UTC: the instant for which to answer
	Deny       = "Encora-Deny"      // comma-separated ids of the geo rules that deny the viewer's country, sorted
	Plan       = "Encora-Plan"      // the plan that stands for the viewer's catalogue filter; absent: everything
	ClassPos   = "Encora-Class-Pos" // Deny and Plan hold as of this feed position; 409, with Pos, when the audience map has changed since
	MinPos     = "Encora-Min-Pos"   // the snapshot must hold this feed position at least
	ClientAddr = "Encora-Client-IP" // pass-through: the viewer's address, already checked by the edge
	Country    = "Encora-Country"   // pass-through: the viewer's country as the edge found it, or ZZ
	RequestID  = "X-Request-Id"
	EdgeKey    = "Encora-Edge-Key" // pass-through: one of EDGE_KEYS; Authorization is the viewer's own
)

// Answer headers, origin → edge.
const (
	Epoch = "Encora-Epoch" // identity of the feed that Pos counts in
	Pos   = "Encora-Pos"   // feed position of the snapshot that answered
	Tags  = "Encora-Tags"  // comma-separated tags of everything that can change this answer; absent: don't store
	Until = "Encora-Until" // RFC 3339: the instant at which the clock alone changes this answer; absent: never
)

// Tags of the audience map: a change that carries one may put viewers into another class.
const (
	TagTerritories = "geo"     // which rules deny a country
	TagFilters     = "filters" // the plans' catalogue filters
)

// Hard marks a tag of a change that takes something away (unpublish, delete, a new geo block): answers that carry the
// tag are never served again, not even stale while the origin is away.
const Hard = '!'

// Change is one entry of the feed: the answers that carry one of Tags changed at Pos.
type Change struct {
	Pos  uint64   `json:"pos"`
	Tags []string `json:"tags"`
}

// FeedPage answers one poll of the feed.
type FeedPage struct {
	Epoch string `json:"epoch"`
	// Reset says that the asked position can't be continued from (no or foreign epoch, trimmed, or past the head): the
	// edge starts a new world whose floor is Head. Changes is then empty.
	Reset bool   `json:"reset"`
	Head  uint64 `json:"head"`
	// Changes follow the asked position without a gap, oldest first; there may be more (Changes ends before Head).
	Changes []Change `json:"changes"`
	// Now is the origin's clock when it answered; edges correct theirs by it.
	Now time.Time `json:"now"`
	// WaitedMS is how long the origin held the poll; request start + WaitedMS is an instant at which Head was the head.
	WaitedMS int64 `json:"waited_ms"`
}

// Audiences is the body of AudiencesPath: what decides who may see what.
type Audiences struct {
	// Deny has, for each ISO 3166-1 alpha-2 country (and ZZ, unknown) that any rule in use denies, the sorted ids of those
	// rules. A country that is absent is denied by none.
	Deny map[string][]string `json:"deny"`
	// Filters are the plans' catalogue filters. A plan that is in none of them sees everything.
	Filters []PlanFilter `json:"filters,omitempty"`
}

// PlanFilter is one catalogue filter.
type PlanFilter struct {
	Plans []string `json:"plans"` // ids of the plans that have it, sorted; the first stands for all of them
	Hash  string   `json:"hash"`  // of the filter's text: other texts have others
}
