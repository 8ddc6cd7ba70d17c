package beats

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/shared/token"
	"encora/shared/wire"
)

const (
	// firstAccount is beyond the generated accounts that anybody brings in: all that is ours has numbers from there on.
	firstAccount = 100_000_000
	maxAccounts  = 100_000_000
	titles       = 1000
	length       = 5400 // seconds, of a title
)

// session is one that plays.
type session struct{ account, id uuid.UUID }

// database is where the sessions are made: a million starts would take longer than what is measured. Only this tool writes
// past the origin.
type database struct{ conn *pgx.Conn }

func open(ctx context.Context, url string) (*database, error) {
	conn, err := pgx.Connect(ctx, url)
	return &database{conn}, err
}

func (d *database) close() { _ = d.conn.Close(context.Background()) } // nothing is under way

// fill makes n live sessions that have been watched for a while, so that beats find what they find in a database that is in
// use: rows of sessions and of progress, and the planner's statistics.
func (d *database) fill(ctx context.Context, n int) ([]session, error) {
	if err := d.clear(); err != nil {
		return nil, err
	}
	now := time.Now()
	sessions := make([]session, n)
	for i := range sessions {
		sessions[i] = session{token.AccountID(firstAccount + i), uuid.Must(uuid.NewV7())}
	}
	started, expires := now.Add(-time.Minute), now.Add(10*time.Minute) // until all have beaten
	_, err := d.conn.CopyFrom(ctx, pgx.Identifier{"stream_sessions"}, []string{"account_id", "id", "edge", "device_id", "profile_id", "content_type", "content_id", "title",
		"seconds", "dash_path", "hls_path", "started_at", "last_beat_at", "expires_at", "refresh_at", "position_seconds"},
		pgx.CopyFromSlice(n, func(i int) ([]any, error) {
			of := firstAccount + i
			return []any{sessions[i].account, sessions[i].id, uuid.Nil, token.DeviceID(of), token.ProfileID(of), wire.ContentMovie, title(i), fmt.Sprint("Title ", i%titles),
				length, "/vod/" + title(i).String() + "/manifest.mpd", "/vod/" + title(i).String() + "/master.m3u8", started, started, expires, expires, 0}, nil
		}))
	if err != nil {
		return nil, fmt.Errorf("make sessions: %w", err)
	}
	_, err = d.conn.CopyFrom(ctx, pgx.Identifier{"watch_progress"}, []string{"account_id", "profile_id", "content_id", "content_type", "device_id",
		"position_seconds", "seconds", "first_watched_at", "last_watched_at"},
		pgx.CopyFromSlice(n, func(i int) ([]any, error) {
			of := firstAccount + i
			return []any{sessions[i].account, token.ProfileID(of), title(i), wire.ContentMovie, token.DeviceID(of), 0, length, started, started}, nil
		}))
	if err != nil {
		return nil, fmt.Errorf("make progress: %w", err)
	}
	_, err = d.conn.Exec(ctx, `ANALYZE stream_sessions, watch_progress`)
	return sessions, err
}

// title is what the i-th session plays.
func title(i int) uuid.UUID { return token.AccountID(2*firstAccount + i%titles) }

// beaten counts the sessions that had a beat since.
func (d *database) beaten(ctx context.Context, since time.Time) (int64, error) {
	const q = `SELECT count(*) FROM stream_sessions WHERE account_id BETWEEN $1 AND $2 AND last_beat_at >= $3`
	first, last := ours()
	var n int64
	err := d.conn.QueryRow(ctx, q, first, last, since).Scan(&n)
	return n, err
}

// clear deletes what is ours, of a run that was cut short, too. It is done also when that was.
func (d *database) clear() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	first, last := ours()
	for _, table := range []string{"stream_sessions", "watch_progress"} {
		if _, err := d.conn.Exec(ctx, `DELETE FROM `+table+` WHERE account_id BETWEEN $1 AND $2`, first, last); err != nil {
			return fmt.Errorf("delete what was made: %w", err)
		}
	}
	return nil
}

func ours() (first, last uuid.UUID) {
	return token.AccountID(firstAccount), token.AccountID(firstAccount + maxAccounts - 1)
}
