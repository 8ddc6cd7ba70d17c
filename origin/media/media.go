// Package media holds packaged assets: where on the CDN a title's video, trailers, subtitles and sound are. It is the only
// writer of media_assets. Whoever changes a title's assets locks the content first and then the asset.
package media

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/record"
)

// Domain is the operations on assets, with what they need of the catalogue.
type Domain struct {
	// CDNBaseURL is what paths of assets are appended to; it has no slash at its end.
	CDNBaseURL string
	// Hold gives the content type ("movie", "show", …) of those of the ids that exist, and locks what it finds until the
	// transaction ends against deletion and against changes of its publication.
	Hold func(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]string, error)
	// Published locks content against a publish at the same time, and reports whether viewers see it now or will by the
	// clock. Content that is gone is not published.
	Published func(ctx context.Context, w *api.Write, contentID uuid.UUID) (bool, error)
	// Touched emits the tags of those of the contents that viewers can see; hard says that something is taken away. The
	// contents are held.
	Touched func(ctx context.Context, w *api.Write, ids []uuid.UUID, hard bool) error
	// Visible is fault.Missing unless the viewer may see the content, and tags the answer with it.
	Visible func(ctx context.Context, r *api.Read, contentType string, id uuid.UUID) error
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
	types, err := d.Hold(ctx, w.Tx.Tx, ids)
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
	return len(missing), d.Touched(ctx, w, ids, false)
}

// Remove deletes the assets of content that is deleted. The caller has locked the content.
func (d *Domain) Remove(ctx context.Context, w *api.Write, contentID uuid.UUID) error {
	return deleteAssetsOf(ctx, w.Tx.Tx, contentID)
}
