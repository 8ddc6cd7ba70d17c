package wire

import "time"

// Playback: an edge judges title, territory and window by a Playable that it caches like any answer, then tells the origin
// to start the session, which judges device, subscription, plan and slots under the account's lock. Beats go to the origin
// in a Sync, at least twice a second, also when there are none: that is how the origin knows that it misses no beats, and the
// edge which sessions ended elsewhere.
const (
	PlayablePath = "/internal/playable/{content_type}/{content_id}" // GET: a Playable, as of the fill's instant
	StartPath    = "/internal/playback/start"                       // POST a Start: a Started, or the fault for the viewer
	FindPath     = "/internal/playback/find"                        // POST a Find: a Session, or 404, or 410 with the reason
	SyncPath     = "/internal/playback/sync"                        // POST a Sync: a Synced
)

// Content types of what can be played.
const (
	ContentMovie   = "movie"
	ContentShow    = "show"
	ContentEpisode = "episode"
	ContentChannel = "channel"
	ContentProgram = "program" // a recorded programme of a channel: catch-up and start-over
	// ContentOnAir asks for the Playable of the programme that is on a channel, by the channel's id.
	ContentOnAir = "onair"
)

// Lifetimes of sessions. The origin frees a slot later than edges give a session up, so that no beat which an edge still
// took is missed.
const (
	BeatEvery   = 30 * time.Second // how often players are to beat
	SessionFor  = 75 * time.Second // after the last beat a session is over
	SlotGrace   = 5 * time.Second  // more, until its slot is free
	EndShards   = 16               // ends are counted in so many independent rows, by the account
	MaxPosition = 365 * 24 * 3600  // seconds: no title is longer than a year
)

// EndShard is the shard of an account's ends. The last byte of a UUIDv7 is random.
func EndShard(account [16]byte) int { return int(account[15] % EndShards) }

// Playable is what decides who may play a title, and where it lies. Programmes have no media of their own: those of their
// channel play them, from Begin to End.
type Playable struct {
	Title      string     `json:"title"`
	Rules      []string   `json:"rules"`           // ids of the geo rules attached, those of a parent included
	From       *time.Time `json:"from,omitempty"`  // before this it is upcoming; nil: never
	Until      *time.Time `json:"until,omitempty"` // from this on it is over; nil: never
	IsPremium  bool       `json:"is_premium,omitempty"`
	DASHPath   string     `json:"dash_path,omitempty"` // below the CDN's base URL
	HLSPath    string     `json:"hls_path,omitempty"`
	Seconds    int        `json:"seconds,omitempty"`      // the title's length; 0: not known, or without an end
	CatchupFor int        `json:"catchup_days,omitempty"` // of a channel; 0: it has no catch-up

	ProgramID      string    `json:"program_id,omitempty"` // of a programme, as what follows
	ChannelID      string    `json:"channel_id,omitempty"`
	Begin          time.Time `json:"begin,omitzero"`
	End            time.Time `json:"end,omitzero"`
	CatchupBlocked bool      `json:"catchup_blocked,omitempty"`
}

// Media is what the URLs of a session lead to. It is kept with the session, so that one that plays a title which was
// unpublished since can be renewed.
type Media struct {
	DASHPath string    `json:"dash_path,omitempty"`
	HLSPath  string    `json:"hls_path,omitempty"`
	Begin    time.Time `json:"begin,omitzero"` // of a recording; zero: of no part
	End      time.Time `json:"end,omitzero"`
}

// Start asks for a session.
type Start struct {
	Edge           string `json:"edge"` // as in Sync
	AccountID      string `json:"account_id"`
	DeviceID       string `json:"device_id"`                 // as the viewer sent it
	ProfileID      string `json:"profile_id,omitempty"`      // as the viewer sent it, a UUID; or the token's only one
	ProfileVouched bool   `json:"profile_vouched,omitempty"` // the token names it; else the account must have it
	ContentType    string `json:"content_type"`
	ContentID      string `json:"content_id"`
	ChannelID      string `json:"channel_id,omitempty"` // of a programme: plans include it as they do its channel
	Title          string `json:"title"`
	IsPremium      bool   `json:"is_premium,omitempty"`
	Seconds        int    `json:"seconds,omitempty"`
	Replace        string `json:"replace,omitempty"` // X-Replace-Session, whatever it holds
	Media          Media  `json:"media"`
	RefreshAt      int64  `json:"refresh_at"` // as in Session
}

// Find asks for a session that the edge does not hold.
type Find struct {
	AccountID string `json:"account_id"`
	SessionID string `json:"session_id"`
}

// Session is a session as edges hold it.
type Session struct {
	SessionID   string     `json:"session_id"`
	AccountID   string     `json:"account_id"`
	LastBeatAt  time.Time  `json:"last_beat_at"` // by the edges' corrected clocks
	ExpiresAt   time.Time  `json:"expires_at"`
	PausedSince *time.Time `json:"paused_since,omitempty"`
	Position    int        `json:"position"` // seconds
	Seconds     int        `json:"seconds,omitempty"`
	Media       Media      `json:"media"`
	RefreshAt   int64      `json:"refresh_at"` // Unix milliseconds: from then on beats bring new URLs
	// Ends is how many ends the account's shard had seen when this was read: an edge that has applied more must ask again.
	Ends uint64 `json:"ends"`
}

// Started answers a Start.
type Started struct {
	Session
	Ended []End `json:"ended,omitempty"` // what the start ended
}

// End says that a session is over.
type End struct {
	SessionID string `json:"session_id"`
	Reason    string `json:"reason"`
}

// Why sessions end (conventions.md, "Requests and answers").
const (
	ReasonEnded         = "ended"
	ReasonReplaced      = "replaced"
	ReasonExpired       = "expired"
	ReasonDeviceRemoved = "device_removed"
	ReasonAccountClosed = "account_closed"
)

// Sync is an edge's half of the exchange.
type Sync struct {
	Edge string `json:"edge"` // a UUID that the edge drew when it started
	// Leaving says that this is the edge's last exchange: it keeps no beats back.
	Leaving bool   `json:"leaving,omitempty"`
	Beats   []Beat `json:"beats,omitempty"`
	// Recent asks, of an edge that knows of no ends yet, for the newest ones, too.
	Recent bool `json:"recent,omitempty"`
	// Ends is how many ends of each shard the edge has applied; empty at its start.
	Ends []uint64 `json:"ends,omitempty"`
}

// Beat is the latest of a session's beats. Times are Unix milliseconds by the edge's corrected clock: those of one session
// are ordered by At, whichever edge took them.
type Beat struct {
	AccountID   string `json:"a"`
	SessionID   string `json:"s"`
	At          int64  `json:"t"`
	ExpiresAt   int64  `json:"e"`
	PausedSince int64  `json:"h,omitempty"` // 0: playing
	RefreshAt   int64  `json:"r"`           // as in Session
	Position    int    `json:"p"`           // seconds
}

// Synced is the origin's half.
type Synced struct {
	Gone  []End    `json:"gone,omitempty"`  // sessions of Beats that are no more; the reason is empty for one that never was
	Ended []End    `json:"ended,omitempty"` // what ended after Sync.Ends
	Ends  []uint64 `json:"ends"`            // takes the place of Sync.Ends once Ended is applied
	More  bool     `json:"more,omitempty"`  // there are: ask again at once
}
