package app

import (
	"context"
	"maps"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/api"
	"encora/origin/audit"
	"encora/origin/catalog"
	"encora/origin/changes"
	"encora/origin/epg"
	"encora/origin/media"
	"encora/origin/pgdb"
	"encora/origin/playback"
	"encora/origin/rights"
	"encora/origin/subscriber"
	"encora/origin/system"
	"encora/shared/obs"
	"encora/shared/wire"
)

// domains are the parts of the origin, each knowing only itself.
type domains struct {
	catalog    catalog.Domain
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
	d.catalog = catalog.Domain{DB: db, Attach: d.rights.Attach, DetachAll: d.rights.Detach, RemoveMedia: d.media.Remove, AddVideos: addVideos(&d.media)}
	d.epg = epg.Domain{DB: db, Attach: d.rights.Attach, DetachAll: d.rights.Detach, RemoveMedia: d.media.Remove, Titles: d.catalog.Content}
	d.rights = rights.Domain{Content: contents(d.catalog.Content, d.epg.Content), Hold: contents(d.catalog.Hold, d.epg.Hold),
		Touched: touched(d.catalog.Touched, d.epg.Touched)}
	d.media = media.Domain{CDNBaseURL: cdnBaseURL, Hold: d.rights.Hold, Touched: d.rights.Touched,
		Published: published(d.catalog.Published, d.epg.Published), Visible: d.catalog.Visible}
	d.playback = playback.Domain{DB: db, Now: time.Now, Playables: map[string]playableFunc{
		wire.ContentMovie:   located(d.catalog.Playable, d.media.Locate),
		wire.ContentChannel: located(d.epg.PlayableChannel, d.media.Locate),
		wire.ContentProgram: d.epg.PlayableProgram,
		wire.ContentOnAir:   d.epg.PlayableOnAir,
	}}
	d.subscriber = subscriber.Domain{DB: db, EndSessions: d.playback.EndSessions, ForgetProgress: d.playback.ForgetProgress,
		ForgetProfiles: d.playback.ForgetProfiles}
	d.playback.DeviceUsed = d.subscriber.Used
	d.system.CDNBaseURL, d.system.Now = cdnBaseURL, time.Now
	d.system.OpenAPI = func() ([]byte, error) { return api.OpenAPI(d.entries(), obs.Version().APIVersion) }
	return d
}

// contentFunc gives the content types of those of the ids that are content.
type contentFunc = func(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]string, error)

// contents asks each domain in turn, always in the same order, since what is found may be locked.
func contents(of ...contentFunc) contentFunc {
	return func(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]string, error) {
		types := make(map[uuid.UUID]string, len(ids))
		for _, ask := range of {
			found, err := ask(ctx, tx, ids)
			if err != nil {
				return nil, err
			}
			maps.Copy(types, found)
		}
		return types, nil
	}
}

// touchFunc tells of a change around contents, as far as they are content of its domain.
type touchFunc = func(ctx context.Context, w *api.Write, ids []uuid.UUID, hard bool) error

func touched(of ...touchFunc) touchFunc {
	return func(ctx context.Context, w *api.Write, ids []uuid.UUID, hard bool) error {
		for _, touch := range of {
			if err := touch(ctx, w, ids, hard); err != nil {
				return err
			}
		}
		return nil
	}
}

// entries are all operations, in the contract's order.
func (d *domains) entries() []api.Entry {
	var all []api.Entry
	for _, of := range []func() []api.Entry{d.catalog.Entries, d.epg.Entries, d.media.Entries, d.subscriber.Entries, d.playback.Entries,
		d.rights.Entries, d.audit.Entries, d.system.Entries} {
		all = append(all, of()...)
	}
	return all
}

// publishedFunc locks content against a publish at the same time, and reports whether viewers see it now or will by the clock.
type publishedFunc = func(ctx context.Context, w *api.Write, id uuid.UUID) (bool, error)

// published asks each domain in turn; content of another is published by none.
func published(of ...publishedFunc) publishedFunc {
	return func(ctx context.Context, w *api.Write, id uuid.UUID) (bool, error) {
		for _, ask := range of {
			if seen, err := ask(ctx, w, id); seen || err != nil {
				return seen, err
			}
		}
		return false, nil
	}
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
