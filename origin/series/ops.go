package series

import (
	"encora/origin/api"
	"encora/shared/op"
)

// Scopes of the contract that this domain's operations ask for.
const (
	read    = "content:read"
	write   = "content:write"
	publish = "content:publish"
)

const (
	shows    = "/v2/shows"
	seasons  = shows + "/{show_id}/seasons"
	episodes = seasons + "/{season_number}/episodes"

	adminShows    = "/v2/admin/shows"
	adminSeasons  = adminShows + "/{show_id}/seasons"
	adminEpisodes = adminSeasons + "/{season_number}/episodes"
)

// Entries are the operations on shows, seasons and episodes.
func (d *Domain) Entries() []api.Entry {
	return []api.Entry{
		api.Get("listShows", shows, op.Viewer, d.listShows).PerAudience().
			Documented("Shows", "List Shows", ""),
		api.Get("getShow", shows+"/{show_id}", op.Viewer, d.getShow).PerAudience().
			Documented("Shows", "Get Show", ""),
		api.Get("listSeasons", seasons, op.Viewer, d.listSeasons).PerAudience().
			Documented("Shows", "List Seasons for a Show", ""),
		api.Get("getSeason", seasons+"/{season_number}", op.Viewer, d.getSeason).PerAudience().
			Documented("Shows", "Get a Specific Season", ""),
		api.Get("listRelatedShows", shows+"/{show_id}/related", op.Viewer, d.relatedShows).PerAudience().
			Documented("Shows", "Get Related Shows", ""),
		api.Get("listEpisodes", episodes, op.Viewer, d.listEpisodes).PerAudience().
			Documented("Episodes", "List Episodes in a Season", ""),
		api.Get("getEpisode", episodes+"/{episode_number}", op.Viewer, d.getEpisode).PerAudience().
			Documented("Episodes", "Get Episode", ""),

		api.Get("adminListShows", adminShows, read, d.adminListShows).
			Documented("Shows (Admin)", "List Shows (Admin)", ""),
		api.Post("adminCreateShow", adminShows, write, d.createShow).
			Documented("Shows (Admin)", "Create Show (Admin)", ""),
		api.Get("adminGetShow", adminShows+"/{show_id}", read, d.adminGetShow).
			Documented("Shows (Admin)", "Get Show (Admin)", ""),
		api.Put("adminUpdateShow", adminShows+"/{show_id}", write, d.updateShow).
			Documented("Shows (Admin)", "Update Show (Admin)", ""),
		api.Delete("adminDeleteShow", adminShows+"/{show_id}", write, d.removeShow).
			Documented("Shows (Admin)", "Delete Show (Admin)", "Permanently deletes a show and all its seasons/episodes. Only permitted when status is draft."),
		api.Act("adminPublishShow", adminShows+"/{show_id}/publish", publish, d.publishShow).
			Documented("Shows (Admin)", "Publish Show", "Needs a content rating. What was said of how the show airs shows again."),
		api.Act("adminUnpublishShow", adminShows+"/{show_id}/unpublish", publish, d.unpublishShow).
			Documented("Shows (Admin)", "Unpublish Show", "The show's status is draft then. Active streams are allowed to finish but no new streams can be started."),

		api.Get("adminListSeasons", adminSeasons, read, d.adminListSeasons).
			Documented("Shows (Admin)", "List Seasons (Admin)", ""),
		api.Post("adminCreateSeason", adminSeasons, write, d.createSeason).
			Documented("Shows (Admin)", "Create Season (Admin)", ""),
		api.Get("adminGetSeason", adminSeasons+"/{season_number}", read, d.adminGetSeason).
			Documented("Shows (Admin)", "Get Season (Admin)", ""),
		api.Put("adminUpdateSeason", adminSeasons+"/{season_number}", write, d.updateSeason).
			Documented("Shows (Admin)", "Update Season (Admin)", ""),
		api.Delete("adminDeleteSeason", adminSeasons+"/{season_number}", write, d.deleteSeason).
			Documented("Shows (Admin)", "Delete Season (Admin)", "Soft-deletes the season and all its episodes. Only permitted when none of the season's episodes have been published. Audit-logged."),

		api.Get("adminListEpisodes", adminEpisodes, read, d.adminListEpisodes).
			Documented("Episodes (Admin)", "List Episodes (Admin)", ""),
		api.Post("adminCreateEpisode", adminEpisodes, write, d.createEpisode).
			Documented("Episodes (Admin)", "Create Episode (Admin)", ""),
		api.Get("adminGetEpisode", adminEpisodes+"/{episode_number}", read, d.adminGetEpisode).
			Documented("Episodes (Admin)", "Get Episode (Admin)", ""),
		api.Put("adminUpdateEpisode", adminEpisodes+"/{episode_number}", write, d.updateEpisode).
			Documented("Episodes (Admin)", "Update Episode (Admin)", ""),
		api.Delete("adminDeleteEpisode", adminEpisodes+"/{episode_number}", write, d.removeEpisode).
			Documented("Episodes (Admin)", "Delete Episode (Admin)", "Only permitted when status is draft or unpublished."),
		api.Act("adminPublishEpisode", adminEpisodes+"/{episode_number}/publish", publish, d.publishEpisode).
			Documented("Episodes (Admin)", "Publish Episode", "Transitions episode from draft or unpublished to published. Validates that runtime, content rating (its own or the show's) and at least one video asset are present."),
		api.Act("adminUnpublishEpisode", adminEpisodes+"/{episode_number}/unpublish", publish, d.unpublishEpisode).
			Documented("Episodes (Admin)", "Unpublish Episode", "Moves episode from published to unpublished. Active streams are allowed to finish but no new streams can be started."),
	}
}
