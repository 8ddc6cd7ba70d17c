package epg_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"encora/origin/apitest"
	"encora/origin/epg"
	"encora/shared/op"
)

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Every operation is refused without a token, with a bad one, and without its scope.
func TestChannelDenials(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	for _, e := range (&epg.Domain{}).Entries() {
		if e.Access != op.Public && strings.Contains(e.Path, "/channels") {
			path := strings.ReplaceAll(e.Path, "{channel_id}", apitest.AccountID)
			b.Denied(t, apitest.Request{Method: e.Method, Path: path, Access: e.Access})
		}
	}
}

func TestHostileChannels(t *testing.T) {
	t.Parallel()
	b := setupChannels(t)
	valid := map[string]any{
		"name": "North One", "number": 7, "description": "All the news.", "category": "News", "language": "en-GB",
		"images": map[string]any{"logo_url": "https://cdn.example.com/l.png"}, "status": "live", "geo_restrictions": nil, "drm_required": true,
		"is_premium": true, "is_catchup_enabled": true, "catchup_days": 3, "sort_order": 2, "website_url": "https://north.example.com", "epg_ids": []string{"north.one"},
	}
	var c epg.AdminChannel
	b.edit("POST", adminChannels, valid).Want(http.StatusCreated).Decode(&c)
	b.Hostile(t, apitest.Request{Method: "POST", Path: adminChannels, Access: channelEditor}, valid)
	b.Hostile(t, apitest.Request{Method: "PUT", Path: c.Location(), Access: channelEditor}, valid)
	b.publish(c)
	b.HostileQuery(t, apitest.Request{Path: "/v2/channels", Access: "viewer"}, "cursor", "limit", "q", "category", "language", "status", "fields")
	b.HostileQuery(t, apitest.Request{Path: "/v2/channels/" + c.ID.String(), Access: "viewer"}, "fields")
	b.HostileQuery(t, apitest.Request{Path: adminChannels, Access: channelEditor}, "cursor", "limit", "q", "status", "fields")
	for path, access := range map[string]string{"/v2/channels/": "viewer", adminChannels + "/": channelEditor} {
		for _, bad := range []string{"x", "%00", c.ID.String() + "x", "%F0%9F%91%A9", strings.ToUpper(c.ID.String()) + "%20"} {
			b.as(access, "GET", path+bad, nil).Want(http.StatusBadRequest).Refused()
		}
	}
}
