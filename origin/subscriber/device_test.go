package subscriber_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/apitest"
	"encora/origin/subscriber"
	"encora/shared/wire"
)

func (b *bundle) devices(access string) subscriber.DeviceList {
	b.t.Helper()
	var list subscriber.DeviceList
	b.as(access, "GET", devicesPath, nil).Want(http.StatusOK).Decode(&list)
	return list
}

func TestDeviceLifecycle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if list := b.devices("viewer"); len(list.Data) != 0 || list.Limit != 5 {
		t.Errorf("an account that never was told of has %+v", list)
	}
	answer := b.as("viewer", "POST", devicesPath, deviceBody("fp-1", object{"platform": "Android 14", "os_version": "14.0.1", "app_version": "3.5.2"})).Want(http.StatusCreated)
	var d subscriber.Device
	answer.Decode(&d)
	if answer.Header.Get("Location") != d.Location() || d.ID.Version() != 7 || d.IsTrusted || d.Platform != "Android 14" || time.Since(d.LastActiveAt).Abs() > time.Minute {
		t.Errorf("registered %s at %q", answer.Body, answer.Header.Get("Location"))
	}
	if strings.Contains(string(answer.Body), "fp-1") || strings.Contains(string(answer.Body), "fingerprint") {
		t.Errorf("the fingerprint comes back: %s", answer.Body)
	}
	got := b.as("viewer", "GET", d.Location(), nil).Want(http.StatusOK)
	if string(got.Body) != string(answer.Body) || got.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("registered %s, read %s as %q", answer.Body, got.Body, got.Header.Get("Cache-Control"))
	}
	var renamed subscriber.Device
	b.as("viewer", "PATCH", d.Location(), object{"name": "Kitchen"}).Want(http.StatusOK).Decode(&renamed)
	if renamed.Name != "Kitchen" || renamed.Platform != "Android 14" || !renamed.UpdatedAt.After(d.UpdatedAt) {
		t.Errorf("renamed %+v", renamed)
	}
	b.as("viewer", "PATCH", d.Location(), object{}).Want(http.StatusOK)
	b.as("viewer", "PATCH", d.Location(), object{"name": "Kitchen"}).Want(http.StatusOK)
	if list := b.devices("viewer"); len(list.Data) != 1 || list.Data[0] != renamed {
		t.Errorf("listed %+v", list)
	}
	b.as("viewer", "DELETE", d.Location(), nil).Want(http.StatusNoContent)
	for _, method := range []string{"GET", "PATCH", "DELETE"} {
		body := map[string]any{"PATCH": object{"name": "x"}}[method]
		b.as("viewer", method, d.Location(), body).Want(http.StatusNotFound).Refused()
	}
	same(t, "audit", b.Actions(), []string{"device.registered", "device.renamed", "device.removed"})
	same(t, "events", b.events(func() {}), nil)
	same(t, "all events", apitest.Column[string](b.Bundle, `SELECT type FROM events ORDER BY id`), []string{"device.registered", "device.removed"})
	same(t, "sessions", b.noted(), []string{wire.ReasonDeviceRemoved + " " + apitest.AccountID + " " + d.ID.String()})
	b.wantNothingPersonal("Kitchen", "Living room", "fp-1")
	if n := apitest.Column[int](b.Bundle, `SELECT count(*) FROM audit_log WHERE actor_role = 'subscriber'`); n[0] != 3 {
		t.Errorf("%d entries are the subscriber's", n[0])
	}
}

func TestDeviceDenials(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, e := range (&subscriber.Domain{}).Entries() {
		if e.Access != "public" {
			path := strings.NewReplacer("{device_id}", apitest.AccountID, "{plan_id}", apitest.AccountID, "{account_id}", apitest.AccountID).Replace(e.Path)
			b.Denied(t, apitest.Request{Method: e.Method, Path: path, Access: e.Access})
		}
	}
}

