package playback

import (
	"context"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/shared/wire"
)

// queueIntake notes that an edge's beats come in. A pause of five seconds is a break: whatever the edge was told in it is
// not known to have arrived.
func queueIntake(batch *pgx.Batch, edge uuid.UUID, now time.Time, leaving bool) {
	if leaving {
		batch.Queue(`DELETE FROM beat_intake WHERE edge = $1`, edge)
		return
	}
	const q = `
		INSERT INTO beat_intake AS i (edge, since, seen) VALUES ($1, $2, $2)
		ON CONFLICT (edge) DO UPDATE SET seen = $2,
			since = CASE WHEN i.seen > $2::timestamptz - interval '5 seconds' THEN i.since ELSE $2 END`
	batch.Queue(q, edge, now)
}

// lookUp makes the transaction's statements find rows one by one in indexes, as they do best for a batch: left to itself
// the planner reads all sessions for a thousand beats, and plans anew, by the numbers that tables had when they were
// analysed, for each.
const lookUp = `
	SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_hashjoin', 'off', true),
	       set_config('enable_mergejoin', 'off', true), set_config('enable_seqscan', 'off', true)`

// queue writes beats to sessions and to what their profiles have watched, both only forwards in the time of the beats. taken
// are the places, from 1, of those that found their session, without a later beat.
func (b *beats) queue(batch *pgx.Batch, edge uuid.UUID, taken *[]int32) {
	if len(b.ids) == 0 {
		return
	}
	// A start may have given the session more time since a beat was taken; a pause's end takes time from it.
	const q = `
		WITH beaten AS (
			UPDATE stream_sessions s SET edge = $8, last_beat_at = b.at, paused_since = b.paused_since, refresh_at = b.refresh_at,
				position_seconds = b.position_seconds, expires_at = CASE WHEN s.paused_since IS NULL AND b.paused_since IS NULL
					THEN greatest(s.expires_at, b.expires_at) ELSE b.expires_at END
			FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7::int[])
				WITH ORDINALITY AS b (account_id, id, at, expires_at, paused_since, refresh_at, position_seconds, n)
			WHERE s.account_id = b.account_id AND s.id = b.id AND s.last_beat_at < b.at
			RETURNING b.n, s.account_id, s.profile_id, s.content_id, s.content_type, s.device_id, s.seconds, s.started_at, b.at,
				b.position_seconds
		), progressed AS (
			` + progress + `
			FROM beaten ` + onlyForwards + `
		)
		SELECT coalesce(array_agg(n::int), '{}') FROM beaten`
	batch.Queue(q, b.accounts, b.ids, b.at, b.expires, b.paused, b.refresh, b.positions, edge).QueryRow(func(row pgx.Row) error { return row.Scan(taken) })
}

// lastProgress takes what was played in the last moments of sessions that have ended since. What was deleted with the account
// stays so.
func (b *beats) lastProgress(ctx context.Context, tx pgx.Tx) error {
	const q = progress + `
		FROM (
			SELECT e.*, b.at, b.position_seconds
			FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::int[]) AS b (account_id, id, at, position_seconds)
			JOIN session_ends e ON e.account_id = b.account_id AND e.session_id = b.id
			WHERE b.at <= e.ended_at + interval '1 second' AND e.reason <> 'account_closed'
		) late ` + onlyForwards
	_, err := tx.Exec(ctx, q, b.accounts, b.ids, b.at, b.positions)
	return err
}

// progress is written of beats with what their sessions say. Channels have no position that means anything, and without a profile
// there is nobody to remember it for.
const (
	progress = `
		INSERT INTO watch_progress AS p (account_id, profile_id, content_id, content_type, device_id, position_seconds, seconds,
			first_watched_at, last_watched_at)
		SELECT DISTINCT ON (account_id, profile_id, content_id) account_id, profile_id, content_id, content_type, device_id,
			CASE seconds WHEN 0 THEN position_seconds ELSE least(position_seconds, seconds) END, seconds, started_at, at`
	onlyForwards = `
		WHERE content_type <> 'channel' AND profile_id <> '00000000-0000-0000-0000-000000000000'
		ORDER BY account_id, profile_id, content_id, at DESC
		ON CONFLICT (account_id, profile_id, content_id) DO UPDATE SET device_id = excluded.device_id,
			position_seconds = excluded.position_seconds, seconds = excluded.seconds, last_watched_at = excluded.last_watched_at
		WHERE p.last_watched_at < excluded.last_watched_at`
)

