package apitest

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"encora/origin/api"
	"encora/origin/content"
	"encora/origin/record"
)

// Upkeep stands in for the domains of rules and of media, for the tests of others. It tells nobody.
var Upkeep = content.Upkeep{Attach: attach, Detach: detach, RemoveMedia: removeMedia}

func attach(ctx context.Context, w *api.Write, contentType string, id, rule uuid.UUID) (bool, error) {
	tag, err := w.Exec(ctx, `INSERT INTO geo_attachments (rule_id, content_type, content_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, rule, contentType, id)
	return tag.RowsAffected() > 0, err
}

func detach(ctx context.Context, w *api.Write, ids ...uuid.UUID) (bool, error) {
	tag, err := w.Exec(ctx, `DELETE FROM geo_attachments WHERE content_id = ANY($1)`, ids)
	return tag.RowsAffected() > 0, err
}

func removeMedia(ctx context.Context, w *api.Write, ids ...uuid.UUID) error {
	_, err := w.Exec(ctx, `DELETE FROM media_assets WHERE content_id = ANY($1)`, ids)
	return err
}

// AddVideos stands in for the domain of media when content is brought in: each gets a video.
func AddVideos(ctx context.Context, tx *record.Tx, videos []content.Video) error {
	for _, v := range videos {
		if err := AddVideo(ctx, tx, v.ContentType, v.ContentID); err != nil {
			return err
		}
	}
	return nil
}

// AddVideo stores a ready video of a content.
func AddVideo(ctx context.Context, db interface {
	Exec(ctx context.Context, q string, args ...any) (pgconn.CommandTag, error)
}, contentType string, id uuid.UUID) error {
	const q = `INSERT INTO media_assets (id, asset_type, content_type, content_id, hls_path, key_ids, status, created_at)
		VALUES ($1, 'video_master', $2, $3, '/v.m3u8', '{}', 'ready', now())`
	_, err := db.Exec(ctx, q, uuid.Must(uuid.NewV7()), contentType, id)
	return err
}

// DenyRules stands in for the domain of rules: those that deny the country, attached or not.
func DenyRules(ctx context.Context, tx pgx.Tx, country string) ([]uuid.UUID, error) {
	rows, err := tx.Query(ctx, `SELECT id FROM geo_rules WHERE (policy = 'block_list') = ($1 = ANY(territories)) ORDER BY id`, country)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

// Rule stores a geo rule that blocks the countries.
func (b *Bundle) Rule(countries ...string) uuid.UUID {
	b.t.Helper()
	id := uuid.Must(uuid.NewV7())
	b.Exec(`INSERT INTO geo_rules VALUES ($1, 'rule', '', 'block_list', $2, now(), now())`, id, countries)
	return id
}
