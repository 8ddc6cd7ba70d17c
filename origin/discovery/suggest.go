package discovery

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/content"
	"encora/shared/wire"
)

type suggestIn struct {
	Part int `path:"part" minimum:"0" maximum:"63"`
}

// suggest answers edges with a part of what they suggest titles from.
func (d *Domain) suggest(ctx context.Context, r *api.Read, in *suggestIn) (wire.Suggestions, error) {
	r.Tag(wire.TagSuggest(in.Part), wire.TagFilters, content.TagPopularity)
	q := content.Corpus(r, in.Part)
	titles, err := corpus(ctx, r, q)
	if err != nil {
		return wire.Suggestions{}, err
	}
	return wire.Suggestions{Titles: titles}, d.leaveOut(ctx, r, q, titles)
}

// leaveOut adds the plans that leave titles out to what denies these. The titles are in the order of their ids.
func (d *Domain) leaveOut(ctx context.Context, r *api.Read, q *content.Query, titles []wire.Suggestion) error {
	if d.Plans == nil {
		return nil
	}
	filters, err := d.Plans(ctx, r)
	if err != nil || len(filters) == 0 {
		return err
	}
	r.Tag(content.TagSlugs)
	left, err := q.LeftOut(ctx, r, filters)
	for i := range titles {
		t := &titles[i]
		plans := left[uuid.MustParse(t.ID)]
		slices.Sort(plans)
		t.Not = append(t.Not, plans...)
	}
	return err
}

// corpus reads what is told of the titles, in the order of their ids.
func corpus(ctx context.Context, tx pgx.Tx, q *content.Query) ([]wire.Suggestion, error) {
	s := `
		SELECT t.id::text, t.content_type, coalesce(t.parent_id::text, ''), t.title,
			CASE WHEN t.other_name IN ('', t.name) THEN '{}' ELSE ARRAY[t.other_name] END,
			CASE WHEN t.available_until < 'infinity' THEN floor(extract(epoch FROM t.available_until) * 1000)::bigint ELSE 0 END,
			ARRAY(SELECT DISTINCT a.rule_id::text FROM geo_attachments a WHERE a.content_id IN (t.id, t.parent_id) ORDER BY 1),
			t.popularity::bigint
		FROM titles t WHERE true` + q.Where() + ` ORDER BY t.id`
	rows, err := tx.Query(ctx, s, q.Args())
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[wire.Suggestion])
}
