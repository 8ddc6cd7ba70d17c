package subscriber_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/origin/subscriber"
	"encora/shared/token"
	"encora/shared/wire"
)

const (
	billing = "accounts:read accounts:write"
	planner = "plans:read plans:write"

	devicesPath  = "/v2/devices"
	plansPath    = "/v2/subscriptions/plans"
	adminPlans   = "/v2/admin/plans"
	accountsPath = "/v2/admin/accounts/"
)

type object = map[string]any

// absent takes a field out of a body.
var absent = struct{ absent bool }{}

// bundle is the domain behind real sockets and a real database. It notes whose sessions end and whose progress goes.
type bundle struct {
	*apitest.Bundle
	t      testing.TB
	domain *subscriber.Domain

	mu    sync.Mutex
	ended []string
}

func setup(t testing.TB) *bundle {
	t.Helper()
	b := &bundle{t: t}
	b.Bundle = apitest.New(t, func(a *apitest.Bundle) []api.Entry {
		b.domain = &subscriber.Domain{DB: a.DB, EndSessions: b.endSessions, ForgetProgress: b.forgetProgress,
			ForgetProfiles: b.forgetProfiles}
		return b.domain.Entries()
	})
	verify := b.Server.Verify
	b.Server.Verify = func(raw []byte) (*token.Claims, error) { return viewerOf(raw, verify) }
	return b
}

// viewerOf takes "viewer:ID" for a viewer of that account.
func viewerOf(raw []byte, others func([]byte) (*token.Claims, error)) (*token.Claims, error) {
	account, ok := strings.CutPrefix(string(raw), "viewer:")
	if !ok {
		return others(raw)
	}
	c, err := others([]byte("viewer"))
	c.AccountID, c.Subject = account, account
	return c, err
}

func (b *bundle) endSessions(_ context.Context, _ *api.Write, account uuid.UUID, device *uuid.UUID, reason string) error {
	what := reason + " " + account.String()
	if device != nil {
		what += " " + device.String()
	}
	b.note(what)
	return nil
}

func (b *bundle) forgetProgress(_ context.Context, _ *api.Write, account uuid.UUID) error {
	b.note("forgotten " + account.String())
	return nil
}

func (b *bundle) forgetProfiles(_ context.Context, _ *api.Write, account uuid.UUID, profiles []uuid.UUID) error {
	for _, id := range profiles {
		b.note("forgotten " + account.String() + " " + id.String())
	}
	return nil
}

func (b *bundle) note(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = append(b.ended, what)
}

// noted lists what was told to the domain of sessions since the last call.
func (b *bundle) noted() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.ended
	b.ended = nil
	return all
}

func (b *bundle) as(access, method, path string, body any) *apitest.Answer {
	b.t.Helper()
	return b.Do(apitest.Request{Method: method, Path: path, Access: access, Body: body})
}

// patiently is as for tests that ask for more at once than there are connections: who is told to come back does.
func (b *bundle) patiently(access, method, path string, body any) *apitest.Answer {
	b.t.Helper()
	for {
		if a := b.as(access, method, path, body); a.Status != http.StatusServiceUnavailable {
			return a
		}
	}
}

// with replaces fields of a body.
func with(body, fields object) object {
	out := maps.Clone(body)
	maps.Copy(out, fields)
	maps.DeleteFunc(out, func(_ string, v any) bool { return v == absent })
	return out
}

func deviceBody(fingerprint string, fields object) object {
	return with(object{"name": "Living room", "device_type": "smart_tv", "fingerprint": fingerprint}, fields)
}

func (b *bundle) register(access, fingerprint string) subscriber.Device {
	b.t.Helper()
	var d subscriber.Device
	b.as(access, "POST", devicesPath, deviceBody(fingerprint, nil)).Want(http.StatusCreated).Decode(&d)
	return d
}

// pass sends a request to the internal listener as an edge passes a viewer's on.
func (b *bundle) pass(access, key, method, path, body string) (int, []byte) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.Internal+wire.PassPrefix+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+access)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(wire.EdgeKey, key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res.StatusCode, answer
}

// events lists the types of the events that fn's writes left behind, in their order.
func (b *bundle) events(fn func()) []string {
	b.t.Helper()
	const q = `SELECT type FROM events ORDER BY occurred_at, id`
	before := len(apitest.Column[string](b.Bundle, q))
	fn()
	return apitest.Column[string](b.Bundle, q)[before:]
}

// wantNothingPersonal checks that neither audit nor events hold a text that people have written.
func (b *bundle) wantNothingPersonal(texts ...string) {
	b.t.Helper()
	for _, kept := range apitest.Column[string](b.Bundle, `SELECT metadata::text FROM audit_log UNION ALL SELECT payload::text FROM events`) {
		for _, text := range texts {
			if strings.Contains(kept, text) {
				b.t.Errorf("%q is kept in %s", text, kept)
			}
		}
	}
}

// anonymous is a body without its request's id.
func anonymous(t testing.TB, body []byte) string {
	t.Helper()
	var o object
	if err := json.Unmarshal(body, &o); err != nil {
		t.Fatal(err)
	}
	id := o["request_id"].(string)
	return strings.ReplaceAll(string(body), id, "")
}

func same(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// plan stores a plan with that many devices.
func (b *bundle) plan(maxDevices int) uuid.UUID {
	b.t.Helper()
	id := uuid.Must(uuid.NewV7())
	b.Exec(`INSERT INTO plans (id, name, description, price, currency, billing_cycle, max_profiles, max_concurrent_streams, max_devices, max_quality,
			has_downloads, allow_download_count, has_ads, has_hdr, has_dolby_atmos, trial_days, is_active, includes_premium_channels, created_at, updated_at)
		VALUES ($1, 'Basic', '', 4.99, 'EUR', 'monthly', 1, 1, $2, 'SD', false, 0, true, false, false, 0, true, false, now(), now())`, id, maxDevices)
	return id
}

// put sends an account's state and wants it taken.
func (b *bundle) put(id uuid.UUID, body object) subscriber.Account {
	b.t.Helper()
	var a subscriber.Account
	b.as(billing, "PUT", accountsPath+id.String(), body).Want(http.StatusOK).Decode(&a)
	return a
}

// subscribed is the state of an account with an active subscription.
func subscribed(version int, plan uuid.UUID, fields object) object {
	return with(object{"version": version, "status": "active", "plan_id": plan, "subscription_status": "active", "current_period_end": "2030-01-01T00:00:00Z"}, fields)
}
