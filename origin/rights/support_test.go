package rights

import (
	"context"
	"slices"
	"strings"
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

// bundle is the domain with films of the test's own, all visible.
type bundle struct {
	*apitest.Bundle
	domain *Domain
}

func setup(t *testing.T) *bundle {
	t.Helper()
	d := &Domain{
		Content: func(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]string, error) {
			return types(ctx, tx, `SELECT id FROM films WHERE id = ANY($1)`, ids)
		},
		Hold: func(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]string, error) {
			return types(ctx, tx, `SELECT id FROM films WHERE id = ANY($1) ORDER BY id FOR SHARE`, ids)
		},
		Touched: func(_ context.Context, w *api.Write, ids []uuid.UUID, hard bool) error {
			for _, id := range ids {
				if hard {
					w.EmitHard("movie:" + id.String())
				} else {
					w.Emit("movie:" + id.String())
				}
			}
			return nil
		},
	}
	b := &bundle{domain: d}
	b.Bundle = apitest.New(t, func(*apitest.Bundle) []api.Entry { return d.Entries() })
	b.Server.DenyRules = d.DenyRules
	b.Exec(`CREATE TABLE films (id uuid PRIMARY KEY)`)
	return b
}

func types(ctx context.Context, tx pgx.Tx, q string, ids []uuid.UUID) (map[uuid.UUID]string, error) {
	rows, err := tx.Query(ctx, q, ids)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	m := map[uuid.UUID]string{}
	for _, id := range found {
		m[id] = "movie"
	}
	return m, err
}

// films makes n films, in the order of ids.
func (b *bundle) films(n int) []uuid.UUID {
	ids := make([]uuid.UUID, n)
	for i := range ids {
		ids[i] = uuid.Must(uuid.NewV7())
	}
	slices.SortFunc(ids, compareIDs)
	b.Exec(`INSERT INTO films SELECT unnest($1::uuid[])`, ids)
	return ids
}

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
	tags := b.TagsSince(head)
	slices.Sort(tags)
	return strings.Join(tags, " ")
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
