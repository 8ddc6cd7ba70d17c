package epg

import (
	"context"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/content"
)

type channelID struct {
	ChannelID uuid.UUID `path:"channel_id"`
}

type listChannelsIn struct {
	api.Paging
	api.Sparse
	Q        string `query:"q" maxLength:"200" doc:"Full-text search query (max 200 characters)."`
	Category string `query:"category" maxLength:"100" doc:"The whole category, in whatever case."`
	Language string `query:"language" maxLength:"35" doc:"BCP-47; en finds en-GB, too."`
	Status   string `query:"status" enum:"live,offline"`
}

func (d *Domain) listChannels(ctx context.Context, r *api.Read, in *listChannelsIn) (api.Paged[Channel], error) {
	q := content.Listed(r, content.Channel)
	q.Text(in.Q)
	q.Language(in.Language)
	category(q, in.Category)
	operational(q, in.Status)
	page, err := selectChannels(ctx, r, q, in.Paging)
	if err != nil {
		return api.Paged[Channel]{}, err
	}
	return content.Page(page, func(c *channel) Channel {
		content.TagPrinted(r, c.GeoRestrictions)
		return c.Channel
	}), nil
}

type getChannelIn struct {
	channelID
	api.Sparse
}

// getChannel shows a channel that the viewer may see.
func (d *Domain) getChannel(ctx context.Context, r *api.Read, in *getChannelIn) (Channel, error) {
	if _, err := content.Visible(ctx, r, in.ChannelID, content.Channel); err != nil {
		return Channel{}, err
	}
	c, err := readChannel(ctx, r, in.ChannelID)
	if err != nil {
		return Channel{}, err
	}
	content.TagPrinted(r, c.GeoRestrictions)
	return c.Channel, nil
}

type adminListChannelsIn struct {
	api.Paging
	api.Sparse
	Q      string `query:"q" maxLength:"200" doc:"Full-text search query (max 200 characters)."`
	Status string `query:"status" enum:"live,offline,scheduled_maintenance"`
}

func (d *Domain) adminListChannels(ctx context.Context, r *api.Read, in *adminListChannelsIn) (api.Counted[AdminChannel], error) {
	q := content.All(r, content.Channel)
	q.Text(in.Q)
	operational(q, in.Status)
	page, err := selectChannels(ctx, r, q, in.Paging)
	if err != nil {
		return api.Counted[AdminChannel]{}, err
	}
	total, err := countChannels(ctx, r, q)
	return content.Page(page, func(c *channel) AdminChannel { return c.admin(r.AsOf) }).Count(total), err
}

func (d *Domain) adminGetChannel(ctx context.Context, r *api.Read, in *getChannelIn) (AdminChannel, error) {
	c, err := readChannel(ctx, r, in.ChannelID)
	if err != nil {
		return AdminChannel{}, err
	}
	return c.admin(r.AsOf), nil
}
