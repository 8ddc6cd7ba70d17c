package rights

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/shared/fault"
	"encora/shared/territory"
	"encora/shared/wire"
)

func TestRuleFromBirthToDeath(t *testing.T) {
	t.Parallel()
	b := setup(t)
	films := b.films(2)
	a := b.Do(apitest.Request{Method: "POST", Path: rules, Access: editor, Body: object{"name": "Nordics", "policy": "allow_list",
		"territories": []string{"SE", "NO", "SE", "DK"}, "applies_to": []uuid.UUID{films[1], films[0], films[1]}}}).Want(201)
	var r GeoRule
	a.Decode(&r)
	if want := []string{"DK", "NO", "SE"}; !slices.Equal(r.Territories, want) {
		t.Errorf("territories %q, want %q", r.Territories, want)
	}
	if !slices.Equal(r.AppliesTo, films) {
		t.Errorf("applies_to %v, want %v", r.AppliesTo, films)
	}
	if r.ID.Version() != 7 || a.Header.Get("Location") != rules+"/"+r.ID.String() {
		t.Errorf("id %v, Location %q", r.ID, a.Header.Get("Location"))
	}
	if strings.Contains(string(a.Body), "description") {
		t.Errorf("a description that was not given: %s", a.Body)
	}
	got := b.Do(apitest.Request{Method: "GET", Path: a.Header.Get("Location"), Access: "content:read"}).Want(200)
	if string(got.Body) != string(a.Body) || got.Header.Get("ETag") != a.Header.Get("ETag") {
		t.Errorf("GET answers %s %s, POST %s %s", got.Header.Get("ETag"), got.Body, a.Header.Get("ETag"), a.Body)
	}
	if !strings.Contains(string(a.Body), `Z"`) {
		t.Errorf("times are not in UTC: %s", a.Body)
	}

	changed := b.put(r.ID, object{"name": "Nordics", "description": "One", "policy": "block_list", "territories": []string{"SE"}})
	if len(changed.AppliesTo) != 0 || changed.AppliesTo == nil || changed.Description != "One" || !changed.CreatedAt.Equal(r.CreatedAt) {
		t.Errorf("PUT answers %+v", changed)
	}
	stale := b.Do(apitest.Request{Method: "PUT", Path: rules + "/" + r.ID.String(), Access: editor, Header: map[string]string{"If-Match": a.Header.Get("ETag")},
		Body: object{"name": "N", "policy": "block_list", "territories": []string{"SE"}}}).Want(412)
	if want := []string{"description", "policy", "territories", "applies_to"}; !slices.Equal(stale.Refused().Fields(), want) {
		t.Errorf("412 names %q, want %q", stale.Refused().Fields(), want)
	}
	b.Do(apitest.Request{Method: "DELETE", Path: rules + "/" + r.ID.String(), Access: editor}).Want(204)
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		body := any(nil)
		if method == "PUT" {
			body = object{"name": "", "policy": "block_list", "territories": []string{"SE"}}
		}
		b.Do(apitest.Request{Method: method, Path: rules + "/" + r.ID.String(), Access: editor, Body: body}).Want(404).Refused()
	}
	if want := []string{"geo.rule_created", "geo.rule_updated", "geo.rule_deleted"}; !slices.Equal(b.Actions(), want) {
		t.Errorf("audit has %q, want %q", b.Actions(), want)
	}
}

func TestDeleteRefusesWhileAttached(t *testing.T) {
	t.Parallel()
	b := setup(t)
	films := b.films(1)
	r := b.create(object{"name": "R", "policy": "block_list", "territories": []string{"SE"}, "applies_to": films})
	if code := b.Do(apitest.Request{Method: "DELETE", Path: rules + "/" + r.ID.String(), Access: editor}).Want(409).Refused().Code; code != string(fault.Conflict) {
		t.Errorf("code %s", code)
	}
}

