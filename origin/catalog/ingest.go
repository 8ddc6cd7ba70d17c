package catalog

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/content"
	"encora/origin/record"
	"encora/origin/vocab"
)

// Incoming is a movie from outside of the API: an import, the demo or a generated catalogue.
type Incoming struct {
	Key           string // identifies the movie at its source: the same key is the same movie, and is brought in once
	Movie         MovieWrite
	AverageRating float64
	RatingCount   int
	Video         bool // packaged media goes with it, so that it can be published
}

// Ingest brings a batch of movies in, in one transaction: all that is legal of it, whole, or nothing. It leaves one audit
// entry and one change behind, whatever the batch's size.
func (d *Domain) Ingest(ctx context.Context, actor record.Actor, now time.Time, batch []Incoming) (vocab.Outcome, error) {
	return content.Ingest(ctx, d.DB, actor, now, "movies", func(w *record.Tx, out *vocab.Outcome) error {
		in := ingestion{d: d, w: w, out: out}
		if err := in.prepare(ctx, batch); err != nil || len(in.movies) == 0 {
			return err
		}
		return in.store(ctx)
	})
}

// ingestion is one batch on its way into the database.
type ingestion struct {
	d      *Domain
	w      *record.Tx
	out    *vocab.Outcome
	movies []*movie
	keys   []string
	videos []content.Video
}

// prepare makes movies of what is new and legal.
func (in *ingestion) prepare(ctx context.Context, batch []Incoming) error {
	var keys, slugs []string
	for i := range batch {
		keys, slugs = append(keys, batch[i].Key), append(slugs, batch[i].Movie.Genres...)
	}
	known, err := content.ByKey(ctx, in.w.Tx, "movies", keys)
	if err != nil {
		return err
	}
	genres, err := content.LockGenres(ctx, in.w.Tx, content.Movie, slugs)
	if err != nil {
		return err
	}
	for i := range batch {
		b := &batch[i]
		if _, ok := known[b.Key]; ok {
			in.out.Known++
			continue
		}
		known[b.Key] = uuid.Nil
		m, reason := in.accept(b, genres)
		if reason != "" {
			in.out.Refuse(i, reason)
			continue
		}
		in.movies, in.keys = append(in.movies, m), append(in.keys, b.Key)
		if b.Video {
			in.videos = append(in.videos, content.Video{ContentType: content.Movie, ContentID: m.ID, Title: m.Title, Seconds: 60 * m.RuntimeMinutes,
				AudioLanguages: m.AudioLanguages, SubtitleLanguages: m.SubtitleLanguages})
		}
	}
	return in.chooseSlugs(ctx)
}

// accept checks a movie as the API would, and the publishing gate where it is to be published.
func (in *ingestion) accept(b *Incoming, genres content.Genres) (*movie, string) {
	if reason := content.Unfit(b.Movie); reason != "" {
		return nil, reason
	}
	m := newMovie(in.w.Now)
	m.copyFrom(&b.Movie)
	m.AverageRating, m.RatingCount = b.AverageRating, b.RatingCount
	ids, unknown := genres.Of(b.Movie.Genres)
	if len(unknown) > 0 {
		return nil, "genres: there is no genre " + b.Movie.Genres[unknown[0]]
	}
	m.GenreIDs = ids
	if b.Movie.Status != content.Draft {
		if !b.Video || m.RuntimeMinutes == 0 || m.ContentRating == "" {
			return nil, "status: publishing needs a video, runtime_minutes and content_rating"
		}
		m.State = content.Live
	}
	m.Announced = m.Publication.At(m.Window, in.w.Now)
	return m, ""
}

// chooseSlugs gives every movie the first of its candidates that neither the database nor the batch has taken.
func (in *ingestion) chooseSlugs(ctx context.Context) error {
	slugs := make([]*string, len(in.movies))
	candidates := make([][]string, len(in.movies))
	for i, m := range in.movies {
		slugs[i], candidates[i] = &m.Slug, m.slugs()
	}
	return content.ChooseSlugs(ctx, in.w.Tx, content.Movie, slugs, candidates)
}

