package content

import (
	"time"

	"encora/origin/vocab"
	"encora/shared/fault"
)

// The statuses that editors see of what they publish. Published and Scheduled are one intent; the clock tells them apart.
const (
	Draft       = "draft"
	Live        = "published"
	Scheduled   = "scheduled"
	Unpublished = "unpublished"
	Archived    = "archived" // of collections, instead
)

// Window is when a title may be seen: from an instant on, until another; nil is open.
type Window struct {
	AvailableFrom  *time.Time `json:"available_from,omitempty"`
	AvailableUntil *time.Time `json:"available_until" nullable:"true"`
}

// Span is a Window as the contract has it of collections and episodes: what is open is left out, since null is not taken back.
type Span struct {
	AvailableFrom  *time.Time `json:"available_from,omitempty"`
	AvailableUntil *time.Time `json:"available_until,omitempty"`
}

// Faults is what is wrong with a window as such.
func (v Window) Faults() []fault.Detail {
	if v.AvailableFrom != nil && v.AvailableUntil != nil && !v.AvailableUntil.After(*v.AvailableFrom) {
		return []fault.Detail{{Field: "available_until", Code: "out_of_range", Message: "The window must end after it begins."}}
	}
	return nil
}

// Stored is the window as Postgres keeps it.
func (v Window) Stored() Window {
	return Window{vocab.Instant(v.AvailableFrom), vocab.Instant(v.AvailableUntil)}
}

// Publication is what editors want of a title, and what events and audit last told of its status.
type Publication struct {
	State     string // Draft, Live, or what comes after: Unpublished; a collection's is Archived
	Announced string
}

// At is the status at an instant: intent and clock.
func (p *Publication) At(v Window, at time.Time) string {
	switch {
	case p.State != Live:
		return p.State
	case v.AvailableUntil != nil && !v.AvailableUntil.After(at):
		return Unpublished
	case v.AvailableFrom != nil && v.AvailableFrom.After(at):
		return Scheduled
	}
	return Live
}

// Publish means to show the title: from the given instant on, or now. Without one a beginning to come is cleared.
func (p *Publication) Publish(v *Window, from *time.Time, now time.Time) []fault.Detail {
	p.State = Live
	switch from := vocab.Instant(from); {
	case from != nil:
		v.AvailableFrom = from
	case v.AvailableFrom != nil && v.AvailableFrom.After(now):
		v.AvailableFrom = nil
	}
	return open(*v, now)
}

// PublishRequest is the body of a publish, which may be left out.
type PublishRequest struct {
	AvailableFrom *time.Time `json:"available_from,omitempty" doc:"Schedule publication for a future datetime. Omit for immediate publication."`
}

// Unpublish takes the title from viewers. What is unpublished already stays so.
func (p *Publication) Unpublish() error {
	if p.State == Draft {
		return fault.New(fault.Conflict, "A draft is not published; there is nothing to unpublish.")
	}
	p.State = Unpublished
	return nil
}

// Turn takes over the status that a body asks for: what is wrong with that, and whether the title's state forbids it, which
// keeps the order draft → published or scheduled → unpublished or archived.
func (p *Publication) Turn(v Window, status string, now time.Time) ([]fault.Detail, error) {
	switch status {
	case Live:
		p.State = Live
		return open(v, now), nil
	case Scheduled:
		p.State = Live
		faults := open(v, now)
		if v.AvailableFrom == nil || !v.AvailableFrom.After(now) {
			faults = append(faults, fault.Detail{Field: "available_from", Code: "required", Message: "What is scheduled needs a future available_from."})
		}
		return faults, nil
	case Unpublished:
		if p.State == Draft {
			return []fault.Detail{{Field: "status", Code: "not_allowed", Message: "A draft can be published, not unpublished."}}, nil
		}
		p.State = Unpublished
	case Archived:
		p.State = Archived
	case Draft:
		if p.State != Draft {
			return nil, fault.New(fault.Conflict, "What is no draft any more can't become one again.",
				fault.Detail{Field: "status", Code: "not_allowed", Message: "Allowed are the other statuses."})
		}
	}
	return nil, nil
}

// open is what is wrong with the window of a title that is to be shown.
func open(v Window, now time.Time) []fault.Detail {
	if faults := v.Faults(); faults != nil {
		return faults
	}
	if v.AvailableUntil != nil && !v.AvailableUntil.After(now) {
		return []fault.Detail{{Field: "available_until", Code: "out_of_range", Message: "The window has ended; move its end to publish."}}
	}
	return nil
}

// takenAway reports whether after an edit there are viewers and instants that see less than before it.
func takenAway(was, is Publication, before, after Window) bool {
	if was.State != Live {
		return false
	}
	return is.State != Live || before.Cut(after)
}

// Cut reports whether the window is open at some time when the other is not.
func (v Window) Cut(other Window) bool {
	return later(other.AvailableFrom, v.AvailableFrom) || earlier(other.AvailableUntil, v.AvailableUntil)
}

// later compares beginnings of windows; nil is the beginning of time.
func later(a, b *time.Time) bool { return a != nil && (b == nil || a.After(*b)) }

// earlier compares ends of windows; nil is the end of time.
func earlier(a, b *time.Time) bool { return a != nil && (b == nil || a.Before(*b)) }

func (v Window) equal(other Window) bool {
	return sameInstant(v.AvailableFrom, other.AvailableFrom) && sameInstant(v.AvailableUntil, other.AvailableUntil)
}

func sameInstant(a, b *time.Time) bool { return a == b || a != nil && b != nil && a.Equal(*b) }
