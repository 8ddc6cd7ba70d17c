package record

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/pgdb"
	"encora/origin/pgtest"
)

// now is the clock of these tests: not a whole microsecond, and not in UTC.
var now = time.Date(2026, 3, 4, 5, 6, 7, 891_234_567, time.FixedZone("", 3600))

var editor = Actor{ID: uuid.MustParse("0190a6e0-0000-7000-8000-000000000001"), Role: "editor", IP: "203.0.113.9",
	UserAgent: "curl/8", RequestID: "r-1"}

// bundle is a database with one table of rows.
type bundle struct {
	t  *testing.T
	db *pgdb.DB
}

func setup(t *testing.T) *bundle {
	t.Helper()
	t.Parallel()
	db, err := pgdb.Open(t.Context(), pgtest.URL(t), 8)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	b := &bundle{t, db}
	b.exec(`CREATE TABLE rows (n int PRIMARY KEY)`)
	return b
}

func (b *bundle) exec(q string, args ...any) {
	b.t.Helper()
	if _, err := b.db.Pool().Exec(b.t.Context(), q, args...); err != nil {
		b.t.Fatalf("%s: %v", q, err)
	}
}

// write runs fn in a write by actor at an instant.
func (b *bundle) write(actor Actor, at time.Time, fn func(*Tx) error) error {
	return b.db.Write(b.t.Context(), func(tx pgx.Tx) error { return fn(Begin(tx, actor, at)) })
}

func column[T any](b *bundle, q string, args ...any) []T {
	b.t.Helper()
	rows, err := b.db.Pool().Query(b.t.Context(), q, args...)
	if err != nil {
		b.t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		b.t.Fatalf("%s: %v", q, err)
	}
	return found
}

// left counts everything that writes leave behind, the feed's position included.
func (b *bundle) left() map[string]int {
	b.t.Helper()
	found := map[string]int{}
	for _, q := range []string{`SELECT pos FROM feed_head`, `SELECT count(*) FROM changes`, `SELECT count(*) FROM audit_log`,
		`SELECT count(*) FROM events`, `SELECT count(*) FROM idempotency_keys`, `SELECT count(*) FROM rows`} {
		if n := column[int](b, q)[0]; n != 0 {
			found[q[strings.LastIndexByte(q, ' ')+1:]] = n
		}
	}
	return found
}

// everything writes all that a write can leave behind.
func everything(ctx context.Context, tx *Tx, row int, extra ...func(*pgx.Batch)) error {
	if _, err := tx.Exec(ctx, `INSERT INTO rows VALUES ($1)`, row); err != nil {
		return err
	}
	tx.Audit("row.created", "row", uuid.Nil, nil)
	tx.Event("content.created", map[string]int{"n": row})
	tx.Emit("rows")
	r := Request{Operation: "createRow", Key: "k", Fingerprint: []byte{1}}
	if _, err := tx.Claim(ctx, r); err != nil {
		return err
	}
	return tx.Commit(ctx, append(extra, tx.Store(r, Answer{Status: 201, Body: []byte("{}")}))...)
}

func TestWriteLeavesEverythingOrNothing(t *testing.T) {
	b := setup(t)
	ctx := t.Context()
	f := func(name string, fn func(*Tx) error) {
		t.Helper()
		if err := b.write(editor, now, fn); err == nil {
			t.Errorf("%s: no error", name)
		}
		if got := b.left(); len(got) != 0 {
			t.Errorf("%s left %v", name, got)
		}
	}
	refused := errors.New("refused")
	f("a failing closing statement", func(tx *Tx) error {
		return everything(ctx, tx, 1, func(batch *pgx.Batch) { batch.Queue(`INSERT INTO rows VALUES (1)`) })
	})
	f("an error before Commit", func(tx *Tx) error {
		tx.Audit("row.created", "row", uuid.Nil, nil)
		tx.Emit("rows")
		if _, err := tx.Exec(ctx, `INSERT INTO rows VALUES (1)`); err != nil {
			t.Error(err)
		}
		return refused
	})
	f("an error after a refused statement", func(tx *Tx) error {
		_, _ = tx.Exec(ctx, `SELECT 1/0`)
		return tx.Commit(ctx)
	})
	if err := b.write(editor, now, func(tx *Tx) error { return everything(ctx, tx, 1) }); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"feed_head": 1, "changes": 1, "audit_log": 1, "events": 1, "idempotency_keys": 1, "rows": 1}
	if got := b.left(); !reflect.DeepEqual(got, want) {
		t.Errorf("left %v", got)
	}
}

