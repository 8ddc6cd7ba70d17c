package curation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/curation"
	"encora/shared/wire"
)

// The order is the editors': by sort_order, ties and absence by the place in the list.
func TestItemsInOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.movies(3)
	show, episode := b.show("show")
	channel := b.channel("one", "live", 1)
	c := b.create(picked("mixed", object{"item_refs": []object{
		{"content_type": "movie", "content_id": m[0], "sort_order": 5}, ref("show", show), ref("episode", episode),
		{"content_type": "channel", "content_id": channel, "sort_order": -1}, {"content_type": "movie", "content_id": m[1], "sort_order": 5}, {"content_type": "movie", "content_id": m[2], "sort_order": 3}}}))
	want := []uuid.UUID{channel, show, episode, m[2], m[0], m[1]}
	if got := contents(c.ItemRefs); !slices.Equal(got, want) {
		t.Errorf("the editors' order is %v, want %v", got, want)
	}
	got := b.page("viewer", c.ID, "")
	if !slices.Equal(contents(got.ItemRefs), want) || got.ItemCount != 6 || got.Meta.HasMore || got.ItemRefs[1].ContentType != "show" || *got.ItemRefs[0].SortOrder != -1 {
		t.Errorf("viewers see %v", got)
	}
	for limit := 1; limit <= 6; limit++ {
		if got := b.walk(c.ID, limit); !slices.Equal(got, want) {
			t.Errorf("by %d: %v, want %v", limit, got, want)
		}
	}
	b.edit("PUT", c.Location(), picked("mixed", object{"item_refs": []object{ref("movie", m[1]), ref("show", show)}})).Want(200)
	if got := contents(b.page("viewer", c.ID, "").ItemRefs); !slices.Equal(got, []uuid.UUID{m[1], show}) {
		t.Errorf("replaced by %v", got)
	}
}

// walk reads a collection page by page.
func (b *bundle) walk(id uuid.UUID, limit int) []uuid.UUID {
	b.t.Helper()
	var all []uuid.UUID
	for cursor := ""; ; {
		p := b.page("viewer", id, fmt.Sprintf("limit=%d&cursor=%s", limit, cursor))
		all = append(all, contents(p.ItemRefs)...)
		if p.Meta.NextCursor == nil {
			return all
		}
		cursor = *p.Meta.NextCursor
	}
}

// Viewers get, and are told the number of, only what they see; editors have all.
func TestItemsThatViewersSee(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.movies(6)
	drafts := b.Movies(1, "draft")
	b.window(m[0], b.Now().Add(time.Hour), nil)
	b.window(m[1], nil, b.Now().Add(-time.Hour))
	b.attach(b.Rule("FR"), "movie", m[2])
	show, episode := b.show("show")
	b.attach(b.Rule("DE"), "show", show)
	refs := append(films(append(m, drafts...)...), ref("episode", episode), ref("show", show))
	hand, dynamic := b.create(picked("hand", object{"item_refs": refs})), b.create(selected("all", "true", nil))
	if hand.ItemCount != 9 || dynamic.ItemCount != 6 || len(dynamic.ItemRefs) != 0 || dynamic.ItemRefs == nil {
		t.Errorf("editors count %d and %d", hand.ItemCount, dynamic.ItemCount)
	}
	for access, want := range map[string]int{"viewer": 6, "viewer@FR": 5, "viewer@DE": 4} {
		for _, c := range []curation.AdminCollection{hand, dynamic} {
			p := b.page(access, c.ID, "")
			if len(p.ItemRefs) != want || p.ItemCount != want {
				t.Errorf("%s sees %d of %d in %s, want %d", access, len(p.ItemRefs), p.ItemCount, c.Slug, want)
			}
		}
		for _, c := range b.list(access, "").Data {
			if c.ItemCount != want {
				t.Errorf("%s is told of %d in the list, want %d", access, c.ItemCount, want)
			}
		}
	}
	var list api.Counted[curation.Collection]
	b.edit("GET", adminCollections, nil).Want(200).Decode(&list)
	if list.Data[0].ItemCount != 9 || list.Data[1].ItemCount != 6 {
		t.Errorf("the editors' list counts %d and %d", list.Data[0].ItemCount, list.Data[1].ItemCount)
	}
}

