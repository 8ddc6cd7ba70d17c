package playback

import (
	"time"

	"github.com/google/uuid"

	"encora/origin/api"
	"encora/shared/op"
	"encora/shared/wire"
)

// Entries are the operations of playback. Edges answer streams and beats themselves, with what they ask of the origin.
func (d *Domain) Entries() []api.Entry {
	return []api.Entry{
		api.AtEdge[movieIn, Stream]("getMovieStream", "GET", "/v2/movies/{movie_id}/stream", op.Stream, 200).Playing(wire.ContentMovie, op.NoShift).
			Documented("Movies", "Get Movie Stream URLs", "Returns short-lived signed DASH/HLS manifest URLs. Requires an active subscription that covers this title. "+
				"Device ID header is required and validated against registered devices. Concurrency is enforced against the plan's max_concurrent_streams limit."),
		api.AtEdge[episodeIn, Stream]("getEpisodeStream", "GET", "/v2/episodes/{episode_id}/stream", op.Stream, 200).Playing(wire.ContentEpisode, op.NoShift).
			Documented("Episodes", "Get Episode Stream URLs", "Same concurrency, geo, and subscription enforcement as movie streaming."),
		api.AtEdge[channelIn, Stream]("getChannelStream", "GET", "/v2/channels/{channel_id}/stream", op.Stream, 200).Playing(wire.ContentChannel, op.NoShift).
			Documented("LiveTV", "Get Live Channel Stream URLs", "Returns short-lived signed DASH/HLS manifest URLs for a live channel. Validates subscription, geo, device registration, and concurrency."),
		api.AtEdge[catchupIn, Stream]("getChannelCatchup", "GET", "/v2/channels/{channel_id}/catchup", op.Stream, 200).Playing(wire.ContentChannel, op.CatchUp).
			Documented("LiveTV", "Get Catch-Up Stream for a Past Programme", "Returns stream URLs for a previously aired programme (time-shifted replay)."),
		api.AtEdge[channelIn, Stream]("getChannelStartOver", "GET", "/v2/channels/{channel_id}/start-over", op.Stream, 200).Playing(wire.ContentChannel, op.StartOver).
			Documented("LiveTV", "Start Over Current Programme", "Restarts the currently-airing programme from the beginning (start-over)."),

		api.AtEdge[beatIn, Beaten]("heartbeat", "POST", "/v2/playback/heartbeat", op.Beat, 200).Sized(4<<10, "").
			Documented("Playback", "Stream Heartbeat", "Must be called every 30 seconds to maintain an active stream session. Reports current playback position, "+
				"updates concurrency slot keepalive, and renews the manifest URLs when they approach expiry."),
		api.Get("listSessions", "/v2/playback/sessions", op.Viewer, d.listSessions).Passed().
			Documented("Playback", "List Active Stream Sessions", "Returns all currently active stream sessions for the account."),
		api.Delete("endSession", "/v2/playback/sessions/{session_id}", op.Viewer, d.endSession).Passed().EndsStreams().
			Documented("Playback", "End Stream Session", "Gracefully terminates a stream session and releases the concurrency slot."),

		api.Internal("playable", wire.PlayablePath, d.playable),
		api.Direct("startSession", wire.StartPath, d.start),
		api.Direct("findSession", wire.FindPath, d.find),
		api.Direct("syncSessions", wire.SyncPath, d.sync),
	}
}

// asDevice is the part of an input that says who plays.
type asDevice struct {
	DeviceID  string     `header:"X-Device-Id" required:"true" maxLength:"128" doc:"Registered device identifier."`
	ProfileID *uuid.UUID `header:"X-Profile-Id" doc:"Active sub-profile ID for multi-profile accounts."`
	Replace   string     `header:"X-Replace-Session" maxLength:"128" doc:"Session to end in the same call; an id that is no active session of the account is ignored."`
}

type movieIn struct {
	MovieID uuid.UUID `path:"movie_id"`
	asDevice
}

type episodeIn struct {
	EpisodeID uuid.UUID `path:"episode_id"`
	asDevice
}

type channelIn struct {
	ChannelID uuid.UUID `path:"channel_id"`
	asDevice
}

type catchupIn struct {
	channelIn
	ProgramID uuid.UUID `query:"program_id" required:"true"`
}

// Stream is the answer to a start.
type Stream struct {
	SessionID          uuid.UUID `json:"session_id"`
	DASHURL            *string   `json:"dash_url" format:"uri" nullable:"true" doc:"null when the title has no such manifest."`
	HLSURL             *string   `json:"hls_url" format:"uri" nullable:"true" doc:"null when the title has no such manifest."`
	ExpiresAt          time.Time `json:"expires_at" doc:"When the URLs end."`
	TokenRefreshBefore time.Time `json:"token_refresh_before" doc:"Heartbeats from then on bring new URLs."`
}

type beatIn struct {
	Body BeatBody
}

// BeatBody is the body of a heartbeat.
type BeatBody struct {
	SessionID       uuid.UUID `json:"session_id" doc:"Stream session UUID from the stream response."`
	PositionSeconds int       `json:"position_seconds" minimum:"0" maximum:"31536000" doc:"Current playback position in seconds."`
	IsPaused        bool      `json:"is_paused,omitempty" default:"false"`
}

// Beaten is the answer to a heartbeat.
type Beaten struct {
	RefreshedURLs    *RefreshedURLs `json:"refreshed_urls" doc:"New URLs, once the old ones approach their end; null before."`
	SessionExpiresAt time.Time      `json:"session_expires_at"`
}

// RefreshedURLs take the place of a stream's URLs.
type RefreshedURLs struct {
	DASHURL            *string   `json:"dash_url" format:"uri" nullable:"true" doc:"null when the title has no such manifest."`
	HLSURL             *string   `json:"hls_url" format:"uri" nullable:"true" doc:"null when the title has no such manifest."`
	ExpiresAt          time.Time `json:"expires_at"`
	TokenRefreshBefore time.Time `json:"token_refresh_before"`
}
