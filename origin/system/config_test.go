package system

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"encora/origin/apitest"
	"encora/shared/wire"
)

const admin = "/v2/admin/app-config/"

func settings(change func(object)) object {
	s := object{
		"minimum_app_version": object{"required": "4.2", "recommended": "4.10.1", "store_url": "https://apps.example.com/encora"},
		"feature_flags":       object{"downloads": true, "bitrate_cap": 4.5, "theme": "dark"},
		"cdn_base_url":        "https://media.example.com/v1",
		"maintenance":         object{"is_active": false, "message": nil, "starts_at": nil, "ends_at": nil, "allow_playback": true},
		"supported_locales":   []string{"en", "sv-SE"},
	}
	if change != nil {
		change(s)
	}
	return s
}

func put(b *apitest.Bundle, platform string, body any) *apitest.Answer {
	return b.Do(apitest.Request{Method: "PUT", Path: admin + platform, Access: editor, Body: body})
}

func TestDefaultConfig(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, platform := range []string{"ios", "android", "tvos", "web", "roku", "firetv"} {
		a := get(b, "/v2/config?platform="+platform).Want(200)
		var c AppConfig
		a.Decode(&c)
		want := `{"minimum_app_version":{"required":"1.0.0","recommended":"1.0.0","store_url":null},"feature_flags":{},"cdn_base_url":"https://cdn.example.com",` +
			`"maintenance":{"is_active":false,"message":null,"starts_at":null,"ends_at":null,"allow_playback":true},"supported_locales":["en"],"config_version":"` + c.ConfigVersion + `"}`
		if string(a.Body) != want || len(c.ConfigVersion) != 16 {
			t.Errorf("%s: %s, want %s", platform, a.Body, want)
		}
		var admins AdminAppConfig
		b.Do(apitest.Request{Method: "GET", Path: admin + platform, Access: "content:read"}).Want(200).Decode(&admins)
		if admins.Platform != platform || admins.UpdatedAt != nil || admins.ConfigVersion != c.ConfigVersion {
			t.Errorf("editors see %+v", admins)
		}
	}
}

func TestConfigIsCacheable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := get(b, "/v2/config?platform=web").Want(200)
	if a.Header.Get("Cache-Control") != "public, max-age=10" || a.Header.Get("ETag") == "" {
		t.Errorf("headers %v", a.Header)
	}
	again := b.Do(apitest.Request{Method: "GET", Path: "/v2/config?platform=web", Header: map[string]string{"If-None-Match": "W/" + a.Header.Get("ETag")}}).Want(304)
	if len(again.Body) != 0 || again.Header.Get("ETag") != a.Header.Get("ETag") {
		t.Errorf("304 with %v %s", again.Header, again.Body)
	}
	fill := b.Ask(wire.FillPrefix+"/v2/config?platform=web", nil).Want(200)
	if fill.Header.Get(wire.Tags) != "config:web" || fill.Header.Get(wire.Until) != "" || fill.Header.Get("ETag") != a.Header.Get("ETag") {
		t.Errorf("filled with %v", fill.Header)
	}
}

func TestUpdateConfig(t *testing.T) {
	t.Parallel()
	b := setup(t)
	head := b.Head()
	first := b.Do(apitest.Request{Method: "GET", Path: admin + "roku", Access: editor}).Want(200)
	var c AdminAppConfig
	a := put(b, "roku", settings(nil)).Want(200)
	a.Decode(&c)
	if c.UpdatedAt == nil || !strings.Contains(string(a.Body), `"feature_flags":{"bitrate_cap":4.5,"downloads":true,"theme":"dark"}`) {
		t.Errorf("PUT answers %s", a.Body)
	}
	got := b.Do(apitest.Request{Method: "GET", Path: admin + "roku", Access: editor}).Want(200)
	if string(got.Body) != string(a.Body) || got.Header.Get("ETag") != a.Header.Get("ETag") {
		t.Errorf("GET answers %s, PUT %s", got.Body, a.Body)
	}
	var seen AppConfig
	get(b, "/v2/config?platform=roku").Want(200).Decode(&seen)
	if seen.ConfigVersion != c.ConfigVersion || seen.CDNBaseURL != "https://media.example.com/v1" {
		t.Errorf("apps get %+v", seen)
	}
	get(b, "/v2/config?platform=ios").Want(200).Decode(&seen)
	if seen.CDNBaseURL != "https://cdn.example.com" {
		t.Errorf("other platforms get %+v", seen)
	}
	stale := b.Do(apitest.Request{Method: "PUT", Path: admin + "roku", Access: editor, Body: settings(nil), Header: map[string]string{"If-Match": first.Header.Get("ETag")}}).Want(412)
	if fields := stale.Refused().Fields(); !slices.Contains(fields, "feature_flags") || stale.Header.Get("ETag") != a.Header.Get("ETag") {
		t.Errorf("412 names %q", fields)
	}
	b.Do(apitest.Request{Method: "PUT", Path: admin + "roku", Access: editor, Body: settings(nil), Header: map[string]string{"If-Match": a.Header.Get("ETag")}}).Want(200)
	if tags := b.TagsSince(head); !slices.Equal(tags, []string{"config:roku"}) {
		t.Errorf("emitted %q: the second PUT changed nothing", tags)
	}
	if actions := b.Actions(); !slices.Equal(actions, []string{"config.updated", "config.updated"}) {
		t.Errorf("audit has %q", actions)
	}
}

