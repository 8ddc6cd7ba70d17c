package epg

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// channelColumns are those of the channel struct, of channels c.
const channelColumns = `
	c.id, c.slug, c.name, c.number, c.description, c.category, c.language, c.website_url, c.images, c.status,
	c.drm_required, c.is_premium, c.is_catchup_enabled, c.catchup_days, c.sort_order, c.epg_ids, c.is_published,
	c.created_at, c.updated_at, c.sort_number, c.sort_name,
	(SELECT jsonb_build_object('rule_id', r.id, 'policy', r.policy, 'territories', r.territories)
	 FROM geo_attachments a JOIN geo_rules r ON r.id = a.rule_id
	 WHERE a.content_id = c.id ORDER BY r.id LIMIT 1) AS geo`

// readChannel reads a channel; nil when there is none.
func readChannel(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*channel, error) {
	rows, err := tx.Query(ctx, `SELECT `+channelColumns+` FROM channels c WHERE c.id = $1`, id)
	if err != nil {
		return nil, err
	}
	c, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[channel])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return c, err
}

// lockChannel is readChannel for a write. The lock comes first and the columns after it, so that rules are those that the
// last writer left.
func lockChannel(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*channel, error) {
	const q = `SELECT id FROM channels WHERE id = $1 FOR UPDATE`
	err := tx.QueryRow(ctx, q, id).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return readChannel(ctx, tx, id)
}

func (c *channel) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"id": c.ID, "slug": c.Slug, "name": c.Name, "number": c.Number, "description": c.Description,
		"category": c.Category, "language": c.Language, "website_url": c.WebsiteURL, "images": c.Images,
		"status": c.Status, "drm_required": c.DRMRequired, "is_premium": c.IsPremium,
		"is_catchup_enabled": c.IsCatchupEnabled, "catchup_days": c.CatchupDays, "sort_order": c.SortOrder,
		"epg_ids": c.EPGIDs, "is_published": c.IsPublished, "created_at": c.CreatedAt, "updated_at": c.UpdatedAt,
	}
}

// insertChannel reports whether the slug was free.
func insertChannel(ctx context.Context, tx pgx.Tx, c *channel) (bool, error) {
	const q = `
		INSERT INTO channels (id, slug, name, number, description, category, language, website_url, images, status,
			drm_required, is_premium, is_catchup_enabled, catchup_days, sort_order, epg_ids, is_published,
			created_at, updated_at)
		VALUES (@id, @slug, @name, @number, @description, @category, @language, @website_url, @images, @status,
			@drm_required, @is_premium, @is_catchup_enabled, @catchup_days, @sort_order, @epg_ids, @is_published,
			@created_at, @updated_at)
		ON CONFLICT (slug) DO NOTHING`
	tag, err := tx.Exec(ctx, q, c.args())
	return tag.RowsAffected() > 0, err
}

func updateChannel(ctx context.Context, tx pgx.Tx, c *channel) error {
	const q = `
		UPDATE channels SET name = @name, number = @number, description = @description, category = @category,
			language = @language, website_url = @website_url, images = @images, status = @status,
			drm_required = @drm_required, is_premium = @is_premium, is_catchup_enabled = @is_catchup_enabled,
			catchup_days = @catchup_days, sort_order = @sort_order, epg_ids = @epg_ids, is_published = @is_published,
			updated_at = @updated_at
		WHERE id = @id`
	_, err := tx.Exec(ctx, q, c.args())
	return err
}

// deleteChannel removes a channel and its programmes.
func deleteChannel(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	_, err := tx.Exec(ctx, `DELETE FROM channels WHERE id = $1`, id)
	return err
}

// takenSlugs lists those of the candidates that a channel has.
func takenSlugs(ctx context.Context, tx pgx.Tx, candidates []string) ([]string, error) {
	rows, err := tx.Query(ctx, `SELECT slug FROM channels WHERE slug = ANY($1)`, candidates)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// channelKeys gives the ids of channels by their keys at the source.
func channelKeys(ctx context.Context, tx pgx.Tx, keys []string) (map[string]uuid.UUID, error) {
	rows, err := tx.Query(ctx, `SELECT source_key, id FROM channels WHERE source_key = ANY($1)`, keys)
	if err != nil {
		return nil, err
	}
	known := make(map[string]uuid.UUID, len(keys))
	var key string
	var id uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&key, &id}, func() error { known[key] = id; return nil })
	return known, err
}
