// Package record keeps what every write leaves behind beside its rows: the audit entry, the change that edges hear of,
// the events for webhooks, and the idempotency record. All of it commits with the rows or not at all.
package record

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/pgdb"
	"encora/shared/wire"
)

// Actor is who writes, as the audit log names them.
type Actor struct {
	ID        uuid.UUID // the token's subject, or a UUIDv5 of issuer and subject where that is no UUID
	Role      string    // subscriber, editor, admin or system
	IP        string
	UserAgent string
	RequestID string
}

// System is the actor of jobs and of the command line.
func System(requestID string) Actor {
	return Actor{ID: uuid.Nil, Role: "system", RequestID: requestID}
}

// Tx is the transaction of one write. Statements run through the embedded pgx.Tx; Audit, Emit and Event collect what
// Commit writes last.
type Tx struct {
	pgx.Tx
	Actor Actor
	Now   time.Time // the instant of the write, UTC, to the microsecond as Postgres keeps it

	audits []entry
	events []event
	tags   []string
}

// Begin wraps an open transaction.
func Begin(tx pgx.Tx, actor Actor, now time.Time) *Tx {
	return &Tx{Tx: tx, Actor: actor, Now: now.UTC().Truncate(time.Microsecond)}
}

type entry struct {
	action, resourceType string
	resourceID           *uuid.UUID
	metadata             []byte
}

type event struct {
	eventType string
	payload   []byte
}

// Audit adds an entry to the audit log. metadata is any JSON-encodable value that holds no personal data; nil is {}.
func (t *Tx) Audit(action, resourceType string, resourceID uuid.UUID, metadata any) {
	e := entry{action: action, resourceType: resourceType, metadata: mustJSON(metadata)}
	if resourceID != uuid.Nil {
		e.resourceID = &resourceID
	}
	t.audits = append(t.audits, e)
}

// Event adds an event of the contract's WebhookEventType to the outbox.
func (t *Tx) Event(eventType string, payload any) {
	t.events = append(t.events, event{eventType, mustJSON(payload)})
}

// Emit names answers that this write changes: whatever carries one of the tags is asked for again. Saving what no viewer
// can see emits nothing.
func (t *Tx) Emit(tags ...string) { t.tags = append(t.tags, tags...) }

// EmitHard is Emit for a write that takes something away from viewers: the answers are not served again even while the
// origin is away.
func (t *Tx) EmitHard(tags ...string) {
	for _, tag := range tags {
		t.tags = append(t.tags, string(wire.Hard)+tag)
	}
}

// Commit writes what was collected and commits, in one round trip. The feed's head comes last: from its row lock to the
// commit no other statement runs.
func (t *Tx) Commit(ctx context.Context, extra ...func(*pgx.Batch)) error {
	batch := &pgx.Batch{}
	for _, queue := range extra {
		queue(batch)
	}
	for _, e := range t.audits {
		t.queueAudit(batch, e)
	}
	for _, e := range t.events {
		const q = `INSERT INTO events (id, type, occurred_at, payload) VALUES ($1, $2, $3, $4)`
		batch.Queue(q, newID(), e.eventType, t.Now, e.payload)
	}
	if len(t.tags) > 0 {
		slices.Sort(t.tags)
		queueChange(batch, t.Now, slices.Compact(t.tags))
	}
	return pgdb.Commit(ctx, t.Tx, batch)
}

// Changed reports whether Commit will move the feed.
func (t *Tx) Changed() bool { return len(t.tags) > 0 }

func (t *Tx) queueAudit(batch *pgx.Batch, e entry) {
	const q = `
		INSERT INTO audit_log (id, created_at, action, actor_id, actor_role, resource_type, resource_id,
		                       ip_address, user_agent, request_id, metadata)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`
	batch.Queue(q, newID(), t.Now, e.action, t.Actor.ID, t.Actor.Role, e.resourceType, e.resourceID,
		t.Actor.IP, t.Actor.UserAgent, t.Actor.RequestID, e.metadata)
}

// queueChange takes the next position under the head's row lock. The notification only wakes listeners up; what they
// read is the table.
func queueChange(batch *pgx.Batch, at time.Time, tags []string) {
	batch.Queue(`SELECT pg_notify('encora_changes', '')`)
	const q = `
		WITH head AS (UPDATE feed_head SET pos = pos + 1 RETURNING pos)
		INSERT INTO changes (pos, at, tags) SELECT pos, $1, $2 FROM head`
	batch.Queue(q, at, tags)
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

func mustJSON(v any) []byte {
	if v == nil {
		return []byte("{}")
	}
	b, err := json.Marshal(v)
	if err != nil { // our own types always encode; a broken invariant
		panic(fmt.Sprintf("record: encode %T: %v", v, err))
	}
	return b
}
