package rights

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// ruleColumns are those of GeoRule, of geo_rules r.
const ruleColumns = `
	r.id, r.name, r.description, r.policy, r.territories, r.created_at, r.updated_at,
	ARRAY(SELECT a.content_id FROM geo_attachments a WHERE a.rule_id = r.id ORDER BY a.content_id) AS applies_to`

// readRule reads a rule; nil when there is none.
func readRule(ctx context.Context, tx pgx.Tx, id uuid.UUID) (*GeoRule, error) {
	const q = `SELECT ` + ruleColumns + ` FROM geo_rules r WHERE r.id = $1`
	rows, err := tx.Query(ctx, q, id)
	if err != nil {
		return nil, err
	}
	rule, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByName[GeoRule])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return rule, err
}

// lockRule locks a rule for a write and reports whether there is one. What is read after it is what the last writer left.
func lockRule(ctx context.Context, tx pgx.Tx, id uuid.UUID) (bool, error) {
	const q = `SELECT id FROM geo_rules WHERE id = $1 FOR UPDATE`
	err := tx.QueryRow(ctx, q, id).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// listRules reads up to limit rules that follow the id after, in the order of ids.
func listRules(ctx context.Context, tx pgx.Tx, after uuid.UUID, limit int) ([]GeoRule, error) {
	const q = `SELECT ` + ruleColumns + ` FROM geo_rules r WHERE r.id > $1 ORDER BY r.id LIMIT $2`
	rows, err := tx.Query(ctx, q, after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[GeoRule])
}

func countRules(ctx context.Context, tx pgx.Tx) (int, error) {
	const q = `SELECT count(*) FROM geo_rules`
	var n int
	err := tx.QueryRow(ctx, q).Scan(&n)
	return n, err
}

func (r *GeoRule) args() pgx.NamedArgs {
	return pgx.NamedArgs{"id": r.ID, "name": r.Name, "description": r.Description, "policy": r.Policy,
		"territories": r.Territories, "created_at": r.CreatedAt, "updated_at": r.UpdatedAt}
}

func insertRule(ctx context.Context, tx pgx.Tx, r *GeoRule) error {
	const q = `
		INSERT INTO geo_rules (id, name, description, policy, territories, created_at, updated_at)
		VALUES (@id, @name, @description, @policy, @territories, @created_at, @updated_at)`
	_, err := tx.Exec(ctx, q, r.args())
	return err
}

func updateRule(ctx context.Context, tx pgx.Tx, r *GeoRule) error {
	const q = `
		UPDATE geo_rules SET name = @name, description = @description, policy = @policy, territories = @territories,
			updated_at = @updated_at
		WHERE id = @id`
	_, err := tx.Exec(ctx, q, r.args())
	return err
}

func deleteRule(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	const q = `DELETE FROM geo_rules WHERE id = $1`
	_, err := tx.Exec(ctx, q, id)
	return err
}

// attach adds the rule to contents, of which types knows the content type; where it is attached, it stays so.
func attach(ctx context.Context, tx pgx.Tx, rule uuid.UUID, ids []uuid.UUID, types map[uuid.UUID]string) error {
	const q = `
		INSERT INTO geo_attachments (rule_id, content_id, content_type)
		SELECT $1, * FROM unnest($2::uuid[], $3::text[])
		ON CONFLICT (content_id, rule_id) DO NOTHING`
	contentTypes := make([]string, len(ids))
	for i, id := range ids {
		contentTypes[i] = types[id]
	}
	_, err := tx.Exec(ctx, q, rule, ids, contentTypes)
	return err
}

func detach(ctx context.Context, tx pgx.Tx, rule uuid.UUID, ids []uuid.UUID) error {
	const q = `DELETE FROM geo_attachments WHERE rule_id = $1 AND content_id = ANY($2)`
	_, err := tx.Exec(ctx, q, rule, ids)
	return err
}

func isAttached(ctx context.Context, tx pgx.Tx, rule, content uuid.UUID) (bool, error) {
	const q = `SELECT EXISTS (SELECT 1 FROM geo_attachments WHERE rule_id = $1 AND content_id = $2)`
	var found bool
	err := tx.QueryRow(ctx, q, rule, content).Scan(&found)
	return found, err
}

// readMeaning reads what decides whom a rule denies. The rule must exist.
func readMeaning(ctx context.Context, tx pgx.Tx, id uuid.UUID) (meaning, error) {
	const q = `
		SELECT policy, territories, (SELECT count(*) FROM geo_attachments WHERE rule_id = $1) AS uses
		FROM geo_rules WHERE id = $1`
	rows, err := tx.Query(ctx, q, id)
	if err != nil {
		return meaning{}, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[meaning])
}

// lockRulesOf locks the rules that are attached to contents, in the order of ids, and says to how many of them each is.
func lockRulesOf(ctx context.Context, tx pgx.Tx, contents []uuid.UUID) (map[uuid.UUID]int, error) {
	const q = `
		SELECT r.id, (SELECT count(*) FROM geo_attachments a WHERE a.rule_id = r.id AND a.content_id = ANY($1))
		FROM geo_rules r WHERE r.id IN (SELECT rule_id FROM geo_attachments WHERE content_id = ANY($1))
		ORDER BY r.id FOR UPDATE`
	rows, err := tx.Query(ctx, q, contents)
	if err != nil {
		return nil, err
	}
	rules := map[uuid.UUID]int{}
	var id uuid.UUID
	var uses int
	_, err = pgx.ForEachRow(rows, []any{&id, &uses}, func() error { rules[id] = uses; return nil })
	return rules, err
}

func detachAll(ctx context.Context, tx pgx.Tx, contents []uuid.UUID) error {
	const q = `DELETE FROM geo_attachments WHERE content_id = ANY($1)`
	_, err := tx.Exec(ctx, q, contents)
	return err
}

// ruling is a rule as decisions need it.
type ruling struct {
	ID          uuid.UUID
	Policy      string
	Territories []string
}

// rulesInUse reads the rules that are attached to something, in the order of ids.
func rulesInUse(ctx context.Context, tx pgx.Tx) ([]ruling, error) {
	const q = `
		SELECT id, policy, territories FROM geo_rules r
		WHERE EXISTS (SELECT 1 FROM geo_attachments a WHERE a.rule_id = r.id) ORDER BY id`
	rows, err := tx.Query(ctx, q)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[ruling])
}

// rulesOf reads the rules of one content, in the order of ids.
func rulesOf(ctx context.Context, tx pgx.Tx, content uuid.UUID) ([]ruling, error) {
	const q = `
		SELECT id, policy, territories FROM geo_rules WHERE id IN (
			SELECT rule_id FROM geo_attachments WHERE content_id IN ($1, (SELECT parent_id FROM titles WHERE id = $1)))
		ORDER BY id`
	rows, err := tx.Query(ctx, q, content)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[ruling])
}
