package epg

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/apitest"
)

const importPathOf = "/v2/admin/epg/imports"

// importBundle is the guide on a database of its own; the test itself is the worker.
type importBundle struct {
	*apitest.Bundle
	t      testing.TB
	d      *Domain
	queued []uuid.UUID
}

func setupImports(t testing.TB) *importBundle {
	t.Helper()
	b := &importBundle{t: t}
	b.Bundle = apitest.New(t, func(a *apitest.Bundle) []api.Entry {
		b.d = &Domain{DB: a.DB, Imports: Imports{Log: slog.New(slog.NewTextHandler(t.Output(), nil))}}
		b.d.Imports.rest = func(time.Duration) time.Duration { return 0 }
		b.d.Enqueue = func(_ context.Context, _ pgx.Tx, id uuid.UUID) error {
			b.queued = append(b.queued, id)
			return nil
		}
		return b.d.Entries()
	})
	return b
}

// channel makes a published one.
func (b *importBundle) channel(name string, epgIDs ...string) uuid.UUID {
	b.t.Helper()
	id := uuid.Must(uuid.NewV7())
	if epgIDs == nil {
		epgIDs = []string{}
	}
	b.Exec(`INSERT INTO channels (id, slug, name, number, description, category, language, website_url, images, status, drm_required, is_premium,
			is_catchup_enabled, catchup_days, sort_order, epg_ids, is_published, created_at, updated_at)
		VALUES ($1, $2, $3, 0, '', '', '', '', '{}', 'live', false, false, false, NULL, 0, $4, true, now(), now())`,
		id, "slug-"+id.String(), name, epgIDs)
	return id
}

// post asks for an import.
func (b *importBundle) post(body any) *apitest.Answer {
	b.t.Helper()
	return b.Do(apitest.Request{Method: "POST", Path: importPathOf, Access: writeGuide, Body: body})
}

// asked is the id of the import that the body asks for.
func (b *importBundle) asked(body object) uuid.UUID {
	b.t.Helper()
	var job ImportJob
	b.post(body).Want(202).Decode(&job)
	return job.ID
}

// job is the import as editors see it.
func (b *importBundle) job(id uuid.UUID) ImportJob {
	b.t.Helper()
	var job ImportJob
	b.Do(apitest.Request{Method: "GET", Path: importPathOf + "/" + id.String(), Access: readGuide}).Want(200).Decode(&job)
	return job
}

// run works on the import to its end.
func (b *importBundle) run(id uuid.UUID) ImportJob {
	b.t.Helper()
	if err := b.d.RunImport(b.t.Context(), id); err != nil {
		b.t.Fatal(err)
	}
	return b.job(id)
}

// imported runs an XMLTV import of the source, with more of the body in fields.
func (b *importBundle) imported(source string, fields object) ImportJob {
	b.t.Helper()
	body := object{"format": formatXMLTV, "source": source}
	for k, v := range fields {
		body[k] = v
	}
	return b.run(b.asked(body))
}

// completed is imported for one that must complete, with that many errors.
func (b *importBundle) completed(source string, fields object, errors int64) ImportJob {
	b.t.Helper()
	job := b.imported(source, fields)
	if job.Status != importCompleted || job.ErrorCount != errors {
		b.t.Fatalf("%s with %d errors, want completed with %d: %s", job.Status, job.ErrorCount, errors, encoded(b.t, job.Errors))
	}
	return job
}

// schedule writes what is stored of a channel as "HH:MM-HH:MM Title", joined by commas.
func (b *importBundle) schedule(channel uuid.UUID) string {
	b.t.Helper()
	rows, err := b.DB.Pool().Query(b.t.Context(), `SELECT to_char(start_time, 'HH24:MI') || '-' || to_char(end_time, 'HH24:MI') || ' ' || title
		FROM programs WHERE channel_id = $1 ORDER BY start_time, id`, channel)
	if err != nil {
		b.t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		b.t.Fatal(err)
	}
	return strings.Join(lines, ", ")
}

// ids are those of a channel's programmes, by start.
func (b *importBundle) ids(channel uuid.UUID) string {
	b.t.Helper()
	return valueOf[string](b, `SELECT coalesce(string_agg(id::text, ' ' ORDER BY start_time, id), '') FROM programs WHERE channel_id = $1`, channel)
}

func valueOf[T any](b *importBundle, q string, args ...any) T {
	b.t.Helper()
	var v T
	if err := b.DB.Pool().QueryRow(b.t.Context(), q, args...).Scan(&v); err != nil {
		b.t.Fatal(err)
	}
	return v
}

// tv is a document of parts. A part is "ID: 18:00-19:00 Title, …", the programmes of a channel on a day of March 2026, or XML.
func tv(parts ...string) string {
	var text strings.Builder
	text.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<tv>\n")
	for _, part := range parts {
		if strings.HasPrefix(part, "<") {
			text.WriteString(part + "\n")
			continue
		}
		id, line, _ := strings.Cut(part, ": ")
		for p := range strings.SplitSeq(line, ",") {
			slot, title, _ := strings.Cut(strings.TrimSpace(p), " ")
			from, to, _ := strings.Cut(slot, "-")
			fmt.Fprintf(&text, "<programme start=\"%s +0000\" stop=\"%s +0000\" channel=\"%s\"><title>%s</title></programme>\n",
				feedTime(from), feedTime(to), id, title)
		}
	}
	text.WriteString("</tv>\n")
	return text.String()
}

// feedTime is "18:30" as feeds write it.
func feedTime(clock string) string { return "20260302" + strings.ReplaceAll(clock, ":", "") + "00" }

// codes lists the errors of an import, "CODE channel".
func codes(job ImportJob) string {
	var all []string
	for _, e := range job.Errors {
		text := e.Code
		if e.Channel != nil {
			text += " " + *e.Channel
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}
