package playback

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/shared/fault"
	"encora/shared/wire"
)

// maxBeats bounds the beats of one exchange; edges send far fewer.
const maxBeats = 5000

// maxEnds bounds the ends of one shard that one exchange tells of.
const maxEnds = 500

// sync takes an edge's beats in and tells it what ended. It costs one round trip to the database, and another when there
// are beats of sessions that are no more.
func (d *Domain) sync(ctx context.Context, in *wire.Sync) (wire.Synced, error) {
	edge, err := uuid.Parse(in.Edge)
	b, ok := columns(in.Beats)
	if err != nil || !ok || len(in.Ends) != 0 && len(in.Ends) != wire.EndShards {
		return wire.Synced{}, fault.New(fault.BadRequest, "The exchange can't be read: run edges and origin of versions that fit.")
	}
	var out wire.Synced
	err = d.DB.Write(ctx, func(tx pgx.Tx) error {
		out = wire.Synced{}
		batch := &pgx.Batch{}
		now := d.Now().UTC()
		queueIntake(batch, edge, now)
		var left []int
		b.queue(batch, &left)
		queueEnds(batch, in.Ends, now, &out)
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
		if err := b.gone(ctx, tx, left, &out); err != nil {
			return err
		}
		return tx.Commit(ctx)
	})
	return out, err
}

// beats are an exchange's, by column.
type beats struct {
	accounts, ids []uuid.UUID
	at, expires   []time.Time
	paused        []*time.Time
	positions     []int32
}

// columns is false when a beat is none.
func columns(in []wire.Beat) (*beats, bool) {
	if len(in) > maxBeats {
		return nil, false
	}
	n := len(in)
	b := &beats{make([]uuid.UUID, n), make([]uuid.UUID, n), make([]time.Time, n), make([]time.Time, n), make([]*time.Time, n), make([]int32, n)}
	for i := range in {
		var err, errID error
		b.accounts[i], err = uuid.Parse(in[i].AccountID)
		b.ids[i], errID = uuid.Parse(in[i].SessionID)
		if err != nil || errID != nil || in[i].Position < 0 || in[i].Position > wire.MaxPosition {
			return nil, false
		}
		b.at[i], b.expires[i], b.positions[i] = time.UnixMilli(in[i].At), time.UnixMilli(in[i].ExpiresAt), int32(in[i].Position)
		if in[i].PausedSince != 0 {
			since := time.UnixMilli(in[i].PausedSince)
			b.paused[i] = &since
		}
	}
	return b, true
}

// gone tells of the beats left, of sessions that are no more. Those that are still there had later beats.
func (b *beats) gone(ctx context.Context, tx pgx.Tx, left []int, out *wire.Synced) error {
	if len(left) == 0 {
		return nil
	}
	accounts, ids := make([]uuid.UUID, len(left)), make([]uuid.UUID, len(left))
	for i, at := range left {
		accounts[i], ids[i] = b.accounts[at], b.ids[at]
	}
	ends, err := readGone(ctx, tx, accounts, ids)
	out.Gone = ends
	return err
}

// find tells an edge of a session that it does not hold, or whose time is over by all that it knows.
func (d *Domain) find(ctx context.Context, in *wire.Find) (wire.Session, error) {
	account, id := idOrNil(in.AccountID), idOrNil(in.SessionID)
	var found wire.Session
	err := d.DB.Snapshot(ctx, func(tx pgx.Tx) error {
		ends, err := readEnds(ctx, tx, account)
		if err != nil {
			return err
		}
		s, err := readSession(ctx, tx, account, id)
		if err != nil {
			return err
		}
		if s == nil {
			return absent(ctx, tx, account, id)
		}
		now := d.Now()
		steady, err := readSteady(ctx, tx, now)
		if err == nil && steady && !s.ExpiresAt.After(now) {
			err = over(wire.ReasonExpired)
		}
		found = s.wire(ends)
		return err
	})
	return found, err
}

// absent is why an account has no such session.
func absent(ctx context.Context, tx pgx.Tx, account, id uuid.UUID) error {
	reason, err := reasonOf(ctx, tx, account, id)
	switch {
	case err != nil:
		return err
	case reason == "":
		return api.Missing()
	}
	return over(reason)
}

// over is the 410 of a session that ended.
func over(reason string) *fault.Fault {
	return fault.New(fault.SessionEnded, "This session has ended.",
		fault.Detail{Field: "session_id", Code: "ended", Message: "Start the stream again to go on.", Reason: reason})
}
