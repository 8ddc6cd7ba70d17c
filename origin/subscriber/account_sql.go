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

func updateAccount(ctx context.Context, tx pgx.Tx, a *account) error {
	const q = `
		UPDATE accounts SET version = @version, status = @status, plan_id = @plan_id, subscription_status = @subscription_status,
			current_period_end = @current_period_end, country = @country, email_verified = @email_verified,
			trial_told = @trial_told, deleted_at = @deleted_at, created_at = @created_at, updated_at = @updated_at
		WHERE id = @id`
	_, err := tx.Exec(ctx, q, pgx.NamedArgs{
		"id": a.AccountID, "version": a.Version, "status": a.Status, "plan_id": a.PlanID, "subscription_status": a.SubscriptionStatus,
		"current_period_end": a.CurrentPeriodEnd, "country": a.Country, "email_verified": a.EmailVerified,
		"trial_told": a.TrialTold, "deleted_at": a.DeletedAt, "created_at": a.CreatedAt, "updated_at": a.UpdatedAt,
	})
	return err
}

// foreignProfiles tells which of the ids are those of other accounts' profiles.
func foreignProfiles(ctx context.Context, tx pgx.Tx, account uuid.UUID, ids []uuid.UUID) (map[uuid.UUID]bool, error) {
	const q = `SELECT id FROM profiles WHERE id = ANY($2) AND account_id <> $1`
	rows, err := tx.Query(ctx, q, account, ids)
	if err != nil {
		return nil, err
	}
	taken := map[uuid.UUID]bool{}
	var id uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error { taken[id] = true; return nil })
	return taken, err
}

// replaceProfiles makes the account's profiles those that it has now.
func replaceProfiles(ctx context.Context, tx pgx.Tx, a *account) error {
	ids, names, kids := make([]uuid.UUID, len(a.Profiles)), make([]string, len(a.Profiles)), make([]bool, len(a.Profiles))
	for i, p := range a.Profiles {
		ids[i], names[i], kids[i] = p.ID, p.Name, p.IsKids
	}
	if err := deleteProfilesBut(ctx, tx, a.AccountID, ids); err != nil {
		return err
	}
	const q = `
		INSERT INTO profiles (account_id, id, name, is_kids, position, created_at)
		SELECT $1, p.id, p.name, p.is_kids, p.position, $5
		FROM unnest($2::uuid[], $3::text[], $4::boolean[]) WITH ORDINALITY AS p (id, name, is_kids, position)
		ON CONFLICT (account_id, id) DO UPDATE SET name = excluded.name, is_kids = excluded.is_kids, position = excluded.position`
	_, err := tx.Exec(ctx, q, a.AccountID, ids, names, kids, a.UpdatedAt)
	return err
}

func deleteProfilesBut(ctx context.Context, tx pgx.Tx, account uuid.UUID, kept []uuid.UUID) error {
	const q = `DELETE FROM profiles WHERE account_id = $1 AND id <> ALL($2)`
	_, err := tx.Exec(ctx, q, account, kept)
	return err
}
