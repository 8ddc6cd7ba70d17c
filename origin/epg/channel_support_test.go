package epg_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/origin/epg"
	"encora/shared/wire"
)

const (
	channelEditor = "content:read content:write content:publish"
	adminChannels = "/v2/admin/channels"
)

// channelBundle is the guide behind real sockets and a real database, with stand-ins for what other domains own.
type channelBundle struct {
	*apitest.Bundle
	t      testing.TB
	domain *epg.Domain
}

func setupChannels(t testing.TB) *channelBundle {
	t.Helper()
	b := &channelBundle{t: t}
	b.Bundle = apitest.New(t, func(a *apitest.Bundle) []api.Entry {
		b.domain = &epg.Domain{DB: a.DB, Upkeep: apitest.Upkeep}
		return b.domain.Entries()
	})
	b.Server.DenyRules = apitest.DenyRules
	return b
}

// channelBody is a legal body with fields replaced; absent takes one out.
func channelBody(fields map[string]any) map[string]any {
	body := map[string]any{"name": "North One", "status": "live", "drm_required": false, "is_premium": false, "is_catchup_enabled": false}
	maps.Copy(body, fields)
	maps.DeleteFunc(body, func(_ string, v any) bool { return v == absent })
	return body
}

type absence struct{}

var absent = absence{}

func (b *channelBundle) as(access, method, path string, body any) *apitest.Answer {
	b.t.Helper()
	return b.Do(apitest.Request{Method: method, Path: path, Access: access, Body: body})
}

func (b *channelBundle) edit(method, path string, body any) *apitest.Answer {
	b.t.Helper()
	return b.as(channelEditor, method, path, body)
}

// create makes a channel that is not published, publish shows it.
func (b *channelBundle) create(fields map[string]any) epg.AdminChannel {
	b.t.Helper()
	var c epg.AdminChannel
	b.edit("POST", adminChannels, channelBody(fields)).Want(http.StatusCreated).Decode(&c)
	return c
}

func (b *channelBundle) publish(c epg.AdminChannel) epg.AdminChannel {
	b.t.Helper()
	b.edit("POST", c.Location()+"/publish", nil).Want(http.StatusOK).Decode(&c)
	return c
}

func (b *channelBundle) published(fields map[string]any) epg.AdminChannel {
	b.t.Helper()
	return b.publish(b.create(fields))
}

// names lists the names of a viewers' list.
func (b *channelBundle) names(access, query string) []string {
	b.t.Helper()
	var page api.Paged[epg.Channel]
	b.as(access, "GET", "/v2/channels?"+query, nil).Want(http.StatusOK).Decode(&page)
	names := []string{}
	for _, c := range page.Data {
		names = append(names, c.Name)
	}
	return names
}

// program stores a programme of the channel.
func (b *channelBundle) program(c epg.AdminChannel) {
	b.t.Helper()
	b.Exec(`INSERT INTO programs (channel_id, id, title, description, content_rating, language, start_time, end_time, categories, images, catchup_blocked)
		VALUES ($1, $2, 'News', '', '', '', '2026-03-01 20:00Z', '2026-03-01 20:15Z', '{}', '{}', false)`, c.ID, uuid.Must(uuid.NewV7()))
}

func (b *channelBundle) lineup() []wire.LineupChannel {
	b.t.Helper()
	var l wire.Lineup
	b.Ask(wire.LineupPath, nil).Want(http.StatusOK).Decode(&l)
	return l.Channels
}

// during lists the distinct tags that fn's writes emitted, sorted.
func (b *channelBundle) during(fn func()) []string {
	b.t.Helper()
	head := b.Head()
	fn()
	tags := b.TagsSince(head)
	slices.Sort(tags)
	return slices.Compact(tags)
}
