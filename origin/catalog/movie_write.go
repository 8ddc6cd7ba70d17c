package catalog

import (
	"context"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/content"
	"encora/origin/vocab"
	"encora/shared/fault"
)

// MovieWrite is the body of create and replace.
type MovieWrite struct {
	Title             string                             `json:"title" minLength:"1" maxLength:"255" pattern:"^[^\\r\\n]*\\S[^\\r\\n]*$" patternDescription:"a text on one line that is not blank"`
	OriginalTitle     string                             `json:"original_title,omitempty" maxLength:"255" pattern:"^[^\\r\\n]*$" patternDescription:"a text on one line" doc:"Original title if different from localised title."`
	Synopsis          string                             `json:"synopsis,omitempty" maxLength:"5000"`
	Tagline           string                             `json:"tagline,omitempty" maxLength:"300" pattern:"^[^\\r\\n]*$" patternDescription:"a text on one line"`
	ReleaseYear       int                                `json:"release_year,omitempty" minimum:"1888" maximum:"2100"`
	RuntimeMinutes    int                                `json:"runtime_minutes,omitempty" minimum:"1" maximum:"100000" doc:"Total runtime. Required before publishing."`
	ContentRating     string                             `json:"content_rating,omitempty" enum:"G,PG,PG-13,R,NC-17,TV-Y,TV-G,TV-PG,TV-14,TV-MA,UNRATED" doc:"Parental guidance rating. Required before publishing."`
	Genres            []string                           `json:"genres,omitempty" maxItems:"100" doc:"Genre slugs (from /genres taxonomy)."`
	CountryOfOrigin   []string                           `json:"country_of_origin,omitempty" minLength:"2" maxLength:"2" maxItems:"250" doc:"ISO 3166-1 alpha-2 production country codes."`
	Studio            string                             `json:"studio,omitempty" maxLength:"200" doc:"Primary production studio or distributor."`
	AudioLanguages    []string                           `json:"audio_languages,omitempty" maxLength:"35" maxItems:"200" doc:"BCP-47 language codes for available dubbed/original audio tracks."`
	SubtitleLanguages []string                           `json:"subtitle_languages,omitempty" maxLength:"35" maxItems:"200" doc:"BCP-47 language codes for available subtitle/CC tracks."`
	Cast              []vocab.CastMember                 `json:"cast,omitempty" maxItems:"500"`
	Images            vocab.ImageSet                     `json:"images,omitzero" doc:"Content artwork. All URLs are CDN-hosted, immutable, and cache-safe."`
	Status            string                             `json:"status" enum:"draft,published,scheduled,unpublished"`
	GeoRestrictions   api.Optional[vocab.GeoRestriction] `json:"geo_restrictions,omitzero" doc:"Attaches the rule; null detaches all; absent changes nothing."`
	DRMRequired       bool                               `json:"drm_required" doc:"When true, clients must acquire a DRM licence before playback."`
	AvailableFrom     *time.Time                         `json:"available_from,omitempty" doc:"Earliest playback availability datetime (window start)."`
	AvailableUntil    *time.Time                         `json:"available_until,omitempty" nullable:"true" doc:"Last playback availability datetime (window end). Null = indefinite."`
}

type createMovieIn struct {
	Body MovieWrite
}

type updateMovieIn struct {
	movieID
	Body MovieWrite
}

func (d *Domain) createMovie(ctx context.Context, w *api.Write, in *createMovieIn) (AdminMovie, error) {
	m := newMovie(w.Now)
	e, err := take(ctx, w, m, &in.Body)
	if err != nil {
		return AdminMovie{}, err
	}
	return d.movies().Create(ctx, w, m, e, &m.Slug, m.slugs())
}

func newMovie(now time.Time) *movie {
	m := &movie{Publication: content.Publication{State: content.Draft, Announced: content.Draft}}
	m.ID, m.CreatedAt, m.UpdatedAt = uuid.Must(uuid.NewV7()), now, now
	return m
}

