package playback

import (
	"time"

	"github.com/google/uuid"

	"encora/shared/wire"
)

// StreamSession is a session as its account's viewers see it.
type StreamSession struct {
	SessionID        uuid.UUID  `json:"session_id"`
	ContentType      string     `json:"content_type" enum:"movie,episode,channel,program"`
	ContentID        uuid.UUID  `json:"content_id"`
	Title            string     `json:"title"`
	DeviceID         uuid.UUID  `json:"device_id"`
	DeviceName       string     `json:"device_name"`
	ProfileID        *uuid.UUID `json:"profile_id" nullable:"true"`
	StartedAt        time.Time  `json:"started_at"`
	LastHeartbeatAt  time.Time  `json:"last_heartbeat_at"`
	PositionSeconds  int        `json:"position_seconds"`
	IsPaused         bool       `json:"is_paused"`
	SessionExpiresAt time.Time  `json:"session_expires_at" doc:"When the session ends unless the player beats before."`
}

// session is a session as the database holds it.
type session struct {
	AccountID       uuid.UUID
	ID              uuid.UUID
	Edge            uuid.UUID // that started it, or delivered its last beat
	DeviceID        uuid.UUID
	ProfileID       uuid.UUID // all zero: none
	ContentType     string
	ContentID       uuid.UUID
	Title           string
	Seconds         int
	DASHPath        string `db:"dash_path"`
	HLSPath         string `db:"hls_path"`
	BeginAt         *time.Time
	EndAt           *time.Time
	StartedAt       time.Time
	LastBeatAt      time.Time
	ExpiresAt       time.Time
	PausedSince     *time.Time
	RefreshAt       time.Time // when the player's URLs are to be renewed
	PositionSeconds int
	DeviceName      string // of the device, as it is called now
	Heard           bool   // beats of the last 80 s, had there been any, would have come in
}

// viewed is the viewers' representation.
func (s *session) viewed() *StreamSession {
	v := &StreamSession{SessionID: s.ID, ContentType: s.ContentType, ContentID: s.ContentID, Title: s.Title, DeviceID: s.DeviceID,
		DeviceName: s.DeviceName, StartedAt: s.StartedAt, LastHeartbeatAt: s.LastBeatAt, PositionSeconds: s.PositionSeconds,
		IsPaused: s.PausedSince != nil, SessionExpiresAt: s.ExpiresAt}
	if s.ProfileID != uuid.Nil {
		v.ProfileID = &s.ProfileID
	}
	return v
}

// wire is what edges hold of it; ends is what the account's shard had seen when it was read.
func (s *session) wire(ends uint64) wire.Session {
	return wire.Session{SessionID: s.ID.String(), AccountID: s.AccountID.String(), LastBeatAt: s.LastBeatAt, ExpiresAt: s.ExpiresAt,
		PausedSince: s.PausedSince, Position: s.PositionSeconds, Seconds: s.Seconds, Ends: ends, RefreshAt: s.RefreshAt.UnixMilli(),
		Media: wire.Media{DASHPath: s.DASHPath, HLSPath: s.HLSPath, Begin: instant(s.BeginAt), End: instant(s.EndAt)}}
}

func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// event is the payload of events about the session.
func (s *session) event() map[string]any {
	return map[string]any{"session_id": s.ID, "account_id": s.AccountID, "profile_id": s.viewed().ProfileID, "device_id": s.DeviceID,
		"content_type": s.ContentType, "content_id": s.ContentID, "title": s.Title, "started_at": s.StartedAt}
}

// plays reports whether the session's time is not over, by all that is known. Its slot is held for a little longer, for beats
// under way.
func (s *session) plays(now time.Time) bool { return !s.Heard || s.ExpiresAt.After(now) }

// lives reports whether the session holds its slot. While its beats may have been missed, it does.
func (s *session) lives(now time.Time) bool {
	return !s.Heard || s.ExpiresAt.Add(wire.SlotGrace).After(now)
}
