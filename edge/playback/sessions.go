package playback

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/singleflight"

	"encora/edge/fill"
	"encora/shared/wire"
)

// findTries is how often a session is asked for that may have ended while it was.
const findTries = 3

// finding bounds the sessions that are asked for at once.
const finding = 64

// Sessions is the table with the origin behind it. Log and the fields of Config are required.
type Sessions struct {
	*Table
	*Syncer
	URLs   URLs
	Pulse  Pulse
	Config Config

	flights singleflight.Group
	places  chan struct{}
}

// Config says how the origin is asked.
type Config struct {
	Origin   *fill.Origin
	Timeout  time.Duration    // for one question
	Patience time.Duration    // how long a beat waits for a session
	Now      func() int64     // Unix milliseconds, corrected
	Base     func() time.Time // uncorrected, for Pulse.Run
	Log      *slog.Logger
}

// New makes the sessions of an edge; Run must run, and Pulse.Run where the process may be stopped for a while.
func New(t *Table, c Config) *Sessions {
	s := &Sessions{Table: t, Config: c, places: make(chan struct{}, finding)}
	s.Syncer = &Syncer{Table: t, Now: c.Now, Log: c.Log, Exchange: func(_ context.Context, in *wire.Sync) (*wire.Synced, error) {
		var out wire.Synced
		err := c.Origin.Tell(wire.SyncPath, in, &out, uuid.NewString(), c.Timeout)
		return &out, err
	}}
	s.Pulse.Now = c.Base
	s.Prepare()
	return s
}

// Seek asks the origin for a session that is not held or seems over, once for all who ask, and takes it in: how it stands is
// then in the table, if it has a place there. What Seek returns is Absent or Over if the origin said so. The error says that
// the origin can't be asked.
func (s *Sessions) Seek(ctx context.Context, id, account uuid.UUID) (Taken, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Config.Patience)
	defer cancel()
	flight := s.flights.DoChan(string(id[:])+string(account[:]), func() (any, error) { return s.find(id, account) })
	select {
	case r := <-flight:
		said, _ := r.Val.(Taken)
		return said, r.Err
	case <-ctx.Done():
		return Taken{}, fill.ErrLate
	}
}

func (s *Sessions) find(id, account uuid.UUID) (Taken, error) {
	select {
	case s.places <- struct{}{}:
	case <-time.After(s.Config.Patience):
		return Taken{}, fill.ErrBusy
	}
	defer func() { <-s.places }()
	switch known := s.Look(id, account, s.Config.Now()); known.Standing { // by who asked a moment ago
	case Playing:
		return Taken{}, nil
	case Absent, Over:
		return known, nil
	}
	for range findTries {
		found, said, err := s.ask(id, account)
		if err != nil || found == nil || s.Enter(found, found.RefreshAt) {
			return said, err
		}
	}
	return Taken{}, fill.ErrBusy
}

// ask asks for a session; nil, and what was noted, when that is not where it plays.
func (s *Sessions) ask(id, account uuid.UUID) (*wire.Session, Taken, error) {
	var found wire.Session
	err := s.Config.Origin.Tell(wire.FindPath, &wire.Find{AccountID: account.String(), SessionID: id.String()}, &found, uuid.NewString(), s.Config.Timeout)
	var refusal *fill.Refusal
	if !errors.As(err, &refusal) {
		return &found, Taken{}, err
	}
	switch refusal.Status {
	case http.StatusNotFound:
		s.End(id, account, "", s.Config.Now())
		return nil, Taken{Standing: Absent}, nil
	case http.StatusGone:
		reason := why(refusal.Body)
		s.End(id, account, reason, s.Config.Now())
		return nil, Taken{Standing: Over, Reason: reason}, nil
	}
	return nil, Taken{}, err
}

// why is the reason that a refusal gives.
func why(body []byte) string {
	var f struct {
		Details []struct {
			Reason string `json:"reason"`
		} `json:"details"`
	}
	if json.Unmarshal(body, &f) != nil || len(f.Details) == 0 || reasonOf(f.Details[0].Reason) == absent {
		return wire.ReasonEnded
	}
	return f.Details[0].Reason
}

// Began takes in what the origin started, and forgets what that ended. It reports false when the session may have ended since.
func (s *Sessions) Began(started *wire.Started, refreshAt int64) bool {
	now := s.Config.Now()
	for _, e := range started.Ended {
		if id, err := uuid.Parse(e.SessionID); err == nil {
			s.End(id, uuid.UUID{}, e.Reason, now)
		}
	}
	return s.Enter(&started.Session, refreshAt)
}
