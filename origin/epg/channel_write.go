package epg

import (
	"context"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/origin/content"
	"encora/shared/fault"
)

type createChannelIn struct {
	Body ChannelWrite
}

type updateChannelIn struct {
	channelID
	Body ChannelWrite
}

// channels is what edits need to know of channels. They have no window, and no gate.
func (d *Domain) channels() *content.Kind[channel, AdminChannel] {
	return &content.Kind[channel, AdminChannel]{
		Type: content.Channel, Read: readChannel, Admin: (*channel).admin, Insert: insertChannel, Update: updateChannel, Delete: deleteChannel,
		Upkeep: &d.Upkeep,
		Handle: func(c *channel) content.Handle {
			return content.Handle{ID: c.ID, Title: c.Name, Publication: &c.Publication, UpdatedAt: &c.UpdatedAt}
		},
		Join: func(c, stored *channel) { c.GeoRestrictions = stored.GeoRestrictions },
		Also: func(w *api.Write, before, after *channel) {
			if before.State != content.Live && after.State == content.Live { // what was written to the schedule meanwhile was told to nobody
				w.Emit(tagSchedule(after.ID))
			}
		},
	}
}

func (d *Domain) createChannel(ctx context.Context, w *api.Write, in *createChannelIn) (AdminChannel, error) {
	c := newChannel(w.Now)
	c.copyFrom(&in.Body)
	return d.channels().Create(ctx, w, c, content.Edit{Rule: in.Body.GeoRestrictions}, &c.Slug, c.slugs())
}

func (d *Domain) updateChannel(ctx context.Context, w *api.Write, in *updateChannelIn) (AdminChannel, error) {
	return d.channels().Change(ctx, w, in.ChannelID, func(c *channel) (content.Edit, error) {
		c.copyFrom(&in.Body)
		return content.Edit{Rule: in.Body.GeoRestrictions}, nil
	})
}

// publishChannel shows the channel to viewers. What is published already stays as it is.
func (d *Domain) publishChannel(ctx context.Context, w *api.Write, in *channelID) (AdminChannel, error) {
	return d.turn(ctx, w, in.ChannelID, content.Live)
}

// unpublishChannel takes the channel from viewers. What is not published stays as it is.
func (d *Domain) unpublishChannel(ctx context.Context, w *api.Write, in *channelID) (AdminChannel, error) {
	return d.turn(ctx, w, in.ChannelID, content.Unpublished)
}

func (d *Domain) turn(ctx context.Context, w *api.Write, id uuid.UUID, state string) (AdminChannel, error) {
	return d.channels().Change(ctx, w, id, func(c *channel) (content.Edit, error) {
		c.State = state
		return content.Edit{}, nil
	})
}

// deleteChannel removes a channel with its programmes.
func (d *Domain) deleteChannel(ctx context.Context, w *api.Write, in *channelID) (api.None, error) {
	return d.channels().Remove(ctx, w, in.ChannelID, func(_ *channel, status string) error {
		if status == content.Live {
			return fault.New(fault.Conflict, "A published channel can't be deleted; unpublish it first.")
		}
		return nil
	})
}
