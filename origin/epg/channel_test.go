package epg_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/origin/epg"
	"encora/shared/wire"
)

func TestChannelLifecycle(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	answer := b.edit("POST", adminChannels, channelBody(map[string]any{
		"number": 7, "description": "All the news.", "category": "News", "language": "en-GB", "images": map[string]any{"logo_url": "https://cdn.example.com/l.png"},
		"is_catchup_enabled": true, "catchup_days": 3, "sort_order": 2, "website_url": "https://north.example.com", "epg_ids": []string{" north.one ", "n1", "north.one"},
	})).Want(http.StatusCreated)
	var c epg.AdminChannel
	answer.Decode(&c)
	if got := answer.Header.Get("Location"); got != c.Location() || c.ID.Version() != 7 {
		t.Errorf("Location %q of %s", got, c.ID)
	}
	if c.Slug != "north-one" || c.IsPublished || *c.CatchupDays != 3 || c.GeoRestrictions != nil || !slices.Equal(c.EPGIDs, []string{"north.one", "n1"}) {
		t.Errorf("created %+v", c)
	}
	if got := b.edit("GET", c.Location(), nil).Want(http.StatusOK); string(got.Body) != string(answer.Body) || got.Header.Get("ETag") != answer.Header.Get("ETag") {
		t.Errorf("created %s, stored %s", answer.Body, got.Body)
	}
	viewers := "/v2/channels/" + c.ID.String()
	b.as("viewer", "GET", viewers, nil).Want(http.StatusNotFound)
	b.publish(c)
	var seen map[string]any
	b.as("viewer", "GET", viewers, nil).Want(http.StatusOK).Decode(&seen)
	if _, internal := seen["epg_ids"]; internal || seen["is_published"] != nil || seen["language"] != "en-GB" || seen["number"] != 7.0 {
		t.Errorf("viewers see %v", seen)
	}
	b.edit("DELETE", c.Location(), nil).Want(http.StatusConflict).Refused()
	b.edit("POST", c.Location()+"/unpublish", nil).Want(http.StatusOK)
	b.as("viewer", "GET", viewers, nil).Want(http.StatusNotFound)
	b.program(c)
	b.Exec(`INSERT INTO geo_attachments (rule_id, content_type, content_id) VALUES ($1, 'channel', $2)`, b.Rule("DE"), c.ID)
	b.edit("DELETE", c.Location(), nil).Want(http.StatusNoContent)
	b.edit("GET", c.Location(), nil).Want(http.StatusNotFound)
	for _, path := range []string{"", "/publish", "/unpublish"} {
		method := map[bool]string{true: "DELETE", false: "POST"}[path == ""]
		b.edit(method, c.Location()+path, nil).Want(http.StatusNotFound)
	}
	if left := apitest.Column[int](b.Bundle, `SELECT count(*) FROM programs UNION ALL SELECT count(*) FROM geo_attachments`); !slices.Equal(left, []int{0, 0}) {
		t.Errorf("programmes and attachments that are left: %v", left)
	}

	if want := []string{"content.created", "content.published", "content.unpublished", "content.deleted"}; !slices.Equal(b.Actions(), want) {
		t.Errorf("audit %v, want %v", b.Actions(), want)
	}
	last := apitest.Column[string](b.Bundle, `SELECT resource_type || ' ' || (metadata->'object'->>'name') FROM audit_log WHERE action = 'content.deleted'`)
	if !slices.Equal(last, []string{"channel North One"}) {
		t.Errorf("the audit keeps %q", last)
	}
	events := apitest.Column[string](b.Bundle, `SELECT type || ' ' || (payload->>'content_type') || ' ' || (payload->>'title') FROM events ORDER BY id`)
	if want := []string{"content.published channel North One", "content.unpublished channel North One"}; !slices.Equal(events, want) {
		t.Errorf("events %v, want %v", events, want)
	}
}