// A fingerprint that is known gives the device that has it, which keeps its id, its name and what it is.
func TestRegisterAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.register("viewer", "fp")
	var again subscriber.Device
	events := b.events(func() {
		b.as("viewer", "POST", devicesPath, deviceBody("fp", object{"name": "Other", "device_type": "mobile", "app_version": "4"})).Want(http.StatusCreated).Decode(&again)
	})
	if again.ID != first.ID || again.Name != first.Name || again.DeviceType != first.DeviceType || again.AppVersion != "4" ||
		!again.LastActiveAt.After(first.LastActiveAt) || !again.UpdatedAt.After(first.UpdatedAt) || again.CreatedAt != first.CreatedAt {
		t.Errorf("first %+v, then %+v", first, again)
	}
	same(t, "events", events, nil)
	if other := b.register("viewer:"+uuid.NewString(), "fp"); other.ID == first.ID {
		t.Error("two accounts share a device")
	}
	prints := apitest.Column[string](b.Bundle, `SELECT DISTINCT encode(fingerprint, 'hex') FROM devices`)
	same(t, "kept of the fingerprint", prints, []string{"5aef96240bca5582e6fd0468879a26863d81d1c1fb602def55926ef33ec8bb1f"})
}

// A device's last use is the latest that was noted, whatever the order; nothing else of it changes, nor another's.
func TestUsed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d, other := b.register("viewer", "fp"), b.register("viewer", "other")
	account := uuid.MustParse(apitest.AccountID)
	latest := d.LastActiveAt.Add(time.Hour)
	var batch pgx.Batch
	for _, at := range []time.Time{d.LastActiveAt.Add(time.Minute), latest, d.LastActiveAt.Add(-time.Hour)} {
		b.domain.Used(&batch, account, d.ID, at)
	}
	b.domain.Used(&batch, uuid.New(), other.ID, latest)
	b.domain.Used(&batch, account, uuid.New(), latest)
	if err := b.DB.Pool().SendBatch(t.Context(), &batch).Close(); err != nil {
		t.Fatal(err)
	}
	d.LastActiveAt = latest
	if list := b.devices("viewer"); !slices.Equal(list.Data, []subscriber.Device{d, other}) {
		t.Errorf("%+v, want %+v and %+v", list.Data, d, other)
	}
}

func TestDeviceLimit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var ids []uuid.UUID
	for i := range 5 {
		ids = append(ids, b.register("viewer", fmt.Sprint(i)).ID)
	}
	refused := b.as("viewer", "POST", devicesPath, deviceBody("6", nil)).Want(http.StatusConflict)
	f := refused.Refused()
	if f.Code != "DEVICE_LIMIT_REACHED" || len(f.Details) != 5 {
		t.Fatalf("refused with %s", refused.Body)
	}
	for i, d := range f.Details {
		shown := d.Device.(object)
		if d.Field != "device" || d.Code != "registered" || shown["id"] != ids[i].String() || shown["name"] != "Living room" || shown["fingerprint"] != nil {
			t.Errorf("detail %d: %+v", i, d)
		}
	}
	if again := b.register("viewer", "3"); again.ID != ids[3] {
		t.Errorf("at the limit %s registers again as %s", ids[3], again.ID)
	}
	b.as("viewer", "DELETE", devicesPath+"/"+ids[0].String(), nil).Want(http.StatusNoContent)
	b.register("viewer", "6")
	b.as("viewer", "POST", devicesPath, deviceBody("7", nil)).Want(http.StatusConflict)
	same(t, "refusals in the audit", slices.DeleteFunc(b.Actions(), func(a string) bool { return a == "device.registered" }), []string{"device.removed"})
}

// However many register at once, as many are taken as the plan allows.
func TestRacingRegistrations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var wg sync.WaitGroup
	statuses := make([]int, 20)
	for i := range statuses {
		wg.Go(func() {
			statuses[i] = b.patiently("viewer", "POST", devicesPath, deviceBody(fmt.Sprint(i), nil)).Status
		})
	}
	wg.Wait()
	count := map[int]int{}
	for _, s := range statuses {
		count[s]++
	}
	if count[http.StatusCreated] != 5 || count[http.StatusConflict] != 15 || len(b.devices("viewer").Data) != 5 {
		t.Errorf("of 20 at once: %v", count)
	}
}

// The same device that registers twice at once is one.
func TestRacingTwins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() { b.patiently("viewer", "POST", devicesPath, deviceBody("twin", nil)) })
	}
	wg.Wait()
	if n := len(b.devices("viewer").Data); n != 1 {
		t.Errorf("%d devices", n)
	}
}

