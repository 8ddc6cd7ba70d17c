// Package audit reads the audit log. origin/record writes it, and the database refuses any change of what is written.
package audit

import (
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
)

// Domain is the operations on the audit log. Its zero value is ready.
type Domain struct{}

// AuditEntry is what one write left in the audit log.
type AuditEntry struct {
	ID           uuid.UUID      `json:"id"`
	Action       string         `json:"action" doc:"Dotted, such as content.published."`
	ActorID      uuid.UUID      `json:"actor_id"`
	ActorRole    string         `json:"actor_role" doc:"subscriber, editor, admin or system."`
	ResourceType string         `json:"resource_type"`
	ResourceID   *uuid.UUID     `json:"resource_id" nullable:"true"`
	IPAddress    string         `json:"ip_address"`
	UserAgent    string         `json:"user_agent"`
	RequestID    string         `json:"request_id"`
	Metadata     map[string]any `json:"metadata"`
	CreatedAt    time.Time      `json:"created_at"`
}

// Entries are the operations on the audit log.
func (d *Domain) Entries() []api.Entry {
	const path, read, tag = "/v2/admin/audit-logs", "audit:read", "Audit (Admin)"
	return []api.Entry{
		api.Get("listAuditLogs", path, read, d.list).
			Documented(tag, "List Audit Logs", "Immutable, append-only audit log. Supports filtering by actor, resource, action, and time range. Results are always sorted newest-first."),
		api.Get("getAuditLog", path+"/{log_id}", read, d.get).
			Documented(tag, "Get Audit Log Entry", ""),
	}
}