func TestPublicationIsIdempotent(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	c := b.create(nil)
	left := func() []int {
		return apitest.Column[int](b.Bundle, `SELECT count(*) FROM events UNION ALL SELECT count(*) FROM audit_log UNION ALL SELECT pos FROM feed_head`)
	}
	twice := func(action string) {
		t.Helper()
		first := b.edit("POST", c.Location()+action, nil).Want(http.StatusOK)
		before := left()
		second := b.edit("POST", c.Location()+action, nil).Want(http.StatusOK)
		if string(first.Body) != string(second.Body) {
			t.Errorf("%s answers %s, then %s", action, first.Body, second.Body)
		}
		if after := left(); !slices.Equal(before, after) {
			t.Errorf("%s again left something: %v, %v", action, before, after)
		}
	}
	twice("/unpublish") // what never was published is not
	twice("/publish")
	twice("/unpublish")
}

// The tags of each kind of write: channels that are not published none, what takes something away hard ones.
func TestChangesOfChannels(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	c := b.create(nil)
	id := "channel:" + c.ID.String()
	schedule := "epg:" + c.ID.String()
	rule, second := b.Rule("DE"), b.Rule("AT")
	with := func(fields map[string]any) map[string]any { return channelBody(fields) }
	for _, step := range []struct {
		name, method, path string
		body               any
		want               []string
	}{
		{"a new channel", "POST", adminChannels, with(nil), nil},
		{"an edit before publication", "PUT", c.Location(), with(map[string]any{"name": "North Two", "is_catchup_enabled": true}), nil},
		{"a rule before publication", "PUT", c.Location(), with(map[string]any{"geo_restrictions": map[string]any{"rule_id": rule}}), nil},
		{"no rule before publication", "PUT", c.Location(), with(map[string]any{"geo_restrictions": nil}), nil},
		{"publishing", "POST", c.Location() + "/publish", nil, []string{id, "channels", schedule, "lineup"}},
		{"an edit", "PUT", c.Location(), with(map[string]any{"name": "North Three"}), []string{id, "channels", "lineup"}},
		{"an edit that changes nothing", "PUT", c.Location(), with(map[string]any{"name": "North Three"}), nil},
		{"going off air", "PUT", c.Location(), with(map[string]any{"status": "offline"}), []string{id, "channels", "lineup"}},
		{"catch-up", "PUT", c.Location(), with(map[string]any{"status": "offline", "is_catchup_enabled": true}), []string{id, "channels", "lineup"}},
		{"more of it", "PUT", c.Location(), with(map[string]any{"status": "offline", "is_catchup_enabled": true, "catchup_days": 30}), []string{id, "channels", "lineup"}},
		{"a rule", "PUT", c.Location(), with(map[string]any{"geo_restrictions": map[string]any{"rule_id": rule}}), []string{"!" + id, "!channels", "lineup"}},
		{"the same rule", "PUT", c.Location(), with(map[string]any{"geo_restrictions": map[string]any{"rule_id": rule}}), nil},
		{"a second rule, which does not show", "PUT", c.Location(), with(map[string]any{"geo_restrictions": map[string]any{"rule_id": second}}), []string{"!" + id, "!channels", "lineup"}},
		{"no rules", "PUT", c.Location(), with(map[string]any{"geo_restrictions": nil}), []string{id, "channels", "lineup"}},
		{"unpublishing", "POST", c.Location() + "/unpublish", nil, []string{"!" + id, "!channels", "lineup"}},
		{"an edit of the unpublished", "PUT", c.Location(), with(map[string]any{"name": "North Four"}), nil},
		{"deleting the unpublished", "DELETE", c.Location(), nil, nil},
	} {
		got := b.during(func() {
			if a := b.edit(step.method, step.path, step.body); a.Status > 299 {
				t.Fatalf("%s: %d %s", step.name, a.Status, a.Body)
			}
		})
		if step.want != nil { // the corpus of suggestions follows every edit that viewers see
			step.want = append(step.want, wire.TagSuggest(wire.SuggestPart(c.ID)))
		}
		slices.Sort(step.want)
		if !slices.Equal(got, step.want) {
			t.Errorf("%s emits %v, want %v", step.name, got, step.want)
		}
	}
	edited := apitest.Column[string](b.Bundle, `SELECT metadata->>'changed' FROM audit_log WHERE action = 'content.updated' AND metadata->>'changed' LIKE '%geo%'`)
	if len(edited) != 5 {
		t.Errorf("five changes of rules left these audit entries: %v", edited)
	}
}

