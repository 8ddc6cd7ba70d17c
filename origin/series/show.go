package series

import (
	"context"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/content"
	"encora/origin/vocab"
	"encora/shared/fault"
)

// Show is a show as viewers see it. Optional values that are not given are left out; geo_restrictions is null when no rule is
// attached. total_seasons and total_episodes count what the caller may see now; for editors, all.
type Show struct {
	ID              uuid.UUID                `json:"id"`
	Title           string                   `json:"title"`
	OriginalTitle   string                   `json:"original_title,omitempty"`
	Slug            string                   `json:"slug"`
	Synopsis        string                   `json:"synopsis,omitempty"`
	ContentRating   string                   `json:"content_rating,omitempty"`
	Genres          []string                 `json:"genres" doc:"Genre slugs."`
	Network         string                   `json:"network,omitempty"`
	CountryOfOrigin []string                 `json:"country_of_origin"`
	Language        string                   `json:"language,omitempty"`
	FirstAirDate    string                   `json:"first_air_date,omitempty" format:"date"`
	LastAirDate     string                   `json:"last_air_date,omitempty" format:"date"`
	TotalSeasons    int                      `json:"total_seasons"`
	TotalEpisodes   int                      `json:"total_episodes"`
	Cast            []vocab.CastMember       `json:"cast" db:"cast_members"`
	Images          vocab.ImageSet           `json:"images"`
	AverageRating   float64                  `json:"average_rating" doc:"Mean of the subscribers' ratings, 1 to 5; 0 while there are none."`
	RatingCount     int                      `json:"rating_count"`
	Status          string                   `json:"status" db:"-" enum:"draft,published,ongoing,ended,canceled"`
	GeoRestrictions *vocab.GeoRestrictionRef `json:"geo_restrictions" db:"geo"`
	DRMRequired     bool                     `json:"drm_required" db:"drm_required"`
	CreatedAt       time.Time                `json:"created_at"`
	UpdatedAt       time.Time                `json:"updated_at"`
}

// AdminShow is a show as editors see it.
type AdminShow struct {
	Show
	ExternalID int64 `json:"external_id" doc:"Numeric id for the Shift72 Content API."`
}

// Location is the address of the show for editors.
func (s AdminShow) Location() string { return "/v2/admin/shows/" + s.ID.String() }

// ShowWrite is the body of create and replace.
type ShowWrite struct {
	Title           string                             `json:"title" minLength:"1" maxLength:"255" pattern:"^[^\\r\\n]*\\S[^\\r\\n]*$" patternDescription:"a text on one line that is not blank"`
	OriginalTitle   string                             `json:"original_title,omitempty" maxLength:"255" pattern:"^[^\\r\\n]*$" patternDescription:"a text on one line"`
	Synopsis        string                             `json:"synopsis,omitempty" maxLength:"5000"`
	ContentRating   string                             `json:"content_rating,omitempty" enum:"G,PG,PG-13,R,NC-17,TV-Y,TV-G,TV-PG,TV-14,TV-MA,UNRATED" doc:"Parental guidance rating. Required before publishing."`
	Genres          []string                           `json:"genres,omitempty" maxItems:"100" doc:"Genre slugs (from /genres taxonomy)."`
	Network         string                             `json:"network,omitempty" maxLength:"200" pattern:"^[^\\r\\n]*$" patternDescription:"a text on one line" doc:"Original broadcaster or streaming network (e.g. HBO, Netflix)."`
	CountryOfOrigin []string                           `json:"country_of_origin,omitempty" minLength:"2" maxLength:"2" maxItems:"250" doc:"ISO 3166-1 alpha-2 production country codes."`
	Language        string                             `json:"language,omitempty" maxLength:"35" doc:"Primary audio language (BCP-47)."`
	FirstAirDate    string                             `json:"first_air_date,omitempty" format:"date" doc:"Date the first episode aired."`
	LastAirDate     string                             `json:"last_air_date,omitempty" format:"date" doc:"Date the most recent episode aired."`
	Cast            []vocab.CastMember                 `json:"cast,omitempty" maxItems:"500"`
	Images          vocab.ImageSet                     `json:"images,omitzero" doc:"Content artwork. All URLs are CDN-hosted, immutable, and cache-safe."`
	Status          string                             `json:"status" enum:"draft,published,ongoing,ended,canceled" doc:"draft is not visible to subscribers; ongoing, ended and canceled are published and say how the show airs."`
	GeoRestrictions api.Optional[vocab.GeoRestriction] `json:"geo_restrictions,omitzero" doc:"Attaches the rule; null detaches all; absent changes nothing."`
	DRMRequired     bool                               `json:"drm_required"`
}

