package app

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"encora/origin/content"
	"encora/origin/curation"
	"encora/origin/ingest"
	"encora/origin/seeded"
)

// homeMark is what is remembered of the demo's home screen: it is furnished once.
const homeMark = "demo:home"

// demoHome puts the demo's collections together, and lays its home screen out.
func demoHome(ctx context.Context, p *program, d *domains, once seeded.Marks, now time.Time) error {
	known, err := once.All(ctx)
	if err != nil {
		return err
	}
	if _, done := known[homeMark]; done {
		return nil
	}
	home := ingest.DemoHome()
	refs, err := titlesOf(ctx, d, home.Collections)
	if err != nil {
		return err
	}
	collections := make([]curation.CollectionWrite, len(home.Collections))
	for i := range collections {
		collections[i] = collection(&home.Collections[i], i, refs)
	}
	err = d.curation.Furnish(ctx, commandLine, now, collections, func(ids map[string]uuid.UUID) []curation.Rail {
		rails := make([]curation.Rail, len(home.Rails))
		for i := range rails {
			rails[i] = rail(&home.Rails[i], ids)
		}
		return rails
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "demo home: %d collections and %d rails\n", len(collections), len(home.Rails))
	return once.Put(ctx, time.Time{}, homeMark)
}

// titlesOf finds what the collections name by its keys: films and shows. What editors have deleted is left out.
func titlesOf(ctx context.Context, d *domains, collections []ingest.Collection) (map[string]curation.ItemRef, error) {
	var keys []string
	for i := range collections {
		keys = append(keys, collections[i].Keys...)
	}
	refs := map[string]curation.ItemRef{}
	for table, kind := range map[string]string{"movies": content.Movie, "shows": content.Show} {
		ids, err := content.IDs(ctx, d.curation.DB, table, keys)
		if err != nil {
			return nil, err
		}
		for key, id := range ids {
			refs[key] = curation.ItemRef{ContentType: kind, ContentID: id}
		}
	}
	return refs, nil
}

func collection(c *ingest.Collection, place int, refs map[string]curation.ItemRef) curation.CollectionWrite {
	w := curation.CollectionWrite{Slug: c.Slug, Title: c.Title, Subtitle: optional(c.Subtitle), Type: c.Type, Status: content.Live,
		Query: optional(c.Query), SortOrder: place}
	for _, key := range c.Keys {
		if ref, ok := refs[key]; ok {
			w.ItemRefs = append(w.ItemRefs, ref)
		}
	}
	return w
}

func rail(r *ingest.Rail, ids map[string]uuid.UUID) curation.Rail {
	to := curation.Rail{Type: r.Type, Title: r.Title, Display: optional(r.Display), ContentType: optional(r.ContentType), Window: optional(r.Window),
		Limit: r.Limit, Platforms: r.Platforms}
	if id, ok := ids[r.Collection]; ok {
		to.CollectionID = &id
	}
	return to
}

// optional is nil for nothing.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
