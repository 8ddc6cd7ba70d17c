package playback

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/shared/wire"
)

// heard is whether beats of a session, had there been any for as long as a slot is held (80 s), would have come in. They would if
// its edge has delivered all the while. An edge that is away may have some yet: for 15 minutes. One that said goodbye, or has been
// away for longer, has none: its players beat to others, if any of these has delivered all the while. i is the edge's row of
// beat_intake, if there is one, and $2 now.
const heard = `
	CASE WHEN i.seen > $2::timestamptz - interval '5 seconds' THEN i.since <= $2::timestamptz - interval '80 seconds'
	     WHEN i.seen > $2::timestamptz - interval '15 minutes' THEN false
	     ELSE EXISTS (SELECT FROM beat_intake WHERE seen > $2::timestamptz - interval '5 seconds'
	                  AND since <= $2::timestamptz - interval '80 seconds') END`

// sessionColumns are those of the session struct, of stream_sessions s and the device d.
const sessionColumns = `
	s.account_id, s.id, s.edge, s.device_id, s.profile_id, s.content_type, s.content_id, s.title, s.seconds, s.dash_path, s.hls_path,
	s.begin_at, s.end_at, s.started_at, s.last_beat_at, s.expires_at, s.paused_since, s.refresh_at, s.position_seconds,
	coalesce(d.name, '') AS device_name, ` + heard + ` AS heard`

const sessionsOf = `
	SELECT ` + sessionColumns + ` FROM stream_sessions s
	LEFT JOIN devices d ON d.account_id = s.account_id AND d.id = s.device_id
	LEFT JOIN beat_intake i ON i.edge = s.edge
	WHERE s.account_id = $1`

func readSessions(ctx context.Context, tx pgx.Tx, account uuid.UUID, now time.Time) ([]session, error) {
	rows, err := tx.Query(ctx, sessionsOf+` ORDER BY s.started_at, s.id`, account, now)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[session])
}

// readSession reads an account's session; nil when there is none.
func readSession(ctx context.Context, tx pgx.Tx, account, id uuid.UUID, now time.Time) (*session, error) {
	rows, err := tx.Query(ctx, sessionsOf+` AND s.id = $3`, account, now, id)
	if err != nil {
		return nil, err
	}
	s, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[session])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return s, err
}

const endsOfShard = `SELECT pos FROM session_end_heads WHERE shard = $1`

func readEnds(ctx context.Context, tx pgx.Tx, account uuid.UUID) (uint64, error) {
	var pos uint64
	err := tx.QueryRow(ctx, endsOfShard, wire.EndShard(account)).Scan(&pos)
	return pos, err
}

// reasonOf is why an account's session ended; empty when it never was, or long ago.
func reasonOf(ctx context.Context, tx pgx.Tx, account, id uuid.UUID) (string, error) {
	const q = `SELECT reason FROM session_ends WHERE account_id = $1 AND session_id = $2 LIMIT 1`
	var reason string
	err := tx.QueryRow(ctx, q, account, id).Scan(&reason)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return reason, err
}

// A beat that came after the start read the session, and was taken later, stays.
const insertSession = `
	INSERT INTO stream_sessions (account_id, id, edge, device_id, profile_id, content_type, content_id, title, seconds, dash_path, hls_path,
		begin_at, end_at, started_at, last_beat_at, expires_at, paused_since, refresh_at, position_seconds)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
	ON CONFLICT (account_id, id) DO UPDATE SET edge = excluded.edge, title = excluded.title, seconds = excluded.seconds, dash_path = excluded.dash_path,
		hls_path = excluded.hls_path, begin_at = excluded.begin_at, end_at = excluded.end_at, profile_id = excluded.profile_id,
		refresh_at = excluded.refresh_at,
		expires_at = CASE WHEN stream_sessions.last_beat_at > excluded.last_beat_at THEN stream_sessions.expires_at ELSE excluded.expires_at END,
		paused_since = CASE WHEN stream_sessions.last_beat_at > excluded.last_beat_at THEN stream_sessions.paused_since ELSE excluded.paused_since END`

// queue stores a session that began, or was asked for again.
func (s *session) queue(batch *pgx.Batch) {
	batch.Queue(insertSession, s.AccountID, s.ID, s.Edge, s.DeviceID, s.ProfileID, s.ContentType, s.ContentID, s.Title, s.Seconds, s.DASHPath, s.HLSPath,
		s.BeginAt, s.EndAt, s.StartedAt, s.LastBeatAt, s.ExpiresAt, s.PausedSince, s.RefreshAt, s.PositionSeconds)
}
