package curation

import (
	"context"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/content"
)

// inOrder is the order of lists of collections.
const inOrder = "sort_order"

// placedCollection is a collection in a list.
type placedCollection struct {
	collection
	content.Place
}

type collectionID struct {
	CollectionID uuid.UUID `path:"collection_id"`
}

type listCollectionsIn struct {
	api.Paging
	api.Sparse
}

func (d *Domain) listCollections(ctx context.Context, r *api.Read, in *listCollectionsIn) (api.Paged[Collection], error) {
	var none api.Paged[Collection]
	q, items := content.Listed(r, content.Collection), content.Listed(r, kinds...)
	for _, q := range []*content.Query{q, items} {
		if err := q.Clock(ctx, r); err != nil {
			return none, err
		}
	}
	page, err := content.List[placedCollection](ctx, r, q, content.OrderBy("", inOrder), in.Paging, "collections", bareColumns, -1)
	if err != nil {
		return none, err
	}
	counts, err := countItems(ctx, r, page.Data, items, items)
	return content.Page(page, func(c *placedCollection) Collection {
		content.TagPrinted(r, c.GeoRestrictions)
		c.ItemCount = counts[c.ID]
		return c.at(r.AsOf)
	}), err
}

type getCollectionIn struct {
	collectionID
	api.Paging
	api.Sparse
}

func (d *Domain) getCollection(ctx context.Context, r *api.Read, in *getCollectionIn) (CollectionPage, error) {
	var none CollectionPage
	if _, err := content.Visible(ctx, r, in.CollectionID, content.Collection); err != nil {
		return none, err
	}
	c, err := readBare(ctx, r, in.CollectionID)
	if err != nil {
		return none, err
	}
	content.TagPrinted(r, c.GeoRestrictions)
	q := c.items(r)
	if err := q.Clock(ctx, r); err != nil {
		return none, err
	}
	if c.ItemCount, err = q.Count(ctx, r); err != nil {
		return none, err
	}
	page, err := c.page(ctx, r, q, in.Paging)
	return CollectionPage{c.at(r.AsOf), page.Data, page.Meta}, err
}

type adminListCollectionsIn struct {
	api.Paging
	api.Sparse
	Status string `query:"status" enum:"draft,published,scheduled,archived"`
}

func (d *Domain) adminListCollections(ctx context.Context, r *api.Read, in *adminListCollectionsIn) (api.Counted[Collection], error) {
	var none api.Counted[Collection]
	q := content.All(r, content.Collection)
	q.Status(in.Status)
	total, err := q.Count(ctx, r)
	if err != nil {
		return none, err
	}
	page, err := content.List[placedCollection](ctx, r, q, content.OrderBy("", inOrder), in.Paging, "collections", bareColumns, total)
	if err != nil {
		return none, err
	}
	counts, err := countItems(ctx, r, page.Data, content.All(r, kinds...), content.Listed(r, kinds...))
	return content.Page(page, func(c *placedCollection) Collection {
		c.ItemCount = counts[c.ID]
		return c.at(r.AsOf)
	}).Count(total), err
}

type adminGetCollectionIn struct {
	collectionID
	api.Sparse
}

func (d *Domain) adminGetCollection(ctx context.Context, r *api.Read, in *adminGetCollectionIn) (AdminCollection, error) {
	c, err := readCounted(r.AsOf)(ctx, r, in.CollectionID)
	if err != nil {
		return AdminCollection{}, err
	}
	return c.admin(r.AsOf), nil
}
