package discovery

import (
	"encora/origin/api"
	"encora/shared/op"
	"encora/shared/wire"
)

// Entries are the operations of discovery.
func (d *Domain) Entries() []api.Entry {
	return []api.Entry{
		api.Get("search", "/v2/search", op.Viewer, d.search).PerAudience().
			Documented("Search", "Full-Text Search", "Searches across movies, shows, episodes, and channels. Results are geo-filtered and subscription-aware. Only published and scheduled content appears. "+
				"First comes what is called what was asked for, then what begins with it, what holds it, what has all its words in its names, in its cast, in its text; each by popularity. "+
				"If nothing has the words, what differs from them by a typing error is found. Without q everything is, by popularity."),
		api.Get("autocomplete", "/v2/search/autocomplete", op.Viewer, d.autocomplete).PerAudience().Composed().
			Documented("Search", "Search Autocomplete", "Returns type-ahead suggestions as the user types. Results are lightweight (title + type only)."),
		api.Get("getTrending", "/v2/recommendations/trending", op.Viewer, d.getTrending).PerAudience().
			Documented("Recommendations", "Get Trending Content", "Platform-wide trending titles. Geo-filtered by caller's region. "+
				"Titles are ranked by how often they were started within the window. Where fewer than limit were started, the most popular of the others follow."),
		api.Internal("suggest", wire.SuggestPath, d.suggest).InTurn(),
	}
}
