package record

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/shared/fault"
)

// KeepIdempotency is how long a key replays its first answer (conventions.md, "Requests and answers").
const KeepIdempotency = 24 * time.Hour

// Request identifies one retryable request: the same Key from the same actor for the same operation is the same request,
// and must carry the same Fingerprint (a hash of path and body).
type Request struct {
	Operation   string
	Key         string
	Fingerprint []byte
	Account     uuid.UUID // that asks, and takes the answer with it when it goes; uuid.Nil for editors
}

// account is NULL where there is none.
func (r Request) account() *uuid.UUID {
	if r.Account == uuid.Nil {
		return nil
	}
	return &r.Account
}

// Answer is what a write answered, as it is stored for replays.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Claim takes the key for this transaction. It returns the stored answer of an earlier request, or nil when this is the
// first; IDEMPOTENCY_IN_PROGRESS while another transaction holds the key or ForgetAnswers the account;
// IDEMPOTENCY_KEY_REUSED for another body.
//
// The claim is a lock of the transaction, not a row: if the process dies, it dies with it, and nothing is left half done.
func (t *Tx) Claim(ctx context.Context, r Request) (*Answer, error) {
	const q = `
		SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))
			AND ($2::uuid IS NULL OR pg_try_advisory_xact_lock_shared(hashtextextended($2::uuid::text, 1)))`
	var ours bool
	if err := t.QueryRow(ctx, q, t.Actor.ID.String()+"\x1f"+r.Operation+"\x1f"+r.Key, r.account()).Scan(&ours); err != nil {
		return nil, fmt.Errorf("claim idempotency key: %w", err)
	}
	if !ours {
		return nil, fault.New(fault.IdempotencyInProgress, "A request with this Idempotency-Key is still in progress; try again shortly.")
	}
	return t.stored(ctx, r)
}

func (t *Tx) stored(ctx context.Context, r Request) (*Answer, error) {
	const q = `
		SELECT fingerprint, status, headers, body FROM idempotency_keys
		WHERE actor_id = $1 AND operation = $2 AND key = $3 AND created_at > $4`
	var (
		fingerprint, headers []byte
		a                    Answer
	)
	err := t.QueryRow(ctx, q, t.Actor.ID, r.Operation, r.Key, t.Now.Add(-KeepIdempotency)).
		Scan(&fingerprint, &a.Status, &headers, &a.Body)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read idempotency record: %w", err)
	case string(fingerprint) != string(r.Fingerprint):
		return nil, fault.New(fault.IdempotencyKeyReused, "This Idempotency-Key was used with another request.")
	}
	if err := json.Unmarshal(headers, &a.Header); err != nil {
		return nil, fmt.Errorf("read idempotency record: %w", err)
	}
	return &a, nil
}

// Store returns the statement that keeps the answer under the claimed key, for Commit.
func (t *Tx) Store(r Request, a Answer) func(*pgx.Batch) {
	return func(batch *pgx.Batch) {
		const q = `
			INSERT INTO idempotency_keys (actor_id, operation, key, fingerprint, status, headers, body, created_at, account_id)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (actor_id, operation, key) DO UPDATE
			SET fingerprint = excluded.fingerprint, status = excluded.status, headers = excluded.headers,
			    body = excluded.body, created_at = excluded.created_at, account_id = excluded.account_id`
		batch.Queue(q, t.Actor.ID, r.Operation, r.Key, r.Fingerprint, a.Status, mustJSON(a.Header), a.Body, t.Now, r.account())
	}
}

// ForgetAnswers removes the stored answers of an account, whoever asked for it, and keeps new ones out until the transaction
// ends. It waits for requests of the account that hold a key, so call it before any row is locked that they may wait for.
//
// A lock of the account's row would not do: a request that is refused lets go of it before its answer is stored.
func (t *Tx) ForgetAnswers(ctx context.Context, account uuid.UUID) error {
	if _, err := t.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1::uuid::text, 1))`, account); err != nil {
		return fmt.Errorf("wait for an account's requests: %w", err)
	}
	if _, err := t.Exec(ctx, `DELETE FROM idempotency_keys WHERE account_id = $1`, account); err != nil {
		return fmt.Errorf("forget an account's answers: %w", err)
	}
	return nil
}
