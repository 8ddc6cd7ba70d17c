package catalog

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

// Entries are the catalogue's operations.
func (d *Domain) Entries() []api.Entry {
	return []api.Entry{
		api.Get("listMovies", "/v2/movies", op.Viewer, d.listMovies).PerAudience().
			Documented("Movies", "List Movies", "Returns published movies available to the authenticated user's territory and subscription."),
		api.Get("getMovie", "/v2/movies/{movie_id}", op.Viewer, d.getMovie).PerAudience().
			Documented("Movies", "Get Movie", ""),
		api.Get("listRelatedMovies", "/v2/movies/{movie_id}/related", op.Viewer, d.relatedMovies).PerAudience().
			Documented("Movies", "Get Related Movies", "Returns movies similar to the specified title based on genre, cast, and viewing patterns."),
		api.Get("listGenres", "/v2/genres", op.Viewer, d.listGenres).PerAudience().
			Documented("Genres", "List Content Genres", "Returns the full genre taxonomy. Cacheable — changes infrequently."),

		api.Get("adminListMovies", "/v2/admin/movies", read, d.adminListMovies).
			Documented("Movies (Admin)", "List Movies (Admin)", "Returns all movies including drafts, unpublished, and scheduled. Geo-unfiltered."),
		api.Post("adminCreateMovie", "/v2/admin/movies", write, d.createMovie).
			Documented("Movies (Admin)", "Create Movie (Admin)", ""),
		api.Get("adminGetMovie", "/v2/admin/movies/{movie_id}", read, d.adminGetMovie).
			Documented("Movies (Admin)", "Get Movie (Admin)", ""),
		api.Put("adminUpdateMovie", "/v2/admin/movies/{movie_id}", write, d.updateMovie).
			Documented("Movies (Admin)", "Update Movie (Admin)", ""),
		api.Delete("adminDeleteMovie", "/v2/admin/movies/{movie_id}", write, d.deleteMovie).
			Documented("Movies (Admin)", "Delete Movie (Admin)", "Permanently deletes a movie. Only permitted when status is draft or unpublished."),
		api.Act("adminPublishMovie", "/v2/admin/movies/{movie_id}/publish", publish, d.publishMovie).
			Documented("Movies (Admin)", "Publish Movie", "Transitions movie from draft or unpublished to published. Validates that required fields (runtime, content_rating, at least one video asset) are present."),
		api.Act("adminUnpublishMovie", "/v2/admin/movies/{movie_id}/unpublish", publish, d.unpublishMovie).
			Documented("Movies (Admin)", "Unpublish Movie", "Moves movie from published to unpublished. Immediately removes the title from subscriber catalogue. Active streams are allowed to finish but no new streams can be started."),

		api.Get("adminListGenres", "/v2/admin/genres", read, d.adminListGenres).
			Documented("Genres (Admin)", "List Genres (Admin)", ""),
		api.Post("adminCreateGenre", "/v2/admin/genres", write, d.createGenre).
			Documented("Genres (Admin)", "Create Genre (Admin)", ""),
		api.Put("adminUpdateGenre", "/v2/admin/genres/{genre_id}", write, d.updateGenre).
			Documented("Genres (Admin)", "Update Genre (Admin)", ""),
		api.Delete("adminDeleteGenre", "/v2/admin/genres/{genre_id}", write, d.deleteGenre).
			Documented("Genres (Admin)", "Delete Genre (Admin)", "Fails if any published content references this genre."),
	}
}