func TestUnknownTerritoriesAndContentsAreAllNamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	films := b.films(1)
	body := object{"policy": "deny", "territories": []string{"SE", "UK", "se", "XXX", "ZZ"}, "applies_to": []uuid.UUID{films[0], uuid.Nil}}
	want := []string{"applies_to[1]", "name", "policy", "territories[1]", "territories[2]", "territories[3]", "territories[4]"}
	f := b.Do(apitest.Request{Method: "POST", Path: rules, Access: editor, Body: body}).Want(422).Refused()
	got := slices.Sorted(slices.Values(f.Fields()))
	if !slices.Equal(got, want) {
		t.Errorf("422 names %q, want %q", got, want)
	}
	body = object{"name": "R", "policy": "block_list", "territories": []string{"SE"}, "applies_to": slices.Repeat([]uuid.UUID{films[0]}, maxAttached+1)}
	if fields := b.Do(apitest.Request{Method: "POST", Path: rules, Access: editor, Body: body}).Want(422).Refused().Fields(); !slices.Equal(fields, []string{"applies_to"}) {
		t.Errorf("422 names %q", fields)
	}
	if n := len(b.Actions()); n != 0 {
		t.Errorf("%d audit entries of refused writes", n)
	}
}

func TestListPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var want []uuid.UUID
	for i := range 5 {
		want = append(want, b.create(object{"name": fmt.Sprint(i), "policy": "block_list", "territories": []string{"SE"}}).ID)
	}
	var got []uuid.UUID
	path := rules + "?limit=2"
	for path != "" {
		var page api.Counted[GeoRule]
		b.Do(apitest.Request{Method: "GET", Path: path, Access: "content:read"}).Want(200).Decode(&page)
		if page.Meta.TotalCount != 5 || page.Meta.Limit != 2 || page.Meta.HasMore != (page.Meta.NextCursor != nil) {
			t.Fatalf("meta %+v", page.Meta)
		}
		for _, r := range page.Data {
			got = append(got, r.ID)
		}
		if path = ""; page.Meta.HasMore {
			path = rules + "?limit=2&cursor=" + *page.Meta.NextCursor
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
}

func TestIdempotentCreate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := apitest.Request{Method: "POST", Path: rules, Access: editor, Header: map[string]string{"Idempotency-Key": "k1"},
		Body: object{"name": "R", "policy": "block_list", "territories": []string{"SE"}}}
	first, second := b.Do(r).Want(201), b.Do(r).Want(201)
	if string(first.Body) != string(second.Body) || second.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("replayed as %v %s", second.Header, second.Body)
	}
	r.Body = object{"name": "S", "policy": "block_list", "territories": []string{"SE"}}
	b.Do(r).Want(422)
}

// TestTagsOfChanges holds what each kind of change tells caches.
func TestTagsOfChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	films := b.films(2)
	f0, f1 := "movie:"+films[0].String(), "movie:"+films[1].String()
	var r GeoRule
	body := func(policy, territory string, ids ...uuid.UUID) object {
		return object{"name": "R", "policy": policy, "territories": []string{territory}, "applies_to": append([]uuid.UUID{}, ids...)}
	}
	expect := func(what, want string, fn func()) {
		t.Helper()
		if got := b.during(fn); got != want {
			t.Errorf("%s emits %q, want %q", what, got, want)
		}
	}
	expect("a rule that is attached to nothing", "", func() { r = b.create(body("block_list", "SE")) })
	rule := "geo:" + r.ID.String()
	expect("its territories", "", func() { b.put(r.ID, body("block_list", "NO")) })
	expect("its first content", "!geo !"+f0, func() { b.put(r.ID, body("block_list", "NO", films[0])) })
	expect("its second content", "!"+f1, func() { b.put(r.ID, body("block_list", "NO", films...)) })
	expect("its name", "", func() {
		b.put(r.ID, object{"name": "Renamed", "policy": "block_list", "territories": []string{"NO"}, "applies_to": films})
	})
	expect("the same again", "", func() {
		b.put(r.ID, object{"name": "Renamed", "policy": "block_list", "territories": []string{"NO"}, "applies_to": films})
	})
	expect("another territory", "!geo "+rule, func() { b.put(r.ID, body("block_list", "DK", films...)) })
	expect("the other policy", "!geo "+rule, func() { b.put(r.ID, body("allow_list", "DK", films...)) })
	expect("one more allowed", "geo "+rule, func() {
		b.put(r.ID, object{"name": "R", "policy": "allow_list", "territories": []string{"DK", "NO"}, "applies_to": films})
	})
	expect("one content less", f1, func() {
		b.put(r.ID, object{"name": "R", "policy": "allow_list", "territories": []string{"DK", "NO"}, "applies_to": films[:1]})
	})
	expect("one content for another", "!"+f1+" "+f0, func() {
		b.put(r.ID, object{"name": "R", "policy": "allow_list", "territories": []string{"DK", "NO"}, "applies_to": films[1:]})
	})
	expect("the last content", "geo "+f1, func() {
		b.put(r.ID, object{"name": "R", "policy": "allow_list", "territories": []string{"DK", "NO"}})
	})
	expect("its end", "", func() {
		b.Do(apitest.Request{Method: "DELETE", Path: rules + "/" + r.ID.String(), Access: editor}).Want(204)
	})
	expect("a rule that is born attached", "!geo !"+f0, func() { b.create(body("block_list", "SE", films[0])) })
}

