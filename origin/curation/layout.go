package curation

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"encora/origin/content"
	"encora/origin/vocab"
	"encora/shared/fault"
)

// Types of rails.
const (
	hero         = "hero"
	ofCollection = "collection"
	liveNow      = "live_now"
	trending     = "trending"
	newReleases  = "new_releases"
)

// personal are the rails that are a profile's own, with the addresses of what is in them. The layout is everybody's, so the
// profile is for its reader to fill in.
var personal = map[string]string{
	"continue_watching": "/v2/profiles/{profile_id}/history",
	"recommendations":   "/v2/profiles/{profile_id}/recommendations",
	"watchlist":         "/v2/profiles/{profile_id}/watchlist",
}

// Rail is a row of the home screen as editors lay it out.
type Rail struct {
	ID             uuid.UUID  `json:"id" required:"false" doc:"Made if it is not given."`
	Type           string     `json:"type" enum:"hero,collection,live_now,trending,new_releases,continue_watching,recommendations,watchlist"`
	Title          string     `json:"title" required:"false" maxLength:"200" pattern:"^[^\\r\\n]*$" patternDescription:"a text on one line"`
	Subtitle       *string    `json:"subtitle" required:"false" nullable:"true" maxLength:"300" pattern:"^[^\\r\\n]*$" patternDescription:"a text on one line"`
	Display        *string    `json:"display" required:"false" nullable:"true" enum:"hero,poster,landscape,square,circle" doc:"How apps draw the items; null leaves it to them."`
	CollectionID   *uuid.UUID `json:"collection_id" required:"false" nullable:"true" doc:"Whose items a hero or collection rail shows; required for these, and for no other."`
	ContentType    *string    `json:"content_type" required:"false" nullable:"true" enum:"movie,show,mixed" doc:"Of trending and new_releases rails. Default: mixed."`
	Window         *string    `json:"window" required:"false" nullable:"true" enum:"today,this_week,this_month" doc:"Of trending rails. Default: this_week."`
	Limit          int        `json:"limit,omitempty" minimum:"1" maximum:"50" doc:"How many items the rail shows. Default: 20, of a hero 5."`
	Platforms      []string   `json:"platforms" required:"false" enum:"ios,android,tvos,web,roku,firetv" maxItems:"6" doc:"Where the rail is shown. Empty: everywhere."`
	AvailableFrom  *time.Time `json:"available_from" required:"false" nullable:"true"`
	AvailableUntil *time.Time `json:"available_until" required:"false" nullable:"true"`
}

// HomeLayoutWrite is the body that replaces the layout.
type HomeLayoutWrite struct {
	Rails []Rail `json:"rails" maxItems:"50" doc:"From top to bottom."`
}

// HomeLayout is the home screen as editors lay it out.
type HomeLayout struct {
	Rails         []Rail    `json:"rails"`
	LayoutVersion int64     `json:"layout_version" doc:"One more with every change."`
	UpdatedAt     time.Time `json:"updated_at"`
}

func (r *Rail) availability() content.Window {
	return content.Window{AvailableFrom: r.AvailableFrom, AvailableUntil: r.AvailableUntil}
}

// curated reports whether the rail shows a collection.
func (r *Rail) curated() bool { return r.Type == hero || r.Type == ofCollection }

// Faults implements api.Checked.
func (b *HomeLayoutWrite) Faults() []fault.Detail {
	var faults vocab.Faults
	first := map[uuid.UUID]int{}
	for i := range b.Rails {
		at := fmt.Sprintf("rails[%d].", i)
		r := &b.Rails[i]
		if before, again := first[r.ID]; again && r.ID != uuid.Nil {
			faults.Add(at+"id", "repeated", fmt.Sprintf("This is the id of rails[%d].", before))
		} else {
			first[r.ID] = i
		}
		for _, d := range r.faults() {
			faults.Add(at+d.Field, d.Code, d.Message)
		}
	}
	return faults
}

func (r *Rail) faults() []fault.Detail {
	var faults vocab.Faults
	if r.curated() && r.CollectionID == nil {
		faults.Add("collection_id", "required", "A "+r.Type+" rail needs the collection that it shows.")
	}
	if !r.curated() && r.CollectionID != nil {
		faults.Add("collection_id", "not_allowed", "Only hero and collection rails show a collection.")
	}
	if r.ContentType != nil && r.Type != trending && r.Type != newReleases {
		faults.Add("content_type", "not_allowed", "Only trending and new_releases rails have one.")
	}
	if r.Window != nil && r.Type != trending {
		faults.Add("window", "not_allowed", "Only trending rails have one.")
	}
	return append(faults, r.availability().Faults()...)
}

// settled are the rails of a body as they are kept: with ids, and with what is not given spelled out.
func settled(rails []Rail) []Rail {
	kept := vocab.Some(slices.Clone(rails))
	for i := range kept {
		kept[i].settle()
	}
	return kept
}

func (r *Rail) settle() {
	if r.ID == uuid.Nil {
		r.ID = uuid.Must(uuid.NewV7())
	}
	if r.ContentType == nil && (r.Type == trending || r.Type == newReleases) {
		r.ContentType = ptr("mixed")
	}
	if r.Window == nil && r.Type == trending {
		r.Window = ptr("this_week")
	}
	if r.Limit == 0 {
		r.Limit = map[bool]int{true: 5, false: 20}[r.Type == hero]
	}
	r.Platforms = vocab.Some(slices.Compact(slices.Sorted(slices.Values(r.Platforms))))
	v := r.availability().Stored()
	r.AvailableFrom, r.AvailableUntil = v.AvailableFrom, v.AvailableUntil
}

func ptr[T any](v T) *T { return &v }

// free is the conflict of a collection that a rail shows.
func (l *HomeLayout) free(collection uuid.UUID) error {
	for i := range l.Rails {
		r := &l.Rails[i]
		if r.CollectionID != nil && *r.CollectionID == collection {
			return fault.New(fault.Conflict, fmt.Sprintf("The home screen shows this collection in its rail %q; take the rail away first.", r.Title),
				fault.Detail{Field: fmt.Sprintf("rails[%d].collection_id", i), Code: "in_use", Message: "The rail " + r.ID.String() + " shows this collection."})
		}
	}
	return nil
}

// takesAway reports whether some viewer, somewhere and at some time, sees a rail in the one layout that the other lacks.
func (l *HomeLayout) takesAway(after []Rail) bool {
	left := make(map[uuid.UUID]*Rail, len(after))
	for i := range after {
		left[after[i].ID] = &after[i]
	}
	return slices.ContainsFunc(l.Rails, func(was Rail) bool {
		is := left[was.ID]
		return is == nil || was.availability().Cut(is.availability()) || len(is.Platforms) > 0 && !within(was.Platforms, is.Platforms)
	})
}

// within reports whether platforms are some of others, which are not all.
func within(platforms, others []string) bool {
	return len(platforms) > 0 && !slices.ContainsFunc(platforms, func(p string) bool { return !slices.Contains(others, p) })
}
