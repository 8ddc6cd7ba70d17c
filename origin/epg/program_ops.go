package epg

import (
	"encora/origin/api"
	"encora/shared/op"
	"encora/shared/wire"
)

const adminSchedule = "/v2/admin/channels/{channel_id}/epg"

// programEntries are the operations on programmes, and what edges compose the guide from.
func (d *Domain) programEntries() []api.Entry {
	return []api.Entry{
		api.Get("getEpgSchedule", "/v2/epg", op.Viewer, d.getSchedule).PerTerritory().Composed().
			Documented("EPG", "Get EPG Schedule", "Returns programme schedule for one or more channels within a time range. Maximum time window: 7 days. "+
				"Programmes follow one another channel by channel in the order asked, then by start; channels that the viewer can't see are left out."),
		api.Get("getEpgNow", "/v2/epg/now", op.Viewer, d.getNow).PerTerritory().Composed().
			Documented("EPG", "What's On Now", "Returns the currently-airing programme for each requested channel, null where there is none. "+
				"Of several that overlap it is the one that began last."),
		api.Get("getProgram", "/v2/epg/programs/{program_id}", op.Viewer, d.getProgram).PerTerritory().
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
	}
}
