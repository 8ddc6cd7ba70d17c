// Package media holds packaged assets: where on the CDN a title's video, trailers, subtitles and sound are. It is the only
// writer of media_assets. Whoever changes a title's assets locks the content first and then the asset.
package media

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/content"
	"encora/origin/record"
)

// Domain is the operations on assets.
type Domain struct {
	// CDNBaseURL is what paths of assets are appended to; it has no slash at its end.
	CDNBaseURL string
}

// Add stores ready assets of content that is brought in without the API. It gives them their ids, status and time; what
// each target names is in the same transaction.
func (d *Domain) Add(ctx context.Context, tx *record.Tx, assets []Asset) error {
	for i := range assets {
		a := &assets[i]
		a.ID, a.Status, a.CreatedAt = uuid.Must(uuid.NewV7()), statusReady, tx.Now
	}
	return copyAssets(ctx, tx.Tx, assets)
}

// AddMissing is Add for content that was there before, and that others may have given media: it takes only what belongs to
// content which exists and has no ready asset of the type yet. It says how many that were.
func (d *Domain) AddMissing(ctx context.Context, w *api.Write, assets []Asset) (int, error) {
	ids := make([]uuid.UUID, len(assets))
	for i := range assets {
		ids[i] = assets[i].Target.ContentID
	}
	types, err := content.Hold(ctx, w.Tx.Tx, ids)
	if err != nil {
		return 0, err
	}
	has, err := assetTypes(ctx, w.Tx.Tx, ids)
	if err != nil {
		return 0, err
	}
	var missing []Asset
	ids = ids[:0]
	for _, a := range assets {
		if t := a.Target; types[t.ContentID] == t.ContentType && !slices.Contains(has[t.ContentID], a.AssetType) {
			missing, ids = append(missing, a), append(ids, t.ContentID)
		}
	}
	if len(missing) == 0 {
		return 0, nil
	}
	if err := d.Add(ctx, w.Tx, missing); err != nil {
		return 0, err
	}
	w.Audit("media.assets_imported", "media_asset", uuid.Nil, map[string]any{"count": len(missing)})
	return len(missing), content.Touched(ctx, w, ids, false)
}

// Remove deletes the assets of contents that are deleted. The caller has locked them.
func (d *Domain) Remove(ctx context.Context, w *api.Write, contents ...uuid.UUID) error {
	return deleteAssetsOf(ctx, w.Tx.Tx, contents)
}
