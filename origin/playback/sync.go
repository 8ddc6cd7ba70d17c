package playback

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

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
		batch.Queue(lookUp)
		queueIntake(batch, edge, now, in.Leaving)
		var taken []int32
		b.queue(batch, edge, &taken)
		queueEnds(batch, in.Ends, in.Recent, now, &out)
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return err
		}
		if err := b.gone(ctx, tx, taken, &out); err != nil {
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
	refresh       []time.Time
	paused        []*time.Time
	positions     []int32
}

// columns is false when a beat is none. Beats come in the order of sessions, so that two exchanges with the same ones don't
// wait for each other; of one session's the latest is taken.
func columns(in []wire.Beat) (*beats, bool) {
	if len(in) > maxBeats {
		return nil, false
	}
	all := make([]taken, len(in))
	for i := range in {
		var ok bool
		if all[i], ok = take(&in[i]); !ok {
			return nil, false
		}
	}
	slices.SortFunc(all, func(a, b taken) int {
		return cmp.Or(bytes.Compare(a.account[:], b.account[:]), bytes.Compare(a.id[:], b.id[:]), cmp.Compare(b.At, a.At))
	})
	all = slices.CompactFunc(all, func(a, b taken) bool { return a.id == b.id && a.account == b.account })
	b := &beats{}
	for i := range all {
		b.add(&all[i])
	}
	return b, true
}

// taken is a beat with its ids read.
type taken struct {
	*wire.Beat
	account, id uuid.UUID
}

// take is false when the beat is none.
func take(in *wire.Beat) (taken, bool) {
	account, err := uuid.Parse(in.AccountID)
	id, errID := uuid.Parse(in.SessionID)
	ok := err == nil && errID == nil && in.Position >= 0 && in.Position <= wire.MaxPosition &&
		isTime(in.At) && isTime(in.ExpiresAt) && in.RefreshAt >= 0 && (in.RefreshAt == 0 || isTime(in.RefreshAt)) && (in.PausedSince == 0 || isTime(in.PausedSince))
	return taken{in, account, id}, ok
}

// isTime reports whether Unix milliseconds are an instant that Postgres can hold and JSON can write.
func isTime(ms int64) bool { return ms > 0 && ms < 253402300800000 } // before the year 10000

func (b *beats) add(t *taken) {
	b.accounts, b.ids = append(b.accounts, t.account), append(b.ids, t.id)
	b.at, b.expires = append(b.at, time.UnixMilli(t.At)), append(b.expires, time.UnixMilli(t.ExpiresAt))
	b.refresh = append(b.refresh, time.UnixMilli(t.RefreshAt))
	b.positions = append(b.positions, int32(t.Position))
	var since *time.Time
	if t.PausedSince != 0 {
		at := time.UnixMilli(t.PausedSince)
		since = &at
	}
	b.paused = append(b.paused, since)
}

// gone tells of the beats that were not taken, of sessions that are no more. Those that are still there had later beats.
func (b *beats) gone(ctx context.Context, tx pgx.Tx, taken []int32, out *wire.Synced) error {
	if len(taken) == len(b.ids) {
		return nil
	}
	found := make([]bool, len(b.ids))
	for _, n := range taken {
		found[n-1] = true
	}
	left := &beats{}
	for i := range found {
		if !found[i] {
			left.accounts, left.ids = append(left.accounts, b.accounts[i]), append(left.ids, b.ids[i])
			left.at, left.positions = append(left.at, b.at[i]), append(left.positions, b.positions[i])
		}
	}
	if err := left.lastProgress(ctx, tx); err != nil {
		return err
	}
	ends, err := readGone(ctx, tx, left.accounts, left.ids)
	out.Gone = ends
	return err
}

// find tells an edge of a session that it does not hold, or whose time is over by all that it knows.
func (d *Domain) find(ctx context.Context, in *wire.Find) (wire.Session, error) {
	account, id := idOrNil(in.AccountID), idOrNil(in.SessionID)
	var found wire.Session
	var late *session
	err := d.DB.Snapshot(ctx, func(tx pgx.Tx) error {
		ends, err := readEnds(ctx, tx, account)
		if err != nil {
			return err
		}
		now := d.Now()
		s, err := readSession(ctx, tx, account, id, now)
		if err != nil {
			return err
		}
		if s == nil {
			return absent(ctx, tx, account, id)
		}
		if !s.plays(now) {
			late = s
			return fault.Ended(wire.ReasonExpired)
		}
		found = s.wire(ends)
		return nil
	})
	if late != nil {
		return found, errors.Join(err, d.overNow(ctx, late))
	}
	return found, err
}

// beatsArrive is how long after a session's time beats of it that another edge took may still come.
const beatsArrive = time.Second

// overNow ends a session whose player is told that its time is over: it must not be told next that this session holds its
// slot. Until no beat can be under way any more that is left to the sweep.
func (d *Domain) overNow(ctx context.Context, s *session) error {
	_, err := d.sweep(ctx, []end{{s, wire.ReasonExpired}}, d.Now(), beatsArrive)
	return err
}

// absent is why an account has no such session.
func absent(ctx context.Context, tx pgx.Tx, account, id uuid.UUID) error {
	reason, err := reasonOf(ctx, tx, account, id)
	switch {
	case err != nil:
		return err
	case reason == "":
		return fault.Missing()
	}
	return fault.Ended(reason)
}
