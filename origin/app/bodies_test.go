package app

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"encora/origin/apitest"
)

// All that can be told from a body alone is told in one answer, with what can't be read in it (400) or without (422).
func TestAllFaultsOfABody(t *testing.T) {
	t.Parallel()
	o := startOrigin(t)
	channel, movie := o.channel("One").ID, o.movie("Heat").ID
	f := func(path string, body object, want ...string) {
		t.Helper()
		for _, status := range []int{422, 400} {
			if status == 400 {
				body["surplus"] = 1
				want = append(want, "surplus unknown_field")
			}
			method := "POST"
			if path == "/v2/admin/app-config/ios" {
				method = "PUT"
			}
			a := o.Do(apitest.Request{Method: method, Path: path, Access: editing + " media:write epg:write", Body: body}).Want(status)
			var got []string
			for _, d := range a.Refused().Details {
				got = append(got, d.Field+" "+d.Code)
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s: %d names %q, want %q", path, status, got, want)
			}
		}
	}
	f("/v2/admin/movies", object{"title": "a\nb", "tagline": "a\r\nb", "drm_required": true, "status": "draft", "country_of_origin": []string{"XX"},
		"audio_languages": []string{"no language"}, "subtitle_languages": []string{"!"}, "images": object{"poster_url": "/x"},
		"cast": []object{{"name": "A\rB", "role": "actor", "image_url": "ftp://x/y"}}, "available_from": "2026-01-02T00:00:00Z", "available_until": "2026-01-01T00:00:00Z"},
		"title invalid_format", "tagline invalid_format", "country_of_origin[0] not_allowed", "audio_languages[0] invalid_format", "subtitle_languages[0] invalid_format",
		"images.poster_url invalid_format", "cast[0].name invalid_format", "cast[0].image_url invalid_format", "available_until out_of_range")
	f("/v2/admin/genres", object{"name": "A\nB", "slug": "x", "content_types": []string{}, "image_url": "/x"},
		"name invalid_format", "content_types too_few", "image_url invalid_format")
	f("/v2/admin/geo-restrictions", object{"name": "A\nB", "policy": "block_list", "territories": []string{"DE", "XX"}},
		"name invalid_format", "territories[1] not_allowed")
	video := object{"asset_type": "video_master", "target": object{"content_type": "movie", "content_id": movie}, "language": "x"}
	f("/v2/admin/media/assets", video, "dash_path required", "hls_path required", "language invalid_format")
	f("/v2/admin/media/assets", object{"asset_type": "video_master", "target": object{"content_type": "movie", "content_id": movie}, "dash_path": "/a/../b", "hls_path": "x"},
		"dash_path invalid_format", "hls_path invalid_format")
	f("/v2/admin/channels", object{"name": "A\nB", "status": "live", "drm_required": false, "is_premium": false, "is_catchup_enabled": false, "language": "!",
		"images": object{"logo_url": "x"}, "website_url": "x", "epg_ids": []string{" "}},
		"name invalid_format", "language invalid_format", "images.logo_url invalid_format", "website_url invalid_format", "epg_ids[0] required")
	f("/v2/admin/channels/"+channel.String()+"/epg", object{"channel_id": channel, "title": "A\nB", "start_time": "2026-03-02T12:00:00Z", "end_time": "2026-03-02T12:00:00Z",
		"is_live": false, "is_catchup_available": false, "language": "!", "images": object{"logo_url": "x"}},
		"title invalid_format", "end_time out_of_range", "language invalid_format", "images.logo_url invalid_format")
	f("/v2/admin/epg/imports", object{"format": "xmltv", "timezone": "Nowhere/At_All"}, "source required", "source_url required", "timezone not_found")
	f("/v2/admin/epg/imports", object{"format": "xmltv", "source": "<tv/>", "source_url": "https://x/"}, "source not_allowed", "source_url not_allowed")
	f("/v2/admin/app-config/ios", object{"minimum_app_version": object{"required": "1", "recommended": "x", "store_url": "x"}, "feature_flags": object{"ok": true, "1": nil},
		"cdn_base_url": "x", "maintenance": object{"is_active": true, "allow_playback": true, "starts_at": "2026-01-02T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"},
		"supported_locales": []string{"en", "x"}},
		"minimum_app_version.recommended invalid_format", "minimum_app_version.store_url invalid_format", "feature_flags.1 invalid_format", "feature_flags.1 not_allowed",
		"cdn_base_url invalid_format", "maintenance.ends_at out_of_range", "supported_locales[1] invalid_format")
}

// One of two fields is given although its value is none: that the other is absent is no fault.
func TestOneOfTwoThatCantBeRead(t *testing.T) {
	t.Parallel()
	o := startOrigin(t)
	f := func(path string, body object, want string) {
		t.Helper()
		a := o.Do(apitest.Request{Method: "POST", Path: path, Access: editing + " media:write epg:write", Body: body}).Want(400)
		if got := a.Refused().Fields(); !slices.Equal(got, []string{want}) {
			t.Errorf("%s names %q", path, got)
		}
	}
	f("/v2/admin/epg/imports", object{"format": "json", "source": []int{}}, "source")
	target := object{"content_type": "movie", "content_id": uuid.Nil}
	f("/v2/admin/media/assets", object{"asset_type": "trailer", "target": target, "dash_path": 1}, "dash_path")
}

// Every pattern has a description, which messages name instead.
func TestPatternsAreDescribed(t *testing.T) {
	var look func(path string, v any)
	look = func(path string, v any) {
		switch v := v.(type) {
		case object:
			if _, isText := v["pattern"].(string); isText && v["patternDescription"] == nil {
				t.Errorf("%s has none", path)
			}
			for name, item := range v {
				look(path+"/"+name, item)
			}
		case []any:
			for _, item := range v {
				look(path, item)
			}
		}
	}
	look("", description(t, newDomains(nil, nil, "").entries()))
}
