package rights

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/shared/fault"
)

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
					if _, err := w.Exec(ctx, `SELECT FROM titles WHERE id = $1 FOR NO KEY UPDATE`, film); err != nil {
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
