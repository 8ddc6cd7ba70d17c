package record

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// far is past every partition that the migrations make.
var far = time.Date(2041, 1, 30, 23, 30, 0, 0, time.UTC)

func (b *bundle) tidy(at time.Time) {
	b.t.Helper()
	err := b.db.Write(b.t.Context(), func(tx pgx.Tx) error {
		if err := Tidy(b.t.Context(), tx, at); err != nil {
			return err
		}
		return tx.Commit(b.t.Context())
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// partitions lists a table's partitions whose names begin with a prefix.
func (b *bundle) partitions(prefix string) []string {
	b.t.Helper()
	const q = `SELECT relname::text FROM pg_class JOIN pg_inherits ON oid = inhrelid WHERE relname ^@ $1 AND relkind = 'r' ORDER BY 1`
	return column[string](b, q, prefix)
}

func (b *bundle) change(at time.Time) {
	b.t.Helper()
	err := b.write(System(""), at, func(tx *Tx) error {
		tx.Emit("rows")
		tx.Audit("row.updated", "row", uuid.Nil, nil)
		return tx.Commit(b.t.Context())
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func TestPartitionsAreReadyAhead(t *testing.T) {
	b := setup(t)
	b.tidy(far)
	b.tidy(far)
	days := []string{"changes_20410130", "changes_20410131", "changes_20410201", "changes_20410202", "changes_20410203",
		"changes_20410204", "changes_20410205", "changes_20410206"}
	if got := b.partitions("changes_2041"); !slices.Equal(got, days) {
		t.Errorf("changes: %q", got)
	}
	months := []string{"audit_log_204101", "audit_log_204102", "audit_log_204103", "audit_log_204104"}
	if got := b.partitions("audit_log_2041"); !slices.Equal(got, months) {
		t.Errorf("audit log: %q", got)
	}
	for _, at := range []time.Time{far, far.Add(30 * time.Minute), far.AddDate(0, 0, 7)} {
		b.change(at)
	}
	if got := column[string](b, `SELECT tableoid::regclass::text FROM changes ORDER BY 1`); !slices.Equal(got,
		[]string{"changes_20410130", "changes_20410131", "changes_20410206"}) {
		t.Errorf("changes went to %q", got)
	}
	if got := column[string](b, `SELECT tableoid::regclass::text FROM audit_log ORDER BY 1`); !slices.Equal(got,
		[]string{"audit_log_204101", "audit_log_204101", "audit_log_204102"}) {
		t.Errorf("audit entries went to %q", got)
	}
}

// The migration runs with whatever time zone the server has: months that are counted in it overlap, or leave a hole.
func TestPartitionsAreInUTCWhateverTheSession(t *testing.T) {
	b := setup(t)
	err := b.db.Write(t.Context(), func(tx pgx.Tx) error {
		for _, q := range []string{`SET LOCAL timezone = 'America/New_York'`,
			`SELECT ensure_partitions('audit_log', 'month', 12, '2041-01-31 12:00Z')`,
			`SELECT ensure_partitions('changes', 'day', 70, '2041-01-31 12:00Z')`} {
			if _, err := tx.Exec(t.Context(), q); err != nil {
				return err
			}
		}
		return tx.Commit(t.Context())
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(b.partitions("audit_log_204")); n != 13 {
		t.Errorf("%d months", n)
	}
	const q = `SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname IN ('audit_log_204104', 'changes_20410311') ORDER BY relname`
	want := []string{`FOR VALUES FROM ('2041-04-01 00:00:00+00') TO ('2041-05-01 00:00:00+00')`,
		`FOR VALUES FROM ('2041-03-11 00:00:00+00') TO ('2041-03-12 00:00:00+00')`}
	if got := column[string](b, q); !slices.Equal(got, want) {
		t.Errorf("bounds %q", got)
	}
}

// An origin that was down for weeks writes before it tidies up. What it wrote must not keep partitions from being made.
func TestTidyAfterRowsThatCameTooEarly(t *testing.T) {
	b := setup(t)
	b.change(far)
	b.change(far)
	b.tidy(far)
	if got := b.partitions("changes_2041"); len(got) != 7 || got[0] != "changes_20410131" {
		t.Errorf("changes: %q", got)
	}
	if got := b.partitions("audit_log_2041"); len(got) != 3 {
		t.Errorf("audit log: %q", got)
	}
	b.change(far.Add(time.Hour))
	b.tidy(far.Add(keepChanges + time.Minute))
	if got := column[string](b, `SELECT tableoid::regclass::text FROM changes`); !slices.Equal(got, []string{"changes_20410131"}) {
		t.Errorf("changes are left in %q", got)
	}
	if got := b.partitions("changes_20410130"); len(got) != 0 {
		t.Error("the day that is over got a partition")
	}
	if n := column[int](b, `SELECT count(*) FROM audit_log`)[0]; n != 3 {
		t.Errorf("%d audit entries", n)
	}
}

func TestOldChangesAreDropped(t *testing.T) {
	b := setup(t)
	b.tidy(far)
	midnight := far.Truncate(24 * time.Hour).Add(24 * time.Hour) // the end of far's day
	b.change(far)
	b.tidy(midnight.Add(keepChanges - time.Second))
	if got := b.partitions("changes_20410130"); len(got) != 1 {
		t.Error("dropped while a change in it is younger than its keeping")
	}
	b.tidy(midnight.Add(keepChanges))
	if got := b.partitions("changes_2041"); len(got) == 0 || got[0] != "changes_20410131" {
		t.Errorf("changes: %q", got)
	}
	if got := b.partitions("changes_default"); len(got) != 1 {
		t.Error("the default partition is gone")
	}
	if n := column[int](b, `SELECT count(*) FROM audit_log`)[0]; n != 1 {
		t.Errorf("%d audit entries", n)
	}
}

func TestOldKeysAreDropped(t *testing.T) {
	b := setup(t)
	for i, at := range []time.Time{far.Add(-KeepIdempotency - time.Second), far.Add(-KeepIdempotency + time.Second)} {
		r := Request{Operation: "createRow", Key: string(rune('a' + i)), Fingerprint: []byte{1}}
		if _, err := b.claim(editor, at, r, created); err != nil {
			t.Fatal(err)
		}
	}
	b.tidy(far)
	if got := column[string](b, `SELECT key FROM idempotency_keys`); !reflect.DeepEqual(got, []string{"b"}) {
		t.Errorf("left %q", got)
	}
}

// The tests' role owns the tables and is a superuser, so that nothing but the triggers can refuse.
func TestAuditLogIsAppendOnly(t *testing.T) {
	b := setup(t)
	b.tidy(far)
	for _, at := range []time.Time{now, time.Now(), far, far.AddDate(1, 0, 0)} {
		b.change(at)
	}
	tables := append(b.partitions("audit_log_"), "audit_log")
	if !slices.Contains(tables, "audit_log_default") || !slices.Contains(tables, "audit_log_204104") {
		t.Fatalf("partitions %q", tables)
	}
	for _, table := range tables {
		for _, q := range []string{`UPDATE ` + table + ` SET action = 'x'`, `DELETE FROM ` + table, `TRUNCATE ` + table} {
			filled := column[int](b, `SELECT count(*) FROM `+table)[0] > 0
			_, err := b.db.Pool().Exec(t.Context(), q)
			if refused := err != nil && strings.Contains(err.Error(), "append-only"); refused != (filled || strings.HasPrefix(q, "TRUNCATE")) {
				t.Errorf("%s: %v", q, err)
			}
		}
	}
	_, err := b.db.Pool().Exec(t.Context(), `UPDATE audit_log SET created_at = created_at + interval '1 year'`)
	if err == nil {
		t.Error("an entry could be moved to another partition")
	}
	if got := column[string](b, `SELECT DISTINCT action FROM audit_log`); !slices.Equal(got, []string{"row.updated"}) {
		t.Errorf("entries %q", got)
	}
}

// A write has taken the audit log and is about to take the feed. Tidy, which locks both, must not take the feed first.
func TestTidyLetsWritesFinish(t *testing.T) {
	b := setup(t)
	writing, err := b.db.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer writing.Rollback(context.WithoutCancel(t.Context())) // gives its connection back
	tx := Begin(writing, editor, now)
	const q = `INSERT INTO audit_log SELECT gen_random_uuid(), now(), '', gen_random_uuid(), '', '', NULL, '', '', '', '{}'`
	if _, err := tx.Exec(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { // not by Write, which would try again after a deadlock
		done <- pgx.BeginFunc(t.Context(), b.db.Pool(), func(tx pgx.Tx) error { return Tidy(t.Context(), tx, far) })
	}()
	b.waiting(`%ensure_partitions%`)
	tx.Emit("rows")
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := tx.Commit(ctx); err != nil {
		t.Errorf("the write: %v", err)
	}
	if err := <-done; err != nil {
		t.Errorf("Tidy: %v", err)
	}
}

// waiting returns once a statement like the pattern waits for a lock.
func (b *bundle) waiting(pattern string) {
	b.t.Helper()
	const q = `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1 AND datname = current_database()`
	for deadline := time.Now().Add(5 * time.Second); column[int](b, q, pattern)[0] == 0; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("nothing like %s waits", pattern)
		}
	}
}
