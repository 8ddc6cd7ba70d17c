package curation

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/record"
)

// Furnish makes collections, and lays the home screen out, by what rails makes of their ids by slug: for the demo, in one
// transaction. A home screen that editors have laid out stays as it is.
func (d *Domain) Furnish(ctx context.Context, actor record.Actor, now time.Time, collections []CollectionWrite, rails func(map[string]uuid.UUID) []Rail) error {
	err := d.DB.Write(ctx, func(tx pgx.Tx) error {
		w := &api.Write{Tx: record.Begin(tx, actor, now)}
		ids := make(map[string]uuid.UUID, len(collections))
		for i := range collections {
			if faults := api.Validate(collections[i]); len(faults) > 0 {
				return fmt.Errorf("collection %s: %s: %s", collections[i].Slug, faults[0].Field, faults[0].Message)
			}
			c, err := d.createCollection(ctx, w, &createCollectionIn{collections[i]})
			if err != nil {
				return fmt.Errorf("collection %s: %w", collections[i].Slug, err)
			}
			ids[c.Slug] = c.ID
		}
		layout, err := lockLayout(ctx, tx)
		if err != nil {
			return err
		}
		if layout.LayoutVersion == 0 {
			if _, err := d.putLayout(ctx, w, &putLayoutIn{HomeLayoutWrite{rails(ids)}}); err != nil {
				return err
			}
		}
		return w.Commit(ctx)
	})
	if err != nil {
		return fmt.Errorf("furnish the home screen: %w", err)
	}
	return nil
}
