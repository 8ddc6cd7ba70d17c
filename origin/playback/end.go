package playback

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/record"
	"encora/shared/fault"
	"encora/shared/wire"
)

const (
	eventStarted  = "stream.started"
	eventEnded    = "stream.ended"
	eventExceeded = "stream.concurrency_exceeded"
)

// end is a session that ends in a write, and why.
type end struct {
	*session
	reason string
}

// endAll ends sessions of accounts that the write has locked, all in one shard: their rows go, edges and webhooks are told.
func endAll(ctx context.Context, w *record.Tx, ends []end) error {
	if len(ends) == 0 {
		return nil
	}
	accounts, ids, reasons := make([]uuid.UUID, len(ends)), make([]uuid.UUID, len(ends)), make([]string, len(ends))
	for i, e := range ends {
		accounts[i], ids[i], reasons[i] = e.AccountID, e.ID, e.reason
		payload := e.event()
		payload["ended_at"], payload["reason"], payload["position_seconds"] = w.Now, e.reason, e.PositionSeconds
		w.Event(eventEnded, payload)
	}
	const q = `
		WITH gone AS (
			DELETE FROM stream_sessions s USING unnest($1::uuid[], $2::uuid[], $3::text[]) WITH ORDINALITY e (account_id, session_id, reason, n)
			WHERE s.account_id = e.account_id AND s.id = e.session_id
			RETURNING e.n, e.reason, s.account_id, s.id, s.device_id, s.profile_id, s.content_id, s.content_type, s.seconds, s.started_at
		), head AS (
			UPDATE session_end_heads SET pos = pos + (SELECT count(*) FROM gone) WHERE shard = $4 RETURNING pos
		)
		INSERT INTO session_ends (shard, pos, account_id, session_id, reason, ended_at, device_id, profile_id, content_id, content_type,
			seconds, started_at)
		SELECT $4, head.pos + 1 - row_number() OVER (ORDER BY gone.n DESC), account_id, id, reason, $5, device_id, profile_id, content_id,
			content_type, seconds, started_at
		FROM gone, head`
	_, err := w.Exec(ctx, q, accounts, ids, reasons, wire.EndShard(ends[0].AccountID), w.Now)
	return err
}

// EndSessions ends an account's sessions, those of one device or all of them, in a write that has locked the account.
func (d *Domain) EndSessions(ctx context.Context, w *api.Write, account uuid.UUID, device *uuid.UUID, reason string) error {
	if _, err := w.Exec(ctx, lookUp); err != nil {
		return err
	}
	sessions, err := readSessions(ctx, w.Tx.Tx, account, w.Now)
	if err != nil {
		return err
	}
	var ends []end
	for i := range sessions {
		if device == nil || sessions[i].DeviceID == *device {
			ends = append(ends, end{&sessions[i], reason})
		}
	}
	return endAll(ctx, w.Tx, ends)
}

// ForgetProfiles removes what profiles of an account have watched, in a write that has locked the account. Their sessions play on
// for nobody.
func (d *Domain) ForgetProfiles(ctx context.Context, w *api.Write, account uuid.UUID, profiles []uuid.UUID) error {
	batch := &pgx.Batch{}
	for _, q := range []string{
		`UPDATE stream_sessions SET profile_id = $3 WHERE account_id = $1 AND profile_id = ANY($2)`,
		`UPDATE session_ends SET profile_id = $3 WHERE account_id = $1 AND profile_id = ANY($2)`,
		`DELETE FROM watch_progress WHERE account_id = $1 AND profile_id = ANY($2) AND profile_id <> $3`,
	} {
		batch.Queue(q, account, profiles, uuid.Nil)
	}
	return w.SendBatch(ctx, batch).Close()
}

// ForgetProgress removes what an account has watched.
func (d *Domain) ForgetProgress(ctx context.Context, w *api.Write, account uuid.UUID) error {
	_, err := w.Exec(ctx, `DELETE FROM watch_progress WHERE account_id = $1`, account)
	return err
}

// listSessions shows the sessions that play.
func (d *Domain) listSessions(ctx context.Context, r *api.Read, _ *api.None) (api.List[StreamSession], error) {
	list := api.List[StreamSession]{Data: []StreamSession{}}
	sessions, err := readSessions(ctx, r, r.Account, r.AsOf)
	for i := range sessions {
		if sessions[i].plays(r.AsOf) {
			list.Data = append(list.Data, *sessions[i].viewed())
		}
	}
	return list, err
}

type sessionID struct {
	SessionID uuid.UUID `path:"session_id"`
}

// endSession ends a session of the viewer's account.
func (d *Domain) endSession(ctx context.Context, w *api.Write, in *sessionID) (api.None, error) {
	if err := lockAccount(ctx, w.Tx.Tx, w.Account); err != nil {
		return api.None{}, err
	}
	s, err := readSession(ctx, w.Tx.Tx, w.Account, in.SessionID, w.Now)
	if err != nil {
		return api.None{}, err
	}
	if s == nil {
		return api.None{}, fault.Missing()
	}
	if err := w.Check(nil); err != nil {
		return api.None{}, err
	}
	return api.None{}, endAll(ctx, w.Tx, []end{{s, wire.ReasonEnded}})
}

// lockAccount makes whoever starts or ends sessions of the account wait. An account that is not there has none.
func lockAccount(ctx context.Context, tx pgx.Tx, account uuid.UUID) error {
	batch := &pgx.Batch{}
	batch.Queue(lookUp)
	batch.Queue(`SELECT FROM accounts WHERE id = $1 FOR NO KEY UPDATE`, account)
	return tx.SendBatch(ctx, batch).Close()
}

// told is what edges are told of ends.
func told(ends []end) []wire.End {
	var all []wire.End
	for _, e := range ends {
		all = append(all, wire.End{SessionID: e.ID.String(), Reason: e.reason})
	}
	return all
}

// byShard splits ends, in the order of shards.
func byShard(ends []end) [][]end {
	shards := make([][]end, wire.EndShards)
	for _, e := range ends {
		i := wire.EndShard(e.AccountID)
		shards[i] = append(shards[i], e)
	}
	return slices.DeleteFunc(shards, func(s []end) bool { return len(s) == 0 })
}
