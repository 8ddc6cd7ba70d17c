package catalog

import (
	"time"

	"encora/origin/vocab"

	"github.com/google/uuid"
)

const contentMovie = "movie"

// The states that editors see. published and scheduled are one intent; the clock tells them apart.
const (
	statusDraft       = "draft"
	statusPublished   = "published"
	statusScheduled   = "scheduled"
	statusUnpublished = "unpublished"
)

// Movie is a movie as viewers see it. Optional values that are not given are left out; available_until is null when the
// window has no end, geo_restrictions when no rule is attached.
type Movie struct {
	ID                uuid.UUID                `json:"id"`
	Title             string                   `json:"title"`
	OriginalTitle     string                   `json:"original_title,omitempty"`
	Slug              string                   `json:"slug"`
	Synopsis          string                   `json:"synopsis,omitempty"`
	Tagline           string                   `json:"tagline,omitempty"`
	ReleaseYear       int                      `json:"release_year,omitempty"`
	RuntimeMinutes    int                      `json:"runtime_minutes,omitempty"`
	ContentRating     string                   `json:"content_rating,omitempty"`
	Genres            []string                 `json:"genres" doc:"Genre slugs."`
	CountryOfOrigin   []string                 `json:"country_of_origin"`
	Studio            string                   `json:"studio,omitempty"`
	AudioLanguages    []string                 `json:"audio_languages"`
	SubtitleLanguages []string                 `json:"subtitle_languages"`
	Cast              []CastMember             `json:"cast" db:"cast_members"`
	Images            vocab.ImageSet           `json:"images"`
	AverageRating     float64                  `json:"average_rating" doc:"Mean of the subscribers' ratings, 1 to 5; 0 while there are none."`
	RatingCount       int                      `json:"rating_count"`
	Status            string                   `json:"status" db:"-" enum:"draft,published,scheduled,unpublished"`
	GeoRestrictions   *vocab.GeoRestrictionRef `json:"geo_restrictions" db:"geo"`
	DRMRequired       bool                     `json:"drm_required" db:"drm_required"`
	AvailableFrom     *time.Time               `json:"available_from,omitempty"`
	AvailableUntil    *time.Time               `json:"available_until" nullable:"true"`
	CreatedAt         time.Time                `json:"created_at"`
	UpdatedAt         time.Time                `json:"updated_at"`
}

// AdminMovie is a movie as editors see it.
type AdminMovie struct {
	Movie
	ExternalID int64 `json:"external_id" doc:"Numeric id for the Shift72 Content API."`
}

// Location is the address of the movie for editors.
func (m AdminMovie) Location() string { return "/v2/admin/movies/" + m.ID.String() }

// CastMember is a person's part in a movie.
type CastMember struct {
	Name          string `json:"name" minLength:"1" maxLength:"200" pattern:"^[^\\r\\n]*\\S[^\\r\\n]*$" patternDescription:"a text on one line that is not blank"`
	Role          string `json:"role" enum:"actor,director,writer,producer,host,guest"`
	CharacterName string `json:"character_name,omitempty" maxLength:"200"`
	ImageURL      string `json:"image_url,omitempty" format:"uri" maxLength:"2048"`
	SortOrder     int    `json:"sort_order,omitempty" minimum:"0" maximum:"100000"`
}

// Summary is a title in a rail or a list of related ones.
type Summary struct {
	ContentType    string         `json:"content_type" enum:"movie"`
	ID             uuid.UUID      `json:"id"`
	Title          string         `json:"title"`
	Slug           string         `json:"slug"`
	Images         vocab.ImageSet `json:"images"`
	ContentRating  string         `json:"content_rating,omitempty"`
	ReleaseYear    int            `json:"release_year,omitempty"`
	RuntimeMinutes int            `json:"runtime_minutes,omitempty"`
}

// movie is a movie as the database holds it.
type movie struct {
	Movie
	ExternalID int64
	State      string // the editors' intent: draft, published or unpublished
	Announced  string // the status that events and audit last told of
	GenreIDs   []uuid.UUID
	Sort       string // the text of what the list is sorted by
}

// status is the movie's status at an instant: intent and clock.
func (m *movie) status(at time.Time) string {
	switch {
	case m.State != statusPublished:
		return m.State
	case m.AvailableUntil != nil && !m.AvailableUntil.After(at):
		return statusUnpublished
	case m.AvailableFrom != nil && m.AvailableFrom.After(at):
		return statusScheduled
	}
	return statusPublished
}

// at is the movie's representation at an instant.
func (m *movie) at(instant time.Time) Movie {
	m.Status = m.status(instant)
	return m.Movie
}

// admin is the editors' representation at an instant.
func (m *movie) admin(instant time.Time) AdminMovie {
	return AdminMovie{m.at(instant), m.ExternalID}
}
