package series

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/content"
)

// readTrees reads what there is of the shows, by their keys.
func readTrees(ctx context.Context, tx pgx.Tx, shows map[string]uuid.UUID) (map[string]*tree, error) {
	trees := make(map[string]*tree, len(shows))
	byID := make(map[uuid.UUID]*tree, len(shows))
	var ids []uuid.UUID
	for key, id := range shows {
		trees[key] = &tree{id: id, seasons: map[int]*season{}, numbers: map[[2]int]bool{}}
		byID[id], ids = trees[key], append(ids, id)
	}
	rows, err := tx.Query(ctx, `SELECT id, content_rating, state = 'published' FROM shows WHERE id = ANY($1)`, ids)
	if err != nil {
		return nil, err
	}
	var id uuid.UUID
	var rating string
	var published bool
	if _, err := pgx.ForEachRow(rows, []any{&id, &rating, &published}, func() error {
		byID[id].rating, byID[id].shown = rating, published
		return nil
	}); err != nil {
		return nil, err
	}
	return trees, readParts(ctx, tx, byID, ids)
}

func readParts(ctx context.Context, tx pgx.Tx, trees map[uuid.UUID]*tree, ids []uuid.UUID) error {
	seasons, err := collectSeasons(ctx, tx, selectSeasons("0", `s.show_id = ANY($1) AND `+seasonThere), ids)
	if err != nil {
		return err
	}
	for i := range seasons {
		s := &seasons[i]
		trees[s.ShowID].seasons[s.SeasonNumber] = s
	}
	const q = `SELECT x.show_id, s.season_number, x.episode_number FROM episodes x JOIN seasons s ON s.id = x.season_id WHERE x.show_id = ANY($1)`
	rows, err := tx.Query(ctx, q, ids)
	if err != nil {
		return err
	}
	var show uuid.UUID
	var at [2]int
	_, err = pgx.ForEachRow(rows, []any{&show, &at[0], &at[1]}, func() error { trees[show].numbers[at] = true; return nil })
	return err
}

func (in *ingestion) store(ctx context.Context) error {
	if err := in.storeShows(ctx); err != nil {
		return err
	}
	if err := in.copySeasons(ctx); err != nil {
		return err
	}
	if err := in.copyEpisodes(ctx); err != nil {
		return err
	}
	if err := notePublished(ctx, in.w.Tx, in.noted...); err != nil {
		return err
	}
	if err := in.addVideos(ctx, in.w, in.videos); err != nil {
		return err
	}
	in.w.Audit("content.imported", content.Show, uuid.Nil, map[string]any{"count": len(in.shows), "seasons": len(in.seasons),
		"episodes": len(in.episodes), "first_key": slices.Concat(in.showKeys, in.episodeKeys, []string{""})[0]})
	return in.tell(ctx)
}

// tell tells caches of what viewers see of the batch.
func (in *ingestion) tell(ctx context.Context) error {
	var shown []uuid.UUID
	for _, s := range in.shows {
		if s.State == content.Live {
			shown = append(shown, s.ID)
		}
	}
	content.Added(in.w, content.Show, shown)
	grown := map[uuid.UUID]bool{}
	for _, s := range in.seasons {
		grown[s.ShowID] = grown[s.ShowID] || s.shown()
	}
	for _, t := range in.trees {
		if t.shown && grown[t.id] {
			in.w.Emit(content.Tag(content.Show, t.id), content.TagList(content.Show))
		}
	}
	ids := make([]uuid.UUID, len(in.episodes))
	for i, e := range in.episodes {
		ids[i] = e.ID
	}
	return content.AddedParts(ctx, in.w, content.Episode, ids)
}

// storeShows gives every show the first of its slugs that neither the database nor the batch has taken.
func (in *ingestion) storeShows(ctx context.Context) error {
	n := len(in.shows)
	slugs, candidates := make([]*string, n), make([][]string, n)
	ids, genres := make([]uuid.UUID, n), make([][]uuid.UUID, n)
	for i, s := range in.shows {
		slugs[i], candidates[i], ids[i], genres[i] = &s.Slug, s.slugs(), s.ID, s.GenreIDs
	}
	if err := content.ChooseSlugs(ctx, in.w.Tx, content.Show, slugs, candidates); err != nil {
		return err
	}
	const columns = `id source_key slug title original_title synopsis content_rating network country_of_origin language
		first_air_date last_air_date cast_members images average_rating rating_count state announced airing drm_required
		created_at updated_at`
	err := copyRows(ctx, in.w.Tx, "shows", columns, n, func(i int) []any {
		s := in.shows[i]
		return []any{s.ID, in.showKeys[i], s.Slug, s.Title, s.OriginalTitle, s.Synopsis, s.ContentRating, s.Network, s.CountryOfOrigin,
			s.Language, given(s.FirstAirDate), given(s.LastAirDate), s.Cast, s.Images, s.AverageRating, s.RatingCount, s.State,
			s.Announced, s.Airing, s.DRMRequired, s.CreatedAt, s.UpdatedAt}
	})
	if err != nil {
		return err
	}
	return content.CopyGenres(ctx, in.w.Tx, ids, genres)
}

func (in *ingestion) copySeasons(ctx context.Context) error {
	const columns = `id show_id season_number title synopsis images air_date end_date status was_published created_at updated_at`
	return copyRows(ctx, in.w.Tx, "seasons", columns, len(in.seasons), func(i int) []any {
		s := in.seasons[i]
		return []any{s.ID, s.ShowID, s.SeasonNumber, s.Title, s.Synopsis, s.Images, given(s.AirDate), s.EndDate, s.Status, s.WasPublished,
			s.CreatedAt, s.UpdatedAt}
	})
}

func (in *ingestion) copyEpisodes(ctx context.Context) error {
	const columns = `id source_key show_id season_id episode_number title synopsis runtime_minutes content_rating images state announced
		air_date available_from available_until created_at updated_at`
	return copyRows(ctx, in.w.Tx, "episodes", columns, len(in.episodes), func(i int) []any {
		e := in.episodes[i]
		return []any{e.ID, in.episodeKeys[i], e.ShowID, e.SeasonID, e.EpisodeNumber, e.Title, e.Synopsis, e.RuntimeMinutes, e.ContentRating,
			e.Images, e.State, e.Announced, given(e.AirDate), e.AvailableFrom, e.AvailableUntil, e.CreatedAt, e.UpdatedAt}
	})
}

// copyAtOnce is how many rows one COPY stores: with each goes the indexing of its titles, and a statement has 5 seconds.
const copyAtOnce = 2_000

func copyRows(ctx context.Context, tx pgx.Tx, table, columns string, n int, row func(i int) []any) error {
	for begin := 0; begin < n; begin += copyAtOnce {
		source := pgx.CopyFromSlice(min(copyAtOnce, n-begin), func(i int) ([]any, error) { return row(begin + i), nil })
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{table}, strings.Fields(columns), source); err != nil {
			return err
		}
	}
	return nil
}

// given is a day that may not be.
func given(day string) *string {
	if day == "" {
		return nil
	}
	return &day
}
