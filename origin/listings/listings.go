// Package listings reads programme listings, XMLTV and JSON, as streams. It knows no database.
//
// A reader hands on what it reads piece by piece: channels and programmes, and a Fault for each programme that it had to
// skip. A document that is no listings ends with a Refusal, which may come after any number of programmes: nothing should be
// done with them before the reader has returned nil. Settle then makes a schedule of the programmes of one channel.
//
// How feeds are read, rule by rule, is described in shared/docs/XMLTV.md. What may surprise:
//   - A bare & is text. Every other thing that is not well-formed XML is a Refusal with its line.
//   - Entities of HTML are understood without being declared; a document that declares entities is refused.
//   - Memory is bounded whatever the document: see the limits beside each reader.
package listings

import (
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"encora/origin/vocab"
)

// Options say what a document doesn't say of itself.
type Options struct {
	Zone    *time.Location // of times without one; nil is UTC
	Unicode bool           // the text is Unicode already, whatever encoding it declares
}

// Text is a text in a language: a BCP-47 tag, or "" when the feed names none.
type Text struct {
	Lang  string `json:"lang,omitempty"`
	Value string `json:"value"`
}

// Channel is a channel that a feed declares.
type Channel struct {
	Line  int64
	ID    string
	Names []Text
}

// Moment is a time as a feed tells it, in Unix seconds. A time of the clock that is read twice in the night when clocks go
// back, or never in the one when they go forward, has two readings, of which Settle chooses.
type Moment struct {
	At    int64 `json:"at"`
	Later int64 `json:"later,omitempty"` // the other reading; 0: there is none
}

// Programme is a programme as a feed has it. It can be kept as JSON between the reader and Settle. One without titles was
// skipped: it is nothing but the start at which the one before it ends.
type Programme struct {
	Line         int64          `json:"line"`
	Channel      string         `json:"channel"` // the feed's own id
	Start        Moment         `json:"start"`
	Stop         *Moment        `json:"stop,omitempty"`
	Length       int64          `json:"length,omitempty"` // seconds
	Part         int            `json:"part,omitempty"`   // of a slot that several programmes share: this one's place, from 0,
	Parts        int            `json:"parts,omitempty"`  // and how many they are; 0: it has its slot alone
	Titles       []Text         `json:"titles"`
	SubTitles    []Text         `json:"sub_titles,omitempty"`
	Descriptions []Text         `json:"descriptions,omitempty"`
	Language     string         `json:"language,omitempty"`
	Rating       string         `json:"rating,omitempty"` // the contract's
	Season       *int           `json:"season,omitempty"` // from one, as viewers count
	Episode      *int           `json:"episode,omitempty"`
	Categories   []string       `json:"categories,omitempty"`
	Images       vocab.ImageSet `json:"images,omitzero"`

	// Of JSON only.
	ID             *uuid.UUID `json:"id,omitempty"`
	LinkedVODID    *uuid.UUID `json:"linked_vod_id,omitempty"`
	CatchupBlocked *bool      `json:"catchup_blocked,omitempty"`
}

// Entry is a programme that is ready for a schedule.
type Entry struct {
	Line           int64
	Title          string
	Description    string
	ContentRating  string // one of the contract's, or ""
	Language       string // BCP-47, or ""
	Start, End     time.Time
	Season         *int
	Episode        *int
	Categories     []string
	Images         vocab.ImageSet
	ID             *uuid.UUID
	LinkedVODID    *uuid.UUID
	CatchupBlocked *bool
}

// Fault is one bad programme, which is skipped.
type Fault struct {
	Line    int64
	Channel string // the feed's own id; "" when it names none
	Code    string
	Message string
	Start   *Moment // of one that is skipped although this is known; Settle takes it as a Programme without titles
}

// Codes of faults.
const (
	FaultNoChannel       = "no_channel"
	FaultNoTitle         = "no_title"
	FaultNoStart         = "no_start"
	FaultInvalidTime     = "invalid_time"
	FaultUnknownZone     = "unknown_zone"
	FaultNoEnd           = "no_end"
	FaultZeroLength      = "zero_length"
	FaultStopBeforeStart = "stop_before_start"
	FaultTooLong         = "too_long"  // it lasts more than seven days
	FaultTooLarge        = "too_large" // more text, elements or attributes than a programme has
	FaultDuplicate       = "duplicate"
	FaultInvalidChannel  = "invalid_channel" // a declared channel without an id
	FaultUnknownField    = "unknown_field"
	FaultInvalidField    = "invalid_field"
)

// Refusal is why a document is no listings.
type Refusal struct {
	Line    int64
	Code    string
	Message string
}

// Codes of refusals.
const (
	RefusedEmpty           = "empty"
	RefusedHTML            = "html"
	RefusedJSON            = "json"
	RefusedXML             = "xml"
	RefusedCompressed      = "compressed"
	RefusedNotXML          = "not_xml"
	RefusedNotJSON         = "not_json"
	RefusedNotListings     = "not_listings"
	RefusedMalformed       = "malformed"
	RefusedTruncated       = "truncated"
	RefusedTrailing        = "trailing"
	RefusedEntities        = "entities"
	RefusedUndefinedEntity = "undefined_entity"
	RefusedUnknownEncoding = "unknown_encoding"
	RefusedInvalidEncoding = "invalid_encoding"
	RefusedTooLarge        = "too_large"
	RefusedNoProgrammes    = "no_programmes"
)

func (r Refusal) Error() string { return "line " + strconv.FormatInt(r.Line, 10) + ": " + r.Message }

func refusal(line int64, code, format string, args ...any) Refusal {
	return Refusal{line, code, fmt.Sprintf(format, args...)}
}

// Handler takes what a reader reads, in the document's order. An error of its ends the reading.
type Handler interface {
	Channel(Channel) error
	Programme(*Programme) error // its own to keep
	Fault(Fault) error
}
