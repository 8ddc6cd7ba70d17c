package epg

import (
	"time"

	"github.com/google/uuid"

	"encora/origin/vocab"
	"encora/shared/fault"
)

// Program is a programme as viewers see it. Its parts are apart because edges compute what lies between them
// (wire.DayProgram).
type Program struct {
	ProgramFront
	ProgramFlags
	ProgramBack
}

// ProgramFront is what stands before the values that follow from the clock.
type ProgramFront struct {
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

// ProgramFlags follow from the clock and the channel's catch-up settings.
type ProgramFlags struct {
	IsLive             bool       `json:"is_live" db:"-" doc:"True while the programme is currently airing."`
	IsCatchupAvailable bool       `json:"is_catchup_available" db:"-" doc:"True when this past programme is available for catch-up replay via /channels/{id}/catchup."`
	CatchupExpiresAt   *time.Time `json:"catchup_expires_at" db:"-" nullable:"true" doc:"When catch-up availability expires. Null if not available."`
}

// ProgramBack is what stands after them.
type ProgramBack struct {
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

// Version implements api.Versioned: what follows from the clock is no part of it.
func (p AdminProgram) Version() any {
	p.ProgramFlags = ProgramFlags{}
	return p
}

// ProgramWrite is the body of create and replace. What follows from the clock is taken and ignored.
type ProgramWrite struct {
	ChannelID          uuid.UUID      `json:"channel_id"`
	Title              string         `json:"title" minLength:"1" maxLength:"255" pattern:"^[^\\r\\n]*\\S[^\\r\\n]*$" patternDescription:"a text on one line that is not blank"`
	Description        string         `json:"description,omitempty" maxLength:"2000"`
	ContentRating      string         `json:"content_rating,omitempty" enum:"G,PG,PG-13,R,NC-17,TV-Y,TV-G,TV-PG,TV-14,TV-MA,UNRATED"`
	Language           string         `json:"language,omitempty" maxLength:"35" doc:"Programme broadcast language (BCP-47)."`
	StartTime          time.Time      `json:"start_time"`
	EndTime            time.Time      `json:"end_time" doc:"After start_time, by 7 days at most."`
	DurationMinutes    *int           `json:"duration_minutes,omitempty" nullable:"true" doc:"Computed; what is sent is ignored."`
	IsLive             bool           `json:"is_live" doc:"True while the programme is currently airing. Computed; what is sent is ignored."`
	IsCatchupAvailable bool           `json:"is_catchup_available" doc:"True when this past programme is available for catch-up replay via /channels/{id}/catchup. Computed; what is sent is ignored."`
	CatchupExpiresAt   *time.Time     `json:"catchup_expires_at,omitempty" nullable:"true" doc:"When catch-up availability expires. Null if not available. Computed; what is sent is ignored."`
	SeasonNumber       *int           `json:"season_number,omitempty" nullable:"true" minimum:"0" maximum:"1000000" doc:"Season number for episodic content broadcast on live TV."`
	EpisodeNumber      *int           `json:"episode_number,omitempty" nullable:"true" minimum:"0" maximum:"1000000" doc:"Episode number within the season."`
	Categories         []string       `json:"categories,omitempty" minLength:"1" maxLength:"100" maxItems:"100" doc:"Genre/category tags."`
	Images             vocab.ImageSet `json:"images,omitzero" doc:"Content artwork. All URLs are CDN-hosted, immutable, and cache-safe."`
	LinkedVODID        *uuid.UUID     `json:"linked_vod_id,omitempty" doc:"Linked VOD asset ID — allows direct navigation to the VOD version."`
	CatchupBlocked     bool           `json:"catchup_blocked,omitempty" default:"false" doc:"Forbids catch-up of this programme, whatever the channel allows."`
}

// Faults implements api.Checked. The time before all others stands for an absent one, which the schema finds fault with.
func (b *ProgramWrite) Faults() []fault.Detail {
	var faults vocab.Faults
	faults.Language("language", b.Language)
	faults.Images("images", b.Images)
	switch length := wholeSecond(b.EndTime).Sub(wholeSecond(b.StartTime)); {
	case b.StartTime.IsZero():
		faults.Add("start_time", "out_of_range", "No programme started at that time.")
	case b.EndTime.IsZero() || length <= 0:
		faults.Add("end_time", "out_of_range", "A programme must end after it starts, by a whole second at least.")
	case length > maxDuration:
		faults.Add("end_time", "out_of_range", "A programme must end within 7 days of its start.")
	}
	return faults
}

// maxDuration is the longest that a programme lasts: what is on air at an instant began within it.
const maxDuration = 7 * 24 * time.Hour

// program is a programme as the database holds it.
type program struct {
	Program
	CatchupBlocked bool
}

// at is the programme's representation at an instant; catchupDays are its channel's, 0 where that has no catch-up.
func (p *program) at(instant time.Time, catchupDays int) Program {
	shown := p.Program
	shown.DurationMinutes = int(p.EndTime.Sub(p.StartTime) / time.Minute)
	shown.ProgramFlags = ProgramFlags{IsLive: !instant.Before(p.StartTime) && instant.Before(p.EndTime)}
	if expiry := p.expiry(catchupDays); expiry != nil && !instant.Before(p.EndTime) && instant.Before(*expiry) {
		shown.IsCatchupAvailable, shown.CatchupExpiresAt = true, expiry
	}
	return shown
}

// admin is the editors' representation at an instant.
func (p *program) admin(instant time.Time, catchupDays int) AdminProgram {
	return AdminProgram{p.at(instant, catchupDays), p.CatchupBlocked}
}

// expiry is the instant at which catch-up of the programme ends; nil when it has none.
func (p *program) expiry(catchupDays int) *time.Time {
	if catchupDays <= 0 || p.CatchupBlocked {
		return nil
	}
	at := p.EndTime.Add(time.Duration(catchupDays) * 24 * time.Hour)
	return &at
}

// copyFrom takes over what a body says of the programme itself.
func (p *program) copyFrom(b *ProgramWrite) {
	p.Title, p.Description, p.ContentRating, p.Language = b.Title, b.Description, b.ContentRating, b.Language
	p.StartTime, p.EndTime = wholeSecond(b.StartTime), wholeSecond(b.EndTime)
	p.SeasonNumber, p.EpisodeNumber = b.SeasonNumber, b.EpisodeNumber
	p.Categories, p.Images, p.LinkedVODID, p.CatchupBlocked = vocab.Some(b.Categories), b.Images, b.LinkedVODID, b.CatchupBlocked
}

// wholeSecond is a programme's start or end as it is kept.
func wholeSecond(t time.Time) time.Time { return time.Unix(t.Unix(), 0).UTC() }

func tagProgram(id uuid.UUID) string { return "program:" + id.String() }
