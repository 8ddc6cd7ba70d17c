package catalog

import (
	"context"
	"slices"
	"time"

	"encora/origin/api"
	"encora/origin/vocab"
	"encora/shared/fault"
)

type publishMovieIn struct {
	movieID
	Body PublishRequest `required:"false"`
}

// PublishRequest is the body of a publish, which may be left out.
type PublishRequest struct {
	AvailableFrom *time.Time `json:"available_from,omitempty" doc:"Schedule publication for a future datetime. Omit for immediate publication."`
}

// publishMovie publishes now, or at a future available_from. Publishing what is published already changes nothing.
func (d *Domain) publishMovie(ctx context.Context, w *api.Write, in *publishMovieIn) (AdminMovie, error) {
	return d.change(ctx, w, in.MovieID, func(m *movie) (edit, error) {
		m.State = statusPublished
		switch from := vocab.Instant(in.Body.AvailableFrom); {
		case from != nil:
			m.AvailableFrom = from
		case m.AvailableFrom != nil && m.AvailableFrom.After(w.Now):
			m.AvailableFrom = nil // "publish without available_from publishes now, clearing a future one"
		}
		return edit{faults: windowFaults(m, w.Now)}, nil
	})
}

// unpublishMovie takes the movie from viewers. What is unpublished already stays so.
func (d *Domain) unpublishMovie(ctx context.Context, w *api.Write, in *movieID) (AdminMovie, error) {
	return d.change(ctx, w, in.MovieID, func(m *movie) (edit, error) {
		if m.State == statusDraft {
			return edit{conflict: fault.New(fault.Conflict, "A draft is not published; there is nothing to unpublish.")}, nil
		}
		m.State = statusUnpublished
		return edit{}, nil
	})
}

// transition turns the status that a body asks for into the movie's intent.
func transition(m *movie, status string, now time.Time) []fault.Detail {
	switch status {
	case statusPublished, statusScheduled:
		m.State = statusPublished
		faults := windowFaults(m, now)
		if status == statusScheduled && (m.AvailableFrom == nil || !m.AvailableFrom.After(now)) {
			faults = append(faults, fault.Detail{Field: "available_from", Code: "required", Message: "A scheduled movie needs a future available_from."})
		}
		return faults
	case statusUnpublished:
		if m.State == statusDraft {
			return []fault.Detail{{Field: "status", Code: "not_allowed", Message: "A draft can be published, not unpublished."}}
		}
		m.State = statusUnpublished
	}
	return nil
}

// refuseBackToDraft keeps the order draft → published or scheduled → unpublished.
func refuseBackToDraft(m *movie, status string) error {
	if status == statusDraft && m.State != statusDraft {
		return fault.New(fault.Conflict, "What has been published can't become a draft again; unpublish it.",
			fault.Detail{Field: "status", Code: "not_allowed", Message: "Allowed are published, scheduled and unpublished."})
	}
	return nil
}

func windowFaults(m *movie, now time.Time) []fault.Detail {
	switch {
	case m.AvailableUntil == nil:
		return nil
	case m.AvailableFrom != nil && !m.AvailableUntil.After(*m.AvailableFrom):
		return []fault.Detail{{Field: "available_until", Code: "out_of_range", Message: "The window must end after it begins."}}
	case !m.AvailableUntil.After(now):
		return []fault.Detail{{Field: "available_until", Code: "out_of_range", Message: "The window has ended; move its end to publish."}}
	}
	return nil
}

// gate lists everything that a movie lacks to be published; nothing for one that isn't.
func (d *Domain) gate(ctx context.Context, w *api.Write, m *movie) ([]fault.Detail, error) {
	if m.State != statusPublished {
		return nil, nil
	}
	var missing []fault.Detail
	if m.RuntimeMinutes == 0 {
		missing = append(missing, fault.Detail{Field: "runtime_minutes", Code: "required", Message: "Required before publishing."})
	}
	if m.ContentRating == "" {
		missing = append(missing, fault.Detail{Field: "content_rating", Code: "required", Message: "Required before publishing."})
	}
	ready, err := hasVideo(ctx, w.Tx.Tx, m.ID)
	if err != nil {
		return nil, err
	}
	if !ready {
		missing = append(missing, fault.Detail{Field: "video_asset", Code: "required", Message: "A ready video_master asset is required before publishing."})
	}
	return missing, nil
}

// announce leaves the audit entries and events of an edit: what was edited, and the step of the status if there was one.
func (d *Domain) announce(w *api.Write, before, after *movie, changed []string) {
	from, to := before.status(w.Now), after.status(w.Now)
	edited := slices.DeleteFunc(slices.Clone(changed), func(name string) bool { return name == "status" })
	if len(edited) > 0 {
		w.Audit("content.updated", contentMovie, after.ID, map[string]any{"changed": edited})
	}
	if from != to {
		tellStatus(w, after, from, to)
	}
	after.Announced = to
}

// tellStatus records that a movie's status became another. Webhooks hear of what viewers can notice.
func tellStatus(w writer, m *movie, from, to string) {
	w.Audit("content."+to, contentMovie, m.ID, map[string]any{"from": from})
	if to == statusPublished || to == statusUnpublished && from == statusPublished {
		w.Event("content."+to, map[string]any{"content_type": contentMovie, "content_id": m.ID, "title": m.Title, "status": to})
	}
}

// emitMovie tells caches of an edit of a movie that viewers see, saw, or will see by the clock.
func emitMovie(w *api.Write, before, after *movie) {
	if before.State != statusPublished && after.State != statusPublished {
		return
	}
	vocab.Emit(w, takenAway(before, after), tagMovie(after.ID), tagMovies)
	if before.State != after.State || !slices.Equal(before.GenreIDs, after.GenreIDs) ||
		!sameInstant(before.AvailableFrom, after.AvailableFrom) || !sameInstant(before.AvailableUntil, after.AvailableUntil) {
		w.Emit(tagGenres)
	}
}

// takenAway reports whether after an edit there are viewers and instants that see less than before it.
func takenAway(before, after *movie) bool {
	if before.State != statusPublished {
		return false
	}
	return after.State != statusPublished || later(after.AvailableFrom, before.AvailableFrom) || earlier(after.AvailableUntil, before.AvailableUntil)
}

// later compares beginnings of windows; nil is the beginning of time.
func later(a, b *time.Time) bool { return a != nil && (b == nil || a.After(*b)) }

// earlier compares ends of windows; nil is the end of time.
func earlier(a, b *time.Time) bool { return a != nil && (b == nil || a.Before(*b)) }

func sameInstant(a, b *time.Time) bool { return a == b || a != nil && b != nil && a.Equal(*b) }