// TestMaintenanceByTheClock holds that maintenance begins and ends by the clock, for the asked instant.
func TestMaintenanceByTheClock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	starts, ends := time.Now().Add(time.Hour).UTC().Truncate(time.Second), time.Now().Add(2*time.Hour).UTC().Truncate(time.Second)
	window := func(active bool, from, to any) {
		t.Helper()
		put(b, "web", settings(func(s object) {
			s["maintenance"] = object{"is_active": active, "message": "Back soon", "starts_at": from, "ends_at": to, "allow_playback": false}
		})).Want(200)
	}
	versions := map[string]bool{}
	f := func(at time.Time, active bool, until string) {
		t.Helper()
		a := b.Ask(wire.FillPrefix+"/v2/config?platform=web", map[string]string{wire.AsOf: at.Format(time.RFC3339Nano)}).Want(200)
		var c AppConfig
		a.Decode(&c)
		versions[c.ConfigVersion] = true
		if c.Maintenance.IsActive != active || a.Header.Get(wire.Until) != until {
			t.Errorf("%v: active %v until %q, want %v until %q", at, c.Maintenance.IsActive, a.Header.Get(wire.Until), active, until)
		}
	}
	window(true, starts, ends)
	f(starts.Add(-time.Nanosecond), false, starts.Format(time.RFC3339Nano))
	f(starts, true, ends.Format(time.RFC3339Nano))
	f(ends.Add(-time.Nanosecond), true, ends.Format(time.RFC3339Nano))
	f(ends, false, "")
	if len(versions) != 2 {
		t.Errorf("%d versions of two states", len(versions))
	}
	window(true, nil, ends)
	f(starts.Add(-time.Minute), true, ends.Format(time.RFC3339Nano))
	window(true, nil, nil)
	f(starts, true, "")
	window(false, starts, ends)
	f(starts, false, "")
	b.Set(starts)
	var c AdminAppConfig
	window(true, starts.Add(time.Minute), nil)
	b.Do(apitest.Request{Method: "GET", Path: admin + "web", Access: editor}).Want(200).Decode(&c)
	if !c.Maintenance.IsActive {
		t.Error("editors see the clock's word instead of their own")
	}
}

func TestConfigFaultsAreAllNamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := func(body object, want ...string) {
		t.Helper()
		got := slices.Sorted(slices.Values(put(b, "web", body).Want(422).Refused().Fields()))
		if !slices.Equal(got, want) {
			t.Errorf("422 names %q, want %q", got, want)
		}
	}
	f(object{}, "cdn_base_url", "feature_flags", "maintenance", "minimum_app_version", "supported_locales")
	f(settings(func(s object) {
		s["feature_flags"] = object{"a b": 1, "ok": []int{1}, "none": nil, "nested": object{}, "long": strings.Repeat("x", 1001), "": true, "nul": "a\x00"}
		s["supported_locales"] = []string{"en", "en_US", "no!", "zzzz-toolongpart"}
		s["maintenance"] = object{"is_active": true, "allow_playback": true, "starts_at": "2026-01-02T00:00:00Z", "ends_at": "2026-01-02T00:00:00Z"}
	}), "feature_flags.", "feature_flags.a b", "feature_flags.long", "feature_flags.nested", "feature_flags.none", "feature_flags.nul", "feature_flags.ok",
		"maintenance.ends_at", "supported_locales[1]", "supported_locales[2]", "supported_locales[3]")
	for _, url := range []string{"cdn.example.com", "//cdn.example.com", "ftp://cdn.example.com", "https://", "https://u:p@cdn.example.com", "https://cdn.example.com/?a=b", "https://cdn.example.com/#a", "javascript:alert(1)", "/v1"} {
		f(settings(func(s object) { s["cdn_base_url"] = url }), "cdn_base_url")
	}
	for _, version := range []string{"", "v1", "1.", "1.2.3.4.5", "1.0-beta", " 1", "１"} {
		f(settings(func(s object) { s["minimum_app_version"] = object{"required": version, "recommended": "1"} }), "minimum_app_version.required")
	}
	f(settings(func(s object) {
		s["minimum_app_version"] = object{"required": "1", "recommended": "1", "store_url": "javascript:x"}
	}), "minimum_app_version.store_url")
	f(settings(func(s object) { s["supported_locales"] = []string{} }), "supported_locales")
	many := object{}
	for i := range 501 {
		many[fmt.Sprint("f", i)] = true
	}
	f(settings(func(s object) { s["feature_flags"] = many }), "feature_flags")
	delete(many, "f0")
	put(b, "web", settings(func(s object) { s["feature_flags"] = maps.Clone(many) })).Want(200)
}

func TestConfigOfUnknownPlatform(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, query := range []string{"", "?platform=", "?platform=symbian", "?platform=ios&platform=web", "?platform=IOS", "?platform=%00"} {
		if fields := get(b, "/v2/config"+query).Want(400).Refused().Fields(); !slices.Equal(fields, []string{"platform"}) {
			t.Errorf("%q names %q", query, fields)
		}
	}
	get(b, "/v2/config?platform=ios&unknown=1").Want(200)
	put(b, "symbian", settings(nil)).Want(400).Refused()
	b.Do(apitest.Request{Method: "GET", Path: admin + "symbian", Access: editor}).Want(400).Refused()
}

func TestConfigBadInput(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Hostile(t, apitest.Request{Method: "PUT", Path: admin + "web", Access: editor}, settings(func(s object) {
		s["maintenance"] = object{"is_active": true, "message": "m", "starts_at": "2026-01-02T00:00:00Z", "ends_at": "2026-01-03T00:00:00+02:00", "allow_playback": true}
	}))
	get(b, "/v2/config?platform=web").Want(http.StatusOK)
}

func TestConfigWhoMay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Denied(t, apitest.Request{Method: "GET", Path: admin + "web"})
	b.Denied(t, apitest.Request{Method: "PUT", Path: admin + "web"})
	b.Do(apitest.Request{Method: "PUT", Path: admin + "web", Access: "content:read"}).Want(403)
}
