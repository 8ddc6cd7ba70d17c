package content

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/vocab"
	"encora/shared/fault"
)

// GeoColumn is the rule that is shown of a row x: the first by id of those attached.
const GeoColumn = `
	(SELECT jsonb_build_object('rule_id', r.id, 'policy', r.policy, 'territories', r.territories)
	 FROM geo_attachments a JOIN geo_rules r ON r.id = a.rule_id
	 WHERE a.content_id = x.id ORDER BY r.id LIMIT 1) AS geo`

// TagPrinted ties the answer to the rule that it shows, if it shows one.
func TagPrinted(r *api.Read, ref *vocab.GeoRestrictionRef) {
	if ref != nil {
		r.Tag(TagRule(ref.RuleID))
	}
}

// One reads the one row of a query; none is fault.Missing.
func One[R any](ctx context.Context, tx pgx.Tx, q string, args ...any) (*R, error) {
	rows, err := tx.Query(ctx, q, args...)
	if err != nil {
		return nil, err
	}
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[R])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fault.Missing()
	}
	return row, err
}

// SlugsOf are candidates for a row's slug: its title, its title and number (a year, a channel's), and one that nothing else has.
func SlugsOf(kind string, id uuid.UUID, title string, number int) []string {
	base := vocab.Slug(title, kind)
	candidates := []string{base}
	if number > 0 {
		base += "-" + strconv.Itoa(number)
		candidates = append(candidates, base)
	}
	text := id.String()
	return append(candidates, base+"-"+text[len(text)-12:])
}

// GatePlayable lists everything that a film or an episode lacks to be published.
func GatePlayable(ctx context.Context, w *api.Write, id uuid.UUID, minutes int, rating string) ([]fault.Detail, error) {
	var missing vocab.Faults
	if minutes == 0 {
		missing.Add("runtime_minutes", "required", "Required before publishing.")
	}
	if rating == "" {
		missing.Add("content_rating", "required", "Required before publishing.")
	}
	const q = `
		SELECT EXISTS (SELECT 1 FROM media_assets
		               WHERE content_id = $1 AND asset_type = 'video_master' AND status = 'ready')`
	var ready bool
	if err := w.QueryRow(ctx, q, id).Scan(&ready); err != nil {
		return nil, err
	}
	if !ready {
		missing.Add("video_asset", "required", "A ready video_master asset is required before publishing.")
	}
	return missing, nil
}

// ChooseSlugs gives each of a batch of new rows the first of its candidates that neither the database nor the batch has taken.
func ChooseSlugs(ctx context.Context, tx pgx.Tx, kind string, slugs []*string, candidates [][]string) error {
	const q = `SELECT slug FROM titles WHERE content_type = $1 AND slug = ANY($2)`
	rows, err := tx.Query(ctx, q, kind, slices.Concat(candidates...))
	if err != nil {
		return err
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	taken := make(map[string]bool, len(found))
	for _, slug := range found {
		taken[slug] = true
	}
	for i := range slugs {
		for _, *slugs[i] = range candidates[i] {
			if !taken[*slugs[i]] {
				break
			}
		}
		taken[*slugs[i]] = true
	}
	return nil
}
