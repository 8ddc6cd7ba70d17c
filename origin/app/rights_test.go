package app

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/origin/catalog"
	"encora/origin/epg"
	"encora/origin/media"
	"encora/origin/rights"
)

const editing = "content:read content:write content:publish"

// origin is all domains, joined as the program joins them, behind sockets and on a database of its own.
type origin struct {
	*apitest.Bundle
	domains *domains
}

func startOrigin(t *testing.T) *origin {
	t.Helper()
	o := &origin{}
	o.Bundle = apitest.New(t, func(b *apitest.Bundle) []api.Entry {
		o.domains = newDomains(b.DB, nil, "")
		return o.domains.entries()
	})
	o.Server.DenyRules, o.Server.PlanFilter = o.domains.rights.DenyRules, o.domains.subscriber.PlanFilter
	return o
}

func (o *origin) edit(method, path string, body any) *apitest.Answer {
	return o.Do(apitest.Request{Method: method, Path: path, Access: editing, Body: body})
}

func (o *origin) channel(name string) epg.AdminChannel {
	var c epg.AdminChannel
	o.edit("POST", "/v2/admin/channels", object{"name": name, "status": "live", "drm_required": false, "is_premium": false, "is_catchup_enabled": false}).
		Want(http.StatusCreated).Decode(&c)
	o.edit("POST", c.Location()+"/publish", nil).Want(http.StatusOK)
	return c
}

func (o *origin) movie(title string) catalog.AdminMovie {
	var m catalog.AdminMovie
	o.edit("POST", "/v2/admin/movies", object{"title": title, "status": "draft", "drm_required": false}).Want(http.StatusCreated).Decode(&m)
	return m
}

// One rule applies to content of several domains, and each domain's answers follow it.
func TestRulesApplyToChannels(t *testing.T) {
	t.Parallel()
	o := startOrigin(t)
	c, m := o.channel("One"), o.movie("Heat")
	body := object{"name": "R", "policy": "block_list", "territories": []string{"DE"}, "applies_to": []uuid.UUID{c.ID, m.ID}}
	var rule rights.GeoRule
	tags := o.during(func() {
		o.edit("POST", "/v2/admin/geo-restrictions", body).Want(http.StatusCreated).Decode(&rule)
	})
	if want := []string{"!channel:" + c.ID.String(), "!channels", "!geo", "lineup"}; !slices.Equal(tags, want) {
		t.Errorf("a new rule of a channel and a draft emits %q, want %q", tags, want)
	}
	at := "/v2/channels/" + c.ID.String()
	see := func(access string, want int) {
		t.Helper()
		o.Do(apitest.Request{Method: "GET", Path: at, Access: access}).Want(want)
	}
	see("viewer@DE", http.StatusNotFound)
	see("viewer@FR", http.StatusOK)

	ask := func(contentType string, want int) *apitest.Answer {
		t.Helper()
		return o.edit("POST", "/v2/admin/geo-restrictions/check", object{"content_id": c.ID, "content_type": contentType, "country_code": "DE"}).Want(want)
	}
	var decision rights.GeoDecision
	ask("channel", http.StatusOK).Decode(&decision)
	if decision.Allowed || *decision.RuleID != rule.ID {
		t.Errorf("decided %+v", decision)
	}
	ask("movie", http.StatusNotFound)

	body["applies_to"] = []uuid.UUID{m.ID}
	tags = o.during(func() { o.edit("PUT", rule.Location(), body).Want(http.StatusOK) })
	if want := []string{"channel:" + c.ID.String(), "channels", "lineup"}; !slices.Equal(tags, want) {
		t.Errorf("a channel less emits %q, want %q", tags, want)
	}
	see("viewer@DE", http.StatusOK)
	body["applies_to"] = []uuid.UUID{m.ID, uuid.New()}
	if got := o.edit("PUT", rule.Location(), body).Want(http.StatusUnprocessableEntity).Refused().Fields(); !slices.Equal(got, []string{"applies_to[1]"}) {
		t.Errorf("unknown content is named %q", got)
	}
}