func TestAuditEntry(t *testing.T) {
	b := setup(t)
	id := uuid.MustParse("0190a6e0-0000-7000-8000-0000000000aa")
	err := b.write(editor, now, func(tx *Tx) error {
		if want := time.Date(2026, 3, 4, 4, 6, 7, 891_234_000, time.UTC); tx.Now != want {
			t.Errorf("the write's instant is %v", tx.Now)
		}
		tx.Audit("movie.deleted", "movie", id, map[string]string{"title": "Amélie"})
		return tx.Commit(t.Context())
	})
	if err != nil {
		t.Fatal(err)
	}
	err = b.write(System("boot-7"), now, func(tx *Tx) error {
		tx.Audit("movie.published", "movie", uuid.Nil, nil)
		return tx.Commit(t.Context())
	})
	if err != nil {
		t.Fatal(err)
	}
	const q = `SELECT to_jsonb(a) - 'id' FROM audit_log a ORDER BY action`
	got := column[string](b, q)
	want := []string{
		`{"action": "movie.deleted", "actor_id": "0190a6e0-0000-7000-8000-000000000001", "metadata": {"title": "Amélie"}, "actor_role": "editor", "created_at": "2026-03-04T04:06:07.891234+00:00", "ip_address": "203.0.113.9", "request_id": "r-1", "user_agent": "curl/8", "resource_id": "0190a6e0-0000-7000-8000-0000000000aa", "resource_type": "movie"}`,
		`{"action": "movie.published", "actor_id": "00000000-0000-0000-0000-000000000000", "metadata": {}, "actor_role": "system", "created_at": "2026-03-04T04:06:07.891234+00:00", "ip_address": "", "request_id": "boot-7", "user_agent": "", "resource_id": null, "resource_type": "movie"}`,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestEventsAndTags(t *testing.T) {
	b := setup(t)
	err := b.write(editor, now, func(tx *Tx) error {
		if tx.Changed() {
			t.Error("changed before anything was emitted")
		}
		tx.Emit("movies", "movie:1")
		tx.EmitHard("movie:1")
		tx.Emit("movies")
		tx.Event("content.published", map[string]int{"n": 1})
		if !tx.Changed() {
			t.Error("not changed")
		}
		return tx.Commit(t.Context())
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := column[string](b, `SELECT pos || ' ' || array_to_string(tags, ',') FROM changes`); !reflect.DeepEqual(got, []string{"1 !movie:1,movie:1,movies"}) {
		t.Errorf("changes %q", got)
	}
	var event struct{ N int }
	if err := json.Unmarshal(column[[]byte](b, `SELECT payload FROM events WHERE type = 'content.published'`)[0], &event); err != nil || event.N != 1 {
		t.Errorf("event %+v, %v", event, err)
	}
	err = b.write(editor, now, func(tx *Tx) error {
		tx.Audit("movie.updated", "movie", uuid.Nil, nil)
		return tx.Commit(t.Context())
	})
	if got := column[int](b, `SELECT pos FROM feed_head`)[0]; err != nil || got != 1 {
		t.Errorf("a write that emits nothing moved the feed to %d; %v", got, err)
	}
}

func TestUnencodableMetadataPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("what can't be encoded was taken")
		}
	}()
	Begin(nil, editor, now).Audit("a", "b", uuid.Nil, func() {})
}