func TestDynamicCollections(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.movies(5)
	_, episode := b.show("show")
	b.genre("noir", m[0], m[2], m[4])
	c := b.create(selected("noir", `"noir" in genres`, nil))
	p := b.page("viewer", c.ID, "limit=2")
	if !slices.Equal(contents(p.ItemRefs), []uuid.UUID{m[4], m[2]}) || p.ItemCount != 3 || *p.ItemRefs[0].SortOrder != 1 || *p.ItemRefs[1].SortOrder != 2 {
		t.Errorf("the newest two of three: %+v", p)
	}
	next := b.page("viewer", c.ID, "limit=2&cursor="+*p.Meta.NextCursor)
	if !slices.Equal(contents(next.ItemRefs), []uuid.UUID{m[0]}) || *next.ItemRefs[0].SortOrder != 3 || next.Meta.HasMore {
		t.Errorf("then the last: %+v", next)
	}
	if got := b.walk(c.ID, 1); !slices.Equal(got, []uuid.UUID{m[4], m[2], m[0]}) {
		t.Errorf("one by one: %v", got)
	}
	tags := strings.Split(b.fill("/v2/collections/"+c.ID.String(), b.Now()).Want(200).Header.Get(wire.Tags), ",")
	for _, want := range []string{"collection:" + c.ID.String(), "movies", "shows", "episodes", "channels", "slugs"} {
		if !slices.Contains(tags, want) {
			t.Errorf("the answer does not carry %s: %q", want, tags)
		}
	}
	var other curation.AdminCollection
	b.edit("PUT", c.Location(), selected("noir", `content_type == "episode"`, nil)).Want(200).Decode(&other)
	if other.ItemCount != 1 {
		t.Errorf("PUT counts %d of the new query", other.ItemCount)
	}
	if got := contents(b.page("viewer", c.ID, "").ItemRefs); !slices.Equal(got, []uuid.UUID{episode}) {
		t.Errorf("episodes: %v", got)
	}
	b.edit("PUT", c.Location(), picked("noir", object{"type": "editorial", "item_refs": films(m[3])})).Want(200)
	if got := contents(b.page("viewer", c.ID, "").ItemRefs); !slices.Equal(got, []uuid.UUID{m[3]}) {
		t.Errorf("picked instead: %v", got)
	}
}

// A filter that was good when it was stored and is none any more selects nothing, and breaks nothing.
func TestFilterOfAnotherTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.movies(1)
	c := b.create(selected("old", "true", nil))
	b.Exec(`UPDATE collections SET query = 'no_such_field == 1' WHERE id = $1`, c.ID)
	if p := b.page("viewer", c.ID, ""); p.ItemCount != 0 || len(p.ItemRefs) != 0 {
		t.Errorf("selects %v", p.ItemRefs)
	}
	if l := b.list("viewer", ""); l.Data[0].ItemCount != 0 {
		t.Errorf("counts %d", l.Data[0].ItemCount)
	}
	b.edit("GET", c.Location(), nil).Want(200)
}

// The windows of items count for pages and for the list.
func TestWindowsOfItems(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.movies(2)
	now := b.Now()
	b.window(m[0], now.Add(time.Hour), nil)
	b.window(m[1], nil, now.Add(2*time.Hour))
	c := b.create(picked("a", object{"item_refs": films(m...)}))
	for _, step := range []struct{ at, next time.Duration }{{0, time.Hour}, {time.Hour, 2 * time.Hour}, {2 * time.Hour, 0}} {
		want := map[time.Duration]int{0: 1, time.Hour: 2, 2 * time.Hour: 1}[step.at]
		for _, path := range []string{"/v2/collections", "/v2/collections/" + c.ID.String()} {
			a := b.fill(path, now.Add(step.at)).Want(200)
			if !strings.Contains(string(a.Body), fmt.Sprintf(`"item_count":%d`, want)) || until(a, now) != step.next {
				t.Errorf("%s at %v until %v: %s", path, step.at, until(a, now), a.Body)
			}
		}
	}
}

// A deleted title is no item any more.
func TestItemsThatAreDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := b.movies(2)
	c := b.create(picked("a", object{"item_refs": films(m...)}))
	b.Exec(`DELETE FROM movies WHERE id = $1`, m[0])
	var now curation.AdminCollection
	b.edit("GET", c.Location(), nil).Want(200).Decode(&now)
	if now.ItemCount != 1 || !slices.Equal(contents(now.ItemRefs), m[1:]) {
		t.Errorf("still has %v", now.ItemRefs)
	}
}

func TestManyFilters(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.movies(3)
	years := strings.TrimSuffix(strings.Repeat("1,", 200), ",")
	wide := strings.TrimSuffix(strings.Repeat("release_year in ["+years+"] || ", 4), " || ")
	for i := range 55 {
		b.create(selected(fmt.Sprint("c", i), wide, object{"sort_order": i}))
	}
	b.create(selected("all", "release_year == 2000", object{"sort_order": 99}))
	l := b.list("viewer", "limit=100")
	if len(l.Data) != 56 || l.Data[0].ItemCount != 0 || l.Data[55].ItemCount != 3 {
		t.Errorf("%d collections, the last counts %d", len(l.Data), l.Data[len(l.Data)-1].ItemCount)
	}
}
