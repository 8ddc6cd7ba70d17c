package playback

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/shared/ids"
	"encora/shared/wire"
)

// readStanding locks the account and reads all that a start is decided by, in one round trip, and one more where the plan
// has a filter. Each statement sees what was committed before it began, so those after the first see all that the lock's last
// holder did.
func (d *Domain) readStanding(ctx context.Context, tx pgx.Tx, asked *request, now time.Time) (*standing, error) {
	st := &standing{now: now}
	batch := &pgx.Batch{}
	batch.Queue(lookUp)
	const lock = `
		SELECT a.status, a.subscription_status, a.current_period_end, coalesce(p.max_concurrent_streams, 0), coalesce(p.includes_premium_channels, false),
			coalesce(p.catalogue_filter, ''), a.version >= 0
		FROM accounts a LEFT JOIN plans p ON p.id = a.plan_id
		WHERE a.id = $1 AND a.deleted_at IS NULL FOR NO KEY UPDATE OF a`
	batch.Queue(lock, asked.account).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&st.Status, &st.Subscription, &st.PeriodEnd, &st.Streams, &st.Premium, &st.Filter, &st.Told)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	const known = `
		SELECT EXISTS (SELECT FROM devices WHERE account_id = $1 AND id = $2),
		       EXISTS (SELECT FROM profiles WHERE account_id = $1 AND id = $3)`
	batch.Queue(known, asked.account, asked.device, asked.profile).QueryRow(func(row pgx.Row) error {
		return row.Scan(&st.device, &st.profile)
	})
	batch.Queue(endsOfShard, wire.EndShard(asked.account)).QueryRow(func(row pgx.Row) error { return row.Scan(&st.ends) })
	batch.Queue(sessionsOf+` ORDER BY s.started_at, s.id`, asked.account, now).Query(func(rows pgx.Rows) error {
		var err error
		st.sessions, err = pgx.CollectRows(rows, pgx.RowToStructByName[session])
		return err
	})
	if err := tx.SendBatch(ctx, batch).Close(); err != nil || st.Filter == "" || d.InPlan == nil {
		return st, err
	}
	included, err := d.InPlan(ctx, tx, st.Filter, asked.offered())
	st.leftOut = !included
	return st, err
}

// idOrNil is no object's id when the text is no UUID.
func idOrNil(text string) uuid.UUID {
	id, _ := ids.Parse(text)
	return id
}
