package curation

import (
	"encora/origin/api"
	"encora/origin/filter"
	"encora/shared/op"
)

// Scopes of the contract that this domain's operations ask for.
const (
	read  = "content:read"
	write = "content:write"
)

// Entries are the operations of collections and of the home screen.
func (d *Domain) Entries() []api.Entry {
	const (
		viewers, editors = "Collections", "Collections (Admin)"
		admin, one       = "/v2/admin/collections", "/v2/admin/collections/{collection_id}"
		layout           = "/v2/admin/home-layout"
	)
	return []api.Entry{
		api.Get("listCollections", "/v2/collections", op.Viewer, d.listCollections).PerAudience().
			Documented(viewers, "List Collections", "Returns published collections. Geo-filtered by caller region."),
		api.Get("getCollection", "/v2/collections/{collection_id}", op.Viewer, d.getCollection).PerAudience().
			Documented(viewers, "Get Collection and its Items", ""),
		api.Get("getHome", "/v2/home", op.Viewer, d.getHome).PerAudience().
			Documented(viewers, "Get Home Screen Layout", "Returns the server-driven home screen layout — an ordered list of rails. Supports If-None-Match for efficient polling (returns 304 when unchanged)."),

		api.Get("adminListCollections", admin, read, d.adminListCollections).
			Documented(editors, "List Collections (Admin)", ""),
		api.Post("adminCreateCollection", admin, write, d.createCollection).
			Documented(editors, "Create Collection (Admin)", "query is a filter.\n\n"+filter.Document()),
		api.Get("adminGetCollection", one, read, d.adminGetCollection).
			Documented(editors, "Get Collection (Admin)", ""),
		api.Put("adminUpdateCollection", one, write, d.updateCollection).
			Documented(editors, "Update Collection (Admin)", "query is a filter.\n\n"+filter.Document()),
		api.Delete("adminDeleteCollection", one, write, d.deleteCollection).
			Documented(editors, "Delete Collection (Admin)", "Permanently deletes a collection. Fails while the home screen has a rail of it."),
		api.Get("getHomeLayout", layout, read, d.getLayout).
			Documented(editors, "Get Home Screen Layout (Admin)", "Returns the rails of the home screen as they are laid out, whoever sees them."),
		api.Put("putHomeLayout", layout, write, d.putLayout).
			Documented(editors, "Update Home Screen Layout (Admin)", "Replaces the rails of the home screen."),
	}
}