// Another account's device and one that never was are the same answer, byte for byte.
func TestForeignDevices(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.register("viewer", "mine")
	other := "viewer:" + uuid.NewString()
	b.register(other, "theirs") // the account is known
	nowhere := devicesPath + "/" + uuid.NewString()
	for _, viewer := range []string{other, "viewer:" + uuid.NewString()} {
		for method, body := range map[string]any{"GET": nil, "PATCH": object{"name": "Mine now"}, "DELETE": nil} {
			foreign, missing := b.as(viewer, method, d.Location(), body), b.as(viewer, method, nowhere, body)
			if foreign.Status != http.StatusNotFound || anonymous(t, foreign.Body) != anonymous(t, missing.Body) || missing.Status != http.StatusNotFound {
				t.Errorf("%s: %d %s, absent %d %s", method, foreign.Status, foreign.Body, missing.Status, missing.Body)
			}
			for name := range foreign.Header {
				if name != wire.RequestID && name != "Date" && foreign.Header.Get(name) != missing.Header.Get(name) {
					t.Errorf("%s: header %s is %q, absent %q", method, name, foreign.Header.Get(name), missing.Header.Get(name))
				}
			}
		}
	}
	b.as("viewer", "GET", d.Location(), nil).Want(http.StatusOK)
	same(t, "sessions", b.noted(), nil)
}

func TestDeviceIfMatch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.register("viewer", "fp")
	read := b.as("viewer", "GET", d.Location(), nil).Want(http.StatusOK)
	match := func(method string, body any, tag string) *apitest.Answer {
		return b.Do(apitest.Request{Method: method, Path: d.Location(), Access: "viewer", Body: body, Header: map[string]string{"If-Match": tag}})
	}
	renamed := match("PATCH", object{"name": "Kitchen"}, read.Header.Get("ETag")).Want(http.StatusOK)
	for method, body := range map[string]any{"PATCH": object{"name": "Hall"}, "DELETE": nil} {
		stale := match(method, body, read.Header.Get("ETag")).Want(http.StatusPreconditionFailed)
		if fields := stale.Refused().Fields(); !slices.Equal(fields, []string{"name"}) || stale.Header.Get("ETag") != renamed.Header.Get("ETag") {
			t.Errorf("412 names %q with %q, want %q", fields, stale.Header.Get("ETag"), renamed.Header.Get("ETag"))
		}
	}
	unchanged := b.Do(apitest.Request{Method: "GET", Path: d.Location(), Access: "viewer", Header: map[string]string{"If-None-Match": renamed.Header.Get("ETag")}})
	unchanged.Want(http.StatusNotModified)
	match("DELETE", nil, renamed.Header.Get("ETag")).Want(http.StatusNoContent)
}

func TestRegisterWithKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	send := func(access, fingerprint string) *apitest.Answer {
		return b.Do(apitest.Request{Method: "POST", Path: devicesPath, Access: access, Body: deviceBody(fingerprint, nil), Header: map[string]string{"Idempotency-Key": "k"}})
	}
	first := send("viewer", "fp").Want(http.StatusCreated)
	again := send("viewer", "fp").Want(http.StatusCreated)
	if string(first.Body) != string(again.Body) || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("first %s, then %s", first.Body, again.Body)
	}
	send("viewer", "other").Want(http.StatusUnprocessableEntity)
	other := send("viewer:"+uuid.NewString(), "fp").Want(http.StatusCreated)
	if string(other.Body) == string(first.Body) {
		t.Error("another account is answered what the first was")
	}
}

// The answer that a key replays goes with the account, as the device does; so does that of a refusal, which names devices.
func TestAnswersGoWithTheAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := uuid.Must(uuid.NewV7())
	send := func(access, key string) *apitest.Answer {
		return b.Do(apitest.Request{Method: "POST", Path: devicesPath, Access: access, Body: deviceBody(key, nil), Header: map[string]string{"Idempotency-Key": key}})
	}
	b.put(id, subscribed(1, b.plan(1), nil))
	viewer, other := "viewer:"+id.String(), "viewer:"+uuid.NewString()
	send(viewer, "first").Want(http.StatusCreated)
	send(viewer, "second").Want(http.StatusConflict)
	kept := send(other, "first").Want(http.StatusCreated)
	b.as(billing, "DELETE", accountsPath+id.String(), object{"no": "body"}).Want(http.StatusBadRequest)
	b.as(billing, "DELETE", accountsPath+id.String(), nil).Want(http.StatusNoContent)
	left := apitest.Column[string](b.Bundle, `SELECT convert_from(body, 'UTF8') FROM idempotency_keys`)
	same(t, "stored answers", left, []string{string(kept.Body)})
	for _, key := range []string{"first", "second"} {
		if a := send(viewer, key).Want(http.StatusForbidden); a.Header.Get("Idempotent-Replayed") != "" || a.Refused().Message != "This account is closed." {
			t.Errorf("%s: %v %s", key, a.Header, a.Body)
		}
	}
	if again := send(other, "first").Want(http.StatusCreated); again.Header.Get("Idempotent-Replayed") != "true" {
		t.Error("another account's answer is gone")
	}
}

