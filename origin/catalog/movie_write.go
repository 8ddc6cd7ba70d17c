package catalog

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/vocab"
	"encora/shared/fault"
	"encora/shared/territory"
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
	Cast              []CastMember                       `json:"cast,omitempty" maxItems:"500"`
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
	m := &movie{State: statusDraft, Announced: statusDraft}
	m.ID, m.CreatedAt, m.UpdatedAt = uuid.Must(uuid.NewV7()), w.Now, w.Now
	faults, err := d.take(ctx, w, m, &in.Body)
	if err != nil {
		return AdminMovie{}, err
	}
	faults = append(faults, transition(m, in.Body.Status, w.Now)...)
	missing, err := d.gate(ctx, w, m)
	if err != nil {
		return AdminMovie{}, err
	}
	if err := w.Check(nil, append(faults, missing...)...); err != nil {
		return AdminMovie{}, err
	}
	if err := d.insert(ctx, w, m); err != nil {
		return AdminMovie{}, err
	}
	if err := d.attach(ctx, w, m.ID, in.Body.GeoRestrictions); err != nil {
		return AdminMovie{}, err
	}
	w.Audit("content.created", contentMovie, m.ID, nil)
	return d.reread(ctx, w, m.ID)
}

// insert stores a new movie under the first slug that is free. The last candidate is the movie's alone.
func (d *Domain) insert(ctx context.Context, w *api.Write, m *movie) error {
	for _, m.Slug = range slugCandidates(m) {
		inserted, err := insertMovie(ctx, w.Tx.Tx, m)
		if err != nil {
			return err
		}
		if inserted {
			break
		}
	}
	return replaceMovieGenres(ctx, w.Tx.Tx, m.ID, m.GenreIDs)
}

func (d *Domain) reread(ctx context.Context, w *api.Write, id uuid.UUID) (AdminMovie, error) {
	m, err := readMovie(ctx, w.Tx.Tx, id)
	if err != nil {
		return AdminMovie{}, err
	}
	return m.admin(w.Now), nil
}

func (d *Domain) updateMovie(ctx context.Context, w *api.Write, in *updateMovieIn) (AdminMovie, error) {
	return d.change(ctx, w, in.MovieID, func(m *movie) (edit, error) {
		faults, err := d.take(ctx, w, m, &in.Body)
		if err != nil {
			return edit{}, err
		}
		conflict := refuseBackToDraft(m, in.Body.Status)
		faults = append(faults, transition(m, in.Body.Status, w.Now)...)
		attach := func() error { return d.attach(ctx, w, m.ID, in.Body.GeoRestrictions) }
		return edit{faults: faults, conflict: conflict, attach: attach}, nil
	})
}

// edit is the outcome of an editor's change to a movie in memory: what is wrong with it (422), whether the movie's state
// forbids it (409), and what is stored beside the movie's own row.
type edit struct {
	faults   []fault.Detail
	conflict error
	attach   func() error
}

// change runs an edit of a locked movie: it checks If-Match, the faults and the publishing gate, stores what changed,
// and leaves behind what the difference calls for.
func (d *Domain) change(ctx context.Context, w *api.Write, id uuid.UUID, f func(*movie) (edit, error)) (AdminMovie, error) {
	var none AdminMovie
	before, err := lockMovie(ctx, w.Tx, id)
	if err != nil {
		return none, err
	}
	if before == nil {
		return none, fault.Missing()
	}
	m := *before
	e, err := f(&m)
	if err != nil {
		return none, err
	}
	missing, err := d.gate(ctx, w, &m)
	if err != nil {
		return none, err
	}
	if err := w.Check(before.admin(w.Now), append(e.faults, missing...)...); err != nil {
		return none, err
	}
	if e.conflict != nil {
		return none, e.conflict
	}
	if e.attach != nil {
		if err := e.attach(); err != nil {
			return none, err
		}
	}
	return d.store(ctx, w, before, &m)
}

// store writes an edited movie if anything changed, and tells of it.
func (d *Domain) store(ctx context.Context, w *api.Write, before, m *movie) (AdminMovie, error) {
	if err := replaceMovieGenres(ctx, w.Tx.Tx, m.ID, m.GenreIDs); err != nil {
		return AdminMovie{}, err
	}
	after, err := d.settled(ctx, w, m)
	if err != nil {
		return AdminMovie{}, err
	}
	changed, err := api.Changed(before.admin(w.Now), after.admin(w.Now))
	if err != nil {
		return AdminMovie{}, err
	}
	if len(changed) == 0 && before.State == after.State {
		return before.admin(w.Now), nil
	}
	after.UpdatedAt = w.Now
	d.announce(w, before, after, changed)
	if err := updateMovie(ctx, w.Tx.Tx, after); err != nil {
		return AdminMovie{}, err
	}
	emitMovie(w, before, after)
	return after.admin(w.Now), nil
}

