package playback

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/record"
	"encora/shared/wire"
)

// sweepSize bounds the sessions of one transaction of a sweep.
const sweepSize = 500

// Sweep ends sessions whose slots are free because nobody beats for them any more, and returns how many. Nothing waits for
// it: a start looks at the clock itself.
func (d *Domain) Sweep(ctx context.Context) (int, error) {
	for ended := 0; ; {
		due, n, err := d.round(ctx, d.Now())
		if ended += n; err != nil {
			return ended, fmt.Errorf("end sessions without beats: %w", err)
		}
		if due < sweepSize || n == 0 { // what is left is locked, and comes again with the next sweep
			return ended, nil
		}
	}
}

// round takes some of the sessions that are due, and returns how many it took and how many it ended.
func (d *Domain) round(ctx context.Context, now time.Time) (int, int, error) {
	due, err := d.due(ctx, now)
	ended := 0
	for _, shard := range byShard(due) {
		n, err := d.sweep(ctx, shard, now, wire.SlotGrace)
		if ended += n; err != nil {
			return len(due), ended, err
		}
	}
	return len(due), ended, err
}

// due reads sessions that are over, none while beats may have been missed. It reads all of the table, which only holds what
// is live: an index would have to be changed by every beat.
func (d *Domain) due(ctx context.Context, now time.Time) ([]end, error) {
	var ends []end
	err := d.DB.Snapshot(ctx, func(tx pgx.Tx) error {
		const q = `
			SELECT account_id, id FROM stream_sessions s LEFT JOIN beat_intake i ON i.edge = s.edge
			WHERE expires_at <= $1 AND ` + heard + ` LIMIT $3`
		rows, err := tx.Query(ctx, q, now.Add(-wire.SlotGrace), now, sweepSize)
		if err != nil {
			return err
		}
		var s session
		_, err = pgx.ForEachRow(rows, []any{&s.AccountID, &s.ID}, func() error {
			found := s
			ends = append(ends, end{&found, wire.ReasonExpired})
			return nil
		})
		return err
	})
	return ends, err
}

// sweep ends those of a shard's sessions that are still over, since grace, once their accounts are locked.
func (d *Domain) sweep(ctx context.Context, due []end, now time.Time, grace time.Duration) (int, error) {
	ended := 0
	err := d.DB.Write(ctx, func(tx pgx.Tx) error {
		w := record.Begin(tx, record.System("sweep"), now)
		var ends []end
		for _, e := range due {
			s, err := lockedSession(ctx, tx, e.AccountID, e.ID, now)
			if err != nil {
				return err
			}
			if s != nil && !s.plays(now.Add(-grace)) {
				ends = append(ends, end{s, wire.ReasonExpired})
			}
		}
		if ended = len(ends); ended == 0 {
			return nil
		}
		if err := endAll(ctx, w, ends); err != nil {
			return err
		}
		return w.Commit(ctx)
	})
	if err != nil {
		ended = 0
	}
	return ended, err
}

// lockedSession reads a session under its account's lock; nil when it is gone, or somebody else has the account: then its
// time comes again.
func lockedSession(ctx context.Context, tx pgx.Tx, account, id uuid.UUID, now time.Time) (*session, error) {
	err := tx.QueryRow(ctx, `SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE SKIP LOCKED`, account).Scan(&account)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return readSession(ctx, tx, account, id, now)
}

// keepEnds is how long it is known why a session ended.
const keepEnds = 48 * time.Hour

// Tidy makes the partitions of ends to come and drops old ones, forgets edges that are gone, and keeps counts of plays short.
func (d *Domain) Tidy(ctx context.Context) error {
	now := d.Now()
	return d.DB.Write(ctx, func(tx pgx.Tx) error {
		for _, step := range []struct {
			q  string
			at time.Time
		}{
			{`DELETE FROM beat_intake WHERE seen < $1`, now.Add(-time.Hour)},
			{`DELETE FROM session_ends_default WHERE ended_at < $1`, now.Add(-keepEnds)},
			{`SELECT ensure_partitions('session_ends', 'day', 7, $1)`, now},
			{`SELECT drop_partitions('session_ends', $1)`, now.Add(-keepEnds)},
			{mergeHours, now.Add(-keepHours)},
			{`DELETE FROM plays WHERE bucket < $1`, now.Add(-keepDays).Truncate(24 * time.Hour)},
		} {
			if _, err := tx.Exec(ctx, step.q, step.at); err != nil {
				return fmt.Errorf("tidy playback: %w", err)
			}
		}
		return tx.Commit(ctx)
	})
}