// TestAttachAndDetach is what catalog's writes of geo_restrictions do.
func TestAttachAndDetach(t *testing.T) {
	t.Parallel()
	b := setup(t)
	films := b.films(2)
	r := b.create(object{"name": "R", "policy": "block_list", "territories": []string{"SE"}})
	attach := func(film, rule uuid.UUID) (bool, error) {
		var added bool
		err := b.write(t, func(ctx context.Context, w *api.Write) error {
			var err error
			added, err = b.domain.Attach(ctx, w, "movie", film, rule)
			return err
		})
		return added, err
	}
	detach := func(film uuid.UUID) bool {
		var removed bool
		if err := b.write(t, func(ctx context.Context, w *api.Write) error {
			var err error
			removed, err = b.domain.Detach(ctx, w, film)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return removed
	}
	expect := func(what string, want bool, tags string, fn func() bool) {
		t.Helper()
		var got bool
		if emitted := b.during(func() { got = fn() }); got != want || emitted != tags {
			t.Errorf("%s: %v with %q, want %v with %q", what, got, emitted, want, tags)
		}
	}
	must := func(added bool, err error) bool {
		if err != nil {
			t.Fatal(err)
		}
		return added
	}
	expect("first content", true, "!geo", func() bool { return must(attach(films[0], r.ID)) })
	expect("the same", false, "", func() bool { return must(attach(films[0], r.ID)) })
	expect("second content", true, "", func() bool { return must(attach(films[1], r.ID)) })
	expect("off the second", true, "", func() bool { return detach(films[1]) })
	expect("off the first", true, "geo", func() bool { return detach(films[0]) })
	expect("off nothing", false, "", func() bool { return detach(films[0]) })

	_, err := attach(films[0], uuid.Must(uuid.NewV7()))
	if f := fault.Of(err); f.Code != fault.ValidationFailed || f.Details[0].Field != "geo_restrictions.rule_id" {
		t.Errorf("an unknown rule: %v", err)
	}
	b.Exec(`INSERT INTO geo_attachments (rule_id, content_type, content_id) SELECT $1, 'movie', gen_random_uuid() FROM generate_series(1, $2)`, r.ID, maxAttached)
	if _, err := attach(films[0], r.ID); fault.Of(err).Code != fault.Conflict {
		t.Errorf("one content too many: %v", err)
	}
}

// TestConcurrentAttachments checks that of two writes at the same time only the one that brings the rule into use, or
// takes it out, tells of it.
func TestConcurrentAttachments(t *testing.T) {
	t.Parallel()
	b := setup(t)
	films := b.films(2)
	r := b.create(object{"name": "R", "policy": "block_list", "territories": []string{"SE"}})
	attach := func(ctx context.Context, w *api.Write, film uuid.UUID) error {
		_, err := b.domain.Attach(ctx, w, "movie", film, r.ID)
		return err
	}
	detach := func(ctx context.Context, w *api.Write, film uuid.UUID) error {
		_, err := b.domain.Detach(ctx, w, film)
		return err
	}
	if got := b.during(func() { b.overlap(t, films, attach) }); got != "!geo" {
		t.Errorf("attaching emits %q, want !geo once", got)
	}
	if got := b.during(func() { b.overlap(t, films, detach) }); got != "geo" {
		t.Errorf("detaching emits %q, want geo once", got)
	}
}

// overlap runs fn for two films in two transactions: the first commits when the second is done or waits for it.
func (b *bundle) overlap(t *testing.T, films []uuid.UUID, fn func(context.Context, *api.Write, uuid.UUID) error) {
	t.Helper()
	second := make(chan error, 1)
	err := b.write(t, func(ctx context.Context, w *api.Write) error {
		if err := fn(ctx, w, films[0]); err != nil {
			return err
		}
		go func() {
			second <- b.write(t, func(ctx context.Context, w *api.Write) error { return fn(ctx, w, films[1]) })
		}()
		for waiting := false; !waiting && len(second) == 0; {
			const q = `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`
			if err := b.DB.Pool().QueryRow(ctx, q).Scan(&waiting); err != nil {
				return err
			}
		}
		return nil
	})
	if err = errors.Join(err, <-second); err != nil {
		t.Fatal(err)
	}
}

// TestWritersInOppositeOrder has catalog's writes (content, then rule) meet those of rules (contents, then rule).
func TestWritersInOppositeOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	films := b.films(3)
	r := b.create(object{"name": "R", "policy": "block_list", "territories": []string{"SE"}, "applies_to": films})
	done := make(chan error)
	for i, film := range films {
		go func() {
			for range 10 {
				if err := b.write(t, func(ctx context.Context, w *api.Write) error {
					if _, err := w.Exec(ctx, `SELECT FROM films WHERE id = $1 FOR UPDATE`, film); err != nil {
						return err
					}
					if i == 0 {
						_, err := b.domain.Detach(ctx, w, film)
						return err
					}
					_, err := b.domain.Attach(ctx, w, "movie", film, r.ID)
					return err
				}); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for i := range 10 {
		b.put(r.ID, object{"name": "R", "policy": "block_list", "territories": []string{"SE"}, "applies_to": films[:i%3]})
	}
	for range films {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestDenyRulesAndTerritories(t *testing.T) {
	t.Parallel()
	b := setup(t)
	films := b.films(1)
	allow := b.create(object{"name": "A", "policy": "allow_list", "territories": []string{"SE", "NO"}, "applies_to": films})
	block := b.create(object{"name": "B", "policy": "block_list", "territories": []string{"SE", "DE"}, "applies_to": films})
	b.create(object{"name": "C", "policy": "block_list", "territories": []string{"NO"}}) // in no use

	var got wire.Territories
	a := b.Ask(wire.TerritoriesPath, nil).Want(200)
	a.Decode(&got)
	if tags := a.Header.Get(wire.Tags); tags != "geo" {
		t.Errorf("tags %q", tags)
	}
	for i := range territory.Count {
		code := territory.Code(i)
		want := []string{allow.ID.String()}
		switch code {
		case "SE":
			want = []string{block.ID.String()}
		case "NO":
			want = nil
		case "DE":
			want = append(want, block.ID.String())
		}
		if !reflect.DeepEqual(got.Deny[code], want) {
			t.Errorf("%s is denied by %v, want %v", code, got.Deny[code], want)
		}
		var ids []string
		if err := b.write(t, func(ctx context.Context, w *api.Write) error {
			rules, err := b.domain.DenyRules(ctx, w.Tx.Tx, code)
			for _, id := range rules {
				ids = append(ids, id.String())
			}
			return err
		}); err != nil || !slices.Equal(ids, want) {
			t.Errorf("DenyRules(%s) = %v, %v; want %v", code, ids, err, want)
		}
	}
	if b.Do(apitest.Request{Method: "GET", Path: wire.TerritoriesPath}).Status != http.StatusNotFound {
		t.Error("the public listener has the map")
	}
}

func TestNoRulesDenyNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if a := b.Ask(wire.TerritoriesPath, nil).Want(200); string(a.Body) != `{"deny":{}}` {
		t.Errorf("answered %s", a.Body)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	b := setup(t)
	films := b.films(2)
	allow := b.create(object{"name": "A", "policy": "allow_list", "territories": []string{"SE", "NO"}, "applies_to": films[:1]})
	block := b.create(object{"name": "B", "policy": "block_list", "territories": []string{"SE"}, "applies_to": films[:1]})
	ask := func(film uuid.UUID, contentType, country string) *apitest.Answer {
		return b.Do(apitest.Request{Method: "POST", Path: rules + "/check", Access: "content:read",
			Body: object{"content_id": film, "content_type": contentType, "country_code": country}})
	}
	f := func(film uuid.UUID, country string, allowed bool, rule *uuid.UUID) {
		t.Helper()
		var got GeoDecision
		ask(film, "movie", country).Want(200).Decode(&got)
		if got.Allowed != allowed || !reflect.DeepEqual(got.RuleID, rule) {
			t.Errorf("%s: %+v, want %v by %v", country, got, allowed, rule)
		}
	}
	f(films[0], "NO", true, &allow.ID)
	f(films[0], "SE", false, &block.ID)
	f(films[0], "DE", false, &allow.ID)
	f(films[0], "ZZ", false, &allow.ID)
	f(films[1], "DE", true, nil)
	ask(films[0], "show", "NO").Want(404)
	ask(uuid.Must(uuid.NewV7()), "movie", "NO").Want(404)
	for _, country := range []string{"UK", "no", "N", "NOR", ""} {
		if fields := ask(films[0], "movie", country).Want(422).Refused().Fields(); !slices.Contains(fields, "country_code") {
			t.Errorf("%q names %q", country, fields)
		}
	}
}

func TestWhoMay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one := rules + "/" + uuid.Must(uuid.NewV7()).String()
	for _, r := range []apitest.Request{{Method: "GET", Path: rules}, {Method: "POST", Path: rules}, {Method: "GET", Path: one},
		{Method: "PUT", Path: one}, {Method: "DELETE", Path: one}, {Method: "POST", Path: rules + "/check"}} {
		b.Denied(t, r)
	}
	b.Do(apitest.Request{Method: "POST", Path: rules, Access: "content:read"}).Want(403)
	b.Do(apitest.Request{Method: "PUT", Path: one, Access: "content:read"}).Want(403)
	b.Do(apitest.Request{Method: "DELETE", Path: one, Access: "content:read"}).Want(403)
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	b := setup(t)
	films := b.films(1)
	valid := object{"name": "R", "description": "d", "policy": "block_list", "territories": []string{"SE"}, "applies_to": films}
	r := b.create(valid)
	b.Hostile(t, apitest.Request{Method: "POST", Path: rules, Access: editor}, valid)
	b.Hostile(t, apitest.Request{Method: "PUT", Path: rules + "/" + r.ID.String(), Access: editor}, valid)
	b.Hostile(t, apitest.Request{Method: "POST", Path: rules + "/check", Access: editor},
		object{"content_id": films[0], "content_type": "movie", "country_code": "SE"})
	b.HostileQuery(t, apitest.Request{Path: rules, Access: editor}, "cursor", "limit")
	for _, id := range []string{"x", "%00", "0190a6e0-0000-7000-8000-00000000acc0x", "%F0%9F%91%A9", "..%2f"} {
		b.Do(apitest.Request{Method: "GET", Path: rules + "/" + id, Access: editor}).Want(400).Refused()
	}
}
