package e2e

import "github.com/google/uuid"

// no is a refusal of the line's request with another query.
func no(query string, status int, code string) refusal {
	return refusal{query: query, status: status, code: code}
}

// nowhere is a refusal at other values of the path.
func nowhere(values at) refusal { return refusal{at: values, status: 404, code: "NOT_FOUND"} }

// viewersLines are asked at an edge.
func (c *shelves) viewersLines() map[string]line {
	badFields := no("fields=none", 400, "BAD_REQUEST")
	hiddenShows := []at{{"show_id": c.draftShow}, {"show_id": c.blockedShow}, {"show_id": c.film}}
	device := []string{"X-Device-Id", c.device}
	hiddenEpisodes := []at{{"episode_id": c.draftEpisode}, {"episode_id": c.hiddenEpisode}}
	return map[string]line{
		"listShows":        {holds: `"title":"Seen show"`, refused: []refusal{no("status=none", 400, "BAD_REQUEST"), no("limit=0", 400, "BAD_REQUEST"), badFields}},
		"getShow":          {holds: `"total_seasons":2,"total_episodes":2,`, refused: []refusal{badFields}, hidden: hiddenShows},
		"listSeasons":      {holds: `"episode_count":2`, refused: []refusal{badFields}, hidden: hiddenShows},
		"getSeason":        {holds: `"season_number":1,`, refused: []refusal{nowhere(at{"season_number": "3"}), nowhere(at{"season_number": "4"})}, hidden: hiddenShows},
		"listShowTrailers": {holds: `"hls_url"`, refused: []refusal{badFields}, hidden: hiddenShows},
		"listRelatedShows": {holds: `"title":"Relative of the show"`, refused: []refusal{no("limit=101", 400, "BAD_REQUEST")}, hidden: hiddenShows},
		"listEpisodes": {holds: `"title":"Episode 4"`, hidden: hiddenShows,
			refused: []refusal{no("cursor=forged", 400, "BAD_REQUEST"), nowhere(at{"season_number": "3"})}},
		"getEpisode": {holds: `"content_rating":"TV-14"`, hidden: hiddenShows,
			refused: []refusal{nowhere(at{"episode_number": "2"}), nowhere(at{"season_number": "3"}), nowhere(at{"season_number": "2"})}},
		"getEpisodeStream": {header: device, holds: `"session_id"`, hidden: hiddenEpisodes, refused: []refusal{
			{status: 400, code: "BAD_REQUEST"},
			{header: []string{"X-Device-Id", uuid.Must(uuid.NewV7()).String()}, status: 403, code: "DEVICE_NOT_REGISTERED"},
			{at: at{"episode_id": c.blockedEpisode}, header: device, status: 403, code: "GEO_BLOCKED"}}},
		"getEpisodeTracks": {holds: `"language":"de"`, refused: []refusal{badFields}, hidden: append(hiddenEpisodes, at{"episode_id": c.blockedEpisode})},

		"listCollections": {holds: `"item_count":3,`, refused: []refusal{badFields, no("cursor=forged", 400, "BAD_REQUEST")}},
		"getCollection": {holds: `"item_refs":[{"content_type":"movie"`, refused: []refusal{no("limit=101", 400, "BAD_REQUEST")},
			hidden: []at{{"collection_id": c.draftCollection}, {"collection_id": c.blockedCollection}, {"collection_id": c.film}}},
		"getHome": {holds: `"title":"Seen film"`, refused: []refusal{no("platform=fridge", 400, "BAD_REQUEST"), badFields}},

		"search": {query: "q=seen", holds: `"title":"Seen show"`, nothing: "q=hidden", refused: []refusal{
			no("q=seen&content_type=radio", 400, "BAD_REQUEST"), no("cursor=forged", 400, "BAD_REQUEST"), no("release_year_min=2001&release_year_max=2000", 400, "BAD_REQUEST")}},
		"autocomplete": {query: "q=se", holds: `"title":"Seen show"`, nothing: "q=hid", refused: []refusal{
			no("", 400, "BAD_REQUEST"), no("q=", 400, "BAD_REQUEST"), no("q=se&limit=21", 400, "BAD_REQUEST")}},
		"getTrending": {holds: `"rank":1`, refused: []refusal{no("window=ever", 400, "BAD_REQUEST"), no("content_type=channel", 400, "BAD_REQUEST"), badFields}},
	}
}

