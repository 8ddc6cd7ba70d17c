package changes

import (
	"context"
	"fmt"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/jackc/pgx/v5"

	"encora/shared/wire"
)

// follow listens and reads on one connection of its own until it breaks.
func (h *Hub) follow(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, h.pool.Config().ConnConfig.Copy())
	if err != nil {
		return err
	}
	defer hangUp(ctx, conn)
	if err := listen(ctx, conn); err != nil {
		return err
	}
	for {
		reached, err := h.take(ctx, conn)
		if err == nil && reached {
			err = waitForNotice(ctx, conn)
		}
		if err != nil {
			return err
		}
	}
}

func listen(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, blindAfter)
	defer cancel()
	_, err := conn.Exec(ctx, `LISTEN encora_changes`)
	return err
}

func hangUp(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), blindAfter)
	defer cancel()
	_ = conn.Close(ctx) // it is given up either way
}

func waitForNotice(ctx context.Context, conn *pgx.Conn) error {
	wait, cancel := context.WithTimeout(ctx, readEvery)
	defer cancel()
	_, err := conn.WaitForNotification(wait)
	if err != nil && wait.Err() != nil && ctx.Err() == nil {
		return nil // nothing came in time: read all the same
	}
	return err
}

// take takes over what follows the head, a page of it, and reports whether that was all. It first asks which feed this is
// and how far it goes: a restore beneath a running origin may have put another one in its place. It is bounded, since a
// network that swallows packets breaks no connection.
func (h *Hub) take(ctx context.Context, conn *pgx.Conn) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, blindAfter)
	defer cancel()
	began := time.Now()
	epoch, head, err := identify(ctx, conn)
	if err != nil {
		return false, err
	}
	if !h.continues(epoch, head) {
		known, err := unbroken(ctx, conn, head)
		if err != nil {
			return false, err
		}
		h.restart(epoch, known)
	}
	found, err := after(ctx, conn, h.Head())
	if err != nil {
		return false, err
	}
	if err := h.append(found); err != nil || len(found) == pageSize {
		return false, err
	}
	return true, h.vouch(head, began)
}

// identify returns the epoch and the newest position. The epoch changes with the cluster, its timeline, the database and
// the table: after a restore or a failover, positions may mean something else. The timeline is that of the log being
// written; pg_control_checkpoint would tell the old one until the first checkpoint after a failover is done.
func identify(ctx context.Context, conn *pgx.Conn) (string, uint64, error) {
	const q = `
		SELECT s.system_identifier::text || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) || '/' || d.oid || '/' ||
		       'changes'::regclass::oid, f.pos
		FROM pg_control_system() s, pg_database d, feed_head f
		WHERE d.datname = current_database()`
	var identity string
	var head uint64
	if err := conn.QueryRow(ctx, q).Scan(&identity, &head); err != nil {
		return "", 0, fmt.Errorf("identify the feed: %w", err)
	}
	return fmt.Sprintf("%016x", xxhash.Sum64String(identity)), head, nil
}

// unbroken returns the position after which the newest changes follow one another: what edges may have missed while no
// origin ran. Older ones may have holes, since their partitions are dropped by time and not by position.
func unbroken(ctx context.Context, conn *pgx.Conn, head uint64) (uint64, error) {
	const q = `
		SELECT max(pos) - 1 FROM (
			SELECT pos, lag(pos) OVER (ORDER BY pos) AS before
			FROM (SELECT pos FROM changes WHERE pos > $1::bigint - $2 AND pos <= $1 UNION ALL SELECT $1 + 1) c
		) c WHERE before IS DISTINCT FROM pos - 1`
	var pos uint64
	if err := conn.QueryRow(ctx, q, head, ringSize/4).Scan(&pos); err != nil {
		return 0, fmt.Errorf("find the newest changes: %w", err)
	}
	return pos, nil
}

func after(ctx context.Context, conn *pgx.Conn, pos uint64) ([]wire.Change, error) {
	const q = `SELECT pos, tags FROM changes WHERE pos > $1 ORDER BY pos LIMIT $2`
	rows, err := conn.Query(ctx, q, pos, pageSize)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[wire.Change])
}
