package catalog

import (
	"time"

	"github.com/google/uuid"

	"encora/origin/vocab"
	"encora/shared/fault"
)

// Genre is a node of the taxonomy. content_count is the number of titles that the caller may see; for editors, of all.
type Genre struct {
	ID           uuid.UUID  `json:"id"`
	Name         string     `json:"name"`
	Slug         string     `json:"slug"`
	ContentTypes []string   `json:"content_types" enum:"movie,show"`
	ParentID     *uuid.UUID `json:"parent_id,omitempty" format:"uuid"`
	ContentCount int        `json:"content_count"`
	ImageURL     string     `json:"image_url,omitempty" format:"uri"`
}

// Location is the address that editors change the genre at.
func (g Genre) Location() string { return "/v2/admin/genres/" + g.ID.String() }

// GenreWrite is the body of create and replace.
type GenreWrite struct {
	Name         string     `json:"name" minLength:"1" maxLength:"100" pattern:"^[^\\r\\n]*\\S[^\\r\\n]*$" patternDescription:"a text on one line that is not blank"`
	Slug         string     `json:"slug" minLength:"1" maxLength:"100" pattern:"^[a-z0-9-]+$" patternDescription:"a text of small letters a to z, digits and hyphens"`
	ContentTypes []string   `json:"content_types" enum:"movie,show" maxItems:"10" doc:"Which content types use this genre."`
	ParentID     *uuid.UUID `json:"parent_id,omitempty" format:"uuid" doc:"Parent genre UUID for hierarchical taxonomy (e.g. Action → Superhero)."`
	ImageURL     string     `json:"image_url,omitempty" format:"uri" maxLength:"2048" doc:"CDN URL for genre artwork."`
}

// Faults implements api.Checked.
func (b *GenreWrite) Faults() []fault.Detail {
	var faults vocab.Faults
	if b.ContentTypes != nil && len(b.ContentTypes) == 0 {
		faults.Add("content_types", "too_few", "Expected at least one content type.")
	}
	faults.URL("image_url", b.ImageURL)
	return faults
}

// genre is a genre as the database holds it.
type genre struct {
	Genre
	CreatedAt, UpdatedAt time.Time
}
