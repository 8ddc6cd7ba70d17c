package device

import (
	"encoding/json"
	"fmt"
)

// The operations of playing, by their ids in the contract.
const (
	OpPlay = "getMovieStream"
	OpBeat = "heartbeat"
	OpEnd  = "endSession"
)

// Player is a viewer at a registered device.
type Player struct {
	Token  string
	Device string // its id
}

// Play asks for the stream of a movie.
func (p Player) Play(movie string) Request {
	return Request{Op: OpPlay, Path: "/v2/movies/" + movie + "/stream", Token: p.Token, Device: p.Device}
}

// Beat says where the player is, in seconds.
func (p Player) Beat(session string, position int) Request {
	body := fmt.Sprintf(`{"session_id":%q,"position_seconds":%d,"is_paused":false}`, session, position)
	return Request{Op: OpBeat, Path: "/v2/playback/heartbeat", Token: p.Token, Body: body}
}

// End gives the session's slot back.
func (p Player) End(session string) Request {
	return Request{Op: OpEnd, Method: "DELETE", Path: "/v2/playback/sessions/" + session, Token: p.Token}
}

// Started reads the session's id out of an answer to Play, which must have a URL, too.
func Started(a Answer, req Request) (string, error) {
	if a.Status != 200 {
		return "", fmt.Errorf("%w: %.200s", a.Fault(req), a.Body)
	}
	var stream struct {
		SessionID string `json:"session_id"`
		HLSURL    string `json:"hls_url"`
		DASHURL   string `json:"dash_url"`
	}
	if err := json.Unmarshal(a.Body, &stream); err != nil {
		return "", fmt.Errorf("%s: %w", req.Path, err)
	}
	if stream.SessionID == "" || stream.HLSURL == "" && stream.DASHURL == "" {
		return "", fmt.Errorf("%s: no session or no URL in %.200s", req.Path, a.Body)
	}
	return stream.SessionID, nil
}
