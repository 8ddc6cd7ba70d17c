package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/audit"
	"encora/origin/catalog"
	"encora/origin/changes"
	"encora/origin/content"
	"encora/origin/curation"
	"encora/origin/discovery"
	"encora/origin/epg"
	"encora/origin/filter"
	"encora/origin/media"
	"encora/origin/pgdb"
	"encora/origin/playback"
	"encora/origin/rights"
	"encora/origin/series"
	"encora/origin/subscriber"
	"encora/origin/system"
	"encora/shared/obs"
	"encora/shared/wire"
)

// domains are the parts of the origin, each knowing only itself.
type domains struct {
	catalog    catalog.Domain
	series     series.Domain
	curation   curation.Domain
	discovery  discovery.Domain
	epg        epg.Domain
	rights     rights.Domain
	media      media.Domain
	subscriber subscriber.Domain
	playback   playback.Domain
	audit      audit.Domain
	system     system.Domain
}

// newDomains joins the domains: what one needs of another is a func field that is filled here.
func newDomains(db *pgdb.DB, hub *changes.Hub, cdnBaseURL string) *domains {
	cdnBaseURL = strings.TrimRight(cdnBaseURL, "/")
	d := &domains{}
	upkeep := content.Upkeep{Attach: d.rights.Attach, Detach: d.rights.Detach, RemoveMedia: d.media.Remove}
	d.catalog = catalog.Domain{DB: db, Upkeep: upkeep, AddVideos: addVideos(&d.media)}
	d.series = series.Domain{DB: db, Upkeep: upkeep, AddVideos: addVideos(&d.media)}
	d.discovery = discovery.Domain{DB: db, Plans: d.standing}
	d.curation.DB, d.curation.Upkeep, d.curation.Trending = db, upkeep, d.discovery.Trending
	d.epg = epg.Domain{DB: db, Upkeep: upkeep, LeftOut: func(ctx context.Context, tx pgx.Tx) (map[uuid.UUID][]string, error) {
		filters, err := d.standing(ctx, tx)
		if err != nil {
			return nil, err
		}
		return content.LeftOut(ctx, tx, content.Channel, filters)
	}}
	d.media.CDNBaseURL = cdnBaseURL
	d.rights.PlanFilters = planFilters(&d.subscriber)
	d.playback = playback.Domain{DB: db, Now: time.Now, InPlan: content.InPlan, Playables: map[string]playableFunc{
		wire.ContentMovie:   located(content.Playable(content.Movie), d.media.Locate),
		wire.ContentEpisode: located(content.Playable(content.Episode), d.media.Locate),
		wire.ContentChannel: located(d.epg.PlayableChannel, d.media.Locate),
		wire.ContentProgram: d.epg.PlayableProgram,
		wire.ContentOnAir:   d.epg.PlayableOnAir,
	}}
	d.subscriber = subscriber.Domain{DB: db, CheckFilter: filter.Faults, EndSessions: d.playback.EndSessions, ForgetProgress: d.playback.ForgetProgress,
		ForgetProfiles: d.playback.ForgetProfiles}
	d.playback.DeviceUsed = d.subscriber.Used
	d.system.CDNBaseURL, d.system.Now = cdnBaseURL, time.Now
	d.system.OpenAPI = func() ([]byte, error) { return api.OpenAPI(d.entries(), obs.Version().APIVersion) }
	return d
}

// standing gives the plans' filters by the ids of the plans that stand for them.
func (d *domains) standing(ctx context.Context, tx pgx.Tx) (map[string]string, error) {
	filters, err := d.subscriber.Filters(ctx, tx)
	texts := make(map[string]string, len(filters))
	for _, f := range filters {
		texts[f.Plans[0].String()] = f.Text
	}
	return texts, err
}

// planFilters tells edges which plans have the same filter, and one filter from another.
func planFilters(d *subscriber.Domain) func(context.Context, pgx.Tx) ([]wire.PlanFilter, error) {
	return func(ctx context.Context, tx pgx.Tx) ([]wire.PlanFilter, error) {
		filters, err := d.Filters(ctx, tx)
		out := make([]wire.PlanFilter, len(filters))
		for i, f := range filters {
			sum := sha256.Sum256([]byte(f.Text))
			out[i].Hash = hex.EncodeToString(sum[:16])
			for _, plan := range f.Plans {
				out[i].Plans = append(out[i].Plans, plan.String())
			}
		}
		return out, err
	}
}

// entries are all operations, in the contract's order.
func (d *domains) entries() []api.Entry {
	var all []api.Entry
	for _, of := range []func() []api.Entry{d.catalog.Entries, d.series.Entries, d.discovery.Entries, d.curation.Entries, d.epg.Entries, d.media.Entries, d.subscriber.Entries, d.playback.Entries,
		d.rights.Entries, d.audit.Entries, d.system.Entries} {
		all = append(all, of()...)
	}
	return all
}

// playableFunc says what decides who may play a title and where it lies.
type playableFunc = func(ctx context.Context, r *api.Read, id uuid.UUID) (wire.Playable, error)

// located adds where the title's video lies.
func located(of playableFunc, locate func(context.Context, pgx.Tx, uuid.UUID, *wire.Playable) error) playableFunc {
	return func(ctx context.Context, r *api.Read, id uuid.UUID) (wire.Playable, error) {
		p, err := of(ctx, r, id)
		if err != nil {
			return p, err
		}
		return p, locate(ctx, r, id, &p)
	}
}
