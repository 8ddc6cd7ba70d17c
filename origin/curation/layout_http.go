package curation

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/content"
	"encora/origin/vocab"
	"encora/shared/fault"
)

type putLayoutIn struct {
	Body HomeLayoutWrite
}

func (d *Domain) getLayout(ctx context.Context, r *api.Read, _ *api.None) (HomeLayout, error) {
	return readLayout(ctx, r)
}

func (d *Domain) putLayout(ctx context.Context, w *api.Write, in *putLayoutIn) (HomeLayout, error) {
	before, err := lockLayout(ctx, w.Tx.Tx)
	if err != nil {
		return HomeLayout{}, err
	}
	unknown, err := unknownCollections(ctx, w.Tx.Tx, in.Body.Rails)
	if err != nil {
		return HomeLayout{}, err
	}
	if err := w.Check(before, unknown...); err != nil {
		return HomeLayout{}, err
	}
	after := before
	after.Rails = settled(in.Body.Rails)
	changed, err := api.Changed(before, after)
	if err != nil || len(changed) == 0 {
		return before, err
	}
	after.LayoutVersion, after.UpdatedAt = before.LayoutVersion+1, w.Now
	w.Audit("home.updated", "home_layout", uuid.Nil, map[string]any{"changed": changed, "layout_version": after.LayoutVersion})
	vocab.Emit(w, before.takesAway(after.Rails), tagHome)
	return after, storeLayout(ctx, w.Tx.Tx, &after)
}

// unknownCollections names the collections of rails that there are not. The others stay until the write commits.
func unknownCollections(ctx context.Context, tx pgx.Tx, rails []Rail) ([]fault.Detail, error) {
	types, err := content.Hold(ctx, tx, collectionsOf(rails))
	var faults vocab.Faults
	for i, r := range rails {
		if r.CollectionID != nil && types[*r.CollectionID] != content.Collection {
			faults.Add(fmt.Sprintf("rails[%d].collection_id", i), "unknown", "There is no collection with this id.")
		}
	}
	return faults, err
}

func collectionsOf(rails []Rail) []uuid.UUID {
	ids := []uuid.UUID{}
	for _, r := range rails {
		if r.CollectionID != nil {
			ids = append(ids, *r.CollectionID)
		}
	}
	return ids
}

// There is one layout, in one row.
const selectLayout = `SELECT rails, version, updated_at FROM home_layout`

func readLayout(ctx context.Context, tx pgx.Tx) (HomeLayout, error) {
	return oneLayout(ctx, tx, selectLayout)
}

// lockLayout is readLayout for a write.
func lockLayout(ctx context.Context, tx pgx.Tx) (HomeLayout, error) {
	return oneLayout(ctx, tx, selectLayout+` FOR NO KEY UPDATE`)
}

func oneLayout(ctx context.Context, tx pgx.Tx, q string) (HomeLayout, error) {
	var l HomeLayout
	err := tx.QueryRow(ctx, q).Scan(&l.Rails, &l.LayoutVersion, &l.UpdatedAt)
	return l, err
}

func storeLayout(ctx context.Context, tx pgx.Tx, l *HomeLayout) error {
	_, err := tx.Exec(ctx, `UPDATE home_layout SET rails = $1, version = $2, updated_at = $3`, l.Rails, l.LayoutVersion, l.UpdatedAt)
	return err
}

// open reports whether the rail is shown at an instant.
func (r *Rail) open(at time.Time) bool {
	return (r.AvailableFrom == nil || !r.AvailableFrom.After(at)) && (r.AvailableUntil == nil || r.AvailableUntil.After(at))
}