// settled is the edited movie with its genres and rules as they are stored now.
func (d *Domain) settled(ctx context.Context, w *api.Write, m *movie) (*movie, error) {
	stored, err := readMovie(ctx, w.Tx.Tx, m.ID)
	if err != nil {
		return nil, err
	}
	after := *m
	after.Genres, after.GenreIDs, after.GeoRestrictions = stored.Genres, stored.GenreIDs, stored.GeoRestrictions
	return &after, nil
}

// take copies a body into the movie and checks its genres.
func (d *Domain) take(ctx context.Context, w *api.Write, m *movie, b *MovieWrite) ([]fault.Detail, error) {
	m.copyFrom(b)
	ids, unknown, err := genreIDs(ctx, w.Tx.Tx, b.Genres, contentMovie)
	m.GenreIDs = ids
	return unknown, err
}

// copyFrom takes over what a body says of the movie itself.
func (m *movie) copyFrom(b *MovieWrite) {
	m.Title, m.OriginalTitle, m.Synopsis, m.Tagline = b.Title, b.OriginalTitle, b.Synopsis, b.Tagline
	m.ReleaseYear, m.RuntimeMinutes, m.ContentRating, m.Studio = b.ReleaseYear, b.RuntimeMinutes, b.ContentRating, b.Studio
	m.CountryOfOrigin, m.AudioLanguages, m.SubtitleLanguages = vocab.Some(b.CountryOfOrigin), vocab.Some(b.AudioLanguages), vocab.Some(b.SubtitleLanguages)
	m.Cast, m.Images, m.DRMRequired = vocab.Some(b.Cast), b.Images, b.DRMRequired
	m.AvailableFrom, m.AvailableUntil = vocab.Instant(b.AvailableFrom), vocab.Instant(b.AvailableUntil)
}

// Faults implements api.Checked.
func (b *MovieWrite) Faults() []fault.Detail {
	var faults vocab.Faults
	for i, c := range b.CountryOfOrigin {
		if !territory.Valid(c) {
			faults.Add(fmt.Sprintf("country_of_origin[%d]", i), "not_allowed", "Expected an ISO 3166-1 alpha-2 code in capitals.")
		}
	}
	faults.Languages("audio_languages", b.AudioLanguages)
	faults.Languages("subtitle_languages", b.SubtitleLanguages)
	for i, c := range b.Cast {
		faults.URL(fmt.Sprintf("cast[%d].image_url", i), c.ImageURL)
	}
	faults.Images("images", b.Images)
	if b.AvailableFrom != nil && b.AvailableUntil != nil && !b.AvailableUntil.After(*b.AvailableFrom) {
		faults.Add("available_until", "out_of_range", "The window must end after it begins.")
	}
	return faults
}

func (d *Domain) attach(ctx context.Context, w *api.Write, id uuid.UUID, ref api.Optional[vocab.GeoRestriction]) error {
	if !ref.Given {
		return nil
	}
	var changed bool
	var err error
	if ref.Value == nil {
		changed, err = d.DetachAll(ctx, w, id)
	} else {
		changed, err = d.Attach(ctx, w, contentMovie, id, ref.Value.RuleID)
	}
	if err != nil || !changed {
		return err
	}
	return d.Touched(ctx, w, []uuid.UUID{id}, ref.Value != nil)
}

func (d *Domain) deleteMovie(ctx context.Context, w *api.Write, in *movieID) (api.None, error) {
	m, err := lockMovie(ctx, w.Tx, in.MovieID)
	if err != nil {
		return api.None{}, err
	}
	if m == nil {
		return api.None{}, fault.Missing()
	}
	last := m.admin(w.Now)
	if err := w.Check(last); err != nil {
		return api.None{}, err
	}
	if last.Status != statusDraft && last.Status != statusUnpublished {
		return api.None{}, fault.New(fault.Conflict, "Only a draft or unpublished movie can be deleted; unpublish it first.")
	}
	if _, err := d.DetachAll(ctx, w, m.ID); err != nil {
		return api.None{}, err
	}
	if err := d.RemoveMedia(ctx, w, m.ID); err != nil {
		return api.None{}, err
	}
	w.Audit("content.deleted", contentMovie, m.ID, map[string]any{"object": last})
	if m.State == statusPublished { // past its window: answers may still hold its absence, and its return
		emitMovie(w, m, &movie{Movie: Movie{ID: m.ID}, State: statusUnpublished})
	}
	return api.None{}, deleteMovie(ctx, w.Tx.Tx, m.ID)
}