// readGone gives, of accounts' sessions, those that are no more, and why.
func readGone(ctx context.Context, tx pgx.Tx, accounts, ids []uuid.UUID) ([]wire.End, error) {
	const q = `
		SELECT a.id::text, coalesce((SELECT e.reason FROM session_ends e WHERE e.account_id = a.account_id AND e.session_id = a.id LIMIT 1), '')
		FROM unnest($1::uuid[], $2::uuid[]) a (account_id, id)
		WHERE NOT EXISTS (SELECT FROM stream_sessions s WHERE s.account_id = a.account_id AND s.id = a.id)`
	rows, err := tx.Query(ctx, q, accounts, ids)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[wire.End])
}

// queueEnds tells of the ends after known, and how far that goes. An edge that knows nothing yet is only told how far. Heads
// are read first: an end that comes between the two statements is told of again.
func queueEnds(batch *pgx.Batch, known []uint64, recent bool, now time.Time, out *wire.Synced) {
	batch.Queue(`SELECT pos FROM session_end_heads ORDER BY shard`).Query(func(rows pgx.Rows) error {
		var err error
		out.Ends, err = pgx.CollectRows(rows, pgx.RowTo[uint64])
		return err
	})
	if len(known) == 0 {
		if recent {
			queueRecent(batch, now, out)
		}
		return
	}
	const q = `
		SELECT e.shard, e.pos, e.session_id::text, e.reason
		FROM unnest($1::bigint[]) WITH ORDINALITY k (pos, n)
		JOIN session_end_heads h ON h.shard = k.n - 1 AND h.pos > k.pos
		JOIN LATERAL (SELECT * FROM session_ends e WHERE e.shard = h.shard AND e.pos > k.pos AND e.ended_at > $2
		              ORDER BY e.pos LIMIT $3) e ON true
		ORDER BY e.shard, e.pos`
	positions := make([]int64, len(known))
	for i, pos := range known {
		positions[i] = int64(min(pos, math.MaxInt64))
	}
	batch.Queue(q, positions, now.Add(-tellFor), maxEnds).Query(func(rows pgx.Rows) error { return collectEnds(rows, out) })
}

// maxRecent bounds the newest ends of a shard that an edge is told of when it starts.
const maxRecent = 1000

// queueRecent tells of the newest ends, to an edge that knows of none.
func queueRecent(batch *pgx.Batch, now time.Time, out *wire.Synced) {
	const q = `
		SELECT e.session_id::text, e.reason FROM session_end_heads h
		JOIN LATERAL (SELECT * FROM session_ends e WHERE e.shard = h.shard AND e.ended_at > $1 ORDER BY e.pos DESC LIMIT $2) e ON true`
	batch.Queue(q, now.Add(-tellFor), maxRecent).Query(func(rows pgx.Rows) error {
		var err error
		out.Ended, err = pgx.CollectRows(rows, pgx.RowToStructByPos[wire.End])
		return err
	})
}

// tellFor is how long ago an end may be that an edge is told of. One that was away for longer learns of it by its beats.
const tellFor = 15 * time.Minute

// collectEnds takes ends in; a shard with more to tell goes on from its last.
func collectEnds(rows pgx.Rows, out *wire.Synced) error {
	told := make([]int, wire.EndShards)
	var shard int
	var pos uint64
	var e wire.End
	_, err := pgx.ForEachRow(rows, []any{&shard, &pos, &e.SessionID, &e.Reason}, func() error {
		out.Ended = append(out.Ended, e)
		if told[shard]++; told[shard] == maxEnds {
			out.Ends[shard], out.More = pos, true
		} else {
			out.Ends[shard] = max(out.Ends[shard], pos)
		}
		return nil
	})
	return err
}
