package epg

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"encora/origin/content"
	"encora/origin/record"
	"encora/origin/vocab"
)

// IncomingChannel is a channel from outside of the API: an import, the demo or a generated catalogue.
type IncomingChannel struct {
	Key       string // identifies the channel at its source: the same key is the same channel, and is brought in once
	Channel   ChannelWrite
	Published bool
}

// IngestChannels brings a batch of channels in, in one transaction: all that is legal of it, whole, or nothing. It leaves
// one audit entry and one change behind, whatever the batch's size. Geo rules are not attached.
func (d *Domain) IngestChannels(ctx context.Context, actor record.Actor, now time.Time, batch []IncomingChannel) (vocab.Outcome, error) {
	return content.Ingest(ctx, d.DB, actor, now, "channels", func(w *record.Tx, out *vocab.Outcome) error {
		in := channelIngestion{w: w, out: out}
		if err := in.prepare(ctx, batch); err != nil || len(in.channels) == 0 {
			return err
		}
		return in.store(ctx)
	})
}

// ChannelIDs gives the ids of channels that were brought in, by their keys; keys that are not known are left out.
func (d *Domain) ChannelIDs(ctx context.Context, keys []string) (map[string]uuid.UUID, error) {
	return content.IDs(ctx, d.DB, "channels", keys)
}

// channelIngestion is one batch on its way into the database.
type channelIngestion struct {
	w        *record.Tx
	out      *vocab.Outcome
	channels []*channel
	keys     []string
}

// prepare makes channels of what is new and legal.
func (in *channelIngestion) prepare(ctx context.Context, batch []IncomingChannel) error {
	keys := make([]string, len(batch))
	for i := range batch {
		keys[i] = batch[i].Key
	}
	known, err := content.ByKey(ctx, in.w.Tx, "channels", keys)
	if err != nil {
		return err
	}
	for i := range batch {
		b := &batch[i]
		if _, ok := known[b.Key]; ok {
			in.out.Known++
			continue
		}
		c, reason := in.accept(b)
		if reason != "" {
			in.out.Refuse(i, reason)
			continue
		}
		known[b.Key] = c.ID
		in.channels, in.keys = append(in.channels, c), append(in.keys, b.Key)
	}
	return in.chooseSlugs(ctx)
}

// accept checks a channel as the API would.
func (in *channelIngestion) accept(b *IncomingChannel) (*channel, string) {
	if b.Key == "" {
		return nil, "key: a channel without one would be brought in again each time"
	}
	if reason := content.Unfit(b.Channel); reason != "" {
		return nil, reason
	}
	c := newChannel(in.w.Now)
	c.copyFrom(&b.Channel)
	if c.IsPublished = b.Published; b.Published {
		c.State = content.Live
	}
	return c, ""
}

// chooseSlugs gives every channel the first of its candidates that neither the database nor the batch has taken.
func (in *channelIngestion) chooseSlugs(ctx context.Context) error {
	slugs := make([]*string, len(in.channels))
	candidates := make([][]string, len(in.channels))
	for i, c := range in.channels {
		slugs[i], candidates[i] = &c.Slug, c.slugs()
	}
	return content.ChooseSlugs(ctx, in.w.Tx, content.Channel, slugs, candidates)
}

func (in *channelIngestion) store(ctx context.Context) error {
	columns := strings.Fields(`id source_key slug name number description category language website_url images status
		drm_required is_premium is_catchup_enabled catchup_days sort_order epg_ids is_published created_at updated_at`)
	_, err := in.w.CopyFrom(ctx, pgx.Identifier{"channels"}, columns, pgx.CopyFromSlice(len(in.channels), func(i int) ([]any, error) {
		c := in.channels[i]
		return []any{c.ID, in.keys[i], c.Slug, c.Name, c.Number, c.Description, c.Category, c.Language, c.WebsiteURL, c.Images, c.Status,
			c.DRMRequired, c.IsPremium, c.IsCatchupEnabled, c.CatchupDays, c.SortOrder, c.EPGIDs, c.IsPublished, c.CreatedAt, c.UpdatedAt}, nil
	}))
	if err != nil {
		return err
	}
	in.out.Created = len(in.channels)
	in.w.Audit("content.imported", content.Channel, uuid.Nil, map[string]any{"count": len(in.channels), "first_key": in.keys[0]})
	var shown []uuid.UUID
	for _, c := range in.channels {
		if c.IsPublished {
			shown = append(shown, c.ID)
		}
	}
	content.Added(in.w, content.Channel, shown)
	return nil
}
