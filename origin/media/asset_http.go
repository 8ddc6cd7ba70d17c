package media

import (
	"context"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/content"
	"encora/shared/fault"
)

type registerIn struct {
	Body AssetWrite
}

type listAssetsIn struct {
	assetFilter
	api.Paging
}

type assetID struct {
	AssetID uuid.UUID `path:"asset_id"`
}

func (d *Domain) register(ctx context.Context, w *api.Write, in *registerIn) (Asset, error) {
	target := in.Body.Target.ContentID
	types, err := content.Hold(ctx, w.Tx.Tx, []uuid.UUID{target})
	if err != nil {
		return Asset{}, err
	}
	if err := w.Check(nil, in.Body.Target.faults(types[target])...); err != nil {
		return Asset{}, err
	}
	a := in.Body.asset(uuid.Must(uuid.NewV7()), w.Now)
	if err := insertAsset(ctx, w.Tx.Tx, a); err != nil {
		return Asset{}, err
	}
	w.Audit("media.asset_registered", "media_asset", a.ID, map[string]any{"asset_type": a.AssetType, "target": a.Target})
	return *a, content.Touched(ctx, w, []uuid.UUID{target}, false)
}

func (d *Domain) list(ctx context.Context, r *api.Read, in *listAssetsIn) (api.Counted[Asset], error) {
	var after uuid.UUID
	if _, err := r.After(in.Paging, &after); err != nil {
		return api.Counted[Asset]{}, err
	}
	assets, err := listAssets(ctx, r, &in.assetFilter, after, in.Limit+1)
	if err != nil {
		return api.Counted[Asset]{}, err
	}
	total, err := countAssets(ctx, r, &in.assetFilter)
	page := api.PageOf(r, in.Paging, assets, func(a Asset) any { return a.ID })
	return page.Count(total), err
}

// remove deletes an asset, unless it is all that viewers of a published title have to play.
func (d *Domain) remove(ctx context.Context, w *api.Write, in *assetID) (api.None, error) {
	a, published, err := d.lock(ctx, w, in.AssetID)
	if err != nil {
		return api.None{}, err
	}
	if err := w.Check(*a); err != nil {
		return api.None{}, err
	}
	if a.AssetType == videoMaster && published {
		other, err := otherVideo(ctx, w.Tx.Tx, a.Target.ContentID, a.ID)
		if err != nil {
			return api.None{}, err
		}
		if !other {
			return api.None{}, fault.New(fault.Conflict, "This is the last video of a title that is published or scheduled; unpublish it first, or register another.")
		}
	}
	if err := deleteAsset(ctx, w.Tx.Tx, a.ID); err != nil {
		return api.None{}, err
	}
	w.Audit("media.asset_deleted", "media_asset", a.ID, map[string]any{"object": a})
	return api.None{}, content.Touched(ctx, w, []uuid.UUID{a.Target.ContentID}, true)
}

// lock locks an asset's content, then the asset, and reports whether the content is published.
func (d *Domain) lock(ctx context.Context, w *api.Write, id uuid.UUID) (*Asset, bool, error) {
	seen, err := readAsset(ctx, w.Tx.Tx, id)
	if err != nil {
		return nil, false, err
	}
	if seen == nil {
		return nil, false, fault.Missing()
	}
	published, err := content.Published(ctx, w, seen.Target.ContentID) // an asset never changes its target
	if err != nil {
		return nil, false, err
	}
	a, err := lockAsset(ctx, w.Tx.Tx, id)
	if err != nil {
		return nil, false, err
	}
	if a == nil {
		return nil, false, fault.Missing()
	}
	return a, published, nil
}
