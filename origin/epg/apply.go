package epg

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"encora/origin/record"
	"encora/origin/vocab"
)

// Incoming is a programme as a feed has it: what is to be in the schedule of one channel.
type Incoming struct {
	ID             uuid.UUID // of the programme that it is, if the feed says so; what is no id of the channel's counts for nothing
	Title          string
	Description    string
	ContentRating  string // one of the contract's, or ""
	Language       string // BCP-47, or ""
	Start, End     time.Time
	Season         *int
	Episode        *int
	Categories     []string
	Images         vocab.ImageSet
	LinkedVODID    *uuid.UUID // nil: the feed says nothing, what an editor set stays
	CatchupBlocked *bool      // nil: the same
}

// Diff is what a feed changes in a channel's schedule.
type Diff struct {
	Created   int      `json:"created"`
	Updated   int      `json:"updated"` // the moved ones, too
	Deleted   int      `json:"deleted"`
	Unchanged int      `json:"unchanged"`
	Changes   []Change `json:"changes"` // the first of them, by time
}

// Change is one programme that a feed changes, as it is after that; a deleted one as it was.
type Change struct {
	Action    string    `json:"action" enum:"created,updated,moved,deleted"`
	ProgramID uuid.UUID `json:"program_id"`
	Title     string    `json:"title"`
	StartTime time.Time `json:"start_time"`
	EndTime   time.Time `json:"end_time"`
}

// ErrNoChannel reports a channel that is not there, or not any more.
var ErrNoChannel = errors.New("there is no such channel")

// apply makes a feed's programmes the channel's.
func (d *Domain) apply(ctx context.Context, w *record.Tx, channelID uuid.UUID, feed []Incoming, replace bool) (Diff, error) {
	return Diff{}, errors.ErrUnsupported
}
