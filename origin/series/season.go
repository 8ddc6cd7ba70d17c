package series

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"encora/origin/vocab"
	"encora/shared/fault"
)

// typeSeason names seasons in the audit log. They are no content of their own: who sees a show, sees those that are no drafts.
const typeSeason = "season"

// statusDraft is the status of a season that viewers don't see; the others are published and completed.
const statusDraft = "draft"

// maxSeasons is how many seasons one show can have: they are listed all at once.
const maxSeasons = 1_000

// Season is a season as viewers see it. title is null when players are to show "Season N", end_date while the season goes on.
// episode_count counts what the caller may see now; for editors, all.
type Season struct {
	ID           uuid.UUID      `json:"id"`
	ShowID       uuid.UUID      `json:"show_id"`
	SeasonNumber int            `json:"season_number"`
	Title        *string        `json:"title" nullable:"true"`
	Synopsis     string         `json:"synopsis,omitempty"`
	Images       vocab.ImageSet `json:"images"`
	AirDate      string         `json:"air_date,omitempty" format:"date"`
	EndDate      *string        `json:"end_date" nullable:"true" format:"date"`
	Status       string         `json:"status" enum:"draft,published,completed"`
	EpisodeCount int            `json:"episode_count"`
	CreatedAt    time.Time      `json:"created_at"`
	UpdatedAt    time.Time      `json:"updated_at"`
}

// AdminSeason is a season as editors see it.
type AdminSeason struct {
	Season
	ExternalID int64 `json:"external_id" doc:"Numeric id for the Shift72 Content API."`
}

// Location is the address of the season for editors.
func (s AdminSeason) Location() string {
	return fmt.Sprintf("/v2/admin/shows/%s/seasons/%d", s.ShowID, s.SeasonNumber)
}

// SeasonWrite is the body of create and replace.
type SeasonWrite struct {
	SeasonNumber int            `json:"season_number" minimum:"1" maximum:"99999"`
	Title        *string        `json:"title,omitempty" nullable:"true" minLength:"1" maxLength:"255" pattern:"^[^\\r\\n]*\\S[^\\r\\n]*$" patternDescription:"a text on one line that is not blank" doc:"Optional explicit season title (e.g. \"Chapter One\"). Null = \"Season {N}\" by default."`
	Synopsis     string         `json:"synopsis,omitempty" maxLength:"2000"`
	Images       vocab.ImageSet `json:"images,omitzero" doc:"Content artwork. All URLs are CDN-hosted, immutable, and cache-safe."`
	AirDate      string         `json:"air_date,omitempty" format:"date" doc:"Date the first episode of this season aired."`
	EndDate      *string        `json:"end_date,omitempty" nullable:"true" format:"date" doc:"Date the final episode aired (null if season is ongoing)."`
	Status       string         `json:"status" enum:"draft,published,completed" doc:"completed = all episodes aired and available; published = actively airing; draft = not yet visible to subscribers."`
}

// Faults implements api.Checked.
func (b *SeasonWrite) Faults() []fault.Detail {
	var faults vocab.Faults
	end := ""
	if b.EndDate != nil {
		end = *b.EndDate
	}
	faults.Period("air_date", "end_date", b.AirDate, end)
	faults.Images("images", b.Images)
	return faults
}

// season is a season as the database holds it.
type season struct {
	AdminSeason
	WasPublished bool // one of its episodes was, ever, or was to be by the clock
}

func newSeason(show uuid.UUID, now time.Time) *season {
	s := &season{}
	s.ID, s.ShowID, s.CreatedAt, s.UpdatedAt = uuid.Must(uuid.NewV7()), show, now, now
	return s
}

// copyFrom takes over what a body says.
func (s *season) copyFrom(b *SeasonWrite) {
	s.SeasonNumber, s.Title, s.Synopsis, s.Images = b.SeasonNumber, b.Title, b.Synopsis, b.Images
	s.AirDate, s.EndDate, s.Status = b.AirDate, b.EndDate, b.Status
}

// shown reports whether viewers of the show see the season.
func (s *season) shown() bool { return s.Status != statusDraft }

// numberTaken is the refusal of a season or an episode whose number another has.
func numberTaken(field, message string) *fault.Fault {
	return fault.New(fault.Conflict, message, fault.Detail{Field: field, Code: "taken", Message: message})
}

// addressed wants a number of a body to be that of the address.
func addressed(faults *vocab.Faults, field string, inBody, inPath int) {
	if inBody != inPath {
		faults.Add(field, "mismatch", fmt.Sprintf("Expected %d, as in the address.", inPath))
	}
}
