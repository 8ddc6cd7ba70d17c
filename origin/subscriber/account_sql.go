package subscriber

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// accountColumns are those of the account struct, of accounts.
const accountColumns = `
	id, external_id, version, status, plan_id, subscription_status, current_period_end, country, email_verified, trial_told,
	deleted_at, created_at, updated_at`

// readAccount reads an account with its profiles; nil when there is no row of it.
func readAccount(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*account, error) {
	const q = `SELECT ` + accountColumns + ` FROM accounts WHERE id = $1`
	return oneAccount(ctx, tx, q, id)
}

// lockAccount is readAccount for a write: what is done to an account is done one after the other. It lets rows that refer to
// the account be inserted meanwhile.
func lockAccount(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*account, error) {
	const q = `SELECT ` + accountColumns + ` FROM accounts WHERE id = $1 FOR NO KEY UPDATE`
	return oneAccount(ctx, tx, q, id)
}

func oneAccount(ctx context.Context, tx pgx.Tx, q string, id uuid.UUID) (*account, error) {
	rows, err := tx.Query(ctx, q, id)
	if err != nil {
		return nil, err
	}
	a, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[account])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	a.Profiles, err = readProfiles(ctx, tx, id)
	return a, err
}

// holdAccount is lockAccount, with a row for an account that the origin has not been told of.
func holdAccount(ctx context.Context, tx pgx.Tx, id uuid.UUID, now time.Time) (*account, error) {
	a, err := lockAccount(ctx, tx, id)
	if a != nil || err != nil {
		return a, err
	}
	if err := insertUntold(ctx, tx, id, now); err != nil {
		return nil, err
	}
	return lockAccount(ctx, tx, id)
}

// insertUntold makes the row of an account that the origin has not been told of, unless another write just did.
func insertUntold(ctx context.Context, tx pgx.Tx, id uuid.UUID, now time.Time) error {
	const q = `
		INSERT INTO accounts (id, version, status, subscription_status, email_verified, created_at, updated_at)
		VALUES ($1, $2, $3, $4, false, $5, $5) ON CONFLICT (id) DO NOTHING`
	_, err := tx.Exec(ctx, q, id, versionUntold, statusActive, subNone, now)
	return err
}

func readProfiles(ctx context.Context, tx pgx.Tx, account uuid.UUID) ([]Profile, error) {
	const q = `SELECT id, name, is_kids FROM profiles WHERE account_id = $1 ORDER BY position, id`
	rows, err := tx.Query(ctx, q, account)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Profile])
}
