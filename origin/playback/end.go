package playback

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/record"
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
	batch := &pgx.Batch{}
	accounts, ids, reasons := make([]uuid.UUID, len(ends)), make([]uuid.UUID, len(ends)), make([]string, len(ends))
	for i, e := range ends {
		accounts[i], ids[i], reasons[i] = e.AccountID, e.ID, e.reason
		payload := e.event()
		payload["ended_at"], payload["reason"], payload["position_seconds"] = w.Now, e.reason, e.PositionSeconds
		w.Event(eventEnded, payload)
	}
	const gone = `
		DELETE FROM stream_sessions s USING unnest($1::uuid[], $2::uuid[]) e (account_id, id)
		WHERE s.account_id = e.account_id AND s.id = e.id`
	batch.Queue(gone, accounts, ids)
	const told = `
		WITH head AS (UPDATE session_end_heads SET pos = pos + $4 WHERE shard = $5 RETURNING pos - $4 AS before)
		INSERT INTO session_ends (shard, pos, account_id, session_id, reason, ended_at)
		SELECT $5, head.before + e.n, e.account_id, e.session_id, e.reason, $6
		FROM head, unnest($1::uuid[], $2::uuid[], $3::text[]) WITH ORDINALITY e (account_id, session_id, reason, n)`
	batch.Queue(told, accounts, ids, reasons, len(ends), wire.EndShard(ends[0].AccountID), w.Now)
	return w.SendBatch(ctx, batch).Close()
}

// EndSessions ends an account's sessions, those of one device or all of them, in a write that has locked the account.
func (d *Domain) EndSessions(ctx context.Context, w *api.Write, account uuid.UUID, device *uuid.UUID, reason string) error {
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

// ForgetProgress removes what an account has watched.
func (d *Domain) ForgetProgress(ctx context.Context, w *api.Write, account uuid.UUID) error {
	_, err := w.Exec(ctx, `DELETE FROM watch_progress WHERE account_id = $1`, account)
	return err
}

// listSessions shows the sessions that hold slots.
func (d *Domain) listSessions(ctx context.Context, r *api.Read, _ *api.None) (api.List[StreamSession], error) {
	list := api.List[StreamSession]{Data: []StreamSession{}}
	sessions, err := readSessions(ctx, r, r.Account, r.AsOf)
	for i := range sessions {
		if sessions[i].lives(r.AsOf) {
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
		return api.None{}, api.Missing()
	}
	if err := w.Check(nil); err != nil {
		return api.None{}, err
	}
	return api.None{}, endAll(ctx, w.Tx, []end{{s, wire.ReasonEnded}})
}

// lockAccount makes whoever starts or ends sessions of the account wait. An account that is not there has none.
func lockAccount(ctx context.Context, tx pgx.Tx, account uuid.UUID) error {
	_, err := tx.Exec(ctx, `SELECT FROM accounts WHERE id = $1 FOR NO KEY UPDATE`, account)
	return err
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
