package audit

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/origin/record"
)

const logs = "/v2/admin/audit-logs"

func setup(t *testing.T) *apitest.Bundle {
	t.Helper()
	return apitest.New(t, func(*apitest.Bundle) []api.Entry { return new(Domain).Entries() })
}

// write leaves entries of one write in the log, as origin/record does.
func write(t *testing.T, b *apitest.Bundle, actor record.Actor, at time.Time, resourceType string, resource uuid.UUID, actions ...string) {
	t.Helper()
	if err := b.DB.Write(t.Context(), func(tx pgx.Tx) error {
		w := record.Begin(tx, actor, at)
		for _, action := range actions {
			w.Audit(action, resourceType, resource, map[string]any{"changed": []string{"title"}})
		}
		return w.Commit(t.Context())
	}); err != nil {
		t.Fatal(err)
	}
}

// list reads every page of a list and returns its actions.
func list(t *testing.T, b *apitest.Bundle, query string) []string {
	t.Helper()
	var actions []string
	for cursor := ""; ; {
		var page api.Counted[AuditEntry]
		b.Do(apitest.Request{Method: "GET", Path: logs + query + cursor, Access: "audit:read"}).Want(200).Decode(&page)
		for _, e := range page.Data {
			actions = append(actions, e.Action)
		}
		if !page.Meta.HasMore {
			if page.Meta.TotalCount != len(actions) {
				t.Errorf("%s: %d in all, %d listed", query, page.Meta.TotalCount, len(actions))
			}
			return actions
		}
		cursor = "&cursor=" + *page.Meta.NextCursor
	}
}

func TestEntry(t *testing.T) {
	t.Parallel()
	b := setup(t)
	actor := record.Actor{ID: uuid.Must(uuid.NewV7()), Role: "editor", IP: "203.0.113.9", UserAgent: "curl/8", RequestID: "r-1"}
	movie := uuid.Must(uuid.NewV7())
	at := time.Now().UTC().Truncate(time.Microsecond)
	write(t, b, actor, at, "movie", movie, "content.published")
	var page api.Counted[AuditEntry]
	listed := b.Do(apitest.Request{Method: "GET", Path: logs, Access: "audit:read"}).Want(200)
	listed.Decode(&page)
	got := b.Do(apitest.Request{Method: "GET", Path: logs + "/" + page.Data[0].ID.String(), Access: "audit:read"}).Want(200)
	want := fmt.Sprintf(`{"id":%q,"action":"content.published","actor_id":%q,"actor_role":"editor","resource_type":"movie","resource_id":%q,`+
		`"ip_address":"203.0.113.9","user_agent":"curl/8","request_id":"r-1","metadata":{"changed":["title"]},"created_at":%q}`,
		page.Data[0].ID, actor.ID, movie, at.Format(time.RFC3339Nano))
	if string(got.Body) != want || !strings.Contains(string(listed.Body), want) {
		t.Errorf("answered %s, listed %s, want %s", got.Body, listed.Body, want)
	}
	b.Do(apitest.Request{Method: "GET", Path: logs + "/" + uuid.Must(uuid.NewV7()).String(), Access: "audit:read"}).Want(404).Refused()

	write(t, b, record.System("r-2"), at, "app_config", uuid.Nil, "config.updated")
	newest := b.Do(apitest.Request{Method: "GET", Path: logs + "?action=config.", Access: "audit:read"}).Want(200)
	if !strings.Contains(string(newest.Body), `"resource_id":null`) || !strings.Contains(string(newest.Body), `"actor_role":"system"`) {
		t.Errorf("an entry without resource: %s", newest.Body)
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann, bob := record.Actor{ID: uuid.Must(uuid.NewV7()), Role: "editor"}, record.Actor{ID: uuid.Must(uuid.NewV7()), Role: "admin"}
	movie, genre := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	began := time.Date(2026, 1, 31, 23, 59, 0, 0, time.UTC) // entries on both sides of a partition's edge
	at := func(minutes int) time.Time { return began.Add(time.Duration(minutes) * time.Minute) }
	write(t, b, ann, at(0), "movie", movie, "content.created")
	write(t, b, bob, at(1), "movie", movie, "content.updated", "content.published") // one write, one instant
	write(t, b, ann, at(2), "genre", genre, "genre.created")
	write(t, b, bob, at(3), "genre", genre, "content_x", "contents.y")
	f := func(query, want string) {
		t.Helper()
		for _, limit := range []string{"limit=100", "limit=1", "limit=2"} {
			if got := strings.Join(list(t, b, "?"+limit+query), " "); got != want {
				t.Errorf("%s %s: %s, want %s", limit, query, got, want)
			}
		}
	}
	instant := func(name string, minutes int) string {
		return "&" + name + "=" + url.QueryEscape(at(minutes).In(time.FixedZone("", 3600)).Format(time.RFC3339))
	}
	f("", "contents.y content_x genre.created content.published content.updated content.created")
	f("&action=content.", "content.published content.updated content.created")
	f("&action=content.updated", "content.updated")
	f("&action=content_", "content_x") // no wildcard
	f("&action=%25", "")
	f("&actor_id="+ann.ID.String(), "genre.created content.created")
	f("&resource_id="+movie.String()+"&actor_id="+bob.ID.String(), "content.published content.updated")
	f("&resource_type=genre&action=genre", "genre.created")
	f(instant("from", 1), "contents.y content_x genre.created content.published content.updated")
	f(instant("to", 1), "content.created")
	f(instant("from", 1)+instant("to", 2), "content.published content.updated")
	f(instant("from", 1)+instant("to", 1), "")
	backwards := b.Do(apitest.Request{Method: "GET", Path: logs + "?" + instant("from", 2)[1:] + instant("to", 1), Access: "audit:read"}).Want(400).Refused()
	if !slices.Equal(backwards.Fields(), []string{"from"}) {
		t.Errorf("400 names %q", backwards.Fields())
	}
}

func TestCursorBelongsToItsFilters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	write(t, b, record.System("r"), time.Now(), "movie", uuid.Nil, "a", "b", "c")
	var page api.Counted[AuditEntry]
	b.Do(apitest.Request{Method: "GET", Path: logs + "?limit=1", Access: "audit:read"}).Want(200).Decode(&page)
	f := b.Do(apitest.Request{Method: "GET", Path: logs + "?limit=1&resource_type=movie&cursor=" + *page.Meta.NextCursor, Access: "audit:read"}).Want(400).Refused()
	if !slices.Equal(f.Fields(), []string{"cursor"}) {
		t.Errorf("400 names %q", f.Fields())
	}
}

