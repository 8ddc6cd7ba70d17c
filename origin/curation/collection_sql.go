package curation

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/content"
	"encora/origin/pgdb"
	"encora/shared/fault"
)

const (
	// collectionColumns are those of the collection struct, of collections x, but for item_refs.
	collectionColumns = `
		x.id, x.slug, x.title, x.subtitle, x.type, x.state, x.announced, x.query, x.sort_order, x.images, x.available_from,
		x.available_until, x.created_by, x.created_at, x.updated_at, ` + content.GeoColumn
	// bareColumns are those without the items, which viewers get page by page.
	bareColumns = collectionColumns + `, '[]'::jsonb AS item_refs`
	fullColumns = collectionColumns + `,
		coalesce((SELECT jsonb_agg(jsonb_build_object('content_type', t.content_type, 'content_id', i.content_id, 'sort_order', i.sort_order)
		                           ORDER BY i.position)
		          FROM collection_items i JOIN titles t ON t.id = i.content_id WHERE i.collection_id = x.id), '[]') AS item_refs`
)

// readCollection reads a collection with its items; one that is not there is fault.Missing.
func readCollection(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*collection, error) {
	return content.One[collection](ctx, tx, `SELECT `+fullColumns+` FROM collections x WHERE x.id = $1`, id)
}

// readBare is readCollection without the items.
func readBare(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*collection, error) {
	return content.One[collection](ctx, tx, `SELECT `+bareColumns+` FROM collections x WHERE x.id = $1`, id)
}

// readListed reads those of the collections that the query selects.
func readListed(ctx context.Context, tx pgx.Tx, q *content.Query) (map[uuid.UUID]*collection, error) {
	rows, err := tx.Query(ctx, `SELECT `+bareColumns+` FROM titles t JOIN collections x USING (id) WHERE true`+q.Where(), q.Args())
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[collection])
	byID := make(map[uuid.UUID]*collection, len(found))
	for _, c := range found {
		byID[c.ID] = c
	}
	return byID, err
}

func (c *collection) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"id": c.ID, "slug": c.Slug, "title": c.Title, "subtitle": c.Subtitle, "type": c.Type, "state": c.State,
		"announced": c.Announced, "query": c.Query, "sort_order": c.SortOrder, "images": c.Images,
		"available_from": c.AvailableFrom, "available_until": c.AvailableUntil, "created_by": c.CreatedBy,
		"created_at": c.CreatedAt, "updated_at": c.UpdatedAt,
	}
}

// insertCollection stores a new collection. Editors choose its slug, so one that is taken is for them to change.
func insertCollection(ctx context.Context, tx pgx.Tx, c *collection) (bool, error) {
	const q = `
		INSERT INTO collections (id, slug, title, subtitle, type, state, announced, query, sort_order, images, available_from,
			available_until, created_by, created_at, updated_at)
		VALUES (@id, @slug, @title, @subtitle, @type, @state, @announced, @query, @sort_order, @images, @available_from,
			@available_until, @created_by, @created_at, @updated_at)`
	_, err := tx.Exec(ctx, q, c.args())
	return true, slugTaken(err)
}

func updateCollection(ctx context.Context, tx pgx.Tx, c *collection) error {
	const q = `
		UPDATE collections SET slug = @slug, title = @title, subtitle = @subtitle, type = @type, state = @state,
			announced = @announced, query = @query, sort_order = @sort_order, images = @images,
			available_from = @available_from, available_until = @available_until, updated_at = @updated_at
		WHERE id = @id`
	_, err := tx.Exec(ctx, q, c.args())
	return slugTaken(err)
}

func slugTaken(err error) error {
	if pgdb.Violates(err, "collections_slug") {
		return fault.New(fault.Conflict, "Another collection has this slug.",
			fault.Detail{Field: "slug", Code: "taken", Message: "Another collection has this slug."})
	}
	return err
}

func deleteCollection(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	_, err := tx.Exec(ctx, `DELETE FROM collections WHERE id = $1`, id)
	return err
}