// A channel's own geo_restrictions and a rule's applies_to are the same attachments.
func TestChannelsAttachRules(t *testing.T) {
	t.Parallel()
	o := startOrigin(t)
	c := o.channel("One")
	var rule rights.GeoRule
	o.edit("POST", "/v2/admin/geo-restrictions", object{"name": "R", "policy": "allow_list", "territories": []string{"SE"}}).Want(http.StatusCreated).Decode(&rule)
	put := func(reference any, want int) *apitest.Answer {
		t.Helper()
		return o.edit("PUT", c.Location(), object{"name": "One", "status": "live", "drm_required": false, "is_premium": false, "is_catchup_enabled": false,
			"geo_restrictions": reference}).Want(want)
	}
	tags := o.during(func() { put(object{"rule_id": rule.ID}, http.StatusOK) })
	if want := []string{"!channel:" + c.ID.String(), "!channels", "!geo", "lineup"}; !slices.Equal(tags, want) {
		t.Errorf("attaching emits %q, want %q", tags, want)
	}
	o.edit("GET", "/v2/admin/geo-restrictions/"+rule.ID.String(), nil).Want(http.StatusOK).Decode(&rule)
	if !slices.Equal(rule.AppliesTo, []uuid.UUID{c.ID}) {
		t.Errorf("the rule applies to %v", rule.AppliesTo)
	}
	if got := put(object{"rule_id": uuid.New()}, http.StatusUnprocessableEntity).Refused().Fields(); !slices.Equal(got, []string{"geo_restrictions.rule_id"}) {
		t.Errorf("an unknown rule is named %q", got)
	}
	o.edit("DELETE", "/v2/admin/geo-restrictions/"+rule.ID.String(), nil).Want(http.StatusConflict)
	o.edit("POST", c.Location()+"/unpublish", nil).Want(http.StatusOK)
	o.edit("DELETE", c.Location(), nil).Want(http.StatusNoContent)
	o.edit("DELETE", "/v2/admin/geo-restrictions/"+rule.ID.String(), nil).Want(http.StatusNoContent)
}

// Editors register a channel's stream as they do a film's, and it goes with the channel.
func TestChannelsHaveMedia(t *testing.T) {
	t.Parallel()
	o := startOrigin(t)
	c := o.channel("One")
	target := object{"content_type": "channel", "content_id": c.ID}
	tags := o.during(func() {
		o.Do(apitest.Request{Method: "POST", Path: "/v2/admin/media/assets", Access: "media:read media:write",
			Body: object{"asset_type": "video_master", "target": target, "hls_path": "/live/one/master.m3u8"}}).Want(http.StatusCreated)
	})
	if want := []string{"channel:" + c.ID.String(), "channels", "lineup"}; !slices.Equal(tags, want) {
		t.Errorf("a stream emits %q, want %q", tags, want)
	}
	count := func() int {
		var page api.Counted[media.Asset]
		o.Do(apitest.Request{Method: "GET", Path: "/v2/admin/media/assets?content_type=channel", Access: "media:read"}).Want(http.StatusOK).Decode(&page)
		return page.Meta.TotalCount
	}
	if n := count(); n != 1 {
		t.Errorf("%d assets", n)
	}
	o.edit("POST", c.Location()+"/unpublish", nil).Want(http.StatusOK)
	o.edit("DELETE", c.Location(), nil).Want(http.StatusNoContent)
	if n := count(); n != 0 {
		t.Errorf("%d assets are left of a channel that is gone", n)
	}
}

// during lists the distinct tags that fn's writes emitted, sorted.
func (o *origin) during(fn func()) []string {
	head := o.Head()
	fn()
	tags := slices.DeleteFunc(o.TagsSince(head), func(tag string) bool { return strings.HasPrefix(tag, "suggest:") }) // with every title
	slices.Sort(tags)
	return slices.Compact(tags)
}
