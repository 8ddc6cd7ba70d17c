package subscriber

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"encora/origin/record"
)

const (
	trialNotice = 3 * 24 * time.Hour // how long before its end a trial is told of
	trialBatch  = 500                // how many are told of in one transaction
)

// AnnounceTrials leaves an event of every trial that ends within three days, once. It returns how many.
func (d *Domain) AnnounceTrials(ctx context.Context, now time.Time) (int, error) {
	told := 0
	for {
		n, err := d.announceTrials(ctx, now)
		if err != nil {
			return told, fmt.Errorf("announce trials that end: %w", err)
		}
		if told += n; n < trialBatch {
			return told, nil
		}
	}
}

func (d *Domain) announceTrials(ctx context.Context, now time.Time) (int, error) {
	told := 0
	err := d.DB.Write(ctx, func(tx pgx.Tx) error {
		w := record.Begin(tx, record.System("clock"), now)
		due, err := markTrials(ctx, tx, w.Now)
		if err != nil {
			return err
		}
		for i := range due {
			w.Event("subscription.trial_ending", subscriptionEvent(&due[i]))
		}
		told = len(due)
		return w.Commit(ctx)
	})
	return told, err
}

// markTrials notes the trials that are due as told of, and gives their accounts. Those that a write holds wait for the next
// time.
func markTrials(ctx context.Context, tx pgx.Tx, now time.Time) ([]account, error) {
	const q = `
		UPDATE accounts SET trial_told = true WHERE id IN (
			SELECT id FROM accounts
			WHERE subscription_status = 'trialing' AND NOT trial_told AND current_period_end > @now AND current_period_end <= @until
				AND status <> 'closed'
			ORDER BY current_period_end LIMIT @limit FOR NO KEY UPDATE SKIP LOCKED)
		RETURNING ` + accountColumns
	rows, err := tx.Query(ctx, q, pgx.NamedArgs{"now": now, "until": now.Add(trialNotice), "limit": trialBatch})
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[account])
}
