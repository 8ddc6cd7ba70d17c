package epg

import (
	"encora/origin/api"
	"encora/shared/op"
	"encora/shared/wire"
)

const (
	tagLiveTV        = "LiveTV"
	tagAdminChannels = "Channels (Admin)"
)

// channelEntries are the operations on channels, and what edges ask of them.
func (d *Domain) channelEntries() []api.Entry {
	return []api.Entry{
		api.Get("listChannels", "/v2/channels", op.Viewer, d.listChannels).PerTerritory().
			Documented(tagLiveTV, "List Live TV Channels", "Returns published channels of the viewer's territory, in the order of their numbers within each sort_order. Offline ones are listed, too."),
		api.Get("getChannel", "/v2/channels/{channel_id}", op.Viewer, d.getChannel).PerTerritory().
			Documented(tagLiveTV, "Get Channel", ""),

		api.Get("adminListChannels", "/v2/admin/channels", readContent, d.adminListChannels).
			Documented(tagAdminChannels, "List Channels (Admin)", "Returns all channels, published or not. Geo-unfiltered."),
		api.Post("adminCreateChannel", "/v2/admin/channels", writeContent, d.createChannel).
			Documented(tagAdminChannels, "Create Channel (Admin)", "Creates a channel that viewers don't see until it is published."),
		api.Get("adminGetChannel", "/v2/admin/channels/{channel_id}", readContent, d.adminGetChannel).
			Documented(tagAdminChannels, "Get Channel (Admin)", ""),
		api.Put("adminUpdateChannel", "/v2/admin/channels/{channel_id}", writeContent, d.updateChannel).
			Documented(tagAdminChannels, "Update Channel (Admin)", ""),
		api.Delete("adminDeleteChannel", "/v2/admin/channels/{channel_id}", writeContent, d.deleteChannel).
			Documented(tagAdminChannels, "Delete Channel (Admin)", "Permanently deletes a channel with its programmes. Only permitted while it is not published."),
		api.Act("adminPublishChannel", "/v2/admin/channels/{channel_id}/publish", publishContent, d.publishChannel).
			Documented(tagAdminChannels, "Publish Channel", "Shows the channel and its schedule to viewers. Publishing what is published changes nothing."),
		api.Act("adminUnpublishChannel", "/v2/admin/channels/{channel_id}/unpublish", publishContent, d.unpublishChannel).
			Documented(tagAdminChannels, "Unpublish Channel", "Takes the channel and its schedule from viewers at once. Unpublishing what is not published changes nothing."),

		api.Internal("lineup", wire.LineupPath, d.lineup),
	}
}