// editorsLines are asked at the origin. Each starts from what furnish left, since what one deletes no other needs.
func (c *shelves) editorsLines() map[string]line {
	absentShow := nowhere(at{"show_id": uuid.Must(uuid.NewV7()).String()})
	absentCollection := nowhere(at{"collection_id": uuid.Must(uuid.NewV7()).String()})
	unknown := no("none=1", 400, "BAD_REQUEST")
	invalid := func(body object) refusal { return refusal{body: body, status: 422, code: "VALIDATION_FAILED"} }
	conflict := func(values at) refusal { return refusal{at: values, status: 409, code: "CONFLICT"} }
	stale := refusal{header: []string{"If-Match", `"stale"`}, status: 412, code: "PRECONDITION_FAILED"}
	filtered := planBody(object{"catalogue_filter": "is_premium == false"})
	return map[string]line{
		"adminListShows": {holds: `"title":"Hidden draft"`, refused: []refusal{no("status=none", 400, "BAD_REQUEST"), unknown}},
		"adminCreateShow": {body: showBody("New", nil), holds: `"status":"draft"`,
			refused: []refusal{invalid(showBody("", nil)), invalid(showBody("New", object{"status": "ongoing", "content_rating": nil}))}},
		"adminGetShow": {holds: `"external_id"`, refused: []refusal{absentShow, nowhere(at{"show_id": c.film})}},
		"adminUpdateShow": {body: showBody("Seen show", object{"status": "ended"}), holds: `"status":"ended"`,
			refused: []refusal{absentShow, stale, invalid(showBody("Seen show", object{"genres": []string{"none"}}))}},
		"adminDeleteShow":    {at: at{"show_id": c.draftShow}, refused: []refusal{absentShow, conflict(at{"show_id": c.relative})}},
		"adminPublishShow":   {at: at{"show_id": c.relative}, refused: []refusal{absentShow, {at: at{"show_id": c.unrated}, status: 422, code: "VALIDATION_FAILED"}}},
		"adminUnpublishShow": {at: at{"show_id": c.relative}, holds: `"status":"draft"`, refused: []refusal{absentShow, conflict(at{"show_id": c.unrated})}},

		"adminListSeasons": {holds: `"season_number":3`, refused: []refusal{absentShow, unknown}},
		"adminCreateSeason": {body: seasonBody(9, "draft"), holds: `"season_number":9`,
			refused: []refusal{absentShow, {body: seasonBody(1, "draft"), status: 409, code: "CONFLICT"}, invalid(seasonBody(0, "draft"))}},
		"adminGetSeason": {holds: `"episode_count":5`, refused: []refusal{absentShow, nowhere(at{"season_number": "4"})}},
		"adminUpdateSeason": {body: seasonBody(1, "completed"), holds: `"status":"completed"`,
			refused: []refusal{absentShow, nowhere(at{"season_number": "4"}), invalid(seasonBody(2, "completed")), stale}},
		"adminDeleteSeason": {at: at{"season_number": "2"},
			refused: []refusal{absentShow, nowhere(at{"season_number": "4"}), conflict(at{"season_number": "1"}), conflict(at{"season_number": "3"})}},

		"adminListEpisodes": {holds: `"episode_number":5`, refused: []refusal{absentShow, nowhere(at{"season_number": "4"}), unknown}},
		"adminCreateEpisode": {body: episodeBody(9, nil), holds: `"episode_number":9`, refused: []refusal{absentShow, nowhere(at{"season_number": "4"}),
			{body: episodeBody(1, nil), status: 409, code: "CONFLICT"}, invalid(episodeBody(9, object{"season_number": 2}))}},
		"adminGetEpisode": {holds: `"title":"Episode 1"`, refused: []refusal{absentShow, nowhere(at{"episode_number": "8"})}},
		"adminUpdateEpisode": {body: episodeBody(1, object{"status": "published", "title": "Anew"}), holds: `"title":"Anew"`, refused: []refusal{absentShow, stale,
			nowhere(at{"episode_number": "8"}), invalid(episodeBody(2, object{"status": "published"})), {body: episodeBody(1, nil), status: 409, code: "CONFLICT"}}},
		"adminDeleteEpisode": {at: at{"episode_number": "5"}, refused: []refusal{absentShow, nowhere(at{"episode_number": "8"}), conflict(at{"episode_number": "1"})}},
		"adminPublishEpisode": {at: at{"episode_number": "2"}, holds: `"status":"published"`,
			refused: []refusal{absentShow, nowhere(at{"episode_number": "8"}), {at: at{"episode_number": "3"}, status: 422, code: "VALIDATION_FAILED"}}},
		"adminUnpublishEpisode": {at: at{"episode_number": "4"}, holds: `"status":"unpublished"`,
			refused: []refusal{absentShow, nowhere(at{"episode_number": "8"}), conflict(at{"episode_number": "3"})}},

		"adminListCollections": {holds: `"slug":"draft"`, refused: []refusal{no("status=none", 400, "BAD_REQUEST"), unknown}},
		"adminCreateCollection": {body: collectionBody("new", object{"type": "dynamic", "query": `content_type == "movie"`}), holds: `"item_count":1,`, refused: []refusal{
			{body: collectionBody("seen", nil), status: 409, code: "CONFLICT"},
			invalid(collectionBody("new", object{"type": "dynamic", "query": "director == 1"})),
			invalid(collectionBody("new", object{"item_refs": []object{ref("movie", uuid.Must(uuid.NewV7()).String())}}))}},
		"adminGetCollection": {holds: `"slug":"seen"`, refused: []refusal{absentCollection}},
		"adminUpdateCollection": {body: collectionBody("seen", object{"title": "Anew", "item_refs": []object{ref("movie", c.film)}}), holds: `"title":"Anew"`,
			refused: []refusal{absentCollection, stale, {body: collectionBody("spare", nil), status: 409, code: "CONFLICT"}}},
		"adminDeleteCollection": {at: at{"collection_id": c.spareCollection}, refused: []refusal{absentCollection, {at: at{"collection_id": c.usual["collection_id"]}, status: 409, code: "CONFLICT"}}},
		"getHomeLayout":         {holds: `"layout_version":1,`, refused: []refusal{unknown}},
		"putHomeLayout": {body: object{"rails": []object{railOf(c.usual["collection_id"]), {"type": "new_releases", "title": "New"}}}, holds: `"layout_version":2,`,
			refused: []refusal{stale, invalid(object{"rails": []object{railOf(uuid.Must(uuid.NewV7()).String())}}), invalid(object{"rails": []object{{"type": "hero"}}})}},

		"adminCreatePlan": {body: filtered, holds: `"catalogue_filter":"is_premium == false"`, refused: []refusal{invalid(planBody(object{"catalogue_filter": "release_year"})),
			invalid(planBody(object{"catalogue_filter": "director == 'X'"})), invalid(planBody(object{"catalogue_filter": "1 +"}))}},
		"adminUpdatePlan": {at: at{"plan_id": c.freePlan}, body: filtered, holds: `"catalogue_filter":"is_premium == false"`, refused: []refusal{stale,
			invalid(planBody(object{"catalogue_filter": "now > created_at"})), nowhere(at{"plan_id": uuid.Must(uuid.NewV7()).String()})}},
	}
}
