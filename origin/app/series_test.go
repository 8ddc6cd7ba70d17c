package app

import (
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/apitest"
	"encora/origin/media"
	"encora/origin/rights"
	"encora/origin/series"
	"encora/shared/wire"
)

// aired is a published show with an episode that has a video, and is not published yet.
func (o *origin) aired() (series.AdminShow, series.AdminEpisode) {
	var s series.AdminShow
	var e series.AdminEpisode
	o.edit("POST", "/v2/admin/shows", object{"title": "Dark", "content_rating": "TV-MA", "status": "ended", "drm_required": false}).Want(http.StatusCreated).Decode(&s)
	o.edit("POST", s.Location()+"/seasons", object{"season_number": 1, "status": "completed"}).Want(http.StatusCreated)
	o.edit("POST", s.Location()+"/seasons/1/episodes", object{"season_number": 1, "episode_number": 1, "title": "Secrets", "runtime_minutes": 51, "status": "draft"}).
		Want(http.StatusCreated).Decode(&e)
	o.asset("video_master", "episode", e.ID)
	return s, e
}

func (o *origin) asset(assetType, contentType string, id uuid.UUID) media.Asset {
	var a media.Asset
	o.Do(apitest.Request{Method: "POST", Path: "/v2/admin/media/assets", Access: "media:read media:write", Body: object{"asset_type": assetType, "language": "de",
		"target": object{"content_type": contentType, "content_id": id}, "hls_path": "/vod/" + id.String() + "/" + assetType + ".m3u8"}}).Want(http.StatusCreated).Decode(&a)
	return a
}

// Edges judge episodes by what the origin says of them, as films: with their show's rules, and not while a part above is hidden.
func TestEpisodesPlay(t *testing.T) {
	t.Parallel()
	o := startOrigin(t)
	s, e := o.aired()
	ask := func(status int) wire.Playable {
		t.Helper()
		var p wire.Playable
		if answer := o.Ask("/internal/playable/episode/"+e.ID.String(), nil).Want(status); status == http.StatusOK {
			answer.Decode(&p)
		} else if tags := answer.Header.Get(wire.Tags); tags != "episode:"+e.ID.String()+",show:"+s.ID.String() {
			t.Errorf("that it can't be played carries %s", tags)
		}
		return p
	}
	ask(http.StatusNotFound)
	o.edit("POST", e.Location()+"/publish", nil).Want(http.StatusOK)
	var rule rights.GeoRule
	o.edit("POST", "/v2/admin/geo-restrictions", object{"name": "R", "policy": "block_list", "territories": []string{"DE"}, "applies_to": []uuid.UUID{s.ID}}).
		Want(http.StatusCreated).Decode(&rule)
	if p := ask(http.StatusOK); p.Title != "Secrets" || p.HLSPath == "" || p.Seconds != 51*60 || !slices.Equal(p.Rules, []string{rule.ID.String()}) {
		t.Errorf("playable %+v", p)
	}
	var decision rights.GeoDecision
	o.edit("POST", "/v2/admin/geo-restrictions/check", object{"content_id": e.ID, "content_type": "episode", "country_code": "DE"}).Want(http.StatusOK).Decode(&decision)
	if decision.Allowed || *decision.RuleID != rule.ID {
		t.Errorf("decided %+v", decision)
	}
	o.edit("PUT", s.Location()+"/seasons/1", object{"season_number": 1, "status": "draft"}).Want(http.StatusOK)
	ask(http.StatusNotFound)
	o.edit("PUT", s.Location()+"/seasons/1", object{"season_number": 1, "status": "published"}).Want(http.StatusOK)
	ask(http.StatusOK)
	o.edit("POST", s.Location()+"/unpublish", nil).Want(http.StatusOK)
	ask(http.StatusNotFound)
}

// Shows have trailers and episodes tracks, where the viewer sees them; and what hangs on an episode goes with its show.
func TestSeriesHaveMedia(t *testing.T) {
	t.Parallel()
	o := startOrigin(t)
	s, e := o.aired()
	trailers, tracks := "/v2/shows/"+s.ID.String()+"/trailers", "/v2/episodes/"+e.ID.String()+"/tracks"
	see := func(path string, status int) *apitest.Answer {
		t.Helper()
		return o.Do(apitest.Request{Method: "GET", Path: path, Access: "viewer@FR"}).Want(status)
	}
	for _, path := range []string{trailers, tracks} {
		o.Denied(t, apitest.Request{Method: "GET", Path: path, Access: "viewer"})
	}
	trailer := o.asset("trailer", "show", s.ID)
	o.asset("subtitle", "episode", e.ID)
	o.asset("audio_track", "episode", e.ID)
	var list api.List[media.Trailer]
	see(trailers, http.StatusOK).Decode(&list)
	if len(list.Data) != 1 || list.Data[0].ID != trailer.ID {
		t.Errorf("trailers %+v", list)
	}
	see(tracks, http.StatusNotFound)
	o.edit("POST", e.Location()+"/publish", nil).Want(http.StatusOK)
	var of media.Tracks
	see(tracks, http.StatusOK).Decode(&of)
	if len(of.Subtitles) != 1 || len(of.Audio) != 1 || of.Audio[0].Language != "de" {
		t.Errorf("tracks %+v", of)
	}
	o.edit("POST", s.Location()+"/unpublish", nil).Want(http.StatusOK)
	see(trailers, http.StatusNotFound)
	see(tracks, http.StatusNotFound)
	o.edit("DELETE", s.Location(), nil).Want(http.StatusNoContent)
	var page api.Counted[media.Asset]
	o.Do(apitest.Request{Method: "GET", Path: "/v2/admin/media/assets", Access: "media:read"}).Want(http.StatusOK).Decode(&page)
	if page.Meta.TotalCount != 0 {
		t.Errorf("%d assets are left of a show that is gone", page.Meta.TotalCount)
	}
}
