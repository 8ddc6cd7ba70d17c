package epg

import (
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/vocab"
)

// Program is a programme as viewers see it. Its parts are apart because edges compute what lies between them
// (wire.DayProgram).
type Program struct {
	programFront
	programFlags
	programBack
}

// programFront is what stands before the values that follow from the clock.
type programFront struct {
	ID              uuid.UUID `json:"id"`
	ChannelID       uuid.UUID `json:"channel_id"`
	Title           string    `json:"title"`
	Description     string    `json:"description,omitempty"`
	ContentRating   string    `json:"content_rating,omitempty"`
	Language        string    `json:"language,omitempty"`
	StartTime       time.Time `json:"start_time"`
	EndTime         time.Time `json:"end_time"`
	DurationMinutes int       `json:"duration_minutes" db:"-"`
}

// programFlags follow from the clock and the channel's catch-up settings.
type programFlags struct {
	IsLive             bool       `json:"is_live" db:"-" doc:"True while the programme is currently airing."`
	IsCatchupAvailable bool       `json:"is_catchup_available" db:"-" doc:"True when this past programme is available for catch-up replay via /channels/{id}/catchup."`
	CatchupExpiresAt   *time.Time `json:"catchup_expires_at" db:"-" nullable:"true" doc:"When catch-up availability expires. Null if not available."`
}

type programBack struct {
	SeasonNumber  *int           `json:"season_number" nullable:"true"`
	EpisodeNumber *int           `json:"episode_number" nullable:"true"`
	Categories    []string       `json:"categories"`
	Images        vocab.ImageSet `json:"images"`
	LinkedVODID   *uuid.UUID     `json:"linked_vod_id,omitempty" db:"linked_vod_id"`
}

// AdminProgram is a programme as editors see it.
type AdminProgram struct {
	Program
	CatchupBlocked bool `json:"catchup_blocked" doc:"Forbids catch-up of this programme, whatever the channel allows."`
}

// Location is the address of the programme for editors.
func (p AdminProgram) Location() string { return "/v2/admin/epg/programs/" + p.ID.String() }

// Incoming is a programme as a feed has it: what is to be in the schedule of one channel.
type Incoming struct {
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
	Created, Updated, Deleted, Unchanged int
}

func (d *Domain) programEntries() []api.Entry { return nil }
