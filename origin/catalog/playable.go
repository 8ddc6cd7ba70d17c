package catalog

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/shared/fault"
	"encora/shared/wire"
)

// Playable says what decides who may play a movie, and when; fault.Missing for one that is not published. The window goes with
// it, so the clock does not change the answer.
func (d *Domain) Playable(ctx context.Context, r *api.Read, id uuid.UUID) (wire.Playable, error) {
	r.Tag(tagMovie(id))
	const q = `
		SELECT m.title, m.available_from, m.available_until, m.runtime_minutes * 60,
			ARRAY(SELECT a.rule_id::text FROM geo_attachments a WHERE a.content_id = m.id ORDER BY a.rule_id)
		FROM movies m WHERE m.id = $1 AND m.state = 'published'`
	var p wire.Playable
	err := r.QueryRow(ctx, q, id).Scan(&p.Title, &p.From, &p.Until, &p.Seconds, &p.Rules)
	if errors.Is(err, pgx.ErrNoRows) {
		err = fault.Missing()
	}
	return p, err
}