// Edges pass the viewer's own request on, with their key beside it.
func TestDevicesThroughAnEdge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	status, body := b.pass("viewer", apitest.EdgeKey, "POST", devicesPath, `{"name":"TV","device_type":"stb","fingerprint":"x"}`)
	list := b.devices("viewer")
	if status != http.StatusCreated || len(list.Data) != 1 || !strings.Contains(string(body), list.Data[0].ID.String()) {
		t.Fatalf("%d %s, then %+v", status, body, list)
	}
	if status, body := b.pass("viewer", apitest.EdgeKey, "GET", devicesPath, ""); status != http.StatusOK || !strings.Contains(string(body), `"TV"`) {
		t.Errorf("list: %d %s", status, body)
	}
	if status, _ := b.pass("viewer:"+uuid.NewString(), apitest.EdgeKey, "DELETE", list.Data[0].Location(), ""); status != http.StatusNotFound {
		t.Errorf("another account's: %d", status)
	}
	for access, key := range map[string]string{"viewer": "no-key", "bad": apitest.EdgeKey} {
		if status, _ := b.pass(access, key, "GET", devicesPath, ""); status != http.StatusUnauthorized {
			t.Errorf("as %s with key %s: %d", access, key, status)
		}
	}
}

func TestDeviceFaults(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := func(fields object, want ...string) {
		t.Helper()
		got := b.as("viewer", "POST", devicesPath, deviceBody("fp", fields)).Want(http.StatusUnprocessableEntity).Refused().Fields()
		same(t, fmt.Sprint(fields), got, want)
	}
	f(object{"name": absent, "device_type": absent, "fingerprint": absent}, "device_type", "fingerprint", "name")
	f(object{"device_type": "toaster", "name": " \t"}, "device_type", "name")
	f(object{"name": "two\nlines", "platform": "two\nlines"}, "name", "platform")
	f(object{"name": strings.Repeat("x", 101), "platform": strings.Repeat("x", 101), "os_version": strings.Repeat("x", 51),
		"app_version": strings.Repeat("x", 51), "fingerprint": strings.Repeat("x", 513)}, "app_version", "fingerprint", "name", "os_version", "platform")
	f(object{"fingerprint": ""}, "fingerprint")
	d := b.register("viewer", "fp")
	for _, name := range []string{"", " ", "a\nb", strings.Repeat("x", 101)} {
		got := b.as("viewer", "PATCH", d.Location(), object{"name": name}).Want(http.StatusUnprocessableEntity).Refused().Fields()
		same(t, name, slices.Compact(got), []string{"name"})
	}
	b.as("viewer", "PATCH", d.Location(), object{"name": nil}).Want(http.StatusBadRequest)
	b.as("viewer", "PATCH", d.Location(), object{"device_type": "stb"}).Want(http.StatusBadRequest)
	b.as("viewer", "PATCH", d.Location(), nil).Want(http.StatusBadRequest)
}

func TestHostileDevices(t *testing.T) {
	t.Parallel()
	b := setup(t)
	valid := deviceBody("fp", object{"platform": "Android 14", "os_version": "14", "app_version": "3"})
	b.Hostile(t, apitest.Request{Method: "POST", Path: devicesPath, Access: "viewer"}, valid)
	b.as("viewer", "DELETE", b.devices("viewer").Data[0].Location(), nil).Want(http.StatusNoContent)
	d := b.register("viewer", "fp 2")
	b.Hostile(t, apitest.Request{Method: "PATCH", Path: d.Location(), Access: "viewer"}, object{"name": "Hall"})
	for _, bad := range []string{"x", "%00", d.ID.String() + "x", "%F0%9F%91%A9"} {
		for method, body := range map[string]any{"GET": nil, "PATCH": object{"name": "x"}, "DELETE": nil} {
			b.as("viewer", method, devicesPath+"/"+bad, body).Want(http.StatusBadRequest).Refused()
		}
	}
}
