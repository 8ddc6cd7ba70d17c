package subscriber

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// deviceColumns are those of Device, of devices.
const deviceColumns = `id, name, device_type, platform, os_version, app_version, is_trusted, last_active_at, created_at, updated_at`

// readDevices reads an account's devices in the order of their registration.
func readDevices(ctx context.Context, tx pgx.Tx, account uuid.UUID) ([]Device, error) {
	const q = `SELECT ` + deviceColumns + ` FROM devices WHERE account_id = $1 ORDER BY created_at, id`
	rows, err := tx.Query(ctx, q, account)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Device])
}

// readDevice reads a device of the account; nil when it has none of this id.
func readDevice(ctx context.Context, tx pgx.Tx, account, id uuid.UUID) (*Device, error) {
	const q = `SELECT ` + deviceColumns + ` FROM devices WHERE account_id = $1 AND id = $2`
	return oneDevice(ctx, tx, q, account, id)
}

func oneDevice(ctx context.Context, tx pgx.Tx, q string, args ...any) (*Device, error) {
	rows, err := tx.Query(ctx, q, args...)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[Device])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return found, err
}

// refreshDevice takes over what a device that registers again says of its software; nil when the account does not have it.
// What it is called and what it is stay as they are.
func refreshDevice(ctx context.Context, tx pgx.Tx, account uuid.UUID, b *DeviceWrite, now time.Time) (*Device, error) {
	const q = `
		UPDATE devices SET platform = @platform, os_version = @os_version, app_version = @app_version, last_active_at = @now,
			updated_at = CASE WHEN (platform, os_version, app_version) = (@platform, @os_version, @app_version) THEN updated_at ELSE @now END
		WHERE account_id = @account AND fingerprint = @fingerprint
		RETURNING ` + deviceColumns
	return oneDevice(ctx, tx, q, pgx.NamedArgs{"account": account, "fingerprint": b.print(), "platform": b.Platform,
		"os_version": b.OSVersion, "app_version": b.AppVersion, "now": now})
}

func insertDevice(ctx context.Context, tx pgx.Tx, account uuid.UUID, of *Device, fingerprint []byte) error {
	const q = `
		INSERT INTO devices (account_id, id, name, device_type, platform, os_version, app_version, fingerprint, is_trusted,
			last_active_at, created_at, updated_at)
		VALUES (@account, @id, @name, @device_type, @platform, @os_version, @app_version, @fingerprint, @is_trusted,
			@last_active_at, @created_at, @updated_at)`
	_, err := tx.Exec(ctx, q, pgx.NamedArgs{
		"account": account, "id": of.ID, "name": of.Name, "device_type": of.DeviceType, "platform": of.Platform,
		"os_version": of.OSVersion, "app_version": of.AppVersion, "fingerprint": fingerprint, "is_trusted": of.IsTrusted,
		"last_active_at": of.LastActiveAt, "created_at": of.CreatedAt, "updated_at": of.UpdatedAt,
	})
	return err
}

// Used queues the note that a device was in use, as it is when it starts a stream. Notes may come in any order: the latest
// instant stays.
func (d *Domain) Used(batch *pgx.Batch, account, device uuid.UUID, now time.Time) {
	const q = `UPDATE devices SET last_active_at = $3 WHERE account_id = $1 AND id = $2 AND last_active_at < $3`
	batch.Queue(q, account, device, now)
}

func updateDeviceName(ctx context.Context, tx pgx.Tx, account uuid.UUID, of *Device) error {
	const q = `UPDATE devices SET name = $3, updated_at = $4 WHERE account_id = $1 AND id = $2`
	_, err := tx.Exec(ctx, q, account, of.ID, of.Name, of.UpdatedAt)
	return err
}

func deleteDevice(ctx context.Context, tx pgx.Tx, account, id uuid.UUID) error {
	const q = `DELETE FROM devices WHERE account_id = $1 AND id = $2`
	_, err := tx.Exec(ctx, q, account, id)
	return err
}

// deviceLimit is how many devices the account may have; defaultDevices where it has no plan.
func deviceLimit(ctx context.Context, tx pgx.Tx, account uuid.UUID) (int, error) {
	const q = `SELECT coalesce((SELECT p.max_devices FROM accounts a JOIN plans p ON p.id = a.plan_id WHERE a.id = $1), $2)`
	var limit int
	err := tx.QueryRow(ctx, q, account, defaultDevices).Scan(&limit)
	return limit, err
}

// deleteDevices removes all devices of an account, and gives what they were.
func deleteDevices(ctx context.Context, tx pgx.Tx, account uuid.UUID) ([]Device, error) {
	const q = `DELETE FROM devices WHERE account_id = $1 RETURNING ` + deviceColumns
	rows, err := tx.Query(ctx, q, account)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Device])
}