func (in *ingestion) store(ctx context.Context) error {
	if err := in.copyMovies(ctx); err != nil {
		return err
	}
	if err := in.copyGenres(ctx); err != nil {
		return err
	}
	if err := in.d.AddVideos(ctx, in.w, in.videos); err != nil {
		return err
	}
	in.out.Created = len(in.movies)
	in.w.Audit("content.imported", content.Movie, uuid.Nil, map[string]any{"count": len(in.movies), "first_key": in.keys[0]})
	var shown []uuid.UUID
	for _, m := range in.movies {
		if m.State == content.Live {
			shown = append(shown, m.ID)
		}
	}
	content.Added(in.w, content.Movie, shown)
	return nil
}

func (in *ingestion) copyMovies(ctx context.Context) error {
	columns := strings.Fields(`id source_key slug title original_title synopsis tagline release_year runtime_minutes
		content_rating country_of_origin studio audio_languages subtitle_languages cast_members images average_rating
		rating_count state announced drm_required available_from available_until created_at updated_at`)
	_, err := in.w.CopyFrom(ctx, pgx.Identifier{"movies"}, columns, pgx.CopyFromSlice(len(in.movies), func(i int) ([]any, error) {
		m := in.movies[i]
		return []any{m.ID, in.keys[i], m.Slug, m.Title, m.OriginalTitle, m.Synopsis, m.Tagline, m.ReleaseYear, m.RuntimeMinutes,
			m.ContentRating, m.CountryOfOrigin, m.Studio, m.AudioLanguages, m.SubtitleLanguages, m.Cast, m.Images, m.AverageRating,
			m.RatingCount, m.State, m.Announced, m.DRMRequired, m.AvailableFrom, m.AvailableUntil, m.CreatedAt, m.UpdatedAt}, nil
	}))
	return err
}

func (in *ingestion) copyGenres(ctx context.Context) error {
	ids, genres := make([]uuid.UUID, len(in.movies)), make([][]uuid.UUID, len(in.movies))
	for i, m := range in.movies {
		ids[i], genres[i] = m.ID, m.GenreIDs
	}
	return content.CopyGenres(ctx, in.w.Tx, ids, genres)
}

// MovieIDs gives the ids of movies that were brought in, by their keys; keys that are not known are left out.
func (d *Domain) MovieIDs(ctx context.Context, keys []string) (map[string]uuid.UUID, error) {
	return content.IDs(ctx, d.DB, "movies", keys)
}

// Taxon is a genre of a taxonomy that is brought in; parents come before their children.
type Taxon struct {
	Slug, Name, Parent string
	ContentTypes       []string
}

// IngestGenres adds the genres of a taxonomy whose slugs are not taken.
func (d *Domain) IngestGenres(ctx context.Context, actor record.Actor, now time.Time, taxonomy []Taxon) error {
	err := d.DB.Write(ctx, func(tx pgx.Tx) error {
		w := record.Begin(tx, actor, now)
		if err := lockTaxonomy(ctx, w); err != nil {
			return err
		}
		const q = `
			INSERT INTO genres (id, name, slug, content_types, parent_id, image_url, created_at, updated_at)
			VALUES ($1, $2, $3, $4, (SELECT id FROM genres WHERE slug = $5), '', $6, $6)
			ON CONFLICT (slug) DO NOTHING`
		for _, t := range taxonomy {
			tag, err := tx.Exec(ctx, q, uuid.Must(uuid.NewV7()), t.Name, t.Slug, t.ContentTypes, t.Parent, w.Now)
			if err != nil {
				return err
			}
			if tag.RowsAffected() > 0 {
				w.Emit(content.TagGenres)
			}
		}
		return w.Commit(ctx)
	})
	if err != nil {
		return fmt.Errorf("bring genres in: %w", err)
	}
	return nil
}
