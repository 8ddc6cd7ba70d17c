package app

import (
	"bytes"
	"io"
	"slices"
	"testing"
	"time"

	"encora/origin/api"
	"encora/origin/pgdb"
	"encora/origin/pgtest"
	"encora/origin/seeded"
	"encora/shared/token"
)

const (
	everyPlan = `SELECT concat_ws(' ', name, price, currency, billing_cycle, max_quality, max_concurrent_streams, max_devices, has_ads, has_downloads, includes_premium_channels)
		FROM plans ORDER BY id`
	everyAccount = `SELECT concat_ws(' ', a.id, a.status, a.subscription_status, a.current_period_end > now() + interval '10 years', p.max_concurrent_streams, p.max_devices,
		p.includes_premium_channels, (SELECT string_agg(f.id::text, ',') FROM profiles f WHERE f.account_id = a.id), (SELECT string_agg(d.id::text, ',') FROM devices d WHERE d.account_id = a.id))
		FROM accounts a LEFT JOIN plans p ON p.id = a.plan_id ORDER BY a.id`
)

// seedSubscribers is the part of seed --demo that makes plans and the account.
func seedSubscribers(t *testing.T, databaseURL string) string {
	t.Helper()
	db, err := pgdb.Open(t.Context(), databaseURL, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var out bytes.Buffer
	if err := demoSubscribers(t.Context(), &program{out: &out, err: io.Discard}, &newDomains(db, nil, "").subscriber, seeded.Marks{DB: db}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestDemoSubscribers(t *testing.T) {
	t.Parallel()
	db := pgtest.URL(t)
	wants(t, seedSubscribers(t, db), "demo subscribers: 5 plans created, and the demo account\n")
	want := []string{
		"Basic 5.99 EUR monthly SD 1 2 t f f", "Standard 9.99 EUR monthly HD 2 5 f f t", "Premium 14.99 EUR monthly UHD 4 10 f t t",
		"Standard, a year 99.9 EUR annual HD 2 5 f f t", "Standard 10.99 USD monthly HD 2 5 f f t",
	}
	if got := rowsOf(t, db, everyPlan); !slices.Equal(got, want) {
		t.Errorf("plans %q, want %q", got, want)
	}
	account := []string{token.DemoAccount + " active active t 2 5 t " + token.DemoProfile}
	if got := rowsOf(t, db, everyAccount); !slices.Equal(got, account) {
		t.Errorf("accounts %q, want %q", got, account)
	}
	rowsOf(t, db, `DELETE FROM plans WHERE name = 'Basic' RETURNING name`)
	rowsOf(t, db, `UPDATE plans SET price = 1 WHERE name = 'Premium' RETURNING name`)
	rowsOf(t, db, `UPDATE accounts SET status = 'suspended', version = 9 RETURNING id::text`)
	before := slices.Concat(rowsOf(t, db, everyPlan), rowsOf(t, db, everyAccount))
	wants(t, seedSubscribers(t, db), "demo subscribers: brought in already\n")
	if got := slices.Concat(rowsOf(t, db, everyPlan), rowsOf(t, db, everyAccount)); !slices.Equal(got, before) {
		t.Errorf("seeding again undoes edits: %q, then %q", before, got)
	}
}

// A viewer may have been there before the demo, and the account may have gone again.
func TestDemoAccountThatIsKnown(t *testing.T) {
	t.Parallel()
	db := pgtest.URL(t)
	const insert = `INSERT INTO accounts (id, version, status, subscription_status, email_verified, deleted_at, created_at, updated_at)
		VALUES ($1, $2, $3, 'none', false, $4, now(), now()) RETURNING id::text`
	rowsOf(t, db, insert, token.DemoAccount, -1, "active", nil)
	seedSubscribers(t, db)
	if got := rowsOf(t, db, `SELECT version || ' ' || subscription_status FROM accounts`); !slices.Equal(got, []string{"0 active"}) {
		t.Errorf("account %q", got)
	}
	gone := pgtest.URL(t)
	rowsOf(t, gone, insert, token.DemoAccount, 3, "closed", time.Now())
	seedSubscribers(t, gone)
	if got := rowsOf(t, gone, `SELECT version || ' ' || status FROM accounts`); !slices.Equal(got, []string{"3 closed"}) {
		t.Errorf("a deleted account is back: %q", got)
	}
}

// What the demo offers is what the API would take.
func TestDemoPlansAreLegal(t *testing.T) {
	for _, p := range demoPlans() {
		if faults := api.Validate(p.Plan); len(faults) > 0 {
			t.Errorf("%s: %v", p.key, faults)
		}
	}
}

func TestGeneratedAccounts(t *testing.T) {
	t.Parallel()
	db := pgtest.URL(t)
	f := func(n, total string, want string) {
		t.Helper()
		status, text := runOrigin(t, db, "seed", "--accounts", n)
		if status != 0 {
			t.Fatalf("status %d: %s", status, text)
		}
		wants(t, text, want)
		const q = `SELECT count(*)::text FROM accounts UNION ALL SELECT count(DISTINCT account_id)::text FROM profiles UNION ALL SELECT count(DISTINCT account_id)::text FROM devices`
		if got := rowsOf(t, db, q); !slices.Equal(got, []string{total, total, total}) {
			t.Errorf("accounts, profiles, devices: %q, want %s of each", got, total)
		}
	}
	f("3", "3", "generated accounts: 3 created, 0 known already\n")
	rowsOf(t, db, `UPDATE accounts SET status = 'suspended' WHERE id = $1 RETURNING id::text`, token.AccountID(1))
	f("5002", "5002", "generated accounts: 4999 created, 3 known already\n")
	f("10", "5002", "generated accounts: 0 created, 10 known already\n")
	all := rowsOf(t, db, everyAccount)
	for _, i := range []int{0, 1, 5001} {
		status := map[bool]string{true: "suspended", false: "active"}[i == 1]
		want := token.AccountID(i).String() + " " + status + " active t 2 5 t " + token.ProfileID(i).String() + " " + token.DeviceID(i).String()
		if all[i] != want {
			t.Errorf("account %d is %q, want %q", i, all[i], want)
		}
	}
	for _, args := range [][]string{{"--accounts", "-1"}, {"--accounts", "1", "--demo"}, {"--accounts", "1", "--movies", "1"}} {
		if status, text := runOrigin(t, db, append([]string{"seed"}, args...)...); status != 2 {
			t.Errorf("%v: status %d: %s", args, status, text)
		}
	}
}
