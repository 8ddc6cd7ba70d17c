package system

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// stored is a platform's row.
type stored struct {
	AppSettings
	UpdatedAt time.Time
}

// readSettings reads what editors have set for a platform; nil when they have not.
func readSettings(ctx context.Context, tx pgx.Tx, platform string) (*stored, error) {
	const q = `
		SELECT minimum_app_version, feature_flags, cdn_base_url, maintenance, supported_locales, updated_at
		FROM app_config WHERE platform = $1`
	rows, err := tx.Query(ctx, q, platform)
	if err != nil {
		return nil, err
	}
	s, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[stored])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return s, err
}

// lockSettings makes writers of any platform take turns: the rows are few and seldom written, and may not be there yet.
func lockSettings(ctx context.Context, tx pgx.Tx) error {
	const q = `LOCK TABLE app_config IN SHARE ROW EXCLUSIVE MODE`
	_, err := tx.Exec(ctx, q)
	return err
}

func storeSettings(ctx context.Context, tx pgx.Tx, platform string, s *AppSettings, now time.Time) error {
	const q = `
		INSERT INTO app_config (platform, minimum_app_version, feature_flags, cdn_base_url, maintenance, supported_locales, updated_at)
		VALUES (@platform, @minimum_app_version, @feature_flags, @cdn_base_url, @maintenance, @supported_locales, @now)
		ON CONFLICT (platform) DO UPDATE SET minimum_app_version = excluded.minimum_app_version,
			feature_flags = excluded.feature_flags, cdn_base_url = excluded.cdn_base_url,
			maintenance = excluded.maintenance, supported_locales = excluded.supported_locales, updated_at = excluded.updated_at`
	_, err := tx.Exec(ctx, q, pgx.NamedArgs{
		"platform": platform, "minimum_app_version": s.MinimumAppVersion, "feature_flags": s.FeatureFlags,
		"cdn_base_url": s.CDNBaseURL, "maintenance": s.Maintenance, "supported_locales": s.SupportedLocales, "now": now,
	})
	return err
}
