package wire

// The guide goes to edges in parts that don't vary by viewer, from which they compose what is asked for.
const (
	LineupPath = "/internal/lineup"                 // GET: a Lineup, which carries TagLineup
	DayPath    = "/internal/epg/{channel_id}/{day}" // GET, day as 2006-01-02 in UTC: a Day, which carries TagSchedule
)

// TagLineup is the tag of the Lineup: it changes with what channels are published, their rules, their catch-up days
// and the filters that leave them out.
const TagLineup = "lineup"

// TagChannel is the tag of a channel's own answers. A hard change means that the channel was taken from viewers.
func TagChannel(id string) string { return "channel:" + id }

// TagSchedule is the tag of everything that shows programmes of a channel.
func TagSchedule(id string) string { return "epg:" + id }

// Lineup is every published channel, in the order of ids.
type Lineup struct {
	Channels []LineupChannel `json:"channels"`
}

// LineupChannel is what the guide needs to know of a channel.
type LineupChannel struct {
	ID          string   `json:"id"`
	CatchupDays int      `json:"catchup_days"` // 0: there is no catch-up
	Rules       []string `json:"rules"`        // ids of the geo rules attached, and of plans (PlanFilter) whose filter leaves it out
}

// Day is every programme of a channel that is on air at some time of a day in UTC, in the order of start and id. It is
// there for channels that are not published, or not at all, too: a Lineup says what may be shown.
type Day struct {
	Programs []DayProgram `json:"programs"`
}

// DayProgram is a programme, with its representation for viewers but for the values that follow from the clock:
// is_live, is_catchup_available and catchup_expires_at go between Before, which ends with a comma, and After, which
// begins with one.
type DayProgram struct {
	ID             string `json:"id"`
	Start          int64  `json:"start"` // Unix seconds
	End            int64  `json:"end"`
	CatchupBlocked bool   `json:"catchup_blocked"`
	Before         string `json:"before"`
	After          string `json:"after"`
}

// GuidePosition is what a cursor of the schedule holds: the last programme shown. Edges and origin read one another's.
type GuidePosition struct {
	Channel string `json:"c"`
	Start   int64  `json:"s"` // Unix seconds
	ID      string `json:"i"`
}
