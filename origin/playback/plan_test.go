package playback

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/shared/wire"
)

// However little the planner knows of the tables, and whatever they held when the statement was planned, beats find their
// sessions by index, and change them without a change to the indexes.
func TestBeatsReadNoTableWhole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	at := t0
	f := func(name string, n int) {
		t.Helper()
		const q = `SELECT account_id::text, id::text FROM stream_sessions ORDER BY id LIMIT 1000`
		rows, err := b.DB.Pool().Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		at = at.Add(time.Second)
		in, beat := wire.Sync{}, wire.Beat{At: at.UnixMilli(), ExpiresAt: at.UnixMilli()}
		if _, err := pgx.ForEachRow(rows, []any{&beat.AccountID, &beat.SessionID}, func() error { in.Beats = append(in.Beats, beat); return nil }); err != nil {
			t.Fatal(err)
		}
		if got, want := b.cost(&in), [3]int{0, n, n}; got != want {
			t.Errorf("%s: scans, changes and those in place %v, want %v", name, got, want)
		}
	}
	one := b.began(b.viewer(1).film())
	f("one session", 1)
	b.Exec(`DELETE FROM stream_sessions WHERE id = $1`, one.SessionID)
	b.fill(5000)
	f("many that nobody counted", 1000)
	b.Exec(`ANALYZE stream_sessions, watch_progress`)
	f("many that were counted", 1000)
}

// cost is what one batch of beats does: scans of whole tables, rows of sessions changed, and how many of those in place.
func (b *bundle) cost(in *wire.Sync) [3]int {
	b.t.Helper()
	beats, ok := columns(in.Beats)
	if !ok {
		b.t.Fatal("no beats")
	}
	var cost [3]int
	err := b.DB.Write(b.t.Context(), func(tx pgx.Tx) error {
		var taken []int32
		var before, after [3]int
		batch := &pgx.Batch{}
		queueCounts(batch, &before)
		batch.Queue(lookUp)
		beats.queue(batch, uuid.Nil, &taken)
		queueCounts(batch, &after)
		if err := tx.SendBatch(b.t.Context(), batch).Close(); err != nil {
			return err
		}
		for i := range cost {
			cost[i] = after[i] - before[i]
		}
		return tx.Commit(b.t.Context())
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return cost
}

// queueCounts reads what the connection has done lately.
func queueCounts(batch *pgx.Batch, counts *[3]int) {
	const q = `
		SELECT sum(seq_scan), sum(n_tup_upd) FILTER (WHERE relname ^@ 'stream'), sum(n_tup_hot_upd) FILTER (WHERE relname ^@ 'stream')
		FROM pg_stat_xact_user_tables WHERE relname ~ '^(stream_sessions|watch_progress)_'`
	batch.Queue(q).QueryRow(func(row pgx.Row) error { return row.Scan(&counts[0], &counts[1], &counts[2]) })
}
