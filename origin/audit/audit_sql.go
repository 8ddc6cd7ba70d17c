package audit

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// auditColumns are those of AuditEntry, of audit_log.
const auditColumns = `
	id, created_at, action, actor_id, actor_role, resource_type, resource_id, ip_address, user_agent, request_id, metadata`

// filter selects entries. Conditions that are not asked for are not part of the statement, so that each combination gets
// the plan that suits it.
type filter struct {
	ActorID      *uuid.UUID `query:"actor_id"`
	Action       string     `query:"action" maxLength:"100" doc:"Filter by action prefix (e.g. content. matches all content actions)."`
	ResourceType string     `query:"resource_type" maxLength:"100"`
	ResourceID   *uuid.UUID `query:"resource_id"`
	From         *time.Time `query:"from" doc:"First instant of the range."`
	To           *time.Time `query:"to" doc:"First instant after the range."`
}

func (f *filter) where() (string, pgx.NamedArgs) {
	conditions, args := []string{"true"}, pgx.NamedArgs{}
	add := func(given bool, name, condition string, value any) {
		if given {
			conditions = append(conditions, condition)
			args[name] = value
		}
	}
	add(f.ActorID != nil, "actor_id", "actor_id = @actor_id", f.ActorID)
	add(f.Action != "", "action", "action ^@ @action", f.Action)
	add(f.ResourceType != "", "resource_type", "resource_type = @resource_type", f.ResourceType)
	add(f.ResourceID != nil, "resource_id", "resource_id = @resource_id", f.ResourceID)
	add(f.From != nil, "from", "created_at >= @from", f.From)
	add(f.To != nil, "to", "created_at < @to", f.To)
	return strings.Join(conditions, " AND "), args
}

// position is where a page ends: entries of one write share their instant.
type position struct {
	At time.Time `json:"a"`
	ID uuid.UUID `json:"i"`
}

// listEntries reads up to limit entries, newest first, after a position if there is one.
func listEntries(ctx context.Context, tx pgx.Tx, f *filter, after *position, limit int) ([]AuditEntry, error) {
	where, args := f.where()
	if after != nil {
		where += " AND (created_at, id) < (@after_at, @after_id)"
		args["after_at"], args["after_id"] = after.At, after.ID
	}
	args["limit"] = limit
	rows, err := tx.Query(ctx, `SELECT `+auditColumns+` FROM audit_log WHERE `+where+` ORDER BY created_at DESC, id DESC LIMIT @limit`, args)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[AuditEntry])
}

func countEntries(ctx context.Context, tx pgx.Tx, f *filter) (int, error) {
	where, args := f.where()
	var n int
	err := tx.QueryRow(ctx, `SELECT count(*) FROM audit_log WHERE `+where, args).Scan(&n)
	return n, err
}

// readEntry reads an entry; nil when there is none.
func readEntry(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*AuditEntry, error) {
	const q = `SELECT ` + auditColumns + ` FROM audit_log WHERE id = $1`
	rows, err := tx.Query(ctx, q, id)
	if err != nil {
		return nil, err
	}
	e, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[AuditEntry])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return e, err
}
