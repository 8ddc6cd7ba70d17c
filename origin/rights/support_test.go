package rights

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/origin/record"
)

const (
	rules  = "/v2/admin/geo-restrictions"
	editor = "content:read content:write"
)

// bundle is the domain with films, all visible.
type bundle struct {
	*apitest.Bundle
	domain *Domain
}

func setup(t *testing.T) *bundle {
	t.Helper()
	d := &Domain{}
	b := &bundle{domain: d}
	b.Bundle = apitest.New(t, func(*apitest.Bundle) []api.Entry { return d.Entries() })
	b.Server.DenyRules = d.DenyRules
	return b
}

// films makes n films that viewers see, in the order of ids.
func (b *bundle) films(n int) []uuid.UUID { return b.Movies(n, "published") }

type object = map[string]any

func (b *bundle) create(body object) GeoRule {
	var r GeoRule
	b.Do(apitest.Request{Method: "POST", Path: rules, Access: editor, Body: body}).Want(201).Decode(&r)
	return r
}

func (b *bundle) put(id uuid.UUID, body object) GeoRule {
	var r GeoRule
	b.Do(apitest.Request{Method: "PUT", Path: rules + "/" + id.String(), Access: editor, Body: body}).Want(200).Decode(&r)
	return r
}

// during returns the tags that fn's writes emitted, sorted and joined.
func (b *bundle) during(fn func()) string {
	head := b.Head()
	fn()
	return apitest.TitleTags(b.TagsSince(head))
}

// write runs fn as catalog's writes run: in a transaction that ends with Commit.
func (b *bundle) write(t *testing.T, fn func(ctx context.Context, w *api.Write) error) error {
	t.Helper()
	return b.DB.Write(t.Context(), func(tx pgx.Tx) error {
		w := &api.Write{Tx: record.Begin(tx, record.System("test"), b.Now())}
		if err := fn(t.Context(), w); err != nil {
			return err
		}
		return w.Commit(t.Context())
	})
}
