package content

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/shared/fault"
	"encora/shared/wire"
)

// Playable says what decides who may play a title of the kind, and when; fault.Missing for one that is not published. The
// window goes with it, so the clock does not change the answer.
func Playable(kind string) func(context.Context, *api.Read, uuid.UUID) (wire.Playable, error) {
	return func(ctx context.Context, r *api.Read, id uuid.UUID) (wire.Playable, error) {
		r.Tag(Tag(kind, id))
		const q = `
			SELECT t.parent_id, t.published, t.title, nullif(t.available_from, '-infinity'), nullif(t.available_until, 'infinity'),
				t.runtime_minutes * 60, t.is_premium,
				ARRAY(SELECT DISTINCT a.rule_id::text FROM geo_attachments a WHERE a.content_id IN (t.id, t.parent_id) ORDER BY 1)
			FROM titles t WHERE t.id = $1 AND t.content_type = $2`
		var p wire.Playable
		var parent *uuid.UUID
		var published bool
		err := r.QueryRow(ctx, q, id, kind).Scan(&parent, &published, &p.Title, &p.From, &p.Until, &p.Seconds, &p.IsPremium, &p.Rules)
		tagWhole(r, parent)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && !published {
			return wire.Playable{}, fault.Missing()
		}
		return p, err
	}
}