// slugs are candidates: the title, the title and year, and one that nothing else has.
func (m *movie) slugs() []string { return content.SlugsOf(content.Movie, m.ID, m.Title, m.ReleaseYear) }

func (d *Domain) updateMovie(ctx context.Context, w *api.Write, in *updateMovieIn) (AdminMovie, error) {
	return d.movies().Change(ctx, w, in.MovieID, func(m *movie) (content.Edit, error) { return take(ctx, w, m, &in.Body) })
}

// take takes over a body, and says what is wrong with it.
func take(ctx context.Context, w *api.Write, m *movie, b *MovieWrite) (content.Edit, error) {
	m.copyFrom(b)
	ids, unknown, err := content.GenreIDs(ctx, w.Tx.Tx, content.Movie, b.Genres)
	m.GenreIDs = ids
	faults, conflict := m.Publication.Turn(m.Window, b.Status, w.Now)
	return content.Edit{Faults: append(unknown, faults...), Conflict: conflict, Rule: b.GeoRestrictions}, err
}

type publishMovieIn struct {
	movieID
	Body content.PublishRequest `required:"false"`
}

// publishMovie publishes now, or at a future available_from. Publishing what is published already changes nothing.
func (d *Domain) publishMovie(ctx context.Context, w *api.Write, in *publishMovieIn) (AdminMovie, error) {
	return d.movies().Change(ctx, w, in.MovieID, func(m *movie) (content.Edit, error) {
		return content.Edit{Faults: m.Publication.Publish(&m.Window, in.Body.AvailableFrom, w.Now)}, nil
	})
}

func (d *Domain) unpublishMovie(ctx context.Context, w *api.Write, in *movieID) (AdminMovie, error) {
	return d.movies().Change(ctx, w, in.MovieID, func(m *movie) (content.Edit, error) {
		return content.Edit{Conflict: m.Publication.Unpublish()}, nil
	})
}

// gateMovie lists everything that a movie lacks to be published.
func (d *Domain) gateMovie(ctx context.Context, w *api.Write, m *movie) ([]fault.Detail, error) {
	return content.GatePlayable(ctx, w, m.ID, m.RuntimeMinutes, m.ContentRating)
}

func (d *Domain) deleteMovie(ctx context.Context, w *api.Write, in *movieID) (api.None, error) {
	return d.movies().Remove(ctx, w, in.MovieID, func(_ *movie, status string) error {
		if status != content.Draft && status != content.Unpublished {
			return fault.New(fault.Conflict, "Only a draft or unpublished movie can be deleted; unpublish it first.")
		}
		return nil
	})
}

// copyFrom takes over what a body says of the movie itself.
func (m *movie) copyFrom(b *MovieWrite) {
	m.Title, m.OriginalTitle, m.Synopsis, m.Tagline = b.Title, b.OriginalTitle, b.Synopsis, b.Tagline
	m.ReleaseYear, m.RuntimeMinutes, m.ContentRating, m.Studio = b.ReleaseYear, b.RuntimeMinutes, b.ContentRating, b.Studio
	m.CountryOfOrigin, m.AudioLanguages, m.SubtitleLanguages = vocab.Some(b.CountryOfOrigin), vocab.Some(b.AudioLanguages), vocab.Some(b.SubtitleLanguages)
	m.Cast, m.Images, m.DRMRequired = vocab.Some(b.Cast), b.Images, b.DRMRequired
	m.Window = content.Window{AvailableFrom: b.AvailableFrom, AvailableUntil: b.AvailableUntil}.Stored()
}

// Faults implements api.Checked.
func (b *MovieWrite) Faults() []fault.Detail {
	var faults vocab.Faults
	faults.Countries("country_of_origin", b.CountryOfOrigin)
	faults.Languages("audio_languages", b.AudioLanguages)
	faults.Languages("subtitle_languages", b.SubtitleLanguages)
	faults.Cast("cast", b.Cast)
	faults.Images("images", b.Images)
	return append(faults, content.Window{AvailableFrom: b.AvailableFrom, AvailableUntil: b.AvailableUntil}.Faults()...)
}
