package catalog

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/content"
	"encora/origin/vocab"
	"encora/shared/fault"
)

type listGenresIn struct {
	api.Sparse
	ContentType string `query:"content_type" enum:"movie,show"`
}

func (d *Domain) listGenres(ctx context.Context, r *api.Read, in *listGenresIn) (api.List[Genre], error) {
	counted := content.Listed(r, genreTypes(in.ContentType)...)
	r.Tag(content.TagGenres)
	if err := counted.Clock(ctx, r); err != nil {
		return api.List[Genre]{}, err
	}
	genres, err := selectGenres(ctx, r, counted, in.ContentType)
	return api.List[Genre]{Data: genres}, err
}

func (d *Domain) adminListGenres(ctx context.Context, r *api.Read, _ *api.None) (api.List[Genre], error) {
	genres, err := selectGenres(ctx, r, content.All(r, genreTypes("")...), "")
	return api.List[Genre]{Data: genres}, err
}

// genreTypes are the kinds of content that a genre counts; "" is all.
func genreTypes(contentType string) []string {
	if contentType != "" {
		return []string{contentType}
	}
	return []string{content.Movie, content.Show}
}

type genreID struct {
	GenreID uuid.UUID `path:"genre_id"`
}

type createGenreIn struct {
	Body GenreWrite
}

type updateGenreIn struct {
	genreID
	Body GenreWrite
}

func (d *Domain) createGenre(ctx context.Context, w *api.Write, in *createGenreIn) (Genre, error) {
	g := &genre{CreatedAt: w.Now}
	g.ID = uuid.Must(uuid.NewV7())
	faults, err := d.takeGenre(ctx, w, g, &in.Body)
	if err != nil {
		return Genre{}, err
	}
	if err := w.Check(nil, faults...); err != nil {
		return Genre{}, err
	}
	if err := insertGenre(ctx, w.Tx, g); err != nil {
		return Genre{}, err
	}
	w.Audit("genre.created", "genre", g.ID, nil)
	w.Emit(content.TagGenres)
	w.EmitHard(content.TagSlugs) // filters that name it mean something else now
	return g.Genre, nil
}

func (d *Domain) updateGenre(ctx context.Context, w *api.Write, in *updateGenreIn) (Genre, error) {
	if err := lockTaxonomy(ctx, w.Tx); err != nil {
		return Genre{}, err
	}
	before, err := lockGenre(ctx, w.Tx, in.GenreID)
	if err != nil {
		return Genre{}, err
	}
	if before == nil {
		return Genre{}, fault.Missing()
	}
	after := *before
	faults, err := d.takeGenre(ctx, w, &after, &in.Body)
	if err != nil {
		return Genre{}, err
	}
	if err := w.Check(before.Genre, faults...); err != nil {
		return Genre{}, err
	}
	if err := d.storeGenre(ctx, w, before, &after); err != nil {
		return Genre{}, err
	}
	return after.Genre, nil
}

// storeGenre writes a genre that changed. Titles print its slug, so a new one follows to every answer that shows it.
func (d *Domain) storeGenre(ctx context.Context, w *api.Write, before, after *genre) error {
	changed, err := api.Changed(before.Genre, after.Genre)
	if err != nil || len(changed) == 0 {
		return err
	}
	use, err := genreUse(ctx, w.Tx, after.ID)
	if err != nil {
		return err
	}
	for _, kind := range use.Kinds {
		if !slices.Contains(after.ContentTypes, kind) {
			return fault.New(fault.Conflict, "Content of type "+kind+" refers to this genre; it must keep that type.",
				fault.Detail{Field: "content_types", Code: "in_use", Message: "Content of type " + kind + " refers to this genre."})
		}
	}
	if err := updateGenre(ctx, w.Tx, after); err != nil {
		return err
	}
	w.Audit("genre.updated", "genre", after.ID, map[string]any{"changed": changed})
	w.Emit(content.TagGenres)
	if before.Slug == after.Slug {
		return nil
	}
	w.EmitHard(content.TagSlugs) // filters that name it mean something else now
	w.Emit(content.TagGenre(after.ID))
	for _, kind := range use.Published {
		w.Emit(content.TagList(kind))
	}
	return nil
}

// takeGenre copies a body into the genre and checks that its parent exists, and is not below it.
func (d *Domain) takeGenre(ctx context.Context, w *api.Write, g *genre, b *GenreWrite) ([]fault.Detail, error) {
	var faults vocab.Faults
	g.Name, g.Slug, g.ParentID, g.ImageURL, g.UpdatedAt = b.Name, b.Slug, b.ParentID, b.ImageURL, w.Now
	g.ContentTypes = slices.Clone(b.ContentTypes)
	slices.Sort(g.ContentTypes)
	g.ContentTypes = slices.Compact(g.ContentTypes)
	if b.ParentID != nil {
		above, err := ancestors(ctx, w.Tx, *b.ParentID)
		switch {
		case err != nil:
			return nil, err
		case len(above) == 0:
			faults.Add("parent_id", "unknown", "There is no such genre.")
		case slices.Contains(above, g.ID):
			faults.Add("parent_id", "cycle", "A genre can't stand below itself.")
		}
	}
	return faults, nil
}

func (d *Domain) deleteGenre(ctx context.Context, w *api.Write, in *genreID) (api.None, error) {
	if err := lockTaxonomy(ctx, w.Tx); err != nil {
		return api.None{}, err
	}
	g, err := lockGenre(ctx, w.Tx, in.GenreID)
	if err != nil {
		return api.None{}, err
	}
	if g == nil {
		return api.None{}, fault.Missing()
	}
	if err := w.Check(g.Genre); err != nil {
		return api.None{}, err
	}
	use, err := genreUse(ctx, w.Tx, g.ID)
	switch {
	case err != nil:
		return api.None{}, err
	case len(use.Published) > 0:
		return api.None{}, fault.New(fault.Conflict, "Published content refers to this genre.")
	case use.Children:
		return api.None{}, fault.New(fault.Conflict, "Other genres stand below this one; move or delete them first.")
	}
	w.Audit("genre.deleted", "genre", g.ID, map[string]any{"object": g.Genre})
	w.Emit(content.TagGenres)
	w.EmitHard(content.TagSlugs) // filters that name it mean something else now
	return api.None{}, deleteGenre(ctx, w.Tx, g.ID)
}