func TestChannelTags(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	rule := b.Rule("DE")
	c := b.published(map[string]any{"geo_restrictions": map[string]any{"rule_id": rule}})
	missing := uuid.NewString()
	for path, want := range map[string]string{
		"/v2/channels":                     "channels,geo:" + rule.String(),
		"/v2/channels?q=nothing":           "channels",
		"/v2/channels/" + c.ID.String():    "channel:" + c.ID.String() + ",geo:" + rule.String(),
		"/v2/channels/" + missing:          "channel:" + missing,
		"/v2/channels?language=en&limit=1": "channels",
	} {
		if got := b.Ask(wire.FillPrefix+path, nil).Header.Get(wire.Tags); got != want {
			t.Errorf("%s has tags %s, want %s", path, got, want)
		}
	}
}

func TestChannelTerritories(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	rule := b.Rule("DE")
	blocked := b.published(map[string]any{"name": "Blocked", "geo_restrictions": map[string]any{"rule_id": rule}})
	b.published(map[string]any{"name": "Free"})
	if got := b.names("viewer@DE", ""); !slices.Equal(got, []string{"Free"}) {
		t.Errorf("Germany's list: %v", got)
	}
	if got := b.names("viewer@FR", ""); !slices.Equal(got, []string{"Blocked", "Free"}) {
		t.Errorf("France's list: %v", got)
	}
	at := "/v2/channels/" + blocked.ID.String()
	var seen epg.Channel
	b.as("viewer@FR", "GET", at, nil).Want(http.StatusOK).Decode(&seen)
	if ref := seen.GeoRestrictions; ref == nil || ref.RuleID != rule || ref.Policy != "block_list" || !slices.Equal(ref.Territories, []string{"DE"}) {
		t.Errorf("geo_restrictions %+v", ref)
	}
	header := map[string]string{"X-Request-Id": "r"}
	hidden := b.Do(apitest.Request{Method: "GET", Path: at, Access: "viewer@DE", Header: header}).Want(http.StatusNotFound)
	absent := b.Do(apitest.Request{Method: "GET", Path: "/v2/channels/" + uuid.NewString(), Access: "viewer@DE", Header: header}).Want(http.StatusNotFound)
	if string(hidden.Body) != string(absent.Body) {
		t.Errorf("blocked and absent differ: %s %s", hidden.Body, absent.Body)
	}
	b.Ask(wire.FillPrefix+at, map[string]string{wire.Deny: rule.String()}).Want(http.StatusNotFound)
}

