package media

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// assetColumns are those of Asset, of media_assets.
const assetColumns = `
	id, asset_type, jsonb_build_object('content_type', content_type, 'content_id', content_id) AS target,
	coalesce(dash_path, '') AS dash_path, coalesce(hls_path, '') AS hls_path,
	coalesce(duration_seconds, 0) AS duration_seconds, key_ids, coalesce(language, '') AS language,
	coalesce(kind, '') AS kind, coalesce(title, '') AS title, status, created_at`

func insertAsset(ctx context.Context, tx pgx.Tx, a *Asset) error {
	const q = `
		INSERT INTO media_assets (id, asset_type, content_type, content_id, dash_path, hls_path, duration_seconds, key_ids,
			language, kind, title, status, created_at)
		VALUES (@id, @asset_type, @content_type, @content_id, @dash_path, @hls_path, @duration_seconds, @key_ids,
			@language, @kind, @title, @status, @created_at)`
	_, err := tx.Exec(ctx, q, pgx.NamedArgs{
		"id": a.ID, "asset_type": a.AssetType, "content_type": a.Target.ContentType, "content_id": a.Target.ContentID,
		"dash_path": a.DASHPath, "hls_path": a.HLSPath, "duration_seconds": a.DurationSeconds, "key_ids": a.KeyIDs,
		"language": a.Language, "kind": a.Kind, "title": a.Title, "status": a.Status, "created_at": a.CreatedAt,
	})
	return err
}

// copyAssets stores many assets at once.
func copyAssets(ctx context.Context, tx pgx.Tx, assets []Asset) error {
	columns := []string{"id", "asset_type", "content_type", "content_id", "dash_path", "hls_path", "duration_seconds", "key_ids",
		"language", "kind", "title", "status", "created_at"}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"media_assets"}, columns, pgx.CopyFromSlice(len(assets), func(i int) ([]any, error) {
		a := &assets[i]
		return []any{a.ID, a.AssetType, a.Target.ContentType, a.Target.ContentID, a.DASHPath, a.HLSPath, a.DurationSeconds,
			append([]uuid.UUID{}, a.KeyIDs...), a.Language, a.Kind, a.Title, a.Status, a.CreatedAt}, nil
	}))
	return err
}

// readAsset reads an asset; nil when there is none.
func readAsset(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*Asset, error) {
	const q = `SELECT ` + assetColumns + ` FROM media_assets WHERE id = $1`
	return oneAsset(ctx, tx, q, id)
}

// lockAsset is readAsset for a write.
func lockAsset(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*Asset, error) {
	const q = `SELECT ` + assetColumns + ` FROM media_assets WHERE id = $1 FOR UPDATE`
	return oneAsset(ctx, tx, q, id)
}

func oneAsset(ctx context.Context, tx pgx.Tx, q string, id uuid.UUID) (*Asset, error) {
	rows, err := tx.Query(ctx, q, id)
	if err != nil {
		return nil, err
	}
	a, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[Asset])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return a, err
}

// assetFilter selects assets; what is empty or nil selects nothing.
type assetFilter struct {
	ContentType string     `query:"content_type" enum:"movie,show,episode,channel"`
	ContentID   *uuid.UUID `query:"content_id"`
	AssetType   string     `query:"asset_type" enum:"video_master,trailer,image,subtitle,audio_track"`
}

const filtered = `
	(@content_type = '' OR content_type = @content_type) AND (@asset_type = '' OR asset_type = @asset_type)
	AND (@content_id::uuid IS NULL OR content_id = @content_id)`

func (f *assetFilter) args() pgx.NamedArgs {
	return pgx.NamedArgs{"content_type": f.ContentType, "content_id": f.ContentID, "asset_type": f.AssetType}
}

// listAssets reads up to limit assets that follow the id after, in the order of ids, which is that of registration.
func listAssets(ctx context.Context, tx pgx.Tx, f *assetFilter, after uuid.UUID, limit int) ([]Asset, error) {
	const q = `SELECT ` + assetColumns + ` FROM media_assets WHERE id > @after AND` + filtered + ` ORDER BY id LIMIT @limit`
	args := f.args()
	args["after"], args["limit"] = after, limit
	rows, err := tx.Query(ctx, q, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Asset])
}

func countAssets(ctx context.Context, tx pgx.Tx, f *assetFilter) (int, error) {
	const q = `SELECT count(*) FROM media_assets WHERE` + filtered
	var n int
	err := tx.QueryRow(ctx, q, f.args()).Scan(&n)
	return n, err
}

// readyAssets reads a content's assets of the types that can be played, oldest first.
func readyAssets(ctx context.Context, tx pgx.Tx, contentID uuid.UUID, types ...string) ([]Asset, error) {
	const q = `
		SELECT ` + assetColumns + ` FROM media_assets
		WHERE content_id = $1 AND asset_type = ANY($2) AND status = 'ready' ORDER BY created_at, id`
	rows, err := tx.Query(ctx, q, contentID, types)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Asset])
}

// assetTypes reads the types of the ready assets that each of the contents has.
func assetTypes(ctx context.Context, tx pgx.Tx, contentIDs []uuid.UUID) (map[uuid.UUID][]string, error) {
	const q = `
		SELECT content_id, array_agg(DISTINCT asset_type) FROM media_assets
		WHERE content_id = ANY($1) AND status = 'ready' GROUP BY content_id`
	rows, err := tx.Query(ctx, q, contentIDs)
	if err != nil {
		return nil, err
	}
	all := map[uuid.UUID][]string{}
	var id uuid.UUID
	var types []string
	_, err = pgx.ForEachRow(rows, []any{&id, &types}, func() error {
		all[id], types = types, nil
		return nil
	})
	return all, err
}

// otherVideo reports whether a content has a ready video beside the given asset.
func otherVideo(ctx context.Context, tx pgx.Tx, contentID, beside uuid.UUID) (bool, error) {
	const q = `
		SELECT EXISTS (SELECT 1 FROM media_assets
		               WHERE content_id = $1 AND id <> $2 AND asset_type = 'video_master' AND status = 'ready')`
	var found bool
	err := tx.QueryRow(ctx, q, contentID, beside).Scan(&found)
	return found, err
}

func deleteAsset(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	const q = `DELETE FROM media_assets WHERE id = $1`
	_, err := tx.Exec(ctx, q, id)
	return err
}

func deleteAssetsOf(ctx context.Context, tx pgx.Tx, contents []uuid.UUID) error {
	const q = `DELETE FROM media_assets WHERE content_id = ANY($1)`
	_, err := tx.Exec(ctx, q, contents)
	return err
}

// newestVideo reads a content's ready video that was registered last; nil when there is none.
func newestVideo(ctx context.Context, tx pgx.Tx, contentID uuid.UUID) (*Asset, error) {
	const q = `
		SELECT ` + assetColumns + ` FROM media_assets
		WHERE content_id = $1 AND asset_type = 'video_master' AND status = 'ready' ORDER BY created_at DESC, id DESC LIMIT 1`
	return oneAsset(ctx, tx, q, contentID)
}
