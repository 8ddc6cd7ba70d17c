package app

import (
	"strings"
	"time"

	"encora/origin/api"
	"encora/origin/audit"
	"encora/origin/catalog"
	"encora/origin/changes"
	"encora/origin/epg"
	"encora/origin/media"
	"encora/origin/pgdb"
	"encora/origin/rights"
	"encora/origin/system"
	"encora/shared/obs"
)

// domains are the parts of the origin, each knowing only itself.
type domains struct {
	catalog catalog.Domain
	epg     epg.Domain
	rights  rights.Domain
	media   media.Domain
	audit   audit.Domain
	system  system.Domain
}

// newDomains joins the domains: what one needs of another is a func field that is filled here.
func newDomains(db *pgdb.DB, hub *changes.Hub, cdnBaseURL string) *domains {
	cdnBaseURL = strings.TrimRight(cdnBaseURL, "/")
	d := &domains{}
	d.catalog = catalog.Domain{DB: db, Attach: d.rights.Attach, DetachAll: d.rights.Detach, RemoveMedia: d.media.Remove, AddVideos: addVideos(&d.media)}
	d.epg = epg.Domain{DB: db, Attach: d.rights.Attach, DetachAll: d.rights.Detach}
	d.rights = rights.Domain{Content: d.catalog.Content, Hold: d.catalog.Hold, Touched: d.catalog.Touched}
	d.media = media.Domain{CDNBaseURL: cdnBaseURL, Hold: d.catalog.Hold, Touched: d.catalog.Touched,
		Published: d.catalog.Published, Visible: d.catalog.Visible}
	d.system.CDNBaseURL, d.system.Now = cdnBaseURL, time.Now
	d.system.OpenAPI = func() ([]byte, error) { return api.OpenAPI(d.entries(), obs.Version().APIVersion) }
	return d
}

// entries are all operations, in the contract's order.
func (d *domains) entries() []api.Entry {
	var all []api.Entry
	for _, of := range []func() []api.Entry{d.catalog.Entries, d.epg.Entries, d.media.Entries, d.rights.Entries, d.audit.Entries, d.system.Entries} {
		all = append(all, of()...)
	}
	return all
}
