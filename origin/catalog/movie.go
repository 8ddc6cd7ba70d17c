package catalog

import (
	"context"
	"time"

	"encora/origin/api"
	"encora/origin/content"
	"encora/origin/vocab"

	"github.com/google/uuid"
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
	Cast              []vocab.CastMember       `json:"cast" db:"cast_members"`
	Images            vocab.ImageSet           `json:"images"`
	AverageRating     float64                  `json:"average_rating" doc:"Mean of the subscribers' ratings, 1 to 5; 0 while there are none."`
	RatingCount       int                      `json:"rating_count"`
	Status            string                   `json:"status" db:"-" enum:"draft,published,scheduled,unpublished"`
	GeoRestrictions   *vocab.GeoRestrictionRef `json:"geo_restrictions" db:"geo"`
	DRMRequired       bool                     `json:"drm_required" db:"drm_required"`
	content.Window
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// AdminMovie is a movie as editors see it.
type AdminMovie struct {
	Movie
	ExternalID int64 `json:"external_id" doc:"Numeric id for the Shift72 Content API."`
}

// Location is the address of the movie for editors.
func (m AdminMovie) Location() string { return "/v2/admin/movies/" + m.ID.String() }

// movie is a movie as the database holds it.
type movie struct {
	Movie
	ExternalID int64
	content.Publication
	GenreIDs []uuid.UUID
}

// placedMovie is a movie in a list.
type placedMovie struct {
	movie
	content.Place
}

// at is the movie's representation at an instant.
func (m *movie) at(instant time.Time) Movie {
	m.Movie.Status = m.Publication.At(m.Window, instant)
	return m.Movie
}

// admin is the editors' representation at an instant.
func (m *movie) admin(instant time.Time) AdminMovie {
	return AdminMovie{m.at(instant), m.ExternalID}
}

// movies is what edits need to know of movies.
func (d *Domain) movies() *content.Kind[movie, AdminMovie] {
	return &content.Kind[movie, AdminMovie]{
		Type: content.Movie, Read: readMovie, Admin: (*movie).admin, Gate: d.gateMovie, Insert: insertMovie, Update: updateMovie, Delete: deleteMovie,
		Upkeep: &d.Upkeep,
		Handle: func(m *movie) content.Handle {
			return content.Handle{ID: m.ID, Title: m.Title, Publication: &m.Publication, Window: &m.Window, UpdatedAt: &m.UpdatedAt}
		},
		Settle: func(ctx context.Context, w *api.Write, m *movie) error {
			return content.ReplaceGenres(ctx, w.Tx.Tx, m.ID, m.GenreIDs)
		},
		Join: func(m, stored *movie) {
			m.Genres, m.GenreIDs, m.GeoRestrictions = stored.Genres, stored.GenreIDs, stored.GeoRestrictions
		},
	}
}
