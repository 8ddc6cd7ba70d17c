package curation

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/content"
	"encora/origin/filter"
	"encora/origin/vocab"
	"encora/shared/fault"
)

// Collection is a collection in a list. What has no end or beginning, and the rule when none is attached, are left out.
type Collection struct {
	ID              uuid.UUID                `json:"id"`
	Slug            string                   `json:"slug"`
	Title           string                   `json:"title"`
	Subtitle        *string                  `json:"subtitle" nullable:"true"`
	Type            string                   `json:"type" enum:"manual,dynamic,editorial,franchise"`
	Status          string                   `json:"status" db:"-" enum:"draft,published,scheduled,archived"`
	Query           *string                  `json:"query" nullable:"true" doc:"The filter that selects the items; null: they were picked by hand."`
	ItemCount       int                      `json:"item_count" db:"-" doc:"All items that the viewer sees, on all pages. For editors all that were picked, or what the query selects now of what is published."`
	SortOrder       int                      `json:"sort_order"`
	GeoRestrictions *vocab.GeoRestrictionRef `json:"geo_restrictions" db:"geo"`
	Images          vocab.ImageSet           `json:"images"`
	content.Span
	CreatedBy uuid.UUID `json:"created_by"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// CollectionPage is a collection with a page of its items.
type CollectionPage struct {
	Collection
	ItemRefs []ItemRef `json:"item_refs" doc:"The items that the viewer sees, in order."`
	Meta     api.Meta  `json:"meta"`
}

// AdminCollection is a collection as editors see it.
type AdminCollection struct {
	Collection
	ItemRefs []ItemRef `json:"item_refs" doc:"The items that were picked, in order; [] where a query selects them."`
}

// Location is the address of the collection for editors.
func (c AdminCollection) Location() string { return "/v2/admin/collections/" + c.ID.String() }

// ItemRef names an item.
type ItemRef struct {
	ContentType string    `json:"content_type" enum:"movie,show,episode,channel"`
	ContentID   uuid.UUID `json:"content_id"`
	SortOrder   *int      `json:"sort_order,omitempty" minimum:"-1000000" maximum:"1000000" doc:"Lower comes first; ties go by the place in the list. Absent: that place, counted from 1."`
}

// collection is a collection as the database holds it.
type collection struct {
	Collection
	content.Publication
	ItemRefs []ItemRef
}

func (c *collection) handle() content.Handle {
	return content.Handle{ID: c.ID, Title: c.Title, Publication: &c.Publication, Window: (*content.Window)(&c.Span), Ended: content.Archived,
		UpdatedAt: &c.UpdatedAt}
}

// at is the collection's representation at an instant.
func (c *collection) at(instant time.Time) Collection {
	c.Status = c.handle().Status(instant)
	return c.Collection
}

// admin is the editors' representation at an instant. What a query selects is counted by who reads the collection.
func (c *collection) admin(instant time.Time) AdminCollection {
	if c.Query == nil {
		c.ItemCount = len(c.ItemRefs)
	}
	return AdminCollection{c.at(instant), c.ItemRefs}
}

// CollectionWrite is the body of create and replace.
type CollectionWrite struct {
	Slug            string                             `json:"slug" maxLength:"120" pattern:"^[a-z0-9-]+$" patternDescription:"a text of small letters a to z, digits and hyphens"`
	Title           string                             `json:"title" minLength:"1" maxLength:"200" pattern:"^[^\\r\\n]*\\S[^\\r\\n]*$" patternDescription:"a text on one line that is not blank"`
	Subtitle        *string                            `json:"subtitle,omitempty" nullable:"true" maxLength:"300" pattern:"^[^\\r\\n]*$" patternDescription:"a text on one line"`
	Type            string                             `json:"type" enum:"manual,dynamic,editorial,franchise" doc:"manual = hand-picked items; dynamic = rule/query-driven. editorial and franchise are either."`
	Status          string                             `json:"status" enum:"draft,published,scheduled,archived"`
	Query           *string                            `json:"query,omitempty" nullable:"true" doc:"For dynamic collections, the catalogue filter expression that populates items, the newest first."`
	ItemRefs        []ItemRef                          `json:"item_refs,omitempty" maxItems:"500" doc:"For manual collections, ordered content references."`
	SortOrder       int                                `json:"sort_order,omitempty" minimum:"-1000000" maximum:"1000000" doc:"Display weight for ordering collections relative to one another."`
	GeoRestrictions api.Optional[vocab.GeoRestriction] `json:"geo_restrictions,omitzero" doc:"Attaches the rule; null detaches all; absent changes nothing."`
	Images          vocab.ImageSet                     `json:"images,omitzero" doc:"Content artwork. All URLs are CDN-hosted, immutable, and cache-safe."`
	AvailableFrom   *time.Time                         `json:"available_from,omitempty"`
	AvailableUntil  *time.Time                         `json:"available_until,omitempty"`
}

// query is the filter that selects the items; nil without one.
func (b *CollectionWrite) query() *string {
	if b.Query == nil || *b.Query == "" {
		return nil
	}
	return b.Query
}

func (b *CollectionWrite) window() content.Window {
	return content.Window{AvailableFrom: b.AvailableFrom, AvailableUntil: b.AvailableUntil}
}

// Faults implements api.Checked.
func (b *CollectionWrite) Faults() []fault.Detail {
	var faults vocab.Faults
	query := b.query()
	switch {
	case b.Type == "manual" && query != nil:
		faults.Add("query", "not_allowed", "The items of a manual collection are picked; only the other types take a query.")
	case b.Type == "dynamic" && query == nil:
		faults.Add("query", "required", "A dynamic collection needs the filter that selects its items.")
	case query != nil:
		faults = append(faults, filter.Faults("query", *query)...)
	}
	if query != nil && b.Type != "manual" && len(b.ItemRefs) > 0 {
		faults.Add("item_refs", "not_allowed", "The query selects the items; leave item_refs out, or the query.")
	}
	faults = append(faults, repeated(b.ItemRefs)...)
	faults.Images("images", b.Images)
	return append(faults, b.window().Faults()...)
}

// repeated names the items that are there before.
func repeated(refs []ItemRef) []fault.Detail {
	var faults vocab.Faults
	first := map[uuid.UUID]int{}
	for i, ref := range refs {
		if at, again := first[ref.ContentID]; again && ref.ContentID != uuid.Nil { // which is what could not be read
			faults.Add(fmt.Sprintf("item_refs[%d].content_id", i), "repeated", fmt.Sprintf("This is the item of item_refs[%d].", at))
			continue
		}
		first[ref.ContentID] = i
	}
	return faults
}
