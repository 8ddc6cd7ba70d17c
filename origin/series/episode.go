package series

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/content"
	"encora/origin/vocab"
	"encora/shared/fault"
)

// Episode is an episode as viewers see it, with its show's content rating where it has none of its own; editors see its own.
// Optional values that are not given are left out; available_until is null when the window has no end.
type Episode struct {
	ID             uuid.UUID      `json:"id"`
	ShowID         uuid.UUID      `json:"show_id"`
	SeasonID       uuid.UUID      `json:"season_id"`
	SeasonNumber   int            `json:"season_number"`
	EpisodeNumber  int            `json:"episode_number" doc:"0 indicates a special/bonus episode."`
	Title          string         `json:"title"`
	Synopsis       string         `json:"synopsis,omitempty"`
	RuntimeMinutes int            `json:"runtime_minutes,omitempty"`
	ContentRating  string         `json:"content_rating,omitempty"`
	Images         vocab.ImageSet `json:"images"`
	Status         string         `json:"status" db:"-" enum:"draft,published,scheduled,unpublished"`
	AirDate        string         `json:"air_date,omitempty" format:"date"`
	content.Span
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// AdminEpisode is an episode as editors see it.
type AdminEpisode struct {
	Episode
	ExternalID int64 `json:"external_id" doc:"Numeric id for the Shift72 Content API."`
}

// Location is the address of the episode for editors.
func (e AdminEpisode) Location() string {
	return fmt.Sprintf("/v2/admin/shows/%s/seasons/%d/episodes/%d", e.ShowID, e.SeasonNumber, e.EpisodeNumber)
}

// EpisodeWrite is the body of create and replace.
type EpisodeWrite struct {
	SeasonNumber   int            `json:"season_number" minimum:"1" maximum:"99999"`
	EpisodeNumber  int            `json:"episode_number" minimum:"0" maximum:"99999" doc:"0 indicates a special/bonus episode."`
	Title          string         `json:"title" minLength:"1" maxLength:"255" pattern:"^[^\\r\\n]*\\S[^\\r\\n]*$" patternDescription:"a text on one line that is not blank"`
	Synopsis       string         `json:"synopsis,omitempty" maxLength:"2000"`
	RuntimeMinutes int            `json:"runtime_minutes,omitempty" minimum:"1" maximum:"100000" doc:"Runtime in minutes. Required before publishing."`
	ContentRating  string         `json:"content_rating,omitempty" enum:"G,PG,PG-13,R,NC-17,TV-Y,TV-G,TV-PG,TV-14,TV-MA,UNRATED" doc:"Inherits from show if not set; must be set before publishing."`
	Images         vocab.ImageSet `json:"images,omitzero" doc:"Content artwork. All URLs are CDN-hosted, immutable, and cache-safe."`
	Status         string         `json:"status" enum:"draft,published,scheduled,unpublished"`
	AirDate        string         `json:"air_date,omitempty" format:"date" doc:"Original broadcast air date."`
	AvailableFrom  *time.Time     `json:"available_from,omitempty"`
	AvailableUntil *time.Time     `json:"available_until,omitempty"`
}

// Faults implements api.Checked.
func (b *EpisodeWrite) Faults() []fault.Detail {
	var faults vocab.Faults
	faults.Date("air_date", b.AirDate)
	faults.Images("images", b.Images)
	return append(faults, b.window().Faults()...)
}

func (b *EpisodeWrite) window() content.Window {
	return content.Window{AvailableFrom: b.AvailableFrom, AvailableUntil: b.AvailableUntil}
}

// episode is an episode as the database holds it.
type episode struct {
	Episode
	ExternalID int64
	content.Publication
	ShowRating string
}

// placedEpisode is an episode in a list.
type placedEpisode struct {
	episode
	content.Place
}

// at is the viewers' representation at an instant.
func (e *episode) at(instant time.Time) Episode {
	seen := e.admin(instant).Episode
	seen.ContentRating = e.rating()
	return seen
}

// rating is the episode's own, or its show's.
func (e *episode) rating() string { return cmp.Or(e.ContentRating, e.ShowRating) }

// admin is the editors' representation at an instant.
func (e *episode) admin(instant time.Time) AdminEpisode {
	e.Status = e.Publication.At(content.Window(e.Span), instant)
	return AdminEpisode{e.Episode, e.ExternalID}
}

func newEpisode(of *season, now time.Time) *episode {
	e := &episode{Publication: content.Publication{State: content.Draft, Announced: content.Draft}}
	e.ID, e.ShowID, e.SeasonID, e.SeasonNumber = uuid.Must(uuid.NewV7()), of.ShowID, of.ID, of.SeasonNumber
	e.CreatedAt, e.UpdatedAt = now, now
	return e
}

// copyFrom takes over what a body says of the episode itself; where it stands is its address's to say.
func (e *episode) copyFrom(b *EpisodeWrite) {
	e.Title, e.Synopsis, e.RuntimeMinutes, e.ContentRating = b.Title, b.Synopsis, b.RuntimeMinutes, b.ContentRating
	e.Images, e.AirDate, e.Span = b.Images, b.AirDate, content.Span(b.window().Stored())
}

// episodes is what edits need to know of episodes. They have no slug of their own, and no rules that a body attaches.
func (d *Domain) episodes() *content.Kind[episode, AdminEpisode] {
	return &content.Kind[episode, AdminEpisode]{
		Type: content.Episode, Read: readEpisode, Admin: (*episode).admin, Insert: insertEpisode, Update: updateEpisode, Delete: deleteEpisode,
		Upkeep: &d.Upkeep,
		Handle: func(e *episode) content.Handle {
			return content.Handle{ID: e.ID, Title: e.Title, Publication: &e.Publication, Window: (*content.Window)(&e.Span), UpdatedAt: &e.UpdatedAt}
		},
		Gate: func(ctx context.Context, w *api.Write, e *episode) ([]fault.Detail, error) {
			return content.GatePlayable(ctx, w, e.ID, e.RuntimeMinutes, e.rating())
		},
		Settle: func(ctx context.Context, w *api.Write, e *episode) error {
			if e.State != content.Live {
				return nil
			}
			return notePublished(ctx, w.Tx.Tx, e.SeasonID)
		},
		Join: func(_, _ *episode) {},
	}
}