// TestDatabaseRefusesChanges holds that the log is append-only for its owner too, whichever table is addressed.
func TestDatabaseRefusesChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	now := time.Now()
	write(t, b, record.System("r"), now, "movie", uuid.Nil, "kept")
	write(t, b, record.System("r"), now.AddDate(10, 0, 0), "movie", uuid.Nil, "kept") // in the default partition
	rows, err := b.DB.Pool().Query(t.Context(), `SELECT 'audit_log' UNION ALL SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_log'::regclass`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 5 {
		t.Fatalf("tables %v, %v", tables, err)
	}
	refused := 0
	for _, table := range tables {
		for _, q := range []string{"UPDATE %s SET action = 'forged'", "DELETE FROM %s", "TRUNCATE %s", "UPDATE %s SET created_at = now() - interval '1 year'"} {
			q = fmt.Sprintf(q, table)
			var filled bool
			if err := b.DB.Pool().QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM `+table+`)`).Scan(&filled); err != nil {
				t.Fatal(err)
			}
			_, err := b.DB.Pool().Exec(t.Context(), q)
			if err == nil && (filled || strings.HasPrefix(q, "TRUNCATE")) {
				t.Errorf("%s was not refused", q)
			}
			if err != nil && !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v", q, err)
			}
			if err != nil {
				refused++
			}
		}
	}
	if actions := b.Actions(); !slices.Equal(actions, []string{"kept", "kept"}) || refused < 12 {
		t.Errorf("%d refused; the log holds %q", refused, actions)
	}
}

func TestWhoMay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{logs, logs + "/" + uuid.Must(uuid.NewV7()).String()} {
		b.Denied(t, apitest.Request{Method: "GET", Path: path})
		b.Do(apitest.Request{Method: "GET", Path: path, Access: "content:read content:write"}).Want(403)
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			if a := b.Do(apitest.Request{Method: method, Path: path, Access: "audit:read"}).Want(405); a.Header.Get("Allow") != "GET, HEAD" {
				t.Errorf("Allow: %q", a.Header.Get("Allow"))
			}
		}
	}
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	b := setup(t)
	write(t, b, record.System("r"), time.Now(), "movie", uuid.Nil, "a")
	b.HostileQuery(t, apitest.Request{Path: logs, Access: "audit:read"}, "actor_id", "action", "resource_type", "resource_id", "from", "to", "cursor", "limit")
	f := b.Do(apitest.Request{Method: "GET", Path: logs + "?actor_id=1&resource_id=x&from=yesterday&to=2026&limit=1000&action=" + strings.Repeat("a", 101), Access: "audit:read"}).Want(400).Refused()
	got := slices.Sorted(slices.Values(f.Fields()))
	if want := []string{"action", "actor_id", "from", "limit", "resource_id", "to"}; !slices.Equal(got, want) {
		t.Errorf("400 names %q, want %q", got, want)
	}
	for _, id := range []string{"x", "%00", "1e3"} {
		b.Do(apitest.Request{Method: "GET", Path: logs + "/" + id, Access: "audit:read"}).Want(400).Refused()
	}
}
