package subscriber

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// planColumns are those of AdminPlan, of plans.
const planColumns = `
	id, external_id, name, description, price::text AS price, currency, billing_cycle, max_profiles, max_concurrent_streams,
	max_devices, max_quality, has_downloads, allow_download_count, has_ads, has_hdr, has_dolby_atmos, trial_days, is_active,
	includes_premium_channels, catalogue_filter, created_at, updated_at`

// offeredPlans reads the plans on offer, those of a currency and a billing cycle where they are given.
func offeredPlans(ctx context.Context, tx pgx.Tx, currency, cycle string) ([]AdminPlan, error) {
	const q = `
		SELECT ` + planColumns + ` FROM plans
		WHERE is_active AND ($1 = '' OR currency = $1) AND ($2 = '' OR billing_cycle = $2)
		ORDER BY currency, plans.price, name COLLATE "C", id`
	return allPlans(ctx, tx, q, currency, cycle)
}

// readPlans reads up to limit plans that follow the id after, in the order of ids, which is that of their creation.
func readPlans(ctx context.Context, tx pgx.Tx, after uuid.UUID, limit int) ([]AdminPlan, error) {
	const q = `SELECT ` + planColumns + ` FROM plans WHERE id > $1 ORDER BY id LIMIT $2`
	return allPlans(ctx, tx, q, after, limit)
}

func allPlans(ctx context.Context, tx pgx.Tx, q string, args ...any) ([]AdminPlan, error) {
	rows, err := tx.Query(ctx, q, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[AdminPlan])
}

func countPlans(ctx context.Context, tx pgx.Tx) (int, error) {
	var n int
	err := tx.QueryRow(ctx, `SELECT count(*) FROM plans`).Scan(&n)
	return n, err
}

// readPlan reads a plan; nil when there is none.
func readPlan(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*AdminPlan, error) {
	return onePlan(ctx, tx, `SELECT `+planColumns+` FROM plans WHERE id = $1`, id)
}

// lockPlan is readPlan for a write. Accounts may be given the plan meanwhile.
func lockPlan(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*AdminPlan, error) {
	return onePlan(ctx, tx, `SELECT `+planColumns+` FROM plans WHERE id = $1 FOR NO KEY UPDATE`, id)
}

func onePlan(ctx context.Context, tx pgx.Tx, q string, id uuid.UUID) (*AdminPlan, error) {
	rows, err := tx.Query(ctx, q, id)
	if err != nil {
		return nil, err
	}
	p, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[AdminPlan])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return p, err
}

// holdPlan reports whether there is such a plan, and keeps it from deletion until the transaction ends.
func holdPlan(ctx context.Context, tx pgx.Tx, id uuid.UUID) (bool, error) {
	const q = `SELECT id FROM plans WHERE id = $1 FOR KEY SHARE`
	err := tx.QueryRow(ctx, q, id).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func (p *AdminPlan) args() pgx.NamedArgs {
	return pgx.NamedArgs{
		"id": p.ID, "name": p.Name, "description": p.Description, "price": p.Price, "currency": p.Currency,
		"billing_cycle": p.BillingCycle, "max_profiles": p.MaxProfiles, "max_concurrent_streams": p.MaxConcurrentStreams,
		"max_devices": p.MaxDevices, "max_quality": p.MaxQuality, "has_downloads": p.HasDownloads,
		"allow_download_count": p.AllowDownloadCount, "has_ads": p.HasAds, "has_hdr": p.HasHDR,
		"has_dolby_atmos": p.HasDolbyAtmos, "trial_days": p.TrialDays, "is_active": p.IsActive,
		"includes_premium_channels": p.IncludesPremiumChannels, "catalogue_filter": p.CatalogueFilter, "created_at": p.CreatedAt, "updated_at": p.UpdatedAt,
	}
}

const insertInto = `
	INSERT INTO plans (id, name, description, price, currency, billing_cycle, max_profiles, max_concurrent_streams, max_devices,
		max_quality, has_downloads, allow_download_count, has_ads, has_hdr, has_dolby_atmos, trial_days, is_active,
		includes_premium_channels, catalogue_filter, created_at, updated_at)
	VALUES (@id, @name, @description, @price::text::numeric, @currency, @billing_cycle, @max_profiles, @max_concurrent_streams,
		@max_devices, @max_quality, @has_downloads, @allow_download_count, @has_ads, @has_hdr, @has_dolby_atmos, @trial_days,
		@is_active, @includes_premium_channels, @catalogue_filter, @created_at, @updated_at)`

// insertPlan stores a plan and gives it its external id.
func insertPlan(ctx context.Context, tx pgx.Tx, p *AdminPlan) error {
	return tx.QueryRow(ctx, insertInto+` RETURNING external_id`, p.args()).Scan(&p.ExternalID)
}

func updatePlan(ctx context.Context, tx pgx.Tx, p *AdminPlan) error {
	const q = `
		UPDATE plans SET name = @name, description = @description, price = @price::text::numeric, currency = @currency,
			billing_cycle = @billing_cycle, max_profiles = @max_profiles, max_concurrent_streams = @max_concurrent_streams,
			max_devices = @max_devices, max_quality = @max_quality, has_downloads = @has_downloads,
			allow_download_count = @allow_download_count, has_ads = @has_ads, has_hdr = @has_hdr,
			has_dolby_atmos = @has_dolby_atmos, trial_days = @trial_days, is_active = @is_active,
			includes_premium_channels = @includes_premium_channels, catalogue_filter = @catalogue_filter, updated_at = @updated_at
		WHERE id = @id`
	_, err := tx.Exec(ctx, q, p.args())
	return err
}

func deletePlan(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	_, err := tx.Exec(ctx, `DELETE FROM plans WHERE id = $1`, id)
	return err
}
