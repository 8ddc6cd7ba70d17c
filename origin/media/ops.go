package media

import (
	"encora/origin/api"
	"encora/origin/content"
	"encora/shared/op"
)

const assets = "/v2/admin/media/assets"

// Entries are the operations on assets, and what viewers read of them.
func (d *Domain) Entries() []api.Entry {
	return []api.Entry{
		api.Get("listMovieTrailers", "/v2/movies/{movie_id}/trailers", op.Viewer, trailers[movieIn](d, content.Movie)).PerAudience().
			Documented("Movies", "List Movie Trailers", ""),
		api.Get("getMovieTracks", "/v2/movies/{movie_id}/tracks", op.Viewer, tracks[movieIn](d, content.Movie)).PerAudience().
			Documented("Movies", "Get Movie Subtitle & Audio Tracks", ""),
		api.Get("listShowTrailers", "/v2/shows/{show_id}/trailers", op.Viewer, trailers[showIn](d, content.Show)).PerAudience().
			Documented("Shows", "List Show Trailers", ""),
		api.Get("getEpisodeTracks", "/v2/episodes/{episode_id}/tracks", op.Viewer, tracks[episodeIn](d, content.Episode)).PerAudience().
			Documented("Episodes", "Get Episode Subtitle & Audio Tracks", ""),
		api.Get("adminListAssets", assets, "media:read", d.list).
			Documented("MediaIngest", "List Media Assets (Admin)", "Returns the packaged assets in the order of their registration."),
		api.Post("adminRegisterAsset", assets, "media:write", d.register).
			Documented("MediaIngest", "Register Packaged Asset (Admin)", "Registers an asset that another packager made and that is on the CDN already."),
		api.Delete("adminDeleteAsset", assets+"/{asset_id}", "media:write", d.remove).
			Documented("MediaIngest", "Delete Media Asset (Admin)", "Removes the asset from its title; the files on the CDN stay. The last video of a published or scheduled title can't be deleted."),
	}
}
