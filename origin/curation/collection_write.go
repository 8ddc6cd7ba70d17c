package curation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/content"
	"encora/origin/vocab"
	"encora/shared/fault"
)

type createCollectionIn struct {
	Body CollectionWrite
}

type updateCollectionIn struct {
	collectionID
	Body CollectionWrite
}

// collections is what edits need to know of collections, at an instant. They lack nothing to be published.
func (d *Domain) collections(at time.Time) *content.Kind[collection, AdminCollection] {
	return &content.Kind[collection, AdminCollection]{
		Type: content.Collection, Read: readCounted(at), Handle: (*collection).handle, Admin: (*collection).admin, Insert: insertCollection,
		Update: updateCollection, Delete: deleteCollection, Upkeep: &d.Upkeep,
		Settle: func(ctx context.Context, w *api.Write, c *collection) error {
			return replaceItems(ctx, w.Tx.Tx, c.ID, c.ItemRefs)
		},
		Join: func(c, stored *collection) { c.ItemRefs, c.GeoRestrictions = stored.ItemRefs, stored.GeoRestrictions },
	}
}

// readCounted reads a collection, and counts what its query selects at an instant of all that is published.
func readCounted(at time.Time) func(context.Context, pgx.Tx, uuid.UUID) (*collection, error) {
	return func(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*collection, error) {
		c, err := readCollection(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		return c, c.count(ctx, tx, at)
	}
}

func (c *collection) count(ctx context.Context, tx pgx.Tx, at time.Time) error {
	if c.Query == nil {
		return nil
	}
	r := &api.Read{Tx: tx, AsOf: at}
	n, err := c.items(r).Count(ctx, r)
	c.ItemCount = n
	return err
}

func (d *Domain) createCollection(ctx context.Context, w *api.Write, in *createCollectionIn) (AdminCollection, error) {
	c := &collection{Publication: content.Publication{State: content.Draft, Announced: content.Draft}}
	c.ID, c.CreatedBy, c.CreatedAt, c.UpdatedAt = uuid.Must(uuid.NewV7()), w.Actor.ID, w.Now, w.Now
	e, err := c.take(ctx, w, &in.Body)
	if err != nil {
		return AdminCollection{}, err
	}
	return d.collections(w.Now).Create(ctx, w, c, e, &c.Slug, []string{c.Slug})
}

func (d *Domain) updateCollection(ctx context.Context, w *api.Write, in *updateCollectionIn) (AdminCollection, error) {
	return d.collections(w.Now).Change(ctx, w, in.CollectionID, func(c *collection) (content.Edit, error) {
		return c.take(ctx, w, &in.Body)
	})
}

// take takes over a body, and says what is wrong with it.
func (c *collection) take(ctx context.Context, w *api.Write, b *CollectionWrite) (content.Edit, error) {
	before := c.Query
	c.copyFrom(b)
	unknown, err := unknownItems(ctx, w.Tx.Tx, b.ItemRefs)
	if err != nil {
		return content.Edit{}, err
	}
	if c.Query != nil && (before == nil || *before != *c.Query) {
		if err := c.count(ctx, w.Tx.Tx, w.Now); err != nil {
			return content.Edit{}, err
		}
	}
	faults, conflict := c.Publication.Turn(content.Window(c.Span), b.Status, w.Now)
	return content.Edit{Faults: append(unknown, faults...), Conflict: conflict, Rule: b.GeoRestrictions}, nil
}

// copyFrom takes over what a body says of the collection itself.
func (c *collection) copyFrom(b *CollectionWrite) {
	c.Slug, c.Title, c.Subtitle, c.Type, c.Query = b.Slug, b.Title, b.Subtitle, b.Type, b.query()
	c.SortOrder, c.Images, c.Span = b.SortOrder, b.Images, content.Span(b.window().Stored())
	c.ItemRefs = inPlace(b.ItemRefs)
}

// inPlace are the items in the order that they ask for.
func inPlace(refs []ItemRef) []ItemRef {
	placed := vocab.Some(slices.Clone(refs))
	for i := range placed {
		if placed[i].SortOrder == nil {
			place := i + 1
			placed[i].SortOrder = &place
		}
	}
	slices.SortStableFunc(placed, func(a, b ItemRef) int { return *a.SortOrder - *b.SortOrder })
	return placed
}

// unknownItems names the items that there are not, or not as that kind of content. The others stay as they are until the write
// commits.
func unknownItems(ctx context.Context, tx pgx.Tx, refs []ItemRef) ([]fault.Detail, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	ids := make([]uuid.UUID, len(refs))
	for i, ref := range refs {
		ids[i] = ref.ContentID
	}
	types, err := content.Hold(ctx, tx, ids)
	var faults vocab.Faults
	for i, ref := range refs {
		if types[ref.ContentID] != ref.ContentType && slices.Contains(kinds, ref.ContentType) {
			faults.Add(fmt.Sprintf("item_refs[%d].content_id", i), "unknown", "There is no "+ref.ContentType+" with this id.")
		}
	}
	return faults, err
}

// deleteCollection removes a collection of whatever status, but not one that the home screen shows.
func (d *Domain) deleteCollection(ctx context.Context, w *api.Write, in *collectionID) (api.None, error) {
	return d.collections(w.Now).Remove(ctx, w, in.CollectionID, func(c *collection, _ string) error {
		layout, err := readLayout(ctx, w.Tx.Tx) // now that no other can come to show it
		if err != nil {
			return err
		}
		return layout.free(c.ID)
	})
}