func TestChannelsAreOrdered(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	in := func(name string, order, number int) {
		fields := map[string]any{"name": name, "sort_order": order}
		if number > 0 {
			fields["number"] = number
		}
		b.published(fields)
	}
	in("without a number", 0, 0)
	in("ähnlich", 0, 0)
	in("Apple", 0, 0)
	in("zwei", 0, 2)
	in("zehn", 0, 10)
	in("first", -1, 900)
	in("last", 1, 1)
	in("Zwei", 0, 2)
	want := []string{"first", "zwei", "Zwei", "zehn", "ähnlich", "Apple", "without a number", "last"}
	if got := b.names("viewer", ""); !slices.Equal(got, want) {
		t.Errorf("the order is %q, want %q", got, want)
	}
	for _, query := range []string{"limit=1", "limit=3", "limit=3&status=live", "limit=2&fields=name"} {
		var got []string
		for page := query; page != ""; {
			var p api.Paged[epg.Channel]
			b.as("viewer", "GET", "/v2/channels?"+page, nil).Want(http.StatusOK).Decode(&p)
			for _, c := range p.Data {
				got = append(got, c.Name)
			}
			if page = ""; p.Meta.HasMore {
				page = query + "&cursor=" + *p.Meta.NextCursor
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s pages through %q, want %q", query, got, want)
		}
	}
	b.as("viewer", "GET", "/v2/channels?limit=1&cursor=junk", nil).Want(http.StatusBadRequest)
}

func TestChannelSearchAndFilters(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	b.published(map[string]any{"name": "Élan Sport", "number": 101, "category": "Sports", "language": "fr-FR", "description": "Football, straße."})
	b.published(map[string]any{"name": "Other", "category": "Sports & more", "language": "FR", "status": "offline"})
	b.published(map[string]any{"name": "Repair", "language": "fro", "status": "scheduled_maintenance", "category": "Новости"})
	b.create(map[string]any{"name": "Hidden", "language": "fr", "category": "Sports"})
	for query, want := range map[string]string{
		"":                               "Élan Sport,Other,Repair",
		"status=live":                    "Élan Sport",
		"status=offline":                 "Other",
		"category=sports":                "Élan Sport",
		"category=SPORTS+%26+more":       "Other",
		"category=sport":                 "",
		"category=НОВОСТИ":               "Repair",
		"language=fr":                    "Élan Sport,Other",
		"language=fr-fr":                 "Élan Sport",
		"language=fr-CA":                 "",
		"language=%25":                   "",
		"q=elan":                         "Élan Sport",
		"q=ELA+spo":                      "Élan Sport",
		"q=101":                          "Élan Sport",
		"q=football":                     "Élan Sport",
		"q=strasse":                      "Élan Sport",
		"q=elan+x":                       "",
		"q=!!!":                          "",
		"q=0":                            "",
		"q=hidden":                       "",
		"q=sports":                       "Élan Sport,Other",
		"q='a'|b":                        "",
		"q=sports&status=live&unknown=1": "Élan Sport",
	} {
		if got := strings.Join(b.names("viewer", query), ","); got != want {
			t.Errorf("%s finds %s, want %s", query, got, want)
		}
	}
	for _, bad := range []string{"limit=0", "limit=101", "limit=x", "status=scheduled_maintenance", "fields=budget", "fields=epg_ids", "q=" + strings.Repeat("x", 201)} {
		b.as("viewer", "GET", "/v2/channels?"+bad, nil).Want(http.StatusBadRequest).Refused()
	}
	for query, want := range map[string]int{"": 4, "q=hidden": 1, "status=live": 2, "status=scheduled_maintenance": 1, "q=sports&status=live": 2, "limit=1": 4, "q=x": 0} {
		var page api.Counted[epg.AdminChannel]
		b.edit("GET", adminChannels+"?"+query, nil).Want(http.StatusOK).Decode(&page)
		if page.Meta.TotalCount != want || len(page.Data) != min(want, page.Meta.Limit) {
			t.Errorf("%s: %d of %d, want %d", query, len(page.Data), page.Meta.TotalCount, want)
		}
	}
	b.edit("GET", adminChannels+"?category=Sports", nil).Want(http.StatusBadRequest)
}

func TestChannelsAreFoundByTheirOwnNames(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	for _, name := range []string{"24/7 News", "TV5Monde+", "R&B.tv", "テレビ東京", "Das Erste HD", "3sat", "Don't", "Ä-Kanal", "M6", "What?!"} {
		b.published(map[string]any{"name": name})
		if got := b.names("viewer", "q="+url.QueryEscape(name)); !slices.Contains(got, name) {
			t.Errorf("%q is not found by itself: %q", name, got)
		}
	}
}

func TestSparseChannels(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	c := b.published(nil)
	for path, want := range map[string]string{
		"/v2/channels/" + c.ID.String() + "?fields=name,slug": `{"name":"North One","slug":"north-one"}`,
		"/v2/channels?fields=name":                            `{"data":[{"name":"North One"}],"meta":{"next_cursor":null,"has_more":false,"limit":20}}`,
	} {
		if got := b.as("viewer", "GET", path, nil).Want(http.StatusOK); string(got.Body) != want {
			t.Errorf("%s: %s, want %s", path, got.Body, want)
		}
	}
	if got := b.edit("GET", c.Location()+"?fields=epg_ids", nil).Want(http.StatusOK); string(got.Body) != `{"epg_ids":[]}` {
		t.Errorf("editors get %s", got.Body)
	}
}

func TestCatchupDays(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	for _, c := range []struct {
		enabled bool
		sent    any
		want    any
	}{
		{false, absent, nil}, {false, nil, nil}, {false, 5, nil}, {false, 0, nil},
		{true, absent, 7.0}, {true, nil, 7.0}, {true, 0, 0.0}, {true, 30, 30.0},
	} {
		var got map[string]any
		b.edit("POST", adminChannels, channelBody(map[string]any{"is_catchup_enabled": c.enabled, "catchup_days": c.sent})).Want(http.StatusCreated).Decode(&got)
		if days, there := got["catchup_days"]; days != c.want || !there {
			t.Errorf("enabled %v with %v gives %v, want %v", c.enabled, c.sent, days, c.want)
		}
	}
	b.edit("POST", adminChannels, channelBody(map[string]any{"is_catchup_enabled": false, "catchup_days": 31})).Want(http.StatusUnprocessableEntity)
}

// Every field that can be wrong is named.
func TestChannelBodies(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	for _, c := range []struct {
		field string
		value any
		want  int
	}{
		{"name", absent, 422}, {"name", "", 422}, {"name", "  ", 422}, {"name", strings.Repeat("é", 100), 201}, {"name", strings.Repeat("é", 101), 422}, {"name", 5, 400},
		{"status", absent, 422}, {"status", "draft", 422}, {"drm_required", absent, 422}, {"is_premium", absent, 422}, {"is_catchup_enabled", absent, 422},
		{"is_premium", "yes", 400}, {"number", 0, 422}, {"number", -1, 422}, {"number", 1, 201}, {"number", "1", 400}, {"number", 1.5, 400},
		{"description", strings.Repeat("x", 1001), 422}, {"category", strings.Repeat("x", 101), 422}, {"language", "pt-BR", 201}, {"language", "no language", 422},
		{"images", map[string]any{"poster_url": "not a url"}, 422}, {"images", map[string]any{"poster": "x"}, 400}, {"geo_restrictions", "x", 400},
		{"catchup_days", 31, 422}, {"catchup_days", -1, 422}, {"catchup_days", "7", 400}, {"sort_order", -5, 201}, {"sort_order", 1e9, 422},
		{"website_url", "javascript:alert(1)", 422}, {"website_url", "/x", 422}, {"website_url", "https://x.example", 201},
		{"epg_ids", []string{" "}, 422}, {"epg_ids", []string{""}, 422}, {"epg_ids", []string{strings.Repeat("x", 256)}, 422}, {"epg_ids", "x", 400}, {"epg_ids", []string{}, 201},
		{"id", "x", 400}, {"slug", "x", 400}, {"is_published", true, 400},
	} {
		a := b.edit("POST", adminChannels, channelBody(map[string]any{c.field: c.value}))
		if a.Status != c.want {
			t.Errorf("%s = %v: %d, want %d: %s", c.field, c.value, a.Status, c.want, a.Body)
		}
		if a.Status >= 400 && !strings.Contains(string(a.Body), `"field":"`+c.field) {
			t.Errorf("%s = %v is not named: %s", c.field, c.value, a.Body)
		}
	}
	all := b.edit("POST", adminChannels, map[string]any{"name": " ", "status": "x", "language": "no language", "epg_ids": []string{"a", " "}}).Want(http.StatusUnprocessableEntity)
	if got, want := all.Refused().Fields(), []string{"drm_required", "epg_ids[1]", "is_catchup_enabled", "is_premium", "language", "name", "status"}; !slices.Equal(got, want) {
		t.Errorf("the faults are named %q, want %q", got, want)
	}
}

func TestChannelSlugs(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	if got := b.create(nil).Slug; got != "north-one" {
		t.Errorf("the first is %s", got)
	}
	if got := b.create(map[string]any{"number": 5}).Slug; got != "north-one-5" {
		t.Errorf("the second is %s", got)
	}
	again := b.create(map[string]any{"number": 5})
	if want := "north-one-5-" + again.ID.String()[24:]; again.Slug != want {
		t.Errorf("the third is %s, want %s", again.Slug, want)
	}
	if got := b.create(map[string]any{"name": "テレビ東京"}).Slug; got != "channel" {
		t.Errorf("a name without letters gives %s", got)
	}
	var renamed epg.AdminChannel
	b.edit("PUT", again.Location(), channelBody(map[string]any{"name": "Else"})).Want(http.StatusOK).Decode(&renamed)
	if renamed.Slug != again.Slug || renamed.Number != 0 {
		t.Errorf("renamed to %+v", renamed)
	}
}

// Editors never choose slugs, so no number of them at once may collide.
func TestSameChannelNameAtOnce(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	statuses := make([]int, 20)
	var wg sync.WaitGroup
	for i := range statuses {
		wg.Go(func() {
			for statuses[i] = 503; statuses[i] == 503; { // twenty want one of a few connections: some are told to come back
				statuses[i] = b.edit("POST", adminChannels, channelBody(map[string]any{"number": 1})).Status
			}
		})
	}
	wg.Wait()
	for _, status := range statuses {
		if status != http.StatusCreated {
			t.Fatalf("twenty at once: %v", statuses)
		}
	}
}

func TestChannelPreconditionsAndReplays(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	send := func(method, path string, body any, header ...string) *apitest.Answer {
		t.Helper()
		return b.Do(apitest.Request{Method: method, Path: path, Access: channelEditor, Body: body, Header: map[string]string{header[0]: header[1]}})
	}
	first := send("POST", adminChannels, channelBody(nil), "Idempotency-Key", "k").Want(http.StatusCreated)
	again := send("POST", adminChannels, channelBody(nil), "Idempotency-Key", "k").Want(http.StatusCreated)
	if string(first.Body) != string(again.Body) || again.Header.Get("Idempotent-Replayed") != "true" || len(apitest.Column[int](b.Bundle, `SELECT 1 FROM channels`)) != 1 {
		t.Errorf("replayed %s, then %s", first.Body, again.Body)
	}
	var c epg.AdminChannel
	first.Decode(&c)
	old := first.Header.Get("ETag")
	fresh := send("PUT", c.Location(), channelBody(map[string]any{"name": "Else", "epg_ids": []string{"e"}}), "If-Match", old).Want(http.StatusOK).Header.Get("ETag")
	refused := send("PUT", c.Location(), channelBody(map[string]any{"name": ""}), "If-Match", old).Want(http.StatusPreconditionFailed)
	if got := refused.Refused().Fields(); refused.Header.Get("ETag") != fresh || !slices.Equal(got, []string{"name", "epg_ids"}) {
		t.Errorf("412 with %s, names %q", refused.Header.Get("ETag"), got)
	}
	send("POST", c.Location()+"/publish", nil, "If-Match", old).Want(http.StatusPreconditionFailed)
	send("DELETE", c.Location(), nil, "If-Match", old).Want(http.StatusPreconditionFailed)
	send("PUT", "/v2/admin/channels/"+uuid.NewString(), channelBody(map[string]any{"name": ""}), "If-Match", old).Want(http.StatusNotFound)
	send("DELETE", c.Location(), nil, "If-Match", fresh).Want(http.StatusNoContent)
}

// PUT replaces: what is not sent is not kept, but for the publication, which has operations of its own.
func TestPutReplacesAChannel(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	b.Set(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	c := b.published(map[string]any{"number": 7, "description": "d", "category": "c", "language": "en", "images": map[string]any{"logo_url": "https://cdn.example.com/l.png"},
		"is_catchup_enabled": true, "catchup_days": 2, "sort_order": 3, "website_url": "https://x.example", "epg_ids": []string{"e"}, "is_premium": true})
	b.Set(time.Date(2026, 3, 1, 12, 0, 1, 0, time.UTC))
	var got epg.AdminChannel
	b.edit("PUT", c.Location(), channelBody(map[string]any{"name": "Plain"})).Want(http.StatusOK).Decode(&got)
	want := epg.AdminChannel{Channel: epg.Channel{ID: c.ID, Name: "Plain", Slug: c.Slug, Status: "live", CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt.Add(time.Second)},
		IsPublished: true, EPGIDs: []string{}}
	if gotJSON, wantJSON := mustJSON(t, got), mustJSON(t, want); gotJSON != wantJSON {
		t.Errorf("replaced by %s, want %s", gotJSON, wantJSON)
	}
	b.edit("POST", c.Location()+"/unpublish", nil).Want(http.StatusOK)
	b.edit("PUT", c.Location(), channelBody(nil)).Want(http.StatusOK).Decode(&got)
	if got.IsPublished {
		t.Error("an edit published the channel")
	}
}
