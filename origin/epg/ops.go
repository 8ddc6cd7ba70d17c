package epg

import (
	"encora/origin/api"
	"encora/shared/op"
	"encora/shared/wire"
)

// Scopes of the contract that this domain's operations ask for.
const (
	readContent    = "content:read"
	writeContent   = "content:write"
	publishContent = "content:publish"
	readGuide      = "epg:read"
	writeGuide     = "epg:write"
)

const (
	tagLiveTV        = "LiveTV"
	tagAdminChannels = "Channels (Admin)"
	adminSchedule    = "/v2/admin/channels/{channel_id}/epg"
)

// Entries are the guide's operations, and what edges ask for to compose it.
func (d *Domain) Entries() []api.Entry {
	return []api.Entry{
		api.Get("listChannels", "/v2/channels", op.Viewer, d.listChannels).PerAudience().
			Documented(tagLiveTV, "List Live TV Channels", "Returns published channels of the viewer's territory, in the order of their numbers within each sort_order. Offline ones are listed, too."),
		api.Get("getChannel", "/v2/channels/{channel_id}", op.Viewer, d.getChannel).PerAudience().
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

		api.Get("getEpgSchedule", "/v2/epg", op.Viewer, d.getSchedule).PerAudience().Composed().
			Documented("EPG", "Get EPG Schedule", "Returns programme schedule for one or more channels within a time range. Maximum time window: 7 days. "+
				"Programmes follow one another channel by channel in the order asked, then by start; channels that the viewer can't see are left out."),
		api.Get("getEpgNow", "/v2/epg/now", op.Viewer, d.getNow).PerAudience().Composed().
			Documented("EPG", "What's On Now", "Returns the currently-airing programme for each requested channel, null where there is none. "+
				"Of several that overlap it is the one that began last."),
		api.Get("getProgram", "/v2/epg/programs/{program_id}", op.Viewer, d.getProgram).PerAudience().
			Documented("EPG", "Get EPG Program Details", ""),

		api.Get("adminGetChannelSchedule", adminSchedule, readGuide, d.adminSchedule).
			Documented("EPG (Admin)", "Get Channel EPG Schedule (Admin)", "Returns the full schedule for a channel (past and future). No time window restriction."),
		api.Post("adminCreateProgram", adminSchedule, writeGuide, d.createProgram).
			Documented("EPG (Admin)", "Create EPG Programme (Admin)", "Programmes may overlap; the one that began last is on air."),
		api.Put("adminUpdateProgram", "/v2/admin/epg/programs/{program_id}", writeGuide, d.updateProgram).
			Documented("EPG (Admin)", "Update EPG Programme (Admin)", "A programme stays on its channel."),
		api.Delete("adminDeleteProgram", "/v2/admin/epg/programs/{program_id}", writeGuide, d.deleteProgram).
			Documented("EPG (Admin)", "Delete EPG Programme (Admin)", ""),

		api.Internal("day", wire.DayPath, d.day),

		api.Post("adminImportEpg", "/v2/admin/epg/imports", writeGuide, d.createImport).Accepted().Sized(32<<20, " Give a large feed as source_url.").
			Documented("EPG (Admin)", "Bulk Import EPG Schedule (Admin)", "Submits an XMLTV or JSON programme schedule for one or more channels. Returns a job ID for status polling. Large feeds should use source_url."),
		api.Get("adminGetEpgImport", "/v2/admin/epg/imports/{job_id}", readGuide, d.getImport).
			Documented("EPG (Admin)", "Get EPG Import (Admin)", "How far an import is, what it changed, and what it left out."),
	}
}