// Faults implements api.Checked.
func (b *ShowWrite) Faults() []fault.Detail {
	var faults vocab.Faults
	faults.Countries("country_of_origin", b.CountryOfOrigin)
	faults.Language("language", b.Language)
	faults.Period("first_air_date", "last_air_date", b.FirstAirDate, b.LastAirDate)
	faults.Cast("cast", b.Cast)
	faults.Images("images", b.Images)
	return faults
}

// show is a show as the database holds it. What editors want of it and how it airs are two things, which the contract has in
// one enum.
type show struct {
	Show
	ExternalID int64
	content.Publication
	Airing   string // ongoing, ended, canceled, or "" when that is not set
	GenreIDs []uuid.UUID
}

// placedShow is a show in a list.
type placedShow struct {
	show
	content.Place
}

// seen is the show's representation.
func (s *show) seen() Show {
	switch {
	case s.State != content.Live:
		s.Status = content.Draft
	case s.Airing != "":
		s.Status = s.Airing
	default:
		s.Status = content.Live
	}
	return s.Show
}

// admin is the editors' representation; shows have no window, so the instant makes no difference.
func (s *show) admin(time.Time) AdminShow { return AdminShow{s.seen(), s.ExternalID} }

// turn takes over the status that a body asks for. A draft keeps how it airs, for when it is published again.
func (s *show) turn(status string) {
	switch {
	case status != content.Draft:
		s.State, s.Airing = content.Live, status
		if status == content.Live {
			s.Airing = ""
		}
	case s.State == content.Live:
		s.State = content.Unpublished
	}
}

// newShow is a show that no viewer sees yet.
func newShow(now time.Time) *show {
	s := &show{Publication: content.Publication{State: content.Draft, Announced: content.Draft}}
	s.ID, s.CreatedAt, s.UpdatedAt = uuid.Must(uuid.NewV7()), now, now
	return s
}

// copyFrom takes over what a body says of the show itself.
func (s *show) copyFrom(b *ShowWrite) {
	s.Title, s.OriginalTitle, s.Synopsis, s.ContentRating = b.Title, b.OriginalTitle, b.Synopsis, b.ContentRating
	s.Network, s.CountryOfOrigin, s.Language = b.Network, vocab.Some(b.CountryOfOrigin), b.Language
	s.FirstAirDate, s.LastAirDate = b.FirstAirDate, b.LastAirDate
	s.Cast, s.Images, s.DRMRequired = vocab.Some(b.Cast), b.Images, b.DRMRequired
	s.turn(b.Status)
}

// slugs are candidates: the title, the title and year, and one that nothing else has.
func (s *show) slugs() []string {
	return content.SlugsOf(content.Show, s.ID, s.Title, year(s.FirstAirDate))
}

// year is that of a day; 0 when none is given.
func year(day string) int {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return 0
	}
	return at.Year()
}

// shows is what edits need to know of shows. They have no window.
func (d *Domain) shows() *content.Kind[show, AdminShow] {
	return &content.Kind[show, AdminShow]{
		Type: content.Show, Read: readShow, Admin: (*show).admin, Gate: gateShow, Insert: insertShow, Update: updateShow, Delete: deleteShow,
		Keep: keepParts, Upkeep: &d.Upkeep,
		Handle: func(s *show) content.Handle {
			return content.Handle{ID: s.ID, Title: s.Title, Publication: &s.Publication, UpdatedAt: &s.UpdatedAt}
		},
		Settle: func(ctx context.Context, w *api.Write, s *show) error {
			return content.ReplaceGenres(ctx, w.Tx.Tx, s.ID, s.GenreIDs)
		},
		Join: func(s, stored *show) {
			s.Genres, s.GenreIDs, s.GeoRestrictions = stored.Genres, stored.GenreIDs, stored.GeoRestrictions
		},
	}
}

// gateShow lists what a show lacks to be published.
func gateShow(_ context.Context, _ *api.Write, s *show) ([]fault.Detail, error) {
	if s.ContentRating != "" {
		return nil, nil
	}
	return []fault.Detail{{Field: "content_rating", Code: "required", Message: "Required before publishing."}}, nil
}
