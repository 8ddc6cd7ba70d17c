package epg

import (
	"context"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/shared/fault"
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
	f := &channelFilters{}
	f.text(in.Q)
	f.category(in.Category)
	f.language(in.Language)
	f.status(in.Status)
	f.visible(r.Deny)
	rows, err := selectChannels(ctx, r, f, in.Paging)
	if err != nil {
		return api.Paged[Channel]{}, err
	}
	r.Tag(tagChannels)
	page := api.PageOf(r, in.Paging, rows, channel.position)
	out := api.Paged[Channel]{Data: make([]Channel, len(page.Data)), Meta: page.Meta}
	for i := range page.Data {
		out.Data[i] = page.Data[i].Channel
		tagRuleOf(r, &out.Data[i])
	}
	return out, nil
}

// tagRuleOf ties the answer to the rule that it shows.
func tagRuleOf(r *api.Read, c *Channel) {
	if c.GeoRestrictions != nil {
		r.Tag(tagRule(c.GeoRestrictions.RuleID))
	}
}

type getChannelIn struct {
	channelID
	api.Sparse
}

// getChannel shows a channel that is published and that no rule denies to the viewer's country.
func (d *Domain) getChannel(ctx context.Context, r *api.Read, in *getChannelIn) (Channel, error) {
	r.Tag(tagChannel(in.ChannelID)) // the absence, too
	c, err := readChannel(ctx, r, in.ChannelID)
	if err != nil {
		return Channel{}, err
	}
	if c == nil || !c.IsPublished {
		return Channel{}, fault.Missing()
	}
	denied, err := channelDenied(ctx, r, c.ID)
	if err != nil {
		return Channel{}, err
	}
	if denied {
		return Channel{}, fault.Missing()
	}
	tagRuleOf(r, &c.Channel)
	return c.Channel, nil
}

func channelDenied(ctx context.Context, r *api.Read, id uuid.UUID) (bool, error) {
	if len(r.Deny) == 0 {
		return false, nil
	}
	const q = `SELECT EXISTS (SELECT 1 FROM geo_attachments WHERE content_id = $1 AND rule_id = ANY($2))`
	var denied bool
	err := r.QueryRow(ctx, q, id, r.Deny).Scan(&denied)
	return denied, err
}

type adminListChannelsIn struct {
	api.Paging
	api.Sparse
	Q      string `query:"q" maxLength:"200" doc:"Full-text search query (max 200 characters)."`
	Status string `query:"status" enum:"live,offline,scheduled_maintenance"`
}

func (d *Domain) adminListChannels(ctx context.Context, r *api.Read, in *adminListChannelsIn) (api.Counted[AdminChannel], error) {
	f := &channelFilters{}
	f.text(in.Q)
	f.status(in.Status)
	rows, err := selectChannels(ctx, r, f, in.Paging)
	if err != nil {
		return api.Counted[AdminChannel]{}, err
	}
	total, err := countChannels(ctx, r, f)
	page := api.PageOf(r, in.Paging, rows, channel.position)
	out := api.Paged[AdminChannel]{Data: make([]AdminChannel, len(page.Data)), Meta: page.Meta}
	for i := range page.Data {
		out.Data[i] = page.Data[i].AdminChannel
	}
	return out.Count(total), err
}

func (d *Domain) adminGetChannel(ctx context.Context, r *api.Read, in *getChannelIn) (AdminChannel, error) {
	c, err := readChannel(ctx, r, in.ChannelID)
	if err != nil {
		return AdminChannel{}, err
	}
	if c == nil {
		return AdminChannel{}, fault.Missing()
	}
	return c.AdminChannel, nil
}
