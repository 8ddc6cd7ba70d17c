package rights

import (
	"encora/origin/api"
	"encora/shared/wire"
)

const (
	path  = "/v2/admin/geo-restrictions"
	read  = "content:read"
	write = "content:write"
	tag   = "GeoRestrictions"
)

// Entries are the operations on geo rules, and what edges ask of them.
func (d *Domain) Entries() []api.Entry {
	return []api.Entry{
		api.Get("adminListGeoRules", path, read, d.listRules).
			Documented(tag, "List Geo-Restriction Rules (Admin)", ""),
		api.Post("adminCreateGeoRule", path, write, d.createRule).
			Documented(tag, "Create Geo-Restriction Rule (Admin)", ""),
		api.Get("adminGetGeoRule", path+"/{rule_id}", read, d.getRule).
			Documented(tag, "Get Geo-Restriction Rule (Admin)", ""),
		api.Put("adminUpdateGeoRule", path+"/{rule_id}", write, d.updateRule).
			Documented(tag, "Update Geo-Restriction Rule (Admin)", ""),
		api.Delete("adminDeleteGeoRule", path+"/{rule_id}", write, d.deleteRule).
			Documented(tag, "Delete Geo-Restriction Rule (Admin)", ""),
		api.Ask("adminCheckGeo", path+"/check", read, d.check).
			Documented(tag, "Check Geo Access for Content (Admin)", "Test whether a given country code can access a specific content asset."),
		api.Internal("audiences", wire.AudiencesPath, d.audiences),
	}
}
