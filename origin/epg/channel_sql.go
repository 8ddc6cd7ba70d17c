package epg

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/content"
)

// channelColumns are those of the channel struct, of channels x.
const channelColumns = `
	x.id, x.slug, x.name, x.number, x.description, x.category, x.language, x.website_url, x.images, x.status,
	x.drm_required, x.is_premium, x.is_catchup_enabled, x.catchup_days, x.sort_order, x.epg_ids, x.is_published,
	x.created_at, x.updated_at, x.sort_number, x.sort_name,
	CASE WHEN x.is_published THEN 'published' ELSE 'unpublished' END AS state, '' AS announced, ` + content.GeoColumn

// readChannel reads a channel; one that is not there is fault.Missing.
func readChannel(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*channel, error) {
	return content.One[channel](ctx, tx, `SELECT `+channelColumns+` FROM channels x WHERE x.id = $1`, id)
}

func (c *channel) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"id": c.ID, "slug": c.Slug, "name": c.Name, "number": c.Number, "description": c.Description,
		"category": c.Category, "language": c.Language, "website_url": c.WebsiteURL, "images": c.Images,
		"status": c.Status, "drm_required": c.DRMRequired, "is_premium": c.IsPremium,
		"is_catchup_enabled": c.IsCatchupEnabled, "catchup_days": c.CatchupDays, "sort_order": c.SortOrder,
		"epg_ids": c.EPGIDs, "is_published": c.State == content.Live, "created_at": c.CreatedAt, "updated_at": c.UpdatedAt,
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
