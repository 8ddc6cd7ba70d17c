package record

import (
	"errors"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/shared/fault"
)

var created = Answer{Status: 201, Header: http.Header{"Etag": {`"a"`}, "Location": {"/v2/rows/1"}}, Body: []byte(`{"n": 1}`)}

// claim is one transaction that claims a key and, when it is new, stores the answer.
func (b *bundle) claim(actor Actor, at time.Time, r Request, a Answer) (*Answer, error) {
	var found *Answer
	err := b.write(actor, at, func(tx *Tx) error {
		var err error
		if found, err = tx.Claim(b.t.Context(), r); found != nil || err != nil {
			return err
		}
		return tx.Commit(b.t.Context(), tx.Store(r, a))
	})
	return found, err
}

func TestKeyReplaysItsAnswer(t *testing.T) {
	b := setup(t)
	r := Request{Operation: "createRow", Key: "k", Fingerprint: []byte{1, 2}}
	if found, err := b.claim(editor, now, r, created); found != nil || err != nil {
		t.Fatalf("a new key: %v, %v", found, err)
	}
	found, err := b.claim(editor, now.Add(KeepIdempotency-time.Microsecond), r, Answer{})
	if err != nil || !reflect.DeepEqual(*found, created) {
		t.Errorf("replay %+v, %v", found, err)
	}
	other := r
	other.Fingerprint = []byte{1, 3}
	if _, err := b.claim(editor, now, other, created); fault.Of(err).Code != fault.IdempotencyKeyReused {
		t.Errorf("another request: %v", err)
	}
}

func TestKeyBelongsToActorAndOperation(t *testing.T) {
	b := setup(t)
	r := Request{Operation: "createRow", Key: "k", Fingerprint: []byte{1}}
	someone := editor
	someone.ID = uuid.MustParse("0190a6e0-0000-7000-8000-000000000002")
	for _, c := range []struct {
		actor     Actor
		operation string
	}{{editor, "createRow"}, {someone, "createRow"}, {editor, "createColumn"}} {
		r.Operation = c.operation
		if found, err := b.claim(c.actor, now, r, created); found != nil || err != nil {
			t.Errorf("%v: %v, %v", c, found, err)
		}
	}
}

func TestKeyExpires(t *testing.T) {
	b := setup(t)
	r := Request{Operation: "createRow", Key: "k", Fingerprint: []byte{1}}
	if _, err := b.claim(editor, now, r, created); err != nil {
		t.Fatal(err)
	}
	later := now.Add(KeepIdempotency)
	r.Fingerprint = []byte{2}
	second := Answer{Status: 409, Header: http.Header{}, Body: []byte("x")}
	if found, err := b.claim(editor, later, r, second); found != nil || err != nil {
		t.Fatalf("after a day: %v, %v", found, err)
	}
	if found, err := b.claim(editor, later, r, Answer{}); err != nil || !reflect.DeepEqual(*found, second) {
		t.Errorf("replay %+v, %v", found, err)
	}
}

// The claim is a lock of the transaction: whoever holds it keeps others out, and a rollback, however it comes about,
// leaves the key free.
func TestKeyInFlight(t *testing.T) {
	b := setup(t)
	r := Request{Operation: "createRow", Key: "k", Fingerprint: []byte{1}}
	end := map[string]func(pgx.Tx){
		"rollback": func(tx pgx.Tx) { _ = tx.Rollback(t.Context()) },
		"death":    func(tx pgx.Tx) { tx.Conn().PgConn().Conn().Close() },
	}
	for name, end := range end {
		conn, err := b.db.Pool().Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		tx, err := conn.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if found, err := Begin(tx, editor, now).Claim(t.Context(), r); found != nil || err != nil {
			t.Fatalf("%s: %v, %v", name, found, err)
		}
		if _, err := b.claim(editor, now, r, created); fault.Of(err).Code != fault.IdempotencyInProgress {
			t.Errorf("while it is held: %v", err)
		}
		pid := tx.Conn().PgConn().PID()
		end(tx)
		conn.Release()
		b.settle(pid)
		if found, err := b.claim(editor, now, r, created); found != nil || err != nil {
			t.Errorf("after %s: %v, %v", name, found, err)
		}
		b.exec(`DELETE FROM idempotency_keys`)
	}
}

// An account takes its answers with it, whoever asked for it, and no one else's.
func TestForgetAnswers(t *testing.T) {
	b := setup(t)
	gone, other, someone := uuid.New(), uuid.New(), editor
	someone.ID = uuid.New()
	claim := func(actor Actor, key string, account uuid.UUID) *Answer {
		t.Helper()
		found, err := b.claim(actor, now, Request{Operation: "createRow", Key: key, Fingerprint: []byte{1}, Account: account}, created)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	claim(editor, "a", gone)
	claim(someone, "b", gone)
	claim(editor, "c", other)
	claim(editor, "d", uuid.Nil)
	if err := b.forget(gone); err != nil {
		t.Fatal(err)
	}
	if claim(editor, "a", gone) != nil || claim(someone, "b", gone) != nil {
		t.Error("an answer has outlived its account")
	}
	if claim(editor, "c", other) == nil || claim(editor, "d", uuid.Nil) == nil {
		t.Error("another's answer is gone")
	}
}

// forget is one transaction that forgets an account's answers.
func (b *bundle) forget(account uuid.UUID) error {
	return b.write(editor, now, func(tx *Tx) error {
		if err := tx.ForgetAnswers(b.t.Context(), account); err != nil {
			return err
		}
		return tx.Commit(b.t.Context())
	})
}

// A request that is under way when its account goes leaves no answer behind; one that comes meanwhile is told to wait.
func TestForgetAnswersOfRequestsUnderWay(t *testing.T) {
	b := setup(t)
	account, forgotten := uuid.New(), make(chan error, 1)
	r := Request{Operation: "createRow", Key: "k", Fingerprint: []byte{1}, Account: account}
	err := b.write(editor, now, func(tx *Tx) error {
		if _, err := tx.Claim(t.Context(), r); err != nil {
			return err
		}
		go func() { forgotten <- b.forget(account) }()
		b.waits(`pg_advisory_xact_lock`)
		late := r
		late.Key = "late"
		if _, err := b.claim(editor, now, late, created); fault.Of(err).Code != fault.IdempotencyInProgress {
			t.Errorf("while the account goes: %v", err)
		}
		return tx.Commit(t.Context(), tx.Store(r, created))
	})
	if err := errors.Join(err, <-forgotten); err != nil {
		t.Fatal(err)
	}
	if left := column[string](b, `SELECT key FROM idempotency_keys`); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// waits returns once a statement with that text waits for a lock.
func (b *bundle) waits(text string) {
	b.t.Helper()
	const q = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%' || $1 || '%'`
	for deadline := time.Now().Add(5 * time.Second); column[int](b, q, text)[0] == 0; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatal("nothing waits")
		}
	}
}

// settle waits until a server process is idle or gone.
func (b *bundle) settle(pid uint32) {
	b.t.Helper()
	const q = `SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND pid <> pg_backend_pid() AND state <> 'idle'`
	for deadline := time.Now().Add(5 * time.Second); column[int](b, q, pid)[0] > 0; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatal("its transaction does not end")
		}
	}
}
