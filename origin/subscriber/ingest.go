package subscriber

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/record"
)

// IncomingPlan is a plan that is brought in without the API, under an id of its source's.
type IncomingPlan struct {
	ID   uuid.UUID
	Plan PlanWrite
}

// IngestPlans adds the plans whose ids are not taken, and returns how many.
func (d *Domain) IngestPlans(ctx context.Context, actor record.Actor, now time.Time, plans []IncomingPlan) (int, error) {
	added := 0
	err := d.DB.Write(ctx, func(tx pgx.Tx) error {
		added = 0
		w := record.Begin(tx, actor, now)
		for i := range plans {
			p := AdminPlan{}
			p.ID, p.CreatedAt, p.UpdatedAt = plans[i].ID, w.Now, w.Now
			p.copyFrom(&plans[i].Plan)
			tag, err := tx.Exec(ctx, insertInto+` ON CONFLICT (id) DO NOTHING`, p.args())
			if err != nil {
				return err
			}
			if tag.RowsAffected() > 0 {
				added++
				w.Audit("plan.created", resourcePlan, p.ID, nil)
				w.Emit(tagPlans, tagPlan(p.ID))
				emitFilter(w, "", p.CatalogueFilter)
			}
		}
		return w.Commit(ctx)
	})
	if err != nil {
		return 0, fmt.Errorf("bring plans in: %w", err)
	}
	return added, nil
}

// IngestAccount tells of an account that the origin has not been told of, and reports whether it was one. What there is of
// it, or was, stays.
func (d *Domain) IngestAccount(ctx context.Context, actor record.Actor, now time.Time, id uuid.UUID, b AccountWrite) (bool, error) {
	added := false
	err := d.DB.Write(ctx, func(tx pgx.Tx) error {
		w := &api.Write{Tx: record.Begin(tx, actor, now), Account: id}
		before, err := holdAccount(ctx, tx, id, w.Now)
		if err != nil {
			return err
		}
		added = before.Version == versionUntold && before.DeletedAt == nil
		if !added {
			return nil
		}
		if err := d.storeAccount(ctx, w, before, before.replaced(&b, w.Now)); err != nil {
			return err
		}
		return w.Commit(ctx)
	})
	if err != nil {
		return false, fmt.Errorf("bring an account in: %w", err)
	}
	return added, nil
}

// Generated is an account for load tests: subscribed, with one profile, and with a device whose fingerprint is the text of its
// id.
type Generated struct {
	Account, Profile, Device uuid.UUID
}

// IngestGenerated adds those of the accounts of which there is no row, all at once, and returns how many. It leaves one audit
// entry and no events: nobody hears of subscribers by the million.
func (d *Domain) IngestGenerated(ctx context.Context, actor record.Actor, now time.Time, plan uuid.UUID, until time.Time, batch []Generated) (int, error) {
	added := 0
	err := d.DB.Write(ctx, func(tx pgx.Tx) error {
		w := record.Begin(tx, actor, now)
		fresh, err := unknown(ctx, tx, batch)
		if added = len(fresh); err != nil || added == 0 {
			return err
		}
		if err := copyGenerated(ctx, tx, fresh, plan, until, w.Now); err != nil {
			return err
		}
		w.Audit("account.imported", resourceAccount, uuid.Nil, map[string]any{"count": added, "first": fresh[0].Account})
		return w.Commit(ctx)
	})
	if err != nil {
		return 0, fmt.Errorf("bring accounts in: %w", err)
	}
	return added, nil
}

// unknown lists those of the accounts of which there is no row.
func unknown(ctx context.Context, tx pgx.Tx, batch []Generated) ([]Generated, error) {
	ids := make([]uuid.UUID, len(batch))
	for i := range batch {
		ids[i] = batch[i].Account
	}
	rows, err := tx.Query(ctx, `SELECT id FROM accounts WHERE id = ANY($1)`, ids)
	if err != nil {
		return nil, err
	}
	known := map[uuid.UUID]bool{}
	var id uuid.UUID
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error { known[id] = true; return nil })
	var fresh []Generated
	for _, g := range batch {
		if !known[g.Account] {
			fresh = append(fresh, g)
		}
	}
	return fresh, err
}

func copyGenerated(ctx context.Context, tx pgx.Tx, all []Generated, plan uuid.UUID, until, now time.Time) error {
	for _, into := range []struct {
		table, columns string
		row            func(Generated) []any
	}{
		{"accounts", "id version status plan_id subscription_status current_period_end email_verified created_at updated_at", func(g Generated) []any {
			return []any{g.Account, 0, statusActive, plan, subActive, until, true, now, now}
		}},
		{"profiles", "account_id id name is_kids position created_at", func(g Generated) []any {
			return []any{g.Account, g.Profile, "Generated", false, 1, now}
		}},
		{"devices", "account_id id name device_type platform os_version app_version fingerprint is_trusted last_active_at created_at updated_at", func(g Generated) []any {
			print := sha256.Sum256([]byte(g.Device.String()))
			return []any{g.Account, g.Device, "Generated", "other", "", "", "", print[:], false, now, now, now}
		}},
	} {
		source := pgx.CopyFromSlice(len(all), func(i int) ([]any, error) { return into.row(all[i]), nil })
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{into.table}, strings.Fields(into.columns), source); err != nil {
			return err
		}
	}
	return nil
}
