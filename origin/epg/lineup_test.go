package epg_test

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/origin/content"
	"encora/origin/record"
	"encora/shared/wire"
)

func TestLineup(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	a := b.Ask(wire.LineupPath, nil).Want(http.StatusOK)
	if string(a.Body) != `{"channels":[]}` || a.Header.Get(wire.Tags) != wire.TagLineup {
		t.Errorf("nothing is published: %s with tags %s", a.Body, a.Header.Get(wire.Tags))
	}
	plain := b.published(map[string]any{"name": "Plain"})
	first, second := b.Rule("DE"), b.Rule("AT")
	ruled := b.published(map[string]any{"is_catchup_enabled": true, "geo_restrictions": map[string]any{"rule_id": second}})
	b.edit("PUT", ruled.Location(), channelBody(map[string]any{"is_catchup_enabled": true, "geo_restrictions": map[string]any{"rule_id": first}})).Want(http.StatusOK)
	b.create(map[string]any{"name": "Not published"})
	none := b.published(map[string]any{"name": "Enabled for no days", "is_catchup_enabled": true, "catchup_days": 0})

	want := []wire.LineupChannel{
		{ID: plain.ID.String(), Rules: []string{}},
		{ID: ruled.ID.String(), CatchupDays: 7, Rules: []string{first.String(), second.String()}},
		{ID: none.ID.String(), Rules: []string{}},
	}
	if got := b.lineup(); !slices.EqualFunc(got, want, func(a, b wire.LineupChannel) bool {
		return a.ID == b.ID && a.CatchupDays == b.CatchupDays && slices.Equal(a.Rules, b.Rules)
	}) {
		t.Errorf("lineup %+v, want %+v", got, want)
	}
	b.edit("POST", plain.Location()+"/unpublish", nil).Want(http.StatusOK)
	if got := b.lineup(); len(got) != 2 {
		t.Errorf("after unpublishing there are %d", len(got))
	}
	if status := b.Do(apitest.Request{Method: "GET", Path: wire.LineupPath}).Status; status != http.StatusNotFound {
		t.Errorf("the public listener answers the lineup with %d", status)
	}
}

// Plans whose filters leave a channel out are among what denies it.
func TestLineupOfPlans(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	rule := b.Rule("DE")
	ruled := b.published(map[string]any{"geo_restrictions": map[string]any{"rule_id": rule}}).ID
	plain, other := b.published(nil).ID, b.published(nil).ID
	b.domain.LeftOut = func(ctx context.Context, tx pgx.Tx) (map[uuid.UUID][]string, error) {
		var pos int
		return map[uuid.UUID][]string{ruled: {"p1"}, plain: {"p1", "p2"}, uuid.New(): {"p3"}}, tx.QueryRow(ctx, `SELECT pos FROM feed_head`).Scan(&pos)
	}
	want := map[string][]string{ruled.String(): {rule.String(), "p1"}, plain.String(): {"p1", "p2"}, other.String(): {}}
	got := map[string][]string{}
	for _, c := range b.lineup() {
		got[c.ID] = c.Rules
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("lineup %v, want %v", got, want)
	}
	b.domain.LeftOut = func(context.Context, pgx.Tx) (map[uuid.UUID][]string, error) {
		return nil, errors.New("no such filter")
	}
	b.Ask(wire.LineupPath, nil).Want(http.StatusInternalServerError)
}

// What rights ask of a domain that has content.
func TestChannelsAsContent(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	shown, hidden, unknown := b.published(nil).ID, b.create(nil).ID, uuid.New()
	ids := []uuid.UUID{unknown, hidden, shown}
	err := b.DB.Snapshot(t.Context(), func(tx pgx.Tx) error {
		types, err := content.Types(t.Context(), tx, ids)
		if len(types) != 2 || types[shown] != "channel" || types[hidden] != "channel" {
			t.Errorf("types %v", types)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	with := []string{"lineup", wire.TagSuggest(wire.SuggestPart(shown))}
	for hard, want := range map[bool][]string{
		false: slices.Concat([]string{"channel:" + shown.String(), "channels"}, with),
		true:  slices.Concat([]string{"!channel:" + shown.String(), "!channels"}, with),
	} {
		got := b.during(func() {
			b.write(func(ctx context.Context, w *api.Write) error { return content.Touched(ctx, w, ids, hard) })
		})
		if !slices.Equal(got, want) {
			t.Errorf("touched, hard %v, emits %q, want %q", hard, got, want)
		}
	}
}

// A channel that is held is neither edited nor deleted before the holder is done, and may be held by several.
func TestHeldChannels(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	c := b.create(nil)
	answered := make(chan int, 1)
	b.write(func(ctx context.Context, w *api.Write) error {
		types, err := content.Hold(ctx, w.Tx.Tx, []uuid.UUID{c.ID, uuid.New()})
		if err != nil || len(types) != 1 || types[c.ID] != "channel" {
			t.Errorf("held %v, %v", types, err)
		}
		b.write(func(ctx context.Context, w *api.Write) error {
			_, err := content.Hold(ctx, w.Tx.Tx, []uuid.UUID{c.ID})
			return err
		})
		go func() { answered <- b.edit("DELETE", c.Location(), nil).Status }()
		for waiting := false; !waiting; {
			const q = `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`
			if err := b.DB.Pool().QueryRow(ctx, q).Scan(&waiting); err != nil {
				return err
			}
			select {
			case status := <-answered:
				t.Errorf("deleted while it was held: %d", status)
				answered <- status
				return nil
			default:
			}
		}
		return nil
	})
	if status := <-answered; status != http.StatusNoContent {
		t.Errorf("afterwards it is deleted with %d", status)
	}
}

// write runs fn as another domain's writes run: in a transaction that ends with Commit.
func (b *channelBundle) write(fn func(ctx context.Context, w *api.Write) error) {
	b.t.Helper()
	err := b.DB.Write(b.t.Context(), func(tx pgx.Tx) error {
		w := &api.Write{Tx: record.Begin(tx, record.System("test"), b.Now())}
		if err := fn(b.t.Context(), w); err != nil {
			return err
		}
		return w.Commit(b.t.Context())
	})
	if err != nil {
		b.t.Fatal(err)
	}
}
